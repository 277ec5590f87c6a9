//! What the functions of `file` share: paths as users write them, modes, owners.

use std::path::{Path, PathBuf};

use halite_core::host::{FileKind, Metadata, Read};
use halite_core::{Apply, Context, Error, Map, Result, Value, map};

pub(super) use crate::support::paths::real;

/// A path with `~` and `~user` taken for home folders. Python: `os.path.expanduser`.
pub(super) fn expand(host: &dyn Read, path: &str) -> PathBuf {
    let Some(rest) = path.strip_prefix('~') else { return PathBuf::from(path) };
    let (user, tail) = rest.split_once('/').map_or((rest, None), |(user, tail)| (user, Some(tail)));
    let home = if user.is_empty() {
        host.env("HOME").map(PathBuf::from)
    } else {
        host.user(user).ok().flatten().map(|user| user.home)
    };
    match (home, tail) {
        (Some(home), Some(tail)) => home.join(tail),
        (Some(home), None) => home,
        (None, _) => PathBuf::from(path),
    }
}

/// The same, which must be absolute.
///
/// # Errors
/// `text`, which is Salt's for the function at hand.
pub(super) fn absolute(host: &dyn Read, path: &str, text: &str) -> Result<PathBuf> {
    let path = expand(host, path);
    if path.is_absolute() { Ok(path) } else { Err(Error::usage("file", text)) }
}

/// `/a/./b/../c` as `/a/c`, without looking at links. Python: `os.path.normpath`.
pub(super) fn normal(path: &str) -> String {
    let absolute = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            ".." if absolute => {}
            other => parts.push(other),
        }
    }
    // POSIX leaves two leading slashes to the system; Python keeps them.
    let root = match path {
        p if p.starts_with("//") && !p.starts_with("///") => "//",
        p if p.starts_with('/') => "/",
        _ => "",
    };
    match (root, parts.is_empty()) {
        ("", true) => ".".into(),
        (root, _) => format!("{root}{}", parts.join("/")),
    }
}

/// `0644`: four digits as Salt prints modes.
pub(super) fn mode_text(mode: u32) -> String {
    format!("{mode:04o}")
}

/// A mode as users write it: `644`, `"0644"`, `0o644`, `'2755'`.
///
/// # Errors
/// If it is no octal number.
pub(super) fn parse_mode(mode: &Value) -> Result<u32> {
    let text = crate::exec::config::normal_mode(mode).to_string();
    u32::from_str_radix(&text, 8)
        .map_err(|_| Error::execution(format!("Invalid Mode {}", text.trim_start_matches('0'))))
}

/// The user's number, of a name or a number; `None` if there is no such user.
pub(super) fn uid_of(host: &dyn Read, user: &Value) -> Result<Option<u32>> {
    match user {
        Value::Int(uid) => Ok(u32::try_from(*uid).ok()),
        name => Ok(host.user(&name.to_string())?.map(|user| user.uid)),
    }
}

/// The group's number, of a name or a number; `None` if there is no such group.
pub(super) fn gid_of(host: &dyn Read, group: &Value) -> Result<Option<u32>> {
    match group {
        Value::Int(gid) => Ok(u32::try_from(*gid).ok()),
        name => Ok(host.group(&name.to_string())?.map(|group| group.gid)),
    }
}

/// The user's name, or the number where there is no name.
pub(super) fn user_name(host: &dyn Read, uid: u32) -> Value {
    host.user_of(uid).ok().flatten().map_or(Value::from(uid), |user| user.name.into())
}

/// The group's name, or the number where there is no name.
pub(super) fn group_name(host: &dyn Read, gid: u32) -> Value {
    host.group_of(gid).ok().flatten().map_or(Value::from(gid), |group| group.name.into())
}

/// What `file.stats` calls a kind of file.
pub(super) fn kind_name(kind: FileKind) -> &'static str {
    match kind {
        FileKind::File => "file",
        FileKind::Dir => "dir",
        FileKind::Symlink => "link",
        FileKind::Fifo => "pipe",
        FileKind::Socket => "socket",
        FileKind::Block => "block",
        FileKind::Char => "char",
    }
}

/// `stat` (or `lstat`) of a path; a link that leads nowhere is looked at itself.
///
/// # Errors
/// Salt's `Path not found: ...`.
pub(super) fn stat(host: &dyn Read, path: &Path, follow: bool) -> Result<Metadata> {
    let found = if follow { host.metadata(path)? } else { None };
    match found.map_or_else(|| host.symlink_metadata(path), |stat| Ok(Some(stat)))? {
        Some(stat) => Ok(stat),
        None => Err(Error::execution(format!("Path not found: {}", path.display()))),
    }
}

/// The map that `file.stats` gives.
pub(super) fn stats_map(host: &dyn Read, path: &Path, follow: bool) -> Result<Map> {
    let stat = stat(host, path, follow)?;
    let target = if follow { real(host, path) } else { normal(&path.to_string_lossy()).into() };
    Ok(map! {
        "inode" => stat.inode, "uid" => stat.uid, "gid" => stat.gid,
        "group" => group_name(host, stat.gid), "user" => user_name(host, stat.uid),
        "atime" => stat.atime, "mtime" => stat.mtime, "ctime" => stat.ctime,
        "size" => stat.size, "mode" => mode_text(stat.mode), "type" => kind_name(stat.kind),
        "target" => target,
    })
}

/// Paths that match a glob, sorted. Python: `glob.glob` without `**`.
pub(super) fn glob(host: &dyn Read, pattern: &Path) -> Vec<PathBuf> {
    let mut found = vec![PathBuf::new()];
    for part in pattern.components() {
        let part = part.as_os_str().to_string_lossy().into_owned();
        let mut next = Vec::new();
        for base in found {
            if !halite_core::glob::is_glob(&part) {
                next.push(base.join(&part));
                continue;
            }
            let folder = if base.as_os_str().is_empty() { Path::new(".") } else { &base };
            for name in host.read_dir(folder).unwrap_or_default() {
                let hidden = name.starts_with('.') && !part.starts_with('.');
                if !hidden && halite_core::glob::fnmatch(&name, &part) {
                    next.push(base.join(name));
                }
            }
        }
        found = next;
    }
    found.retain(|path| matches!(host.symlink_metadata(path), Ok(Some(_))));
    found
}

/// Whether a path is a folder, links followed.
pub(super) fn is_dir(host: &dyn Read, path: &Path) -> bool {
    matches!(host.metadata(path), Ok(Some(stat)) if stat.is_dir())
}

/// Whether a path is a regular file, links followed.
pub(super) fn is_file(host: &dyn Read, path: &Path) -> bool {
    matches!(host.metadata(path), Ok(Some(stat)) if stat.is_file())
}

/// Whether a path is a symbolic link.
pub(super) fn is_link(host: &dyn Read, path: &Path) -> bool {
    matches!(host.symlink_metadata(path), Ok(Some(stat)) if stat.is_symlink())
}

/// A file's text for editing, which must exist and not be a program.
///
/// # Errors
/// Salt's texts.
pub(super) fn editable(cx: &Context<'_>, path: &Path) -> Result<halite_core::edit::Text> {
    let shown = path.display();
    if !cx.host.exists(path) {
        return Err(Error::usage("file", format!("File not found: {shown}")));
    }
    let bytes = cx.host.read(path)?;
    if !halite_core::edit::Text::looks_like(&bytes) {
        let what = format!("Cannot perform string replacements on a binary file: {shown}");
        return Err(Error::usage("file", what));
    }
    Ok(halite_core::edit::Text::from_bytes(&bytes))
}

/// Writes an edited file, after a copy `path + backup` if one is wanted.
pub(super) fn write_back(
    apply: &Apply<'_>,
    path: &Path,
    content: &[u8],
    backup: &Value,
) -> Result<()> {
    if let Some(suffix) = backup_suffix(backup) {
        let copy = PathBuf::from(format!("{}{suffix}", path.display()));
        let old = apply.host.read(path)?;
        let stat = stat(apply.cx.host, path, true)?;
        apply.host.write_atomic(&copy, &old, Some(stat.mode))?;
        apply.host.chown(&copy, Some(stat.uid), Some(stat.gid), true)?;
    }
    apply.host.write_atomic(path, content, None)
}

fn backup_suffix(backup: &Value) -> Option<String> {
    match backup {
        Value::Str(text) if !text.is_empty() => Some(text.to_string()),
        Value::Bool(true) => Some("True".into()),
        _ => None,
    }
}
