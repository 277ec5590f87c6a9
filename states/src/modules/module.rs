//! `module`: execution functions as states.

use halite_core::{
    Apply, Args, Context, Error, Map, Outcome, Registry, Result, Spec, StateModule, Value, Verdict,
    map, state,
};

/// The module.
pub static MODULE: StateModule = StateModule::new("module", &[&RUN, &WAIT, &MOD_WATCH]);

/// What a state has among its arguments and no function takes.
const IGNORED: &[&str] = &["name", "__reqs__", "sfun", "__agg__"];

/// Runs execution functions.
///
/// ```yaml
/// refresh:
///   module.run:
///     - saltutil.refresh_pillar: []
///     - test.echo:
///       - text: done
/// ```
#[state]
fn run<'a>(cx: &Context<'a>, #[kwargs] kwargs: Map) -> Result<Verdict<'a>> {
    let ignored = |key: &Value| key.as_str().is_some_and(|key| IGNORED.contains(&key));
    let keys: Vec<&Value> = kwargs.keys().filter(|key| !ignored(key)).collect();
    let dotted = |key: &&&Value| key.as_str().is_some_and(|key| key.contains('.'));
    if keys.is_empty() || keys.iter().any(|key| !dotted(&key)) {
        return old_style(cx, kwargs);
    }
    let mut kwargs = kwargs;
    kwargs.retain(|key, _| key.as_str() != Some("name"));
    new_style(cx, kwargs)
}

/// Does nothing until a watched state changes; then it is `module.run`.
#[state]
fn wait<'a>(_cx: &Context<'a>, _name: Value, #[kwargs] _kwargs: Map) -> Result<Verdict<'a>> {
    Ok(Verdict::correct(""))
}

/// Runs the functions of a state whose watched states have changed.
#[state]
fn mod_watch<'a>(cx: &Context<'a>, #[kwargs] kwargs: Map) -> Result<Verdict<'a>> {
    (RUN.call)(cx, Args::named(kwargs))
}

/// The function of a key: what stands after `:` only tells two calls of one function apart.
fn function_of(key: &Value) -> String {
    let key = key.to_string();
    key.split(':').next().unwrap_or_default().to_owned()
}

fn new_style<'a>(cx: &Context<'a>, kwargs: Map) -> Result<Verdict<'a>> {
    let names: Vec<Value> = kwargs.keys().cloned().collect();
    let named = move |outcome: Outcome| outcome.with("name", names.clone());
    let functions: Vec<Value> =
        kwargs.keys().filter(|key| key.to_string().contains('.')).cloned().collect();
    if functions.is_empty() {
        return Ok(Verdict::Settled(named(Outcome::new(Some(false), "No function provided."))));
    }
    let all: Vec<String> = functions.iter().map(function_of).collect();
    let (there, missing): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|f| cx.exec.get_open(f).is_ok());
    // "FunctionTrue" for several is Salt's own slip; tools compare these texts.
    let plural = |names: &[String]| if names.len() > 1 { "True" } else { "" };
    let unavailable = format!("Unavailable function{}: {}.", plural(&missing), missing.join(", "));
    let pending = format!("Function{} {} to be executed.", plural(&there), there.join(", "));
    if !missing.is_empty() {
        let would = match there.is_empty() || !cx.test() {
            true => unavailable,
            false => format!("{unavailable} {pending}"),
        };
        return Ok(Verdict::Settled(named(Outcome::new(Some(false), would))));
    }
    let would = named(Outcome::new(None, pending));
    Ok(Verdict::change(would, move |apply| Ok(named(call_all(apply, &functions, &kwargs)?))))
}

fn call_all(apply: &Apply<'_>, functions: &[Value], kwargs: &Map) -> Result<Outcome> {
    let (mut failures, mut successes) = (Vec::new(), Vec::new());
    let mut changes = Map::new();
    for key in functions {
        let fun = function_of(key);
        let given = kwargs.get(key).cloned().unwrap_or_default();
        let returned = match call(apply, &fun, &given) {
            Ok(returned) => returned,
            Err(error) if error.is_usage() => {
                failures.push(format!("'{key}' failed: {error}"));
                continue;
            }
            Err(error) => return Err(error),
        };
        let comment = |default: &str| {
            returned.get("comment").map_or_else(|| default.to_owned(), Value::to_string)
        };
        if successful(&returned) {
            successes.push(match returned.as_map() {
                Some(_) => format!("{key}: {}", comment("Success")),
                None => format!("{key}: {returned}"),
            });
            changes.insert(key.clone(), returned);
        } else if returned.as_map().is_some() {
            failures.push(format!("'{key}' failed: {}", comment("(error message N/A)")));
        } else {
            failures.push(format!("'{key}': {returned}"));
        }
    }
    let failed = !failures.is_empty();
    failures.extend(successes);
    Ok(Outcome { result: Some(!failed), comment: failures.join(", "), changes, extra: Map::new() })
}

/// Calls a function with the list that stands under its name: mappings are named arguments.
/// Salt: `salt.utils.functools.call_function` behaviour.
fn call(apply: &Apply<'_>, fun: &str, given: &Value) -> Result<Value> {
    let mut args = Args::default();
    match given {
        Value::Null => {}
        Value::List(items) => {
            for item in &**items {
                match item.as_map() {
                    Some(named) => {
                        args.named.extend(named.iter().map(|(k, v)| (k.clone(), v.clone())))
                    }
                    None => args.positional.push(item.clone()),
                }
            }
        }
        Value::Map(named) => args.positional.extend(named.keys().cloned()),
        one => args.positional.push(one.clone()),
    }
    let spec = apply.exec.get_open(fun)?.spec;
    let missing = missing_arguments(&spec, &args);
    if !missing.is_empty() {
        return Err(Error::usage(fun, format!("Missing arguments: {}", missing.join(", "))));
    }
    apply.call_value(fun, args)
}

fn missing_arguments(spec: &Spec, args: &Args) -> Vec<&'static str> {
    let required = spec.params.iter().filter(|param| param.default.is_none());
    let named = |name: &&str| args.named.contains_key(*name);
    let unnamed = required.map(|param| param.name).filter(|name| !named(name));
    unnamed.skip(args.positional.len()).collect()
}

/// Whether a function's return says that it worked. Salt: `_get_result` behaviour.
fn successful(returned: &Value) -> bool {
    match returned {
        Value::Bool(flag) => *flag,
        Value::Map(map) => map.iter().all(|(key, value)| match key.as_str() {
            Some("result") if value.as_bool() == Some(false) => false,
            Some("retcode") if value.as_i64() != Some(0) => false,
            _ => value.as_map().is_none() || successful(value),
        }),
        _ => true,
    }
}

/// Parameters whose names states use for themselves are given with `m_` before them.
fn argument_name(name: &str) -> String {
    match name {
        "name" | "fun" | "names" | "state" | "saltenv" => format!("m_{name}"),
        other => other.to_owned(),
    }
}

fn old_style<'a>(cx: &Context<'a>, mut kwargs: Map) -> Result<Verdict<'a>> {
    let name = kwargs.shift_remove("name").unwrap_or_default().to_string();
    if cx.exec.get_open(&name).is_err() {
        return Ok(Verdict::fail(format!("Module function {name} is not available")));
    }
    let would = Outcome::new(None, format!("Module function {name} is set to execute"));
    Ok(Verdict::change(would, move |apply| {
        let args = match old_arguments(apply.exec, &name, &mut kwargs) {
            Ok(args) => args,
            Err(fault) => return Ok(Outcome::new(Some(false), fault)),
        };
        let returned = match apply.call_value(&name, args) {
            Ok(returned) => returned,
            Err(Error::Cancelled) => return Err(Error::Cancelled),
            Err(error) => {
                let what = format!("Module function {name} threw an exception. Exception: {error}");
                return Ok(Outcome::new(Some(false), what));
            }
        };
        Ok(Outcome {
            result: Some(successful(&returned)),
            comment: format!("Module function {name} executed"),
            changes: map! {"ret" => returned},
            extra: Map::new(),
        })
    }))
}

/// The arguments of the old style, by the function's parameters. The fault is a comment.
/// Salt: `_legacy_run` behaviour.
fn old_arguments(
    exec: &Registry<halite_core::ExecFn>,
    name: &str,
    kwargs: &mut Map,
) -> Result<Args, String> {
    let spec = exec.get_open(name).map_err(|error| error.to_string())?.spec;
    let mut args = Args::default();
    let mut missing = Vec::new();
    for param in spec.params {
        let own = argument_name(param.name);
        let given = kwargs.shift_remove(own.as_str()).or_else(|| match param.default {
            Some(_) => kwargs.shift_remove(param.name),
            None => None,
        });
        match given {
            Some(value) => drop(args.named.insert(param.name.into(), value)),
            None if param.default.is_none() => missing.push(own),
            None => {}
        }
    }
    if !missing.is_empty() {
        return Err(format!("The following arguments are missing: {}", missing.join(" ")));
    }
    if spec.extra_positional
        && let Some(extra) = kwargs.shift_remove("args")
    {
        let Some(items) = extra.as_list() else { return Err("'args' must be a list.".into()) };
        // Positional ones come after those with names.
        let before = spec.params.iter().map_while(|param| args.named.shift_remove(param.name));
        args.positional = before.chain(items.iter().cloned()).collect();
    }
    if spec.extra_named
        && let Some(extra) = kwargs.shift_remove("kwargs")
    {
        let Some(named) = extra.as_map() else { return Err("'kwargs' must be a dict.".into()) };
        args.named.extend(named.iter().map(|(key, value)| (key.clone(), value.clone())));
    }
    Ok(args)
}
