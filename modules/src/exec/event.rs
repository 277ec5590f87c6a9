//! `event`: messages on the bus, the minion's or the master's. Salt: `salt/modules/event.py`.

use halite_core::{Apply, ExecModule, Map, Result, Value, function, map};

/// The module.
pub static MODULE: ExecModule = ExecModule::new("event", &[&FIRE, &FIRE_MASTER, &SEND]);

/// Fires an event on the minion's own bus.
///
/// CLI Example:
///
/// ```text
/// salt '*' event.fire '{"data": "my event data"}' 'tag'
/// ```
#[function]
fn fire(
    apply: &Apply<'_>,
    data: Map,
    tag: String,
    #[default(None)] _timeout: Option<f64>,
) -> Result<bool> {
    apply.services.fire(&tag, data)
}

/// Fires an event on the master's bus.
///
/// CLI Example:
///
/// ```text
/// salt '*' event.fire_master '{"data":"my event data"}' 'tag'
/// ```
#[function]
fn fire_master(
    apply: &Apply<'_>,
    /// A map, as a rule; any other value goes as it is.
    data: Value,
    tag: String,
    /// What stands beside the message in the event.
    #[default(None)]
    preload: Option<Map>,
) -> Result<bool> {
    fire_there(apply, &tag, data, preload.unwrap_or_default())
}

fn fire_there(apply: &Apply<'_>, tag: &str, data: Value, beside: Map) -> Result<bool> {
    if local(apply) {
        tracing::warn!("Local mode detected. Event with tag {tag} will NOT be sent.");
        return Ok(false);
    }
    match data {
        Value::Map(data) if beside.is_empty() => {
            apply.services.fire_master(tag, (*data).clone())?;
        }
        data => {
            let mut load = map! {"pretag" => (), "tag" => tag, "data" => data};
            load.extend(beside);
            apply.services.ask_master("_minion_event", load)?;
        }
    }
    Ok(true)
}

/// Whether there is no master by the configuration's word.
fn local(apply: &Apply<'_>) -> bool {
    apply.opts.bool("local")
        || (apply.opts.str("file_client") == "local" && !apply.opts.bool("use_master_when_local"))
}

/// Sends an event to the master, with parts of what the minion knows.
///
/// CLI Example:
///
/// ```text
/// salt '*' event.send myco/mytag foo=Foo bar=Bar
/// salt '*' event.send myco/mytag '{foo: Foo, bar: Bar}' with_grains='[os]'
/// ```
#[function]
fn send(
    apply: &Apply<'_>,
    tag: String,
    /// The message.
    #[default(Value::Null)]
    data: Value,
    /// What stands beside the message in the event.
    #[default(None)]
    preload: Option<Map>,
    /// All variables of the environment, or a list of names.
    #[default(Value::Bool(false))]
    with_env: Value,
    /// All grains, or a list of names.
    #[default(Value::Bool(false))]
    with_grains: Value,
    /// All of the pillar, or a list of paths.
    #[default(Value::Bool(false))]
    with_pillar: Value,
    /// `saltenv` and `pillarenv` as they are set here.
    #[default(false)]
    with_env_opts: bool,
    /// Further parts of the message.
    #[kwargs]
    kwargs: Map,
) -> Result<bool> {
    let mut message = Map::new();
    let environ = match with_env.truthy() {
        true => apply.cx.host.environ().into_iter().map(|(k, v)| (k.into(), v.into())).collect(),
        false => Map::new(),
    };
    for (key, whole, wanted) in [
        ("environ", &environ, &with_env),
        ("grains", &**apply.grains, &with_grains),
        ("pillar", &**apply.pillar, &with_pillar),
    ] {
        match wanted {
            Value::List(names) => {
                let all = Value::from(whole.clone());
                let part = names.iter().map(|name| {
                    use halite_core::value::SubPath;
                    (
                        name.clone(),
                        all.traverse(&name.to_string(), ":").cloned().unwrap_or_default(),
                    )
                });
                message.insert(key.into(), Value::map(part));
            }
            wanted if wanted.truthy() => drop(message.insert(key.into(), whole.clone().into())),
            _ => {}
        }
    }
    if with_env_opts {
        for (name, default) in [("saltenv", Value::str("base")), ("pillarenv", Value::Null)] {
            message.insert(name.into(), apply.opts.get(name).cloned().unwrap_or(default));
        }
    }
    let asked = |key: &Value| key.as_str().is_some_and(|key| key.starts_with("__pub_"));
    message.extend(kwargs.into_iter().filter(|(key, _)| !asked(key)));
    match data {
        Value::Map(data) => message.extend((*data).clone()),
        Value::Null => {}
        other => drop(message.insert("data".into(), other)),
    }
    if local(apply) {
        return apply.services.fire(&tag, message);
    }
    fire_there(apply, &tag, message.into(), preload.unwrap_or_default())
}
