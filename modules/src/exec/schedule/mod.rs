//! What the files of `schedule` share: orders to the running minion, the saved file, the list.

use std::path::PathBuf;
use std::time::Duration;

use halite_core::services::ManageOrder;
use halite_core::{Apply, Args, Context, Map, Result, Value, map};

/// How long the minion's answer is waited for.
const WAIT: Duration = Duration::from_secs(30);

/// What a listing shows of a job.
const SHOWN: &[&str] = &[
    "name",
    "maxrunning",
    "function",
    "splay",
    "range",
    "when",
    "once",
    "once_fmt",
    "returner",
    "jid_include",
    "args",
    "kwargs",
    "seconds",
    "minutes",
    "hours",
    "days",
    "enabled",
    "return_job",
    "metadata",
    "cron",
    "until",
    "after",
    "return_config",
    "return_kwargs",
    "run_on_start",
    "skip_during_range",
    "run_after_skip_range",
];

/// Gives the minion an order; the tag of its answer ends in `answer`.
pub(super) fn order(cx: &Context<'_>, answer: &str, data: Map) -> Result<Option<Map>> {
    let answer = format!("/salt/minion/minion_schedule_{answer}");
    cx.services.manage(&ManageOrder { tag: "manage_schedule", data, answer: &answer, wait: WAIT })
}

/// The schedule in an answer that says it is complete.
pub(super) fn schedule_of(answer: Option<Map>) -> Option<Map> {
    let answer = answer.filter(|answer| answer.get("complete").is_some_and(Value::truthy))?;
    answer.get("schedule").and_then(Value::as_map).cloned()
}

/// Where the minion saves its schedule.
pub(super) fn saved_file(cx: &Context<'_>) -> PathBuf {
    crate::exec::beacons::conf_file(cx, "_schedule.conf")
}

/// A file's `schedule`; an empty one if there is none.
pub(super) fn saved(cx: &Context<'_>) -> Result<Map> {
    let file = saved_file(cx);
    if !cx.host.exists(&file) {
        return Ok(Map::new());
    }
    let text = String::from_utf8_lossy(&cx.host.read(&file)?).into_owned();
    let read = yaml_load(cx, &text)?;
    Ok(read.get("schedule").and_then(Value::as_map).cloned().unwrap_or_default())
}

pub(super) fn yaml_load(cx: &Context<'_>, text: &str) -> Result<Value> {
    let positional = vec!["yaml".into(), text.into()];
    cx.call("slsutil.deserialize", Args { positional, named: Map::new() })
}

pub(super) fn yaml_dump(cx: &Context<'_>, data: Map) -> Result<String> {
    let positional = vec!["yaml".into(), data.into()];
    let named = map! { "default_flow_style" => false };
    cx.call("slsutil.serialize", Args { positional, named })
}

/// Saves jobs while no minion runs.
pub(super) fn save_offline(apply: &Apply<'_>, schedule: Map) -> Result<()> {
    let text = format!("{}\n", yaml_dump(apply, map! { "schedule" => schedule })?);
    apply.host.write_atomic(&saved_file(apply), text.as_bytes(), None)
}

/// Which jobs a listing is asked for.
#[derive(Clone, Copy, Default)]
pub(super) struct Which<'a> {
    /// Those of the minion's own too.
    pub(super) show_all: bool,
    /// `pillar` or `opts`.
    pub(super) source: Option<&'a str>,
    /// From the saved file, without asking the minion.
    pub(super) offline: bool,
    /// Without those that are disabled.
    pub(super) only_enabled: bool,
}

impl Which<'_> {
    /// All, from the running minion.
    pub(super) fn all(offline: bool) -> Which<'static> {
        Which { show_all: true, offline, ..Which::default() }
    }

    /// Those of one source.
    pub(super) fn from(source: &str) -> Which<'_> {
        Which { show_all: true, source: Some(source), ..Which::default() }
    }
}

/// The jobs, with what a listing shows of them.
pub(super) fn list(cx: &Context<'_>, which: Which<'_>) -> Result<Map> {
    let mut schedule = match which.offline {
        true => saved(cx)?,
        false => {
            let data = map! { "func" => "list", "where" => which.source };
            schedule_of(order(cx, "list_complete", data)?).unwrap_or_default()
        }
    };
    let setting = |name: &str| matches!(name, "enabled" | "skip_function" | "skip_during_range");
    schedule.retain(|name, job| {
        let name = name.to_string();
        if setting(&name) {
            return true;
        }
        if name.starts_with("__") && !which.show_all {
            return false;
        }
        let Some(job) = job.as_map_mut() else { return true };
        job.entry("enabled".into()).or_insert_with(|| true.into());
        job.retain(|key, value| {
            SHOWN.iter().any(|shown| key.as_str() == Some(shown)) && !value.is_null()
        });
        for value in job.values_mut() {
            match value.as_str() {
                Some("true") => *value = true.into(),
                Some("false") => *value = false.into(),
                _ => {}
            }
        }
        !which.only_enabled || job.get("enabled").is_some_and(Value::truthy)
    });
    Ok(schedule)
}

/// `{comment, result, changes}` in Salt's order.
pub(super) fn done(result: bool, comment: impl Into<Value>, changes: Map) -> Map {
    map! { "comment" => comment.into(), "result" => result, "changes" => changes }
}

/// `{comment, result}`.
pub(super) fn said(result: bool, comment: impl Into<Value>) -> Map {
    map! { "comment" => comment.into(), "result" => result }
}

/// Whether a keyword argument is given and true.
pub(super) fn yes(kwargs: &Map, key: &str) -> bool {
    kwargs.get(key).is_some_and(Value::truthy)
}

/// Whether changes are written to disk: unless `persist` says otherwise.
pub(super) fn persist(kwargs: &Map) -> bool {
    kwargs.get("persist").is_none_or(Value::truthy)
}

/// Where a job is configured.
pub(super) enum Source {
    Opts(Value),
    Pillar(Value),
    Nowhere,
}

/// Finds a job.
pub(super) fn find(cx: &Context<'_>, name: &str) -> Result<Source> {
    if let Some(job) = list(cx, Which::from("opts"))?.get(name) {
        return Ok(Source::Opts(job.clone()));
    }
    let pillar = list(cx, Which::from("pillar"))?;
    Ok(pillar.get(name).map_or(Source::Nowhere, |job| Source::Pillar(job.clone())))
}
