//! Python's methods of the built-in types.

pub(crate) mod bytes;
pub(crate) mod dict;
mod list;
mod number;
mod set;
mod str;
mod str_case;
mod str_format;
mod str_split;

use crate::jinja::eval::{Args, Rt};
use crate::jinja::fault::{R, attribute_error, type_error};
use crate::jinja::value::{Cycler, DictKind, LoopState, Obj, Val, eq};

pub(crate) use str_case::{capitalize, center};
pub(crate) use str_split::splitlines;

const STR: [&str; 47] = [
    "capitalize",
    "casefold",
    "center",
    "count",
    "encode",
    "endswith",
    "expandtabs",
    "find",
    "format",
    "format_map",
    "index",
    "isalnum",
    "isalpha",
    "isascii",
    "isdecimal",
    "isdigit",
    "isidentifier",
    "islower",
    "isnumeric",
    "isprintable",
    "isspace",
    "istitle",
    "isupper",
    "join",
    "ljust",
    "lower",
    "lstrip",
    "maketrans",
    "partition",
    "removeprefix",
    "removesuffix",
    "replace",
    "rfind",
    "rindex",
    "rjust",
    "rpartition",
    "rsplit",
    "rstrip",
    "split",
    "splitlines",
    "startswith",
    "strip",
    "swapcase",
    "title",
    "translate",
    "upper",
    "zfill",
];
const LIST: [&str; 11] = [
    "append", "clear", "copy", "count", "extend", "index", "insert", "pop", "remove", "reverse",
    "sort",
];
const TUPLE: [&str; 2] = ["count", "index"];
const DICT: [&str; 12] = [
    "get",
    "items",
    "keys",
    "values",
    "update",
    "pop",
    "setdefault",
    "copy",
    "clear",
    "popitem",
    "fromkeys",
    "move_to_end",
];
const SET: [&str; 17] = [
    "add",
    "clear",
    "copy",
    "difference",
    "difference_update",
    "discard",
    "intersection",
    "intersection_update",
    "isdisjoint",
    "issubset",
    "issuperset",
    "pop",
    "remove",
    "symmetric_difference",
    "symmetric_difference_update",
    "union",
    "update",
];
const BYTES: [&str; 13] = [
    "decode",
    "hex",
    "startswith",
    "endswith",
    "upper",
    "lower",
    "strip",
    "replace",
    "split",
    "find",
    "count",
    "join",
    "splitlines",
];

/// `text.splitlines(True)`.
pub(crate) fn splitlines_keep(text: &str) -> Vec<&str> {
    splitlines(text, true)
}

/// The method of the value's type, if it has one of that name.
pub(crate) fn find(val: &Val, name: &str) -> Option<&'static str> {
    let names: &[&'static str] = match val {
        Val::Str(_) | Val::Markup(_) => &STR,
        Val::List(_) => &LIST,
        Val::Tuple(_) | Val::Range(_) => &TUPLE,
        Val::Dict(dict) if dict.kind == DictKind::Ordered => &DICT,
        Val::Dict(_) => &DICT[..11],
        Val::Set(_) => &SET,
        Val::Bytes(_) => &BYTES,
        Val::Int(_) | Val::Big(_) | Val::Bool(_) => &number::INT,
        Val::Float(_) => &number::FLOAT,
        Val::Obj(obj) => match &**obj {
            Obj::Cycler(_) => &["next", "reset"],
            Obj::Loop(_) => &["cycle", "changed"],
            Obj::Salt => &["get", "keys"],
            _ => return None,
        },
        _ => return None,
    };
    names.iter().find(|known| **known == name).copied()
}

/// Methods of a type, and how Python words it that one of them got no argument; `{}` is its name.
const WANTING: &[(&str, &[&str], &str)] = &[
    ("str", &["center", "ljust", "rjust", "maketrans"], "{} expected at least 1 argument, got 0"),
    ("str", &["replace"], "{} expected at least 2 arguments, got 0"),
    (
        "str",
        &["count", "endswith", "find", "index", "rfind", "rindex", "startswith"],
        "{}() takes at least 1 argument (0 given)",
    ),
    (
        "str",
        &[
            "format_map",
            "join",
            "partition",
            "removeprefix",
            "removesuffix",
            "rpartition",
            "translate",
            "zfill",
        ],
        "str.{}() takes exactly one argument (0 given)",
    ),
    (
        "list",
        &["append", "count", "extend", "remove"],
        "list.{}() takes exactly one argument (0 given)",
    ),
    ("list", &["index"], "{} expected at least 1 argument, got 0"),
    ("list", &["insert"], "{} expected 2 arguments, got 0"),
    ("tuple", &["index"], "{} expected at least 1 argument, got 0"),
    ("tuple", &["count"], "tuple.{}() takes exactly one argument (0 given)"),
    ("dict", &["fromkeys", "get", "pop", "setdefault"], "{} expected at least 1 argument, got 0"),
];

fn wants_arguments(kind: &str, name: &str) -> R<()> {
    let found = WANTING.iter().find(|(known, names, _)| *known == kind && names.contains(&name));
    match found {
        Some((_, _, words)) => type_error(words.replace("{}", name)),
        None => Ok(()),
    }
}

/// Calls a method that [`find`] found.
pub(crate) fn call(rt: &Rt<'_>, val: &Val, name: &'static str, args: Args) -> R<Val> {
    rt.step(1)?;
    if args.pos.is_empty() && args.named.is_empty() {
        wants_arguments(val.type_name(), name)?;
    }
    match val {
        Val::Str(text) | Val::Markup(text) => {
            let result = str::call(rt, text, name, args)?;
            Ok(match (val, result) {
                (Val::Markup(_), Val::Str(text)) => Val::Markup(text),
                (_, result) => result,
            })
        }
        Val::List(items) => list::call(rt, items, name, args),
        Val::Tuple(tuple) => sequence(&tuple.items, "tuple", name, args),
        Val::Range(range) => {
            let items: Vec<Val> = (0..range.len()).map(|at| range.nth(at)).collect();
            sequence(&items, "range", name, args)
        }
        Val::Dict(map) => dict::call(rt, map, name, args),
        Val::Set(items) => set::call(rt, items, name, args),
        Val::Bytes(bytes) => bytes::call(rt, bytes, name, args),
        Val::Float(float) => number::float(*float, name),
        Val::Int(_) | Val::Big(_) | Val::Bool(_) => number::int(val, name, args),
        Val::Obj(obj) => match &**obj {
            Obj::Cycler(cycler) => Ok(cycle(cycler, name)),
            Obj::Loop(state) => loop_method(state, name, args),
            Obj::Salt => salt_method(rt, name, args),
            _ => attribute_error(format!("no method {name}")),
        },
        _ => attribute_error(format!("no method {name}")),
    }
}

fn cycle(cycler: &Cycler, name: &str) -> Val {
    if name == "reset" {
        cycler.at.set(0);
        return Val::None;
    }
    let at = cycler.at.get();
    cycler.at.set((at + 1) % cycler.items.len().max(1));
    cycler.items.get(at).cloned().unwrap_or(Val::None)
}

fn loop_method(state: &LoopState, name: &str, args: Args) -> R<Val> {
    if name == "cycle" {
        if args.pos.is_empty() {
            return type_error("no items for cycling given");
        }
        return Ok(args.pos[state.index0.get() % args.pos.len()].clone());
    }
    let now = args.pos;
    let before = state.changed.borrow().clone();
    let same = match before {
        Some(before) => eq(&Val::tuple(before), &Val::tuple(now.clone()))?,
        None => false,
    };
    if !same {
        *state.changed.borrow_mut() = Some(now);
    }
    Ok(Val::Bool(!same))
}

fn salt_method(rt: &Rt<'_>, name: &str, args: Args) -> R<Val> {
    if name == "keys" {
        return Ok(Val::list(rt.iterate(&rt.salt)?));
    }
    let [fun, default] = args.bind("get", ["key", "default"], 1)?;
    let fun = fun.unwrap_or(Val::None);
    Ok(rt.item(&rt.salt, &fun)?.or(default).unwrap_or(Val::None))
}

/// `count` and `index` of any sequence.
fn sequence(items: &[Val], kind: &str, name: &str, args: Args) -> R<Val> {
    if name == "count" {
        let [wanted] = args.bind("count", ["value"], 1)?;
        let wanted = wanted.unwrap_or(Val::None);
        let mut count = 0;
        for item in items {
            count += i64::from(item.same(&wanted) || eq(item, &wanted)?);
        }
        return Ok(Val::Int(count));
    }
    let [wanted, start, stop] = args.bind("index", ["value", "start", "stop"], 1)?;
    let wanted = wanted.unwrap_or(Val::None);
    let bound = |val: &Option<Val>| val.as_ref().and_then(Val::as_int);
    for at in crate::jinja::eval::slice_indices(items.len(), [bound(&start), bound(&stop), None]) {
        if items[at].same(&wanted) || eq(&items[at], &wanted)? {
            return Ok(Val::Int(at as i64));
        }
    }
    let shown = crate::jinja::value::repr(&wanted);
    crate::jinja::fault::value_error(match kind {
        "list" => format!("{shown} is not in list"),
        "range" => format!("{shown} is not in range"),
        _ => format!("{kind}.index(x): x not in {kind}"),
    })
}
