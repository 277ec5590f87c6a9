//! JMESPath's functions.

use halite_core::value::{JsonStyle, parse_json, to_json};

use super::parse::Node;
use super::{items_of, search, type_name};
use crate::jinja::ast::BinOp;
use crate::jinja::eval::{Rt, ops};
use crate::jinja::fault::{R, value_error};
use crate::jinja::filters::basic::to_float;
use crate::jinja::value::{Val, compare, sort_by};

pub(super) fn call(rt: &Rt<'_>, name: &str, args: &[Node], val: &Val, depth: u32) -> R<Val> {
    let mut vals = Vec::new();
    let mut by = None;
    for arg in args {
        match arg {
            Node::Reference(node) => by = Some(node),
            other => vals.push(search(rt, other, val, depth + 1)?),
        }
    }
    let first = vals.first().cloned().unwrap_or(Val::None);
    if let Some(by) = by {
        return by_expression(rt, name, &first, |item| search(rt, by, item, depth + 1));
    }
    let wants = match name {
        "not_null" | "merge" => 1..=usize::MAX,
        "contains" | "ends_with" | "starts_with" | "join" => 2..=2,
        _ => 1..=1,
    };
    if !wants.contains(&vals.len()) {
        return value_error(format!(
            "Expected {} arguments for function {name}(), received {}",
            wants.start(),
            vals.len()
        ));
    }
    apply(rt, name, vals)
}

fn apply(rt: &Rt<'_>, name: &str, vals: Vec<Val>) -> R<Val> {
    let first = vals.first().cloned().unwrap_or(Val::None);
    let second = vals.get(1).cloned().unwrap_or(Val::None);
    let wrong = |wanted: &str| -> R<Val> {
        value_error(format!(
            "In function {name}(), invalid type for value: {}, expected one of: {wanted}, received: \"{}\"",
            crate::jinja::value::repr(&first),
            type_name(&first)
        ))
    };
    Ok(match (name, type_name(&first)) {
        ("length", "string" | "array" | "object") => Val::Int(first.len()? as i64),
        ("length", _) => return wrong("['string', 'array', 'object']"),
        ("keys" | "values", "object") => match &first {
            Val::Dict(dict) if name == "keys" => Val::list(dict.keys()),
            Val::Dict(dict) => Val::list(dict.values()),
            _ => return wrong("['object']"),
        },
        ("keys" | "values", _) => return wrong("['object']"),
        ("type", kind) => Val::str(kind),
        ("not_null", _) => vals.into_iter().find(|val| !val.is_none()).unwrap_or(Val::None),
        ("to_array", "array") => first,
        ("to_array", _) => Val::list(vec![first]),
        ("to_string", "string") => first,
        ("to_string", _) => {
            let style = JsonStyle { compact: true, ..JsonStyle::default() };
            Val::str(to_json(&rt.plain(&first)?, style))
        }
        ("to_number", _) => to_number(&first),
        ("merge", _) => {
            let mut pairs = Vec::new();
            for val in &vals {
                match val {
                    Val::Dict(dict) => pairs.extend(dict.pairs()),
                    _ => return wrong("['object']"),
                }
            }
            Val::dict(pairs)
        }
        ("abs" | "ceil" | "floor", "number") => number(rt, name, &first)?,
        ("abs" | "ceil" | "floor", _) => return wrong("['number']"),
        ("contains", "array" | "string")
        | ("starts_with" | "ends_with" | "join" | "reverse", "string") => {
            text(rt, name, &first, &second)?
        }
        ("reverse" | "sort" | "max" | "min" | "sum" | "avg", "array") => array(rt, name, &first)?,
        (
            "contains" | "starts_with" | "ends_with" | "join" | "reverse" | "sort" | "max" | "min"
            | "sum" | "avg",
            _,
        ) => {
            return wrong("['array', 'string']");
        }
        _ => return value_error(format!("Unknown function: {name}()")),
    })
}

fn to_number(val: &Val) -> Val {
    match val {
        Val::Str(text) | Val::Markup(text) => match parse_json(text) {
            Ok(number) if number.as_f64().is_some() && number.as_bool().is_none() => {
                Val::from(&number)
            }
            _ => to_float(val).unwrap_or(Val::None),
        },
        Val::Int(_) | Val::Big(_) | Val::Float(_) => val.clone(),
        _ => Val::None,
    }
}

/// Functions of text, and `contains`, which takes arrays too.
fn text(rt: &Rt<'_>, name: &str, first: &Val, second: &Val) -> R<Val> {
    let (text, part) = (first.as_str().unwrap_or_default(), second.as_str().unwrap_or_default());
    Ok(match name {
        "contains" => match (first.as_str(), second.as_str()) {
            (Some(text), Some(part)) => Val::Bool(text.contains(part)),
            (Some(_), None) => Val::Bool(false),
            _ => Val::Bool(ops::contains(rt, second, first)?),
        },
        "starts_with" => Val::Bool(text.starts_with(part)),
        "ends_with" => Val::Bool(text.ends_with(part)),
        "join" => {
            let items = items_of(second).unwrap_or_default();
            let parts: R<Vec<String>> = items.iter().map(|item| rt.text(item)).collect();
            Val::str(parts?.join(text))
        }
        _ => Val::str(text.chars().rev().collect::<String>()),
    })
}

fn number(rt: &Rt<'_>, name: &str, val: &Val) -> R<Val> {
    match (name, val) {
        ("abs", _) => {
            crate::jinja::filters::call(rt, "abs", val.clone(), crate::jinja::eval::Args::default())
        }
        ("ceil", Val::Float(float)) => Ok(Val::Int(float.ceil() as i64)),
        ("floor", Val::Float(float)) => Ok(Val::Int(float.floor() as i64)),
        _ => Ok(val.clone()),
    }
}

fn array(rt: &Rt<'_>, name: &str, val: &Val) -> R<Val> {
    let mut items = items_of(val).unwrap_or_default();
    match name {
        "reverse" => {
            items.reverse();
            Ok(Val::list(items))
        }
        "sort" => Ok(Val::list(sort_by(items, false, |item| Ok(item.clone()))?)),
        "max" | "min" => extreme(name == "max", items, |item| Ok(item.clone())),
        _ => {
            let count = items.len() as i64;
            if name == "avg" && count == 0 {
                return Ok(Val::None);
            }
            let mut sum = Val::Int(0);
            for item in &items {
                sum = ops::binary(rt, BinOp::Add, &sum, item)?;
            }
            if name == "sum" {
                Ok(sum)
            } else {
                ops::binary(rt, BinOp::Div, &sum, &Val::Int(count))
            }
        }
    }
}

fn extreme(most: bool, items: Vec<Val>, key: impl Fn(&Val) -> R<Val>) -> R<Val> {
    let mut best: Option<(Val, Val)> = None;
    let wanted = if most { std::cmp::Ordering::Greater } else { std::cmp::Ordering::Less };
    for item in items {
        let own = key(&item)?;
        let better = match &best {
            Some((known, _)) => compare(&own, known, "<")? == Some(wanted),
            None => true,
        };
        if better {
            best = Some((own, item));
        }
    }
    Ok(best.map_or(Val::None, |(_, item)| item))
}

fn by_expression(_: &Rt<'_>, name: &str, val: &Val, key: impl Fn(&Val) -> R<Val>) -> R<Val> {
    let Some(items) = items_of(val) else {
        return value_error(format!(
            "In function {name}(), expected an array, received: \"{}\"",
            type_name(val)
        ));
    };
    match name {
        "map" => Ok(Val::list(items.iter().map(key).collect::<R<_>>()?)),
        "sort_by" => Ok(Val::list(sort_by(items, false, |item| key(item))?)),
        "max_by" | "min_by" => extreme(name == "max_by", items, key),
        _ => value_error(format!("Unknown function: {name}()")),
    }
}
