//! Which ids have an accepted key, as the pki folder says.

use std::collections::BTreeSet;
use std::sync::Arc;

use halite_core::MinionId;

use super::{Core, Now};

impl Core {
    /// The folder was read anew. Whoever is not in it any more has no session from now on.
    pub(crate) fn accepted_are(&mut self, mut ids: BTreeSet<MinionId>, asked: Now) {
        // Whoever signed in while the folder was read may not have been in it yet.
        let newer =
            |id: &&MinionId| self.sessions.get(id).is_some_and(|session| session.began >= asked);
        let newer: Vec<MinionId> = self.accepted.difference(&ids).filter(newer).cloned().collect();
        ids.extend(newer);
        let gone: Vec<MinionId> = self.accepted.difference(&ids).cloned().collect();
        for id in &gone {
            tracing::info!(%id, "The key is gone, its session ends");
            self.forget(id);
        }
        self.accepted = Arc::new(ids);
    }
}
