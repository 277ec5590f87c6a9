//! A machine that can be looked at but not changed, for templates rendered while a state checks.

use std::path::{Path, PathBuf};

use halite_core::host::{Command, FileKind, Group, Input, Metadata, Output, Read, User, Write};
use halite_core::{Error, Result};

/// The machine, without the right to change files. Commands run: templates are full of them, and
/// Salt runs them in test mode as well.
pub struct LookOnly<'a>(pub &'a dyn Read);

fn refused(path: &Path) -> Error {
    Error::execution(format!("`{}` may not be changed while a state only checks", path.display()))
}

impl Read for LookOnly<'_> {
    fn read(&self, path: &Path) -> Result<Vec<u8>> {
        self.0.read(path)
    }
    fn open(&self, path: &Path) -> Result<Box<dyn Input>> {
        self.0.open(path)
    }
    fn metadata(&self, path: &Path) -> Result<Option<Metadata>> {
        self.0.metadata(path)
    }
    fn symlink_metadata(&self, path: &Path) -> Result<Option<Metadata>> {
        self.0.symlink_metadata(path)
    }
    fn read_link(&self, path: &Path) -> Result<PathBuf> {
        self.0.read_link(path)
    }
    fn read_dir(&self, path: &Path) -> Result<Vec<String>> {
        self.0.read_dir(path)
    }
    fn query(&self, command: &Command) -> Result<Output> {
        self.0.query(command)
    }
    fn now_micros(&self) -> i64 {
        self.0.now_micros()
    }
    fn users(&self) -> Result<Vec<User>> {
        self.0.users()
    }
    fn groups(&self) -> Result<Vec<Group>> {
        self.0.groups()
    }
    fn user(&self, name: &str) -> Result<Option<User>> {
        self.0.user(name)
    }
    fn group(&self, name: &str) -> Result<Option<Group>> {
        self.0.group(name)
    }
    fn env(&self, name: &str) -> Option<String> {
        self.0.env(name)
    }
    fn environ(&self) -> Vec<(String, String)> {
        self.0.environ()
    }
    fn which(&self, program: &str) -> Option<PathBuf> {
        self.0.which(program)
    }
}

impl Write for LookOnly<'_> {
    fn write_atomic(&self, path: &Path, _: &[u8], _: Option<u32>) -> Result<()> {
        Err(refused(path))
    }
    fn create(&self, path: &Path, _: u32) -> Result<Box<dyn std::io::Write + Send>> {
        Err(refused(path))
    }
    fn create_dir(&self, path: &Path, _: Option<u32>) -> Result<()> {
        Err(refused(path))
    }
    fn remove_file(&self, path: &Path) -> Result<()> {
        Err(refused(path))
    }
    fn remove_dir_all(&self, path: &Path) -> Result<()> {
        Err(refused(path))
    }
    fn symlink(&self, _: &Path, link: &Path) -> Result<()> {
        Err(refused(link))
    }
    fn hard_link(&self, _: &Path, link: &Path) -> Result<()> {
        Err(refused(link))
    }
    fn rename(&self, from: &Path, _: &Path) -> Result<()> {
        Err(refused(from))
    }
    fn chmod(&self, path: &Path, _: u32) -> Result<()> {
        Err(refused(path))
    }
    fn chown(&self, path: &Path, _: Option<u32>, _: Option<u32>, _: bool) -> Result<()> {
        Err(refused(path))
    }
    fn set_times(&self, path: &Path, _: f64, _: f64) -> Result<()> {
        Err(refused(path))
    }
    fn mknod(&self, path: &Path, _: FileKind, _: u32, _: u32, _: u32) -> Result<()> {
        Err(refused(path))
    }
}
