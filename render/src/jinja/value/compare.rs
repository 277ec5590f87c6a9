//! `==` and `<` as Python has them.

use std::cmp::Ordering;

use num_bigint::BigInt;
use num_traits::FromPrimitive;

use super::{DictView, Val};
use crate::jinja::fault::{R, recursion_error, type_error};

/// How deep containers are compared; deeper (or cyclic) data is Python's RecursionError.
const DEEPEST: usize = 128;

/// `a == b`. An error if one is a strict undefined.
pub(crate) fn eq(a: &Val, b: &Val) -> R<bool> {
    eq_at(a, b, 0)
}

fn eq_at(a: &Val, b: &Val, depth: usize) -> R<bool> {
    if depth > DEEPEST {
        return recursion_error("maximum recursion depth exceeded in comparison");
    }
    a.defined()?;
    b.defined()?;
    Ok(match (a, b) {
        (Val::Str(a) | Val::Markup(a), Val::Str(b) | Val::Markup(b)) => a == b,
        (Val::Int(a), Val::Int(b)) => a == b,
        (Val::Undef(_), Val::Undef(_)) | (Val::None, Val::None) => true,
        (Val::Bytes(a), Val::Bytes(b)) => a == b,
        (Val::List(x), Val::List(y)) => a.same(b) || eq_items(&x.items(), &y.items(), depth)?,
        (Val::Tuple(x), Val::Tuple(y)) => eq_items(&x.items, &y.items, depth)?,
        (Val::Dict(x), Val::Dict(y)) => {
            if a.same(b) {
                return Ok(true);
            }
            if x.len() != y.len() {
                return Ok(false);
            }
            let y = y.map();
            for (key, item) in x.map().iter() {
                match y.get(key) {
                    Some(other) if item.same(other) || eq_at(item, other, depth + 1)? => {}
                    _ => return Ok(false),
                }
            }
            true
        }
        (Val::Set(x), Val::Set(y)) => {
            let (x, y) = (x.items.borrow(), y.items.borrow());
            x.len() == y.len() && x.iter().all(|item| y.contains(item))
        }
        (Val::Range(x), Val::Range(y)) => {
            x.len() == y.len()
                && (x.len() == 0 || (x.start == y.start && (x.len() == 1 || x.step == y.step)))
        }
        (Val::View(x), Val::View(y)) => return eq_views(x, y, depth),
        (a, b) if a.is_number() && b.is_number() => compare_numbers(a, b) == Some(Ordering::Equal),
        (a, b) => a.same(b),
    })
}

fn eq_items(a: &[Val], b: &[Val], depth: usize) -> R<bool> {
    if a.len() != b.len() {
        return Ok(false);
    }
    for (x, y) in a.iter().zip(b) {
        if !x.same(y) && !eq_at(x, y, depth + 1)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn eq_views(a: &DictView, b: &DictView, depth: usize) -> R<bool> {
    if a.kind != b.kind || a.kind == super::ViewKind::Values || a.dict.len() != b.dict.len() {
        return Ok(false);
    }
    if a.kind == super::ViewKind::Keys {
        return Ok(a.dict.keys().iter().all(|key| b.dict.contains(key)));
    }
    eq_at(&Val::Dict(a.dict.clone()), &Val::Dict(b.dict.clone()), depth + 1)
}

/// The order of two numbers; `None` if one is not a number or NaN.
pub(crate) fn compare_numbers(a: &Val, b: &Val) -> Option<Ordering> {
    match (a, b) {
        (Val::Float(a), Val::Float(b)) => a.partial_cmp(b),
        (Val::Float(float), int) => compare_mixed(*float, int),
        (int, Val::Float(float)) => compare_mixed(*float, int).map(Ordering::reverse),
        (a, b) => match (a.as_int(), b.as_int()) {
            (Some(a), Some(b)) => Some(a.cmp(&b)),
            _ => Some(a.as_big()?.cmp(&b.as_big()?)),
        },
    }
}

fn compare_mixed(float: f64, int: &Val) -> Option<Ordering> {
    if float.is_nan() {
        return None;
    }
    if float.is_infinite() {
        return Some(if float > 0.0 { Ordering::Greater } else { Ordering::Less });
    }
    let whole = BigInt::from_f64(float.trunc())?;
    let fraction = float.fract().partial_cmp(&0.0)?;
    Some(whole.cmp(&int.as_big()?).then(fraction))
}

/// `a < b`, worded as `op` in errors.
pub(crate) fn less(a: &Val, b: &Val, op: &str) -> R<bool> {
    Ok(compare(a, b, op)? == Some(Ordering::Less))
}

/// The order of two values; `None` where Python says False to every comparison (NaN).
pub(crate) fn compare(a: &Val, b: &Val, op: &str) -> R<Option<Ordering>> {
    a.defined()?;
    b.defined()?;
    compare_at(a, b, op, 0)
}

fn compare_at(a: &Val, b: &Val, op: &str, depth: usize) -> R<Option<Ordering>> {
    if depth > DEEPEST {
        return recursion_error("maximum recursion depth exceeded in comparison");
    }
    Ok(match (a, b) {
        (Val::Undef(undef), _) | (_, Val::Undef(undef)) => return Err(undef.fault()),
        (Val::Str(a) | Val::Markup(a), Val::Str(b) | Val::Markup(b)) => Some(a.cmp(b)),
        (Val::Bytes(a), Val::Bytes(b)) => Some(a.cmp(b)),
        (Val::List(a), Val::List(b)) => compare_items(&a.items(), &b.items(), op, depth)?,
        (Val::Tuple(a), Val::Tuple(b)) => compare_items(&a.items, &b.items, op, depth)?,
        (Val::Set(a), Val::Set(b)) => {
            let (a, b) = (a.items.borrow(), b.items.borrow());
            match (a.iter().all(|x| b.contains(x)), b.iter().all(|x| a.contains(x))) {
                (true, true) => Some(Ordering::Equal),
                (true, false) => Some(Ordering::Less),
                (false, true) => Some(Ordering::Greater),
                (false, false) => None,
            }
        }
        (a, b) if a.is_number() && b.is_number() => compare_numbers(a, b),
        (a, b) => {
            return type_error(format!(
                "'{op}' not supported between instances of '{}' and '{}'",
                a.type_name(),
                b.type_name()
            ));
        }
    })
}

fn compare_items(a: &[Val], b: &[Val], op: &str, depth: usize) -> R<Option<Ordering>> {
    for (x, y) in a.iter().zip(b) {
        if !x.same(y) && !eq_at(x, y, depth + 1)? {
            return compare_at(x, y, op, depth + 1);
        }
    }
    Ok(Some(a.len().cmp(&b.len())))
}
