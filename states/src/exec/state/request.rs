//! `state`: asking for a run, which somebody else then starts.

use std::path::PathBuf;

use halite_core::value::{parse_json, to_json};
use halite_core::{Apply, Error, ExecModule, Map, Result, Value, function, map};

use super::shared::call;

/// The module.
pub static MODULE: ExecModule =
    ExecModule::new("state", &[&REQUEST, &CHECK_REQUEST, &RUN_REQUEST, &CLEAR_REQUEST]);

fn path(apply: &Apply<'_>) -> PathBuf {
    apply.opts.path("cachedir").join("req_state.p")
}

fn read(apply: &Apply<'_>) -> Result<Map> {
    let path = path(apply);
    if !apply.host.exists(&path) {
        return Ok(Map::new());
    }
    let text = apply.host.read(&path)?;
    let value = parse_json(&String::from_utf8_lossy(&text)).unwrap_or_default();
    Ok(value.as_map().cloned().unwrap_or_default())
}

fn write(apply: &Apply<'_>, requests: Map) -> Result<()> {
    let text = to_json(&requests.into(), Default::default());
    apply.host.write_atomic(&path(apply), text.as_bytes(), Some(0o600))
}

/// Predicts what `state.apply` would do and keeps the request for `state.run_request`.
///
/// CLI Example:
///
/// ```text
/// salt '*' state.request stuff
/// ```
#[function(outputter = "highstate")]
fn request(
    apply: &Apply<'_>,
    /// sls names; the highstate if not given.
    #[default(Value::Null)]
    mods: Value,
    #[kwargs] mut kwargs: Map,
) -> Result<Value> {
    kwargs.insert("test".into(), true.into());
    let ret = call(apply, "state.apply", vec![mods.clone()], kwargs.clone())?;
    let mut requests = read(apply)?;
    let name = kwargs.get("name").cloned().unwrap_or_else(|| "default".into());
    let asked = map! {"test_run" => ret.clone(), "mods" => mods, "kwargs" => kwargs};
    requests.insert(name, asked.into());
    write(apply, requests)?;
    Ok(ret)
}

/// The requests that are kept.
///
/// CLI Example:
///
/// ```text
/// salt '*' state.check_request
/// ```
#[function]
fn check_request(
    apply: &Apply<'_>,
    /// One of them.
    #[default(None)]
    name: Option<String>,
) -> Result<Value> {
    let requests = read(apply)?;
    match name.filter(|name| !name.is_empty()) {
        None => Ok(requests.into()),
        Some(name) => {
            let found = requests.get(name.as_str()).cloned();
            found.ok_or_else(|| Error::execution(format!("there is no request '{name}'")))
        }
    }
}

/// Forgets a request, or all.
///
/// CLI Example:
///
/// ```text
/// salt '*' state.clear_request
/// ```
#[function]
fn clear_request(
    apply: &Apply<'_>,
    /// One of them.
    #[default(None)]
    name: Option<String>,
) -> Result<bool> {
    let path = path(apply);
    if !apply.host.exists(&path) {
        return Ok(true);
    }
    let Some(name) = name.filter(|name| !name.is_empty()) else {
        apply.host.remove_file(&path)?;
        return Ok(true);
    };
    let mut requests = read(apply)?;
    let known = requests.shift_remove(name.as_str()).is_some();
    if known {
        write(apply, requests)?;
    }
    Ok(known)
}

/// Runs a kept request and forgets all.
///
/// CLI Example:
///
/// ```text
/// salt '*' state.run_request
/// ```
#[function(outputter = "highstate")]
fn run_request(
    apply: &Apply<'_>,
    /// Which of them.
    #[default("default".into())]
    name: String,
    #[kwargs] kwargs: Map,
) -> Result<Value> {
    let requests = read(apply)?;
    let Some(asked) = requests.get(name.as_str()).and_then(Value::as_map) else {
        return Ok(Map::new().into());
    };
    let Some(mut named) = asked.get("kwargs").and_then(Value::as_map).cloned() else {
        return Ok(Map::new().into());
    };
    named.extend(kwargs);
    named.shift_remove("test");
    let mods = asked.get("mods").cloned().unwrap_or_default();
    let ret = call(apply, "state.apply", vec![mods], named)?;
    if apply.host.exists(&path(apply)) {
        apply.host.remove_file(&path(apply))?;
    }
    Ok(ret)
}
