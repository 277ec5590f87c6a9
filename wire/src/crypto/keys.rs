//! PEM texts: reading, writing, cleaning, and Salt's two kinds of fingerprint.

use ::rsa::pkcs1::{DecodeRsaPrivateKey, DecodeRsaPublicKey, EncodeRsaPrivateKey};
use ::rsa::pkcs8::{DecodePrivateKey, DecodePublicKey, EncodePublicKey};
use ::rsa::{RsaPrivateKey, RsaPublicKey};
use ::sha1::Digest;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::{CryptoError, hex};
use crate::limits::MAX_PEM;

/// Characters in a line of PEM.
const COLUMNS: usize = 64;

/// The cleaned form in which keys are sent, stored by the master and compared: no white space
/// around, LF line ends. Salt: `salt.crypt.clean_key` behaviour.
pub fn clean(pem: &str) -> String {
    let lines: Vec<&str> = pem.trim().lines().collect();
    lines.join("\n")
}

pub(super) fn parse_public(pem: &str) -> Result<RsaPublicKey, CryptoError> {
    let (label, der) = decode(pem)?;
    match label {
        "PUBLIC KEY" => RsaPublicKey::from_public_key_der(&der).ok(),
        "RSA PUBLIC KEY" => RsaPublicKey::from_pkcs1_der(&der).ok(),
        _ => None,
    }
    .ok_or(CryptoError::NotAKey)
}

pub(super) fn parse_private(pem: &str) -> Result<RsaPrivateKey, CryptoError> {
    let (label, der) = decode(pem)?;
    match label {
        "RSA PRIVATE KEY" => RsaPrivateKey::from_pkcs1_der(&der).ok(),
        "PRIVATE KEY" => RsaPrivateKey::from_pkcs8_der(&der).ok(),
        _ => None,
    }
    .ok_or(CryptoError::NotAKey)
}

pub(super) fn public_pem(key: &RsaPublicKey) -> Result<String, CryptoError> {
    let der = key.to_public_key_der().map_err(|_| CryptoError::Failed)?;
    let mut pem = encode("PUBLIC KEY", der.as_bytes());
    pem.pop();
    Ok(pem)
}

pub(super) fn private_pem(key: &RsaPrivateKey) -> Result<Zeroizing<String>, CryptoError> {
    let der = key.to_pkcs1_der().map_err(|_| CryptoError::Failed)?;
    Ok(Zeroizing::new(encode("RSA PRIVATE KEY", der.as_bytes())))
}

/// The label and the bytes of the one block in `pem`.
fn decode(pem: &str) -> Result<(&str, Zeroizing<Vec<u8>>), CryptoError> {
    let pem = pem.trim();
    let inner = (pem.len() <= MAX_PEM)
        .then(|| pem.strip_prefix("-----BEGIN ")?.strip_suffix("-----"))
        .flatten()
        .ok_or(CryptoError::NotAKey)?;
    let (label, rest) = inner.split_once("-----").ok_or(CryptoError::NotAKey)?;
    let (body, end) = rest.split_once("-----END ").ok_or(CryptoError::NotAKey)?;
    if end != label {
        return Err(CryptoError::NotAKey);
    }
    let mut text = Zeroizing::new(Vec::with_capacity(body.len()));
    text.extend(body.bytes().filter(|byte| !byte.is_ascii_whitespace()));
    let der = STANDARD.decode(&text[..]).map_err(|_| CryptoError::NotAKey)?;
    Ok((label, Zeroizing::new(der)))
}

fn encode(label: &str, der: &[u8]) -> String {
    let body = Zeroizing::new(STANDARD.encode(der));
    let mut pem = String::with_capacity(body.len() + body.len() / COLUMNS + 2 * label.len() + 40);
    pem.push_str(&format!("-----BEGIN {label}-----\n"));
    let mut rest = body.as_str();
    while !rest.is_empty() {
        let (line, tail) = rest.split_at(rest.len().min(COLUMNS));
        pem.push_str(line);
        pem.push('\n');
        rest = tail;
    }
    pem.push_str(&format!("-----END {label}-----\n"));
    pem
}

/// The hashes of option `hash_type`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HashType {
    /// `md5`.
    Md5,
    /// `sha1`.
    Sha1,
    /// `sha224`.
    Sha224,
    /// `sha256`, the default.
    #[default]
    Sha256,
    /// `sha384`.
    Sha384,
    /// `sha512`.
    Sha512,
}

impl HashType {
    /// From its name in the configuration.
    pub fn parse(name: &str) -> Option<HashType> {
        Some(match name.to_ascii_lowercase().as_str() {
            "md5" => HashType::Md5,
            "sha1" => HashType::Sha1,
            "sha224" => HashType::Sha224,
            "sha256" => HashType::Sha256,
            "sha384" => HashType::Sha384,
            "sha512" => HashType::Sha512,
            _ => return None,
        })
    }

    fn digest(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            HashType::Md5 => ::md5::Md5::digest(bytes).to_vec(),
            HashType::Sha1 => ::sha1::Sha1::digest(bytes).to_vec(),
            HashType::Sha224 => ::sha2::Sha224::digest(bytes).to_vec(),
            HashType::Sha256 => ::sha2::Sha256::digest(bytes).to_vec(),
            HashType::Sha384 => ::sha2::Sha384::digest(bytes).to_vec(),
            HashType::Sha512 => ::sha2::Sha512::digest(bytes).to_vec(),
        }
    }
}

/// What `salt-key -f` of Salt 3008 prints: of the whole text as it is stored. It can be compared
/// with nothing that a minion prints, so it is for logs alone here.
pub fn fingerprint_text(pem: &str, hash: HashType) -> String {
    colons(&hash.digest(pem.as_bytes()))
}

/// The fingerprint that `master_finger` holds, and that `salt-key -f` (up to Salt 3007) and `salt-call
/// --local key.finger` print: of the lines between the first and the last, newlines included.
pub fn fingerprint_body(pem: &str, hash: HashType) -> String {
    let text = pem.replace("\r\n", "\n");
    let lines: Vec<&str> =
        text.split_inclusive('\n').filter(|line| !line.trim().is_empty()).collect();
    let body = match lines.as_slice() {
        [_, body @ .., _] => body.concat(),
        _ => String::new(),
    };
    colons(&hash.digest(body.as_bytes()))
}

fn colons(digest: &[u8]) -> String {
    let pairs: Vec<String> = digest.iter().map(|byte| hex(&[*byte])).collect();
    pairs.join(":")
}
