//! Salt's filters that treat lists as sets, compare and flatten.

use std::rc::Rc;

use super::basic::{is_iterable, optional_int};
use super::flag;
use crate::jinja::eval::{Args, Rt, ops};
use crate::jinja::fault::{R, recursion_error, type_error};
use crate::jinja::value::{Key, PySet, Val, eq};

pub(super) const NAMES: &[&str] = &[
    "unique",
    "union",
    "intersect",
    "difference",
    "symmetric_difference",
    "flatten",
    "compare_lists",
    "compare_dicts",
    "exactly_n_true",
    "exactly_one_true",
    "substring_in_list",
];

pub(super) fn call(rt: &Rt<'_>, name: &str, val: Val, args: Args) -> R<Val> {
    match name {
        "unique" => {
            let [] = args.bind("unique", [], 0)?;
            unique(rt, &val)
        }
        "union" | "intersect" | "difference" | "symmetric_difference" => {
            let [other] = args.bind(name, ["lst2"], 1)?;
            combine(rt, name, &val, &other.unwrap_or(Val::None))
        }
        "flatten" => {
            let [levels, keep] = args.bind("flatten", ["levels", "preserve_nulls"], 0)?;
            let mut out = Vec::new();
            flatten(rt, &val, optional_int(levels)?, flag(keep, false)?, &mut out, 0)?;
            Ok(Val::list(out))
        }
        "compare_lists" => compare_lists(rt, &val, args),
        "compare_dicts" => compare_dicts(rt, &val, args),
        "substring_in_list" => {
            let [list] = args.bind(name, ["lst"], 1)?;
            for item in rt.iterate(&list.unwrap_or(Val::None))? {
                if ops::contains(rt, &val, &item)? {
                    return Ok(Val::Bool(true));
                }
            }
            Ok(Val::Bool(false))
        }
        _ => {
            let amount = if name == "exactly_n_true" {
                let [amount] = args.bind(name, ["amount"], 0)?;
                match amount {
                    None => 1,
                    Some(amount) => match amount.as_int() {
                        Some(amount) => amount,
                        None => {
                            return type_error(format!(
                                "'{}' object cannot be interpreted as an integer",
                                amount.type_name()
                            ));
                        }
                    },
                }
            } else {
                1
            };
            let mut count = 0;
            for item in rt.iterate(&val)? {
                count += i64::from(item.truthy()?);
            }
            Ok(Val::Bool(count == amount))
        }
    }
}

fn is_hashable(val: &Val) -> R<bool> {
    val.defined()?;
    // A tuple counts as hashable whatever it holds: Salt asks the type.
    Ok(matches!(val, Val::Tuple(_)) || val.hashable().is_ok())
}

fn contains(items: &[Val], wanted: &Val) -> R<bool> {
    for item in items {
        if item.same(wanted) || eq(item, wanted)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn as_set(rt: &Rt<'_>, val: &Val) -> R<Vec<Key>> {
    let items = rt.iterate(val)?;
    items.iter().try_for_each(Val::hashable)?;
    Ok(items.into_iter().map(Key).collect())
}

fn make_set(items: impl IntoIterator<Item = Key>) -> Val {
    Val::Set(Rc::new(PySet::new(items.into_iter().map(|key| key.0))))
}

fn distinct(rt: &Rt<'_>, items: Vec<Val>) -> R<Val> {
    let mut kept: Vec<Val> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for item in items {
        if item.hashable().is_ok() {
            if seen.insert(Key(item.clone())) {
                kept.push(item);
            }
            continue;
        }
        rt.step(kept.len() as u64)?;
        if !contains(&kept, &item)? {
            kept.push(item);
        }
    }
    Ok(Val::list(kept))
}

fn unique(rt: &Rt<'_>, val: &Val) -> R<Val> {
    if is_hashable(val)? {
        return Ok(make_set(as_set(rt, val)?));
    }
    distinct(rt, rt.iterate(val)?)
}

fn combine(rt: &Rt<'_>, name: &str, a: &Val, b: &Val) -> R<Val> {
    if is_hashable(a)? && is_hashable(b)? {
        let (x, y) = (as_set(rt, a)?, as_set(rt, b)?);
        let only = |x: &[Key], y: &[Key]| {
            x.iter().filter(|item| !y.contains(item)).cloned().collect::<Vec<Key>>()
        };
        return Ok(make_set(match name {
            "union" => x.into_iter().chain(y).collect(),
            "intersect" => x.into_iter().filter(|item| y.contains(item)).collect(),
            "difference" => only(&x, &y),
            _ => [only(&x, &y), only(&y, &x)].concat(),
        }));
    }
    let filtered = |keep_common: bool, x: &Val, y: &Val| -> R<Vec<Val>> {
        let others = rt.iterate(y)?;
        if y.as_str().is_some() {
            // Python looks for text in text.
            let mut kept = Vec::new();
            for item in rt.iterate(x)? {
                if ops::contains(rt, &item, y)? == keep_common {
                    kept.push(item);
                }
            }
            return Ok(kept);
        }
        let mut kept = Vec::new();
        for item in rt.iterate(x)? {
            rt.step(others.len() as u64)?;
            if contains(&others, &item)? == keep_common {
                kept.push(item);
            }
        }
        Ok(kept)
    };
    match name {
        "union" => unique(rt, &ops::add(rt, a, b)?),
        "intersect" => distinct(rt, filtered(true, a, b)?),
        "difference" => distinct(rt, filtered(false, a, b)?),
        _ => {
            let union = unique(rt, &ops::add(rt, a, b)?)?;
            let common = Val::list(filtered(true, a, b)?);
            distinct(rt, filtered(false, &union, &common)?)
        }
    }
}

/// How deep lists may nest.
const DEEPEST: usize = 100;

fn flatten(
    rt: &Rt<'_>,
    val: &Val,
    levels: Option<i64>,
    keep: bool,
    out: &mut Vec<Val>,
    depth: usize,
) -> R<()> {
    if depth > DEEPEST {
        return recursion_error("Reference cycle detected. Check input list.");
    }
    for item in rt.iterate(val)? {
        let null = item.is_none() || matches!(item.as_str(), Some("None" | "null"));
        if null && !keep {
            continue;
        }
        let nested = is_iterable(&item) && item.as_str().is_none() && !item.is_undef();
        match levels {
            _ if !nested => out.push(item),
            None => flatten(rt, &item, None, keep, out, depth + 1)?,
            Some(levels) if levels >= 1 => {
                flatten(rt, &item, Some(levels - 1), keep, out, depth + 1)?
            }
            Some(_) => out.push(item),
        }
    }
    Ok(())
}

fn compare_lists(rt: &Rt<'_>, old: &Val, args: Args) -> R<Val> {
    let [new] = args.bind("compare_lists", ["new"], 1)?;
    let (old, new) = (rt.iterate(old)?, rt.iterate(&new.unwrap_or(Val::None))?);
    let mut pairs = Vec::new();
    for (name, from, other) in [("new", &new, &old), ("old", &old, &new)] {
        let mut only = Vec::new();
        for item in from {
            rt.step(other.len() as u64)?;
            if !contains(other, item)? {
                only.push(item.clone());
            }
        }
        if !only.is_empty() {
            pairs.push((Val::str(name), Val::list(only)));
        }
    }
    Ok(Val::dict(pairs))
}

fn compare_dicts(rt: &Rt<'_>, old: &Val, args: Args) -> R<Val> {
    let [new] = args.bind("compare_dicts", ["new"], 0)?;
    let (empty, new) = (Val::dict([]), new.unwrap_or(Val::None));
    // What is false stands for nothing.
    let side =
        |side: &Val| -> R<Val> { Ok(if side.truthy()? { side.clone() } else { empty.clone() }) };
    let (Val::Dict(old), Val::Dict(new)) = (&side(old)?, &side(&new)?) else {
        return type_error("compare_dicts() wants two dicts");
    };
    let mut pairs = Vec::new();
    let entry = |old: Val, new: Val, new_first: bool| {
        let (old, new) = ((Val::str("old"), old), (Val::str("new"), new));
        Val::dict(if new_first { [new, old] } else { [old, new] })
    };
    for (key, item) in new.pairs() {
        rt.step(1)?;
        match old.get(&key) {
            None => pairs.push((key, entry(Val::str(""), item, false))),
            Some(before) if !eq(&before, &item)? => pairs.push((key, entry(before, item, false))),
            Some(_) => {}
        }
    }
    for (key, item) in old.pairs() {
        if !new.contains(&key) {
            pairs.push((key, entry(item, Val::str(""), true)));
        }
    }
    Ok(Val::dict(pairs))
}
