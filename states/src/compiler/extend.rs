//! `extend`: changing IDs that other sls files declare; also the last step of the `*_in` forms.

use std::collections::HashMap;

use halite_core::{Map, Value};

use super::exclude::excluded_sls;
use super::fault::{Fault, Faults};
use super::high::{HighData, is_internal, text};
use super::place::Step;
use super::verify::is_requisite_keyword;

/// Finds IDs by an argument's value, without scanning everything for every question.
#[derive(Default)]
pub(crate) struct ArgIndex {
    /// (state module, argument value) to the IDs that may have it.
    ids: HashMap<(Value, Value), Vec<Value>>,
}

impl ArgIndex {
    pub(crate) fn new(ids: &Map) -> ArgIndex {
        let mut index = ArgIndex::default();
        for (id, body) in ids {
            for (state, args) in body.as_map().into_iter().flatten() {
                for arg in args.as_list().unwrap_or_default() {
                    index.add(id, state, arg);
                }
            }
        }
        index
    }

    fn add(&mut self, id: &Value, state: &Value, arg: &Value) {
        if let Some((_, value)) = one_key(arg) {
            self.ids.entry((state.clone(), value.clone())).or_default().push(id.clone());
        }
    }

    /// IDs which have `state` with an argument whose value is `value`, once per argument.
    fn find(&self, ids: &Map, state: &Value, value: &Value) -> Vec<Value> {
        let Some(candidates) = self.ids.get(&(state.clone(), value.clone())) else {
            return Vec::new();
        };
        let has = |id: &&Value| {
            let args = ids.get(*id).and_then(|body| body.as_map()?.get(state)?.as_list());
            args.unwrap_or_default().iter().any(|arg| one_key(arg).is_some_and(|(_, v)| v == value))
        };
        candidates.iter().filter(has).cloned().collect()
    }
}

/// An argument's name and value if it is a mapping with one key.
fn one_key(arg: &Value) -> Option<(&Value, &Value)> {
    arg.as_map().filter(|map| map.len() == 1).and_then(Map::first)
}

/// IDs that a reference means, with the state module: by ID, by sls, or by an argument's value.
/// Salt: `find_name` behaviour.
pub(crate) fn find_name(
    name: &Value,
    state: &Value,
    ids: &Map,
    index: &ArgIndex,
    strict: bool,
) -> Vec<(Value, Value)> {
    let here = ids.get(name).and_then(Value::as_map);
    if here.is_some_and(|body| !strict || body.contains_key(state)) {
        return vec![(name.clone(), state.clone())];
    }
    if state.as_str() == Some("sls") {
        let of_sls = |(id, body): (&Value, &Value)| {
            let body = body.as_map()?;
            (body.get("__sls__") == Some(name))
                .then(|| body.first().map(|(first, _)| (id.clone(), first.clone())))?
        };
        return ids.iter().filter_map(of_sls).collect();
    }
    index.find(ids, state, name).into_iter().map(|id| (id, state.clone())).collect()
}

/// Applies the `extend` declarations. Salt: `State.reconcile_extend` behaviour.
pub fn reconcile_extend(high: &mut HighData, strict: bool) -> Faults {
    let mut faults = Faults::new();
    let extends = std::mem::take(&mut high.extend);
    if extends.is_empty() {
        return faults;
    }
    let excluded = excluded_sls(&high.exclude);
    let mut index: Option<ArgIndex> = None;
    for (name, body) in extends.iter().flatten() {
        let Some(body) = body.as_map() else { continue };
        let first_state = body.keys().find(|key| !is_internal(key)).cloned().unwrap_or_default();
        let known = high.ids.get(name).and_then(Value::as_map);
        let mut target = name.clone();
        if !known.is_some_and(|known| known.contains_key(&first_state)) {
            let index = index.get_or_insert_with(|| ArgIndex::new(&high.ids));
            let mut ids = find_name(name, &first_state, &high.ids, index, strict);
            match (ids.pop(), ids.is_empty()) {
                (Some((id, _)), true) => target = id,
                _ => {
                    faults.push(cannot_extend(name, body, &high.ids));
                    continue;
                }
            }
        }
        if text(body, "__sls__").is_some_and(|sls| excluded.contains(sls)) {
            continue;
        }
        extend_id(&mut high.ids, &target, body, index.as_mut());
    }
    faults
}

fn cannot_extend(name: &Value, body: &Map, ids: &Map) -> Fault {
    let known = ids.keys().filter(|id| !is_internal(id)).filter_map(Value::as_str);
    let nearest = halite_core::text::nearest(&name.to_string(), known);
    let env = text(body, "__env__").unwrap_or("base");
    let sls = text(body, "__sls__").unwrap_or("base");
    Fault::new(format!(
        "Cannot extend ID '{name}' in '{env}:{sls}'. It is not part of the high state.\nThis is \
         likely due to a missing include statement or an incorrectly typed ID.\nEnsure that a state \
         with an ID of '{name}' is available\nin environment '{env}' and to SLS '{sls}'"
    ))
    .code("unknown-extend")
    .maybe_hint(nearest.map(|near| format!("did you mean '{near}'?")))
    .about_part(sls, [Step::Key("extend".into()), Step::Key(name.to_string())])
}

fn extend_id(ids: &mut Map, target: &Value, body: &Map, mut index: Option<&mut ArgIndex>) {
    let Some(known) = ids.get_mut(target).and_then(Value::as_map_mut) else { return };
    for (state, run) in body {
        if is_internal(state) {
            continue;
        }
        if let Some(index) = index.as_deref_mut() {
            for arg in run.as_list().unwrap_or_default() {
                index.add(target, state, arg);
            }
        }
        match known.get_mut(state) {
            None => drop(known.insert(state.clone(), run.clone())),
            Some(args) => {
                let Some(args) = args.as_list_mut() else { continue };
                for arg in run.as_list().unwrap_or_default() {
                    extend_args(args, arg);
                }
            }
        }
    }
}

/// Merges one argument into a state's arguments: a function replaces the function, requisites are
/// joined, `name` takes the place of `names`, other arguments are replaced or added.
fn extend_args(args: &mut Vec<Value>, arg: &Value) {
    let mut updated = false;
    let arg_name = arg.as_map().and_then(Map::first).map(|(key, _)| key.clone());
    for have in args.iter_mut() {
        if have.as_str().is_some() && arg.as_str().is_some() {
            *have = arg.clone();
            updated = true;
            continue;
        }
        let Some(name) = &arg_name else { continue };
        let Some(have_name) = have.as_map().and_then(Map::first).map(|(key, _)| key.clone()) else {
            continue;
        };
        if *name == have_name {
            if name.as_str().is_some_and(is_requisite_keyword) {
                let more = arg.as_map().and_then(|map| map.get(name)).and_then(Value::as_list);
                let list = have.as_map_mut().and_then(|map| map.get_mut(name));
                if let (Some(list), Some(more)) = (list.and_then(Value::as_list_mut), more) {
                    list.extend(more.iter().cloned());
                }
            } else {
                *have = arg.clone();
            }
            updated = true;
        }
        if name.as_str() == Some("name") && have_name.as_str() == Some("names") {
            *have = arg.clone();
        }
    }
    if !updated {
        args.push(arg.clone());
    }
}
