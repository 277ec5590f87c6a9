//! Filters about single values.

use num_bigint::BigInt;
use num_traits::{FromPrimitive, Signed};

use super::{flag, given};
use crate::jinja::eval::{Args, Rt};
use crate::jinja::fault::{Class, R, overflow_error, type_error, value_error};
use crate::jinja::methods;
use crate::jinja::value::{Obj, Val, repr};

pub(super) const NAMES: &[&str] = &[
    "abs",
    "attr",
    "count",
    "d",
    "default",
    "first",
    "float",
    "int",
    "items",
    "last",
    "length",
    "list",
    "random",
    "round",
    "string",
    "skip",
    "sequence",
    "to_bool",
    "method_call",
    "is_list",
    "is_iter",
];

pub(super) fn call(rt: &Rt<'_>, name: &str, val: Val, args: Args) -> R<Val> {
    Ok(match name {
        "abs" => absolute(&val)?,
        "attr" => attribute(rt, &val, args)?,
        "count" | "length" => match &val {
            Val::Obj(obj) => match &**obj {
                Obj::Loop(state) => Val::Int(state.fill_all(rt)? as i64),
                _ => Val::Int(val.len()? as i64),
            },
            _ => Val::Int(val.len()? as i64),
        },
        "d" | "default" => {
            let [default, boolean] = args.bind("do_default", ["default_value", "boolean"], 0)?;
            if val.is_undef() || (flag(boolean, false)? && !val.truthy()?) {
                default.unwrap_or_else(|| Val::str(""))
            } else {
                val
            }
        }
        "first" => match rt.first(&val)? {
            Some(first) => first,
            None => empty(rt, "first item"),
        },
        "last" => last(rt, &val)?,
        "random" => {
            let items = rt.iterate(&val)?;
            match items.len() {
                0 => empty(rt, "random item"),
                len => items[random_below(rt, len as u64) as usize].clone(),
            }
        }
        "float" => {
            let [default] = args.bind("do_float", ["default"], 0)?;
            val.defined()?;
            to_float(&val).unwrap_or_else(|| default.unwrap_or(Val::Float(0.0)))
        }
        "int" => {
            let [default, base] = args.bind("do_int", ["default", "base"], 0)?;
            val.defined()?;
            let base = base.and_then(|base| base.as_int()).unwrap_or(10);
            to_int(&val, base).unwrap_or_else(|| default.unwrap_or(Val::Int(0)))
        }
        "items" => items(&val)?,
        "list" => Val::list(rt.iterate(&val)?),
        "round" => round(&val, args)?,
        "string" => match val {
            Val::Str(_) | Val::Markup(_) => val,
            other => Val::str(rt.text(&other)?),
        },
        "skip" => Val::str(""),
        "sequence" => match val {
            Val::List(_) | Val::Tuple(_) | Val::Set(_) | Val::Dict(_) => val,
            other => Val::list(vec![other]),
        },
        "to_bool" => to_bool(&val)?,
        "is_list" => Val::Bool(matches!(val, Val::List(_))),
        "is_iter" => {
            let [ignore] = args.bind("is_iter", ["ignore"], 0)?;
            let text = val.as_str().is_some() && ignore.is_none();
            Val::Bool(!text && is_iterable(&val))
        }
        _ => method_call(rt, &val, args)?,
    })
}

fn attribute(rt: &Rt<'_>, val: &Val, args: Args) -> R<Val> {
    let [attr] = args.bind("do_attr", ["name"], 1)?;
    let attr = rt.text(&attr.unwrap_or(Val::None))?;
    if let Some(found) = rt.attribute(val, &attr)? {
        return Ok(found);
    }
    let object = halite_core::value::repr_str(&val.object_repr());
    let attr = halite_core::value::repr_str(&attr);
    Ok(rt.undefined(format!("{object} has no attribute {attr}"), Class::Undefined, None))
}

/// What `first`, `last` and `random` give for nothing.
fn empty(rt: &Rt<'_>, what: &str) -> Val {
    rt.undefined(format!("No {what}, sequence was empty."), Class::Undefined, None)
}

fn last(rt: &Rt<'_>, val: &Val) -> R<Val> {
    if matches!(val, Val::Iter(_) | Val::Set(_)) {
        return type_error(format!("'{}' object is not reversible", val.type_name()));
    }
    Ok(rt.iterate(val)?.pop().unwrap_or_else(|| empty(rt, "last item")))
}

fn items(val: &Val) -> R<Val> {
    match val {
        Val::Dict(dict) => {
            let pairs = dict.pairs().into_iter().map(|(key, item)| Val::tuple(vec![key, item]));
            Ok(Val::iter("do_items", pairs.collect()))
        }
        Val::Undef(_) => Ok(Val::iter("do_items", Vec::new())),
        _ => type_error("Can only get item pairs from a mapping."),
    }
}

fn method_call(rt: &Rt<'_>, val: &Val, args: Args) -> R<Val> {
    let Args { mut pos, named } = args;
    if pos.is_empty() {
        return type_error("method_call() missing 1 required positional argument: 'f_name'");
    }
    let name = rt.text(&pos.remove(0))?;
    if name.starts_with('_') {
        return crate::jinja::fault::security_error(format!(
            "access to attribute '{name}' of '{}' object is unsafe.",
            val.type_name()
        ));
    }
    val.defined()?;
    match methods::find(val, &name) {
        Some(name) => methods::call(rt, val, name, Args { pos, named }),
        None => match rt.attribute(val, &name)? {
            Some(attr) => rt.call_value(&attr, Args { pos, named }),
            None => Ok(Val::None),
        },
    }
}

pub(super) fn is_iterable(val: &Val) -> bool {
    !matches!(
        val,
        Val::None | Val::Bool(_) | Val::Int(_) | Val::Big(_) | Val::Float(_) | Val::Obj(_)
    )
}

fn absolute(val: &Val) -> R<Val> {
    val.defined()?;
    match val {
        Val::Float(float) => Ok(Val::Float(float.abs())),
        other => match other.as_big() {
            Some(big) => Ok(Val::from_big(big.abs())),
            None => type_error(format!("bad operand type for abs(): '{}'", val.type_name())),
        },
    }
}

/// `float(value)`, if it is one.
pub(super) fn to_float(val: &Val) -> Option<Val> {
    match val {
        Val::Str(text) | Val::Markup(text) => {
            let text = text.trim();
            let plain = text.replace('_', "");
            let lower = plain.to_ascii_lowercase();
            let bare = lower.trim_start_matches(['+', '-']);
            let word = matches!(bare, "nan" | "inf" | "infinity");
            if !word && !plain.bytes().any(|b| b.is_ascii_digit()) {
                return None;
            }
            if text.starts_with('_') || text.ends_with('_') || text.contains("__") {
                return None;
            }
            lower.parse().ok().map(Val::Float)
        }
        other => other.as_float().map(Val::Float),
    }
}

/// `int(text, base)`: `None` is Python's ValueError.
pub(crate) fn parse_int(text: &str, base: i64) -> Option<Val> {
    let text = text.trim();
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let lower = digits.to_ascii_lowercase();
    let prefixed = |prefix: &str, own: i64| {
        (base == own || base == 0)
            .then(|| lower.strip_prefix(prefix))
            .flatten()
            .map(|rest| (rest, own))
    };
    let (digits, base) = prefixed("0x", 16)
        .or_else(|| prefixed("0o", 8))
        .or_else(|| prefixed("0b", 2))
        .unwrap_or((&lower, if base == 0 { 10 } else { base }));
    let digits = digits.strip_prefix('_').filter(|_| digits.len() < lower.len()).unwrap_or(digits);
    if digits.is_empty()
        || digits.starts_with('_')
        || digits.ends_with('_')
        || digits.contains("__")
    {
        return None;
    }
    let radix = u32::try_from(base).ok().filter(|radix| (2..=36).contains(radix))?;
    let plain = digits.replace('_', "");
    if !plain.bytes().all(|b| char::from(b).is_digit(radix)) {
        return None;
    }
    let big = BigInt::parse_bytes(plain.as_bytes(), radix)?;
    Some(Val::from_big(if negative { -big } else { big }))
}

fn to_int(val: &Val, base: i64) -> Option<Val> {
    let whole = |float: f64| BigInt::from_f64(float.trunc()).map(Val::from_big);
    match val {
        Val::Str(text) | Val::Markup(text) => {
            parse_int(text, base).or_else(|| match to_float(val)? {
                Val::Float(float) if float.is_finite() => whole(float),
                _ => None,
            })
        }
        Val::Float(float) => {
            if float.is_finite() {
                whole(*float)
            } else {
                None
            }
        }
        other => other.as_big().map(Val::from_big),
    }
}

fn round(val: &Val, args: Args) -> R<Val> {
    let [precision, method] = args.bind("do_round", ["precision", "method"], 0)?;
    val.defined()?;
    let precision = precision.and_then(|precision| precision.as_int()).unwrap_or(0);
    if let Some(method) = &method {
        method.hashable()?;
    }
    let method = match &method {
        Some(method) => method.as_str().unwrap_or("?").to_string(),
        None => "common".to_string(),
    };
    if !matches!(method.as_str(), "common" | "ceil" | "floor") {
        return crate::jinja::fault::runtime_error("method must be common, ceil or floor");
    }
    let Some(float) = val.as_float() else {
        return type_error(format!("type {} doesn't define __round__ method", val.type_name()));
    };
    if method != "common" {
        let factor = 10f64.powi(precision.clamp(-300, 300) as i32);
        let scaled = float * factor;
        // Python rounds to an integer here, which knows no negative zero.
        let scaled = if method == "ceil" { scaled.ceil() } else { scaled.floor() } + 0.0;
        return Ok(Val::Float(scaled / factor));
    }
    match val {
        Val::Float(float) => Ok(Val::Float(round_float(*float, precision))),
        other if precision >= 0 => Ok(Val::from_big(other.as_big().unwrap_or_default())),
        other => {
            let unit = BigInt::from(10).pow(precision.unsigned_abs().min(400) as u32);
            let big = other.as_big().unwrap_or_default();
            let half = &unit / 2;
            let (mut quotient, mut rest) = (&big / &unit, &big % &unit);
            if rest.is_negative() {
                rest += &unit;
                quotient -= 1;
            }
            let odd = (&quotient % BigInt::from(2)) != BigInt::from(0);
            if rest > half || (rest == half && odd) {
                quotient += 1;
            }
            Ok(Val::from_big(quotient * unit))
        }
    }
}

/// `round(float, digits)`: half to even on the exact binary value, as Python does.
fn round_float(float: f64, digits: i64) -> f64 {
    if !float.is_finite() || digits > 300 {
        return float;
    }
    if digits < 0 {
        let unit = 10f64.powi(digits.unsigned_abs().min(308) as i32);
        return (float / unit).round_ties_even() * unit;
    }
    // Rust's fixed formatting rounds the exact value half to even.
    format!("{float:.*}", digits as usize).parse().unwrap_or(float)
}

fn to_bool(val: &Val) -> R<Val> {
    Ok(Val::Bool(match val {
        Val::None => false,
        Val::Bool(flag) => *flag,
        Val::Str(text) | Val::Markup(text) => {
            matches!(text.to_lowercase().as_str(), "yes" | "1" | "true")
        }
        Val::Int(int) => *int > 0,
        Val::Big(big) => big.is_positive(),
        Val::List(_) | Val::Dict(_) | Val::Set(_) | Val::View(_) => val.len()? > 0,
        Val::Undef(undef) if undef.strict => return Err(undef.fault()),
        _ => false,
    }))
}

/// A random number below `bound` (which is not zero).
pub(crate) fn random_below(rt: &Rt<'_>, bound: u64) -> u64 {
    rt.random() % bound.max(1)
}

/// `int(value)` for arguments: an error where Python raises.
pub(super) fn int_argument(val: &Val) -> R<i64> {
    val.defined()?;
    match val {
        Val::Str(text) | Val::Markup(text) => match parse_int(text, 10) {
            Some(Val::Int(int)) => Ok(int),
            Some(_) => overflow_error("Python int too large to convert to C ssize_t"),
            None => value_error(format!("invalid literal for int() with base 10: {}", repr(val))),
        },
        Val::Float(float) => Ok(*float as i64),
        other => match other.as_int() {
            Some(int) => Ok(int),
            None => type_error(format!(
                "int() argument must be a string, a bytes-like object or a real number, not '{}'",
                other.type_name()
            )),
        },
    }
}

/// An optional argument as integer; `None` counts as absent.
pub(super) fn optional_int(val: Option<Val>) -> R<Option<i64>> {
    given(val).map(|val| int_argument(&val)).transpose()
}
