//! Joining nested data. Salt: `salt.utils.dictupdate` behaviour.

use std::sync::Arc;

use halite_core::{Map, Value};

/// What happens to two lists at one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lists {
    /// The later one stands.
    Replace,
    /// The later one's items are added, unless they are there already.
    Join,
}

/// Merges `from` into `into`, maps within maps.
pub fn update(into: &mut Map, from: Map, lists: Lists) {
    for (key, value) in from {
        match into.get_mut(&key) {
            Some(old) => update_value(old, value, lists),
            None => drop(into.insert(key, value)),
        }
    }
}

fn update_value(old: &mut Value, new: Value, lists: Lists) {
    match (old, new) {
        (Value::Map(old), Value::Map(new)) => {
            update(Arc::make_mut(old), Arc::unwrap_or_clone(new), lists);
        }
        (Value::List(old), Value::List(new)) if lists == Lists::Join => {
            let old = Arc::make_mut(old);
            for item in new.iter() {
                if !old.contains(item) {
                    old.push(item.clone());
                }
            }
        }
        (old, new) => *old = new,
    }
}
