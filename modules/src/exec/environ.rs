//! `environ`: variables, as this job's commands will see them. Salt: `salt/modules/environ.py`.

use std::collections::BTreeMap;

use halite_core::{Context, ExecModule, Map, Value, function};

/// The module.
pub static MODULE: ExecModule =
    ExecModule::new("environ", &[&SETVAL, &SETENV, &GET, &HAS_VALUE, &ITEM, &ITEMS]);

/// The environment as it is for this job.
fn all(cx: &Context<'_>) -> BTreeMap<String, String> {
    let mut env: BTreeMap<String, String> = cx.host.environ().into_iter().collect();
    for (name, value) in cx.job.env() {
        match value {
            Some(value) => drop(env.insert(name, value)),
            None => drop(env.remove(&name)),
        }
    }
    env
}

/// Sets a variable for the rest of this job; gives the value, or `False` for what is no text.
///
/// CLI Example:
///
/// ```text
/// salt '*' environ.setval foo bar
/// salt '*' environ.setval baz val=False false_unsets=True
/// ```
#[function]
fn setval(
    cx: &Context<'_>,
    key: Value,
    val: Value,
    /// `False` removes the variable in place of making it empty.
    #[default(false)]
    false_unsets: bool,
    #[default(Value::Bool(false))] _permanent: Value,
) -> Value {
    let Some(name) = key.as_str().filter(|name| !name.is_empty() && !name.contains(['=', '\0']))
    else {
        tracing::debug!("environ.setval: the name is not a string type");
        return false.into();
    };
    match &val {
        Value::Bool(false) if false_unsets => {
            cx.job.set_env(name, None);
            Value::Null
        }
        Value::Bool(false) => {
            cx.job.set_env(name, Some(String::new()));
            "".into()
        }
        Value::Str(text) if !text.contains('\0') => {
            cx.job.set_env(name, Some(text.to_string()));
            val
        }
        _ => {
            tracing::debug!("environ.setval: the value of '{name}' is not a string type");
            false.into()
        }
    }
}

/// Sets several variables for the rest of this job; gives what was set.
///
/// CLI Example:
///
/// ```text
/// salt '*' environ.setenv '{"foo": "bar", "baz": "quux"}'
/// salt '*' environ.setenv '{"a": "b", "c": False}' false_unsets=True
/// ```
#[function]
fn setenv(
    cx: &Context<'_>,
    environ: Value,
    #[default(false)] false_unsets: bool,
    /// Remove all others.
    #[default(false)]
    clear_all: bool,
    #[default(false)] _update_minion: bool,
    #[default(Value::Bool(false))] permanent: Value,
) -> Value {
    let Value::Map(wanted) = &environ else {
        tracing::debug!("environ.setenv: the argument is not a dict type");
        return false.into();
    };
    let mut ret = Map::new();
    if clear_all {
        for name in all(cx).into_keys().filter(|name| !wanted.contains_key(name.as_str())) {
            let unset =
                setval(cx, name.as_str().into(), false.into(), false_unsets, permanent.clone());
            ret.insert(name.into(), unset);
        }
    }
    for (name, value) in wanted.iter() {
        if name.as_str().is_none() {
            return false.into();
        }
        let set = setval(cx, name.clone(), value.clone(), false_unsets, permanent.clone());
        ret.insert(name.clone(), set);
    }
    ret.into()
}

/// Gives a variable, or a default.
///
/// CLI Example:
///
/// ```text
/// salt '*' environ.get foo
/// salt '*' environ.get baz default=False
/// ```
#[function]
fn get(cx: &Context<'_>, key: Value, #[default("".into())] default: Value) -> Value {
    let Some(name) = key.as_str() else {
        tracing::debug!("environ.get: the name is not a string type");
        return false.into();
    };
    all(cx).remove(name).map_or(default, Value::from)
}

/// Whether a variable is set, and to a value if one is given.
///
/// CLI Example:
///
/// ```text
/// salt '*' environ.has_value foo
/// ```
#[function]
fn has_value(cx: &Context<'_>, key: Value, #[default(Value::Null)] value: Value) -> bool {
    let held = key.as_str().and_then(|name| all(cx).remove(name));
    match (held, value) {
        (Some(_), Value::Null) => true,
        (Some(held), value) => value.as_str() == Some(&held),
        (None, _) => false,
    }
}

/// Gives some variables; those that are not set are a default.
///
/// CLI Example:
///
/// ```text
/// salt '*' environ.item foo
/// salt '*' environ.item '[foo, baz]' default=None
/// ```
#[function]
fn item(cx: &Context<'_>, keys: Value, #[default("".into())] default: Value) -> Map {
    let env = all(cx);
    let names: Vec<String> = match &keys {
        Value::List(items) => items.iter().map(Value::to_string).collect(),
        one => vec![one.to_string()],
    };
    let value = |name: &str| env.get(name).map_or(default.clone(), Value::from);
    names.iter().map(|name| (name.into(), value(name))).collect()
}

/// Gives all variables.
///
/// CLI Example:
///
/// ```text
/// salt '*' environ.items
/// ```
#[function]
fn items(cx: &Context<'_>) -> Map {
    all(cx).into_iter().map(|(name, value)| (name.into(), value.into())).collect()
}
