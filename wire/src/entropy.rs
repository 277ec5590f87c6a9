//! Where randomness comes from: always an argument, so that a simulated run repeats itself.

use ring::rand::{SecureRandom, SystemRandom};
use rsa::rand_core::{TryCryptoRng, TryRng};

/// A source of unpredictable bytes.
pub trait Entropy {
    /// Fills all of `out`.
    fn fill(&mut self, out: &mut [u8]);
}

/// The operating system's randomness.
#[derive(Clone, Debug)]
pub struct OsEntropy(SystemRandom);

impl OsEntropy {
    /// Opens it; costs nothing.
    pub fn new() -> OsEntropy {
        OsEntropy(SystemRandom::new())
    }
}

impl Default for OsEntropy {
    fn default() -> OsEntropy {
        OsEntropy::new()
    }
}

impl Entropy for OsEntropy {
    fn fill(&mut self, out: &mut [u8]) {
        self.0.fill(out).expect("no key may be made while the system has no randomness to give");
    }
}

/// `N` bytes.
pub(crate) fn bytes<const N: usize>(entropy: &mut dyn Entropy) -> [u8; N] {
    let mut out = [0; N];
    entropy.fill(&mut out);
    out
}

/// The source as the `rsa` crate wants it.
pub(crate) struct Rng<'a>(pub(crate) &'a mut dyn Entropy);

impl TryRng for Rng<'_> {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Ok(u32::from_le_bytes(bytes(self.0)))
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        Ok(u64::from_le_bytes(bytes(self.0)))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Self::Error> {
        self.0.fill(out);
        Ok(())
    }
}

impl TryCryptoRng for Rng<'_> {}
