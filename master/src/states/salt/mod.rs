//! What the files of `salt` share.

use halite_core::{Map, Value};

/// Minions whose failure does not count: a list, or a comma separated text. The warning, if it is neither.
pub(crate) fn fail_minions(given: &Value) -> (Vec<String>, Option<&'static str>) {
    match given {
        Value::Null => (Vec::new(), None),
        Value::Str(text) => (text.split(',').map(|id| id.trim().to_owned()).collect(), None),
        Value::List(ids) => (ids.iter().map(Value::to_string).collect(), None),
        _ => {
            let what = "'fail_minions' needs to be a list or a comma separated string. Ignored.";
            (Vec::new(), Some(what))
        }
    }
}

/// Keyword arguments of `saltutil.cmd` that are given only when they say something.
pub(crate) fn put(named: &mut Map, name: &str, value: &Value) {
    if value.truthy() {
        named.insert(name.into(), value.clone());
    }
}

/// The job that came of it, as far as the returns tell.
pub(crate) fn jid_of(returned: &Map) -> Option<Value> {
    returned.values().next()?.get("jid").cloned()
}
