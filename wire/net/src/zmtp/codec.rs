//! Frames and messages without IO: bytes in, frames out, every announced length checked before
//! memory is taken.

use bytes::{Buf, BufMut, Bytes, BytesMut};

use super::command::Command;
use crate::limits::{COMMAND_BYTES, MESSAGE_FRAMES, READ_CHUNK_BYTES, READ_GROWTH_BYTES};

/// More frames of this message follow.
pub const FLAG_MORE: u8 = 1;
/// The length has 8 bytes instead of 1.
pub const FLAG_LONG: u8 = 2;
/// The frame is a command.
pub const FLAG_COMMAND: u8 = 4;

/// What is wrong with the bytes of a peer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// The first bytes are no ZMTP signature.
    #[error("this is no ZeroMQ peer (wrong signature)")]
    Signature,
    /// A version of before libzmq 4.
    #[error("ZMTP version {major} is too old, 3 is needed (libzmq 4 or later)")]
    Version {
        /// The version announced.
        major: u8,
    },
    /// CURVE, PLAIN or GSSAPI.
    #[error("security mechanism {name:?} is not supported, only NULL")]
    Mechanism {
        /// The mechanism announced, printable.
        name: String,
    },
    /// Reserved flag bits are set, or flags that exclude each other.
    #[error("frame flags {flags:#04x} are not valid")]
    Flags {
        /// The flag byte.
        flags: u8,
    },
    /// A frame or message above the limit.
    #[error("a message of {announced_bytes} bytes is over the limit of {limit_bytes} bytes")]
    TooLarge {
        /// Announced size, including the frames of the message that came before.
        announced_bytes: u64,
        /// The limit.
        limit_bytes: usize,
    },
    /// Too many frames in one message.
    #[error("a message has more than {limit} frames")]
    TooManyFrames {
        /// The limit.
        limit: usize,
    },
    /// A command that cannot be read.
    #[error("{what}")]
    Command {
        /// What is wrong with it.
        what: &'static str,
    },
    /// The peer sent something else than the protocol asks for at this point.
    #[error("expected {expected}")]
    Unexpected {
        /// What the protocol asks for.
        expected: &'static str,
    },
}

/// One unit of what a peer says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// A whole message: one or more frames.
    Message(Vec<Bytes>),
    /// A command, possibly between the frames of a message.
    Command(Command),
}

/// Turns a byte stream after the greeting into messages and commands.
#[derive(Debug)]
pub struct Decoder {
    buffer: BytesMut,
    limit_bytes: usize,
    frames: Vec<Bytes>,
    frames_bytes: usize,
}

struct Header {
    flags: u8,
    header_bytes: usize,
    body_bytes: usize,
}

impl Decoder {
    /// A decoder that refuses messages above `limit_bytes` (all frames of a message together).
    pub fn new(limit_bytes: usize) -> Self {
        Self { buffer: BytesMut::new(), limit_bytes, frames: Vec::new(), frames_bytes: 0 }
    }

    /// Changes the limit for what is decoded from now on.
    pub fn set_limit(&mut self, limit_bytes: usize) {
        self.limit_bytes = limit_bytes;
    }

    /// The buffer to read into, with room reserved: little for a start, more while a large frame
    /// arrives.
    pub fn read_buffer(&mut self) -> &mut BytesMut {
        let missing = match self.header() {
            Ok(Some(h)) => (h.header_bytes + h.body_bytes).saturating_sub(self.buffer.len()),
            _ => 0,
        };
        self.buffer.reserve(missing.clamp(READ_CHUNK_BYTES, READ_GROWTH_BYTES));
        &mut self.buffer
    }

    /// Bytes received and not yet decoded, for the greeting.
    pub fn peek(&self) -> &[u8] {
        &self.buffer
    }

    /// Drops `count` received bytes, at most all of them.
    pub fn skip(&mut self, count: usize) {
        self.buffer.advance(count.min(self.buffer.len()));
    }

    /// Gives the buffer back when nothing is in it, so that an idle connection holds none.
    pub fn release_if_empty(&mut self) {
        if self.buffer.is_empty() {
            self.buffer = BytesMut::new();
        }
    }

    fn header(&self) -> Result<Option<Header>, CodecError> {
        let Some(flags) = self.buffer.first().copied() else { return Ok(None) };
        let command_with_more = flags & FLAG_COMMAND != 0 && flags & FLAG_MORE != 0;
        if flags & !(FLAG_MORE | FLAG_LONG | FLAG_COMMAND) != 0 || command_with_more {
            return Err(CodecError::Flags { flags });
        }
        let (header_bytes, announced) = if flags & FLAG_LONG != 0 {
            let Some(field) = self.buffer.get(1..9) else { return Ok(None) };
            (9, field.iter().fold(0_u64, |n, b| n << 8 | u64::from(*b)))
        } else {
            let Some(length) = self.buffer.get(1) else { return Ok(None) };
            (2, u64::from(*length))
        };
        let (before, limit_bytes) = if flags & FLAG_COMMAND != 0 {
            (0, COMMAND_BYTES.min(self.limit_bytes))
        } else {
            (self.frames_bytes, self.limit_bytes)
        };
        let announced_bytes = announced.saturating_add(before as u64);
        match usize::try_from(announced) {
            Ok(body_bytes) if announced_bytes <= limit_bytes as u64 => {
                Ok(Some(Header { flags, header_bytes, body_bytes }))
            }
            _ => Err(CodecError::TooLarge { announced_bytes, limit_bytes }),
        }
    }

    /// The next message or command, or `None` until more bytes are read. After an error the
    /// connection must be closed.
    pub fn next_item(&mut self) -> Result<Option<Item>, CodecError> {
        while let Some(h) = self.header()? {
            if self.buffer.len() < h.header_bytes + h.body_bytes {
                return Ok(None);
            }
            self.buffer.advance(h.header_bytes);
            let body = self.buffer.split_to(h.body_bytes).freeze();
            if h.flags & FLAG_COMMAND != 0 {
                return Command::decode(body).map(|c| Some(Item::Command(c)));
            }
            if self.frames.len() >= MESSAGE_FRAMES {
                return Err(CodecError::TooManyFrames { limit: MESSAGE_FRAMES });
            }
            self.frames_bytes += body.len();
            self.frames.push(body);
            if h.flags & FLAG_MORE == 0 {
                self.frames_bytes = 0;
                return Ok(Some(Item::Message(std::mem::take(&mut self.frames))));
            }
        }
        Ok(None)
    }
}

/// Appends one frame; the long form is chosen by the size of the body.
pub fn encode_frame(out: &mut BytesMut, flags: u8, body: &[u8]) {
    match u8::try_from(body.len()) {
        Ok(short) => {
            out.put_u8(flags);
            out.put_u8(short);
        }
        Err(_) => {
            out.put_u8(flags | FLAG_LONG);
            out.put_u64(body.len() as u64);
        }
    }
    out.extend_from_slice(body);
}

/// A whole message as one buffer that can be shared between connections.
pub fn encode_message<F: AsRef<[u8]>>(frames: &[F]) -> Bytes {
    let bytes: usize = frames.iter().map(|f| f.as_ref().len() + 9).sum();
    let mut out = BytesMut::with_capacity(bytes);
    for (i, frame) in frames.iter().enumerate() {
        encode_frame(&mut out, if i + 1 < frames.len() { FLAG_MORE } else { 0 }, frame.as_ref());
    }
    out.freeze()
}
