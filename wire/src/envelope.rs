//! The outer map of every frame: `enc`, `load`, `version`, `id` and the algorithms.
//!
//! A sealed load is borrowed from the frame, so that a large return is copied only when it is
//! opened. `enc` has an exact list of values; what is not on it never reaches a handler.

use std::fmt;

use halite_core::{Map, Value};

use crate::crypto::{EncAlgo, SigAlgo};
use crate::error::Refused;
use crate::limits::Limits;
use crate::msgpack::{self, Dialect, Item, Reader};
use halite_core::MinionId;

/// The protocol version both ends speak.
pub const VERSION: i64 = 3;
/// The default of option `minimum_auth_version`.
pub const MINIMUM_VERSION: i64 = 3;
/// The oldest version that can be allowed at all.
pub const OLDEST_VERSION: i64 = 2;

/// How a load is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Enc {
    /// Not at all: `_auth`, and local commands with their own credentials.
    Clear,
    /// A Crypticle.
    Aes,
    /// AES-256-GCM; only where sign-in agreed on it.
    Gcm,
}

impl Enc {
    /// From its name on the wire.
    pub fn parse(name: &str) -> Option<Enc> {
        match name {
            "clear" => Some(Enc::Clear),
            "aes" => Some(Enc::Aes),
            "gcm" => Some(Enc::Gcm),
            _ => None,
        }
    }

    /// Its name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Enc::Clear => "clear",
            Enc::Aes => "aes",
            Enc::Gcm => "gcm",
        }
    }
}

/// A request frame taken apart, nothing of it believed yet.
#[derive(Clone, Debug)]
pub struct Envelope<'a> {
    /// `version`; 0 when absent.
    pub version: i64,
    /// The load and how it is protected.
    pub load: Load<'a>,
    /// The id the sender claims; a sealed load must prove it.
    pub id: Option<MinionId>,
    /// `enc_algo`, for what the reply wraps.
    pub enc_algo: EncAlgo,
    /// `sig_algo`, for what the reply signs.
    pub sig_algo: SigAlgo,
}

/// The load of a frame.
#[derive(Clone)]
pub enum Load<'a> {
    /// In the open.
    Clear(Map),
    /// Sealed with [`Enc::Aes`].
    Aes(&'a [u8]),
    /// Sealed with [`Enc::Gcm`].
    Gcm(&'a [u8]),
}

impl fmt::Debug for Load<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Load::Clear(load) => write!(f, "clear load of {} fields", load.len()),
            Load::Aes(bytes) => write!(f, "aes load of {} bytes", bytes.len()),
            Load::Gcm(bytes) => write!(f, "gcm load of {} bytes", bytes.len()),
        }
    }
}

/// Where a frame came from; bounds what an unsealed load may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Any host.
    Remote,
    /// A program on this host, through a socket only allowed users can open.
    Local,
}

impl<'a> Envelope<'a> {
    /// Takes `frame` apart. `minimum` is option `minimum_auth_version`; it holds for every message,
    /// unsealed ones too.
    pub fn parse(frame: &'a [u8], minimum: i64, origin: Origin) -> Result<Envelope<'a>, Refused> {
        let fields = Fields::read(frame, origin)?;
        let version = fields.version.unwrap_or(0);
        let minimum = minimum.max(OLDEST_VERSION);
        let enc = fields.enc.as_ref().and_then(Value::as_str);
        let enc = enc.ok_or(Refused::Envelope("`enc` is missing or no text"))?;
        let body = fields.load.ok_or(Refused::Envelope("`load` is missing"))?;
        if version < minimum {
            return Err(Refused::Version { found: version, minimum });
        }
        let load = match (Enc::parse(enc), body) {
            (Some(Enc::Clear), Body::Clear(Value::Map(map))) => {
                if frame.len() > clear_limits(origin).bytes {
                    return Err(Refused::Envelope("an unsealed message is too long"));
                }
                Load::Clear(std::sync::Arc::unwrap_or_clone(map))
            }
            (Some(Enc::Aes), Body::Sealed(bytes)) => Load::Aes(bytes),
            (Some(Enc::Gcm), Body::Sealed(bytes)) => Load::Gcm(bytes),
            (Some(_), _) => return Err(Refused::Envelope("`load` does not fit `enc`")),
            (None, _) => return Err(Refused::Enc(enc.chars().take(16).collect())),
        };
        let id = match &fields.id {
            None => None,
            Some(id) => {
                Some(id.as_str().and_then(|id| MinionId::parse(id).ok()).ok_or(Refused::Id)?)
            }
        };
        // An unknown name is only noticed where the algorithm is used, as Salt does for `_auth`;
        // in a sealed request it falls back to the default.
        let name =
            |value: &Option<Value>| value.as_ref().and_then(Value::as_str).map(str::to_owned);
        let enc_algo = name(&fields.enc_algo).and_then(|name| EncAlgo::parse(&name));
        let sig_algo = name(&fields.sig_algo).and_then(|name| SigAlgo::parse(&name));
        Ok(Envelope {
            version,
            load,
            id,
            enc_algo: enc_algo.unwrap_or_default(),
            sig_algo: sig_algo.unwrap_or_default(),
        })
    }
}

fn clear_limits(origin: Origin) -> Limits {
    match origin {
        Origin::Remote => Limits::UNAUTHENTICATED,
        Origin::Local => Limits::ACCEPTED,
    }
}

enum Body<'a> {
    Clear(Value),
    Sealed(&'a [u8]),
}

#[derive(Default)]
struct Fields<'a> {
    enc: Option<Value>,
    load: Option<Body<'a>>,
    version: Option<i64>,
    id: Option<Value>,
    enc_algo: Option<Value>,
    sig_algo: Option<Value>,
}

impl<'a> Fields<'a> {
    fn read(frame: &'a [u8], origin: Origin) -> Result<Fields<'a>, Refused> {
        let limits = Limits { bytes: Limits::ACCEPTED.bytes, ..clear_limits(origin) };
        let mut reader =
            Reader::new(frame, Dialect::Network, &limits).map_err(Refused::Undecodable)?;
        let mut fields = Fields::default();
        let Item::Map(len) = reader.item().map_err(Refused::Undecodable)? else {
            return Err(Refused::Envelope("the frame is no map"));
        };
        for _ in 0..len {
            fields.pair(&mut reader).map_err(Refused::Undecodable)?;
        }
        reader.end().map_err(Refused::Undecodable)?;
        Ok(fields)
    }

    fn pair(&mut self, reader: &mut Reader<'a>) -> Result<(), msgpack::DecodeError> {
        let at = reader.position();
        let key = match reader.item()? {
            Item::Raw(key, _) => key,
            Item::Scalar(_) => &[],
            Item::List(_) | Item::Map(_) => return Err(msgpack::DecodeError::Key { at }),
        };
        let item = reader.item()?;
        match (key, item) {
            (b"load", Item::Raw(bytes, _)) => self.load = Some(Body::Sealed(bytes)),
            (b"load", item) => self.load = Some(Body::Clear(reader.finish(item, 1)?)),
            (key, item) => {
                let value = reader.finish(item, 1)?;
                match key {
                    b"enc" => self.enc = Some(value),
                    b"version" => {
                        self.version = match value {
                            Value::Int(version) => Some(version),
                            _ => Some(0),
                        }
                    }
                    b"id" => self.id = Some(value),
                    b"enc_algo" => self.enc_algo = Some(value),
                    b"sig_algo" => self.sig_algo = Some(value),
                    _ => {}
                }
            }
        }
        Ok(())
    }
}

/// The frame of an unsealed request.
pub(crate) fn clear(load: Map, version: i64) -> Vec<u8> {
    let frame = halite_core::map! {"enc" => "clear", "load" => load, "version" => version};
    msgpack::encode(&Value::from(frame), Dialect::Network)
}

/// The frame of an unsealed request of a local program: `salt`, `salt-run` and the like.
pub fn clear_request(load: Map) -> Vec<u8> {
    clear(load, VERSION)
}

/// The frame of a sealed request.
pub(crate) fn sealed(
    enc: Enc,
    load: &[u8],
    version: i64,
    id: &MinionId,
    algorithms: (EncAlgo, SigAlgo),
) -> Vec<u8> {
    let mut out = Vec::with_capacity(load.len() + id.as_str().len() + 128);
    msgpack::map_header(6, &mut out);
    let pair = |key: &str, value: &[u8], out: &mut Vec<u8>| {
        msgpack::raw(key.as_bytes(), out);
        msgpack::raw(value, out);
    };
    pair("enc", enc.as_str().as_bytes(), &mut out);
    pair("load", load, &mut out);
    msgpack::raw(b"version", &mut out);
    msgpack::encode_into(&Value::Int(version), Dialect::Network, &mut out);
    pair("id", id.as_str().as_bytes(), &mut out);
    pair("enc_algo", algorithms.0.as_str().as_bytes(), &mut out);
    pair("sig_algo", algorithms.1.as_str().as_bytes(), &mut out);
    out
}
