//! `pillar`: this minion's pillar, shown or looked into. Salt: `salt/modules/pillar.py` behaviour.
//!
//! What a job prints is masked: `pillar_mask_output` and `unmask` decide. What templates ask for
//! is not.

use std::sync::Arc;

use halite_core::mask::masked;
use halite_core::services::PillarRequest;
use halite_core::value::{DELIMITER, SubPath};
use halite_core::{Context, Error, ExecModule, Map, Result, Value, args, function};

use crate::support::{filter, merge};

/// The module.
pub static MODULE: ExecModule = ExecModule::new(
    "pillar",
    &[
        &GET,
        &FETCH,
        &ITEMS,
        &DATA,
        &ITEM,
        &RAW,
        &LS,
        &KEYS,
        &OBFUSCATE,
        &EXT,
        &FILTER_BY,
        &FILE_EXISTS,
    ],
);

/// Whether values are shown: when asked for, and to templates. What a job prints, what a state such
/// as `module.run` reports and what a slot puts in are masked. Rendering a pillar is no job.
fn shown(cx: &Context<'_>, unmask: Option<bool>) -> bool {
    unmask.unwrap_or(cx.in_template || cx.job.fun.is_empty())
}

fn output(cx: &Context<'_>, value: Value, unmask: Option<bool>) -> Value {
    if shown(cx, unmask) { value } else { masked(&value) }
}

/// The pillar of other environments, or the one at hand.
fn pillar_of(
    cx: &Context<'_>,
    pillarenv: &Option<String>,
    saltenv: &Option<String>,
) -> Result<Value> {
    if pillarenv.is_none() && saltenv.is_none() {
        return Ok(cx.pillar.clone().into());
    }
    compile(cx, Map::new(), pillarenv.clone(), saltenv.clone())
}

fn compile(
    cx: &Context<'_>,
    pillar_override: Map,
    pillarenv: Option<String>,
    saltenv: Option<String>,
) -> Result<Value> {
    let set = |name: &str| cx.opts.get(name).and_then(Value::as_str).map(str::to_owned);
    let pillarenv = match pillarenv {
        Some(env) => Some(env),
        None if cx.opts.bool("pillarenv_from_saltenv") => saltenv.or(set("saltenv")),
        None => set("pillarenv"),
    };
    // Salt: the environment of the states says nothing here but what `pillarenv_from_saltenv` makes of it.
    let request = PillarRequest { pillarenv, pillar_override, ..PillarRequest::default() };
    Ok(cx.services.compile_pillar(&request)?.into())
}

/// Gives one value of the pillar in memory, or a default; `a:b` goes into nested ones.
///
/// CLI Example:
///
/// ```text
/// salt '*' pillar.get pkg:apache
/// salt '*' pillar.get abc::def|ghi delimiter='|'
/// ```
#[function]
fn get(
    cx: &Context<'_>,
    /// The path.
    key: String,
    /// What to give if there is nothing; an empty text unless `pillar_raise_on_missing` is set.
    #[default(Value::str("<_NOT_SET_>"))]
    default: Value,
    /// Join the value over the default, if both are maps or both are lists.
    #[default(false)]
    merge: bool,
    /// Whether lists within are joined as well.
    #[default(None)]
    merge_nested_lists: Option<bool>,
    #[default(":".into())] delimiter: String,
    /// Compile this pillar environment in place of looking into memory.
    #[default(None)]
    pillarenv: Option<String>,
    #[default(None)] saltenv: Option<String>,
    /// Show values that the output would hide.
    #[default(None)]
    unmask: Option<bool>,
) -> Result<Value> {
    let pillar = pillar_of(cx, &pillarenv, &saltenv)?;
    let default = (default != Value::str("<_NOT_SET_>")).then_some(default);
    let found = pillar.traverse(&key, &delimiter).cloned();
    if merge {
        let joined = match (&default, &found) {
            (Some(under @ Value::Map(_)), None) => Some(under.clone()),
            (Some(Value::Map(under)), Some(Value::Map(over))) => {
                let join = merge_nested_lists.unwrap_or(cx.opts.bool("pillar_merge_lists"));
                let lists = if join { merge::Lists::Join } else { merge::Lists::Replace };
                let mut out = (**under).clone();
                merge::update(&mut out, (**over).clone(), lists);
                Some(out.into())
            }
            (Some(under @ Value::List(_)), None) => Some(under.clone()),
            (Some(Value::List(under)), Some(Value::List(over))) => {
                let fresh = over.iter().filter(|item| !under.contains(item));
                Some(Value::list(under.iter().chain(fresh).cloned()))
            }
            (default, found) => {
                let kind = |value: &Option<Value>| {
                    value.as_ref().map_or("nothing", Value::type_name).to_owned()
                };
                let (default, found) = (kind(default), kind(found));
                tracing::error!(
                    "pillar.get: the default is a {default}, the value at '{key}' is a {found}; \
                     only two maps or two lists can be merged. Merge will be skipped."
                );
                None
            }
        };
        if let Some(joined) = joined {
            return Ok(output(cx, joined, unmask));
        }
    }
    match (found, default) {
        (Some(value), _) | (None, Some(value)) => Ok(output(cx, value, unmask)),
        (None, None) if cx.opts.bool("pillar_raise_on_missing") => {
            Err(Error::execution(format!("Pillar key not found: {key}")))
        }
        (None, None) => Ok("".into()),
    }
}

/// Gives one value of the pillar, or a default. The same as `pillar.get` under another name.
///
/// CLI Example:
///
/// ```text
/// salt '*' pillar.fetch pkg:apache
/// ```
#[function]
fn fetch(
    cx: &Context<'_>,
    key: String,
    #[default(Value::str("<_NOT_SET_>"))] default: Value,
    #[default(false)] merge: bool,
    #[default(None)] merge_nested_lists: Option<bool>,
    #[default(":".into())] delimiter: String,
    #[default(None)] pillarenv: Option<String>,
    #[default(None)] saltenv: Option<String>,
    #[default(None)] unmask: Option<bool>,
) -> Result<Value> {
    get(cx, key, default, merge, merge_nested_lists, delimiter, pillarenv, saltenv, unmask)
}

/// Compiles the pillar anew and gives all of it, or the parts named.
///
/// CLI Example:
///
/// ```text
/// salt '*' pillar.items
/// salt '*' pillar.items pillarenv=dev pillar='{"foo": "bar"}' unmask=True
/// ```
#[function]
fn items(
    cx: &Context<'_>,
    /// Paths; all of the pillar without them.
    #[args]
    names: Vec<Value>,
    /// Values that win over the compiled ones.
    #[default(None)]
    pillar: Option<Map>,
    #[default(None)] pillar_enc: Option<String>,
    #[default(None)] pillarenv: Option<String>,
    #[default(None)] saltenv: Option<String>,
    /// Show values that the output would hide.
    #[default(None)]
    unmask: Option<bool>,
) -> Result<Value> {
    if !names.is_empty() {
        return item(cx, names, Value::Null, None, pillarenv, saltenv, None);
    }
    let fresh = fresh(cx, pillar, pillar_enc, pillarenv, saltenv)?;
    let open = shown(cx, unmask) || (unmask.is_none() && !mask_wanted(cx));
    Ok(if open { fresh } else { masked(&fresh) })
}

/// `pillar_mask_output`, which is on unless set otherwise.
fn mask_wanted(cx: &Context<'_>) -> bool {
    cx.opts.get("pillar_mask_output").is_none_or(Value::truthy)
}

fn fresh(
    cx: &Context<'_>,
    pillar: Option<Map>,
    pillar_enc: Option<String>,
    pillarenv: Option<String>,
    saltenv: Option<String>,
) -> Result<Value> {
    let given = pillar.unwrap_or_default();
    if let (Some(_), false) = (pillar_enc, given.is_empty()) {
        return Err(Error::execution(
            "Failed to decrypt pillar override: `pillar_enc` is for state functions here; give the values in the clear",
        ));
    }
    compile(cx, given, pillarenv, saltenv)
}

/// Compiles the pillar anew and gives all of it. The same as `pillar.items`.
///
/// CLI Example:
///
/// ```text
/// salt '*' pillar.data
/// ```
#[function]
fn data(
    cx: &Context<'_>,
    #[args] names: Vec<Value>,
    #[default(None)] pillar: Option<Map>,
    #[default(None)] pillar_enc: Option<String>,
    #[default(None)] pillarenv: Option<String>,
    #[default(None)] saltenv: Option<String>,
    #[default(None)] unmask: Option<bool>,
) -> Result<Value> {
    items(cx, names, pillar, pillar_enc, pillarenv, saltenv, unmask)
}

/// Gives some values of the pillar in memory.
///
/// CLI Example:
///
/// ```text
/// salt '*' pillar.item foo foo:bar
/// salt '*' pillar.item foo:bar:baz unmask=True
/// ```
#[function]
fn item(
    cx: &Context<'_>,
    /// Paths.
    #[args]
    names: Vec<Value>,
    /// What stands for those that are missing.
    #[default(Value::Null)]
    default: Value,
    #[default(None)] delimiter: Option<String>,
    #[default(None)] pillarenv: Option<String>,
    #[default(None)] saltenv: Option<String>,
    #[default(None)] unmask: Option<bool>,
) -> Result<Value> {
    let pillar = pillar_of(cx, &pillarenv, &saltenv)?;
    let delimiter = delimiter.as_deref().unwrap_or(DELIMITER);
    let default = if default.is_null() { "".into() } else { default };
    let value =
        |name: &Value| pillar.traverse(&name.to_string(), delimiter).unwrap_or(&default).clone();
    let found: Map = names.iter().map(|name| (name.clone(), value(name))).collect();
    Ok(output(cx, found.into(), unmask))
}

/// Gives the pillar in memory, as it is.
///
/// CLI Example:
///
/// ```text
/// salt '*' pillar.raw
/// salt '*' pillar.raw key='roles'
/// ```
#[function]
fn raw(
    cx: &Context<'_>,
    /// One top-level key.
    #[default(Value::Null)]
    key: Value,
    /// `False` hides the values; `None` shows them.
    #[default(None)]
    unmask: Option<bool>,
) -> Value {
    let value = if key.truthy() {
        cx.pillar.get(&key).cloned().unwrap_or_else(|| Map::new().into())
    } else {
        cx.pillar.clone().into()
    };
    output(cx, value, Some(unmask.unwrap_or(true)))
}

/// Compiles the pillar anew and lists its top-level keys.
///
/// CLI Example:
///
/// ```text
/// salt '*' pillar.ls
/// ```
#[function]
fn ls(
    cx: &Context<'_>,
    #[args] names: Vec<Value>,
    #[default(None)] pillar: Option<Map>,
    #[default(None)] pillar_enc: Option<String>,
    #[default(None)] pillarenv: Option<String>,
    #[default(None)] saltenv: Option<String>,
    #[default(None)] unmask: Option<bool>,
) -> Result<Vec<Value>> {
    let all = items(cx, names, pillar, pillar_enc, pillarenv, saltenv, unmask)?;
    Ok(all.as_map().map(|map| map.keys().cloned().collect()).unwrap_or_default())
}

/// Lists the keys below a path of the pillar in memory.
///
/// CLI Example:
///
/// ```text
/// salt '*' pillar.keys web:sites
/// ```
#[function]
fn keys(
    cx: &Context<'_>,
    key: String,
    #[default(":".into())] delimiter: String,
    #[default(None)] _unmask: Option<bool>,
) -> Result<Vec<Value>> {
    match Value::from(cx.pillar.clone()).traverse(&key, &delimiter) {
        Some(Value::Map(map)) => Ok(map.keys().cloned().collect()),
        Some(_) => Err(Error::execution(format!("Pillar value in key {key} is not a dict"))),
        // Python prints a KeyError's text quoted.
        None => Err(Error::execution(format!("'Pillar key not found: {key}'"))),
    }
}

/// Compiles the pillar anew and gives its shape: types in place of values.
///
/// CLI Example:
///
/// ```text
/// salt '*' pillar.obfuscate
/// ```
#[function]
fn obfuscate(
    cx: &Context<'_>,
    #[args] names: Vec<Value>,
    #[default(None)] pillar: Option<Map>,
    #[default(None)] pillar_enc: Option<String>,
    #[default(None)] pillarenv: Option<String>,
    #[default(None)] saltenv: Option<String>,
    #[default(None)] unmask: Option<bool>,
) -> Result<Value> {
    Ok(types(&items(cx, names, pillar, pillar_enc, pillarenv, saltenv, unmask)?))
}

fn types(value: &Value) -> Value {
    match value {
        Value::Map(map) => Value::map(map.iter().map(|(key, item)| (key.clone(), types(item)))),
        Value::List(items) => Value::list(items.iter().map(types)),
        scalar => format!("<{}>", scalar.type_name()).into(),
    }
}

/// Compiles the pillar with one more external source, and gives all of it.
///
/// CLI Example:
///
/// ```text
/// salt '*' pillar.ext "{cmd_yaml: cat /etc/salt/yaml}"
/// ```
#[function]
fn ext(
    cx: &Context<'_>,
    /// The source, as it would stand in `ext_pillar`: a map, or its YAML.
    external: Value,
    #[default(None)] pillar: Option<Map>,
    #[default(None)] unmask: Option<bool>,
) -> Result<Value> {
    let external = match external {
        Value::Str(text) => cx.call("slsutil.deserialize", args!["yaml", text])?,
        other => other,
    };
    let set = |name: &str| cx.opts.get(name).and_then(Value::as_str).map(str::to_owned);
    let request = PillarRequest {
        saltenv: set("saltenv"),
        pillarenv: None,
        pillar_override: pillar.unwrap_or_default(),
        ext: Some(external),
        clean_cache: false,
    };
    let compiled: Arc<Map> = cx.services.compile_pillar(&request)?;
    Ok(output(cx, compiled.into(), unmask))
}

/// Picks an entry of a table by a pillar value; the table's keys are globs.
///
/// CLI Example:
///
/// ```text
/// salt '*' pillar.filter_by '{web: Serve it up, db: I query, default: x_x}' role
/// ```
#[function]
fn filter_by(
    cx: &Context<'_>,
    /// The table.
    lookup_dict: Map,
    /// The path in the pillar.
    pillar: String,
    /// A map that is joined over the entry.
    #[default(Value::Null)]
    merge: Value,
    /// The entry taken when none matches.
    #[default("default".into())]
    default: Value,
    /// The entry over which the chosen one is joined.
    #[default(Value::Null)]
    base: Value,
) -> Result<Value> {
    filter::filter_by(&lookup_dict, &pillar, cx.pillar, &merge, &default, &base)
}

/// Whether a file is in the pillar roots. Only masterless minions have some.
///
/// CLI Example:
///
/// ```text
/// salt '*' pillar.file_exists foo/bar.sls
/// ```
#[function]
fn file_exists(
    cx: &Context<'_>,
    path: String,
    /// Look in this environment only.
    #[default(None)]
    saltenv: Option<String>,
) -> Result<bool> {
    let roots = cx.opts.map("pillar_roots");
    if roots.is_empty() {
        let what = "No pillar_roots found. Are you running this on the master?";
        return Err(Error::execution(what));
    }
    let wanted = |env: &Value| saltenv.as_ref().is_none_or(|name| env.as_str() == Some(name));
    let folders = roots.iter().filter(|(env, _)| wanted(env)).filter_map(|(_, v)| v.as_list());
    let is_file = |folder: &Value| {
        let path = std::path::Path::new(&folder.to_string()).join(&path);
        matches!(cx.host.metadata(&path), Ok(Some(stat)) if stat.is_file())
    };
    Ok(folders.flatten().any(is_file))
}
