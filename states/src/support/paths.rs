//! What is at a path, and where it really is.

use std::path::{Component, Path, PathBuf};

use halite_core::host::Read;

/// Whether a folder is at a path, links followed.
pub fn is_dir(host: &dyn Read, path: &Path) -> bool {
    matches!(host.metadata(path), Ok(Some(stat)) if stat.is_dir())
}

/// Whether a regular file is at a path, links followed.
pub fn is_file(host: &dyn Read, path: &Path) -> bool {
    matches!(host.metadata(path), Ok(Some(stat)) if stat.is_file())
}

/// Whether a symbolic link is at a path.
pub fn is_link(host: &dyn Read, path: &Path) -> bool {
    matches!(host.symlink_metadata(path), Ok(Some(stat)) if stat.is_symlink())
}

/// Whether anything is at a path, a link that leads nowhere included.
pub fn lexists(host: &dyn Read, path: &Path) -> bool {
    matches!(host.symlink_metadata(path), Ok(Some(_)))
}

/// Where a chain of links ends.
pub fn real_path(host: &dyn Read, path: &Path) -> PathBuf {
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
pub fn folder_of(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("/"))
}

/// Where a link leads, by its text alone.
pub fn lexical_target(link: &Path, target: &str) -> PathBuf {
    let mut full = PathBuf::new();
    for part in link.parent().unwrap_or(link).join(target).components() {
        match part {
            Component::ParentDir => drop(full.pop()),
            Component::CurDir => {}
            other => full.push(other),
        }
    }
    full
}
