//! `salt.parallel_runners`: several runner functions side by side. Salt: `salt.states.saltmod.parallel_runners`.

use halite_core::{
    Apply, Args, Context, Error, Map, Outcome, Result, StateModule, Value, Verdict, map, state,
};

use crate::limits;

/// The module.
pub static MODULE: StateModule = StateModule::new("salt", &[&PARALLEL_RUNNERS]);

/// Runs several runner functions side by side.
///
/// ```yaml
/// both:
///   salt.parallel_runners:
///     - runners:
///         first:
///           - name: state.orchestrate
///           - kwarg:
///               mods: orch.first
///         second:
///           - name: state.orchestrate
///           - kwarg:
///               mods: orch.second
/// ```
#[state]
fn parallel_runners<'a>(
    cx: &Context<'a>,
    _name: String,
    /// Runner functions by a name of your own: `name` and `kwarg`.
    runners: Value,
    #[kwargs] kwargs: Map,
) -> Result<Verdict<'a>> {
    let _ = kwargs;
    let runners = match &runners {
        Value::Str(one) => map! {one.to_string() => Map::new()},
        Value::Map(map) => (**map).clone(),
        _ => return Ok(Verdict::fail("The runners parameter must be a string or dict.")),
    };
    if runners.len() > limits::PARALLEL_RUNNERS {
        let most = limits::PARALLEL_RUNNERS;
        return Ok(Verdict::fail(format!("{} runners are more than {most}", runners.len())));
    }
    let wanted: Vec<(String, String, Map)> = runners
        .iter()
        .map(|(id, config)| {
            let config = repack(config);
            let name = config.get("name").map_or_else(|| id.to_string(), Value::to_string);
            let named = config.get("kwarg").map(repack).unwrap_or_default();
            (id.to_string(), name, named)
        })
        .collect();
    let (jid, env) = (cx.job.jid.clone(), halite_states::support::saltenv(cx));
    // Salt's own does not know a dry run and would run them; nothing is run here.
    let names: Vec<&str> = wanted.iter().map(|(_, name, _)| name.as_str()).collect();
    let would = format!("Runner functions {} would be executed.", names.join(", "));
    Ok(Verdict::change(Outcome::would(would, Map::new()), move |apply| {
        match run_all(apply, &wanted, &jid, &env) {
            Ok(outputs) => Ok(judge(&outputs)),
            Err(error) => {
                let what = format!("One of the runners raised an exception: {error}");
                Ok(Outcome::new(Some(false), what).with("success", false))
            }
        }
    }))
}

/// A map, or a list of maps as one. Salt: `repack_dictlist`.
fn repack(value: &Value) -> Map {
    match value {
        Value::Map(map) => (**map).clone(),
        Value::List(items) => {
            items.iter().filter_map(Value::as_map).flat_map(|map| map.clone()).collect()
        }
        _ => Map::new(),
    }
}

fn run_all(
    apply: &Apply<'_>,
    wanted: &[(String, String, Map)],
    jid: &str,
    env: &str,
) -> Result<Map> {
    let one = |name: &str, kwarg: &Map| -> Result<Value> {
        let named = map! {
            "__orchestration_jid__" => jid, "__env__" => env, "full_return" => true,
            "kwarg" => kwarg.clone(), "__pub_user" => apply.job.user.as_str(),
        };
        let out: Map =
            apply.call("saltutil.runner", Args { positional: vec![name.into()], named })?;
        Ok(out.get("return").cloned().unwrap_or_default())
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = wanted
            .iter()
            .map(|(id, name, kwarg)| (id, scope.spawn(move || one(name, kwarg))))
            .collect();
        let results: Vec<_> = threads
            .into_iter()
            .map(|(id, thread)| {
                let broke = || Err(Error::execution(format!("runner {id} broke down")));
                (id, thread.join().unwrap_or_else(|_| broke()))
            })
            .collect();
        results.into_iter().map(|(id, ret)| Ok((id.as_str().into(), ret?))).collect()
    })
}

/// Changes somewhere below: those of the minions if it is an orchestration.
fn changes_in(value: &Value) -> Value {
    let Some(map) = value.as_map() else { return Map::new().into() };
    match map.get("changes") {
        Some(changes) => match (changes.get("out").and_then(Value::as_str), changes.get("ret")) {
            (Some("highstate"), Some(ret)) => ret.clone(),
            _ => changes.clone(),
        },
        None => {
            let found = map.iter().map(|(key, value)| (key.clone(), changes_in(value)));
            found.filter(|(_, changes)| changes.truthy()).collect::<Map>().into()
        }
    }
}

fn judge(outputs: &Map) -> Outcome {
    let orchestrations = outputs.values().all(|out| {
        out.get("outputter").and_then(Value::as_str) == Some("highstate")
            && out.get("data").is_some()
    });
    // Salt looks for the code within the data, where no release puts it: a failed orchestration counts as good.
    let code = if orchestrations { "retcode" } else { "exit_code" };
    let bad = |out: &Value| out.get(code).is_some_and(Value::truthy);
    let failed: Vec<String> =
        outputs.iter().filter(|(_, out)| bad(out)).map(|(id, _)| id.to_string()).collect();
    let comment = match failed.as_slice() {
        [] => "All runner functions executed successfully.".to_owned(),
        [one] => format!("Runner {one} failed."),
        many => format!("Runners {} failed.", many.join(", ")),
    };
    let changes = match orchestrations {
        true => {
            let found = outputs
                .iter()
                .filter_map(|(id, out)| Some((id.clone(), changes_in(out.get("data")?))));
            found.filter(|(_, changes)| changes.truthy()).collect()
        }
        false => map! {"ret" => outputs.clone()},
    };
    Outcome { result: Some(failed.is_empty()), comment, changes, extra: Map::new() }
}
