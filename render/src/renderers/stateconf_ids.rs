//! What `stateconf` does to ids, references and includes.

use halite_core::{Map, Value};

use crate::RenderError;

/// Arguments that name other states.
const REQUISITES: [&str; 12] = [
    "require",
    "require_in",
    "watch",
    "watch_in",
    "use",
    "use_in",
    "listen",
    "listen_in",
    "onchanges",
    "onchanges_in",
    "onfail",
    "onfail_in",
];
const BEFORE: [&str; 5] = ["require", "watch", "listen", "onchanges", "onfail"];
const AFTER: [&str; 5] = ["require_in", "watch_in", "listen_in", "onchanges_in", "onfail_in"];

/// The module of `module.function`.
pub(super) fn module(state: &str) -> &str {
    state.split('.').next().unwrap_or(state)
}

/// Ids with the modules of their states, in order, without those ids.
pub(super) fn states<'a>(
    data: &'a Map,
    without: &'a [&'a str],
) -> impl Iterator<Item = (String, String)> + 'a {
    data.iter().flat_map(move |(id, states)| {
        let id = id.to_string();
        let out = id.starts_with("__")
            || without.contains(&id.as_str())
            || states.get("__sls__").is_some();
        let names = states.as_map().into_iter().filter(move |_| !out);
        names.flat_map(|map| map.keys()).filter_map(move |state| {
            let state = state.to_string();
            (!state.starts_with("__")).then(|| (id.clone(), module(&state).to_owned()))
        })
    })
}

/// `id: state.func` becomes `id: {state.func: []}`.
pub(super) fn spread_shorthands(data: &mut Map) {
    for (_, states) in data.iter_mut() {
        if let Value::Str(state) = states {
            *states = Value::map([(Value::Str(state.clone()), Value::list([]))]);
        }
    }
}

/// A reference that begins with dots, from the place of `sls`.
fn absolute(relative: &str, sls: &str) -> Result<String, RenderError> {
    let rest = relative.trim_start_matches('.');
    let levels = relative.len() - rest.len();
    let parts: Vec<&str> = sls.split('.').collect();
    let Some(kept) = parts.len().checked_sub(levels) else {
        let text = "Attempted relative include goes beyond top level package";
        return Err(RenderError::new(text));
    };
    let kept = parts.get(..kept).unwrap_or_default().iter().copied();
    Ok(kept.chain([rest]).collect::<Vec<_>>().join("."))
}

/// The whole id of one that begins with a dot.
fn absolute_id(id: &str, sls: &str) -> Result<String, RenderError> {
    if id.contains("::") {
        return absolute(id, sls);
    }
    let whole = absolute(id, &format!("{sls}."))?;
    Ok(whole.rsplit_once('.').map_or(whole.clone(), |(file, id)| format!("{file}::{id}")))
}

/// Includes and excludes that begin with a dot are relative to the file.
pub(super) fn absolute_sls(data: &mut Map, sls: &str, env: &str) -> Result<(), RenderError> {
    if let Some(items) = data.get_mut("include").and_then(Value::as_list_mut) {
        for item in items.iter_mut() {
            let (env, name) = match item.as_map().and_then(Map::first) {
                Some((env, name)) => (env.to_string(), name.to_string()),
                None => (env.to_owned(), item.to_string()),
            };
            if name.starts_with('.') {
                *item = Value::map([(env, Value::from(absolute(&name, sls)?))]);
            }
        }
    }
    if let Some(items) = data.get_mut("exclude").and_then(Value::as_list_mut) {
        for item in items.iter_mut() {
            let Some(name) = item.as_map_mut().and_then(|map| map.get_mut("sls")) else { continue };
            if name.as_str().is_some_and(|name| name.starts_with('.')) {
                *name = absolute(&name.to_string(), sls)?.into();
            }
        }
    }
    Ok(())
}

/// The references within a state's arguments, as (argument, module, id).
fn references(args: &Value, names: &[&str]) -> Vec<(String, String)> {
    let maps = args.as_list().unwrap_or_default().iter().filter_map(|arg| arg.as_map()?.first());
    let named = maps.filter(|(name, _)| name.as_str().is_some_and(|name| names.contains(&name)));
    let lists = named.filter_map(|(_, value)| value.as_list());
    let pairs = lists.flatten().filter_map(|item| item.as_map()?.first());
    pairs.map(|(state, id)| (state.to_string(), id.to_string())).collect()
}

/// Ids that begin with a dot, and references to them, get the file's name before them; a state
/// without a name keeps the short one.
pub(super) fn rename(data: &mut Map, sls: &str) -> Result<(), RenderError> {
    if let Some(Value::Map(extend)) = data.get("extend") {
        let mut extend = (**extend).clone();
        rename_own(&mut extend, sls)?;
        data.insert("extend".into(), extend.into());
    }
    rename_own(data, sls)
}

fn rename_own(data: &mut Map, sls: &str) -> Result<(), RenderError> {
    for (id, states) in data.iter_mut() {
        if id.as_str().is_some_and(|id| matches!(id, "include" | "exclude" | "extend")) {
            continue;
        }
        let Some(states) = states.as_map_mut() else { continue };
        for (_, args) in states.iter_mut() {
            rename_references(args, sls)?;
        }
    }
    let dotted: Vec<String> =
        data.keys().map(Value::to_string).filter(|id| id.starts_with('.')).collect();
    for id in dotted {
        let new = absolute_id(&id, sls)?;
        if data.contains_key(new.as_str()) {
            return Err(RenderError::new(format!(
                "Can't rename state id({id}) into {new} because the later already exists!"
            )));
        }
        let Some(mut states) = data.shift_remove(id.as_str()) else { continue };
        for (state, args) in states.as_map_mut().into_iter().flat_map(|map| map.iter_mut()) {
            let Some(args) = args.as_list_mut() else { continue };
            let named = args.iter().any(|arg| {
                arg.as_map().and_then(Map::first).is_some_and(|(n, _)| n.as_str() == Some("name"))
            });
            if module(&state.to_string()) != "stateconf" && !named {
                let name = id.get(1..).unwrap_or_default();
                args.insert(0, Value::map([("name", Value::str(name))]));
            }
        }
        data.insert(new.into(), states);
    }
    Ok(())
}

fn rename_references(args: &mut Value, sls: &str) -> Result<(), RenderError> {
    let Some(args) = args.as_list_mut() else { return Ok(()) };
    for arg in args.iter_mut() {
        let Some(map) = arg.as_map_mut() else { continue };
        let Some((name, value)) = map.iter_mut().next() else { continue };
        if !name.as_str().is_some_and(|name| REQUISITES.contains(&name)) {
            continue;
        }
        for item in value.as_list_mut().into_iter().flat_map(|items| items.iter_mut()) {
            let Some(map) = item.as_map_mut() else { continue };
            let Some((_, id)) = map.iter_mut().next() else { continue };
            if id.as_str().is_some_and(|id| id.starts_with('.')) {
                *id = absolute_id(&id.to_string(), sls)?.into();
            }
        }
    }
    Ok(())
}

/// Every state requires the one before it.
pub(super) fn implicit_requires(data: &mut Map) -> Result<(), RenderError> {
    let order: Vec<(String, String)> = states(data, &["include", "exclude", "extend"]).collect();
    let place = |state: &str, id: &str| {
        order.iter().position(|(known, m)| known == id && m == module(state))
    };
    for (at, (id, state)) in order.iter().enumerate() {
        let Some(states) = data.get_mut(id.as_str()).and_then(Value::as_map_mut) else { continue };
        let found = states.iter_mut().find(|(name, _)| module(&name.to_string()) == state);
        let Some((_, args)) = found else { continue };
        let tag = format!("{id}:{state}");
        for (kinds, wrong) in [(BEFORE, true), (AFTER, false)] {
            for (other_state, other) in references(args, &kinds) {
                let Some(there) = place(&other_state, &other) else { continue };
                if (wrong && there > at) || (!wrong && there < at) {
                    return Err(RenderError::new(out_of_order(&tag, &other_state, &other, wrong)));
                }
            }
        }
        let Some(items) = args.as_list_mut() else { continue };
        let names = items.iter().any(|arg| arg.get("names").is_some());
        if names {
            return Err(RenderError::new(format!(
                "'names' declaration(found in state id: {id}) is not supported with implicitly \
                 ordered states! You should generate the states in a template for-loop instead."
            )));
        }
        let Some((before, before_state)) = at.checked_sub(1).and_then(|at| order.get(at)) else {
            continue;
        };
        let before = Value::map([(before_state.as_str(), Value::str(before))]);
        let there = items.iter_mut().find_map(|arg| {
            arg.as_map_mut().and_then(|map| map.get_mut("require")).and_then(Value::as_list_mut)
        });
        match there {
            Some(list) => list.insert(0, before),
            None => items.push(Value::map([("require", Value::list([before]))])),
        }
    }
    Ok(())
}

fn out_of_order(tag: &str, state: &str, id: &str, after: bool) -> String {
    let other = format!("{id}:{}", module(state));
    match after {
        true => format!(
            "State({tag}) can't require/watch/listen/onchanges/onfail a state({other}) defined \
             after it!"
        ),
        false => format!(
            "State({tag}) can't require_in/watch_in/listen_in/onchanges_in/onfail_in a \
             state({other}) defined before it!"
        ),
    }
}
