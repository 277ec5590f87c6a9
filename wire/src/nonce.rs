//! The nonce that ties a reply to its request: 32 lower-case hex digits.

use std::fmt;

use crate::entropy::{self, Entropy};

/// 128 bits, new for every request.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Nonce(Box<str>);

impl Nonce {
    /// A fresh nonce in the form of a version 4 UUID, which is what Salt sends.
    pub fn generate(entropy: &mut dyn Entropy) -> Nonce {
        let mut bytes: [u8; 16] = entropy::bytes(entropy);
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        Nonce(crate::crypto::hex(&bytes).into())
    }

    /// Exactly 32 lower-case hex digits, else `None`.
    pub fn parse(text: &str) -> Option<Nonce> {
        let hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        (text.len() == 32 && text.bytes().all(hex)).then(|| Nonce(text.into()))
    }

    /// The 32 digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The number they are.
    pub(crate) fn number(&self) -> u128 {
        self.0.chars().fold(0, |sum, digit| sum << 4 | u128::from(digit.to_digit(16).unwrap_or(0)))
    }
}

impl fmt::Debug for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Nonce({})", self.0)
    }
}
