//! The store: jobs, returns, the minion data cache, mine data, presence. One SQLite file in `cachedir`, in WAL mode:
//! the master writes through one thread in grouped transactions, any other process may read beside it.

mod bank;
mod jobs;
#[cfg(test)]
mod memory;
mod search;
mod shrink;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use halite_core::{Error, Map, Opts, Result, Value};
use halite_wire::limits::Limits;
use halite_wire::msgpack::{self, Dialect};
use rusqlite::{Connection, OpenFlags};

use crate::private_file;

#[cfg(test)]
pub(crate) use memory::Memory;

pub use jobs::{Job, JobSummary, StoredReturn};
pub use search::Search;
pub use writer::{Write, Writer};

/// The file below `cachedir`.
const FILE: &str = "master.db";
/// The layout of the tables; a file of another version is refused, never changed in silence.
const VERSION: i64 = 1;
/// How long a reader waits for a lock, milliseconds.
const BUSY_MS: u64 = 5_000;
/// Readers kept open.
const READERS: usize = 4;

/// Grains of minions, by id.
pub const GRAINS: &str = "grains";
/// Pillar of minions, by id.
pub const PILLAR: &str = "pillar";
/// Mine data, by id.
pub const MINE: &str = "mine";
/// Resources that minions manage (3008), by id.
pub const RESOURCES: &str = "resources";
/// Who is connected, by id; only true while a master runs.
pub const PRESENCE: &str = "presence";
/// The bank of batches that run or have ended lately.
pub const BATCHES: &str = "batches";
/// Who was connected and is not any more, with the time of that.
pub const DEPARTED: &str = "departed";

const TABLES: &str = "
CREATE TABLE IF NOT EXISTS jobs (
    jid TEXT PRIMARY KEY, at INTEGER NOT NULL, ended INTEGER, load BLOB NOT NULL, minions BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS jobs_at ON jobs (at);
CREATE TABLE IF NOT EXISTS returns (
    jid TEXT NOT NULL, id TEXT NOT NULL, at INTEGER NOT NULL, ret BLOB NOT NULL, PRIMARY KEY (jid, id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS returns_id ON returns (id, at);
CREATE TABLE IF NOT EXISTS bank (
    bank TEXT NOT NULL, key TEXT NOT NULL, updated INTEGER NOT NULL, data BLOB NOT NULL,
    PRIMARY KEY (bank, key)
) WITHOUT ROWID;
";

/// The file's path.
pub fn path(opts: &Opts) -> PathBuf {
    opts.path("cachedir").join(FILE)
}

fn failed(what: &str, path: &Path, error: &rusqlite::Error) -> Error {
    Error::execution(format!("cannot {what} the store `{}`: {error}", path.display()))
}

/// Opens the file for writing; makes it, readable by its owner only, if there is none.
fn open_for_writing(path: &Path) -> Result<Connection> {
    let fail = |error: rusqlite::Error| failed("open", path, &error);
    if !path.exists() {
        // SQLite gives its side files the mode of this one.
        private_file::write(path, b"", 0o600)?;
    }
    let connection = Connection::open(path).map_err(fail)?;
    let set = |sql: &str| connection.execute_batch(sql).map_err(fail);
    set("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-1024;
         PRAGMA busy_timeout=5000; PRAGMA foreign_keys=OFF; PRAGMA temp_store=MEMORY;")?;
    let version: i64 =
        connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(fail)?;
    if version != 0 && version != VERSION {
        let at = path.display();
        return Err(Error::execution(format!(
            "the store `{at}` has layout {version}, this master knows {VERSION}; move the file away to start anew"
        )));
    }
    set(TABLES)?;
    search::prepare(&connection).map_err(fail)?;
    set(&format!("PRAGMA user_version={VERSION}"))?;
    Ok(connection)
}

fn encode(value: &Value) -> Vec<u8> {
    msgpack::encode(value, Dialect::Bus)
}

fn decode(bytes: &[u8]) -> Value {
    // What cannot be read back is treated as absent: the file may be from a crash or another hand.
    msgpack::decode(bytes, Dialect::Bus, &Limits::ACCEPTED).unwrap_or_default()
}

fn decode_map(bytes: &[u8]) -> Map {
    decode(bytes).as_map().cloned().unwrap_or_default()
}

/// Reading. Several may be open, in several processes.
pub struct Reader {
    connection: Connection,
    path: PathBuf,
}

impl Reader {
    /// Opens the store of the configuration for reading.
    ///
    /// # Errors
    /// If there is none yet (no master ran) or it cannot be opened.
    pub fn open(opts: &Opts) -> Result<Reader> {
        Reader::at(&path(opts))
    }

    /// Opens a store for reading.
    ///
    /// # Errors
    /// If there is none or it cannot be opened.
    pub fn at(path: &Path) -> Result<Reader> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let fail = |error: rusqlite::Error| failed("open", path, &error);
        let connection = Connection::open_with_flags(path, flags).map_err(fail)?;
        connection.busy_timeout(std::time::Duration::from_millis(BUSY_MS)).map_err(fail)?;
        connection.execute_batch("PRAGMA cache_size=-512").map_err(fail)?;
        Ok(Reader { connection, path: path.into() })
    }

    fn failed(&self, error: &rusqlite::Error) -> Error {
        failed("read", &self.path, error)
    }
}

/// Readers for the threads of one process, which see every write that was asked for before.
pub struct Readers {
    path: PathBuf,
    writer: Writer,
    free: Mutex<Vec<Reader>>,
}

impl Readers {
    /// Readers of the file that `writer` writes.
    pub fn new(path: PathBuf, writer: Writer) -> Readers {
        Readers { path, writer, free: Mutex::default() }
    }

    /// Calls `read` with a reader.
    ///
    /// # Errors
    /// If the store cannot be opened, and what `read` gives.
    pub fn with<T>(&self, read: impl FnOnce(&Reader) -> Result<T>) -> Result<T> {
        self.writer.flush()?;
        let free = || self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = free().pop();
        let reader = match kept {
            Some(reader) => reader,
            None => Reader::at(&self.path)?,
        };
        let result = read(&reader);
        let mut free = free();
        if free.len() < READERS {
            free.push(reader);
        }
        result
    }
}
