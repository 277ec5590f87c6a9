//! `schedule`: adding, changing and removing jobs. Salt: `salt/modules/schedule.py`.

use halite_core::{Apply, Context, ExecModule, Map, Result, Value, dates, function, map};

use super::shared::{
    Source, Which, done, find, list, order, persist, said, save_offline, schedule_of, yes,
};

/// The module.
pub static MODULE: ExecModule =
    ExecModule::new("schedule", &[&BUILD_SCHEDULE_ITEM, &ADD, &MODIFY, &DELETE, &PURGE]);

const ELEMENTS: [&str; 4] = ["seconds", "minutes", "hours", "days"];

/// Why the times of a job do not go together, with `text` for elements beside others.
fn conflict<'a>(kwargs: &Map, text: &'a str) -> Option<&'a str> {
    let has = |key: &str| kwargs.contains_key(key);
    if ELEMENTS.iter().any(|key| has(key)) && (has("when") || has("cron")) {
        return Some(text);
    }
    (has("when") && has("cron"))
        .then_some("Unable to use \"when\" and \"cron\" options together.  Ignoring.")
}

/// A job as it is kept.
///
/// # Errors
/// Salt's text of what is wrong with it.
fn build(cx: &Context<'_>, name: &str, kwargs: &Map) -> Result<Map, String> {
    if name.is_empty() {
        return Err("Job name is required.".into());
    }
    let mut job = Map::new();
    let Some(fun) = kwargs.get("function") else {
        return Err("Job function is required.".into());
    };
    job.insert("function".into(), fun.clone());
    let text = "Unable to use \"seconds\", \"minutes\", \"hours\", or \"days\" with \"when\" or \"cron\" \
                options.";
    if let Some(why) = conflict(kwargs, text) {
        return Err(why.into());
    }
    let copy = |job: &mut Map, key: &str| {
        if let Some(value) = kwargs.get(key) {
            job.insert(key.into(), value.clone());
        }
    };
    ELEMENTS.iter().chain(&["return_job", "metadata"]).for_each(|key| copy(&mut job, key));
    match kwargs.get("job_args") {
        None => {}
        Some(args @ Value::List(_)) => drop(job.insert("args".into(), args.clone())),
        Some(_) => return Err("job_args is not a list. please correct and try again.".into()),
    }
    match kwargs.get("job_kwargs") {
        None => {}
        Some(named @ Value::Map(_)) => drop(job.insert("kwargs".into(), named.clone())),
        Some(_) => return Err("job_kwargs is not a dict. please correct and try again.".into()),
    }
    let or = |key: &str, default: Value| kwargs.get(key).cloned().unwrap_or(default);
    job.insert("maxrunning".into(), or("maxrunning", 1.into()));
    job.insert("name".into(), or("name", name.into()));
    job.insert("enabled".into(), or("enabled", true.into()));
    job.insert("jid_include".into(), or("jid_include", true.into()));
    copy(&mut job, "splay");
    check_when(cx, kwargs)?;
    let rest = [
        "range",
        "when",
        "once",
        "once_fmt",
        "cron",
        "returner",
        "after",
        "return_config",
        "return_kwargs",
        "until",
        "run_on_start",
        "skip_during_range",
        "run_after_skip_range",
    ];
    rest.iter().for_each(|key| copy(&mut job, key));
    Ok(job)
}

fn check_when(cx: &Context<'_>, kwargs: &Map) -> Result<(), String> {
    let now = jiff::Timestamp::from_microsecond(cx.host.now_micros()).unwrap_or_default();
    let now = now.to_zoned(jiff::tz::TimeZone::system()).datetime();
    let items = match kwargs.get("when") {
        None => return Ok(()),
        Some(Value::List(items)) => items.to_vec(),
        Some(other) => vec![other.clone()],
    };
    match items.iter().find(|item| dates::parse(&item.to_string(), now).is_none()) {
        Some(bad) => Err(format!("Schedule item {bad} for \"when\" in invalid.")),
        None => Ok(()),
    }
}

/// What is not part of the call itself.
fn own(mut kwargs: Map) -> Map {
    kwargs.retain(|key, _| !key.as_str().is_some_and(|key| key.starts_with("__pub_")));
    kwargs
}

/// Builds a job as it would be added.
///
/// CLI Example:
///
/// ```text
/// salt '*' schedule.build_schedule_item job1 function='test.ping' seconds=3600
/// ```
#[function]
fn build_schedule_item(cx: &Context<'_>, name: String, #[kwargs] kwargs: Map) -> Map {
    build(cx, &name, &own(kwargs)).unwrap_or_else(|why| said(false, why))
}

/// Adds a job.
///
/// CLI Example:
///
/// ```text
/// salt '*' schedule.add job1 function='test.ping' seconds=3600
/// salt '*' schedule.add job2 function='cmd.run' job_args="['date >> /tmp/date.log']" seconds=60
/// ```
#[function]
fn add(apply: &Apply<'_>, name: String, #[kwargs] kwargs: Map) -> Result<Map> {
    let kwargs = own(kwargs);
    let offline = yes(&kwargs, "offline");
    let mut current = list(apply, Which::all(offline))?;
    let fail = |why: String| Ok(done(false, why, Map::new()));
    if current.contains_key(name.as_str()) {
        return fail(format!("Job {name} already exists in schedule."));
    }
    let text = "Error: Unable to use \"seconds\", \"minutes\", \"hours\", or \"days\" with \"when\" or \
                \"cron\" options.";
    if let Some(why) = conflict(&kwargs, text) {
        return fail(why.into());
    }
    let job = match build(apply, &name, &kwargs) {
        Ok(job) => job,
        Err(why) => return Ok(said(false, why)),
    };
    if yes(&kwargs, "test") {
        return Ok(done(true, format!("Job: {name} would be added to schedule."), Map::new()));
    }
    let added = |changes| done(true, format!("Added job: {name} to schedule."), changes);
    let changes = map! { name.as_str() => "added" };
    if offline {
        current.insert(name.as_str().into(), job.into());
        save_offline(apply, current)?;
        return Ok(added(changes));
    }
    let data = map! {
        "name" => name.as_str(), "schedule" => map! { name.as_str() => job }, "func" => "add",
        "persist" => persist(&kwargs),
    };
    let schedule = schedule_of(order(apply, "add_complete", data)?).unwrap_or_default();
    match schedule.contains_key(name.as_str()) {
        true => Ok(added(changes)),
        false => fail(format!("Failed to add job {name} to schedule.")),
    }
}

/// Changes a job.
///
/// CLI Example:
///
/// ```text
/// salt '*' schedule.modify job1 function='test.ping' seconds=3600
/// ```
#[function]
fn modify(apply: &Apply<'_>, name: String, #[kwargs] kwargs: Map) -> Result<Map> {
    let mut kwargs = own(kwargs);
    let ret = |result: bool, comment: String, changes: Map| {
        Ok(map! { "comment" => comment, "changes" => changes, "result" => result })
    };
    let text = "Error: Unable to use \"seconds\", \"minutes\", \"hours\", or \"days\" with \"when\" option.";
    if let Some(why) = conflict(&kwargs, text) {
        return ret(false, why.into(), Map::new());
    }
    let offline = yes(&kwargs, "offline");
    let mut all = list(apply, Which::all(offline))?;
    let Some(current) = all.get(name.as_str()).and_then(Value::as_map).cloned() else {
        return ret(false, format!("Job {name} does not exist in schedule."), Map::new());
    };
    if !kwargs.contains_key("function") {
        let fun = current.get("function").cloned().unwrap_or_default();
        kwargs.insert("function".into(), fun);
    }
    let job = match build(apply, &name, &kwargs) {
        Ok(job) => job,
        Err(why) => return Ok(said(false, why)),
    };
    if job == current {
        return ret(true, format!("Job {name} in correct state"), Map::new());
    }
    let changes = map! { name.as_str() => map! { "old" => current, "new" => job.clone() } };
    if yes(&kwargs, "test") {
        return ret(true, format!("Job: {name} would be modified in schedule."), changes);
    }
    let modified = format!("Modified job: {name} in schedule.");
    if offline {
        if let Some(kept) = all.get_mut(name.as_str()).and_then(Value::as_map_mut) {
            kept.extend(job);
        }
        save_offline(apply, all)?;
        return ret(true, modified, changes);
    }
    let mut data = map! {
        "name" => name.as_str(), "schedule" => job, "func" => "modify",
        "persist" => persist(&kwargs),
    };
    if let Source::Pillar(_) = find(apply, &name)? {
        data.insert("where".into(), "pillar".into());
        data.insert("persist".into(), false.into());
    }
    match order(apply, "delete_complete", data)? {
        Some(_) => ret(true, modified, changes),
        None => ret(false, format!("Failed to modify job {name} in schedule."), changes),
    }
}

/// Removes a job.
///
/// CLI Example:
///
/// ```text
/// salt '*' schedule.delete job1
/// ```
#[function]
fn delete(apply: &Apply<'_>, name: String, #[kwargs] kwargs: Map) -> Result<Map> {
    if yes(&kwargs, "test") {
        let would = format!("Job: {name} would be deleted from schedule.");
        return Ok(done(true, would, Map::new()));
    }
    let deleted = || {
        let changes = map! { name.as_str() => "removed" };
        done(true, format!("Deleted Job {name} from schedule."), changes)
    };
    let missing = || done(false, format!("Job {name} does not exist."), Map::new());
    if yes(&kwargs, "offline") {
        let mut all = list(apply, Which::all(true))?;
        if all.shift_remove(name.as_str()).is_none() {
            return Ok(missing());
        }
        save_offline(apply, all)?;
        return Ok(deleted());
    }
    let mut data = map! {
        "name" => name.as_str(), "func" => "delete", "persist" => persist(&kwargs),
    };
    match find(apply, &name)? {
        Source::Opts(_) => {}
        Source::Pillar(_) => {
            data.insert("where".into(), "pillar".into());
            data.insert("persist".into(), false.into());
        }
        Source::Nowhere => return Ok(missing()),
    }
    let schedule = schedule_of(order(apply, "delete_complete", data)?);
    match schedule.is_some_and(|all| !all.contains_key(name.as_str())) {
        true => Ok(deleted()),
        false => {
            let why = format!("Failed to delete job {name} from schedule.");
            Ok(done(false, why, Map::new()))
        }
    }
}

/// Removes all jobs.
///
/// CLI Example:
///
/// ```text
/// salt '*' schedule.purge
/// ```
#[function]
fn purge(apply: &Apply<'_>, #[kwargs] kwargs: Map) -> Result<Map> {
    let offline = yes(&kwargs, "offline");
    let mut all = list(apply, Which::all(offline))?;
    let names: Vec<String> = all.keys().map(ToString::to_string).collect();
    let (mut comment, mut changes): (Vec<Value>, Map) = (Vec::new(), Map::new());
    for name in names.iter().filter(|name| *name != "enabled" && !name.starts_with("__")) {
        if yes(&kwargs, "test") {
            comment.push(format!("Job: {name} would be deleted from schedule.").into());
            continue;
        }
        let gone = if offline {
            all.shift_remove(name.as_str()).is_some()
        } else {
            let persist = persist(&kwargs);
            let data = map! { "name" => name, "func" => "delete", "persist" => persist };
            let left = schedule_of(order(apply, "delete_complete", data)?);
            left.is_some_and(|left| !left.contains_key(name.as_str()))
        };
        if gone {
            changes.insert(name.into(), "removed".into());
            comment.push(format!("Deleted job: {name} from schedule.").into());
        } else {
            comment.push(format!("Failed to delete job {name} from schedule.").into());
        }
    }
    if offline && !yes(&kwargs, "test") {
        save_offline(apply, all)?;
    }
    Ok(map! { "comment" => comment, "changes" => changes, "result" => true })
}
