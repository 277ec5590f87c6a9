//! State calls against the registry: functions, arguments, types, `salt://` files.

use halite_core::files::SaltUrl;
use halite_core::value::Type;
use halite_core::{FileClient, Param, Registry, SaltEnv, Spec, StateFn, Value};
use halite_render::files::LocalFiles;

use super::pillars::is_unknown;
use super::templates::{near_file, own_module, unknown_argument};
use crate::compiler::{Fault, Faults, LowChunk, Step};
use crate::engine::call;

/// What is wrong with the calls of some chunks. `files` are the file roots, if there are any.
pub(crate) fn check<'c>(
    chunks: impl Iterator<Item = &'c LowChunk>,
    states: &Registry<StateFn>,
    files: Option<&LocalFiles>,
) -> Faults {
    let mut faults = Faults::new();
    for chunk in chunks {
        let own =
            |fun: &str| files.is_some_and(|files| own_module(files, env(chunk), "_states", fun));
        match states.get(&chunk.full()) {
            Ok(entry) => arguments(chunk, &entry.spec, &mut faults),
            // A function with blanks is told as a missing colon.
            Err(_) if chunk.fun().contains(' ') => {}
            Err(_) if is_unknown(&chunk.full().into()) || own(&chunk.full()) => {}
            Err(_) => faults.push(unknown_function(chunk, states)),
        }
        if let Some(files) = files {
            salt_files(chunk, files, &mut faults);
        }
    }
    faults
}

fn env(chunk: &LowChunk) -> &str {
    match chunk.text("__env__") {
        "" => "base",
        env => env,
    }
}

fn state_steps(chunk: &LowChunk) -> [Step; 2] {
    [Step::Key(chunk.id().into()), Step::State(chunk.state().into())]
}

fn arg_steps(chunk: &LowChunk, name: &str) -> [Step; 3] {
    let [id, state] = state_steps(chunk);
    [id, state, Step::Arg(name.into())]
}

fn unknown_function(chunk: &LowChunk, states: &Registry<StateFn>) -> Fault {
    let full = chunk.full();
    let missing = states.missing().any(|(name, _)| name == chunk.state());
    let module = format!("{}.", chunk.state());
    let known = states.specs().any(|(name, _)| name.starts_with(&module));
    let what = match known || missing {
        true => format!("there is no state function '{full}'"),
        false => format!("there is no state module '{}'", chunk.state()),
    };
    let hint = states.why_missing(&full).or_else(|| {
        let names: Vec<&str> =
            states.specs().filter_map(|(name, _)| name.strip_prefix(&module)).collect();
        (!names.is_empty()).then(|| format!("`{}` has {}", chunk.state(), names.join(", ")))
    });
    Fault::new(what)
        .code(if missing { "unavailable" } else { "unknown-function" })
        .maybe_hint(hint)
        .about_part(chunk.text("__sls__"), state_steps(chunk))
}

fn arguments(chunk: &LowChunk, spec: &Spec, faults: &mut Faults) {
    let (full, sls) = (chunk.full(), chunk.text("__sls__"));
    for (key, value) in &chunk.data {
        let Some(name) = key.as_str() else { continue };
        if let Some(param) = spec.params.iter().find(|param| param.name == name) {
            if !takes(param.ty, value) && !is_unknown(value) {
                faults.push(wrong_type(chunk, param, value));
            }
        } else if !call::is_internal(name) && !is_unknown(key) {
            // `names` and the like stand for others.
            let known = spec.params.iter().map(|param| param.name);
            let keywords = call::KEYWORDS.iter().copied().filter(|name| !name.starts_with('_'));
            if !spec.extra_named {
                let fault = match halite_core::text::nearest(name, known.clone()) {
                    None => unknown_argument(&full, name, known.clone().chain(keywords)),
                    Some(_) => unknown_argument(&full, name, known),
                };
                let fault = shortened(fault, spec);
                faults.push(fault.about_part(sls, arg_steps(chunk, name)));
            // `module.run` hands everything on by design.
            } else if let Some(near) = near_name(name, spec).filter(|_| chunk.state() != "module") {
                faults.push(
                    Fault::new(format!("'{full}' knows no argument '{name}' and passes it on"))
                        .code("near-argument")
                        .hint(format!("did you mean '{near}'?"))
                        .about_part(sls, arg_steps(chunk, name)),
                );
            }
        }
    }
    for param in spec.params.iter().filter(|param| param.default.is_none()) {
        if !chunk.data.contains_key(param.name) {
            faults.push(
                Fault::new(format!("'{full}' needs the argument '{}'", param.name))
                    .code("missing-argument")
                    .hint(format!("add `- {}: ...`", param.name))
                    .about_part(sls, state_steps(chunk)),
            );
        }
    }
}

/// A list of all keywords helps nobody: only the function's own arguments are shown.
fn shortened(mut fault: Fault, spec: &Spec) -> Fault {
    if fault.hint.as_ref().is_some_and(|hint| hint.starts_with("it takes ")) {
        let names: Vec<&str> = spec.params.iter().map(|param| param.name).collect();
        fault.hint = (!names.is_empty()).then(|| format!("it takes {}", names.join(", ")));
    }
    fault
}

/// The engine's keyword or the function's argument that a name is a slip away from.
fn near_name<'n>(name: &str, spec: &'n Spec) -> Option<&'n str> {
    let known = call::KEYWORDS.iter().copied().chain(spec.params.iter().map(|param| param.name));
    let near = halite_core::text::nearest(name, known)?;
    let slip = name.len() > 3 && name != near && halite_core::text::distance(name, near) <= 2;
    slip.then_some(near)
}

/// Whether a parameter of a type takes a value, as the registry would decide.
fn takes(ty: Type, value: &Value) -> bool {
    match ty {
        _ if value.is_null() => true,
        Type::Any | Type::Bool => true,
        Type::Str => !matches!(value, Value::List(_) | Value::Map(_)),
        Type::Int => match value {
            Value::Int(_) | Value::Bool(_) | Value::Big(_) => true,
            Value::Float(number) => number.fract() == 0.0,
            Value::Str(text) => text.trim().parse::<i64>().is_ok(),
            _ => false,
        },
        Type::Float => match value {
            Value::Str(text) => text.trim().parse::<f64>().is_ok(),
            other => other.as_f64().is_some(),
        },
        Type::List => !matches!(value, Value::Map(_)),
        // A list of one-key mappings is what people write for a mapping.
        Type::Map => matches!(value, Value::Map(_)),
    }
}

fn wrong_type(chunk: &LowChunk, param: &Param, value: &Value) -> Fault {
    let what = format!(
        "'{}' wants '{}' to be a {}, not a {}",
        chunk.full(),
        param.name,
        param.ty.name(),
        value.type_name()
    );
    let hint = match (param.ty, value) {
        (Type::Map, Value::List(_)) => Some("leave the `- ` out: `key: value` below it".to_owned()),
        (Type::List, Value::Map(_)) => Some("put `- ` before each item".to_owned()),
        _ => None,
    };
    Fault::new(what)
        .code("wrong-type")
        .maybe_hint(hint)
        .about_part(chunk.text("__sls__"), arg_steps(chunk, param.name))
}

/// `salt://` paths that lead nowhere.
fn salt_files(chunk: &LowChunk, files: &LocalFiles, faults: &mut Faults) {
    for (key, value) in &chunk.data {
        let Some(name) = key.as_str().filter(|name| !name.starts_with("__")) else { continue };
        // Of several sources one is enough.
        let several = value.as_list().map(|items| {
            let text = |item: &Value| match item.as_map().and_then(halite_core::Map::first) {
                Some((url, _)) => url.to_string(),
                None => item.to_string(),
            };
            items.iter().map(text).collect::<Vec<_>>()
        });
        let urls =
            several.unwrap_or_else(|| value.as_str().map(str::to_owned).into_iter().collect());
        let salt: Vec<&String> = urls.iter().filter(|url| url.starts_with("salt://")).collect();
        if salt.len() < urls.len() || is_unknown(value) {
            continue;
        }
        let missing: Vec<_> =
            salt.iter().filter_map(|url| missing_file(url, chunk, files)).collect();
        if !salt.is_empty() && missing.len() == salt.len() {
            for fault in missing {
                faults.push(fault.about_part(chunk.text("__sls__"), arg_steps(chunk, name)));
            }
        }
    }
}

fn missing_file(url: &str, chunk: &LowChunk, files: &LocalFiles) -> Option<Fault> {
    let parsed = SaltUrl::parse(url).ok()??;
    let env = match parsed.saltenv {
        Some(env) => env,
        None => SaltEnv::parse(env(chunk)).ok()?,
    };
    let path = parsed.path.trim_end_matches('/');
    if files.cache_file(path, &env).is_ok_and(|found| found.is_some()) {
        return None;
    }
    let below = format!("{path}/");
    let all = files.list(&env, halite_core::files::Listing::Files, "").unwrap_or_default();
    if path.is_empty() || all.iter().any(|file| file.starts_with(&below)) {
        return None;
    }
    let empty = files.list(&env, halite_core::files::Listing::Dirs, "").unwrap_or_default();
    if empty.iter().any(|folder| folder == path) {
        return None;
    }
    Some(
        Fault::new(format!("'{url}' is not in the file roots"))
            .code("missing-file")
            .maybe_hint(near_file(files, &env, path)),
    )
}
