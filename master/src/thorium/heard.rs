//! An event as Thorium's states read it.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use halite_core::{Map, Value};
use halite_wire::frame;

/// An event: its data is read when a state wants it.
pub(crate) struct Heard {
    /// Its tag.
    pub(crate) tag: Arc<str>,
    frame: Bytes,
    data: OnceLock<Value>,
}

impl Heard {
    pub(crate) fn new(tag: Arc<str>, frame: Bytes) -> Heard {
        Heard { tag, frame, data: OnceLock::new() }
    }

    /// All of its data.
    pub(crate) fn data(&self) -> &Value {
        self.data.get_or_init(|| {
            let opened = frame::open_frame(&self.frame).ok();
            let data =
                opened.and_then(|(body, _)| frame::read_event(&body).ok().map(|(_, data)| data));
            data.unwrap_or_default()
        })
    }

    /// What its sender said: `data` within its data, if there is one, or all of it.
    pub(crate) fn said(&self) -> Map {
        let data = self.data();
        data.get("data").unwrap_or(data).as_map().cloned().unwrap_or_default()
    }
}
