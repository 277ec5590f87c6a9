//! The reply to `_pillar`: under a fresh key wrapped for the minion, and signed.

use halite_core::{Value, map};

use super::ReplyError;
use crate::crypto::{
    AesKey, Crypticle, CryptoError, EncAlgo, PrivateKey, PublicKey, SigAlgo, same,
};
use crate::entropy::Entropy;
use crate::error::OpenError;
use crate::limits::Limits;
use crate::msgpack::{self, Dialect};
use crate::nonce::Nonce;

pub(super) fn seal(
    pillar: &Value,
    nonce: &Nonce,
    (enc_algo, sig_algo): (EncAlgo, SigAlgo),
    minion: &PublicKey,
    key: &dyn PrivateKey,
    entropy: &mut dyn Entropy,
) -> Result<Vec<u8>, CryptoError> {
    let fresh = AesKey::generate(entropy);
    let wrapped = Value::bytes(minion.encrypt(enc_algo, fresh.to_text().as_bytes(), entropy)?);
    let data = map! {
        "key" => wrapped.clone(),
        "pillar" => pillar.clone(),
        "nonce" => nonce.as_str(),
    };
    let data = msgpack::encode(&data.into(), Dialect::Network);
    let sig = key.sign(sig_algo, &data, entropy)?;
    let inner = map! {"data" => Value::bytes(data), "sig" => Value::bytes(sig)};
    let sealed = Crypticle::new(&fresh).seal(&inner.into(), None, entropy);
    let reply = map! {"key" => wrapped, "pillar" => Value::bytes(sealed)};
    Ok(msgpack::encode(&reply.into(), Dialect::Network))
}

pub(super) fn open(
    reply: &Value,
    nonce: &Nonce,
    (enc_algo, sig_algo): (EncAlgo, SigAlgo),
    master: &PublicKey,
    key: &dyn PrivateKey,
    entropy: &mut dyn Entropy,
) -> Result<Value, ReplyError> {
    let malformed = |what| ReplyError::Open(OpenError::Malformed(what));
    // Without `key` the master lost this minion's session.
    let no_key = || ReplyError::Refused("a pillar without a key".into());
    let wrapped = reply.get("key").and_then(Value::as_bytes).ok_or_else(no_key)?;
    let sealed = reply.get("pillar").and_then(Value::as_bytes).ok_or(malformed("no pillar"))?;
    let fresh = key.decrypt(enc_algo, wrapped, entropy).map_err(OpenError::from)?;
    let fresh = AesKey::parse(fresh.expose()).map_err(OpenError::from)?;
    let inner = Crypticle::new(&fresh).open(sealed, None, &Limits::ACCEPTED)?;
    let data = inner.get("data").and_then(Value::as_bytes).ok_or(malformed("no data"))?;
    let sig = inner.get("sig").and_then(Value::as_bytes).ok_or(malformed("no signature"))?;
    master.verify(sig_algo, data, sig).map_err(|_| ReplyError::Signature)?;
    let data =
        msgpack::decode(data, Dialect::Network, &Limits::ACCEPTED).map_err(OpenError::Decode)?;
    let field = |name| data.get(name).and_then(Value::as_bytes).unwrap_or_default();
    if !same(field("nonce"), nonce.as_str().as_bytes()) {
        return Err(ReplyError::Open(OpenError::Nonce));
    }
    if !same(field("key"), wrapped) {
        return Err(malformed("the pillar was sealed for another key"));
    }
    data.get("pillar").cloned().ok_or(malformed("no pillar in the data"))
}
