//! `os:Deb*` against nested data.

use crate::glob::fnmatch;
use crate::value::{DELIMITER, Map, Value};

/// How the last part of a path is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// As a glob, letter case aside.
    Glob,
    /// As a Python pattern, anchored at the start, letter case aside.
    Pcre,
    /// As it is, letter case aside.
    Exact,
}

/// Whether `expr` is found in `data`. Every split of the expression into path and pattern is
/// tried, the longest path first, so that values may hold the delimiter themselves.
/// Salt: `salt.utils.data.subdict_match` behaviour.
pub fn subdict_match(data: &Map, expr: &str, delimiter: &str, how: How) -> bool {
    let parts: Vec<&str> = expr.split(delimiter).collect();
    for at in (1..parts.len()).rev() {
        let Some(found) = traverse(data, &parts[..at]) else { continue };
        let pattern = parts[at..].join(delimiter);
        if pattern == "*" {
            return true;
        }
        let hit = match found {
            Value::Map(map) => map_matches(map, &pattern, how),
            Value::List(items) => items.iter().any(|item| match item {
                Value::Map(map) => map_matches(map, &pattern, how),
                other => scalar_matches(other, &pattern, how),
            }),
            other => scalar_matches(other, &pattern, how),
        };
        if hit {
            return true;
        }
    }
    false
}

/// Follows a path through maps, list indexes and lists of maps.
fn traverse<'a>(data: &'a Map, path: &[&str]) -> Option<&'a Value> {
    let (first, rest) = path.split_first()?;
    let mut at = data.get(*first)?;
    for part in rest {
        at = match at {
            Value::Map(map) => map.get(*part)?,
            Value::List(items) => match part.parse::<usize>() {
                Ok(index) => items.get(index)?,
                Err(_) => items.iter().find_map(|item| item.get(part))?,
            },
            _ => return None,
        };
    }
    Some(at)
}

fn map_matches(map: &Map, pattern: &str, how: How) -> bool {
    let inner = pattern.strip_prefix("*:");
    let wanted = inner.unwrap_or(pattern);
    if wanted == "*"
        || map.contains_key(wanted)
        || map.keys().any(|key| scalar_matches(key, wanted, how))
        || subdict_match(map, wanted, DELIMITER, how)
    {
        return true;
    }
    // `*:x` looks one level further down, whatever the key.
    inner.is_some()
        && map.values().any(|value| match value {
            Value::Map(map) => map_matches(map, wanted, how),
            Value::List(items) => items.iter().any(|item| scalar_matches(item, wanted, how)),
            other => scalar_matches(other, wanted, how),
        })
}

fn scalar_matches(value: &Value, pattern: &str, how: How) -> bool {
    let text = value.to_string().to_lowercase();
    let pattern = pattern.to_lowercase();
    match how {
        How::Glob => fnmatch(&text, &pattern),
        How::Exact => text == pattern,
        How::Pcre => crate::pyre::compile_match(&pattern)
            .is_ok_and(|regex| regex.is_match(&text).unwrap_or(false)),
    }
}
