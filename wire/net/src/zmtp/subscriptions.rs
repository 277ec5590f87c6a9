//! The topics one subscriber asked for.

use bytes::Bytes;

use super::codec::CodecError;
use crate::limits::TOPICS_PER_PEER;

/// Prefixes, each as often as it was asked for: a CANCEL takes one back.
#[derive(Default)]
pub(crate) struct Subscriptions {
    prefixes: Vec<Box<[u8]>>,
}

impl Subscriptions {
    /// Adds a prefix; an error when the peer holds too many.
    pub(crate) fn add(&mut self, prefix: &[u8]) -> Result<(), CodecError> {
        if self.prefixes.len() >= TOPICS_PER_PEER {
            return Err(CodecError::Unexpected { expected: "at most 256 subscriptions" });
        }
        // A copy: the received bytes would keep their whole read buffer alive.
        self.prefixes.push(prefix.into());
        Ok(())
    }

    pub(crate) fn cancel(&mut self, prefix: &[u8]) {
        if let Some(at) = self.prefixes.iter().position(|p| p.as_ref() == prefix) {
            self.prefixes.swap_remove(at);
        }
    }

    pub(crate) fn wants(&self, topic: &[u8]) -> bool {
        self.prefixes.iter().any(|p| topic.starts_with(p))
    }

    pub(crate) fn len(&self) -> usize {
        self.prefixes.len()
    }
}

/// A message of a ZMTP 3.0 subscriber: `(true, prefix)` to subscribe, `(false, prefix)` to cancel.
pub(crate) fn read_message(frames: &[Bytes]) -> Option<(bool, Bytes)> {
    let [frame] = frames else { return None };
    match frame.first()? {
        1 => Some((true, frame.slice(1..))),
        0 => Some((false, frame.slice(1..))),
        _ => None,
    }
}
