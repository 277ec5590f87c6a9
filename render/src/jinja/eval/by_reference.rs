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

/// Stands for a member that is no plain data, since something in it is undefined; its place follows.
const NO_DATA: &str = "\0member:";

/// The first argument of a chooser as plain data. Members that it does not choose may hold what is undefined.
pub(super) fn lookup(
    fun: &str,
    at: usize,
    val: &Val,
    plain: impl Fn(&Val) -> R<Value>,
) -> R<Value> {
    let dict = match (plain(val), val) {
        (Ok(value), _) => return Ok(value),
        (Err(_), Val::Dict(dict)) if at == 0 && CHOOSERS.contains(&fun) => dict,
        (Err(fault), _) => return Err(fault),
    };
    let mut map = Map::new();
    for (place, (key, member)) in dict.pairs().iter().enumerate() {
        let member = plain(member).unwrap_or_else(|_| format!("{NO_DATA}{place}").into());
        map.insert(plain(key)?, member);
    }
    Ok(map.into())
}

/// What a function shares with the template that called it.
pub(super) enum Shared {
    /// The result is this dict, changed.
    Result(Rc<PyDict>),
    /// The result is a member of this dict; with something merged over it.
    Member { of: Rc<PyDict>, merged: bool },
}

impl Shared {
    /// Whether a call shares anything.
    pub(super) fn of(fun: &str, args: &Args) -> Option<Shared> {
        if CHOOSERS.contains(&fun) {
            let base = argument(args, 4, "base");
            if base.is_some_and(truthy) {
                return None;
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
        if let (Shared::Member { of, .. }, Some(text)) = (&self, result.as_str())
            && let Some(place) = text.strip_prefix(NO_DATA)
        {
            let member =
                place.parse().ok().and_then(|place: usize| of.values().get(place).cloned());
            return member.unwrap_or(Val::None);
        }
        let Value::Map(map) = result else { return Val::from(result) };
        match self {
            Shared::Result(dest) => {
                assign(&dest, map);
                Val::Dict(dest)
            }
            Shared::Member { of, merged } => {
                let chosen = if merged { unmerged() } else { Some(result.clone()) };
                let member = chosen.and_then(|chosen| {
                    let chosen = Val::from(&chosen);
                    of.values().into_iter().find(|member| eq(member, &chosen).unwrap_or(false))
                });
                match member {
                    Some(Val::Dict(member)) => {
                        if merged {
                            assign(&member, map);
                        }
                        Val::Dict(member)
                    }
                    _ => Val::from(result),
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

/// Makes a dict equal to `new`; dicts in it stay the objects they are.
fn assign(dest: &Rc<PyDict>, new: &Map) {
    for (key, value) in new {
        let key = Val::from(key);
        match (dest.get(&key), value) {
            (Some(Val::Dict(below)), Value::Map(map)) => assign(&below, map),
            (Some(old), value) if same(&old, value) => {}
            (_, value) => dest.insert(key, Val::from(value)),
        }
    }
}

/// Whether a value need not be replaced: the object that is there may be known elsewhere.
fn same(old: &Val, new: &Value) -> bool {
    let new = Val::from(new);
    old.type_name() == new.type_name() && eq(old, &new).unwrap_or(false)
}
