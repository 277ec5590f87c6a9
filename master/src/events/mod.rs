//! The event bus: tags and data. Frames and sockets are the wire's.

mod allowed;
pub mod tags;

use bytes::Bytes;
use halite_core::{Map, Value};
use halite_wire::frame;

use crate::limits;

pub use allowed::{Refusal, minion_may_fire};

/// What stands for a value that made an event too large. Salt: `trim_event` behaviour.
const TRIMMED: &str = "VALUE_TRIMMED";

/// An event.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// What happened.
    pub tag: String,
    /// The data; `_stamp` is added when it is fired.
    pub data: Map,
}

impl Event {
    /// An event.
    pub fn new(tag: impl Into<String>, data: Map) -> Event {
        Event { tag: tag.into(), data }
    }

    /// The body that goes over the sockets, stamped with `now` (microseconds since 1970 UTC) unless the sender
    /// did. Above [`limits::EVENT_BYTES`] the large values are left out.
    pub fn body(&self, now: i64) -> Vec<u8> {
        self.body_within(now, limits::EVENT_BYTES).0
    }

    /// The same with another bound, which it may still be above; and how long it was with all its values.
    pub fn body_within(&self, now: i64, bytes_max: usize) -> (Vec<u8>, usize) {
        let mut data = self.data.clone();
        if !data.contains_key("_stamp") {
            data.insert("_stamp".into(), stamp(now).into());
        }
        let body = frame::event_body(&self.tag, &data);
        let whole = body.len();
        if whole <= bytes_max {
            return (body, whole);
        }
        // Ever smaller values go, until the rest fits.
        for percent in [50, 40, 30, 20, 10] {
            data.values_mut().for_each(|value| trim(value, bytes_max / 100 * percent));
            let body = frame::event_body(&self.tag, &data);
            if body.len() <= bytes_max {
                return (body, whole);
            }
        }
        // Many small ones: where they are, their names stay.
        let large = |value: &&mut Value| bytes_of(value) > bytes_max / 10;
        data.values_mut().filter(large).for_each(|value| trim(value, 0));
        (frame::event_body(&self.tag, &data), whole)
    }

    /// The frame that subscribers of the bus read.
    pub fn frame(&self, now: i64) -> Bytes {
        Bytes::from(frame::pub_frame(&self.body(now)))
    }
}

fn bytes_of(value: &Value) -> usize {
    frame::event_body("", &halite_core::map! {"v" => value.clone()}).len()
}

/// Puts [`TRIMMED`] in place of what is longer than `largest`, within maps too.
/// Salt: `salt.utils.dicttrim.trim_dict` behaviour.
fn trim(value: &mut Value, largest: usize) {
    if let Some(map) = value.as_map_mut() {
        map.values_mut().for_each(|value| trim(value, largest));
    } else if bytes_of(value) > largest {
        *value = TRIMMED.into();
    }
}

/// A moment as `_stamp` has it: `2026-11-21T22:55:06.160140+00:00`.
pub fn stamp(micros: i64) -> String {
    let at = jiff::Timestamp::from_microsecond(micros).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    at.strftime("%Y-%m-%dT%H:%M:%S%.6f+00:00").to_string()
}

/// The tag at the front of an event's body, without reading the data.
pub fn tag_of(body: &[u8]) -> Option<&str> {
    let end = body.windows(2).take(limits::TAG_BYTES).position(|pair| pair == b"\n\n")?;
    std::str::from_utf8(&body[..end]).ok()
}

/// The data of one event as a map; what else it may be stands under `data`.
pub fn data_map(value: Value) -> Map {
    match value {
        Value::Map(map) => std::sync::Arc::unwrap_or_clone(map),
        other => halite_core::map! {"data" => other},
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use halite_core::map;

    #[test]
    fn events_read_back_and_are_stamped() {
        let event = Event::new("salt/auth", map! {"id" => "a"});
        let body = event.body(1_790_000_000_123_456);
        assert_eq!(tag_of(&body), Some("salt/auth"));
        let (tag, data) = frame::read_event(&body).expect("reads");
        assert_eq!(
            (tag, data.get("_stamp")),
            ("salt/auth", Some(&"2026-09-21T14:13:20.123456+00:00".into()))
        );
        let own = Event::new("x", map! {"_stamp" => "mine"}).body(0);
        assert_eq!(frame::read_event(&own).expect("reads").1.get("_stamp"), Some(&"mine".into()));
    }

    #[test]
    fn a_huge_value_is_left_out_of_the_event() {
        let event = Event::new("t", map! {"return" => "x".repeat(2_000_000), "id" => "a"});
        let (_, data) =
            frame::read_event(&event.body(0)).map(|(t, d)| (t.to_owned(), d)).expect("reads");
        assert_eq!(data.get("return"), Some(&TRIMMED.into()));
        assert_eq!(data.get("id"), Some(&"a".into()));
        let many: Map = (0..20_000).map(|i| (i.into(), "x".repeat(100).into())).collect();
        let event = Event::new("t", map! {"data" => many, "id" => "a"});
        let body = event.body(0);
        let (_, data) = frame::read_event(&body).expect("reads");
        assert_eq!(data.get("data").and_then(Value::as_map).map(Map::len), Some(20_000));
        assert_eq!(data.get("id"), Some(&"a".into()));
    }
}
