//! `saltutil.running`, `saltutil.kill_job`: the jobs of this minion. Salt: `salt/modules/saltutil.py`.

use std::path::Path;

use halite_core::services::Signal;
use halite_core::{Apply, Context, ExecModule, Map, Result, Value, function};

/// The module.
pub static MODULE: ExecModule = ExecModule::new(
    "saltutil",
    &[
        &RUNNING,
        &IS_RUNNING,
        &FIND_JOB,
        &FIND_CACHED_JOB,
        &SIGNAL_JOB,
        &TERM_JOB,
        &KILL_JOB,
        &TERM_ALL_JOBS,
        &KILL_ALL_JOBS,
        &CLEAR_CACHE,
        &CLEAR_JOB_CACHE,
    ],
);

/// Lists the jobs that run now.
///
/// CLI Example:
///
/// ```text
/// salt '*' saltutil.running
/// ```
#[function]
fn running(cx: &Context<'_>) -> Result<Vec<Map>> {
    cx.services.running_jobs()
}

/// Lists the jobs that run now and whose function matches a glob.
///
/// CLI Example:
///
/// ```text
/// salt '*' saltutil.is_running state.highstate
/// ```
#[function]
fn is_running(cx: &Context<'_>, fun: String) -> Result<Vec<Map>> {
    let mut jobs = cx.services.running_jobs()?;
    jobs.retain(|job| {
        let held = job.get("fun").map(Value::to_string).unwrap_or_default();
        halite_core::glob::fnmatch(&held, &fun)
    });
    Ok(jobs)
}

/// Gives a job that runs now; empty if it does not.
///
/// CLI Example:
///
/// ```text
/// salt '*' saltutil.find_job 20261122101503123456
/// ```
#[function]
fn find_job(cx: &Context<'_>, jid: Value) -> Result<Map> {
    let jid = jid.to_string();
    let is = |job: &Map| job.get("jid").is_some_and(|held| held.to_string() == jid);
    Ok(cx.services.running_jobs()?.into_iter().find(is).unwrap_or_default())
}

/// Gives the return of a job that this minion has kept (`cache_jobs`).
///
/// CLI Example:
///
/// ```text
/// salt '*' saltutil.find_cached_job 20261122101503123456
/// ```
#[function]
fn find_cached_job(cx: &Context<'_>, jid: Value) -> Result<Value> {
    let folder = cx.opts.path("cachedir").join("minion_jobs");
    let place = folder.join(halite_core::Jid::parse(&jid.to_string())?.as_str());
    if !cx.host.exists(&place) {
        return Ok(if cx.opts.bool("cache_jobs") {
            format!("Local jobs cache directory {} not found", place.display()).into()
        } else {
            "Local jobs cache directory not found; you may need to enable cache_jobs on this minion"
                .into()
        });
    }
    let text = cx.host.read(&place.join("return.json"))?;
    let text = String::from_utf8_lossy(&text).into_owned();
    halite_core::value::parse_json(&text)
        .map_err(|error| halite_core::Error::execution(error.to_string()))
}

/// Sends a signal to a running job: 15 asks it to end, 9 ends it.
///
/// CLI Example:
///
/// ```text
/// salt '*' saltutil.signal_job 20261122101503123456 15
/// ```
#[function]
fn signal_job(apply: &Apply<'_>, jid: Value, sig: i64) -> Result<Value> {
    let signal = if sig == 9 { Signal::Kill } else { Signal::Term };
    apply.services.signal_job(&jid.to_string(), signal)
}

/// Asks a running job to end.
///
/// CLI Example:
///
/// ```text
/// salt '*' saltutil.term_job 20261122101503123456
/// ```
#[function]
fn term_job(apply: &Apply<'_>, jid: Value) -> Result<Value> {
    apply.services.signal_job(&jid.to_string(), Signal::Term)
}

/// Ends a running job.
///
/// CLI Example:
///
/// ```text
/// salt '*' saltutil.kill_job 20261122101503123456
/// ```
#[function]
fn kill_job(apply: &Apply<'_>, jid: Value) -> Result<Value> {
    apply.services.signal_job(&jid.to_string(), Signal::Kill)
}

/// Signals every job but the one that asks.
fn all(apply: &Apply<'_>, signal: Signal) -> Result<Vec<Value>> {
    let jobs = apply.services.running_jobs()?;
    let jids = jobs.iter().filter_map(|job| job.get("jid")).map(Value::to_string);
    jids.filter(|jid| *jid != apply.job.jid)
        .map(|jid| apply.services.signal_job(&jid, signal))
        .collect()
}

/// Asks all running jobs to end.
///
/// CLI Example:
///
/// ```text
/// salt '*' saltutil.term_all_jobs
/// ```
#[function]
fn term_all_jobs(apply: &Apply<'_>) -> Result<Vec<Value>> {
    all(apply, Signal::Term)
}

/// Ends all running jobs.
///
/// CLI Example:
///
/// ```text
/// salt '*' saltutil.kill_all_jobs
/// ```
#[function]
fn kill_all_jobs(apply: &Apply<'_>) -> Result<Vec<Value>> {
    all(apply, Signal::Kill)
}

/// Removes all files from the minion's cache.
///
/// CLI Example:
///
/// ```text
/// salt '*' saltutil.clear_cache
/// ```
#[function]
fn clear_cache(apply: &Apply<'_>) -> Result<bool> {
    let root = apply.opts.path("cachedir");
    if !root.is_absolute() {
        return Ok(false);
    }
    let mut todo = vec![root];
    while let Some(folder) = todo.pop() {
        for name in apply.host.read_dir(&folder).unwrap_or_default() {
            let place = folder.join(name);
            match apply.host.symlink_metadata(&place)? {
                Some(stat) if stat.is_dir() => todo.push(place),
                Some(_) if apply.host.remove_file(&place).is_err() => {
                    let shown = place.display();
                    tracing::error!(
                        "Attempt to clear cache with saltutil.clear_cache FAILED: {shown}"
                    );
                    return Ok(false);
                }
                _ => {}
            }
        }
    }
    Ok(true)
}

/// Removes kept returns of jobs that are older than some hours.
///
/// CLI Example:
///
/// ```text
/// salt '*' saltutil.clear_job_cache hours=12
/// ```
#[function]
fn clear_job_cache(apply: &Apply<'_>, #[default(24)] hours: i64) -> Result<bool> {
    let root = apply.opts.path("cachedir").join("minion_jobs");
    let oldest = apply.host.now_micros() as f64 / 1e6 - hours as f64 * 3600.0;
    for name in apply.host.read_dir(&root).unwrap_or_default() {
        let place = root.join(name);
        let old = apply.host.symlink_metadata(&place)?.is_some_and(|stat| stat.mtime < oldest);
        if old && is_dir(apply, &place) {
            apply.host.remove_dir_all(&place)?;
        }
    }
    Ok(true)
}

fn is_dir(cx: &Context<'_>, path: &Path) -> bool {
    matches!(cx.host.symlink_metadata(path), Ok(Some(stat)) if stat.is_dir())
}
