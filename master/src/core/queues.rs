//! How much waits in the core, for tests that hold it against the bounds.

use super::Core;
use crate::limits;

impl Core {
    /// What waits in each queue, and its bound.
    pub(crate) fn queues(&self) -> [(&'static str, usize, usize); 13] {
        let bounds = &self.settings.bounds;
        let (sessions, (held, held_max)) = self.sessions.sizes();
        [
            ("work", self.working, bounds.work),
            ("functions", self.functions, limits::RUNNERS),
            ("publishes that wait for their targets", self.waiting.len(), self.working),
            ("jobs", self.jobs.len(), bounds.jobs),
            ("synchronous publishes", self.jobs.waiting.len(), bounds.syncs),
            ("sessions", sessions, self.accepted.len()),
            ("ids that proved themselves", self.presence.proved(), self.accepted.len()),
            ("frames that wait for a session", held, held_max),
            ("answers that wait for the store", self.durable.waiting(), bounds.store),
            ("writes on their way", self.durable.outstanding(), bounds.backlog),
            ("publishes to be signed", self.sealing.waiting(), bounds.publishes),
            ("batches", self.batches.len(), bounds.batches),
            ("refused addresses", self.refused.len(), bounds.addresses),
        ]
    }
}
