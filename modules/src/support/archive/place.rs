//! Where members land: below the folder that was asked for, whatever their names say.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use halite_core::host::Write;
use halite_core::{Error, Result};

use crate::support::paths::real;

/// A folder that an archive is unpacked into.
pub struct Place<'a> {
    host: &'a dyn Write,
    root: PathBuf,
    real_root: PathBuf,
    /// The parent looked at last: members come folder by folder.
    checked: Option<PathBuf>,
    cancel: &'a AtomicBool,
    /// Owner of what is made, where it is not the archive that says so.
    pub owner: Option<(u32, u32)>,
}

impl<'a> Place<'a> {
    /// The folder `root`; `cancel` ends the work between two pieces.
    pub fn new(host: &'a dyn Write, root: &Path, cancel: &'a AtomicBool) -> Place<'a> {
        let real_root = real(host, root);
        Place { host, root: root.into(), real_root, checked: None, cancel, owner: None }
    }

    /// The machine.
    pub fn host(&self) -> &'a dyn Write {
        self.host
    }

    /// The path of a member, its parents made.
    ///
    /// # Errors
    /// If it would lie outside the folder, by its name or through a link, or a parent cannot be made.
    pub fn path_of(&mut self, name: &str) -> Result<PathBuf> {
        let mut path = self.root.clone();
        for part in name.split('/') {
            match part {
                "" | "." => {}
                ".." => return Err(outside(name, &self.root)),
                part => path.push(part),
            }
        }
        if path == self.root {
            self.make_dirs(&path)?;
            return Ok(path);
        }
        let parent = path.parent().unwrap_or(&self.root).to_owned();
        if self.checked.as_ref() != Some(&parent) {
            if !real(self.host, &parent).starts_with(&self.real_root) {
                return Err(outside(name, &self.root));
            }
            self.make_dirs(&parent)?;
            self.checked = Some(parent);
        }
        Ok(path)
    }

    fn make_dirs(&self, path: &Path) -> Result<()> {
        if self.host.exists(path) {
            return Ok(());
        }
        if let Some(parent) = path.parent() {
            self.make_dirs(parent)?;
        }
        self.host.create_dir(path, None)?;
        self.own(path)
    }

    /// Makes a folder; one that is there is no fault.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn make_dir(&mut self, path: &Path) -> Result<()> {
        match self.host.symlink_metadata(path)? {
            Some(stat) if stat.is_dir() => Ok(()),
            // A link to a folder stays; what comes below it is looked at by itself.
            Some(_) if self.host.metadata(path)?.is_some_and(|stat| stat.is_dir()) => Ok(()),
            _ => {
                self.host.create_dir(path, None)?;
                self.own(path)
            }
        }
    }

    /// Gives what was made to the owner wanted.
    ///
    /// # Errors
    /// If the owner cannot be changed.
    pub fn own(&self, path: &Path) -> Result<()> {
        match self.owner {
            Some((uid, gid)) => self.host.chown(path, Some(uid), Some(gid), false),
            None => Ok(()),
        }
    }

    /// Makes a link, in place of a file or link that is there.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn link(&mut self, target: &Path, path: &Path, replace: bool) -> Result<()> {
        if replace && self.host.symlink_metadata(path)?.is_some() {
            self.host.remove_file(path)?;
        }
        self.host.symlink(target, path)?;
        self.checked = None;
        self.own(path)
    }

    /// Writes a member's content.
    ///
    /// # Errors
    /// If it cannot be read or written, or the job is cancelled.
    pub fn write(
        &self,
        path: &Path,
        content: &mut dyn io::Read,
        mode: u32,
    ) -> Result<(), super::Fault> {
        let mut file = self.host.create(path, mode)?;
        let mut chunk = vec![0; 1 << 16];
        loop {
            if self.cancel.load(Ordering::Relaxed) {
                return Err(Error::Cancelled.into());
            }
            match content.read(&mut chunk)? {
                0 => break,
                n => file.write_all(&chunk[..n])?,
            }
        }
        file.flush()?;
        self.own(path)?;
        Ok(())
    }
}

fn outside(name: &str, root: &Path) -> Error {
    let shown = halite_core::value::repr_str(name);
    Error::execution(format!("{shown} would be extracted outside `{}`", root.display()))
}
