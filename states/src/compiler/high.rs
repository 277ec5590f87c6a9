//! High data: what all sls files of a run come to, before requisites are folded in.

use halite_core::{Map, Value};

use super::place::Places;

/// IDs with their bodies, and what is still to be applied to them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HighData {
    /// ID to body; a body maps a state module to a list of arguments.
    pub ids: Map,
    /// `extend` declarations: one mapping of IDs each, in the order found.
    pub extend: Vec<Map>,
    /// `exclude` entries.
    pub exclude: Vec<Value>,
    /// Where the IDs stand, as far as known.
    pub places: Places,
}

impl HighData {
    /// Takes Salt's form, in which `__extend__` and `__exclude__` stand among the IDs.
    pub fn from_map(mut map: Map) -> HighData {
        let list = |value: Option<Value>| match value {
            Some(Value::List(items)) => items.iter().cloned().collect::<Vec<_>>(),
            _ => Vec::new(),
        };
        let extend = list(map.shift_remove("__extend__"));
        let exclude = list(map.shift_remove("__exclude__"));
        let extend = extend.into_iter().filter_map(|item| item.as_map().cloned()).collect();
        HighData { ids: map, extend, exclude, places: Places::default() }
    }

    /// Salt's form.
    pub fn to_map(&self) -> Map {
        let mut map = self.ids.clone();
        if !self.extend.is_empty() {
            let extend: Vec<Value> = self.extend.iter().cloned().map(Value::from).collect();
            map.insert("__extend__".into(), extend.into());
        }
        if !self.exclude.is_empty() {
            map.insert("__exclude__".into(), self.exclude.clone().into());
        }
        map
    }

    /// Whether there is nothing in it at all.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty() && self.extend.is_empty() && self.exclude.is_empty()
    }
}

/// Whether a key of a body or of the high data is Salt's own.
pub(crate) fn is_internal(key: &Value) -> bool {
    key.as_str().is_some_and(|text| text.starts_with("__"))
}

/// A text member of a body such as `__sls__`.
pub(crate) fn text<'a>(body: &'a Map, key: &str) -> Option<&'a str> {
    body.get(key).and_then(Value::as_str)
}
