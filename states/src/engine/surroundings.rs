//! What a state call sees instead of the bare machine: its umask and its user.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use halite_core::host::{Command, FileKind, Group, Input, Metadata, Output, Read, User, Write};
use halite_core::{Map, Opts, Result};

/// Options, grains and pillar as they are at one moment of a run.
#[derive(Clone)]
pub(crate) struct Surroundings {
    pub(crate) opts: Arc<Opts>,
    pub(crate) grains: Arc<Map>,
    pub(crate) pillar: Arc<Map>,
}

/// A machine on which new files get the modes that a umask leaves and commands run as a user.
pub(crate) struct MaskedHost<'a> {
    pub(crate) host: &'a dyn Write,
    pub(crate) umask: Option<u32>,
    pub(crate) runas: Option<String>,
}

impl MaskedHost<'_> {
    fn command(&self, command: &Command) -> Command {
        let mut command = command.clone();
        command.umask = command.umask.or(self.umask);
        command.runas = command.runas.or_else(|| self.runas.clone());
        command
    }

    fn mode(&self, mode: Option<u32>, all: u32) -> Option<u32> {
        mode.or_else(|| self.umask.map(|mask| all & !mask))
    }
}

impl Read for MaskedHost<'_> {
    fn read(&self, path: &Path) -> Result<Vec<u8>> {
        self.host.read(path)
    }
    fn open(&self, path: &Path) -> Result<Box<dyn Input>> {
        self.host.open(path)
    }
    fn metadata(&self, path: &Path) -> Result<Option<Metadata>> {
        self.host.metadata(path)
    }
    fn symlink_metadata(&self, path: &Path) -> Result<Option<Metadata>> {
        self.host.symlink_metadata(path)
    }
    fn read_link(&self, path: &Path) -> Result<PathBuf> {
        self.host.read_link(path)
    }
    fn read_dir(&self, path: &Path) -> Result<Vec<String>> {
        self.host.read_dir(path)
    }
    fn query(&self, command: &Command) -> Result<Output> {
        self.host.query(&self.command(command))
    }
    fn now_micros(&self) -> i64 {
        self.host.now_micros()
    }
    fn users(&self) -> Result<Vec<User>> {
        self.host.users()
    }
    fn groups(&self) -> Result<Vec<Group>> {
        self.host.groups()
    }
    fn user(&self, name: &str) -> Result<Option<User>> {
        self.host.user(name)
    }
    fn group(&self, name: &str) -> Result<Option<Group>> {
        self.host.group(name)
    }
    fn env(&self, name: &str) -> Option<String> {
        self.host.env(name)
    }
    fn environ(&self) -> Vec<(String, String)> {
        self.host.environ()
    }
    fn which(&self, program: &str) -> Option<PathBuf> {
        self.host.which(program)
    }
}

impl Write for MaskedHost<'_> {
    fn write_atomic(&self, path: &Path, content: &[u8], mode: Option<u32>) -> Result<()> {
        let there = self.host.symlink_metadata(path)?.is_some_and(|stat| stat.is_file());
        let mode = if there { mode } else { self.mode(mode, 0o666) };
        self.host.write_atomic(path, content, mode)
    }
    fn create(&self, path: &Path, mode: u32) -> Result<Box<dyn std::io::Write + Send>> {
        self.host.create(path, mode & !self.umask.unwrap_or(0))
    }
    fn create_dir(&self, path: &Path, mode: Option<u32>) -> Result<()> {
        self.host.create_dir(path, self.mode(mode, 0o777))
    }
    fn remove_file(&self, path: &Path) -> Result<()> {
        self.host.remove_file(path)
    }
    fn remove_dir_all(&self, path: &Path) -> Result<()> {
        self.host.remove_dir_all(path)
    }
    fn symlink(&self, target: &Path, link: &Path) -> Result<()> {
        self.host.symlink(target, link)
    }
    fn hard_link(&self, target: &Path, link: &Path) -> Result<()> {
        self.host.hard_link(target, link)
    }
    fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        self.host.rename(from, to)
    }
    fn chmod(&self, path: &Path, mode: u32) -> Result<()> {
        self.host.chmod(path, mode)
    }
    fn chown(&self, path: &Path, uid: Option<u32>, gid: Option<u32>, follow: bool) -> Result<()> {
        self.host.chown(path, uid, gid, follow)
    }
    fn set_times(&self, path: &Path, atime: f64, mtime: f64) -> Result<()> {
        self.host.set_times(path, atime, mtime)
    }
    fn mknod(&self, path: &Path, kind: FileKind, mode: u32, major: u32, minor: u32) -> Result<()> {
        self.host.mknod(path, kind, mode, major, minor)
    }
    fn run(&self, command: &Command) -> Result<Output> {
        self.host.run(&self.command(command))
    }
}
