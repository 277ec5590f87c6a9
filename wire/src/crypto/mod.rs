//! The few verbs of cryptography the protocol needs: sign, verify, seal, open, wrap a key.
//!
//! RSA private operations sit behind the trait [`PrivateKey`], so that a key agent in another
//! process can take their place.

mod aes_cbc_hmac;
mod aes_gcm;
mod keys;
mod rsa;
mod secret;
mod signer;
mod x931;

use std::fmt;

pub use self::aes_cbc_hmac::{AesKey, Crypticle};
pub use self::aes_gcm::{Direction, GcmKeys, GcmSecret};
pub use self::keys::{HashType, clean, fingerprint_body, fingerprint_text};
pub use self::rsa::{PublicKey, RsaKey};
pub use self::secret::Secret;
pub use self::signer::PrivateKey;

/// Why a cryptographic step failed. Which of its parts failed is never told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CryptoError {
    /// A sealed message, a wrapped key or a signature did not open or verify.
    #[error("the message does not open with this key")]
    Refused,
    /// The text is no RSA key.
    #[error("not an RSA key in PEM form (PKCS#1, PKCS#8 or SubjectPublicKeyInfo)")]
    NotAKey,
    /// The key is too small, too large, or has another exponent than 65537.
    #[error("RSA key refused: it needs 2048 to 8192 bits and the exponent 65537")]
    WeakKey,
    /// The message does not fit the key.
    #[error("message too long for this RSA key")]
    TooLong,
    /// A key string is not base64 of 24 + 32 bytes.
    #[error("not a key string: it must be base64 of 56 bytes")]
    NotAKeyString,
    /// The private key could not do its work (a broken key, or its agent is gone).
    #[error("the private key failed")]
    Failed,
}

/// RSA encryption schemes, by the names of option `encryption_algorithm`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EncAlgo {
    /// `OAEP-SHA1`, Salt's default.
    #[default]
    OaepSha1,
    /// `OAEP-SHA224`, for FIPS hosts.
    OaepSha224,
}

impl EncAlgo {
    /// From its name on the wire.
    pub fn parse(name: &str) -> Option<EncAlgo> {
        match name {
            "OAEP-SHA1" => Some(EncAlgo::OaepSha1),
            "OAEP-SHA224" => Some(EncAlgo::OaepSha224),
            _ => None,
        }
    }

    /// Its name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            EncAlgo::OaepSha1 => "OAEP-SHA1",
            EncAlgo::OaepSha224 => "OAEP-SHA224",
        }
    }
}

/// RSA signature schemes, by the names of option `signing_algorithm`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SigAlgo {
    /// `PKCS1v15-SHA1`, Salt's default.
    #[default]
    Sha1,
    /// `PKCS1v15-SHA224`, for FIPS hosts.
    Sha224,
}

impl SigAlgo {
    /// From its name on the wire.
    pub fn parse(name: &str) -> Option<SigAlgo> {
        match name {
            "PKCS1v15-SHA1" => Some(SigAlgo::Sha1),
            "PKCS1v15-SHA224" => Some(SigAlgo::Sha224),
            _ => None,
        }
    }

    /// Its name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            SigAlgo::Sha1 => "PKCS1v15-SHA1",
            SigAlgo::Sha224 => "PKCS1v15-SHA224",
        }
    }
}

impl fmt::Display for EncAlgo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for SigAlgo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// Equality in a time that tells nothing about where they differ.
pub(crate) fn same(a: &[u8], b: &[u8]) -> bool {
    // Comparing MACs under a fresh fixed key hides the position of a difference without `unsafe`
    // or a hand-written loop that a compiler may shorten.
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, b"compare");
    let tag = ring::hmac::sign(&key, a);
    ring::hmac::verify(&key, b, tag.as_ref()).is_ok()
}
