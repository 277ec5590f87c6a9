//! Pillar sls files: rendering, including, merging.

use std::collections::HashMap;
use std::path::Path;

use halite_core::aggregate::strip_map;
use halite_core::{Map, Value};

use crate::INCLUDE_DEPTH_MAX;
use crate::compile::Compiler;
use crate::top::Matches;

/// What the files of one environment gave so far, without what they include.
type Seen = HashMap<String, Option<Value>>;

/// Renders the files of a minion and merges them in order, over the override.
pub(crate) fn render_matches(
    compiler: &mut Compiler<'_>,
    matches: &Matches,
    errors: &mut Vec<String>,
) -> Map {
    let mut pillar = compiler.who.request.pillar_override.clone();
    for (env, patterns) in in_order(compiler, matches) {
        let mut names = Vec::new();
        for pattern in patterns {
            if !compiler.has_env(env) {
                errors.push(no_env(env));
            }
            match compiler.expand(pattern, env) {
                found if found.is_empty() => names.push(pattern.clone()),
                found => names.extend(found),
            }
        }
        let mut run = Run { compiler, env, seen: Seen::new(), depth: 0 };
        for name in names {
            let (state, faults) = run.state(&name, &Map::new());
            errors.extend(faults);
            if let Some(Value::Map(state)) = state {
                pillar = run.compiler.options.merge(&pillar, &state);
            }
        }
    }
    if compiler.options.aggregates() { strip_map(&pillar) } else { pillar }
}

/// The matches in the order of the option `env_order`; environments it does not name come last.
fn in_order<'m>(
    compiler: &Compiler<'_>,
    matches: &'m Matches,
) -> Vec<(&'m String, &'m Vec<String>)> {
    let order = compiler.options.opts.list("env_order");
    let rank = |env: &String| order.iter().position(|known| known == env).unwrap_or(order.len());
    let mut sorted: Vec<_> = matches.iter().map(|(env, names)| (env, names)).collect();
    sorted.sort_by_key(|(env, _)| rank(env));
    sorted
}

fn no_env(env: &str) -> String {
    format!("No matching pillar environment for environment '{env}' found")
}

struct Run<'r, 'c> {
    compiler: &'r mut Compiler<'c>,
    env: &'r str,
    seen: Seen,
    depth: usize,
}

/// One entry of an `include`.
struct Include {
    name: String,
    key: Option<String>,
    defaults: Option<Map>,
}

impl Include {
    fn parse(item: &Value) -> Option<Include> {
        match item {
            Value::Map(map) => {
                let (name, how) = map.first()?;
                let defaults = how.get("defaults").and_then(Value::as_map).cloned();
                let key = how.get("key").filter(|key| !key.is_null()).map(Value::to_string);
                let defaults = Some(defaults.unwrap_or_default());
                Some(Include { name: name.to_string(), key, defaults })
            }
            name => Some(Include { name: name.to_string(), key: None, defaults: None }),
        }
    }
}

impl Run<'_, '_> {
    /// What an sls gives with all it includes, and what is wrong with it.
    fn state(&mut self, sls: &str, defaults: &Map) -> (Option<Value>, Vec<String>) {
        let mut errors = Vec::new();
        let found = match self.compiler.find(sls, self.env) {
            Ok(Some(found)) => found,
            Ok(None) => {
                errors.extend(self.missing(sls));
                return (None, errors);
            }
            Err(why) => return (None, vec![why.to_string()]),
        };
        let (file, init) = found;
        let mut state = match self.compiler.render(&file.path, self.env, sls, defaults) {
            Ok(state) => Some(state),
            Err(fault) => {
                errors.push(self.refused(sls, &file.path, &fault));
                None
            }
        };
        let include = match &mut state {
            Some(Value::Map(map)) if !map.is_empty() => {
                let map = std::sync::Arc::make_mut(map);
                match map.get("include") {
                    Some(Value::List(_)) => map.shift_remove("include"),
                    Some(_) => {
                        errors.push(format!(
                            "Include Declaration in SLS '{sls}' is not formed as a list"
                        ));
                        None
                    }
                    None => None,
                }
            }
            Some(other) if other.truthy() => {
                errors.push(format!("SLS '{sls}' does not render to a dictionary"));
                None
            }
            _ => None,
        };
        self.seen.insert(sls.to_owned(), state.clone());
        match (include, state) {
            (Some(Value::List(items)), Some(Value::Map(own))) => {
                let own = self.includes(sls, init, &items, &own, defaults, &mut errors);
                (Some(own.into()), errors)
            }
            (_, state) => (state, errors),
        }
    }

    /// The fault of a missing sls, unless it may be missing.
    fn missing(&self, sls: &str) -> Option<String> {
        let env = self.env;
        if self.compiler.ignored.get(env).is_some_and(|names| names.contains(sls)) {
            tracing::debug!("Skipping ignored and missing SLS '{sls}' in environment '{env}'");
            return None;
        }
        if !self.compiler.options.roots.iter().any(|root| root == env) {
            tracing::debug!("Specified SLS '{sls}' in environment '{env}' was not found");
            return None;
        }
        Some(format!(
            "Specified SLS '{sls}' in environment '{env}' is not available on the salt master"
        ))
    }

    /// The fault of an sls that does not render: in full only in the log, unless the options say so.
    fn refused(&self, sls: &str, path: &Path, fault: &halite_render::RenderError) -> String {
        let text = format!("Rendering SLS '{sls}' failed, render error:\n{}", fault.to_salt_text());
        let host = self.compiler.deps.host;
        let read = |path: &Path| String::from_utf8(host.read(path).ok()?).ok();
        tracing::error!("{text}{}", fault.details(path, &read));
        for other in &fault.others {
            tracing::error!("{}{}", other.to_salt_text(), other.details(path, &read));
        }
        if self.compiler.options.on_by_default("pillar_safe_render_error") {
            format!("Rendering SLS '{sls}' failed. Please see master log for details.")
        } else {
            text
        }
    }

    /// The data of an sls merged with what it includes.
    fn includes(
        &mut self,
        sls: &str,
        init: bool,
        items: &[Value],
        own: &Map,
        defaults: &Map,
        errors: &mut Vec<String>,
    ) -> Map {
        let override_own = self.compiler.options.opts.bool("pillar_includes_override_sls");
        let mut defaults = defaults.clone();
        let mut own = own.clone();
        let mut included: Vec<Map> = Vec::new();
        // Salt keeps the faults of the last file that was rendered and repeats them.
        let mut last: Vec<String> = Vec::new();
        for include in items.iter().filter_map(Include::parse) {
            if let Some(new) = include.defaults {
                defaults = new;
            }
            for name in self.names(sls, init, &include.name, errors) {
                let state = match self.seen.get(&name) {
                    Some(state) => state.clone(),
                    None => {
                        let (state, faults) = self.deeper(&name, &defaults);
                        last = faults;
                        state
                    }
                };
                if let Some(Value::Map(map)) = state.filter(Value::truthy) {
                    let map = nest(map, include.key.as_deref());
                    match override_own {
                        true => own = self.compiler.options.merge(&own, &map),
                        false => included.push(map),
                    }
                }
                errors.extend(last.iter().cloned());
            }
        }
        if override_own {
            return own;
        }
        included.push(own);
        included
            .into_iter()
            .reduce(|under, over| self.compiler.options.merge(&under, &over))
            .unwrap_or_default()
    }

    fn deeper(&mut self, sls: &str, defaults: &Map) -> (Option<Value>, Vec<String>) {
        if self.depth >= INCLUDE_DEPTH_MAX {
            let text = format!("SLS '{sls}': includes nest deeper than {INCLUDE_DEPTH_MAX} levels");
            return (None, vec![text]);
        }
        self.depth += 1;
        let result = self.state(sls, defaults);
        self.depth -= 1;
        result
    }

    /// The sls names that an entry of an `include` means.
    fn names(&self, sls: &str, init: bool, entry: &str, errors: &mut Vec<String>) -> Vec<String> {
        if !self.compiler.has_env(self.env) {
            errors.push(no_env(self.env));
            return vec![entry.to_owned()];
        }
        let plain = entry.trim_start_matches('.').replace('/', ".");
        let mut names = self.compiler.expand(&plain, self.env);
        let resolved = match entry.strip_prefix('.') {
            None => entry.to_owned(),
            Some(rest) => {
                let parent = match init {
                    true => sls,
                    false => sls.rsplit_once('.').map_or("", |(parent, _)| parent),
                };
                if parent.is_empty() { rest.to_owned() } else { format!("{parent}.{rest}") }
            }
        };
        names.extend(self.compiler.expand(&resolved, self.env));
        if names.is_empty() {
            names.push(resolved);
        }
        names
    }
}

/// The data below a key such as `a:b`.
fn nest(map: std::sync::Arc<Map>, key: Option<&str>) -> Map {
    let Some(key) = key.filter(|key| !key.is_empty()) else {
        return std::sync::Arc::unwrap_or_clone(map);
    };
    let nested = key.rsplit(':').fold(Value::Map(map), |inner, part| Value::map([(part, inner)]));
    nested.as_map().cloned().unwrap_or_default()
}
