//! The master's store as a run sees it: what is committed outlives a crash, what waits does not.

use std::collections::{BTreeSet, VecDeque};

use halite_core::Value;

use crate::shell::backlog::Backlog;
use crate::store::{Memory, Write};

/// Writes of one transaction: few, so that there are many.
const BATCH: usize = 4;

/// A disk, and the thread that writes on it.
pub(super) struct Disk {
    durable: Memory,
    /// Writes that the queue takes.
    most: usize,
    /// Whose returns are written, by their jid and by the token in them.
    kept: BTreeSet<(String, String)>,
    queue: VecDeque<Box<Write>>,
    backlog: Backlog,
    committed: u64,
    /// The writing thread found the disk full.
    stuck: bool,
    /// The disk is full.
    pub(super) full: bool,
    /// Says that things are written which are not: what a simulation must notice.
    pub(super) lies: bool,
}

impl Disk {
    pub(super) fn new(most: usize) -> Disk {
        Disk {
            durable: Memory::new(),
            most,
            kept: BTreeSet::new(),
            queue: VecDeque::new(),
            backlog: Backlog::default(),
            committed: 0,
            stuck: false,
            full: false,
            lies: false,
        }
    }

    /// The process ends: what waited is gone.
    pub(super) fn crash(&mut self) {
        self.queue.clear();
        self.backlog = Backlog::default();
        self.committed = 0;
        self.stuck = false;
    }

    /// What the shell does with a write; true when the core is to hear that there is no room.
    pub(super) fn write(&mut self, write: Write) -> bool {
        let full = self.stuck || self.queue.len() >= self.most;
        let queue = &mut self.queue;
        self.backlog.give(write, |write| put(queue, full, write))
    }

    /// What the shell does at each tick.
    pub(super) fn retry(&mut self) {
        let (queue, stuck, most) = (&mut self.queue, self.stuck, self.most);
        self.backlog.retry(|write| {
            let full = stuck || queue.len() >= most;
            put(queue, full, write)
        });
    }

    /// What the writing thread does once it has gathered; the count of what it is done with.
    pub(super) fn commit(&mut self) -> u64 {
        self.stuck = self.full && !self.queue.is_empty();
        if !self.full {
            let batch: Vec<_> = self.queue.drain(..self.queue.len().min(BATCH)).collect();
            batch.iter().for_each(|write| self.note(write));
            self.durable.commit(&batch);
            self.committed += batch.len() as u64;
        }
        match self.lies {
            true => self.committed + self.queue.len() as u64,
            false => self.committed,
        }
    }

    fn note(&mut self, write: &Write) {
        let Write::Return { jid, id, ret, .. } = write else { return };
        self.kept.insert((id.clone(), jid.clone()));
        let token = ret.get("return").and_then(|ret| ret.get("token")).map(Value::to_string);
        self.kept.extend(token.map(|token| (id.clone(), token)));
    }

    /// Whether the return of this minion is written: by its jid, or by the token in it.
    pub(super) fn keeps(&self, id: &str, key: &str) -> bool {
        self.kept.contains(&(id.to_owned(), key.to_owned()))
    }

    pub(super) fn is_stuck(&self) -> bool {
        self.stuck
    }

    /// Writes that are not in the store.
    pub(super) fn waiting(&self) -> usize {
        self.queue.len() + self.backlog.len()
    }

    /// Writes that are not even in the queue.
    pub(super) fn behind(&self) -> usize {
        self.backlog.len()
    }

    pub(super) fn store(&self) -> &Memory {
        &self.durable
    }
}

fn put(queue: &mut VecDeque<Box<Write>>, full: bool, write: Write) -> Result<(), Write> {
    if full {
        return Err(write);
    }
    queue.push_back(Box::new(write));
    Ok(())
}
