//! What the files of `file` share.

use std::path::Path;

use halite_core::host::{Metadata, Read, Write};
use halite_core::{Apply, Context, Map, Outcome, Result, Value, Verdict};

use crate::support::look_only::LookOnly;
pub(crate) use crate::support::paths::{folder_of, is_dir, is_file, is_link, lexists, real_path};
use crate::support::perms::{gid_of, uid_of};
use crate::support::source::{self, TemplateArgs};
pub(crate) use crate::support::texts;

/// A failed outcome without changes.
pub(crate) fn failed(comment: impl Into<String>) -> Outcome {
    Outcome::new(Some(false), comment)
}

/// A verdict that fails.
pub(crate) fn refuse<'a>(comment: impl Into<String>) -> Result<Verdict<'a>> {
    Ok(Verdict::fail(comment))
}

/// What is at a path, looked at once.
pub(crate) struct Seen {
    /// The path itself.
    pub(crate) lstat: Option<Metadata>,
    /// Where links lead.
    pub(crate) stat: Option<Metadata>,
}

impl Seen {
    /// Looks.
    ///
    /// # Errors
    /// As `stat`, other than "not found".
    pub(crate) fn at(host: &dyn Read, path: &Path) -> Result<Seen> {
        let lstat = host.symlink_metadata(path)?;
        let stat = match &lstat {
            Some(stat) if stat.is_symlink() => host.metadata(path)?,
            other => other.clone(),
        };
        Ok(Seen { lstat, stat })
    }

    pub(crate) fn is_dir(&self) -> bool {
        self.stat.as_ref().is_some_and(Metadata::is_dir)
    }

    pub(crate) fn is_file(&self) -> bool {
        self.stat.as_ref().is_some_and(Metadata::is_file)
    }

    /// What the file holds; nothing if there is no regular file.
    ///
    /// # Errors
    /// As reading.
    pub(crate) fn bytes(&self, host: &dyn Read, path: &Path) -> Result<Vec<u8>> {
        match self.stat.as_ref().filter(|stat| stat.is_file()) {
            Some(stat) => host.read_seen(path, stat.size),
            None => Ok(Vec::new()),
        }
    }

    pub(crate) fn is_link(&self) -> bool {
        self.lstat.as_ref().is_some_and(Metadata::is_symlink)
    }

    /// Whether something is there, links followed.
    pub(crate) fn exists(&self) -> bool {
        self.stat.is_some()
    }

    /// The one that owner and mode are of.
    pub(crate) fn stat_for(&self, follow: bool) -> Option<&Metadata> {
        if follow { self.stat.as_ref() } else { self.lstat.as_ref() }
    }
}

/// Removes whatever is at a path.
///
/// # Errors
/// As removing files and folders.
pub(crate) fn remove(host: &dyn Write, path: &Path) -> Result<()> {
    match host.symlink_metadata(path)? {
        Some(stat) if stat.is_dir() => host.remove_dir_all(path),
        Some(_) => host.remove_file(path),
        None => Ok(()),
    }
}

/// Keeps a copy of a file that is about to be changed, if the state or the configuration wants it.
/// Salt: `backup_minion`.
///
/// # Errors
/// If the copy cannot be written.
pub(crate) fn back_up(apply: &Apply<'_>, backup: &Value, path: &Path) -> Result<()> {
    let configured = apply.opts.get("backup_mode").cloned().unwrap_or_default();
    let mode = if backup.truthy() { backup.clone() } else { configured };
    if !matches!(mode.as_str(), Some("minion" | "both")) || !is_file(apply.host, path) {
        return Ok(());
    }
    halite_core::edit::keep_copy(apply.host, &apply.opts.path("cachedir"), path)
}

/// The user that files belong to unless a state says otherwise, and that user's group.
pub(crate) fn default_owner(cx: &Context<'_>, user: Value, group: Value) -> (Value, Value) {
    let user = match user {
        Value::Null => match cx.opts.str("user") {
            "" => "root".into(),
            configured => configured.into(),
        },
        given => given,
    };
    let group = match group {
        Value::Null => {
            let uid = uid_of(cx.host, &user);
            let gid = uid.and_then(|uid| cx.host.user_of(uid).ok().flatten()).map_or(0, |u| u.gid);
            let name = cx.host.group_of(gid).ok().flatten().map(|group| group.name);
            name.map_or_else(|| Value::from(gid), Value::from)
        }
        given => given,
    };
    (user, group)
}

/// Lines as Python's `str.splitlines` cuts them.
pub(crate) fn split_lines(text: &str) -> Vec<&str> {
    let ends = |c: char| {
        matches!(
            c,
            '\n' | '\r' | '\x0b' | '\x0c' | '\x1c'..='\x1e' | '\u{85}' | '\u{2028}' | '\u{2029}'
        )
    };
    let mut lines = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let Some(at) = rest.find(ends) else {
            lines.push(rest);
            break;
        };
        lines.push(&rest[..at]);
        let width = if rest[at..].starts_with("\r\n") {
            2
        } else {
            rest[at..].chars().next().map_or(1, char::len_utf8)
        };
        rest = &rest[at + width..];
    }
    lines
}

/// The user argument; `owner` is a name that users mean by it. Salt: `_test_owner`.
pub(crate) fn owner(user: Value, kwargs: &Map) -> Value {
    if user.truthy() { user } else { kwargs.get("owner").cloned().unwrap_or(user) }
}

/// User and group of a link, as names (or numbers that have none).
#[derive(Clone, Debug)]
pub(crate) struct Owner {
    pub(crate) user: Value,
    pub(crate) group: Value,
}

impl PartialEq for Owner {
    fn eq(&self, other: &Owner) -> bool {
        self.user.to_string() == other.user.to_string()
            && self.group.to_string() == other.group.to_string()
    }
}

impl std::fmt::Display for Owner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.user, self.group)
    }
}

impl Owner {
    /// Who owns what is at a path, links not followed.
    ///
    /// # Errors
    /// If the path cannot be looked at.
    pub(crate) fn of(host: &dyn Read, path: &Path) -> Result<Owner> {
        let stat = host.symlink_metadata(path)?;
        let (uid, gid) = stat.map_or((0, 0), |stat| (stat.uid, stat.gid));
        Ok(Owner { user: user_name(host, uid)?, group: group_name(host, gid)? })
    }

    /// Complaints about names that are none here.
    pub(crate) fn unknown(&self, host: &dyn Read) -> Vec<String> {
        let mut faults = Vec::new();
        if uid_of(host, &self.user).is_none() {
            faults.push(format!("User {} does not exist", self.user));
        }
        if gid_of(host, &self.group).is_none() {
            faults.push(format!("Group {} does not exist", self.group));
        }
        faults
    }

    /// Makes them own what is at a path, links not followed.
    ///
    /// # Errors
    /// As `lchown`.
    pub(crate) fn set(&self, host: &dyn Write, path: &Path) -> Result<()> {
        host.chown(path, uid_of(host, &self.user), gid_of(host, &self.group), false)
    }
}

/// A user's name, or the number if it has none.
///
/// # Errors
/// If the user database cannot be read.
pub(crate) fn user_name(host: &dyn Read, uid: u32) -> Result<Value> {
    Ok(host.user_of(uid)?.map_or_else(|| Value::from(uid), |user| user.name.into()))
}

/// A group's name, or the number if it has none.
///
/// # Errors
/// If the group database cannot be read.
pub(crate) fn group_name(host: &dyn Read, gid: u32) -> Result<Value> {
    Ok(host.group_of(gid)?.map_or_else(|| Value::from(gid), |group| group.name.into()))
}

/// The complaint about a path that edits cannot work on. Salt: `_check_file`.
pub(crate) fn check_file(host: &dyn Read, name: &str, path: &Path) -> Option<String> {
    if !path.is_absolute() {
        Some(format!("Specified file {name} is not an absolute path"))
    } else if !host.exists(path) {
        Some(format!("{name}: file not found"))
    } else {
        None
    }
}

/// Rendered sources, in order. The inner error is the source that cannot be had, and the complaint.
/// Salt: `_get_template_texts`.
///
/// # Errors
/// What a template does wrong.
pub(crate) fn template_texts(
    cx: &Context<'_>,
    sources: &[(Value, Value)],
    template: &str,
    context: &Map,
) -> Result<Result<Vec<String>, (String, String)>> {
    let host = LookOnly(cx.host);
    let apply = Apply { cx, host: &host };
    let with = TemplateArgs { template: template.into(), context: context.clone() };
    let mut all = Vec::with_capacity(sources.len());
    for (url, hash) in sources {
        let (url, hash) = source::choose(cx, url, hash)?;
        let Ok(found) = source::fetch(cx, &url, &hash, true)? else {
            let fault = format!("Failed to load template file {url}");
            return Ok(Err((url, fault)));
        };
        let text = String::from_utf8_lossy(&cx.host.read(&found.path)?).into_owned();
        match source::render(&apply, &text, Some(&found.path), &with, Map::new())? {
            Ok(text) if text.is_empty() => {
                let path = found.path.display();
                let fault = format!("Failed to read rendered template file {path} ({url})");
                return Ok(Err((url, fault)));
            }
            Ok(text) => all.push(text),
            Err(fault) => return Ok(Err((url, fault))),
        }
    }
    Ok(Ok(all))
}
