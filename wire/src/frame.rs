//! Events on the bus: `tag`, two newlines, data; and the frames they travel in between processes
//! of one host. Salt: `salt.utils.event` behaviour.

use halite_core::{Map, Value, map};

use crate::limits::Limits;
use crate::msgpack::{self, DecodeError, Dialect};

/// What stands between a tag and its data.
const END: &[u8] = b"\n\n";

/// Why bytes are no event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// No tag, or one that is not text.
    #[error("an event without a tag")]
    Tag,
    /// The frame is no map with a `body`.
    #[error("an event frame without a body")]
    Body,
    /// The data is not msgpack.
    #[error(transparent)]
    Decode(#[from] DecodeError),
}

/// The body of an event.
pub fn event_body(tag: &str, data: &Map) -> Vec<u8> {
    let mut body = Vec::with_capacity(tag.len() + 64);
    body.extend_from_slice(tag.as_bytes());
    body.extend_from_slice(END);
    msgpack::encode_into(&Value::from(data.clone()), Dialect::Bus, &mut body);
    body
}

/// Tag and data of an event's body.
pub fn read_event(body: &[u8]) -> Result<(&str, Value), EventError> {
    let at = body.windows(END.len()).position(|window| window == END).ok_or(EventError::Tag)?;
    let tag = std::str::from_utf8(&body[..at]).map_err(|_| EventError::Tag)?;
    // Old senders padded the tag to a fixed width.
    let tag = tag.trim_end_matches('|');
    let data = msgpack::decode(&body[at + END.len()..], Dialect::Bus, &Limits::ACCEPTED)?;
    Ok((tag, data))
}

/// What subscribers read: a map `{head, body}`, one after the other without lengths. Read it with
/// [`crate::msgpack::StreamDecoder`] and [`body_of`].
pub fn pub_frame(body: &[u8]) -> Vec<u8> {
    let frame = map! {"head" => Map::new(), "body" => Value::bytes(body)};
    msgpack::encode(&frame.into(), Dialect::Bus)
}

/// What is written into the bus: the same behind four bytes of big-endian length.
pub fn pull_frame(body: &[u8]) -> Vec<u8> {
    let frame = pub_frame(body);
    let len = u32::try_from(frame.len()).expect("events are bounded far below 4 GiB by `limits`");
    let mut out = Vec::with_capacity(frame.len() + 4);
    out.extend_from_slice(&len.to_be_bytes());
    out.extend_from_slice(&frame);
    out
}

/// The body inside a frame that was read from the bus.
pub fn body_of(frame: &Value) -> Result<&[u8], EventError> {
    frame.get("body").and_then(Value::as_bytes).ok_or(EventError::Body)
}
