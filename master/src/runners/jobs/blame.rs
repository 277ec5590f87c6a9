//! `jobs.blame`: since when a state fails on a minion, and what changed in the file roots about then.

use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use halite_core::host::Command;
use halite_core::{Apply, Error, ExecModule, Map, Result, Value, function, map};

use crate::services::MasterServices;

/// The module.
pub static MODULE: ExecModule = ExecModule::new("jobs", &[&BLAME]);

/// Returns looked at, newest first.
const RETURNS_MAX: usize = 200_000;
/// Files and commits named.
const NAMED_MAX: usize = 50;
/// Deepest folder looked into.
const DEPTH: usize = 16;

/// One run of the state.
struct Seen {
    jid: String,
    at: i64,
    good: bool,
    comment: String,
}

/// Tells since when a state fails on a minion: the last run that was good, the first that failed, its comment, and
/// what changed in the file roots between them (files by their time, commits where a root is a git tree).
///
/// CLI Example:
///
/// ```text
/// salt-run jobs.blame web1 nginx
/// ```
#[function]
fn blame(apply: &Apply<'_>, minion: String, state_id: String) -> Result<Map> {
    let master = MasterServices::of(apply.cx)?;
    let mut seen: Vec<Seen> = Vec::new();
    let mut looked = 0;
    master.store()?.returns_of(&minion, |found| {
        looked += 1;
        let states = found.ret.get("return").and_then(Value::as_map);
        if let Some((good, comment)) = states.and_then(|states| verdict(states, &state_id)) {
            seen.push(Seen { jid: found.jid, at: found.at, good, comment });
        }
        // The newest run that was good ends the search, unless it is the newest of all.
        looked < RETURNS_MAX && !seen.last().is_some_and(|last| last.good)
    })?;
    let Some(newest) = seen.first() else {
        return Err(Error::execution(format!(
            "no return of {minion} in the job cache has a state '{state_id}'; {looked} returns were looked at"
        )));
    };
    if newest.good {
        let last_good = shown(newest);
        return Ok(
            map! {"minion" => minion, "state" => state_id, "failing" => false, "last_good" => last_good},
        );
    }
    let good = seen.iter().find(|one| one.good);
    let first = seen.iter().rfind(|one| !one.good).unwrap_or(newest);
    let failures = seen.iter().filter(|one| !one.good).count();
    let from = good.map_or(0, |good| good.at);
    let mut told = map! {
        "minion" => minion, "state" => state_id, "failing" => true,
        "last_good" => good.map_or(Value::Null, |good| shown(good).into()),
        "first_failed" => shown(first), "failures" => failures,
    };
    told.insert("changed_files".into(), changed_files(apply, from, first.at).into());
    told.insert("commits".into(), commits(apply, from, first.at).into());
    Ok(told)
}

/// Whether the state with this ID (or name) was good, and what it said. A run that only predicts says nothing.
fn verdict(states: &Map, state_id: &str) -> Option<(bool, String)> {
    let fits = |tag: &str| {
        let mut parts = tag.split("_|-").skip(1);
        parts.next() == Some(state_id) || parts.next() == Some(state_id)
    };
    let (_, ret) = states.iter().find(|(tag, _)| tag.as_str().is_some_and(fits))?;
    let good = ret.get("result")?.as_bool()?;
    Some((good, ret.get("comment").map(Value::to_string).unwrap_or_default()))
}

fn moment(micros: i64) -> String {
    let at = jiff::Timestamp::from_microsecond(micros).unwrap_or_default();
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

fn shown(seen: &Seen) -> Map {
    map! {"jid" => seen.jid.as_str(), "at" => moment(seen.at), "comment" => seen.comment.as_str()}
}

fn roots(apply: &Apply<'_>) -> Vec<PathBuf> {
    let mut roots = Vec::new();
    for option in ["file_roots", "pillar_roots"] {
        for list in apply.opts.map(option).values() {
            let paths = list.as_list().unwrap_or_default().iter();
            roots.extend(paths.map(|path| PathBuf::from(path.to_string())));
        }
    }
    roots.dedup();
    roots
}

/// Files whose time lies between the two moments, newest first.
fn changed_files(apply: &Apply<'_>, from: i64, to: i64) -> Vec<String> {
    let mut found: Vec<(i64, PathBuf)> = Vec::new();
    for root in roots(apply) {
        collect(&root, DEPTH, &mut |path, at| {
            if at > from && at <= to {
                found.push((at, path));
            }
        });
    }
    found.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    found.truncate(NAMED_MAX);
    found.into_iter().map(|(at, path)| format!("{} {}", moment(at), path.display())).collect()
}

fn collect(folder: &Path, depth: usize, found: &mut impl FnMut(PathBuf, i64)) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let Ok(stat) = entry.metadata() else { continue };
        if stat.is_dir() && depth > 0 && entry.file_name() != ".git" {
            collect(&entry.path(), depth - 1, found);
        } else if stat.is_file() {
            let age = stat.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
            let at = age.and_then(|age| i64::try_from(age.as_micros()).ok()).unwrap_or(0);
            found(entry.path(), at);
        }
    }
}

/// Commits of roots that are git trees, newest first.
fn commits(apply: &Apply<'_>, from: i64, to: i64) -> Vec<String> {
    let mut found = Vec::new();
    for root in roots(apply).iter().filter(|root| root.join(".git").exists()) {
        let (since, until) =
            (format!("--since={}", from / 1_000_000), format!("--until={}", to / 1_000_000 + 1));
        let most = format!("-{NAMED_MAX}");
        let folder = root.display().to_string();
        let argv = ["git", "-C", &folder, "log", &most, &since, &until, "--format=%h %an: %s"];
        match apply.host.query(&Command::new(argv)) {
            Ok(output) if output.retcode == 0 => {
                let text = String::from_utf8_lossy(&output.stdout).into_owned();
                found.extend(text.lines().map(|line| format!("{folder}: {line}")));
            }
            Ok(output) => tracing::warn!("git log in {folder} ended with {}", output.retcode),
            Err(error) => tracing::warn!("git log in {folder}: {error}"),
        }
    }
    found.truncate(NAMED_MAX);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_found_by_id_or_name_and_predictions_are_left_out() {
        let states = map! {
            "file_|-conf_|-/etc/x_|-managed" => map! {"result" => false, "comment" => "bad"},
            "pkg_|-p_|-p_|-installed" => map! {"result" => (), "comment" => "would"},
        };
        assert_eq!(verdict(&states, "conf"), Some((false, "bad".into())));
        assert_eq!(verdict(&states, "/etc/x"), Some((false, "bad".into())));
        assert_eq!(verdict(&states, "p"), None);
        assert_eq!(verdict(&states, "other"), None);
    }
}
