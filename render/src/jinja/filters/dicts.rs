//! Salt's filters about nested dicts.

use super::flag;
use crate::jinja::eval::{Args, Rt, index};
use crate::jinja::fault::{Class, Fault, R, attribute_error, key_error, type_error};
use crate::jinja::methods;
use crate::jinja::value::{DictKind, PyDict, Val, eq, repr};

pub(super) const NAMES: &[&str] = &[
    "traverse",
    "to_entries",
    "from_entries",
    "set_dict_key_value",
    "update_dict_key_value",
    "append_dict_key_value",
    "extend_dict_key_value",
    "mysql_to_dict",
    "json_encode_dict",
    "json_decode_dict",
    "json_encode_list",
    "json_decode_list",
];

/// How deep data may nest.
const DEEPEST: usize = 100;

pub(super) fn call(rt: &Rt<'_>, name: &str, val: Val, args: Args) -> R<Val> {
    val.defined()?;
    match name {
        "traverse" => {
            let [key, default, delimiter] =
                args.bind("traverse_dict_and_list", ["key", "default", "delimiter"], 1)?;
            let delimiter =
                delimiter.map_or(Ok(":".to_string()), |delimiter| rt.text(&delimiter))?;
            let found = traverse(rt, &val, &key.unwrap_or(Val::None), &delimiter)?;
            Ok(found.or(default).unwrap_or(Val::None))
        }
        "to_entries" => to_entries(&val),
        "from_entries" => from_entries(rt, &val),
        "mysql_to_dict" => mysql_to_dict(rt, &val, args),
        "json_encode_dict" | "json_decode_dict" => match &val {
            Val::Dict(_) => encode(rt, &val, 0),
            other => {
                attribute_error(format!("'{}' object has no attribute 'items'", other.type_name()))
            }
        },
        // Whatever has members becomes a list: of a dict its keys.
        "json_encode_list" | "json_decode_list" => encode(rt, &Val::list(rt.iterate(&val)?), 0),
        _ => set_key(rt, name, val, args),
    }
}

fn keys_of(rt: &Rt<'_>, key: &Val, delimiter: &str) -> R<Vec<Val>> {
    match key {
        Val::Str(text) | Val::Markup(text) if delimiter.is_empty() => Ok(vec![Val::str(text)]),
        Val::Str(text) | Val::Markup(text) => Ok(text.split(delimiter).map(Val::str).collect()),
        Val::Int(_) => Ok(vec![key.clone()]),
        other => rt.iterate(other),
    }
}

fn traverse(rt: &Rt<'_>, data: &Val, key: &Val, delimiter: &str) -> R<Option<Val>> {
    let mut at = data.clone();
    for each in keys_of(rt, key, delimiter)? {
        rt.step(1)?;
        let next = match &at {
            Val::List(list) => {
                let number =
                    each.as_int().or_else(|| each.as_str()?.trim().parse().ok()).map(Val::Int);
                let wanted = number.clone().unwrap_or_else(|| each.clone());
                let embedded = list.to_vec().into_iter().find_map(|item| match item {
                    Val::Dict(dict) => dict.get(&wanted),
                    _ => None,
                });
                embedded.or_else(|| number.and_then(|number| list.get(index(&number, list.len())?)))
            }
            Val::Dict(dict) => match dict.get(&each) {
                Some(found) => Some(found),
                None => yaml_key(&each).and_then(|key| dict.get(&key)),
            },
            _ => None,
        };
        match next {
            Some(next) => at = next,
            None => return Ok(None),
        }
    }
    Ok(Some(at))
}

/// A key as the YAML scalar that it reads as, if that is no text.
fn yaml_key(key: &Val) -> Option<Val> {
    let value = crate::yaml::load(key.as_str()?).ok()?;
    let key = Val::from(&value);
    (key.as_str().is_none() && key.hashable().is_ok()).then_some(key)
}

fn entry(key: Val, value: Val) -> Val {
    Val::dict([(Val::str("key"), key), (Val::str("value"), value)])
}

fn to_entries(val: &Val) -> R<Val> {
    Ok(Val::list(match val {
        Val::Dict(dict) => dict.pairs().into_iter().map(|(key, item)| entry(key, item)).collect(),
        Val::List(list) => list
            .to_vec()
            .into_iter()
            .enumerate()
            .map(|(at, item)| entry(Val::Int(at as i64), item))
            .collect(),
        _ => return Err(Fault::new(Class::Other, "Input data must be a dict or list")),
    }))
}

fn from_entries(rt: &Rt<'_>, val: &Val) -> R<Val> {
    let mut pairs = Vec::new();
    for item in rt.iterate(val)? {
        if item.is_none() {
            continue;
        }
        let Val::Dict(dict) = item else { return type_error("an entry must be a dict") };
        let members = dict.pairs();
        let member = |name: &str| {
            let hit = |key: &Val| key.as_str().is_some_and(|key| key.eq_ignore_ascii_case(name));
            members.iter().rfind(|(key, _)| hit(key)).map(|(_, item)| item.clone())
        };
        for name in ["key", "name"] {
            if let Some(key) = member(name)
                && key.truthy()?
            {
                key.hashable()?;
                pairs.push((key, member("value").unwrap_or(Val::None)));
                break;
            }
        }
    }
    Ok(Val::dict(pairs))
}

fn new_dict(ordered: bool) -> Val {
    let kind = if ordered { DictKind::Ordered } else { DictKind::Plain };
    Val::Dict(std::rc::Rc::new(PyDict::new(indexmap::IndexMap::new(), kind)))
}

/// The path to a key: text, or at least something with members.
fn key_path(rt: &Rt<'_>, keys: Option<Val>) -> R<String> {
    let keys = keys.unwrap_or(Val::None);
    if matches!(keys, Val::None | Val::Bool(_) | Val::Int(_) | Val::Big(_) | Val::Float(_)) {
        return type_error(format!("argument of type '{}' is not iterable", keys.type_name()));
    }
    rt.text(&keys)
}

fn set_key(rt: &Rt<'_>, name: &str, val: Val, args: Args) -> R<Val> {
    let [keys, new, delimiter, ordered] =
        args.bind(name, ["keys", "value", "delimiter", "ordered_dict"], 2)?;
    let keys = key_path(rt, keys)?;
    let new = new.unwrap_or(Val::None);
    let delimiter = delimiter.map_or(Ok(":".to_string()), |delimiter| rt.text(&delimiter))?;
    let ordered = flag(ordered, false)?;
    let mut parts: Vec<&str> =
        if delimiter.is_empty() { vec![&keys] } else { keys.split(&*delimiter).collect() };
    let last = Val::str(parts.pop().unwrap_or_default());
    let mut at = val.clone();
    for part in parts {
        rt.step(1)?;
        let Val::Dict(dict) = &at else { return type_error("the value is no dict") };
        let next = match dict.get_str(part) {
            Some(next @ Val::Dict(_)) => next,
            _ => {
                let made = new_dict(ordered);
                dict.insert(Val::str(part), made.clone());
                made
            }
        };
        at = next;
    }
    let Val::Dict(dict) = &at else { return type_error("the value is no dict") };
    if name == "set_dict_key_value" {
        dict.insert(last, new);
        return Ok(val);
    }
    let member = dict.get(&last).filter(|member| !member.is_none());
    let member = match member {
        Some(member) => member,
        None => {
            let made = if name == "update_dict_key_value" {
                new_dict(ordered)
            } else {
                Val::list(Vec::new())
            };
            dict.insert(last, made.clone());
            made
        }
    };
    let method = name.split('_').next().unwrap_or(name);
    let Some(method) = methods::find(&member, method) else {
        return Err(Fault::new(
            Class::SaltCall,
            format!(
                "The last key contains a <class '{}'>, which cannot {method}.",
                member.type_name()
            ),
        ));
    };
    methods::call(rt, &member, method, Args::one(new.clone())).map_err(|fault| {
        match fault.class {
            Class::Value | Class::Type => Fault::new(
                Class::SaltCall,
                format!(
                    "Cannot {method} <class '{}'> with a <class '{}'>.",
                    member.type_name(),
                    new.type_name()
                ),
            ),
            _ => fault,
        }
    })?;
    Ok(val)
}

/// The table that the `mysql` program draws, by the column `key`.
fn mysql_to_dict(rt: &Rt<'_>, val: &Val, args: Args) -> R<Val> {
    let [key] = args.bind("mysql_to_dict", ["key"], 1)?;
    let key = key.unwrap_or(Val::None);
    let mut headers: Vec<String> = Vec::new();
    let mut rows = Vec::new();
    for line in rt.iterate(val)? {
        if !line.truthy()? {
            continue;
        }
        let Some(line) = line.as_str() else {
            return attribute_error(format!(
                "'{}' object has no attribute 'startswith'",
                line.type_name()
            ));
        };
        if line.is_empty() || line.starts_with('+') {
            continue;
        }
        let columns: Vec<String> =
            line.split('|').map(|column| column.trim().to_string()).collect();
        if headers.len() <= 1 {
            headers = columns;
            continue;
        }
        let mut row = Vec::new();
        for (header, column) in headers.iter().zip(&columns).take(headers.len() - 1).skip(1) {
            row.push((Val::str(header), super::words::to_num(&Val::str(column))));
        }
        let found = row.iter().find(|(header, _)| eq(header, &key).unwrap_or(false));
        match found {
            Some((_, id)) => rows.push((id.clone(), Val::dict(row))),
            None => return key_error(repr(&key)),
        }
    }
    Ok(Val::dict(rows))
}

/// Text as bytes, at any depth; tuples become lists.
fn encode(rt: &Rt<'_>, val: &Val, depth: usize) -> R<Val> {
    if depth > DEEPEST {
        return crate::jinja::fault::recursion_error("maximum recursion depth exceeded");
    }
    rt.step(1)?;
    Ok(match val {
        Val::Str(text) | Val::Markup(text) => Val::Bytes(text.as_bytes().into()),
        Val::List(_) | Val::Tuple(_) => Val::list(
            rt.iterate(val)?.iter().map(|item| encode(rt, item, depth + 1)).collect::<R<_>>()?,
        ),
        Val::Dict(dict) => {
            let mut pairs = Vec::new();
            for (key, item) in dict.pairs() {
                pairs.push((encode(rt, &key, depth + 1)?, encode(rt, &item, depth + 1)?));
            }
            Val::dict(pairs)
        }
        other => other.clone(),
    })
}
