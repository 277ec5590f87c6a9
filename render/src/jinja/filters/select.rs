//! `map`, `select`, `reject` and their `attr` forms: lazy, as generators are.

use super::attribute_path;
use crate::jinja::eval::{Args, Rt};
use crate::jinja::fault::{Class, Fault, R};
use crate::jinja::tests;
use crate::jinja::value::Val;

pub(super) const NAMES: &[&str] = &["map", "select", "reject", "selectattr", "rejectattr"];

pub(super) fn call(_: &Rt<'_>, name: &str, val: Val, args: Args) -> R<Val> {
    let (generator, negated, by_attribute) = match name {
        "map" => {
            return Ok(Val::lazy(
                "sync_do_map",
                Box::new(move |rt| {
                    if !val.truthy()? {
                        return Ok(Vec::new());
                    }
                    mapped(rt, &val, args)
                }),
            ));
        }
        "select" => ("select_or_reject", false, false),
        "reject" => ("select_or_reject", true, false),
        "selectattr" => ("select_or_reject", false, true),
        _ => ("select_or_reject", true, true),
    };
    Ok(Val::lazy(
        generator,
        Box::new(move |rt| {
            if !val.truthy()? {
                return Ok(Vec::new());
            }
            selected(rt, &val, args, negated, by_attribute)
        }),
    ))
}

fn argument_error<T>(text: impl Into<String>) -> R<T> {
    Err(Fault::new(Class::Runtime, text))
}

fn mapped(rt: &Rt<'_>, val: &Val, mut args: Args) -> R<Vec<Val>> {
    let attribute = args.named.iter().position(|(name, _)| **name == *"attribute");
    if let Some(at) = attribute.filter(|_| args.pos.is_empty()) {
        let path = args.named.remove(at).1;
        let default = args.named.iter().position(|(name, _)| **name == *"default");
        let default =
            default.map(|at| args.named.remove(at).1).filter(|default| !default.is_none());
        if let Some((name, _)) = args.named.first() {
            let name = halite_core::value::repr_str(name);
            return argument_error(format!("Unexpected keyword argument {name}"));
        }
        return rt
            .iterate(val)?
            .iter()
            .map(|item| attribute_path(rt, item, &path, default.as_ref()))
            .collect();
    }
    if args.pos.is_empty() {
        return argument_error("map requires a filter argument");
    }
    let filter = rt.text(&args.pos.remove(0))?;
    if !super::is_known(&filter) {
        let name = halite_core::value::repr_str(&filter);
        return argument_error(format!("No filter named {name}."));
    }
    rt.iterate(val)?.into_iter().map(|item| super::call(rt, &filter, item, args.clone())).collect()
}

fn selected(
    rt: &Rt<'_>,
    val: &Val,
    mut args: Args,
    negated: bool,
    by_attribute: bool,
) -> R<Vec<Val>> {
    let mut path = None;
    if by_attribute {
        if args.pos.is_empty() {
            return argument_error("Missing parameter for attribute name");
        }
        path = Some(args.pos.remove(0));
    }
    let test = if args.pos.is_empty() { None } else { Some(rt.text(&args.pos.remove(0))?) };
    if let Some(test) = test.as_ref().filter(|test| !tests::is_known(test)) {
        let name = halite_core::value::repr_str(test);
        return argument_error(format!("No test named {name}."));
    }
    let mut kept = Vec::new();
    for item in rt.iterate(val)? {
        let subject = match &path {
            Some(path) => attribute_path(rt, &item, path, None)?,
            None => item.clone(),
        };
        let hit = match &test {
            Some(test) => tests::call(rt, test, &subject, args.clone())?,
            None => subject.truthy()?,
        };
        if hit != negated {
            kept.push(item);
        }
    }
    Ok(kept)
}
