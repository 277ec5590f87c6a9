//! Top files: which sls files a minion gets.

use std::path::Path;

use std::collections::BTreeMap;

use halite_core::aggregate::strip;
use halite_core::target::{Known, Nodegroups, Target};
use halite_core::{Map, SaltEnv, Value};

use crate::compile::Compiler;

/// Targets of an environment in the order they are tried, each with its items.
type Targets = Vec<(Value, Vec<Value>)>;
/// Environments and their targets, in the order of the top files.
pub(crate) type Tops = Vec<(String, Targets)>;
/// Environments and the sls files (or patterns) a minion gets of them.
pub(crate) type Matches = Vec<(String, Vec<String>)>;

/// Says that a top file is not formed as one.
const MALFORMED: &str = "Error encountered while rendering pillar top file.";

/// All top files joined, and what is wrong with them.
pub(crate) fn tops(compiler: &mut Compiler<'_>) -> (Tops, Vec<String>) {
    let (rendered, mut errors) = gather(compiler);
    let mut joined = Joined::default();
    for top in &rendered {
        if joined.add(top).is_none() {
            errors.push(MALFORMED.to_owned());
            return (Tops::new(), errors);
        }
    }
    for (env, names) in joined.ignored {
        compiler.ignored.entry(env).or_default().extend(names);
    }
    let sorted = joined.envs.into_iter().map(|(env, mut targets)| {
        targets.sort_by_key(|target| target.order);
        (env, targets.into_iter().map(|target| (target.name, target.items)).collect())
    });
    (sorted.collect(), errors)
}

/// Renders the top files of all environments that count, and those they include.
fn gather(compiler: &mut Compiler<'_>) -> (Vec<Value>, Vec<String>) {
    let options = &compiler.options;
    let envs: Vec<String> = match &options.pillarenv {
        Some(env) => options.roots.iter().filter(|root| *root == env).cloned().collect(),
        None if options.one_env_only() => {
            let only = options.saltenv.as_deref().unwrap_or("base");
            options.envs.iter().filter(|env| *env == only).cloned().collect()
        }
        None => options.envs.clone(),
    };
    let file = match options.opts.str("state_top") {
        "" => "top.sls",
        named => named.trim_start_matches("salt://").trim_start_matches('/'),
    }
    .to_owned();
    let (mut tops, mut errors, mut includes) = (Vec::new(), Vec::new(), Vec::new());
    for env in envs {
        match one(compiler, &file, &env) {
            Ok(None) => {}
            Ok(Some(mut top)) => {
                let included = top.as_map_mut().and_then(|top| top.shift_remove("include"));
                if let Some(Value::List(names)) = included {
                    includes.extend(names.iter().map(|name| (env.clone(), name.to_string())));
                }
                tops.push(top);
            }
            Err(text) => {
                errors.push(format!("Rendering Primary Top file failed, render error:\n{text}"));
                break;
            }
        }
    }
    let mut done: Vec<(String, String)> = Vec::new();
    for (env, sls) in includes {
        if done.contains(&(env.clone(), sls.clone())) {
            continue;
        }
        match included(compiler, &sls, &env) {
            Ok(top) => tops.push(top),
            Err(text) => {
                errors.push(format!("Rendering Top file {sls} failed, render error:\n{text}"));
            }
        }
        done.push((env, sls));
    }
    (tops, errors)
}

/// The top file of an environment, if it has one.
fn one(compiler: &mut Compiler<'_>, file: &str, env: &str) -> Result<Option<Value>, String> {
    let saltenv = SaltEnv::parse(env).map_err(|why| why.to_string())?;
    let found = compiler.deps.roots.cache_file(file, &saltenv).map_err(|why| why.to_string())?;
    let Some(found) = found else { return Ok(None) };
    let top = compiler.render(&found.path, env, "", &Map::new());
    top.map(|top| Some(strip(&top))).map_err(|fault| told(compiler, &found.path, &fault))
}

/// The text of a fault; the log has its place and what to do about it.
fn told(compiler: &Compiler<'_>, path: &Path, fault: &halite_render::RenderError) -> String {
    let text = fault.to_salt_text();
    let host = compiler.deps.host;
    let read = |path: &Path| String::from_utf8(host.read(path).ok()?).ok();
    tracing::error!("{text}{}", fault.details(path, &read));
    text
}

fn included(compiler: &mut Compiler<'_>, sls: &str, env: &str) -> Result<Value, String> {
    let found = compiler.find(sls, env).map_err(|why| why.to_string())?;
    // Salt renders a missing file to nothing.
    let Some((found, _)) = found else { return Ok(Value::from(Map::new())) };
    let top = compiler.render(&found.path, env, "", &Map::new());
    top.map(|top| strip(&top)).map_err(|fault| told(compiler, &found.path, &fault))
}

struct Entry {
    name: Value,
    order: i64,
    items: Vec<Value>,
}

#[derive(Default)]
struct Joined {
    envs: Vec<(String, Vec<Entry>)>,
    ignored: BTreeMap<String, Vec<String>>,
}

impl Joined {
    /// Takes a top file in; `None` if it is malformed. A target that is there already is replaced.
    fn add(&mut self, top: &Value) -> Option<()> {
        for (env, targets) in top.as_map()? {
            let env = env.to_string();
            if env == "include" {
                continue;
            }
            for (name, items) in targets.as_map()? {
                let (entry, ignore) = entry(name, items.as_list()?);
                if ignore {
                    let names = entry.items.iter().filter_map(Value::as_str).map(str::to_owned);
                    self.ignored.entry(env.clone()).or_default().extend(names);
                }
                let at = match self.envs.iter().position(|(known, _)| *known == env) {
                    Some(at) => at,
                    None => {
                        self.envs.push((env.clone(), Vec::new()));
                        self.envs.len() - 1
                    }
                };
                let entries = &mut self.envs[at].1;
                match entries.iter_mut().find(|known| known.name == *name) {
                    Some(known) => *known = entry,
                    None => entries.push(entry),
                }
            }
        }
        Some(())
    }
}

/// A target: its matcher before its sls names, each name once; and whether they may be missing.
fn entry(name: &Value, items: &[Value]) -> (Entry, bool) {
    let (mut order, mut ignore) = (0, false);
    let (mut matchers, mut names) = (Vec::new(), Vec::new());
    for item in items {
        if let Some(map) = item.as_map() {
            if map.contains_key("match") {
                matchers.push(item.clone());
            }
            match map.get("order") {
                Some(Value::Str(text)) => order = text.trim().parse().unwrap_or(0),
                Some(number) => order = number.as_f64().unwrap_or(0.0) as i64,
                None => {}
            }
            ignore |= map.get("ignore_missing").is_some_and(Value::truthy);
        } else if item.as_str().is_some() && !names.contains(item) {
            names.push(item.clone());
        }
    }
    matchers.append(&mut names);
    (Entry { name: name.clone(), order, items: matchers }, ignore)
}

/// The sls files of the targets that mean this minion, each once per environment.
pub(crate) fn matches(compiler: &Compiler<'_>, tops: &Tops) -> Matches {
    let nodegroups: Nodegroups = compiler
        .options
        .opts
        .map("nodegroups")
        .into_iter()
        .map(|(name, group)| (name.to_string(), group))
        .collect();
    let who = Known {
        id: compiler.who.id,
        grains: Some(compiler.who.grains),
        pillar: Some(&compiler.visible),
    };
    let mut matches = Matches::new();
    for (env, targets) in tops {
        if compiler.options.pillarenv.as_ref().is_some_and(|only| only != env) {
            continue;
        }
        for (name, items) in targets {
            let matcher = items
                .iter()
                .filter_map(|item| item.get("match"))
                .next_back()
                .map_or_else(|| "compound".to_owned(), Value::to_string);
            let target = Target::parse(name, &matcher, None, &nodegroups);
            let meant = target.map(|target| target.matches(&who)).unwrap_or_else(|why| {
                tracing::error!("pillar top, environment {env}, target {name}: {why}");
                false
            });
            if meant {
                add(&mut matches, env, items);
            }
        }
    }
    matches
}

fn add(matches: &mut Matches, env: &str, items: &[Value]) {
    let at = match matches.iter().position(|(known, _)| known == env) {
        Some(at) => at,
        None => {
            matches.push((env.to_owned(), Vec::new()));
            matches.len() - 1
        }
    };
    let names = &mut matches[at].1;
    for name in items.iter().filter_map(Value::as_str) {
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
}
