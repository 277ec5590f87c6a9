//! `beacon`: which beacons are configured. Salt: `salt/states/beacon.py`.

use halite_core::{
    Apply, Args, Context, Map, Outcome, Result, StateModule, Value, Verdict, map, state,
};

/// The module.
pub static MODULE: StateModule =
    StateModule::new("beacon", &[&PRESENT, &ABSENT, &ENABLED, &DISABLED]);

fn outcome(result: bool, comment: impl Into<String>, changes: Map) -> Outcome {
    Outcome { result: Some(result), comment: comment.into(), changes, extra: Map::new() }
}

/// The beacons as they are configured now.
fn configured(cx: &Context<'_>) -> Result<Value> {
    let named = map! { "return_yaml" => false };
    cx.call("beacons.list", Args { positional: Vec::new(), named })
}

/// Calls a function of `beacons`; its comment if it failed.
fn call(apply: &Apply<'_>, fun: &str, positional: Vec<Value>) -> Result<Result<Map, String>> {
    let ret: Map = apply.call(&format!("beacons.{fun}"), Args { positional, named: Map::new() })?;
    let good = ret.get("result").is_some_and(Value::truthy);
    let comment = ret.get("comment").map(ToString::to_string).unwrap_or_default();
    Ok(if good { Ok(ret) } else { Err(comment) })
}

/// A change whose success is told with `said`, saved if `save`.
fn change<'a>(
    would: String,
    save: Option<String>,
    act: impl FnOnce(&Apply<'_>) -> Result<Result<(String, Map), String>> + Send + 'a,
) -> Verdict<'a> {
    let with = |text: String, what: &str| match &save {
        Some(name) => format!("{text}\nBeacon {name} {what}"),
        None => text,
    };
    let would = outcome(true, with(would, "would be saved"), Map::new());
    let done = with(String::new(), "saved");
    Verdict::change(would, move |apply| {
        Ok(match act(apply)? {
            Err(why) => outcome(false, why, Map::new()),
            Ok((said, changes)) => {
                if !done.is_empty() {
                    call(apply, "save", Vec::new())?.ok();
                }
                outcome(true, format!("{said}{done}"), changes)
            }
        })
    })
}

/// Sees to it that a beacon is configured so.
///
/// ```yaml
/// ps_beacon:
///   beacon.present:
///     - name: ps
///     - save: True
///     - processes:
///         salt-master: running
///         apache2: stopped
/// ```
#[state]
fn present<'a>(
    cx: &Context<'a>,
    name: String,
    /// Write `beacons.conf` as well.
    #[default(false)]
    save: bool,
    #[kwargs] kwargs: Map,
) -> Result<Verdict<'a>> {
    let data = Value::list(kwargs.into_iter().map(|(key, value)| Value::map([(key, value)])));
    let save = save.then(|| name.clone());
    let (fun, would, said) = match configured(cx)?.get(&name) {
        Some(now) if *now == data => {
            let correct = format!("Job {name} in correct state");
            return Ok(match save {
                None => Verdict::correct(correct),
                Some(_) => change(correct.clone(), save, move |_| Ok(Ok((correct, Map::new())))),
            });
        }
        Some(_) => (
            "modify",
            format!("Beacon: {name} would be modified."),
            format!("Modifying {name} in beacons"),
        ),
        None => {
            ("add", format!("Beacon: {name} would be added."), format!("Adding {name} to beacons"))
        }
    };
    Ok(change(would, save, move |apply| {
        let done = call(apply, fun, vec![name.into(), data])?;
        Ok(done.map(|ret| {
            let changes = ret.get("changes").and_then(Value::as_map).cloned();
            (said, changes.unwrap_or_default())
        }))
    }))
}

/// Sees to it that a beacon is not configured.
///
/// ```yaml
/// remove_beacon:
///   beacon.absent:
///     - name: ps
///     - save: True
/// ```
#[state]
fn absent<'a>(
    cx: &Context<'a>,
    name: String,
    /// Write `beacons.conf` as well.
    #[default(false)]
    save: bool,
    #[kwargs] _kwargs: Map,
) -> Result<Verdict<'a>> {
    let save = save.then(|| name.clone());
    if configured(cx)?.get(&name).is_none() {
        let missing = format!("{name} not configured in beacons");
        return Ok(match save {
            None => Verdict::correct(missing),
            Some(_) => change(missing.clone(), save, move |_| Ok(Ok((missing, Map::new())))),
        });
    }
    Ok(change(format!("Beacon: {name} would be deleted."), save, move |apply| {
        let done = call(apply, "delete", vec![name.as_str().into()])?;
        Ok(done.map(|_| (format!("Removed {name} from beacons"), Map::new())))
    }))
}

/// Sees to it that a beacon is enabled.
///
/// ```yaml
/// enable_beacon:
///   beacon.enabled:
///     - name: ps
/// ```
#[state]
fn enabled<'a>(cx: &Context<'a>, name: String, #[kwargs] _kwargs: Map) -> Result<Verdict<'a>> {
    if configured(cx)?.get(&name).is_none() {
        return Ok(Verdict::correct(format!("{name} not a configured beacon")));
    }
    Ok(change(format!("Beacon {name} would be enabled."), None, move |apply| {
        let done = call(apply, "enable_beacon", vec![name.as_str().into()])?;
        Ok(done.map(|_| (format!("Enabled {name} from beacons"), Map::new())))
    }))
}

/// Sees to it that a beacon is disabled.
///
/// ```yaml
/// disable_beacon:
///   beacon.disabled:
///     - name: ps
/// ```
#[state]
fn disabled<'a>(cx: &Context<'a>, name: String, #[kwargs] _kwargs: Map) -> Result<Verdict<'a>> {
    if configured(cx)?.get(&name).is_none() {
        return Ok(Verdict::correct(format!("Job {name} is not configured.")));
    }
    Ok(change(format!("Beacon {name} would be disabled."), None, move |apply| {
        let done = call(apply, "disable_beacon", vec![name.as_str().into()])?;
        Ok(done.map(|_| (format!("Disabled beacon {name}."), Map::new())))
    }))
}
