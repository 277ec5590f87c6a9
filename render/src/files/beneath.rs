//! Opening a file below a folder without following any link on the way.

use std::fs::File;
use std::io;
use std::path::{Component, Path};

use rustix::fs::{Mode, OFlags, openat};
use rustix::io::Errno;

/// Opens the file `rel` below `root` for reading. `root` is trusted; `rel` must be free of links,
/// as a canonical path is, so that a link put there meanwhile is refused.
///
/// Errors: as `open`; `ELOOP` or `EXDEV` if a link stands in the way; no regular file.
pub(super) fn open(root: &Path, rel: &Path) -> io::Result<File> {
    if !rel.components().all(|part| matches!(part, Component::Normal(_))) {
        return Err(Errno::XDEV.into());
    }
    let folder =
        rustix::fs::open(root, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    // A FIFO must not stop us: without a writer it would block.
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = File::from(beneath(folder, rel, flags)?);
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file"))
    }
}

#[cfg(target_os = "linux")]
fn beneath(
    folder: rustix::fd::OwnedFd,
    rel: &Path,
    flags: OFlags,
) -> Result<rustix::fd::OwnedFd, Errno> {
    use rustix::fs::{ResolveFlags, openat2};
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    match openat2(&folder, rel, flags, Mode::empty(), resolve) {
        // Old kernels lack the call, and sandboxes forbid what they do not know.
        Err(Errno::NOSYS | Errno::PERM) => step_by_step(folder, rel, flags),
        done => done,
    }
}

#[cfg(not(target_os = "linux"))]
fn beneath(
    folder: rustix::fd::OwnedFd,
    rel: &Path,
    flags: OFlags,
) -> Result<rustix::fd::OwnedFd, Errno> {
    step_by_step(folder, rel, flags)
}

/// Opens each folder on the way without following links.
fn step_by_step(
    folder: rustix::fd::OwnedFd,
    rel: &Path,
    flags: OFlags,
) -> Result<rustix::fd::OwnedFd, Errno> {
    let (parent, name) = match (rel.parent(), rel.file_name()) {
        (Some(parent), Some(name)) => (parent, name),
        _ => return Err(Errno::INVAL),
    };
    let mut at = folder;
    for part in parent.components() {
        let step = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        at = openat(&at, part.as_os_str(), step, Mode::empty())?;
    }
    openat(&at, name, flags | OFlags::NOFOLLOW, Mode::empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_and_climbing_are_refused_both_ways() {
        let dir = tempfile::tempdir().expect("a folder");
        let root = dir.path().join("root");
        std::fs::create_dir_all(root.join("sub")).expect("folders");
        std::fs::write(root.join("sub/f"), "x").expect("a file");
        std::fs::write(dir.path().join("secret"), "s").expect("a file");
        std::os::unix::fs::symlink("../secret", root.join("out")).expect("a link");
        std::os::unix::fs::symlink("sub", root.join("in")).expect("a link");
        assert!(open(&root, Path::new("sub/f")).is_ok());
        for bad in ["out", "in/f", "../secret", "/etc/passwd", "sub", "nothing"] {
            assert!(open(&root, Path::new(bad)).is_err(), "{bad}");
        }
        let folder = || File::open(&root).expect("the root").into();
        assert!(step_by_step(folder(), Path::new("sub/f"), OFlags::RDONLY).is_ok());
        assert!(step_by_step(folder(), Path::new("in/f"), OFlags::RDONLY).is_err());
        assert!(step_by_step(folder(), Path::new("out"), OFlags::RDONLY).is_err());
    }
}
