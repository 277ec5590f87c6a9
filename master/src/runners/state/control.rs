//! `state`: pausing, ending and approving orchestrations. Salt: `salt/runners/state.py` behaviour; approval is ours.

use halite_core::{Args, Context, Error, ExecModule, Map, Result, Value, function, map};

use crate::events::Event;
use crate::orchestrate::approval::{self, Said};
use crate::orchestrate::run::{self, Asked};
use crate::services::MasterServices;

/// The module.
pub static MODULE: ExecModule = ExecModule::new(
    "state",
    &[&PAUSE, &SET_PAUSE, &RESUME, &RM_PAUSE, &SOFT_KILL, &APPROVE, &REJECT, &APPROVALS],
);

/// Calls the function of the same name on the master's own machine.
fn on_master(cx: &Context<'_>, fun: &str, positional: Vec<Value>) -> Result<Value> {
    halite_core::Jid::parse(&positional[0].to_string())?;
    let asked = Asked { saltenv: "base".into(), ..Asked::default() };
    let positional = positional.into_iter().filter(|value| !value.is_null()).collect();
    run::on_master(cx, &asked, cx.job, |session| {
        session.apply.call_value(fun, Args { positional, named: Map::new() })
    })?;
    Ok(Value::Null)
}

fn pause_for(
    cx: &Context<'_>,
    jid: Value,
    state_id: Option<String>,
    duration: Option<i64>,
) -> Result<Value> {
    let id = state_id.or(duration.map(|_| "__all__".to_owned()));
    on_master(cx, "state.pause", vec![jid.to_string().into(), id.into(), duration.into()])
}

/// Pauses an orchestration before a state, or before the next one.
///
/// CLI Example:
///
/// ```text
/// salt-run state.pause 20171130110407769519 vim 20
/// ```
#[function]
fn pause(
    cx: &Context<'_>,
    jid: Value,
    #[default(None)] state_id: Option<String>,
    #[default(None)] duration: Option<i64>,
) -> Result<Value> {
    pause_for(cx, jid, state_id, duration)
}

/// Pauses an orchestration, as `state.pause`.
///
/// CLI Example:
///
/// ```text
/// salt-run state.set_pause 20171130110407769519 vim 20
/// ```
#[function]
fn set_pause(
    cx: &Context<'_>,
    jid: Value,
    #[default(None)] state_id: Option<String>,
    #[default(None)] duration: Option<i64>,
) -> Result<Value> {
    pause_for(cx, jid, state_id, duration)
}

/// Lets a paused orchestration go on.
///
/// CLI Example:
///
/// ```text
/// salt-run state.resume 20171130110407769519 vim
/// ```
#[function]
fn resume(
    cx: &Context<'_>,
    jid: Value,
    #[default(None)] state_id: Option<String>,
) -> Result<Value> {
    on_master(cx, "state.resume", vec![jid.to_string().into(), state_id.into()])
}

/// Lets a paused orchestration go on, as `state.resume`.
///
/// CLI Example:
///
/// ```text
/// salt-run state.rm_pause 20171130110407769519 vim
/// ```
#[function]
fn rm_pause(
    cx: &Context<'_>,
    jid: Value,
    #[default(None)] state_id: Option<String>,
) -> Result<Value> {
    on_master(cx, "state.resume", vec![jid.to_string().into(), state_id.into()])
}

/// Ends an orchestration before a state, or before the next one.
///
/// CLI Example:
///
/// ```text
/// salt-run state.soft_kill 20171130110407769519 vim
/// ```
#[function]
fn soft_kill(
    cx: &Context<'_>,
    jid: Value,
    #[default(None)] state_id: Option<String>,
) -> Result<Value> {
    on_master(cx, "state.soft_kill", vec![jid.to_string().into(), state_id.into()])
}

fn decide(
    cx: &Context<'_>,
    jid: &Value,
    name: &str,
    approved: bool,
    reason: String,
) -> Result<bool> {
    let jid = jid.to_string();
    if !cx.opts.path("cachedir").is_dir() {
        return Err(Error::execution("there is no master here"));
    }
    let user = cx.job.user.clone();
    approval::decide(cx.opts, &jid, name, Said { approved, user: user.clone(), reason })?;
    let data = map! {"jid" => jid.as_str(), "name" => name, "approved" => approved, "user" => user};
    MasterServices::of(cx)?.tell(&Event::new(format!("salt/run/{jid}/approval/decided"), data));
    Ok(true)
}

/// Approves a step of an orchestration that waits for it (`salt.wait_for_approval`).
///
/// CLI Example:
///
/// ```text
/// salt-run state.approve 20261127101503123456 go_live
/// ```
#[function]
fn approve(
    cx: &Context<'_>,
    jid: Value,
    name: String,
    #[default(String::new())] reason: String,
) -> Result<bool> {
    decide(cx, &jid, &name, true, reason)
}

/// Rejects a step of an orchestration that waits for approval: it fails.
///
/// CLI Example:
///
/// ```text
/// salt-run state.reject 20261127101503123456 go_live reason='not today'
/// ```
#[function]
fn reject(
    cx: &Context<'_>,
    jid: Value,
    name: String,
    #[default(String::new())] reason: String,
) -> Result<bool> {
    decide(cx, &jid, &name, false, reason)
}

/// Lists the steps that wait for approval.
///
/// CLI Example:
///
/// ```text
/// salt-run state.approvals
/// ```
#[function]
fn approvals(cx: &Context<'_>) -> Result<Vec<Map>> {
    approval::waiting(cx.opts)
}
