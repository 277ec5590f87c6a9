//! `data`: values that a minion keeps from one job to the next. Salt: `salt/modules/data.py` behaviour.

use std::path::PathBuf;

use halite_core::{Apply, Context, ExecModule, Map, Result, Value, args, function};

/// The module.
pub static MODULE: ExecModule = ExecModule::new(
    "data",
    &[&CLEAR, &LOAD, &DUMP, &UPDATE, &CAS, &POP, &GET, &KEYS, &VALUES, &ITEMS, &HAS_KEY],
);

fn place(cx: &Context<'_>) -> PathBuf {
    cx.opts.path("cachedir").join("datastore")
}

/// What is kept; a file that is damaged is an error, as it would be lost at the next change.
fn stored(cx: &Context<'_>) -> Result<Map> {
    let path = place(cx);
    if !cx.host.exists(&path) {
        return Ok(Map::new());
    }
    let kept = cx.services.unpack(&cx.host.read(&path)?)?;
    Ok(kept.as_map().cloned().unwrap_or_default())
}

fn keep(apply: &Apply<'_>, store: Map) -> Result<()> {
    let bytes = apply.services.pack(&store.into())?;
    apply.host.write_atomic(&place(apply), &bytes, Some(0o600))
}

/// Forgets all values.
///
/// CLI Example:
///
/// ```text
/// salt '*' data.clear
/// ```
#[function]
fn clear(apply: &Apply<'_>) -> Result<bool> {
    let path = place(apply);
    if apply.host.exists(&path) {
        apply.host.remove_file(&path)?;
    }
    Ok(true)
}

/// Gives all values.
///
/// CLI Example:
///
/// ```text
/// salt '*' data.load
/// ```
#[function]
fn load(cx: &Context<'_>) -> Result<Map> {
    stored(cx)
}

/// Keeps a map in place of all values.
///
/// CLI Example:
///
/// ```text
/// salt '*' data.dump '{"eggs": "spam"}'
/// ```
#[function]
fn dump(apply: &Apply<'_>, new_data: Value) -> Result<bool> {
    let read = match &new_data {
        // A dict as Python writes it is one in YAML, but for tuples and sets.
        Value::Str(text) => apply.call_value("slsutil.deserialize", args!["yaml", &**text]).ok(),
        _ => None,
    };
    let Some(store) = read.as_ref().unwrap_or(&new_data).as_map() else { return Ok(false) };
    keep(apply, store.clone())?;
    Ok(true)
}

/// Keeps one value.
///
/// CLI Example:
///
/// ```text
/// salt '*' data.update key value
/// ```
#[function]
fn update(apply: &Apply<'_>, key: Value, value: Value) -> Result<bool> {
    let mut store = stored(apply)?;
    store.insert(key, value);
    keep(apply, store)?;
    Ok(true)
}

/// Keeps a value in place of another, if it is that other that is kept.
///
/// CLI Example:
///
/// ```text
/// salt '*' data.cas key value old_value
/// ```
#[function]
fn cas(apply: &Apply<'_>, key: Value, value: Value, old_value: Value) -> Result<bool> {
    let mut store = stored(apply)?;
    if store.get(&key) != Some(&old_value) {
        return Ok(false);
    }
    store.insert(key, value);
    keep(apply, store)?;
    Ok(true)
}

/// Gives a value and forgets it.
///
/// CLI Example:
///
/// ```text
/// salt '*' data.pop key default_val
/// ```
#[function]
fn pop(apply: &Apply<'_>, key: Value, #[default(Value::Null)] default: Value) -> Result<Value> {
    let mut store = stored(apply)?;
    let value = store.shift_remove(&key);
    keep(apply, store)?;
    Ok(value.unwrap_or(default))
}

/// Gives a value, or a list of values for a list of keys.
///
/// CLI Example:
///
/// ```text
/// salt '*' data.get key
/// salt '*' data.get '["key1", "key2"]'
/// ```
#[function]
fn get(cx: &Context<'_>, key: Value, #[default(Value::Null)] default: Value) -> Result<Value> {
    let store = stored(cx)?;
    let Some(keys) = key.as_list() else {
        return Ok(store.get(&key).cloned().unwrap_or(default));
    };
    let found = keys.iter().filter_map(|key| match store.get(key) {
        None if default.is_null() => None,
        found => Some(found.unwrap_or(&default).clone()),
    });
    Ok(found.collect::<Vec<_>>().into())
}

/// Gives the names of all values.
///
/// CLI Example:
///
/// ```text
/// salt '*' data.keys
/// ```
#[function]
fn keys(cx: &Context<'_>) -> Result<Vec<Value>> {
    Ok(stored(cx)?.keys().cloned().collect())
}

/// Gives all values without their names.
///
/// CLI Example:
///
/// ```text
/// salt '*' data.values
/// ```
#[function]
fn values(cx: &Context<'_>) -> Result<Vec<Value>> {
    Ok(stored(cx)?.values().cloned().collect())
}

/// Gives all values.
///
/// CLI Example:
///
/// ```text
/// salt '*' data.items
/// ```
#[function]
fn items(cx: &Context<'_>) -> Result<Map> {
    stored(cx)
}

/// Whether a value is kept under a name.
///
/// CLI Example:
///
/// ```text
/// salt '*' data.has_key key
/// ```
#[function]
fn has_key(cx: &Context<'_>, key: Value) -> Result<bool> {
    Ok(stored(cx)?.contains_key(&key))
}
