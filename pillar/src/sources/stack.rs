//! `stack`: configuration files that list YAML templates, each merged over the ones before it.

use std::path::{Path, PathBuf};

use halite_core::glob::{fnmatch, is_glob};
use halite_core::opts::Opts;
use halite_core::value::{DELIMITER, SubPath};
use halite_core::{Error, Map, Result, Value, map};
use halite_render::files::LocalFiles;
use halite_render::{TemplateRequest, yaml};

use super::{Call, Source};

/// The source.
pub static MODULE: Source = Source { name: "stack", pillar };

/// How many templates one stack may render.
const TEMPLATES_MAX: usize = 10_000;
/// The key that says how a map or list is merged.
const STRATEGY_KEY: &str = "__";
const STRATEGIES: [&str; 4] = ["overwrite", "merge-first", "merge-last", "remove"];

/// Salt: `salt/pillar/stack.py` behaviour. Templates see `stack`, `minion_id`, `pillar`,
/// `pillarenv`, `ymlpath`, `__grains__` and `__opts__`; functions are under `salt`, not `__salt__`.
fn pillar(call: Call<'_>) -> Result<Value> {
    let mut stack = Map::new();
    for config in configs(&call)? {
        if !config.is_file() {
            tracing::info!(
                "Ignoring pillar stack cfg \"{}\": file does not exist",
                config.display()
            );
            continue;
        }
        run(&call, &config, &mut stack)?;
    }
    Ok(stack.into())
}

/// The configuration files: those given, and those given for what the minion is.
fn configs(call: &Call<'_>) -> Result<Vec<PathBuf>> {
    let options = &call.compiler.options;
    let env = options.pillarenv.as_deref().or(options.saltenv.as_deref()).unwrap_or("base");
    let mut found: Vec<PathBuf> =
        call.args.positional.iter().map(|path| PathBuf::from(path.to_string())).collect();
    for (matcher, table) in &call.args.named {
        let matcher = matcher.to_string();
        let (root, path) = matcher.split_once(':').unwrap_or((&matcher, ""));
        let data = match root {
            "pillar" => Value::from(call.pillar.clone()),
            "grains" => call.compiler.who.grains.clone().into(),
            "opts" => options.opts.values().clone().into(),
            other => {
                return Err(Error::execution(format!(
                    "Unknown traverse option \"{other}\", should be one of pillar, grains, opts"
                )));
            }
        };
        let value = data.traverse(path, DELIMITER).cloned().unwrap_or_default();
        let table = table.as_map().cloned().unwrap_or_default();
        let meant = table.iter().find(|(key, _)| {
            let key = if key.as_str() == Some("__env__") { &Value::str(env) } else { *key };
            *key == value
        });
        let paths = match meant {
            Some((_, Value::List(paths))) => paths.to_vec(),
            Some((_, path)) => vec![path.clone()],
            None => Vec::new(),
        };
        found.extend(
            paths.iter().map(|path| PathBuf::from(path.to_string().replace("__env__", env))),
        );
    }
    Ok(found)
}

/// One configuration file: renders it, and merges what it lists.
fn run(call: &Call<'_>, config: &Path, stack: &mut Map) -> Result<()> {
    let base = config.parent().unwrap_or(Path::new("/"));
    let listed = render(call, config, base, stack)?;
    let mut rendered = 0;
    for item in items(&listed) {
        let paths = paths(base, &item);
        if paths.is_empty() {
            tracing::info!(
                "Ignoring pillar stack template \"{item}\": can't find from root dir \"{}\"",
                base.display()
            );
        }
        for path in paths {
            rendered += 1;
            if rendered > TEMPLATES_MAX {
                let text = format!("it lists more than {TEMPLATES_MAX} templates");
                return Err(Error::execution(text));
            }
            let text = render(call, &path, base, stack).map_err(|why| {
                let path = path.display();
                Error::execution(format!(
                    "Stack pillar template render error in {path}:\n\"{why}\""
                ))
            })?;
            let data = yaml::load(&text).map_err(|why| {
                let path = path.display();
                Error::execution(format!(
                    "Stack pillar yaml parsing error in {path}:\n{why}\n{text}"
                ))
            })?;
            if let Value::Map(data) = data {
                let under = Value::from(std::mem::take(stack));
                let merged = merge_maps(under, std::sync::Arc::unwrap_or_clone(data))?;
                *stack = merged.as_map().cloned().unwrap_or_default();
            }
        }
    }
    Ok(())
}

fn render(call: &Call<'_>, path: &Path, base: &Path, stack: &Map) -> Result<String> {
    let compiler = call.compiler;
    let source = std::fs::read_to_string(path).map_err(|why| Error::file("read", path, why))?;
    // Imports look beside the configuration file.
    let roots = map! {"file_roots" => map! {"base" => vec![Value::from(base)]}};
    let files = LocalFiles::new(&Opts::from_map(compiler.options.opts.role(), roots));
    let context = map! {
        "stack" => stack.clone(),
        "minion_id" => compiler.who.id,
        "pillar" => call.pillar.clone(),
        "pillarenv" => compiler.options.pillarenv.clone(),
        "ymlpath" => path,
        "__grains__" => compiler.who.grains.clone(),
        "__opts__" => compiler.options.opts.values().clone(),
    };
    let text = compiler.with_apply(|apply| {
        let request = TemplateRequest {
            apply,
            files: &files,
            saltenv: "base",
            sls: "",
            path: Some(path),
            context: &context,
        };
        compiler.deps.engine.render(&source, &request)
    });
    Ok(text?)
}

/// What a rendered configuration lists: a YAML list, or a path per line.
fn items(listed: &str) -> Vec<String> {
    let lines = match yaml::load(listed) {
        Ok(Value::List(items)) => items.iter().map(Value::to_string).collect(),
        _ => listed.lines().map(str::to_owned).collect::<Vec<_>>(),
    };
    lines.into_iter().filter(|line| !line.trim().is_empty()).collect()
}

/// The files that a path, or a pattern, means below `base`; sorted.
fn paths(base: &Path, item: &str) -> Vec<PathBuf> {
    let mut found = vec![if item.starts_with('/') { PathBuf::from("/") } else { base.to_owned() }];
    for part in item.split('/').filter(|part| !part.is_empty()) {
        found = found.iter().flat_map(|folder| below(folder, part)).collect();
    }
    found.retain(|path| path.is_file());
    found.sort();
    found
}

fn below(folder: &Path, part: &str) -> Vec<PathBuf> {
    if !is_glob(part) {
        return vec![folder.join(part)];
    }
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let hidden = part.starts_with('.');
    names
        .filter(|name| fnmatch(name, part) && (hidden || !name.starts_with('.')))
        .map(|name| folder.join(name))
        .collect()
}

fn known(strategy: &str) -> Result<()> {
    if STRATEGIES.contains(&strategy) {
        return Ok(());
    }
    let known = STRATEGIES.map(|name| format!("'{name}'")).join(", ");
    Err(Error::execution(format!("Unknown strategy \"{strategy}\", should be one of ({known})")))
}

/// Merges a map over another, as its key `__` says.
fn merge_maps(under: Value, mut over: Map) -> Result<Value> {
    let strategy = over.shift_remove(STRATEGY_KEY).map_or("merge-last".into(), |s| s.to_string());
    known(&strategy)?;
    if strategy == "overwrite" {
        return Ok(clean(over.into()));
    }
    let mut merged = under.as_map().cloned().unwrap_or_default();
    for (key, value) in over {
        if strategy == "remove" {
            merged.shift_remove(&key);
            continue;
        }
        let value = match merged.get(&key).cloned() {
            None => clean(value),
            Some(old) if strategy == "merge-first" => merge(clean(value), old)?,
            Some(old) => merge(old, value)?,
        };
        merged.insert(key, value);
    }
    Ok(merged.into())
}

fn merge(under: Value, over: Value) -> Result<Value> {
    match (under, over) {
        (under @ Value::Map(_), Value::Map(over)) => {
            merge_maps(under, std::sync::Arc::unwrap_or_clone(over))
        }
        (Value::List(under), Value::List(over)) => merge_lists(&under, &over),
        (_, over) => Ok(clean(over)),
    }
}

fn merge_lists(under: &[Value], over: &[Value]) -> Result<Value> {
    let (strategy, over) = match over.first().and_then(|first| first.get(STRATEGY_KEY)) {
        Some(strategy) => (strategy.to_string(), &over[1..]),
        None => ("merge-last".to_owned(), over),
    };
    known(&strategy)?;
    Ok(Value::list(match strategy.as_str() {
        "overwrite" => over.to_vec(),
        "remove" => under.iter().filter(|item| !over.contains(item)).cloned().collect(),
        "merge-first" => [over, under].concat(),
        _ => [under, over].concat(),
    }))
}

/// The data without the keys that say how to merge.
fn clean(value: Value) -> Value {
    match value {
        Value::Map(map) => {
            let pairs = map.iter().filter(|(key, _)| key.as_str() != Some(STRATEGY_KEY));
            let pairs = pairs.map(|(key, value)| (key.clone(), clean(value.clone())));
            Value::from(pairs.collect::<Map>())
        }
        Value::List(items) => {
            let marked = items.first().is_some_and(|first| first.get(STRATEGY_KEY).is_some());
            Value::list(items.iter().skip(usize::from(marked)).cloned())
        }
        other => other,
    }
}
