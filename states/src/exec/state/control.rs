//! `state`: what runs, pausing and ending runs, disabling states.

use halite_core::value::to_json;
use halite_core::{Apply, Context, ExecModule, Map, Result, Value, args, function, map};

use super::shared::{running_sentences, split};
use crate::engine::pause as pauses;

/// The module.
pub static MODULE: ExecModule = ExecModule::new(
    "state",
    &[
        &RUNNING,
        &PAUSE,
        &RESUME,
        &SOFT_KILL,
        &GET_PAUSES,
        &DISABLE,
        &ENABLE,
        &LIST_DISABLED,
        &CLEAR_CACHE,
    ],
);

/// Sentences about the state functions that run now.
///
/// CLI Example:
///
/// ```text
/// salt '*' state.running
/// ```
#[function]
fn running(
    apply: &Apply<'_>,
    /// Whether runs side by side are allowed: then none is told.
    #[default(false)]
    concurrent: bool,
) -> Result<Vec<String>> {
    if concurrent { Ok(Vec::new()) } else { running_sentences(apply) }
}

fn write(apply: &Apply<'_>, jid: &str, data: Map) -> Result<()> {
    let path = pauses::path(&apply.opts.path("cachedir"), jid);
    if let Some(folder) = path.parent().filter(|folder| !apply.host.exists(folder)) {
        apply.host.create_dir(folder, Some(0o700))?;
    }
    let text = to_json(&data.into(), Default::default());
    apply.host.write_atomic(&path, text.as_bytes(), Some(0o600))
}

fn change(apply: &Apply<'_>, jid: &str, id: &str, key: &str, value: Option<Value>) -> Result<()> {
    let mut data = pauses::read(apply, jid);
    let of_id = data.entry(id.into()).or_insert_with(|| Map::new().into());
    if let (Some(map), Some(value)) = (of_id.as_map_mut(), value) {
        map.insert(key.into(), value);
    }
    write(apply, jid, data)
}

/// Pauses a run before a state, or before the next one.
///
/// CLI Example:
///
/// ```text
/// salt '*' state.pause 20171130110407769519 vim 20
/// ```
#[function]
fn pause(
    apply: &Apply<'_>,
    /// The run's jid.
    jid: String,
    /// The ID of the state; the next one if not given.
    #[default(None)]
    state_id: Option<String>,
    /// Go on after so many seconds.
    #[default(None)]
    duration: Option<i64>,
) -> Result<()> {
    let id = state_id.unwrap_or_else(|| "__all__".into());
    change(apply, &jid, &id, "duration", duration.map(Value::from))
}

/// Lets a paused run go on.
///
/// CLI Example:
///
/// ```text
/// salt '*' state.resume 20171130110407769519 vim
/// ```
#[function]
fn resume(
    apply: &Apply<'_>,
    /// The run's jid.
    jid: String,
    /// The ID of the state; all pauses if not given.
    #[default(None)]
    state_id: Option<String>,
) -> Result<()> {
    let mut data = pauses::read(apply, &jid);
    match state_id {
        Some(id) => drop(data.shift_remove(id.as_str())),
        None => data.clear(),
    }
    write(apply, &jid, data)
}

/// Ends a run before a state, or before the next one.
///
/// CLI Example:
///
/// ```text
/// salt '*' state.soft_kill 20171130110407769519 vim
/// ```
#[function]
fn soft_kill(
    apply: &Apply<'_>,
    /// The run's jid.
    jid: String,
    /// The ID of the state; the next one if not given.
    #[default(None)]
    state_id: Option<String>,
) -> Result<()> {
    let id = state_id.unwrap_or_else(|| "__all__".into());
    change(apply, &jid, &id, "kill", Some(true.into()))
}

/// The pauses of runs that go on now; those of others are removed.
///
/// CLI Example:
///
/// ```text
/// salt '*' state.get_pauses
/// ```
#[function]
fn get_pauses(
    apply: &Apply<'_>,
    /// One jid or several; all if not given.
    #[default(Value::Null)]
    jid: Value,
) -> Result<Map> {
    let folder = apply.opts.path("cachedir").join("state_pause");
    let mut found = Map::new();
    if !apply.host.exists(&folder) {
        return Ok(found);
    }
    let jids = if jid.is_null() { apply.host.read_dir(&folder)? } else { split(&jid) };
    let jobs = apply.services.running_jobs()?;
    for jid in jids {
        let runs = |job: &Map| job.get("jid").is_some_and(|have| have.to_string() == jid);
        let path = pauses::path(&apply.opts.path("cachedir"), &jid);
        if jobs.iter().any(runs) {
            found.insert(jid.as_str().into(), pauses::read(apply, &jid).into());
        } else if apply.host.exists(&path) {
            apply.host.remove_file(&path)?;
        }
    }
    Ok(found)
}

fn disabled_now(cx: &Context<'_>) -> Vec<Value> {
    let list = cx.grains.get("state_runs_disabled").and_then(Value::as_list);
    list.unwrap_or_default().to_vec()
}

fn store(apply: &Apply<'_>, names: Vec<Value>, changed: bool, told: &[String]) -> Result<Map> {
    if changed {
        apply.call_value("grains.setval", args!["state_runs_disabled", names])?;
    }
    apply.services.refresh(halite_core::services::Refresh::Modules)?;
    Ok(map! {"res" => true, "msg" => told.join("\n")})
}

/// Keeps states from being run: sls names, `module.*`, or `highstate`.
///
/// CLI Example:
///
/// ```text
/// salt '*' state.disable highstate
/// ```
#[function]
fn disable(
    apply: &Apply<'_>,
    /// Names, comma separated or as a list.
    states: Value,
) -> Result<Map> {
    let mut names = disabled_now(apply.cx);
    let (mut told, mut changed) = (Vec::new(), false);
    for state in split(&states) {
        let name = Value::from(state.as_str());
        if names.contains(&name) {
            told.push(format!("Info: {state} state already disabled."));
        } else {
            told.push(format!("Info: {state} state disabled."));
            names.push(name);
            changed = true;
        }
    }
    store(apply, names, changed, &told)
}

/// Allows states that were disabled.
///
/// CLI Example:
///
/// ```text
/// salt '*' state.enable highstate
/// ```
#[function]
fn enable(
    apply: &Apply<'_>,
    /// Names, comma separated or as a list.
    states: Value,
) -> Result<Map> {
    let mut names = disabled_now(apply.cx);
    let (mut told, mut changed) = (Vec::new(), false);
    for state in split(&states) {
        let at = names.iter().position(|have| have.as_str() == Some(&state));
        match at {
            None => told.push(format!("Info: {state} state already enabled.")),
            Some(at) => {
                told.push(format!("Info: {state} state enabled."));
                names.remove(at);
                changed = true;
            }
        }
    }
    store(apply, names, changed, &told)
}

/// The states that are disabled.
///
/// CLI Example:
///
/// ```text
/// salt '*' state.list_disabled
/// ```
#[function]
fn list_disabled(cx: &Context<'_>) -> Value {
    cx.grains.get("state_runs_disabled").cloned().unwrap_or_else(|| "".into())
}

/// Removes the kept high data of earlier runs; the names of the files removed.
///
/// CLI Example:
///
/// ```text
/// salt '*' state.clear_cache
/// ```
#[function]
fn clear_cache(apply: &Apply<'_>) -> Result<Vec<String>> {
    let folder = apply.opts.path("cachedir");
    let mut removed = Vec::new();
    for name in apply.host.read_dir(&folder)? {
        if name.ends_with(".cache.p") {
            apply.host.remove_file(&folder.join(&name))?;
            removed.push(name);
        }
    }
    Ok(removed)
}
