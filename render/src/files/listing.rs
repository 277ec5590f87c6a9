//! All that an environment holds: files, folders, empty folders, links.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use halite_core::glob::{fnmatch, is_glob};
use halite_core::{SaltEnv, Value};

use super::LIST_ENTRIES_MAX;
use super::roots::{Links, Place, Roots};

/// The content of an environment; paths are relative to the root, sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    /// Files.
    pub files: BTreeSet<String>,
    /// Folders.
    pub dirs: BTreeSet<String>,
    /// Folders without anything in them.
    pub empty_dirs: BTreeSet<String>,
    /// Symbolic links and what they point to.
    pub links: BTreeMap<String, String>,
}

impl Tree {
    /// Links below `prefix` as the master answers them.
    pub fn links_below(&self, prefix: &str) -> halite_core::Map {
        let prefix = prefix.trim_matches('/');
        self.links
            .iter()
            .filter(|(path, _)| path.starts_with(prefix))
            .map(|(path, target)| (Value::str(path), Value::str(target)))
            .collect()
    }
}

struct Walk<'a> {
    roots: &'a Roots,
    env: &'a SaltEnv,
    root: PathBuf,
    tree: Tree,
    entries: usize,
    /// The folders on the way down, so that a link to one of them does not lead round and round.
    chain: Vec<PathBuf>,
}

/// Walks all roots of an environment.
pub(super) fn walk(roots: &Roots, env: &SaltEnv) -> Tree {
    let mut tree = Tree::default();
    for root in roots.roots_of(env) {
        let Ok(real) = root.canonicalize() else { continue };
        let mut walk = Walk { roots, env, root: root.clone(), tree, entries: 0, chain: vec![real] };
        walk.folder(&root, "");
        tree = walk.tree;
    }
    tree
}

impl Walk<'_> {
    fn folder(&mut self, path: &Path, rel: &str) {
        let Ok(entries) = std::fs::read_dir(path) else { return };
        for entry in entries.flatten() {
            self.entries += 1;
            if self.entries > LIST_ENTRIES_MAX {
                tracing::warn!("{}: more than {LIST_ENTRIES_MAX} entries", self.root.display());
                return;
            }
            // A name that is not UTF-8 has no `salt://` path.
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            let rel = if rel.is_empty() { name.to_owned() } else { format!("{rel}/{name}") };
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_symlink() {
                self.link(&entry.path(), rel);
            } else if kind.is_dir() {
                self.dir(&entry.path(), rel);
            } else if !self.roots.ignore.matches(&rel) {
                self.tree.files.insert(rel);
            }
        }
    }

    fn dir(&mut self, path: &Path, rel: String) {
        let listed = !self.roots.ignore.matches(&rel);
        if listed {
            if std::fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none()) {
                self.tree.empty_dirs.insert(rel.clone());
            }
            self.tree.dirs.insert(rel.clone());
        }
        let Ok(real) = path.canonicalize() else { return };
        if self.chain.contains(&real) {
            return;
        }
        self.chain.push(real);
        self.folder(path, &rel);
        self.chain.pop();
    }

    fn link(&mut self, path: &Path, rel: String) {
        if self.roots.ignore_links() || self.roots.ignore.matches(&rel) {
            return;
        }
        let place = self.roots.place(&self.root, path, self.env);
        let target = std::fs::read_link(path).ok();
        // Of a link that leads nowhere only its text tells where it would lead.
        let inside = match &place {
            Some(Place::Below(root, _)) => self.chain.first() == Some(root),
            None if path.metadata().is_err() => target.as_deref().is_some_and(|target| {
                let joined = path.parent().unwrap_or(path).join(target);
                lexical(&joined).starts_with(&self.root)
            }),
            _ => false,
        };
        let follow = self.roots.links != Links::Within;
        if let Some(target) = target.as_deref().and_then(Path::to_str)
            && (inside || !follow)
        {
            self.tree.links.insert(rel.clone(), target.to_owned());
        }
        match path.metadata() {
            Ok(stat) if stat.is_dir() => {
                if follow && place.is_some() {
                    self.dir(path, rel);
                } else if !follow {
                    self.tree.dirs.insert(rel);
                }
            }
            // A link that leads nowhere is listed as a file, one that leads out is not served.
            Ok(_) if place.is_none() => {}
            _ => drop(self.tree.files.insert(rel)),
        }
    }
}

/// A path without `.` and `..`, links not looked at.
fn lexical(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(plain.pop()),
            Component::CurDir => {}
            other => plain.push(other),
        }
    }
    plain
}

/// The paths that a root's setting stands for: those it matches, or itself if it is no pattern.
pub(super) fn expand(path: &str) -> Vec<String> {
    if !is_glob(path) {
        return vec![path.to_owned()];
    }
    let start = if path.starts_with('/') { "/" } else { "" };
    let mut found = vec![start.to_owned()];
    for part in path.split('/').filter(|part| !part.is_empty()) {
        found = found.iter().flat_map(|base| children(base, part)).collect();
    }
    found.retain(|path| Path::new(path).exists());
    found.iter().map(|path| path.trim_end_matches('/').to_owned()).collect()
}

/// What one part of a pattern stands for below `base`, sorted, each with `/` at its end.
fn children(base: &str, part: &str) -> Vec<String> {
    if !is_glob(part) {
        return vec![format!("{base}{part}/")];
    }
    let folder = if base.is_empty() { "." } else { base };
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let mut paths: Vec<String> = names
        .filter(|name| fnmatch(name, part) && (!name.starts_with('.') || part.starts_with('.')))
        .map(|name| format!("{base}{name}/"))
        .collect();
    paths.sort();
    paths
}
