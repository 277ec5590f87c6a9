//! What the files of `file` share.

use std::path::{Path, PathBuf};

use halite_core::host::{Read, Write};
use halite_core::{Apply, Context, Outcome, Result, Value, Verdict};

use crate::support::perms::uid_of;

/// A failed outcome without changes.
pub(crate) fn failed(comment: impl Into<String>) -> Outcome {
    Outcome::new(Some(false), comment)
}

/// A verdict that fails.
pub(crate) fn refuse<'a>(comment: impl Into<String>) -> Result<Verdict<'a>> {
    Ok(Verdict::fail(comment))
}

/// Whether a folder is at a path, links followed.
pub(crate) fn is_dir(host: &dyn Read, path: &Path) -> bool {
    matches!(host.metadata(path), Ok(Some(stat)) if stat.is_dir())
}

/// Whether a regular file is at a path, links followed.
pub(crate) fn is_file(host: &dyn Read, path: &Path) -> bool {
    matches!(host.metadata(path), Ok(Some(stat)) if stat.is_file())
}

/// Whether a symbolic link is at a path.
pub(crate) fn is_link(host: &dyn Read, path: &Path) -> bool {
    matches!(host.symlink_metadata(path), Ok(Some(stat)) if stat.is_symlink())
}

/// Whether anything is at a path, a link that leads nowhere included.
pub(crate) fn lexists(host: &dyn Read, path: &Path) -> bool {
    matches!(host.symlink_metadata(path), Ok(Some(_)))
}

/// Where a chain of links ends.
pub(crate) fn real_path(host: &dyn Read, path: &Path) -> PathBuf {
    /// As many links as the kernel follows.
    const LINKS: usize = 40;
    let mut at = path.to_path_buf();
    for _ in 0..LINKS {
        if !is_link(host, &at) {
            break;
        }
        let Ok(target) = host.read_link(&at) else { break };
        at = at.parent().unwrap_or(Path::new("/")).join(target);
    }
    at
}

/// The folder a path is in.
pub(crate) fn folder_of(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("/"))
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
    let root = apply.opts.path("cachedir").join("file_backup");
    let relative = folder_of(path).strip_prefix("/").unwrap_or(Path::new(""));
    let folder = root.join(relative);
    crate::support::perms::make_dirs(apply.host, &folder, &Default::default())?;
    let micros = apply.host.now_micros();
    let at = jiff::Timestamp::from_microsecond(micros).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let at = at.to_zoned(jiff::tz::TimeZone::system());
    let stamp = format!(
        "{}_{:06}_{}",
        at.strftime("%a_%b_%d_%H:%M:%S"),
        micros % 1_000_000,
        at.strftime("%Y")
    );
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let copy = folder.join(format!("{name}_{stamp}"));
    let stat = apply.host.metadata(path)?;
    apply.host.write_atomic(&copy, &apply.host.read(path)?, stat.as_ref().map(|stat| stat.mode))?;
    match stat {
        Some(stat) => apply.host.chown(&copy, Some(stat.uid), Some(stat.gid), true),
        None => Ok(()),
    }
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

/// An argument that is one text or several, as several. Salt: `_validate_str_list`.
pub(crate) fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::List(items) => items.iter().map(Value::to_string).collect(),
        other => vec![other.to_string()],
    }
}
