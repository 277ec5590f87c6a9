//! Methods of dicts.

use std::rc::Rc;

use crate::jinja::eval::{Args, Rt};
use crate::jinja::fault::{R, key_error, type_error, value_error};
use crate::jinja::value::{DictKind, DictView, Key, PyDict, Val, ViewKind, repr};

pub(super) fn call(rt: &Rt<'_>, dict: &Rc<PyDict>, name: &str, args: Args) -> R<Val> {
    let view = |kind| Ok(Val::View(Rc::new(DictView { dict: dict.clone(), kind })));
    match name {
        "keys" => args.bind("keys", [], 0).and_then(|[]| view(ViewKind::Keys)),
        "values" => args.bind("values", [], 0).and_then(|[]| view(ViewKind::Values)),
        "items" => args.bind("items", [], 0).and_then(|[]| view(ViewKind::Items)),
        "get" => {
            let [key, default] = args.bind("get", ["key", "default"], 1)?;
            let key = key.unwrap_or(Val::None);
            key.hashable()?;
            Ok(dict.get(&key).or(default).unwrap_or(Val::None))
        }
        "setdefault" => {
            let [key, default] = args.bind("setdefault", ["key", "default"], 1)?;
            let key = key.unwrap_or(Val::None);
            key.hashable()?;
            if let Some(found) = dict.get(&key) {
                return Ok(found);
            }
            let default = default.unwrap_or(Val::None);
            dict.insert(key, default.clone());
            Ok(default)
        }
        "update" => {
            update(rt, dict, args)?;
            Ok(Val::None)
        }
        "pop" => pop(dict, args),
        "popitem" => {
            let taken = dict.map_mut().pop();
            match taken {
                Some((key, val)) => Ok(Val::tuple(vec![key.0, val])),
                None => key_error("'popitem(): dictionary is empty'"),
            }
        }
        "clear" => {
            dict.map_mut().clear();
            Ok(Val::None)
        }
        "copy" => {
            let kind =
                if dict.kind == DictKind::Ordered { DictKind::Ordered } else { DictKind::Plain };
            let copy = match dict.untouched() {
                // The members must be the same objects in both.
                Some(map) if map.values().all(is_scalar) => PyDict::shared(map, kind),
                _ => PyDict::new(dict.map().clone(), kind),
            };
            Ok(Val::Dict(Rc::new(copy)))
        }
        "fromkeys" => {
            let [keys, val] = args.bind("fromkeys", ["iterable", "value"], 1)?;
            let val = val.unwrap_or(Val::None);
            let keys = rt.iterate(&keys.unwrap_or(Val::None))?;
            keys.iter().try_for_each(Val::hashable)?;
            Ok(Val::dict(keys.into_iter().map(|key| (key, val.clone()))))
        }
        _ => move_to_end(dict, args),
    }
}

fn pop(dict: &PyDict, args: Args) -> R<Val> {
    let [key, default] = args.bind("pop", ["key", "default"], 1)?;
    let key = key.unwrap_or(Val::None);
    key.hashable()?;
    let taken = dict.map_mut().shift_remove(&Key(key.clone()));
    match taken.or(default) {
        Some(val) => Ok(val),
        None => key_error(repr(&key)),
    }
}

fn move_to_end(dict: &PyDict, args: Args) -> R<Val> {
    let [key, last] = args.bind("move_to_end", ["key", "last"], 1)?;
    let key = key.unwrap_or(Val::None);
    key.hashable()?;
    let last = last.map_or(Ok(true), |last| last.truthy())?;
    let mut map = dict.map_mut();
    let Some(from) = map.get_index_of(&Key(key.clone())) else { return key_error(repr(&key)) };
    let to = if last { map.len() - 1 } else { 0 };
    map.move_index(from, to);
    Ok(Val::None)
}

fn is_scalar(value: &halite_core::Value) -> bool {
    !matches!(value, halite_core::Value::List(_) | halite_core::Value::Map(_))
}

/// `dict.update(mapping or pairs, **more)`.
pub(crate) fn update(rt: &Rt<'_>, dict: &PyDict, args: Args) -> R<()> {
    if args.pos.len() > 1 {
        return type_error(format!("update expected at most 1 argument, got {}", args.pos.len()));
    }
    if let Some(from) = args.pos.first() {
        for (key, val) in pairs_of(rt, from)? {
            dict.insert(key, val);
        }
    }
    for (name, val) in args.named {
        dict.insert(Val::Str(name), val);
    }
    Ok(())
}

/// The pairs of a mapping or of an iterable of pairs.
pub(crate) fn pairs_of(rt: &Rt<'_>, from: &Val) -> R<Vec<(Val, Val)>> {
    if let Val::Dict(dict) = from {
        return Ok(dict.pairs());
    }
    let mut pairs = Vec::new();
    for (at, item) in rt.iterate(from)?.into_iter().enumerate() {
        item.defined()?;
        if item.is_number() || item.is_none() {
            return type_error(format!(
                "cannot convert dictionary update sequence element #{at} to a sequence"
            ));
        }
        let mut parts = rt.iterate(&item)?;
        if parts.len() != 2 {
            return value_error(format!(
                "dictionary update sequence element #{at} has length {}; 2 is required",
                parts.len()
            ));
        }
        if let (Some(val), Some(key)) = (parts.pop(), parts.pop()) {
            key.hashable()?;
            pairs.push((key, val));
        }
    }
    Ok(pairs)
}
