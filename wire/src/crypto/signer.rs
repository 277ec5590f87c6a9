//! What a holder of an RSA private key can do; the key itself never shows.

use super::{CryptoError, EncAlgo, PublicKey, Secret, SigAlgo};
use crate::entropy::Entropy;

/// The private half of a peer's key: [`super::RsaKey`] in process, or an agent elsewhere.
pub trait PrivateKey: Send + Sync {
    /// The public half.
    fn public(&self) -> &PublicKey;

    /// Unwraps what was wrapped with [`PublicKey::encrypt`]. Every failure is
    /// [`CryptoError::Refused`].
    fn decrypt(
        &self,
        algo: EncAlgo,
        wrapped: &[u8],
        entropy: &mut dyn Entropy,
    ) -> Result<Secret, CryptoError>;

    /// Signs `message` (not its hash).
    fn sign(
        &self,
        algo: SigAlgo,
        message: &[u8],
        entropy: &mut dyn Entropy,
    ) -> Result<Vec<u8>, CryptoError>;

    /// OpenSSL's private encrypt with X9.31 padding: `tok` and the digest in the `_auth` reply.
    fn x931_encrypt(
        &self,
        message: &[u8],
        entropy: &mut dyn Entropy,
    ) -> Result<Vec<u8>, CryptoError>;
}
