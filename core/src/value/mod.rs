//! `Value`: the one data type that the wire, YAML, Jinja, grains, pillar and returns share.
//!
//! It holds what Python would hold in their place: text and bytes apart, integers without an upper
//! end, and maps that keep their order and take any scalar as key. Containers are shared on clone
//! and copied on write, so that a pillar of megabytes can be handed to a thousand templates.

mod convert;
mod json;
mod map;
mod path;
mod pprint;
mod python;

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use num_bigint::BigInt;
use num_traits::{FromPrimitive, ToPrimitive};

pub use convert::{FromValue, Type};
pub use json::{JsonStyle, parse_json, to_json, write_json_str};
pub use map::{Entry, IntoIter, Iter, IterMut, OccupiedEntry, OrderedMap, VacantEntry};
pub use path::{DELIMITER, SubPath};
pub use pprint::{WIDTH as PPRINT_WIDTH, pformat};
pub use python::{float_repr, repr_bytes, repr_str};

/// An ordered map. `map.get("key")` works without making a `Value` of the key.
pub type Map = OrderedMap<Value>;

/// A Python-like value. Equality is Python's: `1 == 1.0 == True`, maps ignore order.
#[derive(Clone, Debug, Default)]
pub enum Value {
    /// `None`.
    #[default]
    Null,
    /// `True` or `False`.
    Bool(bool),
    /// An integer that fits 64 bits.
    Int(i64),
    /// An integer that does not fit `Int`; made only by [`Value::from_bigint`].
    Big(Arc<BigInt>),
    /// A float, NaN and infinities included.
    Float(f64),
    /// Text.
    Str(Arc<str>),
    /// Bytes that are not known to be text.
    Bytes(Arc<[u8]>),
    /// A list (or tuple), shared until written to.
    List(Arc<Vec<Value>>),
    /// A map, shared until written to.
    Map(Arc<Map>),
}

impl Value {
    /// Text from anything string-like.
    pub fn str(text: impl AsRef<str>) -> Value {
        Value::Str(Arc::from(text.as_ref()))
    }

    /// Bytes.
    pub fn bytes(bytes: impl AsRef<[u8]>) -> Value {
        Value::Bytes(Arc::from(bytes.as_ref()))
    }

    /// A list.
    pub fn list(items: impl IntoIterator<Item = Value>) -> Value {
        Value::List(Arc::new(items.into_iter().collect()))
    }

    /// A map from pairs.
    pub fn map<K: Into<Value>>(pairs: impl IntoIterator<Item = (K, Value)>) -> Value {
        Value::Map(Arc::new(pairs.into_iter().map(|(k, v)| (k.into(), v)).collect()))
    }

    /// The smallest form of an integer: `Int` where it fits.
    pub fn from_bigint(big: BigInt) -> Value {
        match big.to_i64() {
            Some(small) => Value::Int(small),
            None => Value::Big(Arc::new(big)),
        }
    }

    /// The text, if it is text.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::Str(text) => Some(text),
            _ => None,
        }
    }

    /// The bytes of text or bytes: what the wire's "raw" means.
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Value::Str(text) => Some(text.as_bytes()),
            Value::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The integer; booleans count, as in Python.
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Value::Int(int) => Some(*int),
            Value::Bool(flag) => Some(i64::from(*flag)),
            _ => None,
        }
    }

    /// The number as a float.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Value::Float(float) => Some(*float),
            Value::Big(big) => big.to_f64(),
            other => other.as_i64().map(|int| int as f64),
        }
    }

    /// The boolean, if it is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Value::Bool(flag) => Some(*flag),
            _ => None,
        }
    }

    /// The items, if it is a list.
    pub fn as_list(&self) -> Option<&[Value]> {
        match self {
            Value::List(items) => Some(items),
            _ => None,
        }
    }

    /// The map, if it is one.
    pub fn as_map(&self) -> Option<&Map> {
        match self {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The map for writing; copies it first if it is shared.
    pub fn as_map_mut(&mut self) -> Option<&mut Map> {
        match self {
            Value::Map(map) => Some(Arc::make_mut(map)),
            _ => None,
        }
    }

    /// The list for writing; copies it first if it is shared.
    pub fn as_list_mut(&mut self) -> Option<&mut Vec<Value>> {
        match self {
            Value::List(items) => Some(Arc::make_mut(items)),
            _ => None,
        }
    }

    /// The member `key` of a map.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.as_map()?.get(key)
    }

    /// Whether it is `None`.
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// Python's truth: zero, empty and `None` are false.
    pub fn truthy(&self) -> bool {
        match self {
            Value::Null => false,
            Value::Bool(flag) => *flag,
            Value::Int(int) => *int != 0,
            Value::Big(_) => true,
            Value::Float(float) => *float != 0.0,
            Value::Str(text) => !text.is_empty(),
            Value::Bytes(bytes) => !bytes.is_empty(),
            Value::List(items) => !items.is_empty(),
            Value::Map(map) => !map.is_empty(),
        }
    }

    /// Python's name of the type.
    pub fn type_name(&self) -> &'static str {
        match self {
            Value::Null => "NoneType",
            Value::Bool(_) => "bool",
            Value::Int(_) | Value::Big(_) => "int",
            Value::Float(_) => "float",
            Value::Str(_) => "str",
            Value::Bytes(_) => "bytes",
            Value::List(_) => "list",
            Value::Map(_) => "dict",
        }
    }

    /// The integer as a big one; booleans count.
    pub fn to_bigint(&self) -> Option<BigInt> {
        match self {
            Value::Big(big) => Some((**big).clone()),
            other => other.as_i64().map(BigInt::from),
        }
    }
}

/// An integral float as an integer, so that `1.0` and `1` hash alike.
fn integral(float: f64) -> Option<Value> {
    (float.is_finite() && float.fract() == 0.0)
        .then(|| BigInt::from_f64(float).map(Value::from_bigint))
        .flatten()
}

impl PartialEq for Value {
    fn eq(&self, other: &Value) -> bool {
        match (self, other) {
            (Value::Null, Value::Null) => true,
            (Value::Str(a), Value::Str(b)) => a == b,
            (Value::Bytes(a), Value::Bytes(b)) => a == b,
            (Value::List(a), Value::List(b)) => Arc::ptr_eq(a, b) || a == b,
            (Value::Map(a), Value::Map(b)) => Arc::ptr_eq(a, b) || a == b,
            (Value::Big(a), Value::Big(b)) => a == b,
            (Value::Float(a), Value::Float(b)) => a == b || (a.is_nan() && b.is_nan()),
            (Value::Float(f), int) | (int, Value::Float(f)) => {
                let whole = match int {
                    Value::Int(_) | Value::Bool(_) | Value::Big(_) => integral(*f),
                    _ => None,
                };
                whole.is_some_and(|whole| whole == *int)
            }
            (a, b) => matches!((a.as_i64(), b.as_i64()), (Some(a), Some(b)) if a == b),
        }
    }
}

impl Eq for Value {}

impl Hash for Value {
    /// Text hashes as `str` does (so that `&str` finds it), numbers by value.
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            Value::Null => state.write_u8(0xf0),
            Value::Bool(flag) => i64::from(*flag).hash(state),
            Value::Int(int) => int.hash(state),
            Value::Big(big) => big.hash(state),
            Value::Float(float) => match integral(*float) {
                Some(whole) => whole.hash(state),
                None => float.to_bits().hash(state),
            },
            Value::Str(text) => (**text).hash(state),
            Value::Bytes(bytes) => bytes.hash(state),
            Value::List(items) => items.iter().for_each(|item| item.hash(state)),
            Value::Map(map) => state.write_usize(map.len()),
        }
    }
}

impl indexmap::Equivalent<Value> for str {
    fn equivalent(&self, key: &Value) -> bool {
        matches!(key, Value::Str(text) if **text == *self)
    }
}

/// `map! { "key" => value, ... }`: an ordered [`Map`] whose values may be anything `Into<Value>`.
#[macro_export]
macro_rules! map {
    () => { $crate::Map::new() };
    ($($key:expr => $value:expr),+ $(,)?) => {{
        let mut map = $crate::Map::new();
        $(map.insert($crate::Value::from($key), $crate::Value::from($value));)+
        map
    }};
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equality_is_pythons() {
        assert_eq!(Value::Int(1), Value::Bool(true));
        assert_eq!(Value::Int(1), Value::Float(1.0));
        assert_ne!(Value::str("1"), Value::Int(1));
        assert_ne!(Value::str("a"), Value::bytes("a"));
        let a = map! {"x" => 1, "y" => 2};
        let b = map! {"y" => 2, "x" => 1};
        assert_eq!(Value::from(a), Value::from(b));
    }

    #[test]
    fn equal_keys_are_one_key() {
        let mut map = Map::new();
        map.insert(Value::Int(1), "int".into());
        map.insert(Value::Bool(true), "bool".into());
        map.insert(Value::Float(1.0), "float".into());
        assert_eq!(map.len(), 1);
        assert_eq!(map.get(&Value::Int(1)), Some(&"float".into()));
    }

    #[test]
    fn text_is_found_by_str() {
        let map = map! {"a" => 1};
        assert_eq!(map.get("a"), Some(&Value::Int(1)));
        assert_eq!(map.get("b"), None);
    }
}
