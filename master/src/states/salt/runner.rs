//! `salt.runner`, `salt.wheel`: the master's own functions. Salt: `salt.states.saltmod` behaviour.

use halite_core::{Args, Context, Map, Outcome, Result, StateModule, Value, Verdict, map, state};

/// The module.
pub static MODULE: StateModule = StateModule::new("salt", &[&RUNNER, &WHEEL]);

/// Runs a runner function.
///
/// ```yaml
/// manage.up:
///   salt.runner
/// ```
#[state]
fn runner<'a>(
    cx: &Context<'a>,
    /// The function.
    name: String,
    #[kwargs] kwargs: Map,
) -> Result<Verdict<'a>> {
    let mut named = kwargs;
    named.insert("full_return".into(), true.into());
    master_function(cx, "Runner", "saltutil.runner", name, named)
}

/// Runs a wheel function.
///
/// ```yaml
/// accept_minion_key:
///   salt.wheel:
///     - name: key.accept
///     - match: frank
/// ```
#[state]
fn wheel<'a>(
    cx: &Context<'a>,
    /// The function.
    name: String,
    #[kwargs] kwargs: Map,
) -> Result<Verdict<'a>> {
    master_function(cx, "Wheel", "saltutil.wheel", name, kwargs)
}

fn master_function<'a>(
    cx: &Context<'a>,
    word: &'static str,
    through: &'static str,
    name: String,
    mut named: Map,
) -> Result<Verdict<'a>> {
    let would = format!("{word} function '{name}' would be executed.");
    named.insert("__orchestration_jid__".into(), cx.job.jid.as_str().into());
    named.insert("__env__".into(), halite_states::support::saltenv(cx).into());
    if !cx.job.user.is_empty() {
        named.insert("__pub_user".into(), cx.job.user.as_str().into());
    }
    Ok(Verdict::change(Outcome::would(would, Map::new()), move |apply| {
        let call = Args { positional: vec![name.as_str().into()], named };
        let out: Map = apply.call(through, call)?;
        let ret = out.get("return").cloned().unwrap_or_default();
        let success = ret.get("Error").is_none() && out.get("success").is_none_or(Value::truthy);
        let how = if success { "executed" } else { "failed" };
        let comment = format!("{word} function '{name}' {how}.");
        let changes = map! {"return" => ret};
        let outcome = Outcome { result: Some(success), comment, changes, extra: Map::new() };
        Ok(match out.get("jid") {
            Some(jid) => outcome.with("__jid__", jid.clone()),
            None => outcome,
        })
    }))
}
