//! Values that follow each other without a frame: what a subscriber of the event bus reads.

use halite_core::Value;

use super::{DecodeError, Dialect, Reader};
use crate::limits::Limits;

/// Takes bytes as they arrive and gives whole values. After an error the stream has lost its place:
/// close it.
#[derive(Debug)]
pub struct StreamDecoder {
    buffer: Vec<u8>,
    read: usize,
    /// No attempt below this many buffered bytes: what was incomplete needs at least one more.
    wanted: usize,
    dialect: Dialect,
    limits: Limits,
}

impl StreamDecoder {
    /// An empty decoder; `limits` holds for each value.
    pub fn new(dialect: Dialect, limits: Limits) -> StreamDecoder {
        StreamDecoder { buffer: Vec::new(), read: 0, wanted: 1, dialect, limits }
    }

    /// Adds what arrived.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.drain(..self.read);
        self.read = 0;
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole value, `None` while it is not complete.
    pub fn next_value(&mut self) -> Result<Option<Value>, DecodeError> {
        let waiting = &self.buffer[self.read..];
        if waiting.len() < self.wanted {
            return Ok(None);
        }
        let window = &waiting[..waiting.len().min(self.limits.bytes)];
        let mut reader = Reader::new(window, self.dialect, &self.limits)?;
        match reader.value() {
            Ok(value) => {
                self.read += reader.position();
                self.wanted = 1;
                Ok(Some(value))
            }
            Err(DecodeError::Truncated { .. }) if waiting.len() < self.limits.bytes => {
                self.wanted = waiting.len() + 1;
                Ok(None)
            }
            Err(DecodeError::Truncated { .. }) => {
                Err(DecodeError::Limit { what: "bytes", allowed: self.limits.bytes })
            }
            Err(error) => Err(error),
        }
    }
}
