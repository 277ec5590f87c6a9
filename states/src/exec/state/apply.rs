//! `state`: running sls files and the highstate.

use halite_core::{Apply, Error, ExecModule, Map, Result, Value, function, map};

use super::shared::{
    COMPILE, call, conflict, disabled, excluded, pillar_refusal, set_retcode, split, terse, wish,
};
use crate::compiler::low::{self, messages};
use crate::compiler::{locate, requisite, verify};
use crate::engine::highstate::{Done, keep, kept, log_faults};
use crate::engine::session::with_session;
use crate::engine::{RunSettings, run};

/// The module.
pub static MODULE: ExecModule =
    ExecModule::new("state", &[&APPLY, &TEST, &HIGHSTATE, &SLS, &SLS_ID, &TOP]);

/// Runs the named sls files, or the highstate if none is named.
///
/// CLI Example:
///
/// ```text
/// salt '*' state.apply
/// salt '*' state.apply stuff,more pillar='{"foo": "bar"}'
/// ```
#[function(outputter = "highstate")]
fn apply_(
    apply: &Apply<'_>,
    /// sls names, comma separated or as a list.
    #[default(Value::Null)]
    mods: Value,
    #[kwargs] kwargs: Map,
) -> Result<Value> {
    if mods.truthy() {
        call(apply, "state.sls", vec![mods], kwargs)
    } else {
        call(apply, "state.highstate", Vec::new(), kwargs)
    }
}

/// Predicts what `state.apply` would do.
///
/// CLI Example:
///
/// ```text
/// salt '*' state.test stuff
/// ```
#[function(outputter = "highstate")]
fn test(apply: &Apply<'_>, #[args] args: Vec<Value>, #[kwargs] mut kwargs: Map) -> Result<Value> {
    kwargs.insert("test".into(), true.into());
    call(apply, "state.apply", args, kwargs)
}

fn settings(kwargs: &Map) -> RunSettings {
    RunSettings { mock: kwargs.get("mock").is_some_and(Value::truthy), ..RunSettings::default() }
}

/// Runs all that the top files assign to this minion.
///
/// CLI Example:
///
/// ```text
/// salt '*' state.highstate
/// salt '*' state.highstate test=True
/// ```
#[function(outputter = "highstate")]
fn highstate(
    apply: &Apply<'_>,
    /// Predict only.
    #[default(Value::Null)]
    test: Value,
    /// Wait for other runs instead of refusing: true, or at most so many.
    #[default(Value::Null)]
    queue: Value,
    /// Tell the master of each finished state.
    #[default(Value::Null)]
    state_events: Value,
    #[kwargs] kwargs: Map,
) -> Result<Value> {
    if !disabled(apply, &["highstate".into()]).is_empty() {
        return Ok(map! {
            "name" => "Salt highstate run is disabled. To re-enable, run state.enable highstate",
            "result" => "False", "comment" => "Disabled",
        }
        .into());
    }
    run_top(apply, &test, &queue, state_events, &kwargs)
}

/// Runs what another top file assigns to this minion.
///
/// CLI Example:
///
/// ```text
/// salt '*' state.top reverse_top.sls
/// ```
#[function(outputter = "highstate")]
fn top(
    apply: &Apply<'_>,
    /// The top file.
    topfn: String,
    /// Predict only.
    #[default(Value::Null)]
    test: Value,
    /// Wait for other runs instead of refusing.
    #[default(Value::Null)]
    queue: Value,
    #[kwargs] mut kwargs: Map,
) -> Result<Value> {
    let mut opts = apply.opts.with("state_top", topfn);
    if let Some(env) = kwargs.shift_remove("saltenv") {
        opts = opts.with("state_top_saltenv", env);
    }
    let cx = halite_core::Context { opts: &opts, ..*apply.cx };
    let apply = Apply { cx: &cx, host: apply.host };
    run_top(&apply, &test, &queue, Value::Null, &kwargs)
}

fn run_top(
    apply: &Apply<'_>,
    test: &Value,
    queue: &Value,
    state_events: Value,
    kwargs: &Map,
) -> Result<Value> {
    if let Some(refusal) = conflict(apply, queue, kwargs)? {
        return Ok(refusal);
    }
    let mut wish = wish(test, kwargs, None);
    wish.state_events = Some(state_events).filter(|events| !events.is_null());
    with_session(apply, &wish, |session| {
        if let Some(refusal) = pillar_refusal(session, kwargs) {
            return Ok(refusal);
        }
        let get = |key: &str| kwargs.get(key).cloned().unwrap_or_default();
        let name = kwargs.get("cache_name").map_or("highstate".into(), Value::to_string);
        let cached = get("cache").truthy().then(|| kept(apply, &name)).flatten();
        let (done, high) = match cached {
            Some(mut high) => {
                let shown = high.to_map();
                (session.call_high(&mut high, settings(kwargs))?, shown)
            }
            None => {
                let whitelist = get("whitelist");
                let whitelist = if whitelist.truthy() { split(&whitelist) } else { Vec::new() };
                session.call_highstate(excluded(&get("exclude")), &whitelist, settings(kwargs))?
            }
        };
        let ret = terse(done.into_value(), apply, kwargs);
        set_retcode(apply, &ret, Some(&high));
        Ok(ret)
    })
}

/// Runs sls files.
///
/// CLI Example:
///
/// ```text
/// salt '*' state.sls core,edit.vim dev
/// ```
#[function(outputter = "highstate")]
fn sls(
    apply: &Apply<'_>,
    /// sls names, comma separated or as a list; globs are allowed.
    mods: Value,
    /// Predict only.
    #[default(Value::Null)]
    test: Value,
    /// What to leave out: sls names, or `{id: ..}` in a list.
    #[default(Value::Null)]
    exclude: Value,
    /// Wait for other runs instead of refusing.
    #[default(Value::Null)]
    queue: Value,
    /// Kinds of own modules to fetch first.
    #[default(Value::Null)]
    sync_mods: Value,
    /// Tell the master of each finished state.
    #[default(Value::Null)]
    state_events: Value,
    #[kwargs] kwargs: Map,
) -> Result<Value> {
    if let Some(refusal) = conflict(apply, &queue, &kwargs)? {
        return Ok(refusal);
    }
    let names = match &mods {
        Value::List(items) => items.iter().map(Value::to_string).collect(),
        one => vec![one.to_string()],
    };
    let refused = disabled(apply, &names);
    if !refused.is_empty() {
        apply.job.set_retcode(COMPILE);
        return Ok(refused.into());
    }
    sync(apply, &sync_mods)?;
    let mut wish = wish(&test, &kwargs, Some("base"));
    wish.state_events = Some(state_events).filter(|events| !events.is_null());
    with_session(apply, &wish, |session| {
        if let Some(refusal) = pillar_refusal(session, &kwargs) {
            return Ok(refusal);
        }
        let cache_name = kwargs.get("cache_name").map_or("highstate".into(), Value::to_string);
        let cached = kwargs.get("cache").is_some_and(Value::truthy);
        if let Some(mut high) = cached.then(|| kept(apply, &cache_name)).flatten() {
            return Ok(session.call_high(&mut high, settings(&kwargs))?.into_value());
        }
        let env = session.saltenv().unwrap_or("base").to_owned();
        let (mut high, mut faults) = session.high_of(&env, &split(&mods));
        if !faults.is_empty() {
            log_faults(apply, &mut faults);
            apply.job.set_retcode(COMPILE);
            return Ok(messages(&faults).into());
        }
        high.exclude.extend(excluded(&exclude));
        let shown = high.to_map();
        keep(session.apply, &cache_name, &high);
        let done = session.call_high(&mut high, settings(&kwargs))?;
        let ret = terse(done.into_value(), apply, &kwargs);
        set_retcode(apply, &ret, Some(&shown));
        Ok(ret)
    })
}

/// Fetches own modules before a run.
fn sync(apply: &Apply<'_>, kinds: &Value) -> Result<()> {
    let kinds = match kinds {
        Value::Null | Value::Bool(false) => return Ok(()),
        Value::Bool(true) => vec!["all".to_owned()],
        named => split(named),
    };
    for kind in kinds {
        let fun = format!("saltutil.sync_{kind}");
        if apply.exec.contains(&fun) {
            apply.call_value(&fun, halite_core::args![])?;
        } else {
            tracing::warn!("Invalid custom module type '{kind}', ignoring");
        }
    }
    Ok(())
}

/// Runs the states of one ID, and what they need first.
///
/// CLI Example:
///
/// ```text
/// salt '*' state.sls_id my_state my_module,a_common_module
/// ```
#[function(outputter = "highstate")]
fn sls_id(
    apply: &Apply<'_>,
    /// The ID.
    id_: String,
    /// sls names in which to look for it.
    mods: Value,
    /// Predict only.
    #[default(Value::Null)]
    test: Value,
    /// Wait for other runs instead of refusing.
    #[default(Value::Null)]
    queue: Value,
    /// Tell the master of each finished state.
    #[default(Value::Null)]
    state_events: Value,
    #[kwargs] kwargs: Map,
) -> Result<Value> {
    if let Some(refusal) = conflict(apply, &queue, &kwargs)? {
        return Ok(refusal);
    }
    let mut wish = wish(&test, &kwargs, Some("base"));
    wish.state_events = Some(state_events).filter(|events| !events.is_null());
    with_session(apply, &wish, |session| {
        if let Some(refusal) = pillar_refusal(session, &kwargs) {
            return Ok(refusal);
        }
        let env = session.saltenv().unwrap_or("base").to_owned();
        let (mut high, mut faults) = session.high_of(&env, &split(&mods));
        faults.extend(verify::verify_high(&high));
        let compiled = session.with_settings(|with| {
            faults.extend(requisite::requisite_in(&mut high, &with.disabled_requisites));
            match faults.is_empty() {
                true => low::compile_high_data(&high, with),
                false => Err(faults),
            }
        });
        let compiled = match compiled {
            Ok(compiled) => compiled,
            Err(mut faults) => {
                locate(&mut faults, &high.places);
                log_faults(apply, &mut faults);
                apply.job.set_retcode(COMPILE);
                return Ok(messages(&faults).into());
            }
        };
        if !compiled.chunks.iter().any(|chunk| chunk.id() == id_) {
            return Err(Error::usage(
                "state.sls_id",
                format!("No matches for ID '{id_}' found in SLS '{mods}' within saltenv '{env}'"),
            ));
        }
        let with = RunSettings { only_id: Some(id_), ..settings(&kwargs) };
        let ret = Done::Returns(run(session.apply, compiled, with)?).into_value();
        set_retcode(apply, &ret, None);
        Ok(ret)
    })
}
