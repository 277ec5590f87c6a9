//! `publish`: commands to other minions, where the master's `peer` allows it.
//! Salt: `salt/modules/publish.py` behaviour.

use std::time::Duration;

use halite_core::{Apply, Error, ExecModule, Map, Result, Value, function, map};

/// The module.
pub static MODULE: ExecModule = ExecModule::new("publish", &[&PUBLISH, &FULL_DATA, &RUNNER]);

/// How long to wait between two questions for returns.
const PAUSE: Duration = Duration::from_millis(300);
/// Longest time-out that a caller may ask for, in seconds.
const TIMEOUT_MAX: i64 = 24 * 3600;

/// What is to be published.
struct Order {
    tgt: Value,
    fun: String,
    arg: Vec<Value>,
    tgt_type: String,
    returner: String,
    timeout: i64,
    form: &'static str,
}

/// A list of arguments, or one of them.
fn words(arg: Value) -> Vec<Value> {
    match arg {
        Value::Null => Vec::new(),
        Value::List(items) => items.to_vec(),
        one => vec![one],
    }
}

fn send(apply: &Apply<'_>, order: Order) -> Result<Value> {
    if order.fun.starts_with("publish.") {
        tracing::info!("Cannot publish publish calls. Returning {{}}");
        return Ok(Map::new().into());
    }
    if apply.opts.bool("local") {
        tracing::error!(
            "Cannot run publish commands without a connection to a salt master. No command sent."
        );
        return Ok(Map::new().into());
    }
    let id = apply.opts.str("id");
    let load = map! {
        "fun" => order.fun.as_str(), "arg" => order.arg, "tgt" => order.tgt,
        "tgt_type" => order.tgt_type, "ret" => order.returner, "tmo" => order.timeout,
        "form" => order.form, "id" => id,
    };
    let sent = apply.services.ask_master("minion_pub", load)?;
    let Some(jid) = sent.get("jid").cloned() else { return Ok(Map::new().into()) };
    let expected = sent.get("minions").and_then(Value::as_list).map_or(0, <[Value]>::len);
    let end = apply.host.now_micros() + order.timeout.clamp(0, TIMEOUT_MAX) * 1_000_000;
    loop {
        let asked = map! { "id" => id, "jid" => jid.clone() };
        let returns = apply.services.ask_master("pub_ret", asked)?;
        let got = returns.as_map().map_or(0, Map::len);
        if got >= expected || apply.host.now_micros() >= end {
            return Ok(shaped(&returns, order.form));
        }
        if apply.job.cancelled() {
            return Err(Error::Cancelled);
        }
        std::thread::sleep(PAUSE);
    }
}

/// The returns alone, or with all that came beside them.
fn shaped(returns: &Value, form: &str) -> Value {
    let Some(map) = returns.as_map() else { return Map::new().into() };
    if form == "full" {
        return returns.clone();
    }
    let alone = |value: &Value| value.get("ret").cloned().unwrap_or_else(|| value.clone());
    Value::map(map.iter().map(|(id, value)| (id.clone(), alone(value))))
}

/// Has other minions run a function and gives their returns by minion.
///
/// CLI Example:
///
/// ```text
/// salt system.example.com publish.publish '*' cmd.run 'ls -la /tmp'
/// ```
#[function]
fn publish(
    apply: &Apply<'_>,
    tgt: Value,
    fun: String,
    /// One argument, or a list.
    #[default(Value::Null)]
    arg: Value,
    #[default("glob".into())] tgt_type: String,
    #[default(String::new())] returner: String,
    /// Seconds to wait for returns.
    #[default(5)]
    timeout: i64,
    #[default(None)] _via_master: Option<String>,
) -> Result<Value> {
    let arg = words(arg);
    send(apply, Order { tgt, fun, arg, tgt_type, returner, timeout, form: "clean" })
}

/// Has other minions run a function and gives their returns with all that came beside them.
///
/// CLI Example:
///
/// ```text
/// salt system.example.com publish.full_data '*' cmd.run 'ls -la /tmp'
/// ```
#[function]
fn full_data(
    apply: &Apply<'_>,
    tgt: Value,
    fun: String,
    #[default(Value::Null)] arg: Value,
    #[default("glob".into())] tgt_type: String,
    #[default(String::new())] returner: String,
    #[default(5)] timeout: i64,
) -> Result<Value> {
    let arg = words(arg);
    send(apply, Order { tgt, fun, arg, tgt_type, returner, timeout, form: "full" })
}

/// Has the master run a runner, where its `peer_run` allows it.
///
/// CLI Example:
///
/// ```text
/// salt '*' publish.runner manage.down
/// ```
#[function]
fn runner(
    apply: &Apply<'_>,
    fun: String,
    #[default(Value::Null)] arg: Value,
    #[default(5)] timeout: i64,
) -> Result<Value> {
    if apply.opts.bool("local") {
        let what = "No access to master. If using salt-call with --local, please remove.";
        return Ok(what.into());
    }
    let load = map! {
        "fun" => fun, "arg" => words(arg), "tmo" => timeout, "id" => apply.opts.str("id"),
    };
    apply.services.ask_master("minion_runner", load)
}
