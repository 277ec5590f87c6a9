//! RSA operations of the pure Rust crate `rsa`, blinded.

use ::rsa::rand_core::{TryCryptoRng, TryRng};
use ::rsa::traits::PublicKeyParts;
use ::rsa::{BoxedUint, Oaep, Pkcs1v15Sign, RsaPrivateKey, RsaPublicKey, hazmat};
use ::sha1::{Digest, Sha1};
use ::sha2::Sha224;

use super::{fixed, uint};
use crate::crypto::{CryptoError, EncAlgo, SigAlgo};
use crate::entropy::{self, Entropy};

/// What the public half does.
pub(super) struct Public(RsaPublicKey);

impl Public {
    pub(super) fn new(key: RsaPublicKey) -> Result<Public, CryptoError> {
        Ok(Public(key))
    }

    pub(super) fn key(&self) -> &RsaPublicKey {
        &self.0
    }

    pub(super) fn encrypt(
        &self,
        algo: EncAlgo,
        secret: &[u8],
        entropy: &mut dyn Entropy,
    ) -> Result<Vec<u8>, CryptoError> {
        let rng = &mut Rng(entropy);
        match algo {
            EncAlgo::OaepSha1 => self.0.encrypt(rng, Oaep::<Sha1>::new(), secret),
            EncAlgo::OaepSha224 => self.0.encrypt(rng, Oaep::<Sha224>::new(), secret),
        }
        .map_err(|_| CryptoError::TooLong)
    }

    pub(super) fn verify(
        &self,
        algo: SigAlgo,
        message: &[u8],
        sig: &[u8],
    ) -> Result<(), CryptoError> {
        let (scheme, hash) = prepare(algo, message);
        self.0.verify(scheme, &hash, sig).map_err(|_| CryptoError::Refused)
    }

    /// `block ^ e mod n`; the block is below the modulus.
    pub(super) fn raw(&self, block: &[u8]) -> Result<Vec<u8>, CryptoError> {
        let block = uint(block, self.0.n().as_ref())?;
        let value = hazmat::rsa_encrypt(&self.0, &block).map_err(|_| CryptoError::Refused)?;
        Ok(fixed(&value, self.0.size()))
    }
}

/// What the private half does.
pub(super) struct Private(RsaPrivateKey);

impl Private {
    pub(super) fn new(key: RsaPrivateKey) -> Result<Private, CryptoError> {
        Ok(Private(key))
    }

    pub(super) fn key(&self) -> &RsaPrivateKey {
        &self.0
    }

    pub(super) fn decrypt(
        &self,
        algo: EncAlgo,
        wrapped: &[u8],
        entropy: &mut dyn Entropy,
    ) -> Result<Vec<u8>, CryptoError> {
        let rng = &mut Rng(entropy);
        match algo {
            EncAlgo::OaepSha1 => self.0.decrypt_blinded(rng, Oaep::<Sha1>::new(), wrapped),
            EncAlgo::OaepSha224 => self.0.decrypt_blinded(rng, Oaep::<Sha224>::new(), wrapped),
        }
        .map_err(|_| CryptoError::Refused)
    }

    pub(super) fn sign(
        &self,
        algo: SigAlgo,
        message: &[u8],
        entropy: &mut dyn Entropy,
    ) -> Result<Vec<u8>, CryptoError> {
        let (scheme, hash) = prepare(algo, message);
        self.0.sign_with_rng(&mut Rng(entropy), scheme, &hash).map_err(|_| CryptoError::Failed)
    }

    /// `block ^ d mod n`, checked against the public half.
    pub(super) fn raw(
        &self,
        block: &[u8],
        entropy: &mut dyn Entropy,
    ) -> Result<Vec<u8>, CryptoError> {
        let block: BoxedUint = uint(block, self.0.n().as_ref())?;
        let value = hazmat::rsa_decrypt_and_check(&self.0, Some(&mut Rng(entropy)), &block)
            .map_err(|_| CryptoError::Failed)?;
        Ok(fixed(&value, self.0.size()))
    }
}

/// A new key with the exponent 65537.
pub(super) fn generate(
    bits: usize,
    entropy: &mut dyn Entropy,
) -> Result<RsaPrivateKey, CryptoError> {
    RsaPrivateKey::new(&mut Rng(entropy), bits).map_err(|_| CryptoError::Failed)
}

fn prepare(algo: SigAlgo, message: &[u8]) -> (Pkcs1v15Sign, Vec<u8>) {
    match algo {
        SigAlgo::Sha1 => (Pkcs1v15Sign::new::<Sha1>(), Sha1::digest(message).to_vec()),
        SigAlgo::Sha224 => (Pkcs1v15Sign::new::<Sha224>(), Sha224::digest(message).to_vec()),
    }
}

/// The source as the `rsa` crate wants it.
struct Rng<'a>(&'a mut dyn Entropy);

impl TryRng for Rng<'_> {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Ok(u32::from_le_bytes(entropy::bytes(self.0)))
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        Ok(u64::from_le_bytes(entropy::bytes(self.0)))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Self::Error> {
        self.0.fill(out);
        Ok(())
    }
}

impl TryCryptoRng for Rng<'_> {}
