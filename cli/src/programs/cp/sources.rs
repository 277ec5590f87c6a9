//! The files to copy, and where each goes.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use halite_core::glob::is_glob;
use halite_core::opts::load;
use halite_core::{Error, Map, Result};

/// Deepest folder that is looked into; links may go round.
const DEPTH: usize = 64;
/// Largest file that is sent without `--chunked`, in bytes: it must fit into one message.
const TEXT_BYTES: u64 = 4 * 1024 * 1024;

/// Absolute paths of the sources, with globs expanded that the shell left alone.
///
/// # Errors
/// Says which source is not there.
pub(super) fn expand(sources: &[String]) -> Result<Vec<PathBuf>, String> {
    let mut paths = Vec::new();
    for source in sources {
        let path = fs::canonicalize(source);
        match path {
            Ok(path) => paths.push(path),
            Err(_) => {
                let pattern = std::path::absolute(source).unwrap_or_else(|_| source.into());
                let found = if is_glob(source) { load::expand(&pattern) } else { Vec::new() };
                if found.is_empty() {
                    return Err(format!("{source} does not exist"));
                }
                paths.extend(found);
            }
        }
    }
    Ok(paths)
}

/// The contents of text files, by path.
///
/// # Errors
/// Says which is a folder, or no text, or too large.
pub(super) fn texts(sources: &[PathBuf]) -> Result<Map, String> {
    let mut files = Map::new();
    for path in sources {
        let name = path.display();
        if path.is_dir() {
            return Err(format!(
                "{name} is a directory, only files are supported in non-chunked mode. Use \
                 \"--chunked\" command line argument."
            ));
        }
        let size = fs::metadata(path).map(|stat| stat.len());
        if size.is_ok_and(|size| size > TEXT_BYTES) {
            return Err(format!("{name} is too large for one message. Use \"--chunked\"."));
        }
        let text = fs::read_to_string(path).map_err(|error| {
            format!("{name} cannot be sent as text ({error}). Use \"--chunked\".")
        })?;
        files.insert(path.as_path().into(), text.into());
    }
    Ok(files)
}

/// Files and empty folders below the sources.
#[derive(Debug, Default)]
pub(super) struct Tree {
    sources: Vec<PathBuf>,
    /// Files with their modes.
    pub(super) files: Vec<(PathBuf, u32)>,
    /// Folders with nothing in them.
    pub(super) empty: Vec<PathBuf>,
}

/// Looks into folders.
///
/// # Errors
/// If something cannot be looked at.
pub(super) fn walk(sources: &[PathBuf]) -> Result<Tree> {
    let mut tree = Tree { sources: sources.to_vec(), ..Tree::default() };
    for source in sources {
        tree.look(source, 0)?;
    }
    tree.files.sort();
    tree.files.dedup();
    Ok(tree)
}

impl Tree {
    fn look(&mut self, path: &Path, depth: usize) -> Result<()> {
        let fault = |error| Error::file("read", path, error);
        if depth > DEPTH {
            let what = format!("{} is deeper than {DEPTH} folders", path.display());
            return Err(Error::execution(what));
        }
        let stat = fs::metadata(path).map_err(fault)?;
        if !stat.is_dir() {
            self.files.push((path.into(), stat.permissions().mode() & 0o7777));
            return Ok(());
        }
        let entries: Vec<PathBuf> =
            fs::read_dir(path).map_err(fault)?.flatten().map(|entry| entry.path()).collect();
        if entries.is_empty() {
            self.empty.push(path.into());
        }
        entries.iter().try_for_each(|entry| self.look(entry, depth + 1))
    }

    /// Where something goes: below `dest` under its own name, or as `dest` itself if it is one
    /// file and `dest` does not end like a folder. Salt: `SaltCP.run_chunked` behaviour.
    pub(super) fn remote(&self, path: &Path, dest: &str) -> String {
        let folder = !self.empty.is_empty()
            || self.files.len() > 1
            || dest.ends_with('/')
            || dest.ends_with('\\');
        let base = |path: &Path| path.file_name().map(PathBuf::from).unwrap_or_default();
        let dest_path = Path::new(dest);
        let joined = if self.sources.iter().any(|source| source == path) {
            match folder {
                true => dest_path.join(base(path)),
                false => dest_path.into(),
            }
        } else {
            let below = self.sources.iter().find_map(|source| {
                path.strip_prefix(source).ok().map(|rest| base(source).join(rest))
            });
            dest_path.join(below.unwrap_or_else(|| base(path)))
        };
        joined.to_string_lossy().into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_keep_their_shape_below_the_destination() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let root = fs::canonicalize(dir.path()).expect("is there");
        fs::create_dir_all(root.join("d/sub")).expect("is made");
        fs::create_dir_all(root.join("d/empty")).expect("is made");
        fs::write(root.join("d/x"), "x").expect("is written");
        fs::write(root.join("d/sub/y"), "y").expect("is written");
        let tree = walk(&[root.join("d")]).expect("is read");
        let files: Vec<String> =
            tree.files.iter().map(|(path, _)| tree.remote(path, "/to")).collect();
        assert_eq!(files, ["/to/d/sub/y", "/to/d/x"]);
        assert_eq!(tree.remote(&tree.empty[0], "/to"), "/to/d/empty");
    }

    #[test]
    fn one_file_may_get_another_name() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let path = dir.path().join("x");
        fs::write(&path, "x").expect("is written");
        let tree = walk(std::slice::from_ref(&path)).expect("is read");
        assert_eq!(tree.remote(&path, "/to"), "/to");
        assert_eq!(tree.remote(&path, "/to/"), "/to/x");
    }

    #[test]
    fn what_cannot_be_sent_is_named() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        assert!(texts(&[dir.path().into()]).expect_err("a folder").contains("--chunked"));
        let path = dir.path().join("bin");
        fs::write(&path, [0xff, 0xfe]).expect("is written");
        assert!(texts(&[path]).expect_err("no text").contains("--chunked"));
        let missing = expand(&["/nonexistent/x".into()]).expect_err("not there");
        assert_eq!(missing, "/nonexistent/x does not exist");
    }
}
