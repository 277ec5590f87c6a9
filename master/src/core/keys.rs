//! Which ids have an accepted key, as the pki folder says.

use std::collections::BTreeSet;
use std::sync::Arc;

use halite_core::MinionId;

use super::Core;

impl Core {
    /// The folder was read anew. Whoever is not in it any more has no session from now on.
    pub(crate) fn accepted_are(&mut self, ids: BTreeSet<MinionId>) {
        let gone: Vec<MinionId> = self.accepted.difference(&ids).cloned().collect();
        for id in &gone {
            tracing::info!(%id, "The key is gone, its session ends");
            self.forget(id);
        }
        self.accepted = Arc::new(ids);
    }
}
