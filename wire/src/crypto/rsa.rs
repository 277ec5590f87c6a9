//! RSA in process. Keys are read, checked and written by the pure Rust crate `rsa`; the operations
//! are its own, or OpenSSL's with the feature `openssl` (FIPS hosts, slow processors).

#[cfg_attr(feature = "openssl", path = "rsa/openssl.rs")]
#[cfg_attr(not(feature = "openssl"), path = "rsa/pure.rs")]
mod ops;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use ::rsa::traits::PublicKeyParts;
use ::rsa::{BoxedUint, RsaPrivateKey, RsaPublicKey};
use zeroize::Zeroizing;

use super::{CryptoError, EncAlgo, PrivateKey, Secret, SigAlgo, keys, x931};
use crate::entropy::Entropy;
use crate::limits::{RSA_MAX_BITS, RSA_MIN_BITS};

/// A public key that was checked at intake: 2048 to 8192 bits, exponent 65537.
#[derive(Clone)]
pub struct PublicKey {
    key: Arc<ops::Public>,
    pem: Arc<str>,
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", keys::fingerprint_text(&self.pem, keys::HashType::Sha256))
    }
}

/// Two keys are the same when their cleaned PEM texts are.
impl PartialEq for PublicKey {
    fn eq(&self, other: &PublicKey) -> bool {
        self.pem == other.pem
    }
}

impl Eq for PublicKey {}

impl PublicKey {
    /// Reads and checks a PEM text (SubjectPublicKeyInfo, or PKCS#1).
    pub fn parse(pem: &str) -> Result<PublicKey, CryptoError> {
        let key = keys::parse_public(pem)?;
        check(&key)?;
        Ok(PublicKey { key: Arc::new(ops::Public::new(key)?), pem: keys::clean(pem).into() })
    }

    fn of(key: &RsaPublicKey) -> Result<PublicKey, CryptoError> {
        check(key)?;
        let pem = keys::public_pem(key)?.into();
        Ok(PublicKey { key: Arc::new(ops::Public::new(key.clone())?), pem })
    }

    /// The cleaned PEM text: LF line ends, no newline at the end; what travels and what is
    /// compared.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// Size of the modulus in bits.
    pub fn bits(&self) -> usize {
        self.key.key().n().as_ref().bits() as usize
    }

    /// Wraps `secret` so that only the holder of the private key reads it.
    pub fn encrypt(
        &self,
        algo: EncAlgo,
        secret: &[u8],
        entropy: &mut dyn Entropy,
    ) -> Result<Vec<u8>, CryptoError> {
        self.key.encrypt(algo, secret, entropy)
    }

    /// Checks a signature over `message`.
    pub fn verify(&self, algo: SigAlgo, message: &[u8], sig: &[u8]) -> Result<(), CryptoError> {
        self.key.verify(algo, message, sig)
    }

    /// The message inside an X9.31 block that the private key made.
    pub fn x931_decrypt(&self, block: &[u8]) -> Result<Vec<u8>, CryptoError> {
        let (n, size) = (self.key.key().n().as_ref(), self.key.key().size());
        if block.len() != size || uint(block, n)? >= *n {
            return Err(CryptoError::Refused);
        }
        let value = self.key.raw(block)?;
        if value.last().is_some_and(|byte| byte & 0x0f == 0x0c) {
            return x931::unframe(&value).map(<[u8]>::to_vec);
        }
        x931::unframe(&fixed(&n.wrapping_sub(&uint(&value, n)?), size)).map(<[u8]>::to_vec)
    }
}

/// A private key held in this process.
pub struct RsaKey {
    key: ops::Private,
    public: PublicKey,
    /// The message framed by X9.31 last, and its block. The scheme draws nothing by lot, and a master frames the
    /// same digest for every minion that signs in: half of what a sign-in costs it.
    framed: Mutex<Option<(Box<[u8]>, Box<[u8]>)>>,
}

impl fmt::Debug for RsaKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RsaKey(redacted, {:?})", self.public)
    }
}

impl RsaKey {
    /// Makes a key of `bits` (option `keysize`, at least 2048) with the exponent 65537.
    pub fn generate(bits: usize, entropy: &mut dyn Entropy) -> Result<RsaKey, CryptoError> {
        if !(RSA_MIN_BITS..=RSA_MAX_BITS).contains(&bits) {
            return Err(CryptoError::WeakKey);
        }
        RsaKey::of(ops::generate(bits, entropy)?)
    }

    /// Reads a PEM text (PKCS#1 as Salt writes it, or PKCS#8).
    pub fn parse(pem: &str) -> Result<RsaKey, CryptoError> {
        RsaKey::of(keys::parse_private(pem)?)
    }

    fn of(key: RsaPrivateKey) -> Result<RsaKey, CryptoError> {
        let public = PublicKey::of(key.as_public_key())?;
        Ok(RsaKey { key: ops::Private::new(key)?, public, framed: Mutex::new(None) })
    }

    /// The PKCS#1 PEM text with its newline at the end, as `minion.pem` holds it.
    pub fn to_pem(&self) -> Result<Zeroizing<String>, CryptoError> {
        keys::private_pem(self.key.key())
    }
}

impl PrivateKey for RsaKey {
    fn public(&self) -> &PublicKey {
        &self.public
    }

    fn decrypt(
        &self,
        algo: EncAlgo,
        wrapped: &[u8],
        entropy: &mut dyn Entropy,
    ) -> Result<Secret, CryptoError> {
        self.key.decrypt(algo, wrapped, entropy).map(Secret::new)
    }

    fn sign(
        &self,
        algo: SigAlgo,
        message: &[u8],
        entropy: &mut dyn Entropy,
    ) -> Result<Vec<u8>, CryptoError> {
        self.key.sign(algo, message, entropy)
    }

    fn x931_encrypt(
        &self,
        message: &[u8],
        entropy: &mut dyn Entropy,
    ) -> Result<Vec<u8>, CryptoError> {
        let framed = || self.framed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((last, block)) = &*framed()
            && **last == *message
        {
            return Ok(block.to_vec());
        }
        let (n, size) = (self.key.key().n().as_ref(), self.key.key().size());
        let sig = uint(&self.key.raw(&x931::frame(message, size)?, entropy)?, n)?;
        let other = n.wrapping_sub(&sig);
        let block = fixed(if sig < other { &sig } else { &other }, size);
        *framed() = Some((message.into(), block.as_slice().into()));
        Ok(block)
    }
}

fn check(key: &RsaPublicKey) -> Result<(), CryptoError> {
    let bits = key.n().as_ref().bits() as usize;
    let exponent_ok = *key.e() == BoxedUint::from(65537u64);
    if !(RSA_MIN_BITS..=RSA_MAX_BITS).contains(&bits) || !exponent_ok {
        return Err(CryptoError::WeakKey);
    }
    Ok(())
}

fn uint(bytes: &[u8], modulus: &BoxedUint) -> Result<BoxedUint, CryptoError> {
    BoxedUint::from_be_slice(bytes, modulus.bits_precision()).map_err(|_| CryptoError::Refused)
}

/// Big endian in exactly `size` bytes; the number is below the modulus and fits.
fn fixed(value: &BoxedUint, size: usize) -> Vec<u8> {
    let bytes = value.to_be_bytes();
    bytes[bytes.len().saturating_sub(size)..].to_vec()
}
