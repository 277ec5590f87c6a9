//! The file server's requests.

use std::fmt;

use halite_core::Value;

use super::{Fields, LoadError};
use halite_core::SaltEnv;

/// `path` in `saltenv` (`base` when the minion names none).
#[derive(Clone, Debug, PartialEq)]
pub struct FileRequest {
    /// The path below the roots of the environment, as the minion wrote it: still to be confined.
    pub path: Box<str>,
    /// The environment.
    pub saltenv: SaltEnv,
}

impl FileRequest {
    pub(super) fn parse(fields: &mut Fields<'_>) -> Result<FileRequest, LoadError> {
        Ok(FileRequest { path: fields.text("path")?, saltenv: saltenv(fields)? })
    }
}

/// The environment of a file request; only `saltenv` counts, Salt ignores the old `env`.
pub(super) fn saltenv(fields: &mut Fields<'_>) -> Result<SaltEnv, LoadError> {
    Ok(fields.saltenv("saltenv")?.unwrap_or_default())
}

/// `_file_recv`: one piece of a file that a minion pushes.
#[derive(Clone, PartialEq)]
pub struct Upload {
    /// The parts of the path, none of them empty, `.`, `..` or with a separator.
    pub path: Vec<Box<str>>,
    /// Bytes of the whole file.
    pub size: u64,
    /// Where this piece starts.
    pub loc: u64,
    /// The piece.
    pub data: Vec<u8>,
}

/// Where it goes, not what it holds.
impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes at {} of {:?}", self.data.len(), self.loc, self.path)
    }
}

impl Upload {
    pub(super) fn parse(fields: &mut Fields<'_>) -> Result<Upload, LoadError> {
        let parts = match fields.required("path")? {
            Value::List(parts) => parts,
            single => vec![single].into(),
        };
        let mut path = Vec::with_capacity(parts.len());
        for part in parts.iter() {
            match part.as_str().filter(|part| is_name(part)) {
                Some(part) => path.push(part.into()),
                None => return Err(fields.error("path", "has a part that is no file name")),
            }
        }
        if path.is_empty() {
            return Err(fields.error("path", "is empty"));
        }
        Ok(Upload {
            path,
            size: fields.unsigned("size")?.unwrap_or(0),
            loc: fields.unsigned("loc")?.unwrap_or(0),
            data: fields.bytes("data")?,
        })
    }
}

fn is_name(part: &str) -> bool {
    !part.is_empty() && part != "." && part != ".." && !part.contains(['/', '\\', '\0'])
}
