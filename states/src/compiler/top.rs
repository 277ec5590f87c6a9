//! Top files: which sls files this minion gets.

use indexmap::IndexMap;

use halite_core::{Map, Value};

use super::fault::{Fault, Faults};
use super::sls::Matches;

/// Rendered top files of each environment, in order; an environment without one has an empty map.
pub type Tops = IndexMap<String, Vec<Map>>;
/// Merged: environment to target to list of items.
pub type Top = IndexMap<Value, Value>;

/// How top files of several environments come together. Salt: `top_file_merging_strategy`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Merge {
    /// The base environment's file rules.
    Base,
    /// Each environment's own file; the named one stands in.
    Same(String),
    /// All sections of all files.
    All,
}

const NO_TARGETS: &str = "Unable to render top file. No targets found.";

/// Joins top files. Salt: `merge_tops` behaviour.
///
/// # Errors
/// A section without targets.
pub fn merge_tops(mut tops: Tops, how: &Merge) -> Result<Map, Fault> {
    let mut top = Map::new();
    match how {
        Merge::Base => {
            let base = tops.shift_remove("base").unwrap_or_default();
            for (env, targets) in base.iter().flatten() {
                add_section(&mut top, env, targets)?;
            }
            for (own, files) in &tops {
                for (env, targets) in files.iter().flatten() {
                    // A second file of the same environment is ignored as well: Salt's slip.
                    if env.as_str() == Some(own) && !top.contains_key(env) {
                        add_section(&mut top, env, targets)?;
                    }
                }
            }
        }
        Merge::Same(default_top) => {
            for (own, files) in &tops {
                let empty = files.iter().all(Map::is_empty);
                let files = if empty { tops.get(default_top).unwrap_or(files) } else { files };
                for (env, targets) in files.iter().flatten() {
                    if env.as_str() == Some(own) {
                        add_section(&mut top, env, targets)?;
                    }
                }
            }
        }
        Merge::All => {
            for (env, targets) in tops.values().flatten().flatten() {
                join_section(&mut top, env, targets)?;
            }
        }
    }
    Ok(top)
}

/// A section's targets, wherever they stand in one.
fn targets_of(targets: &Value) -> Result<Vec<(Value, Value)>, Fault> {
    match targets {
        Value::Map(map) => Ok(map.iter().map(|(k, v)| (k.clone(), v.clone())).collect()),
        _ => Err(Fault::new(NO_TARGETS)),
    }
}

fn section<'a>(top: &'a mut Map, env: &Value) -> Option<&'a mut Map> {
    top.entry(env.clone()).or_insert_with(|| Map::new().into()).as_map_mut()
}

fn add_section(top: &mut Map, env: &Value, targets: &Value) -> Result<(), Fault> {
    if env.as_str() == Some("include") {
        return Ok(());
    }
    let targets = targets_of(targets)?;
    if !targets.is_empty()
        && let Some(section) = section(top, env)
    {
        section.extend(targets);
    }
    Ok(())
}

fn join_section(top: &mut Map, env: &Value, targets: &Value) -> Result<(), Fault> {
    if env.as_str() == Some("include") {
        return Ok(());
    }
    let targets = targets_of(targets)?;
    let Some(section) = section(top, env) else { return Ok(()) };
    for (target, items) in targets {
        match section.get(&target) {
            None => drop(section.insert(target, items)),
            Some(have) => {
                let joined = join_items(have, &items);
                section.insert(target, joined);
            }
        }
    }
    Ok(())
}

fn join_items(old: &Value, new: &Value) -> Value {
    let split = |items: &Value| {
        let items = items.as_list().unwrap_or_default();
        let matcher = items.iter().rfind(|item| item.as_map().is_some()).cloned();
        let names = items.iter().filter(|item| item.as_str().is_some()).cloned();
        (matcher, names.collect::<Vec<_>>())
    };
    let ((old_matcher, old_names), (new_matcher, new_names)) = (split(old), split(new));
    let mut joined: Vec<Value> = new_matcher.or(old_matcher).into_iter().collect();
    joined.extend(old_names);
    for name in new_names {
        if !joined.contains(&name) {
            joined.push(name);
        }
    }
    joined.into()
}

/// All faults of a merged top. Salt: `verify_tops` behaviour.
pub fn verify_tops(top: &Map) -> Faults {
    let mut faults = Faults::new();
    for (env, matches) in top {
        match env.as_str() {
            Some("include") => continue,
            Some("") => faults.push(Fault::new("Empty saltenv statement in top file")),
            Some(_) => {}
            None => faults.push(Fault::new(format!(
                "Environment {env} in top file is not formed as a string"
            ))),
        }
        let Some(matches) = matches.as_map() else {
            faults.push(Fault::new(format!(
                "The top file matches for saltenv {env} are not formatted as a dict"
            )));
            continue;
        };
        for (target, items) in matches {
            verify_items(env, target, items, &mut faults);
        }
    }
    faults
}

fn verify_items(env: &Value, target: &Value, items: &Value, faults: &mut Faults) {
    let Some(items) = items.as_list() else {
        faults.push(Fault::new(format!(
            "Malformed topfile: state declarations for matcher {} in saltenv {} are not formed as \
             a list (got {})",
            target.repr(),
            env.repr(),
            // What Python calls the mappings of its YAML loader.
            if items.as_map().is_some() { "OrderedDict" } else { items.type_name() }
        )));
        return;
    };
    for item in items {
        match item {
            Value::Map(pairs) => {
                for value in pairs.values().filter(|value| !value.truthy()) {
                    faults.push(Fault::new(format!(
                        "Improperly formatted top file matcher in saltenv {item}: {value} file"
                    )));
                }
            }
            Value::Str(name) if name.is_empty() => {
                faults.push(Fault::new(format!("Environment {env} contains an empty sls index")))
            }
            _ => {}
        }
    }
}

/// What decides whether a target means this minion.
pub trait TopMatcher {
    /// Whether `target`, read by the matcher `kind` (`compound` unless the top file says another),
    /// means this minion.
    fn matches(&self, target: &Value, kind: &str) -> bool;
}

/// What of a top applies here. `only` is the environment the run is limited to, `envs` those
/// there are. Salt: `top_matches` behaviour.
pub fn top_matches(
    top: &Map,
    only: Option<&str>,
    envs: &[String],
    matcher: &dyn TopMatcher,
) -> Matches {
    let mut matches = Matches::new();
    for (env, body) in top {
        let env = env.to_string();
        if only.is_some_and(|only| only != env) {
            continue;
        }
        for (target, items) in body.as_map().into_iter().flatten() {
            take_items(&env, target, items, envs, matcher, &mut matches);
        }
    }
    matches
}

fn take_items(
    env: &str,
    target: &Value,
    items: &Value,
    envs: &[String],
    matcher: &dyn TopMatcher,
    matches: &mut Matches,
) {
    let single = [items.clone()];
    let items = items.as_list().unwrap_or(&single);
    let kind = items.iter().rev().find_map(|item| item.get("match")?.as_str());
    if !matcher.matches(target, kind.unwrap_or("compound")) {
        return;
    }
    matches.entry(env.to_owned()).or_default();
    for item in items {
        match item {
            Value::Str(sls) => matches.entry(env.to_owned()).or_default().push(sls.to_string()),
            Value::Map(pairs) => {
                if let Some(Value::Map(inner)) = pairs.get("subfilter") {
                    for (target, items) in &**inner {
                        take_items(env, target, items, envs, matcher, matches);
                    }
                } else if let Some((key, sls)) = pairs.last()
                    && let Some(key) = key.as_str().filter(|key| envs.iter().any(|env| env == key))
                {
                    matches.entry(key.to_owned()).or_default().push(sls.to_string());
                }
            }
            _ => {}
        }
    }
}

/// Adds what the master's own tops say, without repeats. `first` puts it in front.
pub fn add_master_tops(matches: &mut Matches, extra: &Map, first: bool) {
    for (env, names) in extra {
        let names = names.as_list().unwrap_or_default().iter().map(Value::to_string);
        let own = matches.entry(env.to_string()).or_default();
        let names: Vec<String> = names.collect();
        let (front, back) = if first { (names, own.clone()) } else { (own.clone(), names) };
        let more = back.into_iter().filter(|name| !front.contains(name)).collect::<Vec<_>>();
        *own = front.iter().cloned().chain(more).collect();
    }
}

/// Only what a whitelist names.
pub fn whitelisted(matches: Matches, whitelist: &[String]) -> Matches {
    if whitelist.is_empty() {
        return matches;
    }
    let keep = |(env, mut names): (String, Vec<String>)| {
        names.retain(|name| whitelist.contains(name));
        (!names.is_empty()).then_some((env, names))
    };
    matches.into_iter().filter_map(keep).collect()
}
