//! `exclude`: taking IDs and whole sls files out of the high data.

use std::collections::HashSet;

use halite_core::glob::fnmatch;
use halite_core::{Map, Value};

use super::high::{HighData, is_internal, text};

/// Removes what the `exclude` entries name. Salt: `State.apply_exclude` behaviour.
pub fn apply_exclude(high: &mut HighData) {
    let entries = std::mem::take(&mut high.exclude);
    let mut sls: Vec<String> = Vec::new();
    let mut ids: HashSet<Value> = HashSet::new();
    for entry in &entries {
        match entry {
            Value::Str(name) => sls.push(name.to_string()),
            Value::Map(map) if map.len() == 1 => match map.first() {
                Some((key, value)) if key.as_str() == Some("sls") => sls.push(value.to_string()),
                Some((key, value)) if key.as_str() == Some("id") => drop(ids.insert(value.clone())),
                _ => {}
            },
            _ => {}
        }
    }
    if ids.is_empty() && sls.is_empty() {
        return;
    }
    high.ids.retain(|id, body| {
        let of_sls = body.as_map().and_then(|body: &Map| text(body, "__sls__"));
        let by_sls = !is_internal(id)
            && of_sls.is_some_and(|name| sls.iter().any(|pattern| fnmatch(name, pattern)));
        !by_sls && !ids.contains(id)
    });
}

/// The sls names that `exclude` entries name, for extends which come from them.
pub(crate) fn excluded_sls(entries: &[Value]) -> HashSet<String> {
    let name = |entry: &Value| match entry {
        Value::Str(name) => Some(name.to_string()),
        Value::Map(map) => map.get("sls").filter(|v| v.truthy()).map(Value::to_string),
        _ => None,
    };
    entries.iter().filter_map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use halite_core::map;

    #[test]
    fn ids_and_sls_globs_go() {
        let body = |sls: &str| map! {"test" => vec![Value::from("nop")], "__sls__" => sls};
        let mut high = HighData {
            ids: map! {"a" => body("x.y"), "b" => body("z"), "c" => body("z")},
            exclude: vec!["x.*".into(), map! {"id" => "c"}.into()],
            ..HighData::default()
        };
        apply_exclude(&mut high);
        assert_eq!(high.ids.keys().collect::<Vec<_>>(), [&Value::from("b")]);
        assert!(high.exclude.is_empty());
    }
}
