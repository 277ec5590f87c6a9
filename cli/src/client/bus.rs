//! The master's event bus, read as every listener reads it.

use std::path::Path;
use std::time::Duration;

use bytes::{Buf, BytesMut};
use halite_core::{Error, Result, Value};
use halite_net::ipc::{EventSource, Framing};
use halite_wire::frame::{body_of, read_event};
use halite_wire::limits::Limits;
use halite_wire::msgpack::{self, Dialect, StreamDecoder};

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

/// Bytes of the length that masters before 3007 write before each frame.
const PREFIX_BYTES: usize = 4;

/// Cuts the stream into msgpack maps.
enum Frames {
    /// Nothing has come yet.
    New,
    /// One map after the other.
    Plain(StreamDecoder),
    /// A length of four bytes before each map, as Salt 3006 writes it.
    Prefixed,
}

impl Framing for Frames {
    type Item = Value;

    fn next(&mut self, buffer: &mut BytesMut) -> Result<Option<Value>, String> {
        if let (Frames::New, Some(first)) = (&self, buffer.first()) {
            // A map of two begins with one of these; a length below 2 GiB never does.
            *self = match first {
                0x80..=0x8f | 0xde | 0xdf => {
                    Frames::Plain(StreamDecoder::new(Dialect::Bus, Limits::ACCEPTED))
                }
                _ => Frames::Prefixed,
            };
        }
        match self {
            Frames::New => Ok(None),
            Frames::Plain(decoder) => {
                if !buffer.is_empty() {
                    decoder.push(buffer);
                    buffer.advance(buffer.len());
                }
                decoder.next_value().map_err(|error| error.to_string())
            }
            Frames::Prefixed => prefixed(buffer),
        }
    }
}

fn prefixed(buffer: &mut BytesMut) -> Result<Option<Value>, String> {
    let Some(prefix) = buffer.first_chunk::<PREFIX_BYTES>() else { return Ok(None) };
    let length = u32::from_be_bytes(*prefix) as usize;
    if length > EVENT_BYTES_MAX {
        return Err(format!("a frame of {length} bytes; the limit is {EVENT_BYTES_MAX}"));
    }
    if buffer.len() < PREFIX_BYTES + length {
        return Ok(None);
    }
    buffer.advance(PREFIX_BYTES);
    let frame = buffer.split_to(length);
    let value = msgpack::decode(&frame, Dialect::Bus, &Limits::ACCEPTED);
    value.map(Some).map_err(|error| error.to_string())
}

impl Bus {
    /// Connects to a publishing socket.
    pub(super) async fn connect(path: &Path) -> Result<Bus> {
        let source = EventSource::connect(path, Frames::New, EVENT_BYTES_MAX).await;
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

#[cfg(test)]
mod tests {
    use super::*;
    use halite_core::{Map, map};
    use halite_wire::frame::{event_body, pub_frame};

    fn tags(bytes: &[u8], step: usize) -> Vec<String> {
        let (mut frames, mut buffer, mut found) = (Frames::New, BytesMut::new(), Vec::new());
        for piece in bytes.chunks(step) {
            buffer.extend_from_slice(piece);
            while let Some(frame) = frames.next(&mut buffer).expect("is well-formed") {
                let body = body_of(&frame).expect("has a body");
                found.push(read_event(body).expect("is an event").0.to_owned());
            }
        }
        found
    }

    #[test]
    fn frames_are_read_with_and_without_lengths_in_any_pieces() {
        let long: Map = map! {"text" => "x".repeat(300)};
        let frames = [pub_frame(&event_body("a", &Map::new())), pub_frame(&event_body("b", &long))];
        let plain = frames.concat();
        let prefixed: Vec<u8> = frames
            .iter()
            .flat_map(|frame| [&(frame.len() as u32).to_be_bytes()[..], &frame[..]].concat())
            .collect();
        for step in [1, 7, 1000] {
            assert_eq!(tags(&plain, step), ["a", "b"]);
            assert_eq!(tags(&prefixed, step), ["a", "b"]);
        }
    }
}
