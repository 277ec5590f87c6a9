//! The door to the machine. Checks hold a [`Read`], deeds a [`Write`]; nothing else touches files,
//! processes or the clock.

mod command;
mod real;
mod spawn;
pub mod trim;

use std::path::{Path, PathBuf};

use crate::error::Result;

pub use command::{Command, Output};
pub use real::RealHost;

/// What kind of file a path is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A regular file.
    File,
    /// A folder.
    Dir,
    /// A symbolic link (only from [`Read::symlink_metadata`]).
    Symlink,
    /// A FIFO.
    Fifo,
    /// A socket.
    Socket,
    /// A block device.
    Block,
    /// A character device.
    Char,
}

/// What `stat` tells.
#[derive(Clone, Debug, PartialEq)]
pub struct Metadata {
    /// Kind of file.
    pub kind: FileKind,
    /// Permission bits with set-id and sticky, `0o7777` at most.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Size in bytes.
    pub size: u64,
    /// Last access, seconds since 1970.
    pub atime: f64,
    /// Last change of content, seconds since 1970.
    pub mtime: f64,
    /// Last change of the inode, seconds since 1970.
    pub ctime: f64,
    /// Inode.
    pub inode: u64,
    /// Device the file is on.
    pub device: u64,
    /// Device the file is, for devices.
    pub rdev: u64,
    /// Hard links.
    pub links: u64,
}

impl Metadata {
    /// Whether it is a folder.
    pub fn is_dir(&self) -> bool {
        self.kind == FileKind::Dir
    }

    /// Whether it is a regular file.
    pub fn is_file(&self) -> bool {
        self.kind == FileKind::File
    }

    /// Whether it is a symbolic link.
    pub fn is_symlink(&self) -> bool {
        self.kind == FileKind::Symlink
    }
}

/// A line of the user database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Login name.
    pub name: String,
    /// User id.
    pub uid: u32,
    /// Primary group id.
    pub gid: u32,
    /// The comment field.
    pub gecos: String,
    /// Home folder.
    pub home: PathBuf,
    /// Login shell.
    pub shell: String,
}

/// A line of the group database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Name.
    pub name: String,
    /// Group id.
    pub gid: u32,
    /// Members beside those whose primary group it is.
    pub members: Vec<String>,
}

/// A file open for reading, from any place in it.
pub trait Input: std::io::Read + std::io::Seek + Send {}

impl<T: std::io::Read + std::io::Seek + Send> Input for T {}

/// Looking at the machine.
pub trait Read: Send + Sync {
    /// The whole content of a file.
    ///
    /// # Errors
    /// As `open` and `read`.
    fn read(&self, path: &Path) -> Result<Vec<u8>>;

    /// The bytes of a regular file that has just been seen with this many: the same as [`Read::read`], in
    /// fewer calls of the kernel.
    ///
    /// # Errors
    /// As for [`Read::read`].
    fn read_seen(&self, path: &Path, size: u64) -> Result<Vec<u8>> {
        let _ = size;
        self.read(path)
    }

    /// A file to be read piece by piece: one that memory should not have to hold.
    ///
    /// # Errors
    /// As `open`.
    fn open(&self, path: &Path) -> Result<Box<dyn Input>> {
        Ok(Box::new(std::io::Cursor::new(self.read(path)?)))
    }

    /// `stat`, following links; `None` if nothing is there (or a link leads nowhere).
    ///
    /// # Errors
    /// As `stat`, other than "not found".
    fn metadata(&self, path: &Path) -> Result<Option<Metadata>>;

    /// `lstat`; `None` if nothing is there.
    ///
    /// # Errors
    /// As `lstat`, other than "not found".
    fn symlink_metadata(&self, path: &Path) -> Result<Option<Metadata>>;

    /// Where a symbolic link points to.
    ///
    /// # Errors
    /// As `readlink`.
    fn read_link(&self, path: &Path) -> Result<PathBuf>;

    /// Names in a folder, sorted.
    ///
    /// # Errors
    /// As `readdir`.
    fn read_dir(&self, path: &Path) -> Result<Vec<String>>;

    /// Runs a command that is not meant to change anything (`onlyif`, `dpkg-query`, ...).
    ///
    /// # Errors
    /// If it cannot be started or is cancelled. A bad exit code is no error.
    fn query(&self, command: &Command) -> Result<Output>;

    /// Now, in microseconds since 1970 UTC.
    fn now_micros(&self) -> i64;

    /// All users.
    ///
    /// # Errors
    /// If the database cannot be read.
    fn users(&self) -> Result<Vec<User>>;

    /// All groups.
    ///
    /// # Errors
    /// If the database cannot be read.
    fn groups(&self) -> Result<Vec<Group>>;

    /// One user by name (NSS included).
    ///
    /// # Errors
    /// If the database cannot be read.
    fn user(&self, name: &str) -> Result<Option<User>> {
        Ok(self.users()?.into_iter().find(|user| user.name == name))
    }

    /// One user by number.
    ///
    /// # Errors
    /// If the database cannot be read.
    fn user_of(&self, uid: u32) -> Result<Option<User>> {
        Ok(self.users()?.into_iter().find(|user| user.uid == uid))
    }

    /// One group by name.
    ///
    /// # Errors
    /// If the database cannot be read.
    fn group(&self, name: &str) -> Result<Option<Group>> {
        Ok(self.groups()?.into_iter().find(|group| group.name == name))
    }

    /// One group by number.
    ///
    /// # Errors
    /// If the database cannot be read.
    fn group_of(&self, gid: u32) -> Result<Option<Group>> {
        Ok(self.groups()?.into_iter().find(|group| group.gid == gid))
    }

    /// The value of an environment variable of this process.
    fn env(&self, name: &str) -> Option<String>;

    /// All environment variables of this process.
    fn environ(&self) -> Vec<(String, String)> {
        Vec::new()
    }

    /// The path of a program in `PATH`.
    fn which(&self, program: &str) -> Option<PathBuf>;

    /// Whether something is at `path`, links followed.
    fn exists(&self, path: &Path) -> bool {
        matches!(self.metadata(path), Ok(Some(_)))
    }
}

/// Changing the machine.
pub trait Write: Read {
    /// Replaces a file's content in one step: readers see the old or the new file. Mode and owner
    /// of an existing file are kept; a new one gets `mode` (or `0o666` less the umask). A symbolic
    /// link is replaced by a file.
    ///
    /// # Errors
    /// Names the path that could not be written.
    fn write_atomic(&self, path: &Path, content: &[u8], mode: Option<u32>) -> Result<()>;

    /// Makes a new file to be written piece by piece, in place of a file or link that is there.
    ///
    /// # Errors
    /// As `open`.
    fn create(&self, path: &Path, mode: u32) -> Result<Box<dyn std::io::Write + Send>>;

    /// Adds to the end of a file in one write; makes it, readable by its owner only, if there is none.
    ///
    /// # Errors
    /// If the file cannot be opened or written.
    fn append(&self, path: &Path, content: &[u8]) -> Result<()> {
        let mut whole = if self.exists(path) { self.read(path)? } else { Vec::new() };
        whole.extend_from_slice(content);
        self.write_atomic(path, &whole, Some(0o600))
    }

    /// Makes one folder.
    ///
    /// # Errors
    /// As `mkdir`.
    fn create_dir(&self, path: &Path, mode: Option<u32>) -> Result<()>;

    /// Removes a file or a link.
    ///
    /// # Errors
    /// As `unlink`.
    fn remove_file(&self, path: &Path) -> Result<()>;

    /// Removes a folder and all below it.
    ///
    /// # Errors
    /// As `unlink` and `rmdir`.
    fn remove_dir_all(&self, path: &Path) -> Result<()>;

    /// Makes a symbolic link at `link`.
    ///
    /// # Errors
    /// As `symlink`.
    fn symlink(&self, target: &Path, link: &Path) -> Result<()>;

    /// Makes a hard link at `link`.
    ///
    /// # Errors
    /// As `link`.
    fn hard_link(&self, target: &Path, link: &Path) -> Result<()>;

    /// Renames, across file systems by copying.
    ///
    /// # Errors
    /// As `rename`.
    fn rename(&self, from: &Path, to: &Path) -> Result<()>;

    /// Sets permission bits, links followed.
    ///
    /// # Errors
    /// As `chmod`.
    fn chmod(&self, path: &Path, mode: u32) -> Result<()>;

    /// Sets owner and group (`None` keeps); `follow` says whether links are followed.
    ///
    /// # Errors
    /// As `chown`.
    fn chown(&self, path: &Path, uid: Option<u32>, gid: Option<u32>, follow: bool) -> Result<()>;

    /// Sets access and modification time, seconds since 1970.
    ///
    /// # Errors
    /// As `utimensat`.
    fn set_times(&self, path: &Path, atime: f64, mtime: f64) -> Result<()>;

    /// Makes a special file. `kind` is `Fifo`, `Block` or `Char`.
    ///
    /// # Errors
    /// As `mknod`.
    fn mknod(&self, path: &Path, kind: FileKind, mode: u32, major: u32, minor: u32) -> Result<()>;

    /// Runs a command that may change the machine.
    ///
    /// # Errors
    /// If it cannot be started or is cancelled. A bad exit code is no error.
    fn run(&self, command: &Command) -> Result<Output> {
        self.query(command)
    }
}
