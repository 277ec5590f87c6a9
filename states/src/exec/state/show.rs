//! `state`: looking at what would be run.

use halite_core::{Apply, Error, ExecModule, Map, Result, Value, function, map};

use super::shared::{COMPILE, call, conflict, pillar_must_be_fine, set_retcode, split, wish};
use crate::compiler::low::{self, messages};
use crate::compiler::{
    Compiled, Faults, SlsSource, exclude, extend, locate, requisite, top, verify,
};
use crate::engine::highstate::log_faults;
use crate::engine::session::{Session, with_session};

/// The module.
pub static MODULE: ExecModule = ExecModule::new(
    "state",
    &[
        &SHOW_TOP,
        &SHOW_HIGHSTATE,
        &SHOW_LOWSTATE,
        &SHOW_SLS,
        &SHOW_LOW_SLS,
        &SHOW_STATES,
        &SHOW_STATE_USAGE,
        &SLS_EXISTS,
        &ID_EXISTS,
    ],
);

/// Runs `body` in a session whose pillar is fine, unless other runs are in the way.
fn look(
    apply: &Apply<'_>,
    test: &Value,
    queue: &Value,
    kwargs: &Map,
    env: Option<&'static str>,
    body: impl FnOnce(&Session<'_>) -> Result<Value>,
) -> Result<Value> {
    if let Some(refusal) = conflict(apply, queue, kwargs)? {
        return Ok(refusal);
    }
    with_session(apply, &wish(test, kwargs, env), |session| {
        pillar_must_be_fine(session, kwargs)?;
        body(session)
    })
}

fn refuse(apply: &Apply<'_>, mut faults: Faults) -> Value {
    log_faults(apply, &mut faults);
    apply.job.set_retcode(COMPILE);
    messages(&faults).into()
}

fn chunks(compiled: &Compiled) -> Value {
    compiled.ordered().map(|chunk| Value::from(chunk.data.clone())).collect::<Vec<_>>().into()
}

/// The environments and sls files that the top files assign to this minion.
///
/// With `why=True` (`--why` of salt-call), for each sls file the target that brought it, how that was
/// matched, and the line of the top file.
///
/// CLI Example:
///
/// ```text
/// salt '*' state.show_top
/// salt-call state.show_top --why
/// ```
#[function]
fn show_top(
    apply: &Apply<'_>,
    /// Wait for other runs instead of refusing.
    #[default(Value::Null)]
    queue: Value,
    #[kwargs] kwargs: Map,
) -> Result<Value> {
    look(apply, &Value::Null, &queue, &kwargs, None, |session| {
        let merged = session.top().map_err(|fault| halite_core::Error::execution(fault.message))?;
        let faults = top::verify_tops(&merged);
        if !faults.is_empty() {
            return Ok(refuse(apply, faults));
        }
        if kwargs.get("why").is_some_and(Value::truthy) {
            return session.why(&merged).map(Value::from);
        }
        let pairs = session.matches(&merged)?;
        Ok(Value::map(pairs.into_iter().map(|(env, names)| (env, names.into()))))
    })
}

/// The high data of the highstate.
///
/// CLI Example:
///
/// ```text
/// salt '*' state.show_highstate
/// ```
#[function]
fn show_highstate(
    apply: &Apply<'_>,
    /// Wait for other runs instead of refusing.
    #[default(Value::Null)]
    queue: Value,
    #[kwargs] kwargs: Map,
) -> Result<Value> {
    look(apply, &Value::Null, &queue, &kwargs, None, |session| {
        let (high, faults) = session.high_of_top()?;
        if !faults.is_empty() {
            return Ok(refuse(apply, faults));
        }
        let ret = high.to_map().into();
        set_retcode(apply, &ret, None);
        Ok(ret)
    })
}

/// The ordered low chunks of the highstate, or the faults.
fn lowstate(session: &Session<'_>) -> Result<Result<Compiled, Faults>> {
    let (mut high, mut faults) = session.high_of_top()?;
    faults.extend(extend::reconcile_extend(&mut high, false));
    faults.extend(verify::verify_high(&high));
    Ok(session.with_settings(|with| {
        faults.extend(requisite::requisite_in(&mut high, &with.disabled_requisites));
        exclude::apply_exclude(&mut high);
        let done =
            if faults.is_empty() { low::compile_high_data(&high, with) } else { Err(faults) };
        done.map_err(|mut faults| {
            locate(&mut faults, &high.places);
            faults
        })
    }))
}

/// The low chunks of the highstate, in the order in which they would run.
///
/// CLI Example:
///
/// ```text
/// salt '*' state.show_lowstate
/// ```
#[function]
fn show_lowstate(
    apply: &Apply<'_>,
    /// Wait for other runs instead of refusing.
    #[default(Value::Null)]
    queue: Value,
    #[kwargs] kwargs: Map,
) -> Result<Value> {
    look(apply, &Value::Null, &queue, &kwargs, None, |session| {
        Ok(match lowstate(session)? {
            Ok(compiled) => chunks(&compiled),
            Err(mut faults) => {
                log_faults(apply, &mut faults);
                messages(&faults).into()
            }
        })
    })
}

/// The sls files of the highstate.
///
/// CLI Example:
///
/// ```text
/// salt '*' state.show_states
/// ```
#[function]
fn show_states(
    apply: &Apply<'_>,
    /// Wait for other runs instead of refusing.
    #[default(Value::Null)]
    queue: Value,
    #[kwargs] kwargs: Map,
) -> Result<Value> {
    look(apply, &Value::Null, &queue, &kwargs, None, |session| {
        let compiled = match lowstate(session)? {
            Ok(compiled) => compiled,
            Err(faults) => return Ok(refuse(apply, faults)),
        };
        let mut names: Vec<Value> = Vec::new();
        for sls in compiled.ordered().filter_map(|chunk| chunk.data.get("__sls__")) {
            if !names.contains(sls) {
                names.push(sls.clone());
            }
        }
        Ok(names.into())
    })
}

/// Which sls files there are, and which of them the top files assign to this minion.
///
/// CLI Example:
///
/// ```text
/// salt '*' state.show_state_usage
/// ```
#[function]
fn show_state_usage(
    apply: &Apply<'_>,
    /// Wait for other runs instead of refusing.
    #[default(Value::Null)]
    queue: Value,
    #[kwargs] kwargs: Map,
) -> Result<Value> {
    if let Some(refusal) = conflict(apply, &queue, &kwargs)? {
        return Ok(refusal);
    }
    with_session(apply, &wish(&Value::Null, &kwargs, None), |session| {
        let merged = session.top().map_err(|fault| halite_core::Error::execution(fault.message))?;
        let faults = top::verify_tops(&merged);
        if !faults.is_empty() {
            return Ok(refuse(apply, faults));
        }
        let matches = session.matches(&merged)?;
        let mut usage = Map::new();
        for env in session.envs() {
            let assigned = matches.get(&env);
            let is_used = |sls: &String| assigned.is_some_and(|names| names.contains(sls));
            let (used, unused): (Vec<_>, Vec<_>) =
                session.available(&env).into_iter().partition(is_used);
            let counts = [used.len() + unused.len(), used.len(), unused.len()];
            let of_env = map! {
                "used" => used, "unused" => unused, "count_all" => counts[0],
                "count_used" => counts[1], "count_unused" => counts[2],
            };
            usage.insert(env.into(), of_env.into());
        }
        let ret = usage.into();
        set_retcode(apply, &ret, None);
        Ok(ret)
    })
}

/// The high data of sls files, before `extend` and the `*_in` requisites are applied.
///
/// CLI Example:
///
/// ```text
/// salt '*' state.show_sls core,edit.vim
/// ```
#[function]
fn show_sls(
    apply: &Apply<'_>,
    /// sls names.
    mods: Value,
    /// Taken, since templates may look at it.
    #[default(Value::Null)]
    test: Value,
    /// Wait for other runs instead of refusing.
    #[default(Value::Null)]
    queue: Value,
    #[kwargs] kwargs: Map,
) -> Result<Value> {
    look(apply, &test, &queue, &kwargs, Some("base"), |session| {
        let env = session.saltenv().unwrap_or("base").to_owned();
        let (high, mut faults) = session.high_of(&env, &split(&mods));
        faults.extend(verify::verify_high(&high));
        locate(&mut faults, &high.places);
        Ok(if faults.is_empty() { high.to_map().into() } else { refuse(apply, faults) })
    })
}

/// The low chunks of sls files, before `extend` and the `*_in` requisites are applied.
///
/// CLI Example:
///
/// ```text
/// salt '*' state.show_low_sls foo
/// ```
#[function]
fn show_low_sls(
    apply: &Apply<'_>,
    /// sls names.
    mods: Value,
    /// Taken, since templates may look at it.
    #[default(Value::Null)]
    test: Value,
    /// Wait for other runs instead of refusing.
    #[default(Value::Null)]
    queue: Value,
    #[kwargs] kwargs: Map,
) -> Result<Value> {
    look(apply, &test, &queue, &kwargs, Some("base"), |session| {
        let env = session.saltenv().unwrap_or("base").to_owned();
        let (high, mut faults) = session.high_of(&env, &split(&mods));
        faults.extend(verify::verify_high(&high));
        locate(&mut faults, &high.places);
        if !faults.is_empty() {
            return Ok(refuse(apply, faults));
        }
        let compiled = session.with_settings(|with| low::compile_high_data(&high, with));
        Ok(match compiled {
            Ok(compiled) => chunks(&compiled),
            Err(mut faults) => {
                locate(&mut faults, &high.places);
                refuse(apply, faults)
            }
        })
    })
}

/// Whether sls files are there and well formed.
///
/// CLI Example:
///
/// ```text
/// salt '*' state.sls_exists core,edit.vim
/// ```
#[function]
fn sls_exists(
    apply: &Apply<'_>,
    /// sls names.
    mods: Value,
    #[kwargs] kwargs: Map,
) -> Result<bool> {
    let shown = call(apply, "state.show_sls", vec![mods], kwargs)?;
    Ok(shown.as_map().is_some())
}

/// Whether all these IDs are in sls files.
///
/// CLI Example:
///
/// ```text
/// salt '*' state.id_exists create_myfile,update_template filestate saltenv=dev
/// ```
#[function]
fn id_exists(
    apply: &Apply<'_>,
    /// IDs, comma separated or as a list.
    ids: Value,
    /// sls names.
    mods: Value,
    #[kwargs] kwargs: Map,
) -> Result<bool> {
    let shown = call(apply, "state.show_low_sls", vec![mods], kwargs)?;
    let chunks = shown.as_list().unwrap_or_default();
    if chunks.iter().any(|chunk| chunk.as_str().is_some()) {
        // The faults of the sls stand in the place of its chunks.
        let what = "string indices must be integers, not 'str'";
        return Err(Error::usage("state.id_exists", what));
    }
    let has = |id: &String| {
        chunks.iter().any(|chunk| chunk.get("__id__").and_then(Value::as_str) == Some(id))
    };
    Ok(split(&ids).iter().all(has))
}
