//! Methods of lists.

use crate::jinja::eval::{Args, Rt, index};
use crate::jinja::fault::{R, index_error, type_error, value_error};
use crate::jinja::value::{PyList, Val, eq, sort_by};

/// How many members a list may grow to.
const LONGEST: usize = 10_000_000;

pub(super) fn call(rt: &Rt<'_>, list: &PyList, name: &str, args: Args) -> R<Val> {
    match name {
        "append" => {
            let given = args.pos.len();
            let Ok([Some(item)]) = args.bind("append", ["object"], 1) else {
                return type_error(format!(
                    "list.append() takes exactly one argument ({given} given)"
                ));
            };
            if list.len() >= LONGEST {
                return value_error(format!("lists may have {LONGEST} members"));
            }
            list.items_mut().push(item);
        }
        "extend" => {
            let [more] = args.bind("extend", ["iterable"], 1)?;
            let more = rt.iterate(&more.unwrap_or(Val::None))?;
            rt.check_size((list.len() + more.len()).saturating_mul(size_of::<Val>()))?;
            list.items_mut().extend(more);
        }
        "insert" => {
            let [at, item] = args.bind("insert", ["index", "object"], 2)?;
            let Some(at) = at.as_ref().and_then(Val::as_int) else {
                return type_error("'str' object cannot be interpreted as an integer");
            };
            let len = list.len() as i64;
            let at = (if at < 0 { at + len } else { at }).clamp(0, len) as usize;
            list.items_mut().insert(at, item.unwrap_or(Val::None));
        }
        "pop" => return pop(list, args),
        "remove" => {
            let [wanted] = args.bind("remove", ["value"], 1)?;
            let wanted = wanted.unwrap_or(Val::None);
            for (at, item) in list.to_vec().iter().enumerate() {
                if item.same(&wanted) || eq(item, &wanted)? {
                    list.items_mut().remove(at);
                    return Ok(Val::None);
                }
            }
            return value_error("list.remove(x): x not in list");
        }
        "clear" => list.items_mut().clear(),
        "reverse" => list.items_mut().reverse(),
        "copy" => return Ok(Val::list(list.to_vec())),
        "sort" => {
            if !args.pos.is_empty() {
                return type_error("sort() takes no positional arguments");
            }
            let [key, reverse] = args.bind("sort", ["key", "reverse"], 0)?;
            let reverse = reverse.map_or(Ok(false), |reverse| reverse.truthy())?;
            let sorted = match key.filter(|key| !key.is_none()) {
                Some(key) => sort_by(list.to_vec(), reverse, |item| {
                    rt.call_value(&key, Args::one(item.clone()))
                })?,
                None => sort_by(list.to_vec(), reverse, |item| Ok(item.clone()))?,
            };
            *list.items_mut() = sorted;
        }
        _ => return super::sequence(&list.to_vec(), "list", name, args),
    }
    Ok(Val::None)
}

fn pop(list: &PyList, args: Args) -> R<Val> {
    let [at] = args.bind("pop", ["index"], 0)?;
    if list.len() == 0 {
        return index_error("pop from empty list");
    }
    let at = at.unwrap_or(Val::Int(-1));
    at.defined()?;
    if at.as_int().is_none() {
        return type_error(format!(
            "'{}' object cannot be interpreted as an integer",
            at.type_name()
        ));
    }
    match index(&at, list.len()) {
        Some(at) => Ok(list.items_mut().remove(at)),
        None => index_error("pop index out of range"),
    }
}
