//! Sorting and grouping.

use std::rc::Rc;

use super::{attribute_path, flag, given, ignore_case};
use crate::jinja::eval::{Args, Rt};
use crate::jinja::fault::{R, attribute_error, runtime_error, type_error};
use crate::jinja::value::{PyTuple, Val, eq, sort_by};

pub(super) const NAMES: &[&str] = &["sort", "dictsort", "groupby", "sorted_ignorecase"];

pub(super) fn call(rt: &Rt<'_>, name: &str, val: Val, args: Args) -> R<Val> {
    match name {
        "sort" => sort(rt, &val, args),
        "dictsort" => dictsort(&val, args),
        "groupby" => groupby(rt, &val, args),
        _ => {
            let sorted = sort_by(rt.iterate(&val)?, false, |item| match item.as_str() {
                Some(text) => Ok(Val::str(text.to_lowercase())),
                None => attribute_error(format!(
                    "'{}' object has no attribute 'lower'",
                    item.type_name()
                )),
            })?;
            Ok(Val::list(sorted))
        }
    }
}

fn folded(val: Val, case_sensitive: bool) -> Val {
    if case_sensitive { val } else { ignore_case(val) }
}

fn sort(rt: &Rt<'_>, val: &Val, args: Args) -> R<Val> {
    let [reverse, case, attribute] =
        args.bind("do_sort", ["reverse", "case_sensitive", "attribute"], 0)?;
    let (reverse, case) = (flag(reverse, false)?, flag(case, false)?);
    let paths: Vec<Val> = match given(attribute) {
        None => vec![Val::None],
        Some(Val::Str(text) | Val::Markup(text)) => text.split(',').map(Val::str).collect(),
        Some(other) => vec![other],
    };
    let sorted = sort_by(rt.iterate(val)?, reverse, |item| {
        let mut keys = Vec::with_capacity(paths.len());
        for path in &paths {
            keys.push(folded(attribute_path(rt, item, path, None)?, case));
        }
        Ok(if keys.len() == 1 { keys.swap_remove(0) } else { Val::list(keys) })
    })?;
    Ok(Val::list(sorted))
}

fn dictsort(val: &Val, args: Args) -> R<Val> {
    let [case, by, reverse] = args.bind("do_dictsort", ["case_sensitive", "by", "reverse"], 0)?;
    val.defined()?;
    let at = match by.as_ref().map(|by| by.as_str().unwrap_or_default()) {
        None | Some("key") => 0,
        Some("value") => 1,
        _ => return runtime_error("You can only sort by either \"key\" or \"value\""),
    };
    let (case, reverse) = (flag(case, false)?, flag(reverse, false)?);
    let Val::Dict(dict) = val else {
        return attribute_error(format!("'{}' object has no attribute 'items'", val.type_name()));
    };
    let pairs = dict.pairs().into_iter().map(|(key, item)| Val::tuple(vec![key, item])).collect();
    let sorted = sort_by(pairs, reverse, |pair| match pair {
        Val::Tuple(pair) => Ok(folded(pair.items[at].clone(), case)),
        _ => type_error("not a pair"),
    })?;
    Ok(Val::list(sorted))
}

fn groupby(rt: &Rt<'_>, val: &Val, args: Args) -> R<Val> {
    let [attribute, default, case] =
        args.bind("sync_do_groupby", ["attribute", "default", "case_sensitive"], 1)?;
    let attribute = attribute.unwrap_or(Val::None);
    let default = given(default);
    let case = flag(case, false)?;
    let key = |item: &Val| attribute_path(rt, item, &attribute, default.as_ref());
    let sorted = sort_by(rt.iterate(val)?, false, |item| Ok(folded(key(item)?, case)))?;
    let mut groups: Vec<(Val, Vec<Val>)> = Vec::new();
    for item in sorted {
        let own = folded(key(&item)?, case);
        match groups.last_mut() {
            Some((group, items)) if eq(group, &own)? => items.push(item),
            _ => groups.push((own, vec![item])),
        }
    }
    let mut rows = Vec::with_capacity(groups.len());
    for (_, items) in groups {
        let grouper = items.first().map_or(Ok(Val::None), &key)?;
        let items = vec![grouper, Val::list(items)];
        rows.push(Val::Tuple(Rc::new(PyTuple { items, names: &["grouper", "list"] })));
    }
    Ok(Val::list(rows))
}
