//! What the store was asked to write, and the answers that promise it: they leave when it is written.
//!
//! A minion forgets a return when the master has answered. So the answer waits for the commit (the store groups
//! what comes within some milliseconds); the event on the bus, which command lines wait for, does not. While the
//! store cannot write, whoever waits is told to come again.

use std::collections::VecDeque;

use bytes::Bytes;
use halite_core::Value;
use halite_wire::error::{HANDLER_FAILED, bare};

use super::{Core, Output, ReqId};
use crate::requests::Call;
use crate::store::Write;

/// Writes and answers on their way.
#[derive(Debug)]
pub(crate) struct Durable {
    /// Writes that may be on their way before senders are held back, and answers that may wait for them.
    most: usize,
    /// Writes asked for so far.
    asked: u64,
    /// How many of them are in the store.
    committed: u64,
    /// The store said that it has no room.
    full: bool,
    /// Answers, each with the number of the last write before it.
    waiting: VecDeque<(u64, ReqId, Bytes)>,
}

impl Durable {
    /// Nothing is on its way.
    pub(super) fn of(most: usize) -> Durable {
        Durable { most, asked: 0, committed: 0, full: false, waiting: VecDeque::new() }
    }

    /// Writes that are not in the store yet.
    pub(crate) fn outstanding(&self) -> usize {
        usize::try_from(self.asked.saturating_sub(self.committed)).unwrap_or(usize::MAX)
    }

    /// Whether nothing more is to be promised.
    pub(crate) fn is_full(&self) -> bool {
        self.full || self.outstanding() >= self.most
    }

    /// Whether the store said so.
    pub(crate) fn said_full(&self) -> bool {
        self.full
    }

    /// Answers that wait.
    #[cfg(test)]
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.len()
    }
}

impl Core {
    /// Asks for a write. One too many is left out: a disk that stays full must not fill the memory.
    pub(crate) fn store(&mut self, write: Write) {
        if self.durable.outstanding() >= self.settings.bounds.backlog {
            tracing::error!(
                most = self.settings.bounds.backlog,
                "The store cannot write and too much waits for it: {} is not kept",
                write.what()
            );
            return;
        }
        self.durable.asked += 1;
        self.output(Output::Store(write));
    }

    /// Answers a request when everything asked of the store until now is written.
    pub(crate) fn answer_stored(&mut self, call: &Call, value: &Value) {
        if self.durable.outstanding() == 0 {
            return self.answer(call, value);
        }
        if self.durable.full || self.durable.waiting.len() >= self.durable.most {
            return self.reply(call.req, bare(HANDLER_FAILED));
        }
        let sealed = self.sealed_for(&call.who, &call.nonce, value);
        self.durable.waiting.push_back((self.durable.asked, call.req, sealed));
    }

    /// The store has written so many of the writes, counted from the start.
    pub(crate) fn committed(&mut self, count: u64) {
        self.durable.committed = self.durable.committed.max(count).min(self.durable.asked);
        while let Some((after, ..)) = self.durable.waiting.front() {
            if *after > self.durable.committed {
                break;
            }
            if let Some((_, req, frame)) = self.durable.waiting.pop_front() {
                self.reply(req, frame);
            }
        }
    }

    /// The store takes no more writes, or takes them again.
    pub(crate) fn store_full(&mut self, full: bool) {
        self.durable.full = full;
        if full {
            // Not "bad load": the requests are fine, so nobody is to sign in again or to give up.
            for (_, req, _) in std::mem::take(&mut self.durable.waiting) {
                self.reply(req, bare(HANDLER_FAILED));
            }
        }
    }
}
