//! Who may call what: `publisher_acl`, `publisher_acl_blacklist`, `peer`, `peer_run`. Pure.
//! Salt: `salt.utils.minions.CkMinions.auth_check`, `salt.acl.PublisherACL` behaviour; every name is matched
//! whole, and of a compound call every function must be granted.

use std::collections::BTreeSet;

use halite_core::{Map, Value};

use crate::autosign::expr_match;

/// Who asks for a publish, and what of.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The functions with their arguments.
    pub calls: &'a [(String, Vec<Value>)],
    /// The minions that would be reached.
    pub minions: &'a [String],
    /// Whether the functions that ask for running jobs need no grant: so for users, not for minions.
    pub may_watch: bool,
}

/// Whether a grant's target, a compound expression, means a minion.
pub type Reach<'a> = &'a dyn Fn(&str, &str) -> bool;

/// Functions everybody who may publish at all can call: the client asks with it who still works.
const ALWAYS: [&str; 1] = ["saltutil.find_job"];

/// Whether `user` or the function is on `publisher_acl_blacklist`.
pub fn blacklisted(blacklist: &Map, user: &str, calls: &[(String, Vec<Value>)]) -> bool {
    let listed = |key: &str, name: &str| {
        let items = blacklist.get(key).and_then(Value::as_list).unwrap_or_default();
        items.iter().filter_map(Value::as_str).any(|item| expr_match(item, name))
    };
    listed("users", user) || calls.iter().any(|(fun, _)| listed("modules", fun))
}

/// The grants of `user` in `publisher_acl`, whose keys are user names or expressions. An empty list is no grant.
pub fn grants_of(publisher_acl: &Map, user: &str) -> Vec<Value> {
    let mut grants = Vec::new();
    for (name, list) in publisher_acl {
        if name.as_str().is_some_and(|name| expr_match(name, user)) {
            match list {
                Value::List(items) => grants.extend(items.iter().cloned()),
                single => grants.push(single.clone()),
            }
        }
    }
    grants
}

/// The targets for which the grants name functions, each once. `@runner` and `@wheel` grants are for the master's own
/// functions.
pub fn targets_of(grants: &[Value]) -> BTreeSet<&str> {
    let maps = grants.iter().filter_map(Value::as_map);
    let names = maps.flat_map(|map| map.iter().filter_map(|(target, _)| target.as_str()));
    names.filter(|target| !target.starts_with('@')).collect()
}

/// Whether the grants cover every call on every minion. A grant is a function's name, or a map from a target
/// (a compound expression) to functions, each of them a name or a map with `args` and `kwargs` patterns.
pub fn allows(grants: &[Value], wanted: Wanted<'_>, reach: Reach<'_>) -> bool {
    let granted = |id: &String, fun: &str, args: &[Value]| {
        grants.iter().any(|grant| covers(grant, id, fun, args, reach))
    };
    !wanted.calls.is_empty()
        && wanted.calls.iter().all(|(fun, args)| {
            (wanted.may_watch && ALWAYS.contains(&fun.as_str()))
                || (!wanted.minions.is_empty()
                    && wanted.minions.iter().all(|id| granted(id, fun, args)))
        })
}

fn covers(grant: &Value, id: &str, fun: &str, args: &[Value], reach: Reach<'_>) -> bool {
    match grant {
        Value::Str(name) => expr_match(name, fun),
        Value::Map(targets) => targets.iter().any(|(target, functions)| {
            let target = target.as_str().filter(|target| !target.starts_with('@'));
            target.is_some_and(|target| reach(target, id)) && any(functions, fun, args)
        }),
        _ => false,
    }
}

fn any(functions: &Value, fun: &str, args: &[Value]) -> bool {
    match functions {
        Value::List(items) => items.iter().any(|item| any(item, fun, args)),
        Value::Str(name) => expr_match(name, fun),
        Value::Map(named) => named.iter().any(|(name, conditions)| {
            name.as_str().is_some_and(|name| expr_match(name, fun))
                && arguments_fit(conditions, args)
        }),
        _ => false,
    }
}

/// Every pattern must be met by the argument in its place, as text.
fn arguments_fit(conditions: &Value, args: &[Value]) -> bool {
    let fits = |pattern: &Value, value: Option<&Value>| match (pattern, value) {
        (Value::Null, _) => true,
        (pattern, Some(value)) => expr_match(&pattern.to_string(), &value.to_string()),
        (_, None) => false,
    };
    let kwarg = |arg: &&Value| arg.get("__kwarg__").is_some_and(Value::truthy);
    let positional: Vec<&Value> = args.iter().filter(|arg| !kwarg(arg)).collect();
    let patterns = conditions.get("args").and_then(Value::as_list).unwrap_or_default();
    let named = conditions.get("kwargs").and_then(Value::as_map);
    patterns.iter().enumerate().all(|(i, pattern)| fits(pattern, positional.get(i).copied()))
        && named.is_none_or(|named| {
            named.iter().all(|(name, pattern)| {
                let value = name
                    .as_str()
                    .and_then(|name| args.iter().filter(kwarg).find_map(|arg| arg.get(name)));
                fits(pattern, value)
            })
        })
}

/// Whether option `peer_run` lets minion `id` run all of these functions.
pub fn peer_allows(peer: &Map, id: &str, functions: &[String]) -> bool {
    let granted = peer_grants(peer, id);
    let names = granted.iter().filter_map(Value::as_str);
    !functions.is_empty()
        && functions.iter().all(|fun| names.clone().any(|grant| expr_match(grant, fun)))
}

/// What option `peer` (or `peer_run`) grants to minion `id`, in the form of [`allows`].
pub fn peer_grants(peer: &Map, id: &str) -> Vec<Value> {
    let matching =
        peer.iter().filter(|(who, _)| who.as_str().is_some_and(|who| expr_match(who, id)));
    matching.filter_map(|(_, list)| list.as_list()).flatten().cloned().collect()
}

/// The runner or wheel functions (`kind` is `runner` or `wheel`) that these grants hold. Salt: `runner_check`.
pub fn allows_on_master(grants: &[Value], kind: &str, fun: &str, kwarg: &Map) -> bool {
    let all = format!("@{kind}");
    let plural = format!("@{kind}s");
    let own = format!("@{}", fun.split('.').next().unwrap_or_default());
    let named = [Value::from(kwarg.clone())];
    grants.iter().any(|grant| match grant {
        Value::Str(name) => **name == *all || **name == *plural || **name == *own,
        Value::Map(targets) => targets.iter().any(|(target, functions)| match target.as_str() {
            Some(target) if target == all || target == plural => any(functions, fun, &named),
            Some(target) if target == own => {
                any(functions, fun.split_once('.').map_or("", |(_, name)| name), &named)
            }
            _ => false,
        }),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use halite_core::map;

    fn ask(grants: &Value, funs: &[&str], minions: &[&str]) -> bool {
        let calls: Vec<_> = funs.iter().map(|fun| (fun.to_string(), vec!["x".into()])).collect();
        let minions: Vec<String> = minions.iter().map(ToString::to_string).collect();
        let grants = grants.as_list().expect("a list");
        let reach =
            |target: &str, id: &str| target == "*" || id.starts_with(target.trim_end_matches('*'));
        allows(grants, Wanted { calls: &calls, minions: &minions, may_watch: true }, &reach)
    }

    #[test]
    fn every_function_on_every_minion_must_be_granted() {
        let names = Value::list(["test.*".into(), "network.ping".into()]);
        assert!(ask(&names, &["test.ping", "network.ping"], &["a", "b"]));
        assert!(
            !ask(&names, &["test.ping", "cmd.run"], &["a"]),
            "one forbidden call in a compound"
        );
        assert!(!ask(&names, &["xtest.ping"], &["a"]) && !ask(&names, &["network.pinger"], &["a"]));
        let targets = Value::list([map! {"web*" => vec!["test.ping"]}.into()]);
        assert!(ask(&targets, &["test.ping"], &["web1", "web2"]));
        assert!(!ask(&targets, &["test.ping"], &["web1", "db1"]));
        assert!(!ask(&Value::list([]), &["test.ping"], &["a"]) && !ask(&names, &[], &["a"]));
        assert!(ask(&Value::list([]), &["saltutil.find_job"], &["a"]));
        assert!(!ask(&names, &["test.ping"], &[]), "nobody is no reason to allow");
    }

    #[test]
    fn arguments_are_part_of_a_grant() {
        let grants = Value::list([
            map! {"*" => vec![map! {"test.echo" => map!{"args" => vec!["x"]}}]}.into(),
        ]);
        assert!(ask(&grants, &["test.echo"], &["a"]));
        let other = Value::list([
            map! {"*" => vec![map! {"test.echo" => map!{"args" => vec!["y"]}}]}.into(),
        ]);
        assert!(!ask(&other, &["test.echo"], &["a"]));
        let kwargs = map! {"test.echo" => map! {"kwargs" => map! {"text" => "z"}}};
        assert!(!ask(&Value::list([map! {"*" => vec![kwargs]}.into()]), &["test.echo"], &["a"]));
    }

    #[test]
    fn master_functions_are_granted_apart() {
        let grants = |value: Value| vec![value];
        let ok =
            |grant: Value, fun: &str| allows_on_master(&grants(grant), "runner", fun, &Map::new());
        assert!(ok("@runner".into(), "jobs.active") && ok("@jobs".into(), "jobs.active"));
        assert!(!ok("@wheel".into(), "jobs.active") && !ok("jobs.active".into(), "jobs.active"));
        assert!(ok(map! {"@runner" => vec!["jobs.*"]}.into(), "jobs.active"));
        assert!(ok(map! {"@jobs" => vec!["active"]}.into(), "jobs.active"));
        assert!(!ok(map! {"@jobs" => vec!["active"]}.into(), "jobs.list_jobs"));
    }

    #[test]
    fn peers_and_blacklists() {
        let peer = map! {"web.*" => vec!["test.*"], "db1" => vec![".*"]};
        assert!(peer_allows(&peer, "web1", &["test.ping".into()]));
        assert!(!peer_allows(&peer, "web1", &["test.ping".into(), "cmd.run".into()]));
        assert!(
            !peer_allows(&peer, "db12", &["test.ping".into()]) && !peer_allows(&peer, "db1", &[])
        );
        let black = map! {"users" => vec!["root2"], "modules" => vec!["cmd.*"]};
        let calls = |fun: &str| vec![(fun.to_owned(), Vec::new())];
        assert!(blacklisted(&black, "root2", &calls("test.ping")));
        assert!(
            blacklisted(&black, "x", &calls("cmd.run"))
                && !blacklisted(&black, "x", &calls("test.ping"))
        );
    }
}
