//! `survey`: minions grouped by what they return. Salt: `salt/runners/survey.py` behaviour.

use halite_core::diff::{split_lines, unified_lines};
use halite_core::{Args, Context, Error, ExecModule, Map, Result, Value, function, map};

use crate::client::Job;
use crate::services::MasterServices;

/// The module.
pub static MODULE: ExecModule = ExecModule::new("survey", &[&HASH, &DIFF]);

/// Groups minions by what a function gives on them, the largest group first.
///
/// CLI Example:
///
/// ```text
/// salt-run survey.hash '*' file.get_hash /etc/salt/minion survey_sort=up
/// ```
#[function]
fn hash(cx: &Context<'_>, #[args] args: Vec<Value>, #[kwargs] kwargs: Map) -> Result<Vec<Map>> {
    let pools = pools(cx, args, kwargs)?;
    Ok(pools.into_iter().map(|(result, ids)| map! {"pool" => ids, "result" => result}).collect())
}

/// Groups minions by what a function gives on them, and prints how the groups differ from the first one.
///
/// CLI Example:
///
/// ```text
/// salt-run survey.diff survey_sort=up '*' cp.get_file_str file:///etc/hosts
/// ```
#[function]
fn diff(cx: &Context<'_>, #[args] args: Vec<Value>, #[kwargs] kwargs: Map) -> Result<Vec<Map>> {
    let pools = pools(cx, args, kwargs)?;
    let master = MasterServices::of(cx)?;
    for (index, (result, ids)) in pools.iter().enumerate() {
        master.print("minion pool :\n------------");
        master.print(&Value::from(ids.clone()).repr());
        master.print("pool size :\n----------");
        master.print(&format!("    {}", ids.len()));
        let (first, first_ids) = &pools[0];
        if index == 0 {
            master.print(&format!("pool result :\n------------\n    {first}\n"));
            continue;
        }
        let title = format!("differences from \"{}\" results :", first_ids[0]);
        master.print(&title);
        master.print(&"-".repeat(title.chars().count() - 1));
        master.print(&format!("{}\n", differences((&first_ids[0], first), (&ids[0], result))));
    }
    Ok(pools.into_iter().map(|(result, ids)| map! {"pool" => ids, "result" => result}).collect())
}

/// A unified diff without lines around, under the names of two minions.
fn differences((from, before): (&str, &str), (to, after): (&str, &str)) -> String {
    let (before, after) = (split_lines(before), split_lines(after));
    let lines = unified_lines(&before, &after);
    let changes = lines.iter().skip(2).filter(|line| !line.starts_with(' '));
    let shown: Vec<&str> = changes.map(|line| line.trim_end_matches('\n')).collect();
    format!("--- {from}\n+++ {to}\n{}\n", shown.join("\n"))
}

/// What came back as text, and who gave it.
fn pools(
    cx: &Context<'_>,
    args: Vec<Value>,
    mut kwargs: Map,
) -> Result<Vec<(String, Vec<String>)>> {
    let mut args = args.into_iter();
    let (Some(tgt), Some(fun)) = (args.next(), args.next()) else {
        return Err(Error::usage("survey.hash", "a target and a function are needed"));
    };
    let up = kwargs.shift_remove("survey_sort").is_some_and(|sort| sort.as_str() == Some("up"));
    let tgt_type = kwargs.shift_remove("tgt_type").filter(|kind| kind.as_str() == Some("pcre"));
    let tgt_type = tgt_type.map_or("compound", |_| "pcre");
    kwargs.retain(|key, _| !key.to_string().starts_with('_'));
    let call = Args { positional: args.collect(), named: kwargs };
    let job = Job { tgt, ..Job::new("", tgt_type, &fun.to_string(), call.to_wire()) };
    let (returns, _) = MasterServices::of(cx)?.run_job(&job, None)?;
    let mut pools: Vec<(String, Vec<String>)> = Vec::new();
    for (id, data) in returns {
        let result = data.get("return").map(Value::to_string).unwrap_or_default();
        match pools.iter_mut().find(|(have, _)| *have == result) {
            Some((_, ids)) => ids.push(id),
            None => pools.push((result, vec![id])),
        }
    }
    pools.sort_by_key(|(_, ids)| std::cmp::Reverse(ids.len()));
    if up {
        pools.sort_by_key(|(_, ids)| ids.len());
    }
    Ok(pools)
}

#[cfg(test)]
mod tests {
    #[test]
    fn differences_stand_under_the_minions_names() {
        let text = super::differences(("m1", "web"), ("m2", "db"));
        assert_eq!(text, "--- m1\n+++ m2\n@@ -1 +1 @@\n-web\n+db\n");
    }
}
