//! `filter_by`: a part of a table, chosen by a grain or pillar value. Salt: `salt.utils.data`.

use halite_core::value::SubPath;
use halite_core::{Error, Map, Result, Value};

use super::{glob_regex, merge};

/// Picks the entry of `table` whose key (a glob) matches the value at `path` in `data`, joins it
/// over `base` and `merged` over that.
///
/// # Errors
/// Salt's texts if `merged` is no map, or entry and base do not fit.
pub fn filter_by(
    table: &Map,
    path: &str,
    data: &Map,
    merged: &Value,
    default: &Value,
    base: &Value,
) -> Result<Value> {
    let data = Value::from(data.clone());
    let value = data.traverse(path, ":").cloned().unwrap_or(Value::list([]));
    let values = match &value {
        Value::List(items) => items.to_vec(),
        one => vec![one.clone()],
    };
    let matching = |text: &Value| {
        let text = text.to_string();
        let fits = |key: &Value| glob_regex(&key.to_string()).is_some_and(|r| r.is_match(&text));
        table.iter().find(|(key, _)| fits(key)).map(|(_, entry)| entry.clone())
    };
    let mut chosen = values.iter().find_map(|text| matching(text).filter(|entry| !entry.is_null()));
    if chosen.is_none() {
        chosen = table.get(default).filter(|entry| !entry.is_null()).cloned();
    }
    if let Some(under) = table.get(base).filter(|_| base.truthy()) {
        chosen = match (under, chosen) {
            (under, None) => Some(under.clone()),
            (Value::Map(under), Some(Value::Map(over))) => {
                Some(joined(under, (*over).clone()).into())
            }
            (Value::Map(_), Some(_)) => {
                let what = "filter_by default and look-up values must both be dictionaries.";
                return Err(Error::execution(what));
            }
            (_, chosen) => chosen,
        };
    }
    if merged.truthy() {
        let Value::Map(over) = merged else {
            return Err(Error::execution("filter_by merge argument must be a dictionary."));
        };
        chosen = match chosen {
            None => Some(merged.clone()),
            Some(Value::Map(under)) => Some(joined(&under, (**over).clone()).into()),
            Some(other) => {
                let what =
                    format!("Cannot update using non-dict types in dictupdate.update(): {other}");
                return Err(Error::execution(what));
            }
        };
    }
    Ok(chosen.unwrap_or_default())
}

fn joined(under: &Map, over: Map) -> Map {
    let mut out = under.clone();
    merge::update(&mut out, over, merge::Lists::Replace);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use halite_core::map;

    #[track_caller]
    fn check(merged: Value, default: &str, base: &str, want: &str) {
        let table = map! {
            "Debian" => map! {"pkg" => "apache2", "conf" => map! {"a" => 1}},
            "Red*" => map! {"pkg" => "httpd"},
            "default" => map! {"pkg" => "none"},
        };
        let grains = map! {"os_family" => "Debian"};
        let (default, base) = (Value::str(default), Value::str(base));
        let got = filter_by(&table, "os_family", &grains, &merged, &default, &base);
        assert_eq!(got.map(|v| v.repr()).unwrap_or_else(|e| e.to_string()), want);
    }

    #[test]
    fn entries_are_chosen_and_joined() {
        check(Value::Null, "default", "", "{'pkg': 'apache2', 'conf': {'a': 1}}");
        let over = map! {"conf" => map! {"b" => 2}};
        check(over.into(), "default", "", "{'pkg': 'apache2', 'conf': {'a': 1, 'b': 2}}");
        check("x".into(), "default", "", "filter_by merge argument must be a dictionary.");
        let table = map! {"a" => 1, "default" => 2};
        let none = map! {};
        let got = filter_by(&table, "x", &none, &Value::Null, &"default".into(), &Value::Null);
        assert_eq!(got.ok(), Some(Value::Int(2)));
    }
}
