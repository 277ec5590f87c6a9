//! `salt.wait_for_event`, `salt.wait_for_approval`: going on when something happened, or when somebody said so.
//! Salt: `salt.states.saltmod.wait_for_event` behaviour; approval is our own.

use std::time::{Duration, Instant};

use halite_core::{
    Apply, Context, Error, Map, Outcome, Result, StateModule, Value, Verdict, map, state,
};

use crate::events::Event;
use crate::orchestrate::approval::{self, Said};
use crate::services::MasterServices;

/// The module.
pub static MODULE: StateModule = StateModule::new("salt", &[&WAIT_FOR_EVENT, &WAIT_FOR_APPROVAL]);

/// How often a state that waits looks around.
const LOOK_AGAIN: Duration = Duration::from_millis(250);
/// Longest wait, seconds.
const WAIT_SECONDS_MAX: f64 = 366.0 * 86_400.0;

fn end_of(seconds: f64) -> Instant {
    Instant::now() + Duration::from_secs_f64(seconds.clamp(0.0, WAIT_SECONDS_MAX))
}

/// Waits until events of each of some ids were seen.
///
/// ```yaml
/// wait_for_reboots:
///   salt.wait_for_event:
///     - name: salt/minion/*/start
///     - id_list:
///       - jerry
///       - stuart
///     - timeout: 600
/// ```
#[state]
fn wait_for_event<'a>(
    _cx: &Context<'a>,
    /// The tag; a glob.
    name: String,
    /// What is to be seen, each once.
    id_list: Vec<Value>,
    /// Where it stands in the event's data.
    #[default("id".into())]
    event_id: String,
    /// Seconds.
    #[default(300.0)]
    timeout: f64,
    #[default("master".into())] node: String,
) -> Result<Verdict<'a>> {
    let would = format!("Orchestration would wait for event '{name}'");
    Ok(Verdict::change(Outcome::would(would, Map::new()), move |apply| {
        if node != "master" {
            return Err(Error::execution(
                "an orchestration can watch the master's bus only (node: master)",
            ));
        }
        watch(apply, &name, id_list, &event_id, timeout)
    }))
}

fn watch(
    apply: &Apply<'_>,
    name: &str,
    mut left: Vec<Value>,
    event_id: &str,
    timeout: f64,
) -> Result<Outcome> {
    let (start, end) = (Instant::now(), end_of(timeout));
    let mut seen: Vec<Value> = Vec::new();
    let client = MasterServices::of(apply.cx)?.client()?;
    let one = |tag: &str, data: &Map| {
        if halite_core::glob::fnmatch(tag, name) {
            let inner = || data.get("data")?.get(event_id);
            let value = data.get(event_id).filter(|value| !value.is_null()).or_else(inner);
            let found: Vec<Value> = match value {
                Some(Value::List(items)) => {
                    left.iter().filter(|id| items.contains(id)).cloned().collect()
                }
                Some(value) => left.iter().find(|id| *id == value).cloned().into_iter().collect(),
                None => Vec::new(),
            };
            left.retain(|id| !found.contains(id));
            seen.extend(found);
        }
        !left.is_empty()
    };
    client.watch_until(end, || !apply.job.cancelled(), one)?;
    let done = left.is_empty();
    let comment = match done {
        true => format!("All events seen in {} seconds.", start.elapsed().as_secs_f64()),
        false => "Timeout value reached.".to_owned(),
    };
    let changes = if seen.is_empty() {
        Map::new()
    } else {
        map! {"minions_seen" => seen}
    };
    Ok(Outcome { result: Some(done), comment, changes, extra: Map::new() })
}

/// Waits until somebody approves or rejects: `salt-run state.approve JID NAME`, `state.reject JID NAME`.
///
/// ```yaml
/// go_live:
///   salt.wait_for_approval:
///     - message: 'Staging is done; switch production?'
///     - timeout: 3600
/// ```
#[state]
fn wait_for_approval<'a>(
    _cx: &Context<'a>,
    /// What is to be approved.
    name: String,
    /// What those who decide are told.
    #[default(String::new())]
    message: String,
    /// Seconds; a day if not given.
    #[default(86_400.0)]
    timeout: f64,
) -> Result<Verdict<'a>> {
    let would = format!("Orchestration would wait for the approval of '{name}'");
    Ok(Verdict::change(Outcome::would(would, Map::new()), move |apply| {
        let (opts, jid) = (apply.opts, apply.job.jid.as_str());
        approval::ask(opts, jid, &name, &message)?;
        let master = MasterServices::of(apply.cx)?;
        let data = map! {"jid" => jid, "name" => name.as_str(), "message" => message.as_str()};
        master.tell(&Event::new(format!("salt/run/{jid}/approval"), data));
        if let Some(progress) = master.progress_lines() {
            progress(&format!(
                "waiting for approval: salt-run state.approve {jid} '{name}' {message}"
            ));
        }
        let end = end_of(timeout);
        loop {
            if let Some(Said { approved, user, reason }) = approval::said(opts, jid, &name)? {
                approval::forget(opts, jid, &name)?;
                let word = if approved { "Approved" } else { "Rejected" };
                let why = if reason.is_empty() { String::new() } else { format!(": {reason}") };
                let changes = map! {word.to_lowercase() => user.as_str()};
                let comment = format!("{word} by {user}{why}");
                return Ok(Outcome { result: Some(approved), comment, changes, extra: Map::new() });
            }
            if Instant::now() >= end || apply.job.cancelled() {
                approval::forget(opts, jid, &name)?;
                let what = format!("Nobody approved '{name}' within {timeout} seconds");
                return Ok(Outcome::new(Some(false), what));
            }
            std::thread::sleep(LOOK_AGAIN);
        }
    }))
}
