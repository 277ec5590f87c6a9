//! Execution functions that change an argument in place, or hand back a part of one.
//!
//! Functions take and give plain data; in Salt they share objects with the template. Formulas rely on that:
//! `{% do salt['defaults.merge'](defaults['x'], osmap) %}` is for its effect on `defaults`.
//! Salt: `salt/modules/defaults.py`, `salt/modules/slsutil.py`, `salt/utils/data.py` (`filter_by`).

use std::rc::Rc;

use halite_core::{Map, Value};

use super::call::Args;
use crate::jinja::fault::R;
use crate::jinja::value::{PyDict, Val, eq};

/// Functions whose result is their first argument, changed, with the flag that stops that.
const IN_PLACE: [(&str, &str, Option<(usize, &str)>); 3] = [
    ("defaults.merge", "dest", Some((3, "in_place"))),
    ("defaults.update", "dest", Some((3, "in_place"))),
    ("slsutil.update", "dest", None),
];

/// Functions that give a member of their first argument.
const CHOOSERS: [&str; 2] = ["grains.filter_by", "pillar.filter_by"];

/// Stands for what is no plain data, since it is undefined; the places that lead there follow.
const NO_DATA: &str = "\0member:";

/// The first argument of a chooser as plain data. What is undefined in it has a stand-in: Salt's choosers
/// only hand it on.
pub(super) fn lookup(
    fun: &str,
    at: usize,
    val: &Val,
    plain: impl Fn(&Val) -> R<Value>,
) -> R<Value> {
    match (plain(val), val) {
        (Ok(value), _) => Ok(value),
        (Err(_), Val::Dict(_)) if at == 0 && CHOOSERS.contains(&fun) => {
            stand_in(val, NO_DATA, &plain)
        }
        (Err(fault), _) => Err(fault),
    }
}

fn stand_in(val: &Val, place: &str, plain: &dyn Fn(&Val) -> R<Value>) -> R<Value> {
    if let Ok(value) = plain(val) {
        return Ok(value);
    }
    let below = |at: usize| format!("{place}{at}.");
    match val {
        Val::Dict(dict) => {
            let mut map = Map::new();
            for (at, (key, member)) in dict.pairs().iter().enumerate() {
                map.insert(plain(key)?, stand_in(member, &below(at), plain)?);
            }
            Ok(map.into())
        }
        Val::List(list) => {
            let items = list.to_vec();
            let items = items.iter().enumerate();
            items
                .map(|(at, item)| stand_in(item, &below(at), plain))
                .collect::<R<Vec<_>>>()
                .map(Value::from)
        }
        _ => Ok(place.into()),
    }
}

/// What a stand-in stands for in `of`; `None` if the text is none.
fn stood_for(of: &Rc<PyDict>, value: &Value) -> Option<Val> {
    let places = value.as_str()?.strip_prefix(NO_DATA)?;
    let places = places.split('.').filter(|place| !place.is_empty());
    let found = places.map(|place| place.parse::<usize>().ok()).try_fold(
        Val::Dict(Rc::clone(of)),
        |val, place| match val {
            Val::Dict(dict) => dict.values().get(place?).cloned(),
            Val::List(list) => list.get(place?),
            _ => None,
        },
    );
    Some(found.unwrap_or(Val::None))
}

fn has_stand_in(value: &Value) -> bool {
    match value {
        Value::Str(text) => text.starts_with(NO_DATA),
        Value::List(items) => items.iter().any(has_stand_in),
        Value::Map(map) => map.values().any(has_stand_in),
        _ => false,
    }
}

/// A result with everything in it that stand-ins stand for.
fn filled(of: &Rc<PyDict>, value: &Value) -> Val {
    match value {
        value if !has_stand_in(value) => Val::from(value),
        Value::List(items) => Val::list(items.iter().map(|item| filled(of, item)).collect()),
        Value::Map(map) => {
            Val::dict(map.iter().map(|(key, item)| (Val::from(key), filled(of, item))))
        }
        other => stood_for(of, other).unwrap_or_else(|| Val::from(other)),
    }
}

/// What a function shares with the template that called it.
pub(super) enum Shared {
    /// The result is this dict, changed.
    Result(Rc<PyDict>),
    /// The result is a member of this dict; with something merged over it.
    Member { of: Rc<PyDict>, merged: bool },
    /// The result is a new dict, in which there may be members of this one.
    New(Rc<PyDict>),
}

impl Shared {
    /// Whether a call shares anything.
    pub(super) fn of(fun: &str, args: &Args) -> Option<Shared> {
        if CHOOSERS.contains(&fun) {
            if argument(args, 4, "base").is_some_and(truthy) {
                return dict(args, "lookup_dict").map(Shared::New);
            }
            let merged = argument(args, 2, "merge").is_some_and(truthy);
            return Some(Shared::Member { of: dict(args, "lookup_dict")?, merged });
        }
        let (_, dest, flag) = IN_PLACE.iter().find(|(name, ..)| *name == fun)?;
        if let Some((at, name)) = flag
            && argument(args, *at, name).is_some_and(|flag| !truthy(flag))
        {
            return None;
        }
        dict(args, dest).map(Shared::Result)
    }

    /// The template's own object for a result.
    pub(super) fn adopt(self, result: &Value, unmerged: impl FnOnce() -> Option<Value>) -> Val {
        let Value::Map(map) = result else {
            return match &self {
                Shared::Member { of, .. } | Shared::New(of) => filled(of, result),
                Shared::Result(_) => Val::from(result),
            };
        };
        match self {
            Shared::Result(dest) => {
                assign(&dest, map, &dest);
                Val::Dict(dest)
            }
            Shared::New(of) => filled(&of, result),
            Shared::Member { of, merged } => {
                let chosen = if merged { unmerged() } else { Some(result.clone()) };
                let member = chosen.and_then(|chosen| {
                    let chosen = filled(&of, &chosen);
                    of.values().into_iter().find(|member| alike(member, &chosen))
                });
                match member {
                    Some(Val::Dict(member)) => {
                        if merged {
                            assign(&member, map, &of);
                        }
                        Val::Dict(member)
                    }
                    _ => filled(&of, result),
                }
            }
        }
    }
}

fn truthy(val: &Val) -> bool {
    val.truthy().unwrap_or(false)
}

fn argument<'a>(args: &'a Args, at: usize, name: &str) -> Option<&'a Val> {
    args.pos
        .get(at)
        .or_else(|| args.named.iter().find(|(key, _)| **key == *name).map(|pair| &pair.1))
}

fn dict(args: &Args, name: &str) -> Option<Rc<PyDict>> {
    match argument(args, 0, name) {
        Some(Val::Dict(dict)) => Some(Rc::clone(dict)),
        _ => None,
    }
}

/// Makes a dict equal to `new`; dicts in it stay the objects they are. Stand-ins are of `of`.
fn assign(dest: &Rc<PyDict>, new: &Map, of: &Rc<PyDict>) {
    for (key, value) in new {
        let key = Val::from(key);
        match (dest.get(&key), value) {
            (Some(Val::Dict(below)), Value::Map(map)) => assign(&below, map, of),
            (Some(old), value) if same(&old, &filled(of, value)) => {}
            (_, value) => dest.insert(key, filled(of, value)),
        }
    }
}

/// Whether a value need not be replaced: the object that is there may be known elsewhere.
fn same(old: &Val, new: &Val) -> bool {
    old.type_name() == new.type_name() && eq(old, new).unwrap_or(false)
}

/// Whether two values are equal; what is undefined equals only itself.
fn alike(one: &Val, other: &Val) -> bool {
    match (one, other) {
        (Val::Undef(one), Val::Undef(other)) => Rc::ptr_eq(one, other),
        (Val::Dict(one), Val::Dict(other)) if one.len() == other.len() => {
            let pairs = one.pairs();
            pairs.iter().all(|(key, member)| other.get(key).is_some_and(|new| alike(member, &new)))
        }
        _ => eq(one, other).unwrap_or(false),
    }
}
