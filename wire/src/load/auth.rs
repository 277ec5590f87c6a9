//! Sign-in loads: the minion's `_auth` and what a master grants.

use std::fmt;

use halite_core::{Map, MinionId, Value, map};

use super::{Fields, LoadError};
use crate::crypto::{EncAlgo, SigAlgo};
use crate::limits::MAX_CIPHERS;
use crate::nonce::Nonce;

/// The name of AES-256-GCM in offers and answers.
pub(crate) const GCM: &str = "aes-256-gcm";

/// A minion's `_auth`.
#[derive(Clone)]
pub struct AuthRequest {
    /// Who asks; `Err` holds a text that is no valid id and is refused like an unwanted key.
    pub id: Result<MinionId, Box<str>>,
    /// Comes back in the signed answer.
    pub nonce: Nonce,
    /// The public key as sent; not parsed yet, since nobody has said that it is wanted.
    pub public: Box<str>,
    /// `Err` holds a name this side does not know.
    pub enc_algo: Result<EncAlgo, Box<str>>,
    /// `Err` holds a name this side does not know.
    pub sig_algo: Result<SigAlgo, Box<str>>,
    /// What the master has to unwrap to show that it holds the pinned key.
    pub token: Option<Vec<u8>>,
    /// Grains by which the master may accept the key.
    pub autosign_grains: Map,
    /// Ciphers offered beyond Salt's, best first.
    pub ciphers: Vec<Box<str>>,
}

impl AuthRequest {
    pub(super) fn parse(mut fields: Fields<'_>) -> Result<AuthRequest, LoadError> {
        let id = fields.text("id")?;
        let nonce = Nonce::parse(&fields.text("nonce")?);
        let nonce = nonce.ok_or_else(|| fields.error("nonce", "must be 32 hex digits"))?;
        let enc_algo = fields.optional_text("enc_algo")?;
        let sig_algo = fields.optional_text("sig_algo")?;
        let offered = fields.optional("ciphers");
        Ok(AuthRequest {
            id: MinionId::parse(&id).map_err(|_| id),
            nonce,
            public: fields.text("pub")?,
            enc_algo: algo(enc_algo, EncAlgo::parse),
            sig_algo: algo(sig_algo, SigAlgo::parse),
            token: fields.optional_bytes("token")?,
            autosign_grains: fields.map("autosign_grains")?,
            ciphers: ciphers(offered.as_ref())
                .ok_or_else(|| fields.error("ciphers", "must be a short list of names"))?,
        })
    }

    /// Whether AES-256-GCM is offered.
    pub fn offers_gcm(&self) -> bool {
        self.ciphers.iter().any(|cipher| &**cipher == GCM)
    }
}

/// Without the values of the autosign grains, which may be secrets.
impl fmt::Debug for AuthRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let grains: Vec<&str> = self.autosign_grains.keys().filter_map(Value::as_str).collect();
        f.debug_struct("AuthRequest")
            .field("id", &self.id)
            .field("nonce", &self.nonce)
            .field("enc_algo", &self.enc_algo)
            .field("sig_algo", &self.sig_algo)
            .field("token", &self.token.is_some())
            .field("autosign_grains", &grains)
            .field("ciphers", &self.ciphers)
            .finish_non_exhaustive()
    }
}

/// An absent name is the default; an unknown one is kept to be refused by name.
fn algo<T: Default>(name: Option<Box<str>>, parse: fn(&str) -> Option<T>) -> Result<T, Box<str>> {
    match name {
        None => Ok(T::default()),
        Some(name) => parse(&name).ok_or(name),
    }
}

/// A list of cipher names; absent is an empty one.
pub(crate) fn ciphers(value: Option<&Value>) -> Option<Vec<Box<str>>> {
    let Some(value) = value else { return Some(Vec::new()) };
    let names = value.as_list().filter(|names| names.len() <= MAX_CIPHERS)?;
    names.iter().map(|name| name.as_str().map(Box::from)).collect()
}

/// What a minion sends.
pub(crate) struct Asking<'a> {
    pub(crate) id: &'a MinionId,
    pub(crate) nonce: &'a Nonce,
    pub(crate) public: &'a str,
    pub(crate) enc_algo: EncAlgo,
    pub(crate) sig_algo: SigAlgo,
    pub(crate) token: Option<&'a [u8]>,
    pub(crate) autosign_grains: &'a Map,
    pub(crate) offer_gcm: bool,
}

impl Asking<'_> {
    pub(crate) fn to_load(&self) -> Map {
        let mut load = map! {
            "cmd" => "_auth",
            "id" => self.id,
            "nonce" => self.nonce.as_str(),
            "enc_algo" => self.enc_algo.as_str(),
            "sig_algo" => self.sig_algo.as_str(),
            "pub" => self.public,
        };
        if let Some(token) = self.token {
            load.insert("token".into(), Value::bytes(token));
        }
        if !self.autosign_grains.is_empty() {
            load.insert("autosign_grains".into(), self.autosign_grains.clone().into());
        }
        if self.offer_gcm {
            load.insert("ciphers".into(), Value::list([Value::str(GCM)]));
        }
        load
    }
}

/// The signed blob of a master's answer, taken apart; nothing of it is believed yet.
#[derive(Clone, Debug)]
pub struct Grant {
    /// The master's public key.
    pub public: Box<str>,
    /// Where it publishes.
    pub publish_port: u16,
    /// The wrapped key of publishes.
    pub aes: Vec<u8>,
    /// The wrapped key of requests.
    pub session: Option<Vec<u8>>,
    /// X9.31 block over the hash of the key of publishes.
    pub sig: Vec<u8>,
    /// The wrapped token.
    pub token: Option<Vec<u8>>,
    /// Base64 signature of the master's key by its signing key.
    pub pub_sig: Option<Box<str>>,
    /// Echo of the offered ciphers: only a master that reads offers sends it.
    pub ciphers: Option<Vec<Box<str>>>,
    /// The cipher it chose from the offer.
    pub cipher: Option<Box<str>>,
    /// The wrapped secret of that cipher's keys.
    pub secret: Option<Vec<u8>>,
    /// The master's time, seconds since 1970 UTC; only own masters send it.
    pub time: Option<u64>,
}

impl Grant {
    /// Takes a blob apart (without `nonce` and `ret`, which are looked at before).
    pub(crate) fn parse(blob: Map) -> Result<Grant, LoadError> {
        let mut fields = Fields::new("_auth reply", blob);
        let port = fields.unsigned("publish_port")?.and_then(|port| u16::try_from(port).ok());
        let echo = fields.optional("ciphers");
        Ok(Grant {
            public: fields.text("pub_key")?,
            publish_port: port.ok_or_else(|| fields.error("publish_port", "is no port"))?,
            aes: fields.bytes("aes")?,
            session: fields.optional_bytes("session")?,
            sig: fields.bytes("sig")?,
            token: fields.optional_bytes("token")?,
            pub_sig: fields.optional_text("pub_sig")?,
            cipher: fields.optional_text("cipher")?,
            secret: fields.optional_bytes("secret")?,
            time: fields.unsigned("time")?,
            ciphers: match &echo {
                None => None,
                echo => Some(
                    ciphers(echo.as_ref())
                        .ok_or_else(|| fields.error("ciphers", "must be a list of names"))?,
                ),
            },
        })
    }

    /// The blob, with the echo of `nonce`.
    pub(crate) fn to_blob(&self, nonce: &Nonce) -> Map {
        let mut blob = map! {
            "enc" => "pub",
            "pub_key" => &*self.public,
            "publish_port" => self.publish_port,
        };
        let mut put = |key: &str, value: Option<Value>| {
            if let Some(value) = value {
                blob.insert(key.into(), value);
            }
        };
        put("token", self.token.as_ref().map(Value::bytes));
        put("aes", Some(Value::bytes(&self.aes)));
        put("session", self.session.as_ref().map(Value::bytes));
        put("sig", Some(Value::bytes(&self.sig)));
        put("nonce", Some(nonce.as_str().into()));
        put("pub_sig", self.pub_sig.as_deref().map(Value::from));
        put(
            "ciphers",
            self.ciphers.as_ref().map(|names| Value::list(names.iter().map(Value::str))),
        );
        put("cipher", self.cipher.as_deref().map(Value::from));
        put("secret", self.secret.as_ref().map(Value::bytes));
        put("time", self.time.map(Value::from));
        blob
    }
}
