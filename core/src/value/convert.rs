//! From Rust to `Value` and back: the one place that says which argument counts as which type.

use std::path::PathBuf;
use std::sync::Arc;

use super::{Map, Value};

macro_rules! from {
    ($($ty:ty => |$v:ident| $to:expr),+ $(,)?) => {
        $(impl From<$ty> for Value { fn from($v: $ty) -> Value { $to } })+
    };
}

from! {
    () => |_v| Value::Null,
    bool => |v| Value::Bool(v),
    i64 => |v| Value::Int(v),
    i32 => |v| Value::Int(v.into()),
    u32 => |v| Value::Int(v.into()),
    u16 => |v| Value::Int(v.into()),
    u8 => |v| Value::Int(v.into()),
    u64 => |v| Value::from_bigint(v.into()),
    usize => |v| Value::from_bigint(v.into()),
    f64 => |v| Value::Float(v),
    &str => |v| Value::str(v),
    String => |v| Value::Str(v.into()),
    &String => |v| Value::str(v),
    Box<str> => |v| Value::Str(v.into()),
    Arc<str> => |v| Value::Str(v),
    &[u8] => |v| Value::bytes(v),
    Map => |v| Value::Map(Arc::new(v)),
    Arc<Map> => |v| Value::Map(v),
    &Value => |v| v.clone(),
    PathBuf => |v| Value::from_os(v.as_os_str()),
    &std::path::Path => |v| Value::from_os(v.as_os_str()),
}

impl Value {
    /// A path or other text of the operating system: text if it is UTF-8, else bytes.
    pub fn from_os(text: &std::ffi::OsStr) -> Value {
        match text.to_str() {
            Some(text) => Value::str(text),
            None => Value::bytes(text.as_encoded_bytes()),
        }
    }
}

impl<T: Into<Value>> From<Vec<T>> for Value {
    fn from(items: Vec<T>) -> Value {
        Value::List(Arc::new(items.into_iter().map(Into::into).collect()))
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(item: Option<T>) -> Value {
        item.map_or(Value::Null, Into::into)
    }
}

impl<const N: usize> From<[Value; N]> for Value {
    fn from(items: [Value; N]) -> Value {
        Value::List(Arc::new(items.into()))
    }
}

/// What a parameter takes, as `sys.argspec`, errors and completion name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// Anything.
    Any,
    /// `True`/`False`.
    Bool,
    /// A whole number.
    Int,
    /// A number.
    Float,
    /// Text; numbers are taken and turned into text, as `key=1` on a command line is a number.
    Str,
    /// A list; a comma separated text is split.
    List,
    /// A map.
    Map,
}

impl Type {
    /// The Python name that users know.
    pub fn name(self) -> &'static str {
        match self {
            Type::Any => "any",
            Type::Bool => "bool",
            Type::Int => "int",
            Type::Float => "float",
            Type::Str => "str",
            Type::List => "list",
            Type::Map => "dict",
        }
    }
}

/// A type that a registry function may take as a parameter.
pub trait FromValue: Sized {
    /// How the type is called in docs and errors.
    const TYPE: Type;
    /// Takes the value or gives it back.
    fn from_value(value: Value) -> Result<Self, Value>;
}

impl FromValue for Value {
    const TYPE: Type = Type::Any;
    fn from_value(value: Value) -> Result<Value, Value> {
        Ok(value)
    }
}

impl FromValue for String {
    const TYPE: Type = Type::Str;
    fn from_value(value: Value) -> Result<String, Value> {
        match value {
            Value::Str(text) => Ok(text.to_string()),
            Value::Int(_) | Value::Big(_) | Value::Float(_) | Value::Bool(_) => {
                Ok(value.to_string())
            }
            other => Err(other),
        }
    }
}

impl FromValue for PathBuf {
    const TYPE: Type = Type::Str;
    fn from_value(value: Value) -> Result<PathBuf, Value> {
        String::from_value(value).map(PathBuf::from)
    }
}

impl FromValue for bool {
    const TYPE: Type = Type::Bool;
    /// Python functions test truth, so any scalar is taken for its truth.
    fn from_value(value: Value) -> Result<bool, Value> {
        Ok(value.truthy())
    }
}

impl FromValue for i64 {
    const TYPE: Type = Type::Int;
    fn from_value(value: Value) -> Result<i64, Value> {
        match &value {
            Value::Int(_) | Value::Bool(_) => value.as_i64().ok_or(value),
            Value::Float(float) if float.fract() == 0.0 && float.abs() < 9e15 => Ok(*float as i64),
            Value::Str(text) => text.trim().parse().map_err(|_| value),
            _ => Err(value),
        }
    }
}

impl FromValue for f64 {
    const TYPE: Type = Type::Float;
    fn from_value(value: Value) -> Result<f64, Value> {
        match &value {
            Value::Str(text) => text.trim().parse().map_err(|_| value),
            _ => value.as_f64().ok_or(value),
        }
    }
}

impl FromValue for Map {
    const TYPE: Type = Type::Map;
    fn from_value(value: Value) -> Result<Map, Value> {
        match value {
            Value::Map(map) => Ok(Arc::unwrap_or_clone(map)),
            other => Err(other),
        }
    }
}

impl<T: FromValue> FromValue for Vec<T> {
    const TYPE: Type = Type::List;
    /// A single scalar is a list of one; text is split at commas, as Salt's `split_input` does.
    fn from_value(value: Value) -> Result<Vec<T>, Value> {
        match value {
            Value::List(items) => items.iter().cloned().map(T::from_value).collect(),
            Value::Str(text) => {
                text.split(',').map(|part| T::from_value(Value::str(part.trim()))).collect()
            }
            Value::Map(_) | Value::Null => Err(value),
            scalar => Ok(vec![T::from_value(scalar)?]),
        }
    }
}

impl<T: FromValue> FromValue for Option<T> {
    const TYPE: Type = T::TYPE;
    fn from_value(value: Value) -> Result<Option<T>, Value> {
        match value {
            Value::Null => Ok(None),
            other => T::from_value(other).map(Some),
        }
    }
}
