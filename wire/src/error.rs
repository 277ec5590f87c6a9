//! What goes wrong with a message.

use crate::crypto::CryptoError;
use crate::load::LoadError;
use crate::msgpack::{self, DecodeError, Dialect};

/// Why a sealed message was not opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The key does not fit or the bytes were changed: sign in again, once.
    #[error("the message does not open with the session's key")]
    Key,
    /// The answer is not the one to this question.
    #[error("the reply carries another nonce than the request")]
    Nonce,
    /// It opened, but holds something else than it must.
    #[error("the message is malformed: {0}")]
    Malformed(&'static str),
    /// It opened, but is not msgpack.
    #[error(transparent)]
    Decode(#[from] DecodeError),
}

impl From<CryptoError> for OpenError {
    fn from(_: CryptoError) -> OpenError {
        OpenError::Key
    }
}

/// Why the master refuses a request. The peer is told [`Refused::reply`] only; the reason is for
/// the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The frame is not msgpack.
    #[error("undecodable frame: {0}")]
    Undecodable(DecodeError),
    /// The frame is not a map with `enc` and `load`.
    #[error("not an envelope: {0}")]
    Envelope(&'static str),
    /// `enc` is none of those this peer may use.
    #[error("the envelope is sealed in a way that was not agreed on (enc {0:?})")]
    Enc(String),
    /// An older protocol than `minimum_auth_version` allows.
    #[error("protocol version {found} is below the minimum {minimum}")]
    Version {
        /// What the peer speaks.
        found: i64,
        /// What is asked for.
        minimum: i64,
    },
    /// The envelope names no valid minion id.
    #[error("the envelope names no valid minion id")]
    Id,
    /// The load did not open with the session of that id.
    #[error("the load does not open: {0}")]
    Open(OpenError),
    /// The load names another id than the envelope.
    #[error("the load is from another id than the envelope says")]
    OtherId,
    /// `tok` is missing or was not made with the accepted key.
    #[error("the token was not made with the accepted key")]
    Token,
    /// `ts` is missing or too far from the master's time.
    #[error("the request is {age} s away from now, {ttl} s are allowed")]
    Stale {
        /// Seconds, negative when it comes from the future.
        age: i64,
        /// The allowance in seconds.
        ttl: u64,
    },
    /// The nonce is missing or was seen before.
    #[error("the request was seen before (nonce repeated or missing)")]
    Replay,
    /// The command's fields are not what they must be.
    #[error(transparent)]
    Load(#[from] LoadError),
}

impl Refused {
    /// The frame to answer with: one text, whatever the reason.
    pub fn reply(&self) -> Vec<u8> {
        bare(BAD_LOAD)
    }
}

impl From<OpenError> for Refused {
    fn from(error: OpenError) -> Refused {
        Refused::Open(error)
    }
}

/// What Salt answers to nearly everything it does not like.
pub const BAD_LOAD: &str = "bad load";
/// What Salt answers when a handler failed.
pub const HANDLER_FAILED: &str = "Server-side exception handling payload";

/// A frame that holds only `text`, unsealed.
pub fn bare(text: &str) -> Vec<u8> {
    msgpack::encode(&halite_core::Value::str(text), Dialect::Network)
}
