//! Publishes: one key for the whole fleet, the master's signature, a number that only rises.

use halite_core::{Map, Value, map};

use crate::crypto::{AesKey, Crypticle, CryptoError, PrivateKey, PublicKey, SigAlgo};
use crate::entropy::Entropy;
use crate::error::OpenError;
use crate::limits::{KEY_GRACE, Limits};
use crate::load::{LoadError, PublishLoad};
use crate::msgpack::{self, DecodeError, Dialect};

/// The master's end.
#[derive(Debug)]
pub struct Publisher {
    current: Crypticle,
    previous: Option<(Crypticle, u64)>,
    serial: u64,
    sign: Option<SigAlgo>,
}

impl Publisher {
    /// Starts with a key that no minion has seen a number under: a fresh one. `sign` is option
    /// `publish_signing_algorithm`, `None` with `sign_pub_messages: False`.
    pub fn new(aes: &AesKey, sign: Option<SigAlgo>) -> Publisher {
        Publisher { current: Crypticle::new(aes), previous: None, serial: 0, sign }
    }

    /// The key to hand out at sign-in.
    pub fn aes(&self) -> &AesKey {
        self.current.key()
    }

    /// Changes the key; minions notice by the first publish that does not open. Version 2 requests
    /// under the old key are still read for [`KEY_GRACE`] seconds. After the key of a minion was
    /// deleted pass `grace: false`.
    pub fn rotate(&mut self, aes: &AesKey, now: u64, grace: bool) {
        let old = std::mem::replace(&mut self.current, Crypticle::new(aes));
        self.previous = grace.then_some((old, now.saturating_add(KEY_GRACE)));
        self.serial = 0;
    }

    /// The keys that open version 2 requests now.
    pub fn shared_keys(&self, now: u64) -> Vec<&Crypticle> {
        let old = self.previous.as_ref().filter(|(_, until)| now < *until);
        std::iter::once(&self.current).chain(old.map(|(key, _)| key)).collect()
    }

    /// The packet of `load` (see [`PublishLoad::to_load`]).
    pub fn seal(
        &mut self,
        mut load: Map,
        key: &dyn PrivateKey,
        entropy: &mut dyn Entropy,
    ) -> Result<Vec<u8>, CryptoError> {
        self.serial += 1;
        load.insert("serial".into(), self.serial.into());
        let sealed = self.current.seal(&load.into(), None, entropy);
        let sig = match self.sign {
            Some(algo) => Some((algo, key.sign(algo, &sealed, entropy)?)),
            None => None,
        };
        let mut packet = map! {"enc" => "aes", "load" => Value::bytes(sealed)};
        if let Some((algo, sig)) = sig {
            packet.insert("sig_algo".into(), algo.as_str().into());
            packet.insert("sig".into(), Value::bytes(sig));
        }
        Ok(msgpack::encode(&packet.into(), Dialect::Network))
    }
}

/// What a minion demands of publishes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublishPolicy {
    /// The master's signature. Off, every accepted minion can publish to every other.
    pub require_signature: bool,
    /// A serial number.
    pub require_serial: bool,
}

impl Default for PublishPolicy {
    fn default() -> PublishPolicy {
        PublishPolicy { require_signature: true, require_serial: true }
    }
}

/// The last number seen and the key it was seen under; keep it on disk, so that the first publish
/// after a restart cannot be an old one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SerialMark {
    /// [`AesKey::mark`] of the key.
    pub key: String,
    /// The number.
    pub serial: u64,
}

/// The minion's end.
#[derive(Debug)]
pub struct Subscriber {
    current: Key,
    previous: Option<(Key, u64)>,
    master: PublicKey,
    policy: PublishPolicy,
}

#[derive(Debug)]
struct Key {
    crypticle: Crypticle,
    serial: u64,
}

/// Why a packet leads to no job.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// Sealed in a way that is not for this minion; to be passed over in silence.
    #[error("a publish with enc {0:?} is not for this minion")]
    NotForUs(String),
    /// Not a packet.
    #[error("the publish is malformed: {0}")]
    Malformed(&'static str),
    /// Not msgpack.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// Not from the master.
    #[error("the publish is not signed by the master's key; dropped")]
    Signature,
    /// Sealed with another key: sign in again, at a bounded rate, and open the same packet once
    /// more.
    #[error("the publish does not open with the master's key of publishes")]
    Key,
    /// An old packet.
    #[error("the publish was seen before (serial {found}, the last was {last}); dropped")]
    Replay {
        /// Its number, 0 when it has none.
        found: u64,
        /// The highest number so far.
        last: u64,
    },
    /// The load is not a job.
    #[error(transparent)]
    Load(#[from] LoadError),
}

impl Subscriber {
    /// Starts with what sign-in gave; `mark` is what [`Subscriber::mark`] said last time.
    pub fn new(
        aes: &AesKey,
        master: PublicKey,
        policy: PublishPolicy,
        mark: Option<&SerialMark>,
    ) -> Subscriber {
        let serial = mark.filter(|mark| mark.key == aes.mark()).map_or(0, |mark| mark.serial);
        let current = Key { crypticle: Crypticle::new(aes), serial };
        Subscriber { current, previous: None, master, policy }
    }

    /// Takes the key of another sign-in. The same key keeps its number; packets under the old key
    /// that are still on their way open for [`KEY_GRACE`] seconds.
    pub fn rekey(&mut self, aes: &AesKey, master: PublicKey, now: u64) {
        self.master = master;
        if *self.current.crypticle.key() == *aes {
            return;
        }
        let fresh = Key { crypticle: Crypticle::new(aes), serial: 0 };
        let old = std::mem::replace(&mut self.current, fresh);
        self.previous = Some((old, now.saturating_add(KEY_GRACE)));
    }

    /// What to keep on disk.
    pub fn mark(&self) -> SerialMark {
        SerialMark { key: self.current.crypticle.key().mark(), serial: self.current.serial }
    }

    /// Opens the last frame of a publish. The signature is looked at first, so that nobody but the
    /// master can provoke a new sign-in.
    pub fn open(&mut self, frame: &[u8], now: u64) -> Result<PublishLoad, PublishError> {
        let packet = msgpack::decode(frame, Dialect::Network, &Limits::ACCEPTED)?;
        let enc = packet.get("enc").and_then(Value::as_str);
        let enc = enc.ok_or(PublishError::Malformed("no `enc`"))?;
        if enc != "aes" {
            return Err(PublishError::NotForUs(enc.chars().take(16).collect()));
        }
        let sealed = packet.get("load").and_then(Value::as_bytes);
        let sealed = sealed.ok_or(PublishError::Malformed("no sealed load"))?;
        if self.policy.require_signature {
            self.verify(&packet, sealed)?;
        }
        let (key, load) = self.unseal(sealed, now)?;
        let Value::Map(load) = load else {
            return Err(PublishError::Malformed("the load is no map"));
        };
        let mut load = std::sync::Arc::unwrap_or_clone(load);
        let serial = load.shift_remove("serial");
        let found = serial.as_ref().and_then(serial_number);
        let require = self.policy.require_serial;
        let key = match key {
            Which::Current => Some(&mut self.current),
            Which::Previous => self.previous.as_mut().map(|(key, _)| key),
        };
        let Some(key) = key else { return Err(PublishError::Key) };
        match found {
            Some(found) if found > key.serial => key.serial = found,
            None if serial.is_none() && !require => {}
            _ => return Err(PublishError::Replay { found: found.unwrap_or(0), last: key.serial }),
        }
        Ok(PublishLoad::parse(load)?)
    }

    fn verify(&self, packet: &Value, sealed: &[u8]) -> Result<(), PublishError> {
        let algo = packet.get("sig_algo").and_then(Value::as_str).and_then(SigAlgo::parse);
        let sig = packet.get("sig").and_then(Value::as_bytes);
        match (algo, sig) {
            (Some(algo), Some(sig)) => {
                self.master.verify(algo, sealed, sig).map_err(|_| PublishError::Signature)
            }
            _ => Err(PublishError::Signature),
        }
    }

    fn unseal(&self, sealed: &[u8], now: u64) -> Result<(Which, Value), PublishError> {
        let current = self.current.crypticle.open(sealed, None, &Limits::ACCEPTED);
        let old = self.previous.as_ref().filter(|(_, until)| now < *until);
        let (which, opened) = match (current, old) {
            (Err(OpenError::Key), Some((old, _))) => {
                (Which::Previous, old.crypticle.open(sealed, None, &Limits::ACCEPTED))
            }
            (opened, _) => (Which::Current, opened),
        };
        match opened {
            Ok(load) => Ok((which, load)),
            Err(OpenError::Key) => Err(PublishError::Key),
            Err(OpenError::Decode(error)) => Err(error.into()),
            Err(OpenError::Nonce | OpenError::Malformed(_)) => {
                Err(PublishError::Malformed("the plaintext has not the form of a load"))
            }
        }
    }
}

#[derive(Clone, Copy)]
enum Which {
    Current,
    Previous,
}

fn serial_number(value: &Value) -> Option<u64> {
    match value {
        Value::Int(int) => u64::try_from(*int).ok(),
        Value::Big(big) => u64::try_from(&**big).ok(),
        _ => None,
    }
}
