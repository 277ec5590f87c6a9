//! What can be said of a template without running it: functions, arguments, other templates, keys.

use std::path::Path;

use halite_core::{Apply, FileClient, Map, SaltEnv, Spec, Value};
use halite_render::files::LocalFiles;
use halite_render::jinja::inspect::{At, Facts, Reference, SaltCall, TemplateUse, Use};

use super::pillars::{Pillars, look_up};
use crate::compiler::{Fault, Faults, Place};

/// What a template is checked against.
pub(super) struct Around<'a> {
    pub(super) apply: &'a Apply<'a>,
    pub(super) files: &'a LocalFiles,
    pub(super) env: &'a str,
    pub(super) pillars: &'a Pillars,
    /// The file, for the places of faults, and its folder below the root.
    pub(super) path: &'a Path,
    pub(super) folder: &'a str,
}

/// All faults of a template's facts.
pub(super) fn check(facts: &Facts, around: &Around<'_>) -> Faults {
    let mut faults = Faults::new();
    for call in &facts.calls {
        faults.extend(call_fault(call, around));
        faults.extend(pillar_get(call, around));
    }
    for reference in facts.references.iter().filter(|reference| !reference.guarded) {
        faults.extend(reference_fault(reference, around));
    }
    for used in &facts.uses {
        faults.extend(use_fault(used, around));
    }
    faults
}

fn at(around: &Around<'_>, at: At) -> Place {
    Place::new(around.path, at.line, at.column)
}

fn call_fault(call: &SaltCall, around: &Around<'_>) -> Option<Fault> {
    let exec = around.apply.exec;
    let Ok(entry) = exec.get(&call.fun) else {
        if call.guarded || own_module(around.files, around.env, "_modules", &call.fun) {
            return None;
        }
        let module = call.fun.split('.').next().unwrap_or_default();
        let code = match exec.missing().any(|(name, _)| name == module) {
            true => "unavailable",
            false => "unknown-function",
        };
        let fault = Fault::new(format!("there is no execution function '{}'", call.fun));
        let hint = exec.why_missing(&call.fun);
        return Some(fault.code(code).maybe_hint(hint).at(at(around, call.at)));
    };
    let fault = argument_fault(&call.fun, &entry.spec, call)?;
    Some(fault.at(at(around, call.at)))
}

/// Whether the tree brings a module of its own that Halite cannot look into.
pub(super) fn own_module(files: &LocalFiles, env: &str, folder: &str, fun: &str) -> bool {
    let module = fun.split('.').next().unwrap_or_default();
    let envs = [env, "base"];
    envs.iter().filter_map(|env| SaltEnv::parse(env).ok()).any(|env| {
        let names = [format!("{folder}/{module}.py"), format!("{folder}/{module}/__init__.py")];
        names.iter().any(|name| files.cache_file(name, &env).is_ok_and(|found| found.is_some()))
    })
}

/// The first argument that does not fit.
fn argument_fault(fun: &str, spec: &Spec, call: &SaltCall) -> Option<Fault> {
    let known = || spec.params.iter().map(|param| param.name);
    let unknown = |name: &&String| !known().any(|param| param == name.as_str());
    if !spec.extra_named
        && let Some(name) = call.named.iter().find(unknown)
    {
        return Some(unknown_argument(fun, name, known()));
    }
    let given = call.positional?;
    if given > spec.positional && !spec.extra_positional {
        let most = spec.positional;
        let fault = Fault::new(format!("'{fun}' takes {most} arguments by position, not {given}"));
        return Some(fault.code("too-many-arguments"));
    }
    if call.open {
        return None;
    }
    let missing = spec.params.iter().enumerate().find(|(index, param)| {
        let by_name = call.named.iter().any(|name| name == param.name);
        param.default.is_none() && *index >= given && !by_name
    })?;
    let fault = Fault::new(format!("'{fun}' needs the argument '{}'", missing.1.name));
    Some(fault.code("missing-argument"))
}

/// An argument that a function does not take.
pub(super) fn unknown_argument<'a>(
    fun: &str,
    name: &str,
    known: impl Iterator<Item = &'a str> + Clone,
) -> Fault {
    let near = halite_core::text::nearest(name, known.clone());
    let hint = near.map(|near| format!("did you mean '{near}'?")).or_else(|| {
        let names: Vec<&str> = known.collect();
        (!names.is_empty()).then(|| format!("it takes {}", names.join(", ")))
    });
    Fault::new(format!("'{fun}' takes no argument '{name}'"))
        .code("unknown-argument")
        .maybe_hint(hint)
}

/// `salt['pillar.get']('a:b')` without a default, and no such key anywhere.
fn pillar_get(call: &SaltCall, around: &Around<'_>) -> Option<Fault> {
    let has_default = call.positional != Some(1) || call.named.iter().any(|name| name == "default");
    if call.fun != "pillar.get" || has_default || call.open || call.guarded {
        return None;
    }
    let key = call.texts.first()?.as_deref()?;
    let keys: Vec<String> = key.split(':').map(str::to_owned).collect();
    // The call gives an empty text; what is missing shows only where it is used.
    let (_, fault) = pillar_fault(&keys, around)?;
    Some(fault.code("unknown-pillar").at(at(around, call.at)))
}

fn reference_fault(reference: &Reference, around: &Around<'_>) -> Option<Fault> {
    let key_at = |index: usize| reference.at.get(index).map(|key| at(around, *key));
    match reference.root.as_str() {
        "pillar" => {
            let (missing, fault) = pillar_fault(&reference.keys, around)?;
            Some(fault.at(key_at(missing)?))
        }
        "grains" => {
            let missing = look_up(around.apply.grains, &reference.keys[..1]).err()?;
            let key = reference.keys.get(missing)?;
            if is_method(key) {
                return None;
            }
            let near = nearest_key(around.apply.grains, key);
            let hint = near.unwrap_or_else(|| {
                format!("use `grains.get('{key}')` if other machines do not have it either")
            });
            let fault = Fault::new(format!("this machine has no grain '{key}'"));
            Some(fault.code("unknown-grain").hint(hint).at(key_at(0)?))
        }
        _ => None,
    }
}

/// Methods of a mapping are no keys.
fn is_method(name: &str) -> bool {
    matches!(
        name,
        "get"
            | "items"
            | "keys"
            | "values"
            | "update"
            | "copy"
            | "pop"
            | "setdefault"
            | "iteritems"
            | "iterkeys"
            | "itervalues"
            | "has_key"
            | "fromkeys"
            | "popitem"
            | "clear"
    )
}

/// A key that no pillar file has, and which of the keys it is.
fn pillar_fault(keys: &[String], around: &Around<'_>) -> Option<(usize, Fault)> {
    let pillars = around.pillars;
    if !pillars.known || keys.first().is_some_and(|key| pillars.open.contains(key)) {
        return None;
    }
    let found = look_up(&pillars.data, keys).err()?;
    let key = &keys[found];
    if is_method(key) {
        return None;
    }
    let place = keys[..found].join(":");
    let map = match look_up(&pillars.data, &keys[..found]) {
        Ok(Some(Value::Map(map))) => (**map).clone(),
        _ => pillars.data.clone(),
    };
    let what = match found {
        0 => format!("no pillar file has the key '{key}'"),
        _ => format!("the pillar has no '{key}' below '{place}'"),
    };
    let path = keys.join(":");
    let hint = nearest_key(&map, key)
        .unwrap_or_else(|| format!("add it, or use `salt['pillar.get']('{path}', default)`"));
    Some((found, Fault::new(what).code("undefined-pillar").hint(hint)))
}

fn nearest_key(map: &Map, key: &str) -> Option<String> {
    let near = halite_core::text::nearest(key, map.keys().filter_map(Value::as_str));
    near.map(|near| format!("did you mean '{near}'?"))
}

fn use_fault(used: &TemplateUse, around: &Around<'_>) -> Option<Fault> {
    if used.optional {
        return None;
    }
    let env = SaltEnv::parse(around.env).ok()?;
    let path = resolve(&used.path, around.folder)?;
    if around.files.cache_file(&path, &env).is_ok_and(|found| found.is_some()) {
        return None;
    }
    let verb = match used.how {
        Use::Include => "included",
        Use::Extends => "extended",
        Use::Import | Use::From => "imported",
    };
    let fault = Fault::new(format!("the template '{path}' that is {verb} is not there"));
    let hint = near_file(around.files, &env, &path);
    Some(fault.code("missing-template").maybe_hint(hint).at(at(around, used.at)))
}

/// A template's path below the roots; `None` if a relative one climbs out.
pub fn resolve(path: &str, folder: &str) -> Option<String> {
    if !matches!(path.split('/').next(), Some("." | "..")) {
        return Some(path.trim_start_matches("salt://").to_owned());
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// The file that a path which is not there may mean: a near name, or the same name elsewhere.
pub(super) fn near_file(files: &LocalFiles, env: &SaltEnv, path: &str) -> Option<String> {
    let all = files.list(env, halite_core::files::Listing::Files, "").ok()?;
    let names = || all.iter().map(String::as_str);
    let base = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
    let near = halite_core::text::nearest(path, names());
    let near = near.or_else(|| names().find(|name| base(name) == base(path)));
    near.map(|near| format!("did you mean '{near}'?"))
}
