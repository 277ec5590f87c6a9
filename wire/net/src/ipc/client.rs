//! The client sides of the event bus, and the length prefix.

use std::{io, path::Path};

use bytes::{BufMut, Bytes, BytesMut};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
    time::timeout,
};

use super::path::check_path;
use crate::{
    NetError,
    limits::{READ_CHUNK_BYTES, READ_GROWTH_BYTES, WRITE_STALL},
};

/// Bytes of the length before each message of the pull socket.
const PREFIX_BYTES: usize = 4;

/// Finds the messages in a stream of bytes that has no lengths (the event bus: one msgpack map
/// after another).
pub trait Framing: Send {
    /// What one message is handed over as.
    type Item;

    /// Takes the next whole message off the front of `buffer`; `None` while it is not whole. An
    /// error, in words, ends the connection.
    fn next(&mut self, buffer: &mut BytesMut) -> Result<Option<Self::Item>, String>;
}

/// A subscriber of a local event bus.
pub struct EventSource<F> {
    stream: UnixStream,
    path: String,
    framing: F,
    buffer: BytesMut,
    limit_bytes: usize,
}

impl<F: Framing> EventSource<F> {
    /// Connects to the publishing socket; a single message above `limit_bytes` ends the connection.
    pub async fn connect(path: &Path, framing: F, limit_bytes: usize) -> Result<Self, NetError> {
        let (stream, path) = open(path).await?;
        Ok(Self { stream, path, framing, buffer: BytesMut::new(), limit_bytes })
    }

    /// The next message; `None` when the server has closed between two messages. Safe to use in
    /// `select!`.
    pub async fn next(&mut self) -> Result<Option<F::Item>, NetError> {
        let peer = || self.path.clone();
        loop {
            let found = self.framing.next(&mut self.buffer);
            match found.map_err(|why| NetError::Malformed { peer: peer(), why })? {
                Some(item) => return Ok(Some(item)),
                None if self.buffer.len() > self.limit_bytes => {
                    let (bytes, limit) = (self.buffer.len(), self.limit_bytes);
                    return Err(NetError::TooLarge { to: peer(), bytes, limit });
                }
                None => {}
            }
            if self.buffer.is_empty() {
                // An idle subscriber holds no buffer.
                self.buffer = BytesMut::new();
                let ready = self.stream.readable().await;
                ready.map_err(|source| NetError::Io { peer: peer(), source })?;
            }
            self.buffer.reserve(READ_CHUNK_BYTES);
            match self.stream.read_buf(&mut self.buffer).await {
                Ok(0) if self.buffer.is_empty() => return Ok(None),
                Ok(0) => return Err(NetError::Closed { peer: peer() }),
                Ok(_) => {}
                Err(source) => return Err(NetError::Io { peer: peer(), source }),
            }
        }
    }
}

/// A writer to a local event bus.
pub struct EventSink {
    stream: UnixStream,
    path: String,
}

impl EventSink {
    /// Connects to the pull socket.
    pub async fn connect(path: &Path) -> Result<Self, NetError> {
        let (stream, path) = open(path).await?;
        Ok(Self { stream, path })
    }

    /// Sends one message with its length before it. After an error, or when the future was dropped,
    /// the connection must not be used again: half a message may be out.
    pub async fn send(&mut self, message: &[u8]) -> Result<(), NetError> {
        let length = u32::try_from(message.len()).map_err(|_| NetError::TooLarge {
            to: self.path.clone(),
            bytes: message.len(),
            limit: u32::MAX as usize,
        })?;
        let mut out = BytesMut::with_capacity(PREFIX_BYTES + message.len());
        out.put_u32(length);
        out.extend_from_slice(message);
        match timeout(WRITE_STALL, self.stream.write_all(&out)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(source)) => Err(NetError::Io { peer: self.path.clone(), source }),
            Err(_) => {
                let (peer, what) = (self.path.clone(), "taking an event");
                Err(NetError::Timeout { peer, what, limit: WRITE_STALL })
            }
        }
    }
}

async fn open(path: &Path) -> Result<(UnixStream, String), NetError> {
    check_path(path)?;
    let to = path.display().to_string();
    match UnixStream::connect(path).await {
        Ok(stream) => Ok((stream, to)),
        Err(source) => Err(NetError::Connect { to, source }),
    }
}

/// Reads one length-prefixed message; `None` when the stream ends between two. Memory follows
/// arrival.
pub(crate) async fn read_prefixed(
    stream: &mut UnixStream,
    path: &str,
    limit_bytes: usize,
) -> Result<Option<Bytes>, NetError> {
    let io_error = |source: io::Error| match source.kind() {
        io::ErrorKind::UnexpectedEof => NetError::Closed { peer: path.to_owned() },
        _ => NetError::Io { peer: path.to_owned(), source },
    };
    let mut prefix = [0; PREFIX_BYTES];
    let first = stream.read(&mut prefix[..1]).await.map_err(io_error)?;
    if first == 0 {
        return Ok(None);
    }
    let rest = async {
        stream.read_exact(&mut prefix[1..]).await.map_err(io_error)?;
        let bytes = usize::try_from(u32::from_be_bytes(prefix)).unwrap_or(usize::MAX);
        if bytes > limit_bytes {
            return Err(NetError::TooLarge { to: path.to_owned(), bytes, limit: limit_bytes });
        }
        let mut body = BytesMut::new();
        while body.len() < bytes {
            let missing = bytes - body.len();
            body.reserve(missing.min(READ_GROWTH_BYTES));
            let read = (&mut *stream).take(missing as u64).read_buf(&mut body).await;
            if read.map_err(io_error)? == 0 {
                return Err(NetError::Closed { peer: path.to_owned() });
            }
        }
        Ok(Some(body.freeze()))
    };
    timeout(WRITE_STALL, rest).await.unwrap_or_else(|_| {
        let (peer, what) = (path.to_owned(), "sending a whole message");
        Err(NetError::Timeout { peer, what, limit: WRITE_STALL })
    })
}
