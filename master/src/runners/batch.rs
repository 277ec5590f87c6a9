//! `batch`: what the batches that run now are at. Salt: `salt/runners/batch.py` behaviour.

use halite_core::{Context, ExecModule, Map, Result, Value, function, map};

use crate::client::Job;
use crate::events::Event;
use crate::services::MasterServices;
use crate::store::BATCHES;

/// The module.
pub static MODULE: ExecModule = ExecModule::new("batch", &[&STATUS, &LIST_ACTIVE, &STOP]);

/// What is known of a batch, with its age.
fn summary(cx: &Context<'_>, jid: &str) -> Result<Option<Map>> {
    let found = MasterServices::of(cx)?.store()?.fetch(BATCHES, jid)?;
    Ok(found.map(|(_, mut state)| {
        let last = state.get("last_progress").and_then(Value::as_f64);
        let now = jiff::Timestamp::now().as_microsecond() as f64 / 1e6;
        let age = last.map_or(Value::Null, |last| Value::Float((now - last).max(0.0)));
        state.insert("age_seconds".into(), age);
        state
    }))
}

/// Whether somebody of it runs or waits.
fn is_active(state: &Map) -> bool {
    let some = |name: &str| state.get(name).is_some_and(Value::truthy);
    !some("halted") && (some("active") || some("pending"))
}

/// How far a batch is; nothing if there is none with this jid.
///
/// CLI Example:
///
/// ```text
/// salt-run batch.status 20240610120000000000
/// ```
#[function]
fn status(cx: &Context<'_>, jid: Value) -> Result<Option<Map>> {
    summary(cx, &jid.to_string())
}

/// The batches that run.
///
/// CLI Example:
///
/// ```text
/// salt-run batch.list_active
/// ```
#[function]
fn list_active(cx: &Context<'_>) -> Result<Vec<Map>> {
    let mut active = Vec::new();
    for jid in MasterServices::of(cx)?.store()?.keys(BATCHES)? {
        active.extend(summary(cx, &jid)?.filter(is_active));
    }
    Ok(active)
}

/// Stops a batch: who runs goes on, nobody else begins. False if none with this jid runs.
///
/// CLI Example:
///
/// ```text
/// salt-run batch.stop 20240610120000000000
/// salt-run batch.stop 20240610120000000000 kill=True
/// ```
#[function]
fn stop(
    cx: &Context<'_>,
    jid: Value,
    /// Also end the job where it runs.
    #[default(false)]
    kill: bool,
) -> Result<bool> {
    let jid = jid.to_string();
    let Some(state) = summary(cx, &jid)?.filter(is_active) else { return Ok(false) };
    let master = MasterServices::of(cx)?;
    if kill {
        // Where it does not run, nothing happens.
        let text = |name: &str| state.get(name).cloned().unwrap_or_default();
        let kind = text("tgt_type").to_string();
        let job = Job::new(text("tgt"), &kind, "saltutil.kill_job", vec![jid.as_str().into()]);
        master.client()?.publish(&job)?;
    }
    let data = map! {"jid" => jid.as_str(), "reason" => "stop"};
    master.client()?.fire(&Event::new(format!("salt/batch/{jid}/stop"), data))?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_active_while_somebody_runs_or_waits() {
        let active = |active: i64, pending: i64, halted: bool| {
            is_active(&map! {"active" => active, "pending" => pending, "halted" => halted})
        };
        assert!(active(1, 0, false) && active(0, 1, false));
        assert!(!active(0, 0, false) && !active(1, 1, true) && !is_active(&Map::new()));
    }
}
