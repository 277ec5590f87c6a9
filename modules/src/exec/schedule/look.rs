//! `schedule`: what is scheduled. Salt: `salt/modules/schedule.py`.

use halite_core::{Context, ExecModule, Map, Result, Value, function, map};

use super::shared::{Which, list as jobs, order, saved, yaml_dump};

/// The module.
pub static MODULE: ExecModule =
    ExecModule::new("schedule", &[&LIST, &IS_ENABLED, &SHOW_NEXT_FIRE_TIME, &JOB_STATUS]);

/// Lists the jobs that are scheduled.
///
/// CLI Example:
///
/// ```text
/// salt '*' schedule.list
/// salt '*' schedule.list show_all=True
/// salt '*' schedule.list show_disabled=False
/// ```
#[function]
fn list(
    cx: &Context<'_>,
    /// Those of the minion's own too.
    #[default(false)]
    show_all: bool,
    #[default(true)] show_disabled: bool,
    /// `pillar` or `opts`.
    #[default(None)]
    r#where: Option<String>,
    /// As YAML text.
    #[default(true)]
    return_yaml: bool,
    /// From the saved file, without asking the minion.
    #[default(false)]
    offline: bool,
) -> Result<Value> {
    let source = r#where.as_deref();
    let which = Which { show_all, source, offline, only_enabled: !show_disabled };
    let mut schedule = jobs(cx, which)?;
    if !return_yaml {
        return Ok(schedule.into());
    }
    let saved = saved(cx)?;
    for (name, job) in &mut schedule {
        if let Some(job) = job.as_map_mut() {
            job.insert("saved".into(), saved.contains_key(name).into());
        }
    }
    Ok(yaml_dump(cx, map! { "schedule" => schedule })?.into())
}

/// Gives a job if it is scheduled; without a name, whether the schedule is enabled.
///
/// CLI Example:
///
/// ```text
/// salt '*' schedule.is_enabled name=job_name
/// salt '*' schedule.is_enabled
/// ```
#[function]
fn is_enabled(cx: &Context<'_>, #[default(None)] name: Option<String>) -> Result<Value> {
    let schedule = jobs(cx, Which::default())?;
    Ok(match name {
        None => schedule.get("enabled").cloned().unwrap_or_else(|| true.into()),
        Some(name) => schedule.get(name.as_str()).cloned().unwrap_or_else(|| Map::new().into()),
    })
}

/// Shows when a job is due next.
///
/// CLI Example:
///
/// ```text
/// salt '*' schedule.show_next_fire_time job_name
/// ```
#[function]
fn show_next_fire_time(cx: &Context<'_>, name: String, #[kwargs] _kwargs: Map) -> Result<Map> {
    let data = map! { "name" => name, "func" => "get_next_fire_time" };
    let answer = order(cx, "next_fire_time_complete", data)?.unwrap_or_default();
    Ok(match answer.get("next_fire_time") {
        Some(time) => map! { "result" => true, "next_fire_time" => time },
        None => map! { "result" => true, "comment" => "next fire time not available." },
    })
}

/// Shows all that is known of a job.
///
/// CLI Example:
///
/// ```text
/// salt '*' schedule.job_status job_name
/// ```
#[function]
fn job_status(
    cx: &Context<'_>,
    name: String,
    #[default("%Y-%m-%dT%H:%M:%S".into())] time_fmt: String,
) -> Result<Map> {
    let data = map! { "func" => "job_status", "name" => name, "fire_event" => true };
    let answer = order(cx, "job_status_complete", data)?.unwrap_or_default();
    let mut data = answer.get("data").and_then(Value::as_map).cloned().unwrap_or_default();
    for (key, value) in &mut data {
        let hidden = key.as_str().is_some_and(|key| key.starts_with('_'));
        let time = value.as_str().filter(|_| hidden).and_then(|text| text.parse().ok());
        if let Some(time) = time {
            let time: jiff::civil::DateTime = time;
            let shown = jiff::fmt::strtime::format(&time_fmt, time);
            *value = shown.map_or_else(|_| value.clone(), Value::from);
        }
    }
    Ok(data)
}
