//! `schedule`: which jobs run by time. Salt: `salt/states/schedule.py`.

use halite_core::{
    Apply, Args, Context, Map, Outcome, Result, StateModule, Value, Verdict, map, state,
};

/// The module.
pub static MODULE: StateModule =
    StateModule::new("schedule", &[&PRESENT, &ABSENT, &ENABLED, &DISABLED]);

fn outcome(result: bool, comment: impl Into<String>, changes: Map) -> Outcome {
    Outcome { result: Some(result), comment: comment.into(), changes, extra: Map::new() }
}

/// The jobs as they are scheduled now.
fn scheduled(cx: &Context<'_>, kwargs: &Map) -> Result<Value> {
    let mut named = map! { "show_all" => true, "return_yaml" => false };
    if let Some(offline) = kwargs.get("offline") {
        named.insert("offline".into(), offline.clone());
    }
    cx.call("schedule.list", Args { positional: Vec::new(), named })
}

/// Calls a function of `schedule` and takes its comment and changes into an outcome.
fn call(apply: &Apply<'_>, fun: &str, name: &str, named: Map, said: String) -> Result<Outcome> {
    let args = Args { positional: vec![name.into()], named };
    let ret: Map = apply.call(&format!("schedule.{fun}"), args)?;
    if ret.get("result").is_none_or(|result| !result.truthy()) {
        let why = ret.get("comment").map(ToString::to_string).unwrap_or_default();
        return Ok(outcome(false, why, Map::new()));
    }
    let changes = ret.get("changes").and_then(Value::as_map).cloned().unwrap_or_default();
    Ok(outcome(true, said, changes))
}

/// Sees to it that a job is scheduled so.
///
/// ```yaml
/// job1:
///   schedule.present:
///     - function: state.sls
///     - job_args:
///       - httpd
///     - hours: 1
/// ```
#[state]
fn present<'a>(cx: &Context<'a>, name: String, #[kwargs] kwargs: Map) -> Result<Verdict<'a>> {
    let all = scheduled(cx, &kwargs)?;
    let Some(now) = all.get(&name) else {
        let text = format!("Job: {name} would be added to schedule.");
        let would = outcome(true, text, map! { name.as_str() => "added" });
        return Ok(Verdict::change(would, move |apply| {
            let said = format!("Adding new job {name} to schedule");
            call(apply, "add", &name, kwargs, said)
        }));
    };
    let args = Args { positional: vec![name.as_str().into()], named: kwargs.clone() };
    let mut new: Map = cx.call("schedule.build_schedule_item", args)?;
    if new.get("result").is_some_and(|result| !result.truthy()) {
        let why = new.get("comment").map(ToString::to_string).unwrap_or_default();
        return Ok(Verdict::Settled(outcome(false, why, Map::new())));
    }
    new.entry("enabled".into()).or_insert_with(|| true.into());
    let new = Value::from(new);
    if *now == new {
        return Ok(Verdict::correct(format!("Job {name} in correct state")));
    }
    let changes = map! { name.as_str() => map! { "old" => now, "new" => new } };
    let would = outcome(true, format!("Job: {name} would be modified in schedule."), changes);
    Ok(Verdict::change(would, move |apply| {
        let said = format!("Modifying job {name} in schedule");
        call(apply, "modify", &name, kwargs, said)
    }))
}

/// Sees to it that a job is not scheduled.
///
/// ```yaml
/// job1:
///   schedule.absent
/// ```
#[state]
fn absent<'a>(cx: &Context<'a>, name: String, #[kwargs] kwargs: Map) -> Result<Verdict<'a>> {
    if scheduled(cx, &kwargs)?.get(&name).is_none() {
        return Ok(Verdict::correct(format!("Job {name} not present in schedule")));
    }
    let would = format!("Job: {name} would be deleted from schedule.");
    Ok(Verdict::change(outcome(true, would, Map::new()), move |apply| {
        let said = format!("Removed job {name} from schedule");
        call(apply, "delete", &name, kwargs, said)
    }))
}

fn switch<'a>(cx: &Context<'a>, name: String, on: bool, kwargs: Map) -> Result<Verdict<'a>> {
    if scheduled(cx, &kwargs)?.get(&name).is_none() {
        return Ok(Verdict::correct(format!("Job {name} not present in schedule")));
    }
    let (fun, word, said) = if on {
        ("enable_job", "enabled", "Enabled")
    } else {
        ("disable_job", "disabled", "Disabled")
    };
    let would = format!("Job: {name} would be {word} in schedule.");
    Ok(Verdict::change(outcome(true, would, Map::new()), move |apply| {
        let done = call(apply, fun, &name, kwargs, format!("{said} job {name} from schedule"))?;
        // Salt tells no changes here.
        Ok(Outcome { changes: Map::new(), ..done })
    }))
}

/// Sees to it that a job is enabled.
///
/// ```yaml
/// job1:
///   schedule.enabled
/// ```
#[state]
fn enabled<'a>(cx: &Context<'a>, name: String, #[kwargs] kwargs: Map) -> Result<Verdict<'a>> {
    switch(cx, name, true, kwargs)
}

/// Sees to it that a job is disabled.
///
/// ```yaml
/// job1:
///   schedule.disabled
/// ```
#[state]
fn disabled<'a>(cx: &Context<'a>, name: String, #[kwargs] kwargs: Map) -> Result<Verdict<'a>> {
    switch(cx, name, false, kwargs)
}
