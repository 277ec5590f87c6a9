//! One state call: arguments chosen, the function asked for its verdict, the verdict settled.

use std::panic::{AssertUnwindSafe, catch_unwind};

use halite_core::{
    Apply, Args, Context, Error, Map, Outcome, Registry, Result, Spec, StateFn, Value, map,
};

use super::surroundings::{MaskedHost, Surroundings};
use crate::compiler::LowChunk;
use crate::compiler::verify::is_requisite_keyword;

/// The hidden option by which state functions know the environment of their sls file.
pub const ENV_OPTION: &str = "__env__";

/// What is never passed to a state function that does not name it.
const RUNTIME_KEYWORDS: &[&str] = &[
    "fun",
    "state",
    "check_cmd",
    "cmd_opts_exclude",
    "failhard",
    "onlyif",
    "unless",
    "creates",
    "retry",
    "order",
    "parallel",
    "prereq",
    "prereq_in",
    "reload_modules",
    "reload_grains",
    "reload_pillar",
    "runas",
    "runas_password",
    "no_log",
    "fire_event",
    "saltenv",
    "umask",
    "use",
    "use_in",
    "onchanges_in",
    "onfail_in",
    "watch_in",
    "require_in",
    "listen_in",
];
/// What may stand among the arguments of any state.
pub const KEYWORDS: &[&str] = &[
    "require",
    "require_in",
    "require_any",
    "watch",
    "watch_in",
    "watch_any",
    "prereq",
    "prereq_in",
    "onchanges",
    "onchanges_in",
    "onchanges_any",
    "onfail",
    "onfail_in",
    "onfail_any",
    "onfail_all",
    "onfail_stop",
    "listen",
    "listen_in",
    "use",
    "use_in",
    "onlyif",
    "unless",
    "creates",
    "check_cmd",
    "retry",
    "order",
    "failhard",
    "parallel",
    "reload_modules",
    "reload_grains",
    "reload_pillar",
    "runas",
    "runas_password",
    "fire_event",
    "umask",
    "name",
    "names",
    "aggregate",
];
/// Salt's own members of a low chunk, never passed either.
const INTERNAL: &[&str] = &[
    "__env__",
    "__sls__",
    "__id__",
    "__sls_included_from__",
    "__orchestration_jid__",
    "__prereq__",
    "__prerequiring__",
    "__umask__",
];

/// Whether a member of a low chunk is a keyword of the engine, not an argument.
pub(crate) fn is_internal(name: &str) -> bool {
    RUNTIME_KEYWORDS.contains(&name)
        || INTERNAL.contains(&name)
        || name.starts_with("__pub_")
        || is_requisite_keyword(name)
}

/// All faults of a chunk that keep it from being called; takes `umask` in.
/// Salt: `verify_data` behaviour.
pub(crate) fn verify(low: &mut LowChunk, states: &Registry<StateFn>) -> Vec<String> {
    let mut faults = Vec::new();
    for key in ["state", "fun", "name"] {
        if !low.data.contains_key(key) {
            faults.push(format!("Missing \"{key}\" data"));
        }
    }
    let sls = low.data.get("__sls__").cloned();
    if let Some(name) = low.data.get("name").filter(|n| n.truthy() && n.as_str().is_none()) {
        let place = sls.as_ref().map(|sls| format!("in SLS '{sls}' ")).unwrap_or_default();
        let kind = name.type_name();
        faults.push(format!("ID '{name}' {place}is not formed as a string, but is a {kind}"));
    }
    if let Some(umask) = low.data.shift_remove("umask") {
        match i64::from_str_radix(umask.to_string().trim_start_matches("0o"), 8) {
            Ok(mask) => drop(low.data.insert("__umask__".into(), mask.into())),
            Err(_) => faults.push(format!("Invalid umask: {umask}")),
        }
    }
    if !faults.is_empty() {
        return faults;
    }
    let full = low.full();
    match (states.get(&full), sls) {
        (Ok(entry), _) => {
            let required = entry.spec.params.iter().filter(|param| param.default.is_none());
            let missing = required.filter(|param| !low.data.contains_key(param.name));
            faults.extend(
                missing.map(|param| format!("Missing parameter {} for state {full}", param.name)),
            );
        }
        (Err(_), Some(sls)) => {
            faults.push(format!("State '{full}' was not found in SLS '{sls}'"));
            faults.push(format!("Reason: {}", reason(&full, states)));
        }
        (Err(_), None) => faults.push(format!("Specified state '{full}' was not found")),
    }
    faults
}

/// Why there is no such state function. Salt: `missing_fun_string`.
fn reason(full: &str, states: &Registry<StateFn>) -> String {
    let module = full.split('.').next().unwrap_or(full);
    match states.missing().find(|(name, _)| *name == module) {
        Some((_, "")) => format!("'{module}' __virtual__ returned False"),
        Some((_, why)) => format!("'{module}' __virtual__ returned False: {why}"),
        None => format!("'{full}' is not available."),
    }
}

/// The arguments of a call: everything in the chunk that is no keyword of the engine, and what the
/// function names itself. Salt: `format_call` behaviour.
///
/// # Errors
/// Arguments that the function does not take. This ends the whole run, as in Salt.
pub(crate) fn arguments(low: &LowChunk, spec: &Spec) -> Result<Map> {
    let named = |name: &str| spec.params.iter().any(|param| param.name == name);
    let mut args = Map::with_capacity(low.data.len());
    let mut unknown = false;
    for (key, value) in &low.data {
        let Some(name) = key.as_str() else { continue };
        if named(name) {
            args.insert(key.clone(), value.clone());
        } else if !is_internal(name) {
            unknown |= !spec.extra_named;
            args.insert(key.clone(), value.clone());
        }
    }
    if unknown {
        // Binding says it in Salt's words.
        Args::named(args.clone()).bind(&low.full(), spec)?;
    }
    Ok(args)
}

/// The return that an outcome comes to, as the function alone would give it.
pub(crate) fn to_return(outcome: Outcome, low: &LowChunk) -> Map {
    let name = low.data.get("name").cloned().unwrap_or_default();
    let mut ret = map! {
        "name" => name,
        "changes" => outcome.changes,
        "result" => outcome.result,
        "comment" => outcome.comment,
    };
    ret.extend(outcome.extra);
    ret
}

/// The return of a state that raised.
pub(crate) fn exception(error: &Error, low: &LowChunk) -> Map {
    let comment = format!("An exception occurred in this state: {error}");
    to_return(Outcome::new(Some(false), comment), low)
}

/// The context of a call: this moment's options, grains and pillar over the machine.
pub(crate) fn context<'a>(
    base: &Apply<'a>,
    around: &'a Surroundings,
    host: &'a dyn halite_core::host::Read,
) -> Context<'a> {
    Context { opts: &around.opts, grains: &around.grains, pillar: &around.pillar, host, ..*base.cx }
}

/// State modules whose functions report the path that `~` stands for.
const EXPAND_NAMES: [&str; 1] = ["file"];

/// Asks the function, and carries its plan out unless it is to be tested only.
///
/// # Errors
/// What the function or its plan raised; a panic of either.
pub(crate) fn invoke(
    base: &Apply<'_>,
    around: &Surroundings,
    low: &LowChunk,
    mut args: Map,
    test: bool,
) -> Result<Outcome> {
    let umask = low.data.get("__umask__").and_then(Value::as_i64).and_then(|m| m.try_into().ok());
    let runas = low.data.get("runas").and_then(Value::as_str).map(Into::into);
    let masked = MaskedHost { host: base.host, umask, runas };
    let plain = masked.umask.is_none() && masked.runas.is_none();
    let host: &dyn halite_core::host::Write = if plain { base.host } else { &masked };
    let cx = context(base, around, host);
    let apply = Apply { cx: &cx, host };
    super::slots::fill(&apply, &mut args)?;
    // A function returns the name that it was called with; those of `file` expand it first.
    let mut name = args.get("name").filter(|name| low.data.get("name") != Some(name)).cloned();
    if let Some(path) =
        args.get("name").and_then(Value::as_str).filter(|path| path.starts_with('~'))
        && EXPAND_NAMES.contains(&low.text("state"))
    {
        name = Some(crate::support::expand_user(&cx, path).into());
    }
    let call = cx.states.get(&low.full())?.call;
    let done = catch_unwind(AssertUnwindSafe(|| {
        call(&cx, Args::named(args)).and_then(|verdict| verdict.settle(test, &apply))
    }));
    let done = done.map(|outcome| {
        outcome.map(|mut outcome| {
            outcome.extra.extend(name.map(|name| ("name".into(), name)));
            outcome
        })
    });
    done.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<&str>().copied().map(str::to_owned);
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
        Err(Error::execution(format!("a bug in {}: {text}", low.full())))
    })
}
