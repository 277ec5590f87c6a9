//! Whether a run as a whole went well.

use halite_core::{Map, Value};

/// Whether the returns of a run are all right: no state failed, or those that did have handlers
/// (`onfail` with `onfail_stop: False`) which ran and did not fail. Nothing at all is not right.
/// Salt: `salt.utils.state.check_result` behaviour.
pub fn check_result(returns: &Map, high: Option<&Map>) -> bool {
    !returns.is_empty() && returns.iter().all(|(tag, ret)| fine(tag, ret, returns, high))
}

fn fine(tag: &Value, ret: &Value, returns: &Map, high: Option<&Map>) -> bool {
    let Some(ret) = ret.as_map() else { return false };
    let failed = match ret.get("result") {
        Some(result) => result.as_bool() == Some(false),
        None => !nested(ret),
    };
    !failed || handled(&tag.to_string(), returns, high).unwrap_or(false)
}

/// A mapping without `result`: all mappings in it must be fine.
fn nested(ret: &Map) -> bool {
    !ret.is_empty()
        && ret.values().filter_map(Value::as_map).all(|inner| match inner.get("result") {
            Some(result) => result.as_bool() != Some(false),
            None => nested(inner),
        })
}

/// Whether the handlers of a failed state did their work; `None` if there are none.
fn handled(tag: &str, returns: &Map, high: Option<&Map>) -> Option<bool> {
    let mut parts = tag.split("_|-");
    let (state, id) = (parts.next()?, parts.next()?);
    let mut outcome = None;
    for (handler, body) in high? {
        if handler.as_str() == Some(id) {
            continue;
        }
        for (module, args) in body.as_map().into_iter().flatten() {
            let args = args.as_list().unwrap_or_default();
            if !handles(args, state, id) {
                continue;
            }
            let wanted = format!("{module}_|-{handler}_|-");
            for (other, ret) in returns {
                if other.as_str().is_some_and(|other| other.starts_with(&wanted)) {
                    let result = ret.get("result").and_then(Value::as_bool);
                    outcome = result.or(outcome);
                    if result == Some(false) {
                        break;
                    }
                }
            }
            outcome = outcome.or(Some(false));
        }
    }
    outcome
}

fn handles(args: &[Value], state: &str, id: &str) -> bool {
    let handled = |arg: &Value| arg.get("onfail_stop").and_then(Value::as_bool) == Some(false);
    let names = |arg: &Value| {
        let items = arg.get("onfail").and_then(Value::as_list).unwrap_or_default();
        let mut pairs = items.iter().filter_map(Value::as_map).flatten();
        pairs.any(|(module, name)| module.as_str() == Some(state) && name.as_str() == Some(id))
    };
    args.iter().any(handled) && args.iter().any(names)
}

/// What stands in place of what is not to be shown.
const MASKED: &str = "**********";

/// Hides name, comment and changes of a return (`no_log: True`): every scalar that says something.
pub(crate) fn mask(ret: &mut Map) {
    for key in ["name", "comment", "changes"] {
        if let Some(value) = ret.get_mut(key) {
            mask_value(value);
        }
    }
}

fn mask_value(value: &mut Value) {
    match value {
        Value::Map(_) => {
            value.as_map_mut().into_iter().flatten().for_each(|(_, member)| mask_value(member));
        }
        Value::List(_) => value.as_list_mut().into_iter().flatten().for_each(mask_value),
        scalar if scalar.truthy() => *scalar = MASKED.into(),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use halite_core::map;

    #[test]
    fn a_handled_failure_is_none() {
        let ret = |result: bool| map! {"result" => result};
        let returns = map! {"test_|-a_|-a_|-fail" => ret(false), "test_|-b_|-b_|-nop" => ret(true)};
        assert!(!check_result(&returns, None));
        let args = vec![
            Value::from("nop"),
            map! {"onfail" => vec![map!{"test" => "a"}]}.into(),
            map! {"onfail_stop" => false}.into(),
        ];
        let high = map! {"a" => map!{"test" => vec!["fail"]}, "b" => map!{"test" => args}};
        assert!(check_result(&returns, Some(&high)));
        assert!(!check_result(&Map::new(), None));
        let none = map! {"x" => map!{"result" => ()}};
        assert!(check_result(&none, None));
    }
}
