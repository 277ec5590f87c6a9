//! The byte-bounded queue between a publisher and the task of one subscriber.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use tokio::{sync::Notify, time::Instant};

use crate::limits::{SUBSCRIBER_QUEUE_BYTES, SUBSCRIBER_STALL, WRITE_BATCH_BYTES, WRITE_SLICES};

/// What happens to a subscriber that takes its messages slower than they come. Only it is affected.
#[derive(Clone, Debug)]
pub struct Overflow {
    /// Bytes that may wait for one subscriber; a message that does not fit is dropped for it and
    /// counted.
    /// An empty queue takes one message of any size.
    pub queue_bytes: usize,
    /// The subscriber is disconnected when it has taken nothing for this long while data waited.
    pub evict_after: Duration,
    /// What goes into the stream after a drop, once, behind what waited: a whole message of it that says how many were
    /// dropped. `None` for nothing.
    pub notice: Option<Notice>,
}

/// Makes the message that tells a subscriber how many messages it missed.
pub type Notice = fn(missed: u64) -> Bytes;

impl Default for Overflow {
    fn default() -> Self {
        Self { queue_bytes: SUBSCRIBER_QUEUE_BYTES, evict_after: SUBSCRIBER_STALL, notice: None }
    }
}

/// Room that is kept for a notice, bytes.
const NOTICE_BYTES: usize = 512;

/// What became of one message for one subscriber.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Offered {
    Queued,
    Dropped { first: bool },
}

#[derive(Default)]
struct Inner {
    chunks: VecDeque<Bytes>,
    /// Waiting and in the current write batch.
    bytes: usize,
    dropped: u64,
    /// Dropped and not told yet.
    missed: u64,
    closed: bool,
}

impl Inner {
    /// Takes what says how many were dropped, if any were.
    fn take_notice(&mut self, notice: Option<Notice>) -> Option<Bytes> {
        match std::mem::take(&mut self.missed) {
            0 => None,
            missed => notice.map(|notice| notice(missed)),
        }
    }
}

pub(crate) struct Outbox {
    inner: Mutex<Inner>,
    pub(crate) wake: Notify,
    made: Instant,
}

impl Outbox {
    pub(crate) fn new() -> Self {
        Self { inner: Mutex::default(), wake: Notify::new(), made: Instant::now() }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a message or drops it: the newest is dropped, what waits stays in order.
    pub(crate) fn offer(&self, chunk: &Bytes, policy: &Overflow) -> Offered {
        let mut inner = self.lock();
        let notice = if inner.missed > 0 { NOTICE_BYTES } else { 0 };
        // An empty queue takes a message of any size, or a message above the bound could never be
        // sent.
        let fits = inner.bytes == 0 || inner.bytes + chunk.len() + notice <= policy.queue_bytes;
        if inner.closed || !fits {
            let first = inner.missed == 0;
            inner.missed += 1;
            inner.dropped += 1;
            return Offered::Dropped { first };
        }
        if let Some(told) = inner.take_notice(policy.notice) {
            inner.bytes += told.len();
            inner.chunks.push_back(told);
        }
        inner.bytes += chunk.len();
        inner.chunks.push_back(chunk.clone());
        drop(inner);
        self.wake.notify_one();
        Offered::Queued
    }

    /// Takes the next batch; its bytes stay counted until [`Outbox::written`]. When nothing waits, what was missed
    /// is told, also if no message follows.
    pub(crate) fn take_batch(&self, policy: &Overflow, mut give: impl FnMut(Bytes)) -> usize {
        let mut inner = self.lock();
        let mut taken = 0;
        for _ in 0..WRITE_SLICES {
            if taken >= WRITE_BATCH_BYTES {
                break;
            }
            let Some(chunk) = inner.chunks.pop_front() else { break };
            taken += chunk.len();
            give(chunk);
        }
        if taken == 0
            && !inner.closed
            && let Some(told) = inner.take_notice(policy.notice)
        {
            taken = told.len();
            inner.bytes += taken;
            give(told);
        }
        if inner.chunks.is_empty() && inner.chunks.capacity() > 4 {
            inner.chunks = VecDeque::new();
        }
        taken
    }

    pub(crate) fn written(&self, bytes: usize) {
        let mut inner = self.lock();
        inner.bytes = inner.bytes.saturating_sub(bytes);
    }

    /// Asks the connection's task to end; what waits is forgotten.
    pub(crate) fn close(&self) {
        let mut inner = self.lock();
        inner.closed = true;
        inner.chunks.clear();
        drop(inner);
        self.wake.notify_one();
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    pub(crate) fn dropped(&self) -> u64 {
        self.lock().dropped
    }

    pub(crate) fn waiting_bytes(&self) -> usize {
        self.lock().bytes
    }

    pub(crate) fn age(&self) -> Duration {
        self.made.elapsed()
    }
}
