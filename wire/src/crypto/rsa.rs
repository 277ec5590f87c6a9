//! RSA in process, on the pure Rust crate `rsa`.

use std::fmt;
use std::sync::Arc;

use ::rsa::traits::PublicKeyParts;
use ::rsa::{BoxedUint, Oaep, Pkcs1v15Sign, RsaPrivateKey, RsaPublicKey, hazmat};
use ::sha1::{Digest, Sha1};
use ::sha2::Sha224;
use zeroize::Zeroizing;

use super::{CryptoError, EncAlgo, PrivateKey, Secret, SigAlgo, keys, x931};
use crate::entropy::{Entropy, Rng};
use crate::limits::{RSA_MAX_BITS, RSA_MIN_BITS};

/// A public key that was checked at intake: 2048 to 8192 bits, exponent 65537.
#[derive(Clone)]
pub struct PublicKey {
    key: Arc<RsaPublicKey>,
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
        Ok(PublicKey { key: Arc::new(key), pem: keys::clean(pem).into() })
    }

    fn of(key: &RsaPublicKey) -> Result<PublicKey, CryptoError> {
        check(key)?;
        Ok(PublicKey { key: Arc::new(key.clone()), pem: keys::public_pem(key)?.into() })
    }

    /// The cleaned PEM text: LF line ends, no newline at the end; what travels and what is
    /// compared.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// Size of the modulus in bits.
    pub fn bits(&self) -> usize {
        self.key.n().as_ref().bits() as usize
    }

    /// Wraps `secret` so that only the holder of the private key reads it.
    pub fn encrypt(
        &self,
        algo: EncAlgo,
        secret: &[u8],
        entropy: &mut dyn Entropy,
    ) -> Result<Vec<u8>, CryptoError> {
        let rng = &mut Rng(entropy);
        match algo {
            EncAlgo::OaepSha1 => self.key.encrypt(rng, Oaep::<Sha1>::new(), secret),
            EncAlgo::OaepSha224 => self.key.encrypt(rng, Oaep::<Sha224>::new(), secret),
        }
        .map_err(|_| CryptoError::TooLong)
    }

    /// Checks a signature over `message`.
    pub fn verify(&self, algo: SigAlgo, message: &[u8], sig: &[u8]) -> Result<(), CryptoError> {
        let (scheme, hash) = prepare(algo, message);
        self.key.verify(scheme, &hash, sig).map_err(|_| CryptoError::Refused)
    }

    /// The message inside an X9.31 block that the private key made.
    pub fn x931_decrypt(&self, block: &[u8]) -> Result<Vec<u8>, CryptoError> {
        let (n, size) = (self.key.n().as_ref(), self.key.size());
        if block.len() != size {
            return Err(CryptoError::Refused);
        }
        let sig = uint(block, n)?;
        if sig >= *n {
            return Err(CryptoError::Refused);
        }
        let value = hazmat::rsa_encrypt(&*self.key, &sig).map_err(|_| CryptoError::Refused)?;
        let low = value.to_be_bytes().last().copied().unwrap_or(0) & 0x0f;
        let value = if low == 0x0c { value } else { n.wrapping_sub(&value) };
        let framed = fixed(&value, size);
        x931::unframe(&framed).map(<[u8]>::to_vec)
    }
}

/// A private key held in this process.
pub struct RsaKey {
    key: RsaPrivateKey,
    public: PublicKey,
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
        let key = RsaPrivateKey::new(&mut Rng(entropy), bits).map_err(|_| CryptoError::Failed)?;
        RsaKey::of(key)
    }

    /// Reads a PEM text (PKCS#1 as Salt writes it, or PKCS#8).
    pub fn parse(pem: &str) -> Result<RsaKey, CryptoError> {
        RsaKey::of(keys::parse_private(pem)?)
    }

    fn of(key: RsaPrivateKey) -> Result<RsaKey, CryptoError> {
        let public = PublicKey::of(key.as_public_key())?;
        Ok(RsaKey { key, public })
    }

    /// The PKCS#1 PEM text with its newline at the end, as `minion.pem` holds it.
    pub fn to_pem(&self) -> Result<Zeroizing<String>, CryptoError> {
        keys::private_pem(&self.key)
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
        let rng = &mut Rng(entropy);
        match algo {
            EncAlgo::OaepSha1 => self.key.decrypt_blinded(rng, Oaep::<Sha1>::new(), wrapped),
            EncAlgo::OaepSha224 => self.key.decrypt_blinded(rng, Oaep::<Sha224>::new(), wrapped),
        }
        .map(Secret::new)
        .map_err(|_| CryptoError::Refused)
    }

    fn sign(
        &self,
        algo: SigAlgo,
        message: &[u8],
        entropy: &mut dyn Entropy,
    ) -> Result<Vec<u8>, CryptoError> {
        let (scheme, hash) = prepare(algo, message);
        self.key.sign_with_rng(&mut Rng(entropy), scheme, &hash).map_err(|_| CryptoError::Failed)
    }

    fn x931_encrypt(
        &self,
        message: &[u8],
        entropy: &mut dyn Entropy,
    ) -> Result<Vec<u8>, CryptoError> {
        let (n, size) = (self.key.n().as_ref(), self.key.size());
        let block = uint(&x931::frame(message, size)?, n)?;
        let sig = hazmat::rsa_decrypt_and_check(&self.key, Some(&mut Rng(entropy)), &block)
            .map_err(|_| CryptoError::Failed)?;
        let other = n.wrapping_sub(&sig);
        Ok(fixed(if sig < other { &sig } else { &other }, size))
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

fn prepare(algo: SigAlgo, message: &[u8]) -> (Pkcs1v15Sign, Vec<u8>) {
    match algo {
        SigAlgo::Sha1 => (Pkcs1v15Sign::new::<Sha1>(), Sha1::digest(message).to_vec()),
        SigAlgo::Sha224 => (Pkcs1v15Sign::new::<Sha224>(), Sha224::digest(message).to_vec()),
    }
}

fn uint(bytes: &[u8], modulus: &BoxedUint) -> Result<BoxedUint, CryptoError> {
    BoxedUint::from_be_slice(bytes, modulus.bits_precision()).map_err(|_| CryptoError::Refused)
}

/// Big endian in exactly `size` bytes; the number is below the modulus and fits.
fn fixed(value: &BoxedUint, size: usize) -> Vec<u8> {
    let bytes = value.to_be_bytes();
    bytes[bytes.len().saturating_sub(size)..].to_vec()
}
