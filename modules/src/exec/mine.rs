//! `mine`: data that minions share through the master. Salt: `salt/modules/mine.py` behaviour.

use halite_core::value::{JsonStyle, parse_json, to_json};
use halite_core::{Apply, Args, Context, ExecModule, Map, Result, Value, args, function, map};

use crate::support::mine_mark;

/// The module.
pub static MODULE: ExecModule =
    ExecModule::new("mine", &[&UPDATE, &SEND, &GET, &DELETE, &FLUSH, &VALID]);

/// The key that marks data with a list of who may read it.
const ACL_ID: &str = "__saltmine_acl__";
/// The key of the data itself then.
const ACL_DATA: &str = "__data__";

/// What one entry of `mine_functions` says.
#[derive(Default)]
struct Definition {
    /// The function, where the entry's name is an alias.
    fun: Option<String>,
    args: Args,
    allow_tgt: Value,
    allow_tgt_type: Value,
}

impl Definition {
    /// A list (words and maps) or a map of named arguments.
    fn parse(entry: &Value) -> Definition {
        let mut own = Definition::default();
        let mut named = Map::new();
        match entry {
            Value::Map(map) => named.extend((**map).clone()),
            Value::List(items) => {
                for item in items.iter() {
                    match item {
                        Value::Map(map) => named.extend((**map).clone()),
                        word => own.args.positional.push(word.clone()),
                    }
                }
            }
            _ => {}
        }
        own.fun = named.shift_remove("mine_function").map(|fun| fun.to_string());
        own.allow_tgt = named.shift_remove("allow_tgt").unwrap_or_default();
        own.allow_tgt_type = named.shift_remove("allow_tgt_type").unwrap_or_default();
        own.args.named = named;
        own
    }

    /// The data as it is kept: with the list of readers, if there is one.
    fn wrap(&self, data: Value) -> Value {
        if !self.allow_tgt.truthy() {
            return data;
        }
        let mut wrapped =
            map! { ACL_DATA => data, ACL_ID => 1, "allow_tgt" => self.allow_tgt.clone() };
        if self.allow_tgt_type.truthy() {
            wrapped.insert("allow_tgt_type".into(), self.allow_tgt_type.clone());
        }
        wrapped.into()
    }
}

fn local(cx: &Context<'_>) -> bool {
    cx.opts.str("file_client") == "local"
}

fn functions(cx: &Context<'_>) -> Result<Map> {
    let found: Value = cx.call("config.merge", args!["mine_functions", Map::new()])?;
    Ok(found.as_map().cloned().unwrap_or_default())
}

/// Where a minion without a master keeps its mine.
fn file(cx: &Context<'_>) -> std::path::PathBuf {
    cx.opts.path("cachedir").join("mine_cache.json")
}

fn kept(cx: &Context<'_>) -> Map {
    let bytes = cx.host.read(&file(cx)).unwrap_or_default();
    let data = parse_json(&String::from_utf8_lossy(&bytes)).unwrap_or_default();
    data.as_map().cloned().unwrap_or_default()
}

fn keep(apply: &Apply<'_>, data: Map) -> Result<Value> {
    let text = to_json(&data.into(), JsonStyle::default());
    apply.host.write_atomic(&file(apply), text.as_bytes(), Some(0o600))?;
    Ok(true.into())
}

/// What the master has otherwise, or not at all. Masters of Salt do not tell what they have, and get everything.
fn changed(apply: &Apply<'_>, mut data: Map) -> Map {
    let marks = apply.services.ask_master("_mine_marks", Map::new()).unwrap_or_default();
    if let Some(marks) = marks.as_map().filter(|marks| !marks.is_empty()) {
        data.retain(|fun, value| {
            marks.get(fun).and_then(Value::as_str) != Some(&*mine_mark(value))
        });
    }
    data
}

fn store(apply: &Apply<'_>, data: Map, clear: bool) -> Result<Value> {
    if local(apply) {
        let mut all = if clear { Map::new() } else { kept(apply) };
        all.extend(data);
        return keep(apply, all);
    }
    let had = data.len();
    let data = if clear { data } else { changed(apply, data) };
    if data.is_empty() && had > 0 {
        return Ok(true.into());
    }
    let load = map! { "data" => data, "id" => apply.opts.str("id"), "clear" => clear };
    apply.services.ask_master("_mine", load)?;
    Ok(true.into())
}

/// Calls the mine's functions and sends what they give to the master.
///
/// CLI Example:
///
/// ```text
/// salt '*' mine.update
/// ```
#[function]
fn update(
    apply: &Apply<'_>,
    /// Forget what was there.
    #[default(false)]
    clear: bool,
    /// Names or definitions, in place of the configured ones.
    #[default(Value::Null)]
    mine_functions: Value,
) -> Result<Value> {
    let entries = match mine_functions {
        Value::List(names) => names.iter().map(|name| (name.clone(), Map::new().into())).collect(),
        Value::Map(entries) => (*entries).clone(),
        _ => functions(apply)?,
    };
    if entries.is_empty() {
        return Ok(Value::Null);
    }
    let mut data = Map::new();
    for (alias, entry) in &entries {
        let own = Definition::parse(entry);
        let fun = own.fun.clone().unwrap_or_else(|| alias.to_string());
        if !apply.exec.contains(&fun) {
            tracing::error!("Function {fun} in mine_functions not available");
            continue;
        }
        match apply.call_value(&fun, own.args.clone()) {
            Ok(value) => drop(data.insert(alias.clone(), own.wrap(value))),
            Err(error) => {
                tracing::error!("Function {fun} in mine.update failed to execute: {error}");
            }
        }
    }
    store(apply, data, clear)
}

/// Calls one function and sends what it gives to the master.
///
/// CLI Example:
///
/// ```text
/// salt '*' mine.send network.ip_addrs interface=eth0
/// salt '*' mine.send eth0_ip_addrs mine_function=network.ip_addrs interface=eth0
/// ```
#[function]
fn send(
    apply: &Apply<'_>,
    /// The function, or an alias.
    name: String,
    #[args] args: Vec<Value>,
    #[kwargs] mut kwargs: Map,
) -> Result<Value> {
    kwargs.retain(|key, _| !key.to_string().starts_with("__"));
    let mut own = Definition::parse(&kwargs.into());
    own.args.positional = args;
    let fun = own.fun.clone().unwrap_or_else(|| name.clone());
    match apply.call_value(&fun, own.args.clone()) {
        Ok(value) => store(apply, Map::from_iter([(name.into(), own.wrap(value))]), false),
        Err(error) => {
            tracing::error!("Function {fun} in mine.send failed to execute: {error}");
            Ok(false.into())
        }
    }
}

/// Gives what other minions have in the mine: by minion, or by function and minion.
///
/// CLI Example:
///
/// ```text
/// salt '*' mine.get '*' network.interfaces
/// salt '*' mine.get 'os:Fedora' network.interfaces grain
/// salt '*' mine.get '*' '["network.interfaces", "network.ipaddr"]'
/// ```
#[function]
fn get(
    cx: &Context<'_>,
    tgt: Value,
    /// A function, several with commas between them, or a list.
    fun: Value,
    #[default("glob".into())] tgt_type: String,
    /// Leave this minion out.
    #[default(false)]
    exclude_minion: bool,
    #[default(None)] expr_form: Option<String>,
) -> Result<Value> {
    let tgt_type = expr_form.unwrap_or(tgt_type);
    let id = cx.opts.str("id");
    if !local(cx) {
        let load = map! { "id" => id, "tgt" => tgt, "fun" => fun, "tgt_type" => tgt_type };
        let mut found = cx.services.ask_master("_mine_get", load)?;
        if exclude_minion {
            if let Some(map) = found.as_map_mut() {
                map.shift_remove(id);
            }
        }
        return Ok(found);
    }
    let mut found = Map::new();
    if !cx.call::<bool>(&format!("match.{tgt_type}"), args![tgt])? {
        return Ok(found.into());
    }
    let (names, by_function): (Vec<String>, bool) = match &fun {
        Value::List(names) => (names.iter().map(Value::to_string).collect(), true),
        text => {
            let names: Vec<String> = text.to_string().split(',').map(str::to_owned).collect();
            let many = names.len() > 1;
            (names, many)
        }
    };
    let data = kept(cx);
    for name in &names {
        let Some(value) = data.get(name.as_str()) else { continue };
        let value = match value.get(ACL_ID) {
            Some(_) => value.get(ACL_DATA).cloned().unwrap_or_default(),
            None => value.clone(),
        };
        if by_function {
            found.insert(name.into(), map! { id => value }.into());
        } else {
            found.insert(id.into(), value);
        }
    }
    Ok(found.into())
}

/// Removes what one function has in the mine.
///
/// CLI Example:
///
/// ```text
/// salt '*' mine.delete 'network.interfaces'
/// ```
#[function]
fn delete(apply: &Apply<'_>, fun: String) -> Result<Value> {
    if local(apply) {
        let mut data = kept(apply);
        data.shift_remove(fun.as_str());
        return keep(apply, data);
    }
    let load = map! { "id" => apply.opts.str("id"), "fun" => fun };
    apply.services.ask_master("_mine_delete", load)
}

/// Removes all that this minion has in the mine.
///
/// CLI Example:
///
/// ```text
/// salt '*' mine.flush
/// ```
#[function]
fn flush(apply: &Apply<'_>) -> Result<Value> {
    if local(apply) {
        return keep(apply, Map::new());
    }
    apply.services.ask_master("_mine_flush", map! { "id" => apply.opts.str("id") })
}

/// Shows the mine's functions as they are configured, those that exist.
///
/// CLI Example:
///
/// ```text
/// salt '*' mine.valid
/// ```
#[function]
fn valid(cx: &Context<'_>) -> Result<Value> {
    let entries = functions(cx)?;
    if entries.is_empty() {
        return Ok(Value::Null);
    }
    let mut shown = Map::new();
    for (alias, entry) in &entries {
        let own = Definition::parse(entry);
        let fun = own.fun.clone().unwrap_or_else(|| alias.to_string());
        if !cx.exec.contains(&fun) {
            tracing::error!("Function {fun} in mine_functions not available");
            continue;
        }
        let Some(fun) = own.fun else {
            shown.insert(alias.clone(), entry.clone());
            continue;
        };
        let mut list = own.args.positional;
        list.extend(own.args.named.into_iter().map(|pair| Map::from_iter([pair]).into()));
        shown.insert(alias.clone(), map! { fun.as_str() => list }.into());
    }
    Ok(shown.into())
}
