//! Folders seen from the top down, links not followed; which of what is in them stays.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use halite_core::host::{Read, Write};
use halite_core::{Error, Result, Value, glob::fnmatch, pyre};

/// How deep a walk goes, whatever a file system claims.
const DEPTH: usize = 4096;

/// One folder of a walk.
#[derive(Clone, Debug)]
pub struct Level {
    /// The folder.
    pub path: PathBuf,
    /// Names of folders in it, links to folders included (they are not entered).
    pub dirs: Vec<String>,
    /// Names of all else in it.
    pub files: Vec<String>,
}

/// Looks into one folder. What cannot be read is empty, as in Python's `os.walk`.
fn look(host: &dyn Read, path: PathBuf) -> (Level, Vec<PathBuf>) {
    let (mut dirs, mut files, mut below) = (Vec::new(), Vec::new(), Vec::new());
    for name in host.read_dir(&path).unwrap_or_default() {
        let full = path.join(&name);
        match host.symlink_metadata(&full) {
            Ok(Some(stat)) if stat.is_dir() => {
                below.push(full);
                dirs.push(name);
            }
            Ok(Some(stat)) if stat.is_symlink() => {
                let to_dir = matches!(host.metadata(&full), Ok(Some(stat)) if stat.is_dir());
                if to_dir { dirs.push(name) } else { files.push(name) }
            }
            Ok(_) | Err(_) => files.push(name),
        }
    }
    (Level { path, dirs, files }, below)
}

/// All folders from `top` on, `max_depth` levels at most; nothing if `top` is no folder.
pub fn walk(host: &dyn Read, top: &Path, max_depth: Option<i64>) -> Vec<Level> {
    let mut levels = Vec::new();
    if !matches!(host.metadata(top), Ok(Some(stat)) if stat.is_dir()) {
        return levels;
    }
    let most = max_depth.map_or(DEPTH, |most| usize::try_from(most).unwrap_or(0)).min(DEPTH);
    let mut todo = vec![(top.to_path_buf(), 0)];
    while let Some((path, depth)) = todo.pop() {
        if depth >= most {
            continue;
        }
        let (level, below) = look(host, path);
        todo.extend(below.into_iter().rev().map(|path| (path, depth + 1)));
        levels.push(level);
    }
    levels
}

/// Whether a relative path is meant by patterns: shell globs, or regular expressions after `E@`.
/// Salt: `check_include_exclude`.
///
/// # Errors
/// A regular expression that is none.
pub fn included(path: &str, include: &Value, exclude: &Value) -> Result<bool> {
    let hit = |pattern: &str| match pattern.strip_prefix("E@") {
        Some(regex) => pyre::compile(regex, pyre::Flags::default())
            .map(|regex| regex.is_match(path).unwrap_or(false))
            .map_err(|error| Error::execution(format!("'{regex}': {error}"))),
        None => Ok(fnmatch(path, pattern)),
    };
    let any = |patterns: &Value| -> Result<bool> {
        match patterns {
            Value::List(patterns) => {
                for pattern in patterns.iter() {
                    if hit(&pattern.to_string())? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            one => hit(&one.to_string()),
        }
    };
    if include.truthy() && !any(include)? {
        return Ok(false);
    }
    Ok(!(exclude.truthy() && any(exclude)?))
}

/// The paths that stay, with all folders above them. Salt: `_find_keep_files`.
pub fn kept(root: &Path, keep: impl IntoIterator<Item = PathBuf>) -> BTreeSet<PathBuf> {
    let mut all: BTreeSet<PathBuf> = root.ancestors().map(Path::to_path_buf).collect();
    for path in keep {
        for at in path.ancestors() {
            if !all.insert(at.to_path_buf()) {
                break;
            }
        }
    }
    all
}

/// What of a folder does not stay. With `nested`, what is in a folder to be removed is named too.
///
/// # Errors
/// Patterns that are none.
pub fn strays(
    host: &dyn Read,
    root: &Path,
    keep: &BTreeSet<PathBuf>,
    exclude: &Value,
    nested: bool,
) -> Result<Vec<PathBuf>> {
    let mut out = Vec::new();
    let mut todo = vec![root.to_path_buf()];
    while let Some(folder) = todo.pop() {
        let (level, below) = look(host, folder);
        let from = out.len();
        for name in level.dirs.iter().chain(&level.files) {
            let path = level.path.join(name);
            let relative = path.strip_prefix(root).unwrap_or(&path).to_string_lossy();
            if !keep.contains(&path) && included(&relative, &Value::Null, exclude)? {
                out.push(path);
            }
        }
        let gone = &out[from..];
        let below = below.into_iter().rev().filter(|path| nested || !gone.contains(path));
        todo.extend(below.collect::<Vec<_>>());
    }
    Ok(out)
}

/// Removes what is at a path; a link is removed, not what it leads to.
///
/// # Errors
/// As removing files and folders.
pub fn remove(host: &dyn Write, path: &Path) -> Result<()> {
    match host.symlink_metadata(path)? {
        Some(stat) if stat.is_dir() => host.remove_dir_all(path),
        Some(_) => host.remove_file(path),
        None => Ok(()),
    }
}

/// Paths as a list of texts.
pub fn listed(paths: &[PathBuf]) -> Value {
    Value::list(paths.iter().map(|path| Value::from_os(path.as_os_str())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_globs_or_regular_expressions() {
        let list = Value::list([Value::str("*.bak"), Value::str("E@^x/")]);
        for (path, include, exclude, want) in [
            ("a.bak", Value::Null, Value::str("*.bak"), false),
            ("a.txt", Value::Null, list.clone(), true),
            ("x/y", Value::Null, list.clone(), false),
            ("x/y", Value::str("E@^x"), Value::Null, true),
            ("z", Value::str("E@^x"), Value::Null, false),
            ("a.bak", list.clone(), Value::str("a*"), false),
        ] {
            assert_eq!(included(path, &include, &exclude).expect("are patterns"), want, "{path}");
        }
    }

    #[test]
    fn folders_above_what_stays_stay() {
        let all = kept(Path::new("/r"), [PathBuf::from("/r/a/b/c")]);
        for path in ["/", "/r", "/r/a", "/r/a/b", "/r/a/b/c"] {
            assert!(all.contains(Path::new(path)), "{path}");
        }
        assert!(!all.contains(Path::new("/r/x")));
    }
}
