//! `ini`: options and sections of INI files. Salt: `salt/states/ini_manage.py` behaviour.

use std::path::{Path, PathBuf};

use halite_core::{
    Changes, Context, Error, Map, Outcome, Result, StateModule, Value, Verdict, map, state,
};

use crate::support::ini::Ini;

/// The module.
pub static MODULE: StateModule = StateModule::new(
    "ini",
    &[&OPTIONS_PRESENT, &OPTIONS_ABSENT, &SECTIONS_PRESENT, &SECTIONS_ABSENT],
);

/// The file as it is; a missing one is empty.
fn read(cx: &Context<'_>, path: &Path, separator: &str, no_spaces: bool) -> Result<Ini> {
    let text = if cx.host.exists(path) { cx.host.read(path)? } else { Vec::new() };
    Ok(Ini::parse(&String::from_utf8_lossy(&text), separator, no_spaces))
}

/// Writes the edited file if `changes` says that there are any.
fn settle<'a>(path: PathBuf, ini: Ini, would: Outcome, changes: Changes) -> Verdict<'a> {
    Verdict::change(would, move |apply| {
        if changes.is_empty() {
            return Ok(Outcome::new(Some(true), "No anomaly detected"));
        }
        apply.host.write_atomic(&path, ini.to_text().as_bytes(), None)?;
        Ok(Outcome::done("Changes take effect", changes))
    })
}

fn prediction(comment: String, changing: bool) -> Outcome {
    Outcome { result: if changing { None } else { Some(true) }, comment, ..Outcome::default() }
}

/// Sets options; those above all sections are given without a section.
///
/// ```yaml
/// /home/saltminion/api-paste.ini:
///   ini.options_present:
///     - separator: '='
///     - sections:
///         test:
///           testkey: 'testval'
/// ```
#[state]
fn options_present<'a>(
    cx: &Context<'a>,
    name: String,
    #[default(Map::new())] sections: Map,
    #[default("=".into())] separator: String,
    /// Whether other options of these sections, and other sections, are to go.
    #[default(false)]
    strict: bool,
    #[default(Value::Null)] _encoding: Value,
    #[default(false)] no_spaces: bool,
) -> Result<Verdict<'a>> {
    let path = PathBuf::from(&name);
    let mut ini = read(cx, &path, &separator, no_spaces)?;
    let mut changes = Changes::new();
    let mut told = String::new();
    if strict && !sections.is_empty() {
        remove_others(&mut ini, &sections, &mut changes, &mut told);
    }
    for (key, value) in sections.iter().filter(|(_, value)| value.as_map().is_none()) {
        let changed = ini.set_top(&key.to_string(), &value.to_string());
        let verb = if changed.is_some() { "Changed" } else { "Unchanged" };
        told += &format!("{verb} key {key}.\n");
        changes.extend(changed.map(|changed| (key.clone(), changed.into())));
    }
    for (section, options) in sections.iter().filter_map(|(s, o)| Some((s, o.as_map()?))) {
        let place = if section.truthy() { format!(" in section {section}") } else { String::new() };
        for (key, value) in options {
            let now = ini.get(Some(&section.to_string()), &key.to_string());
            let verb = if now == Some(&value.to_string()) { "Unchanged" } else { "Changed" };
            told += &format!("{verb} key {key}{place}.\n");
        }
        let mut of_section = ini.set(&section.to_string(), options);
        if let Some(Value::Map(before)) = changes.shift_remove(section) {
            of_section.extend(before.iter().map(|(key, value)| (key.clone(), value.clone())));
        }
        if !of_section.is_empty() {
            changes.insert(section.clone(), of_section.into());
        }
    }
    let would = prediction(told, !changes.is_empty());
    Ok(settle(path, ini, would, changes))
}

/// Removes what `strict` does not allow.
fn remove_others(ini: &mut Ini, sections: &Map, changes: &mut Changes, told: &mut String) {
    for (key, old) in ini.options(None) {
        if sections.get(&key).is_none_or(|value| value.as_map().is_some()) {
            ini.remove(None, &key.to_string());
            *told += &format!("Removed key {key}.\n");
            changes.insert(key, map! {"before" => old, "after" => ()}.into());
        }
    }
    for name in ini.sections() {
        let wanted = sections.get(name.as_str()).and_then(Value::as_map);
        let Some(wanted) = wanted else {
            let old = ini.remove_section(&name).unwrap_or_default();
            *told += &format!("Removed section {name}.\n");
            changes.insert(name.into(), map! {"before" => old, "after" => ()}.into());
            continue;
        };
        let mut of_section = Map::new();
        for (key, old) in ini.options(Some(&name)) {
            if !wanted.contains_key(&key) {
                ini.remove(Some(&name), &key.to_string());
                *told += &format!("Deleted key {key} in section {name}.\n");
                of_section.insert(key, map! {"before" => old, "after" => ()}.into());
            }
        }
        if !of_section.is_empty() {
            changes.insert(name.into(), of_section.into());
        }
    }
}

/// Removes options.
#[state]
fn options_absent<'a>(
    cx: &Context<'a>,
    name: String,
    #[default(Map::new())] sections: Map,
    #[default("=".into())] separator: String,
    #[default(Value::Null)] _encoding: Value,
) -> Result<Verdict<'a>> {
    let path = PathBuf::from(&name);
    let mut ini = read(cx, &path, &separator, false)?;
    let mut changes = Changes::new();
    let mut told = String::new();
    for (section, keys) in &sections {
        let Some(keys) = keys.as_list() else {
            match ini.remove(None, &section.to_string()) {
                Some(old) => {
                    told += &format!("Deleted key {section}.\n");
                    changes.insert(section.clone(), old.into());
                }
                None => told += &format!("Key {section} does not exist.\n"),
            }
            continue;
        };
        let mut removed = Map::new();
        for key in keys {
            let old = ini.remove(Some(&section.to_string()), &key.to_string());
            match old.filter(|old| !old.is_empty()) {
                Some(old) => {
                    told += &format!("Deleted key {key} in section {section}.\n");
                    removed.insert(key.clone(), old.into());
                }
                None => told += &format!("Key {key} in section {section} does not exist.\n"),
            }
        }
        if !removed.is_empty() {
            changes.insert(section.clone(), removed.into());
        }
    }
    if told.is_empty() {
        told = "No changes detected.".into();
    }
    let would = prediction(told, !changes.is_empty());
    Ok(settle(path, ini, would, changes))
}

fn names(sections: &Value) -> Vec<String> {
    match sections {
        Value::Map(map) => map.keys().map(Value::to_string).collect(),
        Value::List(items) => items.iter().map(Value::to_string).collect(),
        _ => Vec::new(),
    }
}

/// Predicts missing sections. Making them is refused as in Salt 3008, where the call behind this
/// state cannot be made: `ini.options_present` makes sections along with their options.
#[state]
fn sections_present<'a>(
    cx: &Context<'a>,
    name: String,
    #[default(Value::Null)] sections: Value,
    #[default("=".into())] separator: String,
    #[default(Value::Null)] _encoding: Value,
) -> Result<Verdict<'a>> {
    let ini = read(cx, &PathBuf::from(&name), &separator, false)?;
    let have = ini.sections();
    let mut told = String::new();
    let mut changing = false;
    for section in names(&sections) {
        if have.contains(&section) {
            told += &format!("Section unchanged {section}.\n");
        } else {
            told += &format!("Created new section {section}.\n");
            changing = true;
        }
    }
    if told.is_empty() {
        told = "No changes detected.".into();
    }
    Ok(Verdict::change(prediction(told, changing), |_| {
        let what = "ini.sections_present cannot make sections; give them with their options to \
                    ini.options_present";
        Err(Error::execution(what))
    }))
}

/// Removes sections with all their options.
#[state]
fn sections_absent<'a>(
    cx: &Context<'a>,
    name: String,
    #[default(Value::Null)] sections: Value,
    #[default("=".into())] separator: String,
    #[default(Value::Null)] _encoding: Value,
) -> Result<Verdict<'a>> {
    let path = PathBuf::from(&name);
    let mut ini = read(cx, &path, &separator, false)?;
    let mut changes = Changes::new();
    let mut told = String::new();
    for section in names(&sections) {
        match ini.remove_section(&section) {
            Some(old) => {
                told += &format!("Deleted section {section}.\n");
                changes.insert(section.into(), old.into());
            }
            None => told += &format!("Section {section} does not exist.\n"),
        }
    }
    if told.is_empty() {
        told = "No changes detected.".into();
    }
    let would = prediction(told, !changes.is_empty());
    Ok(settle(path, ini, would, changes))
}
