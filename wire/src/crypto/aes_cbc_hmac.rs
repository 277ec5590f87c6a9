//! The Crypticle: AES-192-CBC, then HMAC-SHA256 over IV and ciphertext. Salt: `salt/crypt.py`.

use std::fmt;

use ::aes::Aes192;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, InnerIvInit, KeyInit};
use halite_core::Value;
use ring::hmac;
use zeroize::Zeroizing;

use super::CryptoError;
use crate::entropy::Entropy;
use crate::error::OpenError;
use crate::limits::Limits;
use crate::msgpack::{self, Dialect};
use crate::nonce::Nonce;

const AES: usize = 24;
const MAC: usize = 32;
const BLOCK: usize = 16;
/// What every plaintext starts with, for reasons older than the protocol.
const PREFIX: &[u8] = b"pickle::";

/// The 24 + 32 key bytes of a [`Crypticle`]; travels and is stored as 76 characters of base64.
#[derive(Clone, PartialEq, Eq)]
pub struct AesKey(super::Secret);

impl AesKey {
    /// A fresh key.
    pub fn generate(entropy: &mut dyn Entropy) -> AesKey {
        let mut bytes = vec![0; AES + MAC];
        entropy.fill(&mut bytes);
        AesKey(super::Secret::new(bytes))
    }

    /// Reads a key string; white space around it (a file's newline) is allowed.
    pub fn parse(text: &[u8]) -> Result<AesKey, CryptoError> {
        let bytes = STANDARD.decode(text.trim_ascii()).map_err(|_| CryptoError::NotAKeyString)?;
        let key = super::Secret::new(bytes);
        if key.expose().len() != AES + MAC {
            return Err(CryptoError::NotAKeyString);
        }
        Ok(AesKey(key))
    }

    /// The 76 characters.
    pub fn to_text(&self) -> Zeroizing<String> {
        Zeroizing::new(STANDARD.encode(self.0.expose()))
    }

    /// The key bytes.
    pub(super) fn bytes(&self) -> &[u8] {
        self.0.expose()
    }

    /// A name for the key that tells nothing about it: the first 16 hex digits of its SHA-256.
    pub fn mark(&self) -> String {
        let digest = ring::digest::digest(&ring::digest::SHA256, self.0.expose());
        super::hex(&digest.as_ref()[..8])
    }
}

impl fmt::Debug for AesKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AesKey(redacted)")
    }
}

/// An [`AesKey`] ready for work.
#[derive(Clone)]
pub struct Crypticle {
    aes: Aes192,
    mac: hmac::Key,
    key: AesKey,
}

impl fmt::Debug for Crypticle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Crypticle(redacted)")
    }
}

impl Crypticle {
    /// Expands `key`.
    pub fn new(key: &AesKey) -> Crypticle {
        let (aes, mac) = key.0.expose().split_at(AES);
        Crypticle {
            aes: Aes192::new_from_slice(aes).expect("an AesKey has 24 cipher bytes"),
            mac: hmac::Key::new(hmac::HMAC_SHA256, mac),
            key: key.clone(),
        }
    }

    /// The key it was made of.
    pub fn key(&self) -> &AesKey {
        &self.key
    }

    /// Seals `value`: the IV, the ciphertext of `pickle::`, `nonce` and msgpack, the MAC.
    pub fn seal(&self, value: &Value, nonce: Option<&Nonce>, entropy: &mut dyn Entropy) -> Vec<u8> {
        let mut iv = [0; BLOCK];
        entropy.fill(&mut iv);
        let mut out = Vec::with_capacity(256);
        out.extend_from_slice(&iv);
        out.extend_from_slice(PREFIX);
        out.extend_from_slice(nonce.map_or(&[][..], |nonce| nonce.as_str().as_bytes()));
        msgpack::encode_into(value, Dialect::Network, &mut out);
        self.seal_buffer(out)
    }

    /// Seals in place what follows the IV in `out`.
    fn seal_buffer(&self, mut out: Vec<u8>) -> Vec<u8> {
        let pad = BLOCK - (out.len() - BLOCK) % BLOCK;
        out.resize(out.len() + pad, pad as u8);
        let (iv, plain) = out.split_at_mut(BLOCK);
        let iv: &[u8] = iv;
        let mut cbc =
            cbc::Encryptor::inner_iv_slice_init(self.aes.clone(), iv).expect("the IV is one block");
        let (blocks, _) = cbc::cipher::Array::slice_as_chunks_mut(plain);
        cbc.encrypt_blocks(blocks);
        let tag = hmac::sign(&self.mac, &out);
        out.extend_from_slice(tag.as_ref());
        out
    }

    /// Checks the MAC in constant time, then decrypts. One error for everything.
    fn open_bytes(&self, sealed: &[u8]) -> Result<Vec<u8>, CryptoError> {
        let (body, tag) = sealed.split_last_chunk::<MAC>().ok_or(CryptoError::Refused)?;
        hmac::verify(&self.mac, body, tag).map_err(|_| CryptoError::Refused)?;
        let (iv, cipher) = body.split_first_chunk::<BLOCK>().ok_or(CryptoError::Refused)?;
        if cipher.is_empty() || cipher.len() % BLOCK != 0 {
            return Err(CryptoError::Refused);
        }
        let mut plain = cipher.to_vec();
        let mut cbc = cbc::Decryptor::inner_iv_slice_init(self.aes.clone(), iv)
            .map_err(|_| CryptoError::Refused)?;
        let (blocks, _) = cbc::cipher::Array::slice_as_chunks_mut(&mut plain[..]);
        cbc.decrypt_blocks(blocks);
        let pad = usize::from(plain.last().copied().unwrap_or(0));
        let len = plain.len().checked_sub(pad).filter(|_| (1..=BLOCK).contains(&pad));
        let len = len.ok_or(CryptoError::Refused)?;
        plain.truncate(len);
        Ok(plain)
    }

    /// Opens a sealed value; with `nonce`, it must be the one the answer was asked with. Salt takes
    /// a plaintext without `pickle::` for an empty map; here it is refused.
    pub fn open(
        &self,
        sealed: &[u8],
        nonce: Option<&Nonce>,
        limits: &Limits,
    ) -> Result<Value, OpenError> {
        if sealed.len() > limits.bytes {
            return Err(OpenError::Key);
        }
        let plain = self.open_bytes(sealed)?;
        let mut rest = plain.strip_prefix(PREFIX).ok_or(OpenError::Malformed("no prefix"))?;
        if let Some(nonce) = nonce {
            let (found, tail) = rest.split_first_chunk::<32>().ok_or(OpenError::Nonce)?;
            if !super::same(found, nonce.as_str().as_bytes()) {
                return Err(OpenError::Nonce);
            }
            rest = tail;
        }
        Ok(msgpack::decode(rest, Dialect::Network, limits)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed(u8);
    impl Entropy for Fixed {
        fn fill(&mut self, out: &mut [u8]) {
            out.fill(self.0);
        }
    }

    #[test]
    fn keys_read_and_print() {
        let key = AesKey::generate(&mut Fixed(7));
        assert_eq!(key.to_text().len(), 76);
        assert_eq!(AesKey::parse(format!("{}\n", *key.to_text()).as_bytes()), Ok(key.clone()));
        assert_eq!(AesKey::parse(b"AAAA"), Err(CryptoError::NotAKeyString));
        assert_eq!(AesKey::parse(b"*"), Err(CryptoError::NotAKeyString));
        assert_eq!(format!("{key:?} {:?}", Crypticle::new(&key)).matches("redacted").count(), 2);
    }

    #[test]
    fn every_changed_byte_and_every_cut_is_refused() {
        let crypticle = Crypticle::new(&AesKey::generate(&mut Fixed(7)));
        let sealed = crypticle.seal(&Value::str("text"), None, &mut Fixed(1));
        assert!(crypticle.open(&sealed, None, &Limits::ACCEPTED).is_ok());
        for at in 0..sealed.len() {
            let mut bad = sealed.clone();
            bad[at] ^= 1;
            assert_eq!(crypticle.open(&bad, None, &Limits::ACCEPTED), Err(OpenError::Key));
            assert_eq!(crypticle.open(&sealed[..at], None, &Limits::ACCEPTED), Err(OpenError::Key));
        }
    }

    #[test]
    fn bad_padding_under_a_good_mac_is_refused() {
        let crypticle = Crypticle::new(&AesKey::generate(&mut Fixed(7)));
        for pad in [0u8, 17, 255] {
            let mut body = vec![0u8; 32];
            body[31] = pad;
            let (iv, plain) = body.split_at_mut(16);
            let mut cbc =
                cbc::Encryptor::inner_iv_slice_init(crypticle.aes.clone(), iv).expect("one block");
            cbc.encrypt_blocks(cbc::cipher::Array::slice_as_chunks_mut(plain).0);
            let tag = hmac::sign(&crypticle.mac, &body);
            body.extend_from_slice(tag.as_ref());
            assert_eq!(crypticle.open(&body, None, &Limits::ACCEPTED), Err(OpenError::Key));
        }
    }
}
