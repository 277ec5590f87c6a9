//! What the signing thread was told and has not done yet: a publish too many is refused, none is lost.

use super::{Core, Output};
use halite_wire::crypto::AesKey;

/// Orders on their way to the thread.
#[derive(Debug, Default)]
pub(crate) struct Sealing {
    asked: u64,
    done: u64,
    /// A new key that waits until there is room.
    pub(crate) rotate: bool,
    told: bool,
}

impl Sealing {
    /// Orders that the thread is not done with.
    pub(crate) fn waiting(&self) -> usize {
        usize::try_from(self.asked.saturating_sub(self.done)).unwrap_or(usize::MAX)
    }
}

impl Core {
    /// The thread is done with so many orders, counted from the start.
    pub(crate) fn sealed_so_far(&mut self, count: u64) {
        self.sealing.done = count.min(self.sealing.asked);
    }

    /// Whether one more order has room.
    pub(crate) fn may_seal(&self) -> bool {
        self.sealing.waiting() < self.settings.bounds.publishes
    }

    /// Why a publish is refused now, if it is.
    pub(super) fn sealing_is_full(&mut self) -> Option<String> {
        if self.may_seal() {
            self.sealing.told = false;
            return None;
        }
        let most = self.settings.bounds.publishes;
        if !std::mem::replace(&mut self.sealing.told, true) {
            tracing::error!(
                most,
                "Publishes come faster than they can be signed: more are refused"
            );
        }
        Some(format!("{most} publishes wait to be signed already; try again later"))
    }

    /// Has a load published. The caller has looked that there is room.
    pub(super) fn seal(&mut self, load: halite_core::Map) {
        self.sealing.asked += 1;
        self.output(Output::Publish(load));
    }

    /// Has the key of publishes changed.
    pub(super) fn seal_with(&mut self, key: AesKey) {
        self.sealing.asked += 1;
        self.output(Output::Rotate(key));
    }
}
