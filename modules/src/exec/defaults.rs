//! `defaults`: default values that a formula brings with it. Salt: `salt/modules/defaults.py`.

use halite_core::dictupdate::{self, Update};
use halite_core::value::{SubPath, parse_json};
use halite_core::{Context, Error, ExecModule, Map, Result, SaltEnv, Value, args, function};

/// The module.
pub static MODULE: ExecModule = ExecModule::new("defaults", &[&GET, &MERGE, &DEEPCOPY, &UPDATE]);

/// The values of `salt://<formula>/defaults.yaml` or `.json`.
fn load(cx: &Context<'_>, formula: &str) -> Result<Value> {
    let env = match cx.opts.str("saltenv") {
        "" => SaltEnv::base(),
        set => SaltEnv::parse(set)?,
    };
    for extension in ["yaml", "json"] {
        let Some(found) = cx.files.cache_file(&format!("{formula}/defaults.{extension}"), &env)?
        else {
            continue;
        };
        let text = String::from_utf8_lossy(&cx.host.read(&found.path)?).into_owned();
        let data: Value = if extension == "yaml" {
            cx.call("slsutil.deserialize", args!["yaml", text])?
        } else {
            parse_json(&text).map_err(|error| Error::execution(error.to_string()))?
        };
        return Ok(if data.truthy() { data } else { Map::new().into() });
    }
    Ok(Value::Null)
}

/// Gives a default value of a formula; `formula:path`.
///
/// CLI Example:
///
/// ```text
/// salt '*' defaults.get core:users:root
/// ```
#[function]
fn get(cx: &Context<'_>, key: String, #[default("".into())] default: Value) -> Result<Value> {
    let (formula, path) = key.split_once(':').unwrap_or((&key, ""));
    let defaults = load(cx, formula)?;
    if path.is_empty() {
        return Ok(defaults);
    }
    Ok(defaults.traverse(path, ":").cloned().unwrap_or(default))
}

fn joined(under: &Map, over: &Map, merge_lists: bool) -> Result<Map> {
    let mut out = under.clone();
    dictupdate::update(&mut out, over, Update { merge_lists, ..Update::default() })?;
    Ok(out)
}

/// Joins one map over another and gives the result.
///
/// CLI Example:
///
/// ```text
/// salt '*' defaults.merge '{a: b}' '{d: e}'
/// ```
#[function]
fn merge(
    dest: Option<Map>,
    src: Option<Map>,
    /// Join lists in place of replacing them.
    #[default(false)]
    merge_lists: bool,
    #[default(true)] in_place: bool,
    #[default(true)] convert_none: bool,
) -> Result<Map> {
    if dest.is_none() && convert_none && in_place {
        return Err(Error::execution("Can't perform in-place merge into NoneType"));
    }
    joined(&dest.unwrap_or_default(), &src.unwrap_or_default(), merge_lists)
}

/// Gives a copy that can be changed without changing the original.
///
/// CLI Example:
///
/// ```text
/// salt '*' defaults.deepcopy '{a: [1, 2]}'
/// ```
#[function]
fn deepcopy(source: Value) -> Value {
    source
}

/// Joins every entry of a map over the same defaults.
///
/// CLI Example:
///
/// ```text
/// salt '*' defaults.update '{host01: {A: 1}, host02: {B: 2}}' '{A: 0, B: 0, C: 0}'
/// ```
#[function]
fn update(
    dest: Option<Map>,
    defaults: Option<Map>,
    #[default(true)] merge_lists: bool,
    #[default(true)] in_place: bool,
    #[default(true)] _convert_none: bool,
) -> Result<Map> {
    if dest.is_none() && in_place {
        return Err(Error::execution("Can't perform in-place update into NoneType"));
    }
    let defaults = defaults.unwrap_or_default();
    let mut nodes = dest.unwrap_or_default();
    for value in nodes.values_mut() {
        let own = value.as_map().cloned().unwrap_or_default();
        *value = joined(&defaults, &own, merge_lists)?.into();
    }
    Ok(nodes)
}
