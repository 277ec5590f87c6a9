//! What is in an archive, and putting it on the machine: tar and ZIP, read as a stream.

mod place;
pub mod tarball;
#[cfg(test)]
mod tests;
pub mod zip;
pub mod zip_write;

use std::io;

pub use place::Place;

/// One thing in an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its path as the archive has it.
    pub name: String,
    /// What it is.
    pub kind: Kind,
}

/// What a member is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A folder.
    Dir,
    /// A symbolic link.
    Link,
    /// All else.
    File,
}

/// Why an archive cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// It is of another format.
    #[error("{0}")]
    NotOne(&'static str),
    /// A member is encrypted and the password is missing or wrong. Python: `RuntimeError`.
    #[error("{0}")]
    Password(String),
    /// It breaks off, or holds what is not understood.
    #[error("{0}")]
    Broken(String),
    /// It cannot be read.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The machine refused what was to be written.
    #[error(transparent)]
    Host(#[from] halite_core::Error),
}

impl Fault {
    /// The fault as a function's error.
    pub fn into_error(self) -> halite_core::Error {
        match self {
            Fault::Host(error) => error,
            other => halite_core::Error::execution(other.to_string()),
        }
    }
}

/// Most members that an archive may have: a list of them is held in memory.
pub const MEMBERS_MAX: usize = 5_000_000;
/// Longest target of a link, in bytes. Linux: `PATH_MAX`.
pub const LINK_BYTES_MAX: u64 = 4096;
