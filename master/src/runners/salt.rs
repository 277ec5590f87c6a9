//! `salt`: execution functions from the master: on the master itself, or on minions. Salt: `salt/runners/salt.py`.

use halite_core::{Apply, Args, Context, ExecModule, Map, Result, Value, function};

use crate::client::{Job, Patience};
use crate::services::MasterServices;

/// The module.
pub static MODULE: ExecModule = ExecModule::new("salt", &[&CMD, &EXECUTE]);

/// Calls an execution function on the master's own machine.
///
/// CLI Example:
///
/// ```text
/// salt-run salt.cmd test.ping
/// salt-run salt.cmd cmd.run 'ls /tmp'
/// ```
#[function]
fn cmd(
    apply: &Apply<'_>,
    fun: String,
    #[args] args: Vec<Value>,
    #[kwargs] kwargs: Map,
) -> Result<Value> {
    // `with_pillar` and the like are about the Python loader.
    let named =
        kwargs.into_iter().filter(|(name, _)| name.as_str() != Some("with_pillar")).collect();
    MasterServices::of(apply.cx)?.call_here(apply.cx, &fun, Args { positional: args, named })
}

/// Runs a function on minions and returns what they return.
///
/// CLI Example:
///
/// ```text
/// salt-run salt.execute '*' test.ping
/// salt-run salt.execute '*' cmd.run arg='["echo hi"]'
/// ```
#[function]
fn execute(
    cx: &Context<'_>,
    tgt: Value,
    fun: String,
    #[default(Vec::new())] arg: Vec<Value>,
    #[default(None)] timeout: Option<f64>,
    #[default("glob".into())] tgt_type: String,
    #[default(String::new())] ret: String,
    #[default(None)] jid: Option<String>,
    #[default(Map::new())] kwarg: Map,
    #[kwargs] kwargs: Map,
) -> Result<Map> {
    let _ = (jid, kwargs);
    let arg = Args { positional: arg, named: kwarg }.to_wire();
    let job = Job { tgt, ret, ..Job::new("", &tgt_type, &fun, arg) };
    let mut patience = Patience::of(cx.opts);
    if let Some(seconds) = timeout {
        patience.timeout = std::time::Duration::from_secs_f64(seconds.clamp(0.0, 1e6));
    }
    let (returns, _) = MasterServices::of(cx)?.run_job(&job, Some(patience))?;
    let value = |data: Map| data.get("return").cloned().unwrap_or_default();
    Ok(returns.into_iter().map(|(id, data)| (id.into(), value(data))).collect())
}
