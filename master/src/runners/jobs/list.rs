//! `jobs`: what was published, what came back, what runs. Salt: `salt/runners/jobs.py` behaviour.

use std::ops::ControlFlow;

use halite_core::{Context, Error, ExecModule, Jid, Map, Result, Value, function, map};

use super::source::Source;
use crate::client::Job as Publish;
use crate::services::MasterServices;
use crate::store::{Job, Search};

/// The module.
pub static MODULE: ExecModule = ExecModule::new(
    "jobs",
    &[
        &ACTIVE,
        &EXIT_SUCCESS,
        &LAST_RUN,
        &LIST_JOB,
        &LIST_JOBS,
        &LIST_JOBS_FILTER,
        &LOOKUP_JID,
        &MASTER,
        &PRINT_JOB,
    ],
);

/// The moment of a jid as listings show it. Salt: `salt.utils.jid.jid_to_time`.
fn start_time(jid: &str) -> String {
    let micros = Jid::parse(jid).ok().and_then(|jid| jid.unix_micros());
    let at = micros.and_then(|micros| jiff::Timestamp::from_microsecond(micros).ok());
    at.map_or_else(String::new, |at| at.strftime("%Y, %b %d %H:%M:%S.%6f").to_string())
}

/// A job as listings show it. Salt: `format_job_instance`.
fn shown(jid: &str, job: Option<&Job>, minions: bool) -> Map {
    let Some(job) = job else {
        return map! {
            "Error" => "Cannot contact returner or no job with this jid", "StartTime" => start_time(jid),
        };
    };
    let field =
        |name: &str, default: &str| job.load.get(name).cloned().unwrap_or_else(|| default.into());
    let mut shown = map! {
        "Function" => field("fun", "unknown-function"),
        "Arguments" => job.load.get("arg").cloned().unwrap_or_else(|| Value::list([])),
        "Target" => field("tgt", "unknown-target"),
        "Target-type" => field("tgt_type", "list"),
        "User" => field("user", "root"),
    };
    if let Some(metadata) = metadata(&job.load) {
        shown.insert("Metadata".into(), metadata);
    }
    if minions && !job.minions.is_empty() {
        let mut ids = job.minions.clone();
        ids.sort();
        shown.insert("Minions".into(), ids.into());
    }
    shown.insert("StartTime".into(), start_time(jid).into());
    shown
}

/// Metadata stands in the load, in the request's `kwargs`, or among the keyword arguments.
fn metadata(load: &Map) -> Option<Value> {
    let named = load.get("arg").and_then(Value::as_list).unwrap_or_default();
    load.get("metadata")
        .or_else(|| load.get("kwargs")?.get("metadata"))
        .or_else(|| {
            named.iter().find_map(|arg| arg.get("__kwarg__").and_then(|_| arg.get("metadata")))
        })
        .cloned()
}

/// What came back for a job, by minion.
fn results(source: &Source<'_, '_>, jid: &str) -> Result<Map> {
    let kept = ["return", "retcode", "success", "out"];
    let returns = source.returns(jid)?.into_iter().map(|found| {
        let fields =
            kept.iter().filter_map(|name| Some((Value::str(name), found.ret.get(*name)?.clone())));
        (Value::from(found.id), Value::from(fields.collect::<Map>()))
    });
    Ok(returns.collect())
}

fn detail(source: &Source<'_, '_>, jid: &str) -> Result<Map> {
    let mut shown = shown(jid, source.job(jid)?.as_ref(), true);
    shown.insert("Result".into(), results(source, jid)?.into());
    Ok(shown)
}

/// Shows what the minions returned for a job.
///
/// CLI Example:
///
/// ```text
/// salt-run jobs.lookup_jid 20130916125524463507
/// ```
#[function]
fn lookup_jid(
    cx: &Context<'_>,
    jid: String,
    #[default(None)] ext_source: Option<String>,
    #[default(true)] returned: bool,
    /// Also name those that did not return.
    #[default(false)]
    missing: bool,
    #[default(false)] display_progress: bool,
) -> Result<Value> {
    let _ = display_progress;
    let source = Source::of(cx, ext_source.as_deref())?;
    let found = source.returns(&jid)?;
    let mut ret = Map::new();
    let mut outputter = None;
    for one in &found {
        outputter = outputter.or_else(|| one.ret.get("out").filter(|out| out.truthy()).cloned());
        if returned {
            let value = one.ret.get("return").cloned().unwrap_or_default();
            ret.insert(one.id.as_str().into(), value);
        }
    }
    if missing {
        let expected = source.job(&jid)?.map(|job| job.minions).unwrap_or_default();
        for id in expected.iter().filter(|id| !found.iter().any(|one| one.id == **id)) {
            ret.insert(id.into(), "Minion did not return".into());
        }
    }
    Ok(match outputter {
        Some(outputter) => map! {"outputter" => outputter, "data" => ret}.into(),
        None => ret.into(),
    })
}

/// Shows a job: what was asked for, of whom, and what came back.
///
/// CLI Example:
///
/// ```text
/// salt-run jobs.list_job 20130916125524463507
/// ```
#[function]
fn list_job(
    cx: &Context<'_>,
    jid: String,
    #[default(None)] ext_source: Option<String>,
    #[default(false)] display_progress: bool,
) -> Result<Map> {
    let _ = display_progress;
    let mut shown = map! {"jid" => jid.as_str()};
    shown.extend(detail(&Source::of(cx, ext_source.as_deref())?, &jid)?);
    Ok(shown)
}

/// Shows a job under its jid, with what came back.
///
/// CLI Example:
///
/// ```text
/// salt-run jobs.print_job 20130916125524463507
/// ```
#[function]
fn print_job(
    cx: &Context<'_>,
    jid: String,
    #[default(None)] ext_source: Option<String>,
) -> Result<Map> {
    let shown = detail(&Source::of(cx, ext_source.as_deref())?, &jid)?;
    Ok(map! {jid => shown})
}

/// What a listing is narrowed by.
struct Filter {
    metadata: Option<Map>,
    search: Search,
}

impl Filter {
    /// Gives the jobs that fit to `visit`, newest first, until it breaks off.
    fn newest(
        &self,
        source: &Source<'_, '_>,
        mut visit: impl FnMut(Job) -> ControlFlow<()>,
    ) -> Result<()> {
        source.search(&self.search, |job| {
            if self.metadata_fits(&job) { visit(job) } else { ControlFlow::Continue(()) }
        })
    }

    fn metadata_fits(&self, job: &Job) -> bool {
        self.metadata.as_ref().is_none_or(|wanted| {
            let found = metadata(&job.load);
            wanted.iter().any(|(key, value)| {
                found.as_ref().and_then(Value::as_map).and_then(|found| found.get(key))
                    == Some(value)
            })
        })
    }
}

/// Reads a moment such as `2015-03-16 19:00`, `2015, Mar 16 19:00` or `2015-03-16`, in UTC as jids are.
fn moment(text: Option<String>) -> Result<Option<i64>> {
    let Some(text) = text else { return Ok(None) };
    let forms = [
        "%Y-%m-%d %H:%M:%S",
        "%Y-%m-%d %H:%M",
        "%Y-%m-%dT%H:%M:%S",
        "%Y, %b %d %H:%M",
        "%Y, %b %d %H:%M:%S",
    ];
    let parsed = forms.iter().find_map(|form| jiff::civil::DateTime::strptime(form, &text).ok());
    let days = ["%Y-%m-%d", "%Y, %b %d"];
    let day = || days.iter().find_map(|form| jiff::civil::Date::strptime(form, &text).ok());
    let at = parsed.or_else(|| day().map(|day| day.at(0, 0, 0, 0)));
    let at = at.and_then(|at| at.to_zoned(jiff::tz::TimeZone::UTC).ok());
    at.map(|at| Some(at.timestamp().as_microsecond())).ok_or_else(|| {
        Error::usage("jobs.list_jobs", format!("`{text}` is no time; write it as 2026-11-22 19:00"))
    })
}

/// Lists the jobs that are known, narrowed by what is given.
///
/// CLI Example:
///
/// ```text
/// salt-run jobs.list_jobs
/// salt-run jobs.list_jobs search_function='test.*' search_target='localhost'
/// ```
#[function]
fn list_jobs(
    cx: &Context<'_>,
    #[default(None)] ext_source: Option<String>,
    #[default(None)] outputter: Option<String>,
    #[default(None)] search_metadata: Option<Map>,
    #[default(None)] search_function: Option<Vec<String>>,
    #[default(None)] search_target: Option<Vec<String>>,
    #[default(None)] start_time: Option<String>,
    #[default(None)] end_time: Option<String>,
    #[default(false)] display_progress: bool,
) -> Result<Value> {
    let _ = display_progress;
    let search = Search {
        functions: search_function.unwrap_or_default(),
        targets: search_target.unwrap_or_default(),
        from: moment(start_time)?,
        to: moment(end_time)?,
    };
    let filter = Filter { metadata: search_metadata, search };
    let mut jobs = Vec::new();
    filter.newest(&Source::of(cx, ext_source.as_deref())?, |job| {
        jobs.push((job.jid.as_str().into(), shown(&job.jid, Some(&job), false).into()));
        ControlFlow::Continue(())
    })?;
    let found: Map = jobs.into_iter().rev().collect();
    Ok(match outputter {
        Some(outputter) => map! {"outputter" => outputter, "data" => found}.into(),
        None => found.into(),
    })
}

/// Lists the newest jobs.
///
/// CLI Example:
///
/// ```text
/// salt-run jobs.list_jobs_filter 50
/// ```
#[function]
fn list_jobs_filter(
    cx: &Context<'_>,
    count: i64,
    /// Leave out `saltutil.find_job`, which clients send to see who is still at work.
    #[default(true)]
    filter_find_job: bool,
    #[default(None)] ext_source: Option<String>,
    #[default(None)] outputter: Option<String>,
    #[default(false)] display_progress: bool,
) -> Result<Value> {
    let _ = display_progress;
    let find_job =
        |job: &Job| job.load.get("fun").and_then(Value::as_str) == Some("saltutil.find_job");
    let count = usize::try_from(count).unwrap_or(0);
    let mut found: Vec<Value> = Vec::new();
    Source::of(cx, ext_source.as_deref())?.search(&Search::default(), |job| {
        if found.len() >= count {
            return ControlFlow::Break(());
        }
        if !(filter_find_job && find_job(&job)) {
            let mut one = map! {"JID" => job.jid.as_str()};
            one.extend(shown(&job.jid, Some(&job), false));
            found.push(one.into());
        }
        ControlFlow::Continue(())
    })?;
    found.reverse();
    Ok(match outputter {
        Some(outputter) => map! {"outputter" => outputter, "data" => found}.into(),
        None => found.into(),
    })
}

/// Shows the newest job that fits; `False` if none does.
///
/// CLI Example:
///
/// ```text
/// salt-run jobs.last_run
/// salt-run jobs.last_run function='cmd.run'
/// ```
#[function]
fn last_run(
    cx: &Context<'_>,
    #[default(None)] ext_source: Option<String>,
    #[default(None)] outputter: Option<String>,
    #[default(None)] metadata: Option<Map>,
    #[default(None)] function: Option<Vec<String>>,
    #[default(None)] target: Option<Vec<String>>,
    #[default(false)] display_progress: bool,
) -> Result<Value> {
    let _ = (outputter, display_progress);
    let search = Search {
        functions: function.unwrap_or_default(),
        targets: target.unwrap_or_default(),
        ..Search::default()
    };
    let source = Source::of(cx, ext_source.as_deref())?;
    let mut last = None;
    Filter { metadata, search }.newest(&source, |job| {
        last = Some(job);
        ControlFlow::Break(())
    })?;
    let Some(last) = last else { return Ok(false.into()) };
    let shown = detail(&source, &last.jid)?;
    Ok(map! {last.jid => shown}.into())
}

/// Whether each minion of a job gave back something that is true.
///
/// CLI Example:
///
/// ```text
/// salt-run jobs.exit_success 20160520145827701627
/// ```
#[function]
fn exit_success(
    cx: &Context<'_>,
    jid: String,
    #[default(None)] ext_source: Option<String>,
) -> Result<Map> {
    let source = Source::of(cx, ext_source.as_deref())?;
    let expected = source.job(&jid)?.map(|job| job.minions).unwrap_or_default();
    let mut ret: Map = expected.into_iter().map(|id| (Value::from(id), false.into())).collect();
    for found in source.returns(&jid)? {
        let good = found.ret.get("return").is_some_and(Value::truthy);
        ret.insert(found.id.into(), good.into());
    }
    Ok(ret)
}

/// Shows the jobs that the minions are working on.
///
/// CLI Example:
///
/// ```text
/// salt-run jobs.active
/// ```
#[function]
fn active(cx: &Context<'_>, #[default(false)] display_progress: bool) -> Result<Map> {
    let master = MasterServices::of(cx)?;
    let job = Publish::new("*", "glob", "saltutil.running", Vec::new());
    let (returns, _) = master.run_job(&job, None)?;
    let mut found: Map = Map::new();
    for (id, data) in returns {
        if display_progress {
            master.progress(map! {"message" => format!("Received reply from minion {id}")});
        }
        for job in data.get("return").and_then(Value::as_list).unwrap_or_default() {
            let Some(jid) = job.get("jid").and_then(Value::as_str) else { continue };
            let running =
                Value::from(map! {id.as_str() => job.get("pid").cloned().unwrap_or_default()});
            let entry = found.entry(jid.into()).or_insert_with(|| {
                let load = job.as_map().cloned().unwrap_or_default();
                let job = Job { jid: jid.into(), at: 0, ended: None, load, minions: Vec::new() };
                let mut shown = shown(jid, Some(&job), false);
                shown.insert("Running".into(), Value::list([]));
                shown.insert("Returned".into(), Value::list([]));
                shown.into()
            });
            let list = entry.as_map_mut().and_then(|entry| entry.get_mut("Running"));
            if let Some(list) = list.and_then(Value::as_list_mut) {
                list.push(running);
            }
        }
    }
    let store = master.store()?;
    for (jid, entry) in &mut found {
        let returned = store.returned(jid.as_str().unwrap_or_default())?;
        if let Some(entry) = entry.as_map_mut() {
            entry.insert("Returned".into(), returned.into());
        }
    }
    Ok(found)
}

/// Shows the runner and wheel functions that run now, of the master and of `salt-run`.
///
/// CLI Example:
///
/// ```text
/// salt-run jobs.master
/// ```
#[function]
fn master(cx: &Context<'_>) -> Vec<Map> {
    crate::runner::proc::running(cx.opts)
}
