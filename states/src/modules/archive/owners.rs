//! Owners of what was extracted.

use std::path::Path;

use halite_core::{Apply, Changes, Outcome, Value, args, map};

use super::shared::{Found, Step, Want, other_state};
use crate::support::paths::is_dir;

/// What came of it.
#[derive(Default)]
pub(super) struct Owned {
    missing: Vec<String>,
    failed: Vec<String>,
}

impl Owned {
    /// The outcome with what went wrong.
    pub(super) fn told(self, mut outcome: Outcome, want: &Want) -> Outcome {
        let head = "\n\nWhile trying to enforce user/group ownership, ";
        for (paths, what) in [
            (&self.missing, "the following paths were missing:\n"),
            (&self.failed, "Salt was unable to change ownership on the following paths:\n"),
        ] {
            if paths.is_empty() {
                continue;
            }
            outcome.comment += &format!("{head}{what}");
            paths.iter().for_each(|path| outcome.comment += &format!("\n- {path}"));
        }
        // With `if_missing`, what would have been extracted need not be there.
        if !self.failed.is_empty() || (!self.missing.is_empty() && !want.if_missing.truthy()) {
            outcome.result = Some(false);
        }
        outcome
    }
}

/// Gives what was extracted to the user and group wanted.
pub(super) fn enforce(
    apply: &Apply<'_>,
    want: &Want,
    found: &Found,
    changes: &mut Changes,
) -> Step<Owned> {
    let mut owned = Owned::default();
    let wanted: Vec<Value> = [("user", &want.user), ("group", &want.group)]
        .into_iter()
        .filter(|(_, owner)| owner.truthy())
        .map(|(kind, _)| kind.into())
        .collect();
    if wanted.is_empty() {
        return Ok(owned);
    }
    let (dirs, files) = match want.enforce_ownership_on.as_str() {
        Some(path) if is_dir(apply.host, Path::new(path)) => (vec![path.to_owned()], Vec::new()),
        Some(path) => (Vec::new(), vec![path.to_owned()]),
        None => {
            let full =
                |kind| found.list(kind).into_iter().map(|path| format!("{}{path}", want.name));
            let files = full("top_level_files").chain(full("top_level_links")).collect();
            (full("top_level_dirs").collect(), files)
        }
    };
    let test = apply.cx.test();
    for dir in dirs {
        if !is_dir(apply.host, Path::new(&dir)) {
            if !test {
                owned.missing.push(dir);
            }
            continue;
        }
        let call = map! {
            "name" => dir.as_str(), "user" => &want.user, "group" => &want.group,
            "recurse" => wanted.clone(),
        };
        let done = other_state(apply, "file.directory", call)?;
        if !done.changes.is_empty() {
            changes.insert("updated ownership".into(), true.into());
        }
        // As in Salt, a folder that would be changed counts as failed in test mode.
        if done.result != Some(true) {
            owned.failed.push(dir);
        }
    }
    let number = |fun: &str, owner: &Value| -> halite_core::Result<Option<u32>> {
        let id = if owner.truthy() { apply.call_value(fun, args![owner])? } else { Value::Null };
        Ok(id.as_i64().and_then(|id| u32::try_from(id).ok()))
    };
    let uid = number("file.user_to_uid", &want.user)?;
    let gid = number("file.group_to_gid", &want.group)?;
    for file in files {
        one_file(apply, file, (uid, gid), changes, &mut owned)?;
    }
    Ok(owned)
}

fn one_file(
    apply: &Apply<'_>,
    file: String,
    (uid, gid): (Option<u32>, Option<u32>),
    changes: &mut Changes,
    owned: &mut Owned,
) -> Step<()> {
    let path = Path::new(&file);
    let Some(stat) = apply.host.symlink_metadata(path)? else {
        if !apply.cx.test() {
            owned.missing.push(file.clone());
            owned.failed.push(file);
        }
        return Ok(());
    };
    if uid.is_none_or(|uid| uid == stat.uid) && gid.is_none_or(|gid| gid == stat.gid) {
        return Ok(());
    }
    if !apply.cx.test() && apply.host.chown(path, uid, gid, false).is_err() {
        owned.failed.push(file);
        return Ok(());
    }
    changes.insert("updated ownership".into(), true.into());
    Ok(())
}
