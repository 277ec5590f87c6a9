//! `minion_blackout`: while pillar or grains say so, the minion runs next to nothing of what a master
//! sends. Salt: `Minion._execute_job_function` behaviour. Jobs of the schedule go on, as in Salt.

use halite_core::{Map, Value};

use crate::Engine;

/// The function by which a blackout is ended.
const ALWAYS: &str = "saltutil.refresh_pillar";
/// Salt's text of a refusal.
const REFUSAL: &str = "Minion in blackout mode. Set 'minion_blackout' to False in pillar or grains to resume \
                       operations. Only saltutil.refresh_pillar allowed in blackout mode.";

/// Why `fun` is not run now, if it is not.
pub(crate) fn refusal(engine: &Engine, fun: &str) -> Option<String> {
    let shut = |data: &Map| fun != ALWAYS && is_on(data) && !is_listed(data, fun);
    (shut(&engine.pillar) || shut(&engine.machine.grains)).then(|| REFUSAL.to_owned())
}

fn is_on(data: &Map) -> bool {
    data.get("minion_blackout").is_some_and(Value::truthy)
}

fn is_listed(data: &Map, fun: &str) -> bool {
    match data.get("minion_blackout_whitelist") {
        Some(Value::List(names)) => names.iter().any(|name| name.as_str() == Some(fun)),
        // A text with a name in it counts as a list of it.
        Some(Value::Str(names)) => names.contains(fun),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use halite_core::map;

    use super::*;

    #[test]
    fn a_list_lets_functions_through() {
        let data =
            map! {"minion_blackout" => true, "minion_blackout_whitelist" => vec!["test.ping"]};
        assert!(is_on(&data) && is_listed(&data, "test.ping") && !is_listed(&data, "test.fib"));
        assert!(!is_on(&map! {"minion_blackout" => false}) && !is_on(&Map::new()));
        assert!(!is_listed(&Map::new(), "test.ping"));
    }
}
