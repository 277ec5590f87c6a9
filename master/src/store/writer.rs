//! The one thread that writes: takes what waits, commits it together, never one by one.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use halite_core::{Error, Map, Result, Value};
use rusqlite::{Connection, params};
use tokio::sync::Notify;

use super::search::column;
use super::shrink::{prune, shrink};
use super::{decode_map, encode, open_for_writing};
use crate::limits::{STORE_BATCH, STORE_GATHER, STORE_WAITING};

/// Pause before a write that failed is tried again.
const WRITE_PAUSE: Duration = Duration::from_millis(500);
/// How often it is tried; together more than an hour.
const WRITE_TRIES: u32 = 10_000;
/// How long a reader waits for writes that were asked for before.
const FLUSH_LIMIT: Duration = Duration::from_secs(10);

/// One thing to write. Times are microseconds since 1970 UTC.
#[derive(Clone, Debug)]
pub enum Write {
    /// A job as it was asked for. One that is there already stays.
    Job {
        /// Its id.
        jid: String,
        /// When.
        at: i64,
        /// What was asked for.
        load: Map,
        /// Who is expected to return.
        minions: Vec<String>,
    },
    /// What a minion returned. The first one stays.
    Return {
        /// The job.
        jid: String,
        /// The minion.
        id: String,
        /// When it came.
        at: i64,
        /// `return`, `retcode`, `success`, `out`, `fun`, `fun_args`.
        ret: Map,
    },
    /// Replaces an entry of a bank.
    Put {
        /// The bank.
        bank: &'static str,
        /// The key: a minion's id.
        key: String,
        /// When.
        at: i64,
        /// The new content.
        data: Map,
    },
    /// Lays fields over an entry of a bank.
    Merge {
        /// The bank.
        bank: &'static str,
        /// The key: a minion's id.
        key: String,
        /// When.
        at: i64,
        /// The fields.
        data: Map,
    },
    /// Takes one field out of an entry.
    RemoveField {
        /// The bank.
        bank: &'static str,
        /// The key: a minion's id.
        key: String,
        /// The field.
        field: String,
    },
    /// Forgets an entry.
    Remove {
        /// The bank.
        bank: &'static str,
        /// The key; `None` empties the bank.
        key: Option<String>,
    },
    /// Replaces an entry of a bank of somebody's own; the content may be anything.
    Keep {
        /// The bank.
        bank: String,
        /// The key.
        key: String,
        /// When.
        at: i64,
        /// The content.
        value: Value,
    },
    /// Forgets an entry of a bank of somebody's own.
    Forget {
        /// The bank.
        bank: String,
        /// The key; `None` empties the bank.
        key: Option<String>,
    },
    /// Forgets jobs, with their returns, that began before a moment.
    Prune {
        /// The moment.
        before: i64,
    },
    /// Forgets the oldest jobs, with their returns, while the file holds more than this.
    Shrink {
        /// Bytes.
        bytes: i64,
    },
}

impl Write {
    /// What it is about, for the log.
    pub(crate) fn what(&self) -> String {
        match self {
            Write::Job { jid, .. } => format!("the job {jid}"),
            Write::Return { jid, id, .. } => format!("the return of {id} for the job {jid}"),
            Write::Put { bank, key, .. }
            | Write::Merge { bank, key, .. }
            | Write::RemoveField { bank, key, .. } => format!("`{key}` of {bank}"),
            Write::Keep { bank, key, .. } => format!("`{key}` of {bank}"),
            Write::Remove { bank, .. } => format!("what is to be removed of {bank}"),
            Write::Forget { bank, .. } => format!("what is to be removed of {bank}"),
            Write::Prune { .. } | Write::Shrink { .. } => "the end of old jobs".into(),
        }
    }
}

enum Message {
    Write(Box<Write>),
    Flush(SyncSender<()>),
    Stop,
}

/// The way to the writing thread; cheap to clone.
#[derive(Clone)]
pub struct Writer {
    queue: SyncSender<Message>,
    progress: Arc<Progress>,
}

/// How far the thread has come.
#[derive(Default)]
struct Progress {
    /// It cannot write at present.
    stuck: AtomicBool,
    /// Writes that it is done with since it started.
    committed: AtomicU64,
    /// Something of it changed.
    changed: Notify,
}

impl Writer {
    /// Opens the store and starts the thread. The thread ends after [`Writer::stop`] or with the last clone.
    ///
    /// # Errors
    /// If the file cannot be opened, or is of another layout.
    pub fn start(path: &Path) -> Result<(Writer, JoinHandle<()>)> {
        let connection = open_for_writing(path)?;
        let (sender, receiver) = sync_channel(STORE_WAITING);
        let progress = Arc::new(Progress::default());
        let shared = Arc::clone(&progress);
        let thread = std::thread::Builder::new()
            .name("store".into())
            .spawn(move || run(connection, &receiver, &shared))
            .map_err(|error| {
                Error::execution(format!("cannot start the store's thread: {error}"))
            })?;
        Ok((Writer { queue: sender, progress }, thread))
    }

    /// Queues a write; never waits.
    ///
    /// # Errors
    /// Gives the write back if too many wait, or nothing can be written: it is to be tried again.
    pub fn write(&self, write: Write) -> std::result::Result<(), Write> {
        if self.is_stuck() {
            return Err(write);
        }
        match self.queue.try_send(Message::Write(Box::new(write))) {
            Err(TrySendError::Full(back) | TrySendError::Disconnected(back)) => match back {
                Message::Write(write) => Err(*write),
                Message::Flush(_) | Message::Stop => Ok(()),
            },
            Ok(()) => Ok(()),
        }
    }

    /// A way to nowhere, for what must have one and does not go it.
    #[cfg(test)]
    pub(crate) fn detached() -> Writer {
        Writer { queue: sync_channel(1).0, progress: Arc::default() }
    }

    /// Whether the thread cannot write at present.
    pub fn is_stuck(&self) -> bool {
        self.progress.stuck.load(Ordering::Acquire)
    }

    /// How many writes the thread is done with since it started, in their order: they are on the disk, or it said
    /// that it gave them up.
    pub fn committed(&self) -> u64 {
        self.progress.committed.load(Ordering::Acquire)
    }

    /// Comes when either of the two has changed since it came last.
    pub async fn progress(&self) {
        self.progress.changed.notified().await;
    }

    /// Waits until everything asked for before is written.
    ///
    /// # Errors
    /// If the writer does not come to it in time.
    pub fn flush(&self) -> Result<()> {
        let (done, wait) = sync_channel(1);
        let late =
            || Error::execution("the store did not write in time; is the disk slow or full?");
        self.queue.send(Message::Flush(done)).map_err(|_| late())?;
        wait.recv_timeout(FLUSH_LIMIT).map_err(|_| late())
    }

    /// Has the thread write what waits and end.
    pub fn stop(&self) {
        // A full queue ends with the sender's last clone all the same.
        drop(self.queue.send(Message::Stop));
    }
}

/// Writes until it is written: with a full disk nothing is lost, it waits until there is room. What the file itself
/// refuses is left out, so that one bad entry does not hold up the others.
fn write_all(connection: &mut Connection, writes: &[Box<Write>], progress: &Progress) {
    let mut tries = 0_u32;
    loop {
        let Err(error) = commit(connection, writes) else {
            if progress.stuck.swap(false, Ordering::AcqRel) {
                tracing::warn!("The store can write again");
            }
            return;
        };
        if !may_pass(&error) {
            tracing::error!(%error, "The store refuses an entry; the others are written one by one");
            for write in writes {
                if let Err(error) = commit(connection, std::slice::from_ref(write)) {
                    tracing::error!(%error, "An entry of the store is lost");
                }
            }
            return;
        }
        if !progress.stuck.swap(true, Ordering::AcqRel) {
            progress.changed.notify_one();
            tracing::error!(%error, "The store cannot write: new returns stay with their minions until it can");
        }
        tries += 1;
        if tries >= WRITE_TRIES {
            tracing::error!(%error, lost = writes.len(), "The store could not write for too long");
            return;
        }
        std::thread::sleep(WRITE_PAUSE);
    }
}

/// Whether the fault is one of the machine, which may pass.
fn may_pass(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{
        CannotOpen, DatabaseBusy, DatabaseLocked, DiskFull, OutOfMemory, ReadOnly, SystemIoFailure,
    };
    let codes = [
        DiskFull,
        SystemIoFailure,
        DatabaseBusy,
        DatabaseLocked,
        ReadOnly,
        CannotOpen,
        OutOfMemory,
    ];
    error.sqlite_error_code().is_some_and(|code| codes.contains(&code))
}

fn run(mut connection: Connection, receiver: &Receiver<Message>, progress: &Progress) {
    let mut stopping = false;
    while !stopping {
        let Ok(first) = receiver.recv() else { return };
        let mut writes = Vec::new();
        let mut waiting = Vec::new();
        let until = Instant::now() + STORE_GATHER;
        let mut next = Ok(first);
        loop {
            match next {
                Ok(Message::Write(write)) => writes.push(write),
                Ok(Message::Flush(done)) => waiting.push(done),
                Ok(Message::Stop) => stopping = true,
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => {
                    stopping = true;
                    break;
                }
            }
            if stopping || !waiting.is_empty() || writes.len() >= STORE_BATCH {
                break;
            }
            next = receiver.recv_timeout(until.saturating_duration_since(Instant::now()));
        }
        if !writes.is_empty() {
            write_all(&mut connection, &writes, progress);
            let count = u64::try_from(writes.len()).unwrap_or(u64::MAX);
            progress.committed.fetch_add(count, Ordering::AcqRel);
            progress.changed.notify_one();
        }
        for done in waiting {
            // Whoever stopped waiting needs no word.
            let _ = done.try_send(());
        }
    }
    // The next start needs no recovery, and backups of the one file are whole.
    drop(connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)"));
}

pub(super) fn commit(connection: &mut Connection, writes: &[Box<Write>]) -> rusqlite::Result<()> {
    if writes.is_empty() {
        return Ok(());
    }
    let transaction = connection.transaction()?;
    for write in writes {
        apply(&transaction, write)?;
    }
    transaction.commit()
}

fn apply(to: &Connection, write: &Write) -> rusqlite::Result<()> {
    match write {
        Write::Job { jid, at, load, minions } => {
            let minions = Value::from(minions.clone());
            to.prepare_cached(
                "INSERT OR IGNORE INTO jobs (jid, at, load, minions, fun, tgt) VALUES (?, ?, ?, ?, ?, ?)",
            )?
            .execute(params![
                jid,
                at,
                encode(&load.clone().into()),
                encode(&minions),
                column(load, "fun"),
                column(load, "tgt")
            ])?;
        }
        Write::Return { jid, id, at, ret } => {
            to.prepare_cached(
                "INSERT OR IGNORE INTO returns (jid, id, at, ret) VALUES (?, ?, ?, ?)",
            )?
            .execute(params![jid, id, at, encode(&ret.clone().into())])?;
            to.prepare_cached("UPDATE jobs SET ended = ? WHERE jid = ?")?
                .execute(params![at, jid])?;
        }
        Write::Put { bank, key, at, data } => put(to, bank, key, *at, data)?,
        Write::Merge { bank, key, at, data } => {
            let mut merged = get(to, bank, key)?;
            merged.extend(data.iter().map(|(field, value)| (field.clone(), value.clone())));
            put(to, bank, key, *at, &merged)?;
        }
        Write::RemoveField { bank, key, field } => {
            let mut left = get(to, bank, key)?;
            if left.shift_remove(field.as_str()).is_some() {
                to.prepare_cached("UPDATE bank SET data = ? WHERE bank = ? AND key = ?")?
                    .execute(params![encode(&left.into()), bank, key])?;
            }
        }
        Write::Remove { bank, key: Some(key) } => {
            to.prepare_cached("DELETE FROM bank WHERE bank = ? AND key = ?")?
                .execute(params![bank, key])?;
        }
        Write::Remove { bank, key: None } => {
            to.prepare_cached("DELETE FROM bank WHERE bank = ?")?.execute(params![bank])?;
        }
        Write::Keep { bank, key, at, value } => keep(to, bank, key, *at, value)?,
        Write::Forget { bank, key: Some(key) } => {
            to.prepare_cached("DELETE FROM bank WHERE bank = ? AND key = ?")?
                .execute(params![bank, key])?;
        }
        Write::Forget { bank, key: None } => {
            to.prepare_cached("DELETE FROM bank WHERE bank = ?")?.execute(params![bank])?;
        }
        Write::Prune { before } => prune(to, *before)?,
        Write::Shrink { bytes } => shrink(to, *bytes)?,
    }
    Ok(())
}

fn put(to: &Connection, bank: &str, key: &str, at: i64, data: &Map) -> rusqlite::Result<()> {
    keep(to, bank, key, at, &data.clone().into())
}

fn keep(to: &Connection, bank: &str, key: &str, at: i64, value: &Value) -> rusqlite::Result<()> {
    to.prepare_cached(
        "INSERT OR REPLACE INTO bank (bank, key, updated, data) VALUES (?, ?, ?, ?)",
    )?
    .execute(params![bank, key, at, encode(value)])?;
    Ok(())
}

fn get(from: &Connection, bank: &str, key: &str) -> rusqlite::Result<Map> {
    let mut query = from.prepare_cached("SELECT data FROM bank WHERE bank = ? AND key = ?")?;
    let mut rows = query.query(params![bank, key])?;
    match rows.next()? {
        Some(row) => Ok(decode_map(row.get_ref(0)?.as_blob()?)),
        None => Ok(Map::new()),
    }
}
