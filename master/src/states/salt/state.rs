//! `salt.state`: a state run on minions. Salt: `salt.states.saltmod.state` behaviour.

use halite_core::{Args, Context, Map, Outcome, Result, StateModule, Value, Verdict, map, state};
use halite_states::engine::check_result;

use super::shared::{fail_minions, jid_of, put};

/// The module.
pub static MODULE: StateModule = StateModule::new("salt", &[&STATE]);

/// What was asked for, ready to be sent.
struct Order {
    fun: &'static str,
    named: Map,
    test: bool,
    expect_minions: bool,
    allow_fail: i64,
    fail_minions: Value,
}

/// Runs states on minions.
///
/// ```yaml
/// webservers:
///   salt.state:
///     - tgt: 'web*'
///     - sls:
///       - apache
///       - core
/// ```
#[state]
fn state<'a>(
    cx: &Context<'a>,
    /// A name to know the state by.
    _name: String,
    tgt: Value,
    #[default(Value::Null)] ssh: Value,
    #[default("glob".into())] tgt_type: String,
    #[default(Value::Null)] ret: Value,
    #[default(Value::Null)] ret_config: Value,
    #[default(Value::Null)] ret_kwargs: Value,
    /// Run the highstate.
    #[default(Value::Null)]
    highstate: Value,
    /// sls names, as a list or a comma separated text.
    #[default(Value::Null)]
    sls: Value,
    /// Run what this top file assigns.
    #[default(Value::Null)]
    top: Value,
    #[default(Value::Null)] saltenv: Value,
    #[default(Value::Null)] test: Value,
    #[default(Value::Null)] pillar: Value,
    #[default(Value::Null)] pillarenv: Value,
    /// Whether a minion that does not return is a failure.
    #[default(Value::Bool(true))]
    expect_minions: Value,
    #[default(Value::Null)] exclude: Value,
    /// Minions whose failure does not count.
    #[default(Value::Null)]
    fail_minions: Value,
    /// How many minions may fail.
    #[default(Value::from(0))]
    allow_fail: Value,
    #[default(Value::Bool(false))] concurrent: Value,
    #[default(Value::Null)] timeout: Value,
    /// So many minions at a time: a number or a percentage.
    #[default(Value::Null)]
    batch: Value,
    #[default(Value::Bool(false))] queue: Value,
    /// So many minions, chosen by chance.
    #[default(Value::Null)]
    subset: Value,
    #[default(Value::Null)] orchestration_jid: Value,
    #[default(Value::Null)] failhard: Value,
    #[kwargs] kwargs: Map,
) -> Result<Verdict<'a>> {
    let _ = (orchestration_jid, kwargs);
    let allowed = allow_fail.as_i64().or_else(|| allow_fail.as_str()?.trim().parse().ok());
    let Some(allow_fail) = allowed else {
        return Ok(Verdict::fail("Passed invalid value for 'allow_fail', must be an int"));
    };
    let mut arg = Vec::new();
    let fun = if highstate.truthy() {
        "state.highstate"
    } else if top.truthy() {
        arg.push(top);
        "state.top"
    } else if sls.truthy() {
        arg.push(match &sls {
            Value::List(names) => {
                names.iter().map(Value::to_string).collect::<Vec<_>>().join(",").into()
            }
            one => one.clone(),
        });
        "state.sls"
    } else {
        return Ok(Verdict::fail("No highstate or sls specified, no execution made"));
    };
    let mut kwarg = Map::new();
    let predicts = if test.is_null() { cx.test() } else { test.truthy() };
    if !test.is_null() || cx.test() {
        kwarg.insert("test".into(), if test.is_null() { true.into() } else { test });
    }
    put(&mut kwarg, "pillar", &pillar);
    for (name, value) in [("pillarenv", pillarenv), ("saltenv", saltenv), ("exclude", exclude)] {
        if !value.is_null() {
            kwarg.insert(name.into(), value);
        }
    }
    kwarg.insert("queue".into(), queue);
    if concurrent.as_bool().is_none() {
        return Ok(Verdict::fail("Must pass in boolean for value of 'concurrent'"));
    }
    kwarg.insert("concurrent".into(), concurrent);
    let expects = expect_minions.truthy();
    let mut named = map! {
        "tgt" => tgt, "fun" => fun, "arg" => arg, "kwarg" => kwarg, "tgt_type" => tgt_type,
        "expect_minions" => expects,
    };
    let hard = failhard.truthy() || cx.opts.bool("failhard");
    for (name, value) in [
        ("ret", ret),
        ("ret_config", ret_config),
        ("ret_kwargs", ret_kwargs),
        ("timeout", timeout),
        ("batch", batch),
        ("subset", subset),
        ("ssh", ssh),
        ("failhard", hard.into()),
    ] {
        put(&mut named, name, &value);
    }
    let order =
        Order { fun, named, test: predicts, expect_minions: expects, allow_fail, fail_minions };
    settle(cx, order)
}

/// In a dry run the minions are asked for one as well: that changes nothing, so it may be done while checking.
fn settle<'a>(cx: &Context<'a>, order: Order) -> Result<Verdict<'a>> {
    if cx.test() {
        let returned = cx.call("saltutil.cmd", Args::named(order.named.clone()))?;
        return Ok(Verdict::Settled(judge(returned, &order)));
    }
    let would = Outcome::would(format!("Function {} would be run", order.fun), Map::new());
    Ok(Verdict::change(would, move |apply| {
        let returned = apply.call("saltutil.cmd", Args::named(order.named.clone()))?;
        Ok(judge(returned, &order))
    }))
}

/// Whether a state run of a minion went well.
fn good(data: &Map) -> bool {
    let failed = data.get("failed").is_some_and(Value::truthy);
    let ret = data.get("ret").and_then(Value::as_map);
    !failed && ret.is_some_and(|ret| check_result(ret, None))
}

/// Why a minion counts as failed, where its return does not show it. Salt: `_format_failure_detail`.
fn detail(id: &str, ret: Option<&Value>) -> Option<String> {
    match ret {
        None => Some(format!("Minion {id} did not return a state result.")),
        Some(Value::List(items)) => {
            let parts: Vec<String> =
                items.iter().filter(|item| item.truthy()).map(Value::to_string).collect();
            Some(match parts.is_empty() {
                true => format!("Minion {id} returned an empty error list."),
                false => format!("Minion {id} returned errors: {}", parts.join("; ")),
            })
        }
        Some(Value::Map(_)) => None,
        Some(other) => {
            let shown = other.repr();
            Some(format!("Minion {id} returned {shown} instead of a state result."))
        }
    }
}

fn changes_something(ret: &Value) -> bool {
    let states = ret.as_map().into_iter().flat_map(|map| map.values());
    states.into_iter().any(|state| state.get("changes").is_some_and(Value::truthy))
}

fn judge(returned: Map, order: &Order) -> Outcome {
    if returned.is_empty() && order.expect_minions {
        return Outcome::new(Some(false), "No minions returned");
    }
    let (excused, warning) = fail_minions(&order.fail_minions);
    let mut changes = Map::new();
    let (mut failed, mut unchanged) = (Vec::new(), Vec::new());
    for (id, data) in &returned {
        let (name, data) = (id.to_string(), data.as_map().cloned().unwrap_or_default());
        let ret = data.get("ret").cloned();
        if !good(&data) {
            if !excused.contains(&name) {
                failed.push((name, ret.clone()));
            }
            changes.insert(id.clone(), ret.unwrap_or(Value::Bool(false)));
        } else if ret.as_ref().is_some_and(changes_something) {
            changes.insert(id.clone(), ret.unwrap_or_default());
        } else {
            unchanged.push(name);
        }
    }
    let mut outcome = Outcome::new(Some(true), "");
    let names = |map: &Map| map.keys().map(Value::to_string).collect::<Vec<_>>().join(", ");
    if failed.len() as i64 > order.allow_fail {
        outcome.result = Some(false);
        let ids: Vec<&str> = failed.iter().map(|(id, _)| id.as_str()).collect();
        outcome.comment = format!("Run failed on minions: {}", ids.join(", "));
        failed.sort_by(|a, b| a.0.cmp(&b.0));
        for text in failed.iter().filter_map(|(id, ret)| detail(id, ret.as_ref())) {
            outcome.comment += &format!("\n{text}");
        }
    } else {
        outcome.comment = "States ran successfully.".into();
        if !changes.is_empty() {
            outcome.comment += &format!(" Updating {}.", names(&changes));
        }
        if !unchanged.is_empty() {
            outcome.comment += &format!(" No changes made to {}.", unchanged.join(", "));
        }
    }
    if !changes.is_empty() {
        outcome.changes = map! {"out" => "highstate", "ret" => changes};
    }
    if order.test && !outcome.changes.is_empty() && outcome.result == Some(true) {
        outcome.result = None;
    }
    if let Some(warning) = warning {
        outcome = outcome.with("warnings", vec![warning]);
    }
    match jid_of(&returned) {
        Some(jid) => outcome.with("__jid__", jid),
        None => outcome,
    }
}
