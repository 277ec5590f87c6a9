//! Checks that high data is formed as the later stages need it: all faults at once.

use halite_core::{Map, Value};

use super::fault::{Fault, Faults};
use super::graph::Kind;
use super::high::{HighData, is_internal};
use super::place::Step;

/// Whether an argument's name is one whose value is a list of requisites, or `onfail_stop`.
pub fn is_requisite_keyword(name: &str) -> bool {
    name == "onfail_stop" || Kind::parse(name).is_some()
}

/// All faults of the high data. Salt: `State.verify_high` behaviour.
pub fn verify_high(high: &HighData) -> Faults {
    let mut faults = Faults::new();
    for (id, body) in &high.ids {
        let sls = body.get("__sls__").map(Value::to_string).unwrap_or_default();
        let before = faults.len();
        if id.as_str().is_none() {
            faults.push(
                Fault::new(format!(
                    "ID '{id}' in SLS '{sls}' is not formed as a string, but is type {}. It may \
                     need to be quoted.",
                    id.type_name()
                ))
                .hint(format!("write '{id}': with quotes")),
            );
        } else if is_internal(id) {
            continue;
        }
        match body.as_map() {
            None => faults.push(Fault::new(format!(
                "The type {id} in {body} is not formatted as a dictionary"
            ))),
            Some(body) => verify_body(&id.to_string(), &sls, body, &mut faults),
        }
        for fault in &mut faults[before..] {
            *fault = within(std::mem::take(fault), &sls, Step::Key(id.to_string()));
        }
    }
    faults
}

/// Says of a fault's part what it is a part of.
fn within(mut fault: Fault, sls: &str, step: Step) -> Fault {
    let mut steps = vec![step];
    steps.extend(fault.about.take().map(|about| about.steps).unwrap_or_default());
    fault.about_part(sls, steps)
}

fn verify_body(id: &str, sls: &str, body: &Map, faults: &mut Faults) {
    for (state, run) in body {
        if is_internal(state) {
            continue;
        }
        let before = faults.len();
        match run {
            Value::Null => faults.push(
                Fault::new(format!(
                    "ID '{id}' in SLS '{sls}' contains a short declaration ({state}) with a \
                     trailing colon. When not passing any arguments to a state, the colon must be \
                     omitted."
                ))
                .hint(format!("write `{state}` without the colon, or `{state}: []`")),
            ),
            Value::List(args) => verify_args(id, sls, &state.to_string(), args, faults),
            _ => faults.push(
                Fault::new(format!("State '{id}' in SLS '{sls}' is not formed as a list"))
                    .hint("put `- ` before each argument"),
            ),
        }
        for fault in &mut faults[before..] {
            *fault = within(std::mem::take(fault), sls, Step::State(state.to_string()));
        }
    }
}

fn verify_args(id: &str, sls: &str, state: &str, args: &[Value], faults: &mut Faults) {
    let mut funs: Vec<String> = Vec::new();
    if let Some((_, fun)) = state.split_once('.') {
        funs.push(fun.to_owned());
    }
    for arg in args {
        match arg {
            Value::Str(fun) => {
                funs.push(fun.to_string());
                if fun.trim().contains(' ') {
                    let what = format!(
                        "The function \"{fun}\" in state \"{id}\" in SLS \"{sls}\" has whitespace, \
                         a function with whitespace is not supported, perhaps this is an argument \
                         that is missing a \":\""
                    );
                    let word = Step::Word(fun.to_string());
                    faults.push(Fault::new(what).code("no-colon").about_part(sls, [word]));
                }
            }
            Value::Map(arg) => verify_arg(id, sls, arg, faults),
            _ => {}
        }
    }
    match funs.len() {
        0 => faults.push(
            Fault::new(format!("No function declared in state '{id}' in SLS '{sls}'"))
                .code("no-function")
                .hint(format!("write `{state}.function:`, or `- function` below `{state}:`")),
        ),
        1 => {}
        _ => {
            let what = format!(
                "Too many functions declared in state '{id}' in SLS '{sls}'. Please choose one of \
                 the following: {}",
                funs.join(", ")
            );
            let last = funs.pop().unwrap_or_default();
            let fault = Fault::new(what).code("two-functions").hint(format!(
                "an argument needs a value: `- {last}: value`; a second function its own ID"
            ));
            faults.push(fault.about_part(sls, [Step::Word(last)]));
        }
    }
}

fn verify_arg(id: &str, sls: &str, arg: &Map, faults: &mut Faults) {
    let Some((name, value)) = arg.first() else { return };
    let Some(name) = name.as_str() else { return };
    if name == "names" && value.as_list().is_none() {
        let what = format!(
            "The 'names' argument in state '{id}' in SLS '{sls}' needs to be formed as a list"
        );
        faults.push(Fault::new(what).about_part(sls, [Step::Arg("names".into())]));
    }
    if !is_requisite_keyword(name) {
        return;
    }
    let Some(items) = value.as_list() else {
        let what = format!(
            "The {name} statement in state '{id}' in SLS '{sls}' needs to be formed as a list"
        );
        let fault = Fault::new(what).hint(format!("`{name}:`, then `- module: name` below"));
        faults.push(fault.code("requisite-form").about_part(sls, [Step::Arg(name.into())]));
        return;
    };
    let before = faults.len();
    for (index, item) in items.iter().enumerate() {
        let from = faults.len();
        verify_reference(id, sls, item, faults);
        for fault in &mut faults[from..] {
            *fault = within(std::mem::take(fault), sls, Step::Item(index));
        }
    }
    if arg.len() != 1 {
        let second = arg.keys().nth(1).map(Value::to_string).unwrap_or_default();
        faults.push(
            Fault::new(format!(
                "Multiple dictionaries defined in argument of state '{id}' in SLS '{sls}'"
            ))
            .hint(format!("put `- ` before `{second}`")),
        );
    }
    for fault in &mut faults[before..] {
        *fault = within(std::mem::take(fault), sls, Step::Arg(name.into())).code("requisite-form");
    }
}

/// A declaration as Python prints what its YAML loader makes of mappings.
fn ordered(item: &Value) -> String {
    match item.as_map() {
        Some(map) => {
            let pairs =
                map.iter().map(|(key, value)| format!("({}, {})", key.repr(), value.repr()));
            format!("OrderedDict([{}])", pairs.collect::<Vec<_>>().join(", "))
        }
        None => item.to_string(),
    }
}

fn verify_reference(id: &str, sls: &str, item: &Value, faults: &mut Faults) {
    if item.as_str().is_some() {
        return;
    }
    let Some((key, value)) = item.as_map().filter(|map| map.len() == 1).and_then(Map::first) else {
        faults.push(Fault::new(format!(
            "Requisite declaration {} in state {id} in SLS {sls} is not formed as a single key \
             dictionary",
            ordered(item)
        )));
        return;
    };
    if let Some((module, _)) = key.as_str().and_then(|key| key.split_once('.')) {
        faults.push(Fault::new(format!(
            "Invalid requisite type '{key}' in state '{id}', in SLS '{sls}'. Requisite types must \
             not contain dots, did you mean '{module}'?"
        )));
    }
    if matches!(value, Value::List(_) | Value::Map(_)) {
        let value = ordered(value);
        faults.push(Fault::new(format!(
            "Illegal requisite \"{value}\" in SLS \"{sls}\", please check your syntax.\n"
        )));
    }
}
