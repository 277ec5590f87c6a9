//! The master's store as a run sees it: what is committed outlives a crash, what waits does not.

use std::collections::VecDeque;

use crate::limits::{STORE_BATCH, STORE_WAITING};
use crate::shell::backlog::Backlog;
use crate::store::{Memory, Write};

/// A disk, and the thread that writes on it.
pub(super) struct Disk {
    durable: Memory,
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
    pub(super) fn new() -> Disk {
        Disk {
            durable: Memory::new(),
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
        let (queue, stuck) = (&mut self.queue, self.stuck);
        self.backlog.give(write, |write| put(queue, stuck, write))
    }

    /// What the shell does at each tick.
    pub(super) fn retry(&mut self) {
        let (queue, stuck) = (&mut self.queue, self.stuck);
        self.backlog.retry(|write| put(queue, stuck, write));
    }

    /// What the writing thread does once it has gathered; the count of what it is done with.
    pub(super) fn commit(&mut self) -> u64 {
        self.stuck = self.full && !self.queue.is_empty();
        if !self.full {
            let batch: Vec<_> = self.queue.drain(..self.queue.len().min(STORE_BATCH)).collect();
            self.durable.commit(&batch);
            self.committed += batch.len() as u64;
        }
        match self.lies {
            true => self.committed + self.queue.len() as u64,
            false => self.committed,
        }
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

fn put(queue: &mut VecDeque<Box<Write>>, stuck: bool, write: Write) -> Result<(), Write> {
    if stuck || queue.len() >= STORE_WAITING {
        return Err(write);
    }
    queue.push_back(Box::new(write));
    Ok(())
}
