//! `schedule`: enabling, running, postponing, saving, moving. Salt: `salt/modules/schedule.py`.

use halite_core::services::Refresh;
use halite_core::{Apply, Args, ExecModule, Map, Result, Value, function, map};

use super::shared::{Source, Which, find, list, order, persist, said, schedule_of, yaml_load, yes};

/// The module.
pub static MODULE: ExecModule = ExecModule::new(
    "schedule",
    &[
        &RUN_JOB,
        &ENABLE_JOB,
        &DISABLE_JOB,
        &SAVE,
        &ENABLE,
        &DISABLE,
        &RELOAD,
        &MOVE,
        &COPY,
        &POSTPONE_JOB,
        &SKIP_JOB,
    ],
);

const TIME_FORMAT: &str = "%Y-%m-%dT%H:%M:%S";

fn with_changes(result: bool, comment: impl Into<Value>, changes: Map) -> Map {
    map! { "comment" => comment.into(), "result" => result, "changes" => changes }
}

/// Runs a job now.
///
/// CLI Example:
///
/// ```text
/// salt '*' schedule.run_job job1
/// salt '*' schedule.run_job job1 force=True
/// ```
#[function]
fn run_job(
    apply: &Apply<'_>,
    name: String,
    /// Also if it is disabled.
    #[default(false)]
    force: bool,
) -> Result<Map> {
    let all = list(apply, Which::all(false))?;
    let Some(job) = all.get(name.as_str()) else {
        return Ok(said(false, format!("Job {name} does not exist.")));
    };
    if job.get("enabled").is_some_and(|on| !on.truthy()) && !force {
        return Ok(said(true, format!("Job {name} is disabled.")));
    }
    apply
        .services
        .fire("manage_schedule", map! { "name" => name.as_str(), "func" => "run_job" })?;
    Ok(said(true, format!("Scheduling Job {name} on minion.")))
}

fn switch_job(apply: &Apply<'_>, name: &str, on: bool, kwargs: &Map) -> Result<Map> {
    let (word, said) = if on { ("enable", "Enabled") } else { ("disable", "Disabled") };
    if apply.test() || yes(kwargs, "test") {
        let would = format!("Job: {name} would be {word}d in schedule.");
        return Ok(with_changes(true, would, Map::new()));
    }
    let mut data = map! {
        "name" => name, "func" => format!("{word}_job"), "persist" => persist(kwargs),
    };
    match find(apply, name)? {
        Source::Opts(_) => {}
        Source::Pillar(_) => {
            data.insert("where".into(), "pillar".into());
            data.insert("persist".into(), false.into());
        }
        Source::Nowhere => {
            return Ok(with_changes(false, format!("Job {name} does not exist."), Map::new()));
        }
    }
    let schedule = schedule_of(order(apply, &format!("{word}d_job_complete"), data)?);
    let now = schedule.and_then(|all| all.get(name)?.get("enabled").map(Value::truthy));
    Ok(match now == Some(on) {
        true => with_changes(
            true,
            format!("{said} Job {name} in schedule."),
            map! { name => format!("{word}d") },
        ),
        false => {
            with_changes(false, format!("Failed to {word} job {name} in schedule."), Map::new())
        }
    })
}

/// Enables a job.
///
/// CLI Example:
///
/// ```text
/// salt '*' schedule.enable_job job1
/// ```
#[function]
fn enable_job(apply: &Apply<'_>, name: String, #[kwargs] kwargs: Map) -> Result<Map> {
    switch_job(apply, &name, true, &kwargs)
}

/// Disables a job.
///
/// CLI Example:
///
/// ```text
/// salt '*' schedule.disable_job job1
/// ```
#[function]
fn disable_job(apply: &Apply<'_>, name: String, #[kwargs] kwargs: Map) -> Result<Map> {
    switch_job(apply, &name, false, &kwargs)
}

/// Saves the jobs that do not come from the pillar.
///
/// CLI Example:
///
/// ```text
/// salt '*' schedule.save
/// ```
#[function]
fn save(apply: &Apply<'_>, #[kwargs] kwargs: Map) -> Result<Map> {
    if yes(&kwargs, "test") {
        return Ok(said(true, "Schedule would be saved."));
    }
    let answer = order(apply, "saved", map! { "func" => "save_schedule" })?;
    Ok(match answer.is_some_and(|answer| answer.get("complete").is_some_and(Value::truthy)) {
        true => said(true, "Schedule (non-pillar items) saved."),
        false => said(false, "Failed to save schedule."),
    })
}

fn switch(apply: &Apply<'_>, on: bool, kwargs: &Map) -> Result<Map> {
    let (word, said) = if on { ("enable", "Enabled") } else { ("disable", "Disabled") };
    let ret = |result: bool, comment: String, changes: Map| {
        map! { "comment" => comment, "changes" => changes, "result" => result }
    };
    if yes(kwargs, "test") {
        return Ok(ret(true, format!("Schedule would be {word}d."), Map::new()));
    }
    let data = map! { "func" => word, "persist" => persist(kwargs) };
    let schedule = schedule_of(order(apply, &format!("{word}d_complete"), data)?);
    let now = schedule.and_then(|all| all.get("enabled").map(Value::truthy));
    Ok(match now == Some(on) {
        true => {
            let changes = map! { "schedule" => format!("{word}d") };
            ret(true, format!("{said} schedule on minion."), changes)
        }
        false => ret(false, format!("Failed to {word} schedule on minion."), Map::new()),
    })
}

/// Enables the schedule.
///
/// CLI Example:
///
/// ```text
/// salt '*' schedule.enable
/// ```
#[function]
fn enable(apply: &Apply<'_>, #[kwargs] kwargs: Map) -> Result<Map> {
    switch(apply, true, &kwargs)
}

/// Disables the schedule.
///
/// CLI Example:
///
/// ```text
/// salt '*' schedule.disable
/// ```
#[function]
fn disable(apply: &Apply<'_>, #[kwargs] kwargs: Map) -> Result<Map> {
    switch(apply, false, &kwargs)
}

/// Reads pillar and `schedule.conf` again.
///
/// CLI Example:
///
/// ```text
/// salt '*' schedule.reload
/// ```
#[function]
fn reload(apply: &Apply<'_>) -> Result<Map> {
    let (mut comment, mut result): (Vec<Value>, bool) = (Vec::new(), true);
    if apply.pillar.contains_key("schedule") {
        let done = apply.services.refresh(Refresh::Pillar)?;
        comment.push(match done {
            true => "Reloaded schedule from pillar on minion.".into(),
            false => "Failed to reload schedule from pillar on minion.".into(),
        });
        result &= done;
    }
    let file = crate::exec::beacons::conf_file(apply, "schedule.conf");
    if apply.host.exists(&file) {
        let text = String::from_utf8_lossy(&apply.host.read(&file)?).into_owned();
        match yaml_load(apply, &text) {
            Ok(read) if read.get("schedule").is_some_and(Value::truthy) => {
                let data = map! { "func" => "reload", "schedule" => read };
                apply.services.fire("manage_schedule", data)?;
                comment.push("Reloaded schedule on minion from schedule.conf.".into());
            }
            Ok(_) => {
                let why = "Failed to reload schedule on minion.  Saved file is empty or invalid.";
                comment.push(why.into());
                result = false;
            }
            Err(error) => {
                comment.push(format!("Unable to read existing schedule file: {error}").into());
                result = false;
            }
        }
    }
    Ok(map! { "comment" => comment, "result" => result })
}

/// Has other minions add a job of this one.
fn hand_over(apply: &Apply<'_>, name: &str, target: &str, verb: &str) -> Result<Map> {
    let job = match find(apply, name)? {
        Source::Opts(job) | Source::Pillar(job) => job,
        Source::Nowhere => return Ok(said(false, format!("Job {name} does not exist."))),
    };
    let mut words = vec![name.to_owned()];
    let pairs = job.as_map().cloned().unwrap_or_default();
    for (key, value) in pairs.iter().filter(|(key, _)| key.as_str() != Some("name")) {
        let key = match key.as_str() {
            Some("args") => "job_args".to_owned(),
            Some("kwargs") => "job_kwargs".to_owned(),
            _ => key.to_string(),
        };
        words.push(format!(
            "{key}={}",
            if value.as_str().is_some() { value.to_string() } else { value.repr() }
        ));
    }
    let words = Value::list(words.into_iter().map(Value::from));
    let call =
        Args { positional: vec![target.into(), "schedule.add".into(), words], named: Map::new() };
    let response: Map = apply.call("publish.publish", call)?;
    if response.is_empty() {
        return Ok(said(true, "no servers answered the published schedule.add command"));
    }
    let failed = |ret: &&Value| !ret.get("result").unwrap_or(ret).truthy();
    let errors: Vec<Value> =
        response.iter().filter(|(_, ret)| failed(ret)).map(|(id, _)| id.clone()).collect();
    if !errors.is_empty() {
        let mut ret = said(true, "the following minions return False");
        ret.insert("minions".into(), errors.into());
        return Ok(ret);
    }
    if verb == "Moved" {
        apply.call_value(
            "schedule.delete",
            Args { positional: vec![name.into()], named: Map::new() },
        )?;
    }
    let tail = if verb == "Moved" { "from schedule." } else { "from schedule to minion(s)." };
    let mut ret = said(true, format!("{verb} Job {name} {tail}"));
    ret.insert("minions".into(), Value::list(response.keys().cloned()));
    Ok(ret)
}

/// Moves a job to other minions.
///
/// CLI Example:
///
/// ```text
/// salt '*' schedule.move jobname target
/// ```
#[function]
fn move_(apply: &Apply<'_>, name: String, target: String, #[kwargs] kwargs: Map) -> Result<Map> {
    if yes(&kwargs, "test") {
        return Ok(said(true, format!("Job: {name} would be moved from schedule.")));
    }
    hand_over(apply, &name, &target, "Moved")
}

/// Copies a job to other minions.
///
/// CLI Example:
///
/// ```text
/// salt '*' schedule.copy jobname target
/// ```
#[function]
fn copy(apply: &Apply<'_>, name: String, target: String, #[kwargs] kwargs: Map) -> Result<Map> {
    if yes(&kwargs, "test") {
        return Ok(said(true, format!("Job: {name} would be copied from schedule.")));
    }
    hand_over(apply, &name, &target, "Copied")
}

/// Times that are to be noted for a job.
struct Times<'a> {
    name: &'a str,
    times: Map,
    func: &'a str,
}

fn readable(text: &str, format: &str) -> bool {
    jiff::fmt::strtime::parse(format, text).is_ok()
}

impl Times<'_> {
    fn give(self, apply: &Apply<'_>, answer: &str, texts: [String; 3]) -> Result<Map> {
        let name = self.name;
        let [would, noted, failed] = texts;
        if apply.test() {
            return Ok(said(true, would));
        }
        let mut data = self.times;
        data.insert("name".into(), name.into());
        data.insert("func".into(), self.func.into());
        match find(apply, name)? {
            Source::Opts(_) => {}
            Source::Pillar(_) => drop(data.insert("where".into(), "pillar".into())),
            Source::Nowhere => return Ok(said(false, format!("Job {name} does not exist."))),
        }
        let schedule = schedule_of(order(apply, answer, data)?);
        let job = schedule.and_then(|all| all.get(name).cloned());
        let enabled = job.is_some_and(|job| job.get("enabled").is_none_or(Value::truthy));
        Ok(if enabled { said(true, noted) } else { said(false, failed) })
    }
}

/// Runs a job at another time than its own.
///
/// CLI Example:
///
/// ```text
/// salt '*' schedule.postpone_job job current_time new_time
/// salt '*' schedule.postpone_job job current_time new_time time_fmt='%Y-%m-%dT%H:%M:%S'
/// ```
#[function]
fn postpone_job(
    apply: &Apply<'_>,
    name: String,
    current_time: String,
    new_time: String,
    #[kwargs] kwargs: Map,
) -> Result<Map> {
    let format = kwargs.get("time_fmt").map_or_else(|| TIME_FORMAT.into(), ToString::to_string);
    if !readable(&current_time, &format) || !readable(&new_time, &format) {
        return Ok(said(false, "Date string could not be parsed."));
    }
    let times = map! { "time" => current_time, "new_time" => new_time, "time_fmt" => format };
    let texts = [
        format!("Job: {name} would be postponed in schedule."),
        format!("Postponed Job {name} in schedule."),
        format!("Failed to postpone job {name} in schedule."),
    ];
    Times { name: &name, times, func: "postpone_job" }.give(apply, "postpone_job_complete", texts)
}

/// Leaves a job out at one of its times.
///
/// CLI Example:
///
/// ```text
/// salt '*' schedule.skip_job job time
/// ```
#[function]
fn skip_job(
    apply: &Apply<'_>,
    name: String,
    current_time: String,
    #[kwargs] kwargs: Map,
) -> Result<Map> {
    let format = kwargs.get("time_fmt").map_or_else(|| TIME_FORMAT.into(), ToString::to_string);
    if !readable(&current_time, &format) {
        return Ok(said(false, "Date string could not be parsed."));
    }
    let times = map! { "time" => current_time, "time_fmt" => format };
    let texts = [
        format!("Job: {name} would be skipped in schedule."),
        format!("Added Skip Job {name} in schedule."),
        format!("Failed to skip job {name} in schedule."),
    ];
    Times { name: &name, times, func: "skip_job" }.give(apply, "skip_job_complete", texts)
}
