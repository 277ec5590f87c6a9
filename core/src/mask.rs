//! Hiding pillar values at the output. Salt: `salt.utils.secret` behaviour.

use crate::value::Value;

/// What stands in place of a value.
pub const PLACEHOLDER: &str = "**********";

/// The same data with every scalar hidden that is not empty, zero, `False` or `None`; keys stay.
pub fn masked(value: &Value) -> Value {
    match value {
        Value::List(items) => Value::list(items.iter().map(masked)),
        Value::Map(map) => Value::map(map.iter().map(|(key, item)| (key.clone(), masked(item)))),
        Value::Bytes(bytes) if !bytes.is_empty() => Value::bytes(PLACEHOLDER),
        scalar if scalar.truthy() => Value::str(PLACEHOLDER),
        empty => empty.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::map;

    #[test]
    fn leaves_are_hidden_and_shapes_stay() {
        let data = map! {"a" => "x", "b" => vec![1, 0], "c" => map!{"d" => true, "e" => ()}};
        assert_eq!(
            masked(&data.into()).repr(),
            "{'a': '**********', 'b': ['**********', 0], 'c': {'d': '**********', 'e': None}}"
        );
    }
}
