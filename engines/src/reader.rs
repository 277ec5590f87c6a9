//! Events as engines read them from the bus.

use std::sync::atomic::Ordering;
use std::time::Duration;

use halite_core::glob::Glob;
use halite_core::value::{JsonStyle, to_json};
use halite_core::{Map, Value, map};
use halite_net::bus::{Delivered, Room, Subscription};
use halite_wire::frame;

use crate::Home;

/// How long a read waits before it looks whether the daemon stops.
const PATIENCE: Duration = Duration::from_millis(500);

/// A way to read the bus.
pub(crate) struct Reader {
    subscription: Subscription,
    who: String,
}

/// What a read gave.
pub(crate) enum Read {
    /// An event.
    Event(String, Value),
    /// Nothing for a while.
    Quiet,
    /// The daemon stops.
    End,
}

impl Reader {
    /// Reads the tags that fit one of these globs; `who` reads, for the log.
    pub(crate) fn new(home: &Home, tags: &[String], who: &str) -> Reader {
        let globs: Vec<Glob> = match tags {
            [] => vec![Glob::new("*")],
            tags => tags.iter().map(|tag| Glob::new(tag)).collect(),
        };
        let subscription = home.bus.subscribe(&globs, Room::default());
        Reader { subscription, who: who.to_owned() }
    }

    /// What comes next.
    pub(crate) fn next(&self, home: &Home) -> Read {
        match self.subscription.next(PATIENCE) {
            Delivered::Message { topic, message } => {
                let opened = frame::open_frame(&message).map(|(body, _)| body);
                match opened.as_deref().map(frame::read_event) {
                    Ok(Ok((_, data))) => Read::Event(topic.to_string(), data),
                    _ => Read::Quiet,
                }
            }
            Delivered::Missed(count) => {
                tracing::warn!(
                    engine = self.who,
                    count,
                    "The engine is too slow and missed events"
                );
                Read::Quiet
            }
            Delivered::Closed => Read::End,
            Delivered::Nothing if home.stop.load(Ordering::Relaxed) => Read::End,
            Delivered::Nothing => Read::Quiet,
        }
    }
}

/// An event as one line: `{"tag": .., "data": ..}`.
pub(crate) fn line(tag: &str, data: &Value) -> String {
    json(&map! {"tag" => tag, "data" => data.clone()})
}

/// A map as JSON on one line.
pub(crate) fn json(map: &Map) -> String {
    let style = JsonStyle { indent: None, sort_keys: false, keep_unicode: false, compact: false };
    to_json(&map.clone().into(), style)
}

/// The texts of a setting that is a list or one text.
pub(crate) fn texts(settings: &Map, name: &str) -> Vec<String> {
    match settings.get(name) {
        Some(Value::List(items)) => items.iter().map(ToString::to_string).collect(),
        Some(Value::Str(one)) => vec![one.to_string()],
        _ => Vec::new(),
    }
}
