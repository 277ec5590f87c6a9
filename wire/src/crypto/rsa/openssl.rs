//! RSA operations of OpenSSL, which blinds by itself and brings its own randomness: with this
//! feature a run does not repeat itself from its entropy alone.

use ::rsa::pkcs1::{DecodeRsaPrivateKey, EncodeRsaPrivateKey};
use ::rsa::pkcs8::EncodePublicKey;
use ::rsa::traits::PublicKeyParts;
use ::rsa::{RsaPrivateKey, RsaPublicKey};
use openssl::encrypt::{Decrypter, Encrypter};
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::pkey::{self, PKey};
use openssl::rsa::{Padding, Rsa};
use openssl::sign::{Signer, Verifier};
use zeroize::Zeroizing;

use crate::crypto::{CryptoError, EncAlgo, SigAlgo};
use crate::entropy::Entropy;

/// What the public half does.
pub(super) struct Public {
    key: RsaPublicKey,
    pkey: PKey<pkey::Public>,
}

impl Public {
    pub(super) fn new(key: RsaPublicKey) -> Result<Public, CryptoError> {
        let der = key.to_public_key_der().map_err(|_| CryptoError::Failed)?;
        let pkey = PKey::public_key_from_der(der.as_bytes()).map_err(|_| CryptoError::NotAKey)?;
        Ok(Public { key, pkey })
    }

    pub(super) fn key(&self) -> &RsaPublicKey {
        &self.key
    }

    pub(super) fn encrypt(
        &self,
        algo: EncAlgo,
        secret: &[u8],
        _entropy: &mut dyn Entropy,
    ) -> Result<Vec<u8>, CryptoError> {
        let seal = || -> Result<Vec<u8>, ErrorStack> {
            let mut encrypter = Encrypter::new(&self.pkey)?;
            encrypter.set_rsa_padding(Padding::PKCS1_OAEP)?;
            encrypter.set_rsa_oaep_md(oaep(algo))?;
            encrypter.set_rsa_mgf1_md(oaep(algo))?;
            let mut out = vec![0; encrypter.encrypt_len(secret)?];
            let length = encrypter.encrypt(secret, &mut out)?;
            out.truncate(length);
            Ok(out)
        };
        seal().map_err(|_| CryptoError::TooLong)
    }

    pub(super) fn verify(
        &self,
        algo: SigAlgo,
        message: &[u8],
        sig: &[u8],
    ) -> Result<(), CryptoError> {
        let check = || Verifier::new(digest(algo), &self.pkey)?.verify_oneshot(sig, message);
        match check() {
            Ok(true) => Ok(()),
            Ok(false) | Err(_) => Err(CryptoError::Refused),
        }
    }

    /// `block ^ e mod n`; the block is below the modulus.
    pub(super) fn raw(&self, block: &[u8]) -> Result<Vec<u8>, CryptoError> {
        let mut out = vec![0; self.key.size()];
        let done =
            self.pkey.rsa().and_then(|rsa| rsa.public_decrypt(block, &mut out, Padding::NONE));
        done.map(|_| out).map_err(|_| CryptoError::Refused)
    }
}

/// What the private half does.
pub(super) struct Private {
    key: RsaPrivateKey,
    pkey: PKey<pkey::Private>,
}

impl Private {
    pub(super) fn new(key: RsaPrivateKey) -> Result<Private, CryptoError> {
        let der = key.to_pkcs1_der().map_err(|_| CryptoError::Failed)?;
        let pkey = Rsa::private_key_from_der(der.as_bytes()).and_then(PKey::from_rsa);
        Ok(Private { key, pkey: pkey.map_err(|_| CryptoError::NotAKey)? })
    }

    pub(super) fn key(&self) -> &RsaPrivateKey {
        &self.key
    }

    pub(super) fn decrypt(
        &self,
        algo: EncAlgo,
        wrapped: &[u8],
        _entropy: &mut dyn Entropy,
    ) -> Result<Vec<u8>, CryptoError> {
        let open = || -> Result<Vec<u8>, ErrorStack> {
            let mut decrypter = Decrypter::new(&self.pkey)?;
            decrypter.set_rsa_padding(Padding::PKCS1_OAEP)?;
            decrypter.set_rsa_oaep_md(oaep(algo))?;
            decrypter.set_rsa_mgf1_md(oaep(algo))?;
            let mut out = Zeroizing::new(vec![0; decrypter.decrypt_len(wrapped)?]);
            let length = decrypter.decrypt(wrapped, &mut out)?;
            Ok(out[..length].to_vec())
        };
        open().map_err(|_| CryptoError::Refused)
    }

    pub(super) fn sign(
        &self,
        algo: SigAlgo,
        message: &[u8],
        _entropy: &mut dyn Entropy,
    ) -> Result<Vec<u8>, CryptoError> {
        let sign = || Signer::new(digest(algo), &self.pkey)?.sign_oneshot_to_vec(message);
        sign().map_err(|_| CryptoError::Failed)
    }

    /// `block ^ d mod n`; OpenSSL checks the result against the public half.
    pub(super) fn raw(
        &self,
        block: &[u8],
        _entropy: &mut dyn Entropy,
    ) -> Result<Vec<u8>, CryptoError> {
        let mut out = vec![0; self.key.size()];
        let done =
            self.pkey.rsa().and_then(|rsa| rsa.private_encrypt(block, &mut out, Padding::NONE));
        done.map(|_| out).map_err(|_| CryptoError::Failed)
    }
}

/// A new key with the exponent 65537.
pub(super) fn generate(
    bits: usize,
    _entropy: &mut dyn Entropy,
) -> Result<RsaPrivateKey, CryptoError> {
    let bits = u32::try_from(bits).map_err(|_| CryptoError::WeakKey)?;
    let der = Rsa::generate(bits).and_then(|key| key.private_key_to_der());
    let der = Zeroizing::new(der.map_err(|_| CryptoError::Failed)?);
    RsaPrivateKey::from_pkcs1_der(&der).map_err(|_| CryptoError::Failed)
}

fn oaep(algo: EncAlgo) -> MessageDigest {
    match algo {
        EncAlgo::OaepSha1 => MessageDigest::sha1(),
        EncAlgo::OaepSha224 => MessageDigest::sha224(),
    }
}

fn digest(algo: SigAlgo) -> MessageDigest {
    match algo {
        SigAlgo::Sha1 => MessageDigest::sha1(),
        SigAlgo::Sha224 => MessageDigest::sha224(),
    }
}
