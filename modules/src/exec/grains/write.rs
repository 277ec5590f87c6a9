//! `grains.set` and its kin: the static grains file. Salt: `salt/modules/grains.py` behaviour.

use std::sync::Arc;

use halite_core::services::Refresh;
use halite_core::value::{DELIMITER, SubPath};
use halite_core::{Apply, Error, ExecModule, Map, Result, Value, args, function, map};

/// The module.
pub static MODULE: ExecModule = ExecModule::new(
    "grains",
    &[&SETVALS, &SETVAL, &APPEND, &REMOVE, &DELKEY, &DELVAL, &DELETE, &SET],
);

/// Under which key a job notes the grains that it has set: a list of one, or an empty list if removed.
pub(super) const SET_BY_JOB: &str = "grains";

/// Static grains as they stand in the file now.
fn file_grains(apply: &Apply<'_>) -> Result<Map, String> {
    let path = crate::grains::static_file(apply.opts);
    let Ok(text) = apply.cx.host.read(&path) else { return Ok(Map::new()) };
    let text = String::from_utf8_lossy(&text).into_owned();
    let read: Result<Value> = apply.call("slsutil.deserialize", args!["yaml", text]);
    match read {
        Ok(Value::Map(map)) => Ok(Arc::unwrap_or_clone(map)),
        Ok(_) => Ok(Map::new()),
        Err(error) => Err(format!("Unable to read existing grains file: {error}")),
    }
}

/// Grains as this job sees them, what it has already written included.
fn current(apply: &Apply<'_>) -> Value {
    let mut all = (**apply.grains).clone();
    all.extend(file_grains(apply).unwrap_or_default());
    all.into()
}

fn write(apply: &Apply<'_>, new: &Map, destructive: bool, refresh_pillar: bool) -> Result<Value> {
    let mut grains = match file_grains(apply) {
        Ok(grains) => grains,
        Err(text) => return Ok(text.into()),
    };
    for (key, value) in new {
        let gone = value.is_null() && destructive;
        match gone {
            true => drop(grains.shift_remove(key)),
            false => drop(grains.insert(key.clone(), value.clone())),
        }
        apply.job.change_note(SET_BY_JOB, |note| {
            if !matches!(note, Value::Map(_)) {
                *note = Map::new().into();
            }
            let held = if gone { Value::list([]) } else { Value::list([value.clone()]) };
            if let Some(note) = note.as_map_mut() {
                note.insert(key.clone(), held);
            }
        });
    }
    let path = crate::grains::static_file(apply.opts);
    let call = args!["yaml", grains; default_flow_style = false];
    let text: String = apply.call("slsutil.serialize", call)?;
    if let Err(error) = apply.host.write_atomic(&path, text.as_bytes(), None) {
        let shown = path.display();
        tracing::error!("Unable to write to grains file at {shown}. Check permissions. {error}");
    }
    if !apply.opts.bool("local") {
        apply.services.refresh(Refresh::Grains)?;
        if refresh_pillar {
            apply.services.refresh(Refresh::Pillar)?;
        }
    }
    Ok(new.clone().into())
}

/// Sets several static grains at once.
///
/// CLI Example:
///
/// ```text
/// salt '*' grains.setvals "{'key1': 'val1', 'key2': 'val2'}"
/// ```
#[function]
fn setvals(
    apply: &Apply<'_>,
    /// Names and values.
    grains: Value,
    /// Remove those whose value is `None`.
    #[default(false)]
    destructive: bool,
    /// Compile the pillar anew, since its targets may look at grains.
    #[default(true)]
    refresh_pillar: bool,
) -> Result<Value> {
    match grains {
        Value::Map(grains) => write(apply, &grains, destructive, refresh_pillar),
        _ => Err(Error::execution("setvals grains must be a dictionary.")),
    }
}

/// Sets one static grain.
///
/// CLI Example:
///
/// ```text
/// salt '*' grains.setval key val
/// salt '*' grains.setval key "{'sub-key': 'val', 'sub-key2': 'val2'}"
/// ```
#[function]
fn setval(
    apply: &Apply<'_>,
    key: Value,
    val: Value,
    #[default(false)] destructive: bool,
    #[default(true)] refresh_pillar: bool,
) -> Result<Value> {
    write(apply, &Map::from_iter([(key, val)]), destructive, refresh_pillar)
}

/// Puts `value` at the end of a path: the maps on the way are kept, and what is to be written is
/// the first part with all of it.
fn rebuilt(all: &Value, key: &str, value: Value, delimiter: &str) -> (String, Value) {
    let (mut key, mut value) = (key.to_owned(), value);
    while let Some((before, last)) = key.rsplit_once(delimiter).filter(|_| !delimiter.is_empty()) {
        let mut under = match all.traverse(before, delimiter) {
            Some(Value::Map(map)) => (**map).clone(),
            _ => Map::new(),
        };
        under.insert(last.into(), value);
        value = under.into();
        key = before.to_owned();
    }
    (key, value)
}

/// Adds a value to a grain that is a list.
///
/// CLI Example:
///
/// ```text
/// salt '*' grains.append roles web
/// ```
#[function]
fn append(
    apply: &Apply<'_>,
    key: String,
    val: Value,
    /// Make a list of a grain that is none.
    #[default(false)]
    convert: bool,
    #[default(":".into())] delimiter: String,
) -> Result<Value> {
    let all = current(apply);
    let mut list = match all.traverse(&key, &delimiter) {
        Some(Value::List(items)) => items.to_vec(),
        None => Vec::new(),
        Some(Value::Null) if convert => Vec::new(),
        Some(other) if convert => vec![other.clone()],
        Some(_) => return Ok(format!("The key {key} is not a valid list").into()),
    };
    if list.contains(&val) {
        return Ok(format!("The val {val} was already in the list {key}").into());
    }
    match val {
        Value::List(items) => list.extend(items.iter().cloned()),
        one => list.push(one),
    }
    let (key, value) = rebuilt(&all, &key, list.into(), &delimiter);
    setval(apply, key.into(), value, false, true)
}

/// Removes a value from a grain that is a list.
///
/// CLI Example:
///
/// ```text
/// salt '*' grains.remove roles web
/// ```
#[function]
fn remove(
    apply: &Apply<'_>,
    key: String,
    val: Value,
    #[default(":".into())] delimiter: String,
) -> Result<Value> {
    let all = current(apply);
    let mut list = match all.traverse(&key, &delimiter) {
        Some(Value::List(items)) => items.to_vec(),
        None => Vec::new(),
        Some(_) => return Ok(format!("The key {key} is not a valid list").into()),
    };
    let Some(at) = list.iter().position(|item| *item == val) else {
        return Ok(format!("The val {val} was not in the list {key}").into());
    };
    list.remove(at);
    let (key, value) = rebuilt(&all, &key, list.into(), &delimiter);
    setval(apply, key.into(), value, false, true)
}

/// Removes a static grain, name and all.
///
/// CLI Example:
///
/// ```text
/// salt '*' grains.delkey key
/// ```
#[function]
fn delkey(
    apply: &Apply<'_>,
    key: String,
    /// Also if it is a list or a map.
    #[default(false)]
    force: bool,
) -> Result<Map> {
    set(apply, key, Value::Null, force, true, DELIMITER.into())
}

/// Sets a static grain to `None`, or removes it.
///
/// CLI Example:
///
/// ```text
/// salt '*' grains.delval key
/// ```
#[function]
fn delval(
    apply: &Apply<'_>,
    key: String,
    /// Remove the name as well.
    #[default(false)]
    destructive: bool,
    #[default(false)] force: bool,
) -> Result<Map> {
    set(apply, key, Value::Null, force, destructive, DELIMITER.into())
}

/// Removes a static grain, whatever it holds.
///
/// CLI Example:
///
/// ```text
/// salt '*' grains.delete key
/// ```
#[function]
fn delete(apply: &Apply<'_>, key: String) -> Result<Map> {
    set(apply, key, Value::Null, true, true, DELIMITER.into())
}

/// Whether a value is one that `grains.set` calls complex.
fn complex(value: &Value) -> bool {
    matches!(value, Value::Map(_) | Value::List(_))
}

/// Sets a grain at a path, and refuses to overwrite lists and maps unless forced to.
///
/// CLI Example:
///
/// ```text
/// salt '*' grains.set 'apps:myApp:port' 2209
/// salt '*' grains.set 'apps:myApp' '{port: 2209}' force=True
/// ```
#[function]
fn set(
    apply: &Apply<'_>,
    /// The path.
    key: String,
    /// The value.
    #[default("".into())]
    val: Value,
    /// Overwrite lists and maps.
    #[default(false)]
    force: bool,
    /// Remove the name if the value is `None`.
    #[default(false)]
    destructive: bool,
    #[default(":".into())] delimiter: String,
) -> Result<Map> {
    let said = |result: bool, comment: String, changes: Value| {
        map! { "comment" => comment, "changes" => changes, "result" => result }
    };
    let none = || Value::from(Map::new());
    let all = current(apply);
    let old = all.traverse(&key, &delimiter).cloned();
    if old.as_ref() == Some(&val) && (!val.is_null() || !destructive) {
        return Ok(said(true, "Grain is already set".into(), none()));
    }
    let held = old.as_ref().filter(|old| !old.is_null());
    if let (Some(held), false) = (held, force) {
        let what = if complex(held) {
            "but is a dict or a list"
        } else if complex(&val) {
            "and the given value is a dict or a list"
        } else {
            ""
        };
        if !what.is_empty() {
            let text = format!("The key '{key}' exists {what}. Use 'force=True' to overwrite.");
            return Ok(said(false, text, none()));
        }
    }
    let (key, value) = match place(&all, &key, val, force, destructive, &delimiter) {
        Ok(placed) => placed,
        Err(text) => return Ok(said(false, text, none())),
    };
    Ok(match setval(apply, key.into(), value, destructive, true)? {
        changes @ Value::Map(_) => said(true, String::new(), changes),
        text => said(false, text.to_string(), none()),
    })
}

/// Puts a value at a path: into maps, into lists of names, over an equal name.
fn place(
    all: &Value,
    key: &str,
    value: Value,
    force: bool,
    destructive: bool,
    delimiter: &str,
) -> Result<(String, Value), String> {
    let (mut key, mut value) = (key.to_owned(), value);
    while let Some((before, last)) = key.rsplit_once(delimiter).filter(|_| !delimiter.is_empty()) {
        let last = Value::str(last);
        value = match all.traverse(before, delimiter).cloned().unwrap_or(Map::new().into()) {
            Value::Map(map) => {
                let mut map = Arc::unwrap_or_clone(map);
                if value.is_null() && destructive {
                    map.shift_remove(&last);
                } else {
                    map.insert(last, value);
                }
                map.into()
            }
            Value::List(items) => in_list(&items, &last, &value),
            held if held == last || force => Map::from_iter([(last, value)]).into(),
            held => {
                return Err(format!(
                    "The key '{before}' value is '{held}', which is different from the provided \
                     key '{last}'. Use 'force=True' to overwrite."
                ));
            }
        };
        key = before.to_owned();
    }
    Ok((key, value))
}

fn in_list(items: &[Value], name: &Value, value: &Value) -> Value {
    let mut items = items.to_vec();
    let mut updated = false;
    for item in &mut items {
        if item == name {
            *item = Map::from_iter([(name.clone(), value.clone())]).into();
            updated = true;
        } else if let Some(map) = item.as_map_mut().filter(|map| map.contains_key(name)) {
            map.insert(name.clone(), value.clone());
            updated = true;
        }
    }
    if !updated {
        items.push(Map::from_iter([(name.clone(), value.clone())]).into());
    }
    items.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(key: &str, value: impl Into<Value>, force: bool, want: &str) {
        let all = Value::from(map! {
            "a" => map! {"b" => 1}, "list" => vec!["x", "y"], "text" => "t",
        });
        let got = match place(&all, key, value.into(), force, true, ":") {
            Ok((key, value)) => format!("{key} {value}"),
            Err(text) => text,
        };
        assert_eq!(got, want);
    }

    #[test]
    fn values_find_their_place() {
        check("n", 1, false, "n 1");
        check("a:c", 2, false, "a {'b': 1, 'c': 2}");
        check("a:b", (), false, "a {}");
        check("n:m:o", 2, false, "n {'m': {'o': 2}}");
        check("list:x", 1, false, "list [{'x': 1}, 'y']");
        check("list:z", 1, false, "list ['x', 'y', {'z': 1}]");
        check("text:t", 1, false, "text {'t': 1}");
        check(
            "text:u",
            1,
            false,
            "The key 'text' value is 't', which is different from the provided key 'u'. Use \
             'force=True' to overwrite.",
        );
        check("text:u", 1, true, "text {'u': 1}");
    }
}
