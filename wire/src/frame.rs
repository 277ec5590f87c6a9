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

/// The tag of [`missed_frame`].
pub const MISSED: &str = "halite/bus/missed";

/// Tells a reader that was too slow how many events it missed; `stamp` is the moment as `_stamp` has it.
pub fn missed_frame(missed: u64, stamp: &str) -> Vec<u8> {
    let missed = i64::try_from(missed).unwrap_or(i64::MAX);
    pub_frame(&event_body(MISSED, &map! {"missed" => missed, "_stamp" => stamp}))
}

/// The same, with the mark of what caused the event in its head, where nobody but the reactor looks.
pub fn caused_frame(body: &[u8], cause: &str) -> Vec<u8> {
    if cause.is_empty() {
        return pub_frame(body);
    }
    let frame = map! {"head" => map! {CAUSE => cause}, "body" => Value::bytes(body)};
    msgpack::encode(&frame.into(), Dialect::Bus)
}

/// The key in the head of a frame under which stands what caused the event.
pub const CAUSE: &str = "cause";

/// The beginning of every frame without a cause.
const PLAIN_HEAD: &[u8] = b"\x82\xa4head\x80\xa4body";

/// The body of a frame as it was written here, without reading the rest: what a reader does for every event. `None`
/// if the frame has another form; [`body_of`] reads that too.
pub fn plain_body(frame: &[u8]) -> Option<&[u8]> {
    let rest = frame.strip_prefix(PLAIN_HEAD)?;
    let (kind, rest) = rest.split_first()?;
    let width = match kind {
        0xc4 => 1,
        0xc5 => 2,
        0xc6 => 4,
        _ => return None,
    };
    let (length, body) = rest.split_at_checked(width)?;
    let length = length.iter().fold(0_usize, |length, byte| length << 8 | usize::from(*byte));
    (body.len() == length).then_some(body)
}

/// Body and cause of a frame from the bus; the cause is empty for most.
pub fn open_frame(frame: &[u8]) -> Result<(Vec<u8>, String), EventError> {
    if let Some(body) = plain_body(frame) {
        return Ok((body.to_vec(), String::new()));
    }
    let frame = msgpack::decode(frame, Dialect::Bus, &Limits::ACCEPTED)?;
    Ok((body_of(&frame)?.to_vec(), cause_of(&frame).to_owned()))
}

/// The cause in the head of a frame.
pub fn cause_of(frame: &Value) -> &str {
    let cause = frame.get("head").and_then(|head| head.get(CAUSE));
    cause.and_then(Value::as_str).unwrap_or_default()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_opened_with_and_without_a_cause() {
        for size in [0, 10, 300, 70_000] {
            let body = event_body("my/tag", &map! {"x" => "y".repeat(size)});
            let plain = pub_frame(&body);
            assert_eq!(plain_body(&plain), Some(&body[..]));
            assert_eq!(open_frame(&plain), Ok((body.clone(), String::new())));
            let caused = caused_frame(&body, "a b");
            assert_eq!(plain_body(&caused), None);
            assert_eq!(open_frame(&caused), Ok((body.clone(), "a b".to_owned())));
            assert_eq!(caused_frame(&body, ""), plain);
            assert_eq!(plain_body(&plain[..plain.len() - 1]), None);
        }
    }
}
