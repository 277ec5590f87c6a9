//! What the files of `state` share: conflicts with other runs, return codes, arguments.

use halite_core::{Apply, Args, Error, Map, Result, Value};

use crate::engine::check_result;
use crate::engine::session::{Session, Wish};

/// Errors of compiling, disabled states, conflicts.
pub(crate) const COMPILE: i64 = 1;
/// A state failed.
pub(crate) const FAILED: i64 = 2;
/// The pillar has errors.
pub(crate) const PILLAR: i64 = 5;
/// How long to wait between two looks for other runs.
const LOOK_AGAIN: std::time::Duration = std::time::Duration::from_millis(200);

/// A comma separated text or a list as list of texts. Salt: `split_input`.
pub(crate) fn split(value: &Value) -> Vec<String> {
    match value {
        Value::List(items) => items.iter().map(Value::to_string).collect(),
        other => other.to_string().split(',').map(|part| part.trim().to_owned()).collect(),
    }
}

/// Entries of `exclude=`.
pub(crate) fn excluded(value: &Value) -> Vec<Value> {
    match value {
        Value::List(items) => items.to_vec(),
        other if other.truthy() => split(other).into_iter().map(Value::from).collect(),
        _ => Vec::new(),
    }
}

/// What `test=` says: nothing for null, false only for `False`.
pub(crate) fn test_of(value: &Value) -> Option<bool> {
    match value {
        Value::Null => None,
        other => Some(other.as_bool() != Some(false)),
    }
}

/// A wish from the arguments that most functions share.
pub(crate) fn wish(test: &Value, kwargs: &Map, default_env: Option<&'static str>) -> Wish {
    Wish { test: test_of(test), kwargs: kwargs.clone(), default_env, state_events: None }
}

/// State jobs that run now, other than this one.
fn other_runs(apply: &Apply<'_>) -> Result<Vec<Map>> {
    let jobs = apply.services.running_jobs()?.into_iter();
    let other = |job: &Map| {
        text_of(job, "fun").starts_with("state.") && text_of(job, "jid") != apply.job.jid
    };
    Ok(jobs.filter(other).collect())
}

fn text_of(job: &Map, key: &str) -> String {
    job.get(key).map(Value::to_string).unwrap_or_default()
}

/// How many of them were asked for before this one. Those asked for later wait for it, so waiting
/// for them as well would never end.
fn earlier_runs(apply: &Apply<'_>) -> Result<usize> {
    let others = other_runs(apply)?;
    Ok(others.iter().filter(|job| text_of(job, "jid") < apply.job.jid).count())
}

/// State functions that run now, as the sentences that refuse another run.
pub(crate) fn running_sentences(apply: &Apply<'_>) -> Result<Vec<String>> {
    let sentence = |job: &Map| {
        let jid = text_of(job, "jid");
        format!(
            "The function \"{}\" is running as PID {} and was started at {} with jid {jid}",
            text_of(job, "fun"),
            text_of(job, "pid"),
            jid_to_time(&jid)
        )
    };
    Ok(other_runs(apply)?.iter().map(sentence).collect())
}

/// `2026, Nov 22 11:26:57.123456` of a jid; empty if it is none. Salt: `jid_to_time`.
fn jid_to_time(jid: &str) -> String {
    let micros = halite_core::Jid::parse(jid).ok().and_then(|jid| jid.unix_micros());
    let at = micros.and_then(|micros| jiff::Timestamp::from_microsecond(micros).ok());
    at.map(|at| at.strftime("%Y, %b %d %H:%M:%S.%6f").to_string()).unwrap_or_default()
}

/// Refuses a run while others go on, or waits for them with `queue`. The refusal, if there is one.
pub(crate) fn conflict(apply: &Apply<'_>, queue: &Value, kwargs: &Map) -> Result<Option<Value>> {
    if kwargs.get("concurrent").is_some_and(Value::truthy) {
        return Ok(None);
    }
    let queue = match queue {
        Value::Null => apply.opts.get("state_queue").cloned().unwrap_or_default(),
        given => given.clone(),
    };
    let most = match queue {
        Value::Bool(true) => usize::MAX,
        other => other.as_i64().and_then(|n| usize::try_from(n).ok()).unwrap_or(0),
    };
    if most > 0 {
        let mut earlier = earlier_runs(apply)?;
        if earlier < most {
            while earlier > 0 {
                if apply.job.cancelled() {
                    return Err(Error::Cancelled);
                }
                std::thread::sleep(LOOK_AGAIN);
                earlier = earlier_runs(apply)?;
            }
            return Ok(None);
        }
    }
    let others = running_sentences(apply)?;
    if others.is_empty() {
        return Ok(None);
    }
    apply.job.set_retcode(COMPILE);
    Ok(Some(others.into()))
}

/// Sets the return code that a run's result stands for. Salt: `_set_retcode`.
pub(crate) fn set_retcode(apply: &Apply<'_>, ret: &Value, high: Option<&Map>) {
    let code = match ret {
        Value::List(_) => COMPILE,
        Value::Map(returns) if check_result(returns, high) => 0,
        _ => FAILED,
    };
    apply.job.set_retcode(code);
}

/// The errors of the pillar as a run returns them.
pub(crate) fn pillar_refusal(session: &Session<'_>, kwargs: &Map) -> Option<Value> {
    let errors = session.pillar_errors(kwargs.get("force").is_some_and(Value::truthy))?;
    session.apply.job.set_retcode(PILLAR);
    let mut list = vec![Value::from("Pillar failed to render with the following messages:")];
    list.extend(errors);
    Some(list.into())
}

/// The errors of the pillar as the `show` functions raise them.
///
/// # Errors
/// If there are any.
pub(crate) fn pillar_must_be_fine(session: &Session<'_>, kwargs: &Map) -> Result<()> {
    match session.pillar_errors(kwargs.get("force").is_some_and(Value::truthy)) {
        None => Ok(()),
        Some(errors) => {
            session.apply.job.set_retcode(PILLAR);
            let errors: Vec<String> = errors.iter().map(|error| format!("- {error}")).collect();
            let list = errors.join("\n");
            Err(Error::execution(format!(
                "Pillar failed to render. Additional info follows:\n\n{list}"
            )))
        }
    }
}

/// Only what failed or changed: `terse`.
pub(crate) fn terse(ret: Value, apply: &Apply<'_>, kwargs: &Map) -> Value {
    let wanted =
        apply.opts.str("state_data") == "terse" || kwargs.get("terse").is_some_and(Value::truthy);
    match ret {
        Value::Map(map) if wanted => {
            let shown = |ret: &Value| {
                !ret.get("result").is_some_and(Value::truthy)
                    || ret.get("changes").is_some_and(Value::truthy)
            };
            let kept = map.iter().filter(|(_, ret)| shown(ret));
            kept.map(|(tag, ret)| (tag.clone(), ret.clone())).collect::<Map>().into()
        }
        other => other,
    }
}

/// Sentences about which of these are disabled. Salt: `_disabled`.
pub(crate) fn disabled(apply: &Apply<'_>, names: &[String]) -> Vec<String> {
    let patterns = apply.grains.get("state_runs_disabled");
    let patterns = patterns.and_then(Value::as_list).unwrap_or_default();
    let mut found = Vec::new();
    for name in names {
        for pattern in patterns.iter().map(Value::to_string) {
            if pattern.contains(".*") {
                let module = format!("{}.", pattern.split('.').next().unwrap_or_default());
                if name.starts_with(&module) {
                    found.push(format!(
                        "The state file \"{name}\" is currently disabled by \"{pattern}\", to \
                         re-enable, run state.enable {pattern}."
                    ));
                }
            } else if pattern == *name {
                found.push(format!(
                    "The state file \"{pattern}\" is currently disabled, to re-enable, run \
                     state.enable {pattern}."
                ));
            }
        }
    }
    found
}

/// Calls another function of this module by name with these keyword arguments.
pub(crate) fn call(
    apply: &Apply<'_>,
    fun: &str,
    positional: Vec<Value>,
    named: Map,
) -> Result<Value> {
    apply.call_value(fun, Args { positional, named })
}
