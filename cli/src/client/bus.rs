//! The master's event bus, read as every listener reads it.

use std::path::Path;
use std::time::Duration;

use bytes::{Buf, BytesMut};
use halite_core::{Error, Result, Value};
use halite_net::ipc::{EventSource, Framing};
use halite_wire::frame::{body_of, read_event};
use halite_wire::limits::Limits;
use halite_wire::msgpack::{Dialect, StreamDecoder};

/// Largest event that is taken from the bus, in bytes.
const EVENT_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Something that happened.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    /// What it is called.
    pub(crate) tag: String,
    /// What belongs to it.
    pub(crate) data: Value,
}

/// A subscription to all events.
pub(crate) struct Bus {
    source: EventSource<Frames>,
}

/// Cuts the stream into msgpack maps.
struct Frames(StreamDecoder);

impl Framing for Frames {
    type Item = Value;

    fn next(&mut self, buffer: &mut BytesMut) -> Result<Option<Value>, String> {
        if !buffer.is_empty() {
            self.0.push(buffer);
            buffer.advance(buffer.len());
        }
        self.0.next_value().map_err(|error| error.to_string())
    }
}

impl Bus {
    /// Connects to a publishing socket.
    pub(super) async fn connect(path: &Path) -> Result<Bus> {
        let decoder = StreamDecoder::new(Dialect::Bus, Limits::ACCEPTED);
        let source = EventSource::connect(path, Frames(decoder), EVENT_BYTES_MAX).await;
        let source = source.map_err(|error| super::not_running(path, &error.to_string()))?;
        Ok(Bus { source })
    }

    /// The next event; `None` when `limit` has passed without one.
    ///
    /// # Errors
    /// If the bus went away.
    pub(crate) async fn next(&mut self, limit: Duration) -> Result<Option<Event>> {
        let Ok(frame) = tokio::time::timeout(limit, self.next_event()).await else {
            return Ok(None);
        };
        frame.map(Some)
    }

    /// The next event, however long it takes.
    ///
    /// # Errors
    /// If the bus went away.
    pub(crate) async fn next_event(&mut self) -> Result<Event> {
        loop {
            let frame = self.source.next().await.map_err(|e| Error::execution(e.to_string()))?;
            let Some(frame) = frame else {
                return Err(Error::execution("The master closed the event bus"));
            };
            // What is no event is somebody else's mistake; the bus goes on.
            let Ok(Ok((tag, data))) = body_of(&frame).map(read_event) else { continue };
            return Ok(Event { tag: tag.to_owned(), data });
        }
    }
}
