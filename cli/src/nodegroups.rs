//! Nodegroups, written out as compound targets: minions know no groups of the master's.
//! Salt: `salt.utils.minions.nodegroup_comp` behaviour.

use halite_core::{Map, Opts, Value};

/// Deepest chain of groups that name groups.
const DEPTH: usize = 16;

/// Writes out a target: a nodegroup becomes a compound, and in a compound each `N@name` what the
/// group means. Other kinds stay as they are.
///
/// # Errors
/// A group that is not defined, or that contains itself.
pub(crate) fn resolve(opts: &Opts, tgt: Value, tgt_type: &str) -> Result<(Value, String), String> {
    let groups = opts.map("nodegroups");
    let words = match tgt_type {
        "nodegroup" => group(&groups, &tgt.to_string(), opts, 0)?,
        "compound" => words(&groups, &listed(&tgt), opts, 0)?,
        other => return Ok((tgt, other.to_owned())),
    };
    Ok((words.join(" ").into(), "compound".into()))
}

fn listed(value: &Value) -> Vec<String> {
    match value.as_list() {
        Some(items) => items.iter().map(Value::to_string).collect(),
        None => value.to_string().split_whitespace().map(str::to_owned).collect(),
    }
}

fn words(groups: &Map, given: &[String], opts: &Opts, depth: usize) -> Result<Vec<String>, String> {
    let mut out = Vec::new();
    for word in given {
        match word.strip_prefix("N@").filter(|name| !name.is_empty()) {
            Some(name) => out.extend(group(groups, name, opts, depth + 1)?),
            None => out.push(word.clone()),
        }
    }
    Ok(out)
}

fn group(groups: &Map, name: &str, opts: &Opts, depth: usize) -> Result<Vec<String>, String> {
    if depth > DEPTH {
        return Err(format!("Node group {name} contains itself, or more than {DEPTH} groups deep"));
    }
    let Some(definition) = groups.get(name) else {
        let file = opts.path("conf_file");
        return Err(format!("Node group {name} unavailable in {}", file.display()));
    };
    let given = listed(definition);
    let plain = |word: &String| {
        let kind = word.get(..2).is_some_and(|start| {
            start.ends_with('@') && start.starts_with(|c: char| c.is_ascii_uppercase())
        });
        !kind && !word.contains('*') && !matches!(word.as_str(), "and" | "or" | "not" | "(" | ")")
    };
    if given.iter().all(plain) {
        return Ok(vec![format!("L@{}", given.join(","))]);
    }
    let mut out = vec!["(".to_owned()];
    out.extend(words(groups, &given, opts, depth)?);
    out.push(")".to_owned());
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use halite_core::{Role, map};

    fn resolved(tgt: &str, kind: &str) -> Result<(String, String), String> {
        let groups = map! {
            "ids" => vec!["a".into(), Value::str("b")],
            "web" => "G@role:web and not N@ids",
            "me" => "N@me or x*",
        };
        let opts = Opts::from_map(
            Role::Master,
            map! {"nodegroups" => groups, "conf_file" => "/etc/salt/master"},
        );
        resolve(&opts, tgt.into(), kind).map(|(tgt, kind)| (tgt.to_string(), kind))
    }

    #[test]
    fn groups_are_written_out() {
        let is = |text: &str| Ok((text.to_owned(), "compound".to_owned()));
        assert_eq!(resolved("ids", "nodegroup"), is("L@a,b"));
        assert_eq!(resolved("web", "nodegroup"), is("( G@role:web and not L@a,b )"));
        assert_eq!(resolved("N@ids or c", "compound"), is("L@a,b or c"));
        assert_eq!(resolved("N@ids", "glob"), Ok(("N@ids".into(), "glob".into())));
    }

    #[test]
    fn a_group_that_is_not_there_or_goes_round_is_refused() {
        let text = resolved("nope", "nodegroup").expect_err("no such group");
        assert_eq!(text, "Node group nope unavailable in /etc/salt/master");
        assert!(resolved("me", "nodegroup").is_err());
    }
}
