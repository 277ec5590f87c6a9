//! Methods of sets.

use std::rc::Rc;

use crate::jinja::eval::{Args, Rt};
use crate::jinja::fault::{R, key_error};
use crate::jinja::value::{Key, PySet, Val, repr};

fn others(rt: &Rt<'_>, args: &Args) -> R<Vec<Vec<Key>>> {
    let mut others = Vec::new();
    for arg in &args.pos {
        let items = rt.iterate(arg)?;
        items.iter().try_for_each(Val::hashable)?;
        others.push(items.into_iter().map(Key).collect());
    }
    Ok(others)
}

pub(super) fn call(rt: &Rt<'_>, set: &PySet, name: &str, args: Args) -> R<Val> {
    let make = |items: Vec<Key>| Val::Set(Rc::new(PySet::new(items.into_iter().map(|key| key.0))));
    let mine = || set.items.borrow().iter().cloned().collect::<Vec<Key>>();
    if let "add" | "discard" | "remove" = name {
        let [item] = args.bind(name, ["elem"], 1)?;
        let item = item.unwrap_or(Val::None);
        item.hashable()?;
        let shown = repr(&item);
        if name == "add" {
            set.items.borrow_mut().insert(Key(item));
        } else if !set.items.borrow_mut().shift_remove(&Key(item)) && name == "remove" {
            return key_error(shown);
        }
        return Ok(Val::None);
    }
    match name {
        "clear" => set.items.borrow_mut().clear(),
        "copy" => return Ok(make(mine())),
        "pop" => {
            let first = set.items.borrow_mut().shift_remove_index(0);
            return match first {
                Some(key) => Ok(key.0),
                None => key_error("'pop from an empty set'"),
            };
        }
        _ => {}
    }
    let others = others(rt, &args)?;
    let all: Vec<Key> = others.iter().flatten().cloned().collect();
    let result: Vec<Key> = match name {
        "isdisjoint" => return Ok(Val::Bool(mine().iter().all(|key| !all.contains(key)))),
        "issubset" => return Ok(Val::Bool(mine().iter().all(|key| all.contains(key)))),
        "issuperset" => {
            return Ok(Val::Bool(all.iter().all(|key| set.items.borrow().contains(key))));
        }
        "union" | "update" => mine().into_iter().chain(all).collect(),
        "intersection" | "intersection_update" => mine()
            .into_iter()
            .filter(|key| others.iter().all(|other| other.contains(key)))
            .collect(),
        "difference" | "difference_update" => {
            mine().into_iter().filter(|key| !all.contains(key)).collect()
        }
        "symmetric_difference" | "symmetric_difference_update" => {
            let more: Vec<Key> =
                all.iter().filter(|key| !set.items.borrow().contains(*key)).cloned().collect();
            mine().into_iter().filter(|key| !all.contains(key)).chain(more).collect()
        }
        _ => return Ok(Val::None),
    };
    if name.ends_with("update") {
        *set.items.borrow_mut() = result.into_iter().collect();
        return Ok(Val::None);
    }
    Ok(make(result))
}
