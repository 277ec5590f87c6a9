//! `grains`: what is known of the machine, read and (for static grains) written.
//! Salt: `salt/modules/grains.py` behaviour.

use halite_core::value::{DELIMITER, SubPath};
use halite_core::{Context, ExecModule, Map, Result, Value, function};

use crate::support::filter;

/// The module.
pub static MODULE: ExecModule =
    ExecModule::new("grains", &[&GET, &HAS_VALUE, &ITEMS, &ITEM, &LS, &FILTER_BY, &EQUALS, &FETCH]);

/// Looks a path up in the grains.
fn at<'a>(grains: &'a Value, key: &Value, delimiter: &str) -> Option<&'a Value> {
    grains.traverse(&key.to_string(), delimiter)
}

/// Gives one grain, or a default; `a:b` goes into nested ones.
///
/// CLI Example:
///
/// ```text
/// salt '*' grains.get os_family
/// salt '*' grains.get ip4_interfaces:eth0 default='[]'
/// ```
#[function]
fn get(
    cx: &Context<'_>,
    /// The grain's name or path.
    key: Value,
    /// What to give if there is none.
    #[default("".into())]
    default: Value,
    /// What separates the parts of a path.
    #[default(":".into())]
    delimiter: String,
    #[default(true)] _ordered: bool,
) -> Value {
    let grains = now(cx);
    at(&grains, &key, &delimiter).cloned().unwrap_or(default)
}

/// The grains, with those that this job has set.
fn now(cx: &Context<'_>) -> Value {
    let Some(Value::Map(set)) = cx.job.note(super::write::SET_BY_JOB) else {
        return Value::from(cx.grains.clone());
    };
    let mut grains = (**cx.grains).clone();
    for (key, held) in set.iter() {
        match held.as_list().and_then(<[Value]>::first) {
            Some(value) => drop(grains.insert(key.clone(), value.clone())),
            None => drop(grains.shift_remove(key)),
        }
    }
    grains.into()
}

/// Gives the grain at a path, or a default. The same as `grains.get` under another name.
///
/// CLI Example:
///
/// ```text
/// salt '*' grains.fetch os_family
/// ```
#[function]
fn fetch(
    cx: &Context<'_>,
    key: Value,
    #[default("".into())] default: Value,
    #[default(":".into())] delimiter: String,
    #[default(true)] ordered: bool,
) -> Value {
    get(cx, key, default, delimiter, ordered)
}

/// Whether there is such a grain, whatever its value.
///
/// CLI Example:
///
/// ```text
/// salt '*' grains.has_value pkg:apache
/// ```
#[function]
fn has_value(cx: &Context<'_>, key: Value) -> bool {
    at(&Value::from(cx.grains.clone()), &key, DELIMITER).is_some()
}

/// Gives all grains.
///
/// CLI Example:
///
/// ```text
/// salt '*' grains.items
/// salt '*' grains.items sanitize=True
/// ```
#[function]
fn items(
    cx: &Context<'_>,
    /// Put placeholders in place of serial numbers and names.
    #[default(false)]
    sanitize: bool,
) -> Map {
    let mut all = (**cx.grains).clone();
    if sanitize {
        sanitized(&mut all);
    }
    all
}

/// Gives some grains.
///
/// CLI Example:
///
/// ```text
/// salt '*' grains.item os osrelease oscodename
/// salt '*' grains.item host sanitize=True
/// ```
#[function]
fn item(
    cx: &Context<'_>,
    /// Their names or paths.
    #[args]
    names: Vec<Value>,
    /// `default`, `delimiter`, `sanitize`.
    #[kwargs]
    kwargs: Map,
) -> Map {
    let default = kwargs.get("default").cloned().unwrap_or_else(|| "".into());
    let delimiter = kwargs.get("delimiter").map_or(DELIMITER.into(), Value::to_string);
    let grains = Value::from(cx.grains.clone());
    let value = |name: &Value| at(&grains, name, &delimiter).unwrap_or(&default).clone();
    let mut found: Map = names.iter().map(|name| (name.clone(), value(name))).collect();
    if kwargs.get("sanitize").is_some_and(Value::truthy) {
        sanitized(&mut found);
    }
    found
}

/// Hides what tells one machine from another.
fn sanitized(grains: &mut Map) {
    if let Some(serial) = grains.get_mut("serialnumber") {
        let text: Vec<char> = serial.to_string().chars().collect();
        let shown = text.len() * 3 / 4;
        let hidden = "X".repeat(text.len() - shown);
        *serial = (text[..shown].iter().collect::<String>() + &hidden).into();
    }
    let fixed = [
        ("domain", "DOMAINNAME"),
        ("fqdn", "MINION.DOMAINNAME"),
        ("host", "MINION"),
        ("localhost", "MINION"),
        ("nodename", "MINION"),
    ];
    for (name, text) in fixed {
        if let Some(grain) = grains.get_mut(name) {
            *grain = text.into();
        }
    }
}

/// Lists the names of all grains.
///
/// CLI Example:
///
/// ```text
/// salt '*' grains.ls
/// ```
#[function]
fn ls(cx: &Context<'_>) -> Vec<String> {
    let mut names: Vec<String> = cx.grains.keys().map(Value::to_string).collect();
    names.sort();
    names
}

/// Picks an entry of a table by a grain; the table's keys are globs.
///
/// CLI Example:
///
/// ```text
/// salt '*' grains.filter_by '{Debian: Debheads rule, RedHat: I love my hat}'
/// salt '*' grains.filter_by '{default: {A: {B: C}}, F: {A: {B: G}}}' 'xxx' '{A: {B: D}}' 'F' 'default'
/// ```
#[function]
fn filter_by(
    cx: &Context<'_>,
    /// The table.
    lookup_dict: Map,
    /// The grain's name or path.
    #[default("os_family".into())]
    grain: String,
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
    filter::filter_by(&lookup_dict, &grain, cx.grains, &merge, &default, &base)
}

/// Whether a grain has this value, both taken as text.
///
/// CLI Example:
///
/// ```text
/// salt '*' grains.equals systemd:version 219
/// ```
#[function]
fn equals(cx: &Context<'_>, key: Value, value: Value) -> bool {
    let grains = Value::from(cx.grains.clone());
    at(&grains, &key, DELIMITER).map_or(String::new(), Value::to_string) == value.to_string()
}
