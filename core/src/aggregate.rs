//! Data that remembers whether it is to be joined: the `!aggregate` of the renderer `yamlex`.
//!
//! A marked map holds an entry and a marked list an item that no document can write; what is shown
//! to users has been through [`strip`]. Salt: `salt/utils/aggregation.py` behaviour.

use std::sync::Arc;

use crate::limits;
use crate::value::{Map, Value};

/// What marks a container: bytes that YAML, JSON and the wire cannot bring along.
const MARK: &[u8] = b"\0halite aggregate\0";

fn is_mark(value: &Value) -> bool {
    matches!(value, Value::Bytes(bytes) if **bytes == *MARK)
}

/// Whether the value is marked.
fn is_marked(value: &Value) -> bool {
    match value {
        Value::Map(map) => map.first().is_some_and(|(key, _)| is_mark(key)),
        Value::List(items) => items.first().is_some_and(is_mark),
        _ => false,
    }
}

/// The value, marked: null becomes an empty list, another scalar a list of one.
pub fn mark(value: Value) -> Value {
    if is_marked(&value) {
        return value;
    }
    match value {
        Value::Map(map) => {
            let mut marked = Map::with_capacity(map.len() + 1);
            marked.insert(Value::bytes(MARK), Value::Null);
            marked.extend(map.iter().map(|(key, value)| (key.clone(), value.clone())));
            marked.into()
        }
        Value::List(items) => {
            Value::list(std::iter::once(Value::bytes(MARK)).chain(items.iter().cloned()))
        }
        Value::Null => Value::list([Value::bytes(MARK)]),
        scalar => Value::list([Value::bytes(MARK), scalar]),
    }
}

/// The value without marks.
pub fn strip(value: &Value) -> Value {
    match value {
        Value::Map(map) => strip_map(map).into(),
        Value::List(items) => Value::list(items.iter().filter(|item| !is_mark(item)).map(strip)),
        other => other.clone(),
    }
}

/// The map without marks.
pub fn strip_map(map: &Map) -> Map {
    let pairs = map.iter().filter(|(key, _)| !is_mark(key));
    pairs.map(|(key, value)| (key.clone(), strip(value))).collect()
}

/// `over` joined to `under`: marked maps are merged, marked lists united, the rest is replaced. At
/// the first `levels` levels everything counts as marked.
pub fn aggregate(under: &Value, over: &Value, levels: usize) -> Value {
    join(under, over, levels, 0)
}

fn join(under: &Value, over: &Value, levels: usize, depth: usize) -> Value {
    if levels > 0 {
        let as_list = |value: &Value| match value {
            Value::Map(_) | Value::List(_) => value.clone(),
            scalar => mark(scalar.clone()),
        };
        return join_as(&as_list(under), &as_list(over), true, levels - 1, depth);
    }
    let both = is_marked(under) && is_marked(over);
    join_as(under, over, both, 0, depth)
}

fn join_as(under: &Value, over: &Value, marked: bool, levels: usize, depth: usize) -> Value {
    match (under, over) {
        (Value::Map(old), Value::Map(new)) if depth < limits::VALUE_DEPTH => {
            let mut joined = if marked { (**old).clone() } else { (**new).clone() };
            for (key, value) in new.iter().filter(|(key, _)| !is_mark(key)) {
                let value = match old.get(key) {
                    Some(old) => join(old, value, levels, depth + 1),
                    None => value.clone(),
                };
                joined.insert(key.clone(), value);
            }
            Value::Map(Arc::new(joined))
        }
        (Value::List(old), Value::List(new)) if marked => {
            let added = new.iter().filter(|item| !is_mark(item) && !old.contains(item));
            Value::list(old.iter().chain(added).cloned())
        }
        _ => over.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::map;

    #[test]
    fn marked_parts_are_joined() {
        let side =
            |a: Value, l: &str| map! {"a" => mark(a), "l" => mark(vec![l].into()), "s" => vec![l]};
        let one = side(map! {"x" => 1, "l" => vec![1]}.into(), "p").into();
        let two = side(map! {"y" => 2, "l" => vec![2]}.into(), "q").into();
        let joined = aggregate(&one, &two, 1);
        let want = "{'a': {'x': 1, 'l': [2], 'y': 2}, 'l': ['p', 'q'], 's': ['q']}";
        assert_eq!(strip(&joined).repr(), want);
        let scalars = aggregate(&mark("a".into()), &mark("b".into()), 0);
        assert_eq!(strip(&scalars).repr(), "['a', 'b']");
        assert_eq!(strip(&mark(Value::Null)).repr(), "[]");
    }
}
