//! The minion's end: sealing requests, opening replies.

use std::fmt;

use halite_core::{Map, MinionId, Value};

use super::{SessionKeys, label, pillar};
use crate::crypto::{CryptoError, Direction, EncAlgo, GcmKeys, PrivateKey, PublicKey, SigAlgo};
use crate::entropy::Entropy;
use crate::envelope::{self, VERSION};
use crate::error::{HANDLER_FAILED, OpenError};
use crate::limits::Limits;
use crate::msgpack::{self, Dialect};
use crate::nonce::Nonce;
use crate::signin::minion::{Accepted, Config};

/// What `tok` proves the key with.
pub(super) const TOKEN_TEXT: &[u8] = b"salt";

/// The keys and facts of one sign-in.
pub struct MinionSession {
    id: MinionId,
    keys: SessionKeys,
    /// X9.31 over [`TOKEN_TEXT`]: always the same for a key, so made once.
    tok: Vec<u8>,
    enc_algo: EncAlgo,
    sig_algo: SigAlgo,
    master: PublicKey,
    clock_offset: i64,
}

impl fmt::Debug for MinionSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&label(&self.id, &self.keys))
    }
}

/// A request ready to be sent.
#[derive(Clone, Debug)]
pub struct Sealed {
    /// The frame.
    pub frame: Vec<u8>,
    /// What the reply must carry.
    pub nonce: Nonce,
}

/// Why a reply is of no use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplyError {
    /// The master answered in the open: the session is over, or the request was refused.
    #[error("the master answered {0:?}")]
    Refused(String),
    /// The reply does not open.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The pillar is not signed by the master.
    #[error("the pillar is not signed by the master's key")]
    Signature,
}

impl ReplyError {
    /// Whether the fault is the master's own and may pass: a full disk, say. The request was fine.
    pub fn may_pass(&self) -> bool {
        matches!(self, ReplyError::Refused(text) if **text == *HANDLER_FAILED)
    }

    /// Whether to sign in again and repeat the request, once.
    pub fn sign_in_again(&self) -> bool {
        match self {
            ReplyError::Signature => true,
            ReplyError::Refused(_) => !self.may_pass(),
            ReplyError::Open(error) => matches!(error, OpenError::Key),
        }
    }
}

impl MinionSession {
    /// Starts using what a sign-in gave.
    pub fn new(
        config: &Config,
        accepted: &Accepted,
        key: &dyn PrivateKey,
        entropy: &mut dyn Entropy,
    ) -> Result<MinionSession, CryptoError> {
        Ok(MinionSession {
            id: config.id.clone(),
            keys: accepted.keys.clone(),
            tok: key.x931_encrypt(TOKEN_TEXT, entropy)?,
            enc_algo: config.enc_algo,
            sig_algo: config.sig_algo,
            master: accepted.master.clone(),
            clock_offset: accepted.clock_offset,
        })
    }

    /// Whether the master is one of our own: only those agree on AES-256-GCM.
    pub fn own_peer(&self) -> bool {
        matches!(self.keys, SessionKeys::Gcm(_))
    }

    /// Seals `load` (a map with `cmd`); `id`, `nonce`, `ts` and `tok` are added here. `now` is in
    /// seconds since 1970 UTC by the own clock.
    pub fn seal_request(&self, load: Map, now: u64, entropy: &mut dyn Entropy) -> Sealed {
        let (load, nonce) = self.complete(load, now, entropy);
        self.seal(load, nonce, entropy)
    }

    /// Like [`MinionSession::seal_request`], with a signature by the minion's key: option
    /// `minion_sign_messages`.
    pub fn seal_signed_request(
        &self,
        load: Map,
        now: u64,
        key: &dyn PrivateKey,
        entropy: &mut dyn Entropy,
    ) -> Result<Sealed, CryptoError> {
        let (mut load, nonce) = self.complete(load, now, entropy);
        let mut signed = load.clone();
        signed.shift_remove("nonce");
        signed.shift_remove("tok");
        let bytes = msgpack::encode(&signed.into(), Dialect::Bus);
        load.insert("sig".into(), Value::bytes(key.sign(self.sig_algo, &bytes, entropy)?));
        Ok(self.seal(load, nonce, entropy))
    }

    fn complete(&self, mut load: Map, now: u64, entropy: &mut dyn Entropy) -> (Map, Nonce) {
        let nonce = Nonce::generate(entropy);
        let ts = i64::try_from(now).unwrap_or(i64::MAX).saturating_add(self.clock_offset);
        load.insert("nonce".into(), nonce.as_str().into());
        load.insert("ts".into(), Value::Int(ts));
        load.insert("tok".into(), Value::bytes(&self.tok));
        load.insert("id".into(), (&self.id).into());
        (load, nonce)
    }

    fn seal(&self, load: Map, nonce: Nonce, entropy: &mut dyn Entropy) -> Sealed {
        let load = Value::from(load);
        let sealed = match &self.keys {
            SessionKeys::Aes(key) | SessionKeys::Shared(key) => key.seal(&load, None, entropy),
            SessionKeys::Gcm(keys) => {
                let mut plain = GcmKeys::room();
                msgpack::encode_into(&load, Dialect::Network, &mut plain);
                keys.seal(Direction::MinionToMaster, VERSION, "", plain, entropy)
            }
        };
        let frame = envelope::sealed(
            self.keys.enc(),
            &sealed,
            self.keys.version(),
            &self.id,
            (self.enc_algo, self.sig_algo),
        );
        Sealed { frame, nonce }
    }

    /// Opens the reply to the request with `nonce`.
    pub fn open_reply(&self, frame: &[u8], nonce: &Nonce) -> Result<Value, ReplyError> {
        let reply = msgpack::decode(frame, Dialect::Network, &Limits::ACCEPTED)
            .map_err(OpenError::Decode)?;
        let sealed = match &reply {
            Value::Bytes(bytes) => bytes,
            other => return Err(refusal(other)),
        };
        match &self.keys {
            SessionKeys::Aes(key) | SessionKeys::Shared(key) => {
                Ok(key.open(sealed, Some(nonce), &Limits::ACCEPTED)?)
            }
            SessionKeys::Gcm(keys) => {
                let plain = keys
                    .open(Direction::MasterToMinion, VERSION, nonce.as_str(), sealed)
                    .map_err(OpenError::from)?;
                Ok(msgpack::decode(&plain, Dialect::Network, &Limits::ACCEPTED)
                    .map_err(OpenError::Decode)?)
            }
        }
    }

    /// Opens the reply to a `_pillar` request: wrapped for this minion's key, signed by the
    /// master's, bound to `nonce`.
    pub fn open_pillar(
        &self,
        frame: &[u8],
        nonce: &Nonce,
        key: &dyn PrivateKey,
        entropy: &mut dyn Entropy,
    ) -> Result<Value, ReplyError> {
        let reply = msgpack::decode(frame, Dialect::Network, &Limits::ACCEPTED)
            .map_err(OpenError::Decode)?;
        if reply.as_map().is_none() {
            return Err(refusal(&reply));
        }
        pillar::open(&reply, nonce, (self.enc_algo, self.sig_algo), &self.master, key, entropy)
    }

    /// The id it speaks for.
    pub fn id(&self) -> &MinionId {
        &self.id
    }

    /// How requests are sealed.
    pub fn keys(&self) -> &SessionKeys {
        &self.keys
    }
}

/// An answer in the open. A sealed reply that happens to be UTF-8 cannot be: it would have to be
/// at least 64 bytes without one that is no UTF-8.
fn refusal(reply: &Value) -> ReplyError {
    let text = match reply {
        Value::Str(text) => text,
        Value::Map(map) => match map.get("error") {
            Some(Value::Str(text)) => text,
            _ => return ReplyError::Refused("a map instead of a sealed reply".into()),
        },
        _ => return ReplyError::Refused(format!("a {}", reply.type_name())),
    };
    ReplyError::Refused(text.chars().take(200).collect())
}
