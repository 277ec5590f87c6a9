//! `secret_pillar`: paths of the pillar that hold secrets, as the configuration or the pillar itself names them.

use crate::glob::fnmatch;
use crate::value::{DELIMITER, Map, Value};

/// The option, and the key of the pillar, that mark values. Salt carries both along and reads neither.
pub const PILLAR_KEY: &str = "secret_pillar";

/// The paths that a setting names: one text, a list, or a map whose keys count unless their value is false. Maps of
/// several pillar files merge, lists may not.
pub(super) fn paths(marks: &Value) -> Vec<String> {
    match marks {
        Value::Str(path) => vec![path.to_string()],
        Value::List(items) => items.iter().map(Value::to_string).collect(),
        Value::Map(map) => {
            let wanted = map.iter().filter(|(_, value)| value.is_null() || value.truthy());
            wanted.map(|(path, _)| path.to_string()).collect()
        }
        _ => Vec::new(),
    }
}

/// Hands over each value at a path whose parts are globs. A list on the way stands for its items.
pub(super) fn each(pillar: &Map, path: &str, found: &mut impl FnMut(&Value)) {
    let parts: Vec<&str> = path.split(DELIMITER).collect();
    go(&Value::from(pillar.clone()), &parts, found);
}

fn go(value: &Value, parts: &[&str], found: &mut impl FnMut(&Value)) {
    let Some((part, rest)) = parts.split_first() else { return found(value) };
    match value {
        Value::List(items) => items.iter().for_each(|item| go(item, parts, found)),
        Value::Map(map) => {
            for (key, item) in map.iter().filter(|(key, _)| fnmatch(&key.to_string(), part)) {
                if key.as_str() != Some(PILLAR_KEY) {
                    go(item, rest, found);
                }
            }
        }
        _ => {}
    }
}
