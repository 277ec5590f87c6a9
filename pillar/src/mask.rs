//! Hiding pillar values in what is printed.

use halite_core::{Map, Value};

/// What stands for a hidden value.
pub const MASK: &str = "**********";

/// The data with every scalar hidden that is true; keys, structure and what is empty stay.
/// Salt: `pillar.*` with `pillar_mask_output`.
pub fn mask(value: &Value) -> Value {
    match value {
        Value::List(items) => Value::list(items.iter().map(mask)),
        Value::Map(map) => {
            let pairs = map.iter().map(|(key, value)| (key.clone(), mask(value)));
            Value::from(pairs.collect::<Map>())
        }
        scalar if scalar.truthy() => Value::str(MASK),
        empty => empty.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use halite_core::map;

    #[test]
    fn what_is_true_is_hidden() {
        let data = map! {
            "a" => 1, "b" => map!{"c" => vec!["x", ""], "d" => true}, "e" => "", "f" => 1.5,
            "g" => 0, "h" => false, "i" => (), "j" => Value::bytes("x"),
        };
        let want = "{'a': '**********', 'b': {'c': ['**********', ''], 'd': '**********'}, \
                    'e': '', 'f': '**********', 'g': 0, 'h': False, 'i': None, 'j': '**********'}";
        assert_eq!(mask(&data.into()).repr(), want);
    }
}
