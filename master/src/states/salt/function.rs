//! `salt.function`: one execution function on minions. Salt: `salt.states.saltmod.function` behaviour.

use halite_core::{
    Apply, Args, Context, Map, Outcome, Result, StateModule, Value, Verdict, args, map, state,
};

use super::shared::{fail_minions, jid_of, put};

/// The module.
pub static MODULE: StateModule = StateModule::new("salt", &[&FUNCTION]);

/// Runs a function on minions.
///
/// ```yaml
/// cmd.run:
///   salt.function:
///     - tgt: 'web*'
///     - arg:
///       - uptime
/// ```
#[state]
fn function<'a>(
    cx: &Context<'a>,
    /// The function.
    name: String,
    tgt: Value,
    #[default(Value::Null)] ssh: Value,
    #[default("glob".into())] tgt_type: String,
    #[default(Value::Null)] ret: Value,
    #[default(Value::Null)] ret_config: Value,
    #[default(Value::Null)] ret_kwargs: Value,
    /// Whether a minion that does not return is a failure.
    #[default(Value::Bool(false))]
    expect_minions: Value,
    /// Minions whose failure does not count.
    #[default(Value::Null)]
    fail_minions: Value,
    /// A function that says of each return whether it is good.
    #[default(Value::Null)]
    fail_function: Value,
    /// Arguments by position.
    #[default(Value::Null)]
    arg: Value,
    /// Arguments by name.
    #[default(Value::Null)]
    kwarg: Value,
    #[default(Value::Null)] timeout: Value,
    #[default(Value::Null)] batch: Value,
    #[default(Value::Null)] subset: Value,
    #[default(Value::Null)] failhard: Value,
    #[kwargs] kwargs: Map,
) -> Result<Verdict<'a>> {
    let _ = kwargs;
    let mut warnings = Vec::new();
    let arg: Vec<Value> = match &arg {
        Value::Str(text) => {
            warnings.push("Please specify 'arg' as a list of arguments.");
            text.split_whitespace().map(Value::str).collect()
        }
        Value::List(items) => items.to_vec(),
        _ => Vec::new(),
    };
    let with_warnings = |outcome: Outcome, warnings: &[&str]| match warnings.is_empty() {
        true => outcome,
        false => outcome.with("warnings", warnings.to_vec()),
    };
    if cx.test() {
        let what = format!("Function {name} would be executed on target {}", tgt_text(&tgt));
        let outcome = with_warnings(Outcome::would(what, Map::new()), &warnings);
        return Ok(Verdict::Settled(outcome));
    }
    let hard = failhard.truthy() || cx.opts.bool("failhard");
    let mut named = map! {
        "tgt" => tgt, "fun" => name.as_str(), "arg" => arg, "tgt_type" => tgt_type,
        "expect_minions" => expect_minions.truthy(),
    };
    for (key, value) in [
        ("kwarg", kwarg),
        ("ret", ret),
        ("ret_config", ret_config),
        ("ret_kwargs", ret_kwargs),
        ("timeout", timeout),
        ("batch", batch),
        ("subset", subset),
        ("ssh", ssh),
        ("failhard", hard.into()),
    ] {
        put(&mut named, key, &value);
    }
    Ok(Verdict::change(Outcome::default(), move |apply| {
        let returned: Map = match apply.call("saltutil.cmd", Args::named(named)) {
            Ok(returned) => returned,
            Err(error) => {
                let outcome = Outcome::new(Some(false), error.to_string());
                return Ok(with_warnings(outcome, &warnings));
            }
        };
        let (excused, warning) = self::fail_minions(&fail_minions);
        warnings.extend(warning);
        let outcome = judge(apply, &name, &returned, &excused, &fail_function)?;
        let outcome = with_warnings(outcome, &warnings);
        Ok(match jid_of(&returned) {
            Some(jid) => outcome.with("__jid__", jid),
            None => outcome,
        })
    }))
}

/// As Python prints it.
fn tgt_text(tgt: &Value) -> String {
    match tgt {
        Value::Str(text) => text.to_string(),
        other => other.repr(),
    }
}

fn judge(
    apply: &Apply<'_>,
    name: &str,
    returned: &Map,
    excused: &[String],
    fail_function: &Value,
) -> Result<Outcome> {
    if returned.is_empty() {
        return Ok(Outcome::new(Some(false), "No minions responded"));
    }
    let mut outcome = Outcome::new(Some(true), "");
    let mut changes = Map::new();
    let mut failed: Vec<String> = Vec::new();
    for (id, data) in returned {
        let text = id.to_string();
        let mut bad = |excusable: bool| {
            let known = failed.contains(&text) || (excusable && excused.contains(&text));
            if !known {
                failed.push(text.clone());
            }
        };
        if data.get("retcode").is_some_and(Value::truthy) {
            outcome.result = Some(false);
            bad(false);
        }
        let value = data.get("ret").cloned().unwrap_or(Value::Bool(false));
        let good = match fail_function.as_str() {
            _ if data.get("failed").is_some_and(Value::truthy) => false,
            Some(check) => apply.call_value(check, args![value.clone()])?.truthy(),
            None => true,
        };
        if !good || value.as_bool() == Some(false) {
            bad(true);
        }
        changes.insert(id.clone(), value);
    }
    outcome.comment = "Function ran successfully.".into();
    if !failed.is_empty() {
        outcome.result = Some(false);
        let ids = failed.join(", ");
        outcome.comment = format!("Running function {name} failed on minions: {ids}");
    }
    let ids: Vec<String> = changes.keys().map(Value::to_string).collect();
    outcome.comment += &format!(" Function {name} ran on {}.", ids.join(", "));
    outcome.changes = map! {"ret" => changes};
    Ok(outcome)
}
