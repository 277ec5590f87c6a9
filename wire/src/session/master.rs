//! The master's end: opening requests, sealing replies.

use std::fmt;
use std::sync::Arc;

use halite_core::{Map, MinionId, Value};

use super::minion::TOKEN_TEXT;
use super::replay::{ReplayPolicy, Seen};
use super::{SessionKeys, label, pillar};
use crate::crypto::{
    Crypticle, CryptoError, Direction, EncAlgo, GcmKeys, PrivateKey, PublicKey, SigAlgo, same,
};
use crate::entropy::Entropy;
use crate::envelope::{Envelope, Load, VERSION};
use crate::error::{OpenError, Refused};
use crate::limits::Limits;
use crate::load::MinionCommand;
use crate::msgpack::{self, Dialect};
use crate::nonce::Nonce;

/// A value of which it is certain which minion sent it. Only a session makes one.
#[derive(Clone, Debug)]
pub struct Authenticated<T> {
    id: MinionId,
    value: T,
}

impl<T> Authenticated<T> {
    /// Who sent it.
    pub fn id(&self) -> &MinionId {
        &self.id
    }

    /// What was sent.
    pub fn get(&self) -> &T {
        &self.value
    }

    /// Both.
    pub fn into_parts(self) -> (MinionId, T) {
        (self.id, self.value)
    }
}

/// A request that was opened.
#[derive(Clone, Debug)]
pub struct Opened {
    /// The command and its sender.
    pub request: Authenticated<MinionCommand>,
    /// What the reply has to carry.
    pub nonce: Nonce,
    /// How a pillar's key is wrapped.
    pub enc_algo: EncAlgo,
    /// How a pillar is signed.
    pub sig_algo: SigAlgo,
    /// With the minion's option `minion_sign_messages`: whether the signature is right. `None` when
    /// there is none.
    pub signed: Option<bool>,
}

/// What the master holds about one signed-in minion. Make it anew for each sign-in and let it
/// [`MasterSession::inherit`]; make it only for ids whose key is accepted, and drop it when the key
/// is deleted or rejected.
pub struct MasterSession {
    id: MinionId,
    public: PublicKey,
    keys: SessionKeys,
    seen: Seen,
    /// The token that verified; it never changes for a key.
    tok: Option<Vec<u8>>,
}

impl fmt::Debug for MasterSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&label(&self.id, &self.keys))
    }
}

/// A request of a version 2 peer, opened with the shared key, its sender not proved yet.
pub struct SharedLoad {
    id: MinionId,
    load: Map,
    algorithms: (EncAlgo, SigAlgo),
}

impl SharedLoad {
    /// Opens `envelope` with the key of publishes (the current one, or one just rotated away).
    pub fn open(envelope: &Envelope<'_>, keys: &[&Crypticle]) -> Result<SharedLoad, Refused> {
        let Load::Aes(sealed) = envelope.load else {
            return Err(Refused::Envelope("version 2 requests are sealed with aes"));
        };
        let opened = keys.iter().find_map(|key| key.open(sealed, None, &Limits::ACCEPTED).ok());
        let load = into_map(opened.ok_or(Refused::Open(OpenError::Key))?)?;
        let id = load.get("id").and_then(Value::as_str);
        let id = id.and_then(|id| MinionId::parse(id).ok()).ok_or(Refused::Id)?;
        Ok(SharedLoad { id, load, algorithms: (envelope.enc_algo, envelope.sig_algo) })
    }

    /// Who it claims to be from: the session to hand it to.
    pub fn id(&self) -> &MinionId {
        &self.id
    }
}

impl MasterSession {
    /// A session of `id` with the accepted key `public`.
    pub fn new(
        id: MinionId,
        public: PublicKey,
        keys: SessionKeys,
        replay: ReplayPolicy,
    ) -> MasterSession {
        MasterSession { id, public, keys, seen: Seen::new(replay), tok: None }
    }

    /// Takes over what the session before it remembers, if it has the same keys. Do this at every
    /// sign-in: anybody can send an `_auth`, and a forgotten nonce could be used again.
    pub fn inherit(&mut self, old: MasterSession) {
        if self.public == old.public && self.keys.same(&old.keys) {
            self.seen.inherit(old.seen);
            self.tok = old.tok;
        }
    }

    /// Whose it is.
    pub fn id(&self) -> &MinionId {
        &self.id
    }

    /// The accepted key.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// How requests are sealed.
    pub fn keys(&self) -> &SessionKeys {
        &self.keys
    }

    /// Opens a request whose envelope names this session's id. `now` is in seconds since 1970 UTC.
    pub fn open_request(&mut self, envelope: &Envelope<'_>, now: u64) -> Result<Opened, Refused> {
        if envelope.id.as_ref() != Some(&self.id) {
            return Err(Refused::OtherId);
        }
        let load = match (&self.keys, &envelope.load) {
            (SessionKeys::Aes(key), Load::Aes(sealed)) => {
                key.open(sealed, None, &Limits::ACCEPTED)?
            }
            (SessionKeys::Gcm(keys), Load::Gcm(sealed)) => {
                if sealed.len() > Limits::ACCEPTED.bytes {
                    return Err(Refused::Envelope("the load is too long"));
                }
                let plain = keys
                    .open(Direction::MinionToMaster, envelope.version, "", sealed)
                    .map_err(OpenError::from)?;
                msgpack::decode(&plain, Dialect::Network, &Limits::ACCEPTED)
                    .map_err(OpenError::from)?
            }
            // Whoever agreed on GCM does not go back to the weaker seal.
            (_, Load::Aes(_)) => return Err(Refused::Enc("aes".into())),
            (_, Load::Gcm(_)) => return Err(Refused::Enc("gcm".into())),
            (_, Load::Clear(_)) => return Err(Refused::Enc("clear".into())),
        };
        self.admit(into_map(load)?, (envelope.enc_algo, envelope.sig_algo), now)
    }

    /// Takes a version 2 request whose [`SharedLoad::id`] is this session's.
    pub fn open_shared(&mut self, shared: SharedLoad, now: u64) -> Result<Opened, Refused> {
        if !matches!(self.keys, SessionKeys::Shared(_)) {
            return Err(Refused::Enc("aes under the shared key".into()));
        }
        self.admit(shared.load, shared.algorithms, now)
    }

    fn admit(
        &mut self,
        mut load: Map,
        (enc_algo, sig_algo): (EncAlgo, SigAlgo),
        now: u64,
    ) -> Result<Opened, Refused> {
        if load.get("id").and_then(Value::as_str) != Some(self.id.as_str()) {
            return Err(Refused::OtherId);
        }
        let tok = load.shift_remove("tok");
        self.check_token(tok.as_ref().and_then(Value::as_bytes))?;
        let nonce = load.shift_remove("nonce");
        let nonce = nonce.as_ref().and_then(Value::as_str).and_then(Nonce::parse);
        let nonce = nonce.ok_or(Refused::Replay)?;
        // `ts` stays in the load: it is part of the data of events and returns.
        let ts = load.get("ts").and_then(|ts| ts.as_i64().or(ts.as_f64().map(|ts| ts as i64)));
        self.seen.admit(&nonce, ts, now)?;
        let signed = self.check_signature(&mut load, sig_algo);
        let value = MinionCommand::parse(load);
        let request = Authenticated { id: self.id.clone(), value };
        Ok(Opened { request, nonce, enc_algo, sig_algo, signed })
    }

    /// The signature covers the load in its order, without `nonce`, `tok` and itself, in the bus
    /// dialect. Salt: `salt.channel.client`, `AESFuncs._return` behaviour.
    fn check_signature(&self, load: &mut Map, algo: SigAlgo) -> Option<bool> {
        let sig = load.shift_remove("sig")?;
        let bytes = msgpack::encode(&load.clone().into(), Dialect::Bus);
        let sig = sig.as_bytes().unwrap_or_default();
        Some(self.public.verify(algo, &bytes, sig).is_ok())
    }

    fn check_token(&mut self, tok: Option<&[u8]>) -> Result<(), Refused> {
        // Version 2 peers send it with some commands only.
        let Some(tok) = tok else {
            let optional = matches!(self.keys, SessionKeys::Shared(_));
            return if optional { Ok(()) } else { Err(Refused::Token) };
        };
        if self.tok.as_ref().is_some_and(|known| same(known, tok)) {
            return Ok(());
        }
        let text = self.public.x931_decrypt(tok).map_err(|_| Refused::Token)?;
        if !same(&text, TOKEN_TEXT) {
            return Err(Refused::Token);
        }
        self.tok = Some(tok.to_vec());
        Ok(())
    }

    /// Seals the reply to the request with `nonce`.
    pub fn seal_reply(&self, value: &Value, nonce: &Nonce, entropy: &mut dyn Entropy) -> Vec<u8> {
        let sealed = match &self.keys {
            SessionKeys::Aes(key) | SessionKeys::Shared(key) => {
                key.seal(value, Some(nonce), entropy)
            }
            SessionKeys::Gcm(keys) => {
                let mut plain = GcmKeys::room();
                msgpack::encode_into(value, Dialect::Network, &mut plain);
                keys.seal(Direction::MasterToMinion, VERSION, nonce.as_str(), plain, entropy)
            }
        };
        let mut frame = Vec::with_capacity(sealed.len() + 5);
        msgpack::raw(&sealed, &mut frame);
        frame
    }

    /// Seals `pillar` as the reply to the `_pillar` request `opened`.
    pub fn seal_pillar(
        &self,
        pillar: &Value,
        opened: &Opened,
        key: &dyn PrivateKey,
        entropy: &mut dyn Entropy,
    ) -> Result<Vec<u8>, CryptoError> {
        let algorithms = (opened.enc_algo, opened.sig_algo);
        pillar::seal(pillar, &opened.nonce, algorithms, &self.public, key, entropy)
    }
}

fn into_map(load: Value) -> Result<Map, Refused> {
    match load {
        Value::Map(load) => Ok(Arc::unwrap_or_clone(load)),
        _ => Err(Refused::Open(OpenError::Malformed("the load is no map"))),
    }
}
