//! Filters: Jinja's own and Salt's.

mod basic;
mod dicts;
mod files;
mod hash;
mod iter;
mod json_query;
mod markup;
mod net;
mod pprint;
mod regex;
mod select;
mod seq;
mod serial;
mod sets;
mod sort;
mod text;
mod words;
mod xml;

use std::collections::HashMap;
use std::sync::LazyLock;

use super::eval::{Args, Rt};
use super::fault::{Class, Fault, R, nearest};
use super::value::Val;

pub(crate) use basic::random_below;
pub(crate) use markup::{escape_into, escaped};
pub(crate) use regex::is_match;

/// A group of filters: gets the name of the one that is meant.
type Filter = fn(&Rt<'_>, &str, Val, Args) -> R<Val>;

/// Every group with its names. A later group wins: Salt replaces some of Jinja's filters.
const GROUPS: &[(Filter, &[&str])] = &[
    (basic::call, basic::NAMES),
    (text::call, text::NAMES),
    (markup::call, markup::NAMES),
    (seq::call, seq::NAMES),
    (select::call, select::NAMES),
    (sort::call, sort::NAMES),
    (sets::call, sets::NAMES),
    (regex::call, regex::NAMES),
    (serial::call, serial::NAMES),
    (pprint::call, pprint::NAMES),
    (dicts::call, dicts::NAMES),
    (iter::call, iter::NAMES),
    (hash::call, hash::NAMES),
    (words::call, words::NAMES),
    (net::call, net::NAMES),
    (files::call, files::NAMES),
    (json_query::call, json_query::NAMES),
];

static TABLE: LazyLock<HashMap<&'static str, Filter>> = LazyLock::new(|| {
    let names = |(filter, names): &(Filter, &'static [&'static str])| {
        let filter = *filter;
        names.iter().map(move |name| (*name, filter))
    };
    GROUPS.iter().flat_map(names).collect()
});

/// Whether there is such a filter.
pub(crate) fn is_known(name: &str) -> bool {
    TABLE.contains_key(name)
}

/// All filters.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    GROUPS.iter().flat_map(|(_, names)| names.iter().copied())
}

/// Applies a filter.
pub(crate) fn call(rt: &Rt<'_>, name: &str, input: Val, args: Args) -> R<Val> {
    rt.step(1)?;
    match TABLE.get(name) {
        Some(filter) => filter(rt, name, input, args),
        None => {
            let near = nearest(name, names()).map(|near| format!("did you mean '{near}'?"));
            let text = format!("No filter named {} found.", halite_core::value::repr_str(name));
            Err(Fault::new(Class::Runtime, text).hint(near))
        }
    }
}

/// The strict undefined values anywhere in `val`, as the one undefined that Salt makes of them.
fn undefined_within(val: &Val) -> Option<Val> {
    let mut messages = Vec::new();
    collect_undefined(val, &mut messages, 0);
    if messages.is_empty() {
        return None;
    }
    let undef = super::value::Undef {
        message: messages.join("\n"),
        class: Class::Undefined,
        strict: true,
        hint: None,
    };
    Some(Val::Undef(std::rc::Rc::new(undef)))
}

/// How deep undefined values are looked for.
const DEEPEST: usize = 100;

fn collect_undefined(val: &Val, messages: &mut Vec<String>, depth: usize) {
    if depth > DEEPEST {
        return;
    }
    match val {
        Val::Undef(undef) if undef.strict => messages.push(undef.message.clone()),
        // What was never touched came from outside and holds no undefined.
        Val::Dict(dict) if dict.untouched().is_none() => {
            dict.values().iter().for_each(|item| collect_undefined(item, messages, depth + 1));
        }
        Val::List(list) if list.untouched().is_none() => {
            list.to_vec().iter().for_each(|item| collect_undefined(item, messages, depth + 1));
        }
        Val::Tuple(tuple) => {
            tuple.items.iter().for_each(|item| collect_undefined(item, messages, depth + 1))
        }
        _ => {}
    }
}

/// The truth of an optional argument.
fn flag(val: Option<Val>, default: bool) -> R<bool> {
    val.map_or(Ok(default), |val| val.truthy())
}

/// An optional argument that is not `None`.
fn given(val: Option<Val>) -> Option<Val> {
    val.filter(|val| !val.is_none())
}

/// Reads a member by a path such as `a.b.0`. Jinja: `make_attrgetter`.
fn attribute_path(rt: &Rt<'_>, item: &Val, path: &Val, default: Option<&Val>) -> R<Val> {
    let mut val = item.clone();
    let parts: Vec<Val> = match path {
        Val::Str(text) | Val::Markup(text) => text.split('.').map(path_part).collect(),
        Val::None => Vec::new(),
        other => vec![other.clone()],
    };
    for part in parts {
        val = rt.get_item(&val, &part)?;
        if let Some(default) = default
            && val.is_undef()
        {
            val = default.clone();
        }
    }
    Ok(val)
}

fn path_part(part: &str) -> Val {
    match part.parse::<i64>() {
        Ok(index) if part.bytes().all(|b| b.is_ascii_digit()) => Val::Int(index),
        _ => Val::str(part),
    }
}

/// Text without case, everything else as it is. Jinja: `ignore_case`.
fn ignore_case(val: Val) -> Val {
    match val.as_str() {
        Some(text) => Val::str(text.to_lowercase()),
        None => val,
    }
}
