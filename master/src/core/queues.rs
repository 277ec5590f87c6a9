//! How much waits in the core, for tests that hold it against the bounds.

use super::Core;
use crate::limits;

impl Core {
    /// What waits in each queue, and its bound.
    pub(crate) fn queues(&self) -> [(&'static str, usize, usize); 9] {
        let (sessions, (held, held_max)) = self.sessions.sizes();
        [
            ("work", self.working, limits::WORK_WAITING),
            ("functions", self.functions, limits::RUNNERS),
            ("publishes that wait for their targets", self.waiting.len(), self.working),
            ("jobs", self.jobs.len(), limits::JOBS_REMEMBERED),
            ("synchronous publishes", self.jobs.waiting.len(), limits::WAITING_PUBLISHES),
            ("sessions", sessions, self.accepted.len()),
            ("frames that wait for a session", held, held_max),
            ("answers that wait for the store", self.durable.waiting(), limits::STORE_WAITING),
            ("refused addresses", self.refused.len(), limits::REFUSED_ADDRESSES),
        ]
    }
}
