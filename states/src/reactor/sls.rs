//! Reactor SLS files: found, rendered with the event as data, made into reactions in order.

use std::path::{Path, PathBuf};

use halite_core::files::SaltUrl;
use halite_core::glob::is_glob;
use halite_core::{Map, SaltEnv, Value, map};
use halite_render::{Pipe, TemplateRequest};

use super::reaction::{Bad, Reaction};
use crate::compiler::low::{Settings, compile_high_data, messages};
use crate::compiler::verify::verify_high;
use crate::compiler::{HighData, LowChunk};

/// What the files of a rule come to for one event.
#[derive(Debug, Default)]
pub struct Sls {
    /// What is to be done, in order; or why a part of it cannot be.
    pub reactions: Vec<Result<Reaction, Bad>>,
    /// Files that are not there or do not render: the file, and why.
    pub faults: Vec<(String, String)>,
}

/// Renders the files of a rule with the event and makes its reactions. A file that fails does not stop the others.
pub fn compile(
    files: &[String],
    tag: &str,
    data: &Value,
    pipe: &Pipe<'_>,
    request: &TemplateRequest<'_>,
) -> Sls {
    let (mut sls, mut high) = (Sls::default(), Map::new());
    let context = map! {"tag" => tag, "data" => data.clone()};
    for file in files {
        match locate(file, request) {
            Ok(paths) if paths.is_empty() => {
                let why =
                    format!("Can not render SLS {file} for tag {tag}. File missing or not found.");
                sls.faults.push((file.clone(), why));
            }
            Ok(paths) => {
                for path in paths {
                    match render(&path, &TemplateRequest { context: &context, ..*request }, pipe) {
                        Ok(ids) => high.extend(ids),
                        Err(why) => sls.faults.push((path.display().to_string(), why)),
                    }
                }
            }
            Err(why) => sls.faults.push((file.clone(), why)),
        }
    }
    match chunks(high) {
        Ok(chunks) => sls.reactions = chunks.iter().map(Reaction::read).collect(),
        Err(why) => {
            let why = format!("Unable to render reactions for event {tag} due to errors ({why})");
            sls.faults.push((files.join(", "), why));
        }
    }
    sls
}

/// The files that an entry means: one of the file roots, or what a glob of paths finds.
fn locate(file: &str, request: &TemplateRequest<'_>) -> Result<Vec<PathBuf>, String> {
    if let Some(url) = SaltUrl::parse(file).map_err(|error| error.to_string())? {
        let env = match url.saltenv {
            Some(env) => env,
            None => SaltEnv::parse(request.saltenv).map_err(|error| error.to_string())?,
        };
        let found = request.files.cache_file(&url.path, &env).map_err(|error| error.to_string())?;
        return Ok(found.map(|found| found.path).into_iter().collect());
    }
    let path = Path::new(file);
    if !is_glob(file) {
        return Ok(path.exists().then(|| path.to_owned()).into_iter().collect());
    }
    Ok(expand(path))
}

/// What a glob of paths finds, sorted; a part of the path is matched as a whole.
fn expand(pattern: &Path) -> Vec<PathBuf> {
    let mut found = vec![PathBuf::new()];
    for part in pattern.components() {
        let text = part.as_os_str().to_string_lossy().into_owned();
        let mut next = Vec::new();
        for base in found {
            if !is_glob(&text) {
                next.push(base.join(part));
                continue;
            }
            let folder = if base.as_os_str().is_empty() { Path::new(".") } else { &base };
            let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
            let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
            let hidden = text.starts_with('.');
            let fits = names.filter(|name| {
                hidden == name.starts_with('.') && halite_core::glob::fnmatch(name, &text)
            });
            let mut fits: Vec<PathBuf> = fits.map(|name| base.join(name)).collect();
            fits.sort();
            next.extend(fits);
        }
        found = next;
    }
    found.retain(|path| path.exists());
    found
}

fn render(path: &Path, request: &TemplateRequest<'_>, pipe: &Pipe<'_>) -> Result<Map, String> {
    let rendered = pipe.compile_file(path, request);
    let rendered = rendered.map_err(|error| halite_core::Error::from(error).to_string())?;
    let mut ids = match rendered.into_value() {
        Value::Map(ids) => std::sync::Arc::unwrap_or_clone(ids),
        Value::Null => Map::new(),
        other => return Err(format!("it renders to {}, not to a map of IDs", other.type_name())),
    };
    for (id, body) in &mut ids {
        pad(body);
        let body = body.as_map_mut().ok_or_else(|| format!("ID {id} is not a dictionary"))?;
        body.insert("__sls__".into(), path.display().to_string().into());
    }
    Ok(ids)
}

/// Tells the kind from the function at the first dot: `local.state.apply` is `state.apply` by `local`. Salt:
/// `Compiler.pad_funcs`.
fn pad(body: &mut Value) {
    if let Value::Str(short) = &*body {
        if let Some((kind, fun)) = short.split_once('.') {
            *body = map! {kind => vec![Value::from(fun)]}.into();
        }
        return;
    }
    let Some(body) = body.as_map_mut() else { return };
    let mut keys: Vec<Value> = body.keys().cloned().collect();
    keys.sort_by_key(ToString::to_string);
    let mut seen: Vec<String> = Vec::new();
    for key in keys {
        let Some(name) = key.as_str().filter(|name| !name.starts_with('_')) else { continue };
        if body.get(&key).and_then(Value::as_list).is_none() {
            continue;
        }
        let (kind, fun) =
            name.split_once('.').map_or((name, None), |(kind, fun)| (kind, Some(fun)));
        // A second one of the same kind under one ID is not told from its arguments, as in Salt.
        if let Some(fun) = fun.filter(|_| !seen.iter().any(|known| known == kind)) {
            let mut args = body.shift_remove(&key).unwrap_or_default();
            args.as_list_mut().into_iter().for_each(|args| args.push(fun.into()));
            body.insert(kind.into(), args);
        }
        seen.push(kind.to_owned());
    }
}

/// Salt: `verify_high`, `compile_high_data`, `order_chunks`.
fn chunks(ids: Map) -> Result<Vec<LowChunk>, String> {
    let high = HighData { ids, ..HighData::default() };
    let faults = verify_high(&high);
    if !faults.is_empty() {
        return Err(messages(&faults).join("; "));
    }
    let settings = Settings {
        disabled_requisites: Vec::new(),
        state_aggregate: Value::Null,
        disabled_states: Vec::new(),
        has_state: &|_| false,
        aggregates: &|_| false,
    };
    let compiled = compile_high_data(&high, &settings);
    let compiled = compiled.map_err(|faults| messages(&faults).join("; "))?;
    Ok(compiled.ordered().cloned().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_what_stands_behind_the_first_dot() {
        let ids = map! {
            "a" => map! {"local.state.apply" => vec![map! {"tgt" => "web1"}]},
            "b" => map! {"runner.state.orchestrate" => Value::list([])},
            "c" => "wheel.key.list_all",
            "d" => map! {"cmd.test.ping" => vec![map! {"tgt" => "*"}]},
        };
        let padded = ids.into_iter().map(|(id, mut body)| {
            pad(&mut body);
            (id, body)
        });
        let chunks = chunks(padded.collect()).expect("compiles");
        let reactions: Vec<Reaction> =
            chunks.iter().map(|chunk| Reaction::read(chunk).expect("reads")).collect();
        let calls = |reaction: &Reaction| format!("{}.{}", reaction.kind.word(), reaction.fun);
        let mut calls: Vec<String> = reactions.iter().map(calls).collect();
        calls.sort();
        let want = [
            "local.state.apply",
            "local.test.ping",
            "runner.state.orchestrate",
            "wheel.key.list_all",
        ];
        assert_eq!(calls, want);
    }

    #[test]
    fn globs_of_paths_are_expanded_in_order() {
        let dir = tempfile::tempdir().expect("a folder");
        for name in ["b/two.sls", "b/one.sls", "a/x.sls", "a/.hidden.sls", "a/x.txt"] {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().expect("has one")).expect("is made");
            std::fs::write(path, "").expect("is written");
        }
        let found = expand(&dir.path().join("*/*.sls"));
        let names: Vec<_> =
            found.iter().filter_map(|path| path.strip_prefix(dir.path()).ok()).collect();
        assert_eq!(names, ["a/x.sls", "b/one.sls", "b/two.sls"].map(Path::new));
        assert!(expand(&dir.path().join("none/*.sls")).is_empty());
    }
}
