//! Python's comparisons, as far as registers need them.

use std::cmp::Ordering;

use halite_core::{Error, Result, Value};

/// The order of two values; `None` where every comparison is false (NaN).
///
/// # Errors
/// Python's text where it knows no order.
pub(crate) fn compare(a: &Value, b: &Value, op: &str) -> Result<Option<Ordering>> {
    match (a, b) {
        (Value::Str(a), Value::Str(b)) => Ok(Some(a.cmp(b))),
        (Value::Int(a), Value::Int(b)) => Ok(Some(a.cmp(b))),
        (Value::List(a), Value::List(b)) => {
            for (x, y) in a.iter().zip(b.iter()) {
                if x != y {
                    return compare(x, y, op);
                }
            }
            Ok(Some(a.len().cmp(&b.len())))
        }
        _ => match (number(a), number(b)) {
            (Some(x), Some(y)) => Ok(x.partial_cmp(&y)),
            _ => Err(no_order(a.type_name(), b.type_name(), op)),
        },
    }
}

/// Python's text for two kinds without an order.
pub(crate) fn no_order(a: &str, b: &str, op: &str) -> Error {
    Error::execution(format!("'{op}' not supported between instances of '{a}' and '{b}'"))
}

/// A number, or a truth value, which Python counts as one.
pub(crate) fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Bool(flag) => Some(f64::from(u8::from(*flag))),
        Value::Int(_) | Value::Float(_) => value.as_f64(),
        _ => None,
    }
}
