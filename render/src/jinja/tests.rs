//! Tests behind `is`.

use super::ast::CmpOp;
use super::eval::{Args, Rt, ops};
use super::fault::{Class, Fault, R, nearest};
use super::filters;
use super::value::{Obj, Val};

const NAMES: [&str; 41] = [
    "odd",
    "even",
    "divisibleby",
    "defined",
    "undefined",
    "filter",
    "test",
    "none",
    "boolean",
    "false",
    "true",
    "integer",
    "float",
    "lower",
    "upper",
    "string",
    "mapping",
    "number",
    "sequence",
    "iterable",
    "callable",
    "sameas",
    "escaped",
    "in",
    "==",
    "eq",
    "equalto",
    "!=",
    "ne",
    ">",
    "gt",
    "greaterthan",
    "ge",
    ">=",
    "<",
    "lt",
    "lessthan",
    "<=",
    "le",
    "match",
    "list",
];

/// Whether there is such a test.
pub(crate) fn is_known(name: &str) -> bool {
    names().any(|known| known == name)
}

/// All tests.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    NAMES.iter().copied()
}

/// Applies a test.
pub(crate) fn call(rt: &Rt<'_>, name: &str, val: &Val, args: Args) -> R<bool> {
    if let Some(op) = comparison(name) {
        let function = if op == CmpOp::In { "test_in" } else { name };
        let [other] = args.bind(function, ["other"], 1)?;
        return rt.compare_pair(op, val, &other.unwrap_or(Val::None));
    }
    match name {
        "divisibleby" => {
            let [num] = args.bind("test_divisibleby", ["num"], 1)?;
            let rest = ops::binary(rt, super::ast::BinOp::Mod, val, &num.unwrap_or(Val::None))?;
            return super::value::eq(&rest, &Val::Int(0));
        }
        "sameas" => {
            let [other] = args.bind("test_sameas", ["other"], 1)?;
            return Ok(val.same(&other.unwrap_or(Val::None)));
        }
        "match" => return filters::is_match(rt, val, args),
        _ => {}
    }
    let [] = args.bind(&format!("test_{name}"), [], 0)?;
    Ok(match name {
        "defined" => !val.is_undef(),
        "undefined" => val.is_undef(),
        "none" => val.is_none(),
        "boolean" => matches!(val, Val::Bool(_)),
        "true" => matches!(val, Val::Bool(true)),
        "false" => matches!(val, Val::Bool(false)),
        "integer" => matches!(val, Val::Int(_) | Val::Big(_)),
        "float" => matches!(val, Val::Float(_)),
        "number" => val.is_number(),
        "string" => val.as_str().is_some(),
        "mapping" => matches!(val, Val::Dict(_)),
        "list" => matches!(val, Val::List(_)),
        "sequence" => is_sequence(val),
        "iterable" => is_iterable(val)?,
        "callable" => match val {
            Val::Obj(obj) => obj.callable(),
            Val::Undef(_) => true,
            _ => false,
        },
        "escaped" => matches!(val, Val::Markup(_)),
        "lower" | "upper" => {
            let text = Val::str(rt.text(val)?);
            let name = if name == "lower" { "islower" } else { "isupper" };
            super::methods::call(rt, &text, name, Args::default())?.truthy()?
        }
        "odd" | "even" => {
            let rest = ops::binary(rt, super::ast::BinOp::Mod, val, &Val::Int(2))?;
            super::value::eq(&rest, &Val::Int(i64::from(name == "odd")))?
        }
        "filter" => known_name(val, filters::is_known)?,
        "test" => known_name(val, is_known)?,
        _ => {
            let text = format!("No test named {} found.", halite_core::value::repr_str(name));
            let near = nearest(name, names()).map(|near| format!("did you mean '{near}'?"));
            return Err(Fault::new(Class::Runtime, text).hint(near));
        }
    })
}

fn is_sequence(val: &Val) -> bool {
    match val {
        Val::Str(_) | Val::Markup(_) | Val::Bytes(_) | Val::List(_) | Val::Tuple(_) => true,
        Val::Dict(_) | Val::Range(_) => true,
        Val::Obj(obj) => matches!(**obj, Obj::Loop(_)),
        _ => false,
    }
}

fn is_iterable(val: &Val) -> R<bool> {
    Ok(match val {
        Val::Undef(undef) if undef.strict => return Err(undef.fault()),
        Val::Obj(obj) => matches!(**obj, Obj::Loop(_) | Obj::Salt),
        Val::None | Val::Bool(_) | Val::Int(_) | Val::Big(_) | Val::Float(_) => false,
        _ => true,
    })
}

fn known_name(val: &Val, known: fn(&str) -> bool) -> R<bool> {
    match val.as_str() {
        Some(name) => Ok(known(name)),
        None => val.hashable().map(|()| false),
    }
}

fn comparison(name: &str) -> Option<CmpOp> {
    Some(match name {
        "in" => CmpOp::In,
        "==" | "eq" | "equalto" => CmpOp::Eq,
        "!=" | "ne" => CmpOp::Ne,
        ">" | "gt" | "greaterthan" => CmpOp::Gt,
        ">=" | "ge" => CmpOp::Ge,
        "<" | "lt" | "lessthan" => CmpOp::Lt,
        "<=" | "le" => CmpOp::Le,
        _ => return None,
    })
}
