//! Who has an accepted key, as the folder says: keys are also copied there, and taken away, by hand.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use halite_core::MinionId;

use crate::keys::{KeyState, KeyStore, Stamp};
use crate::limits;

/// The folder of accepted keys as it was looked at last: keys are also copied there by hand.
#[derive(Default)]
pub(super) struct AcceptedSeen {
    stamp: Stamp,
    looked: Option<Instant>,
    listed: Option<Instant>,
    /// How long to wait after a listing: as many times as it took.
    rest: Duration,
}

impl AcceptedSeen {
    /// Who is accepted, if the folder changed since and it is time to look.
    pub(super) fn news(&mut self, keys: &KeyStore) -> Option<BTreeSet<MinionId>> {
        let due = |at: Option<Instant>, pause| at.is_none_or(|at| at.elapsed() >= pause);
        if !due(self.looked, limits::ACCEPTED_LOOK) || !due(self.listed, self.rest) {
            return None;
        }
        let began = Instant::now();
        self.looked = Some(began);
        let stamp = keys.stamp(KeyState::Accepted).ok().filter(|stamp| *stamp != self.stamp)?;
        // Two changes in one tick of the system's clock carry one stamp: a fresh one is looked at again.
        self.stamp =
            if stamp.is_older_than(limits::STAMP_SETTLED) { stamp } else { Stamp::default() };
        let ids = keys.list(KeyState::Accepted).ok()?;
        let ended = Instant::now();
        self.listed = Some(ended);
        self.rest =
            (ended - began).saturating_mul(limits::ACCEPTED_REST).min(limits::ACCEPTED_LIST);
        Some(ids.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_change_is_seen_however_quickly_they_follow() {
        let dir = tempfile::tempdir().expect("a folder");
        let keys = KeyStore::at(dir.path()).expect("opens");
        let mut seen = AcceptedSeen::default();
        for name in ["a", "b", "c"] {
            std::fs::write(dir.path().join("minions").join(name), "key").expect("is written");
            let wanted = MinionId::parse(name).expect("an id");
            let began = Instant::now();
            // Whoever asks again and again learns of it at once, also within one tick of the system's clock.
            while !seen.news(&keys).is_some_and(|ids| ids.contains(&wanted)) {
                assert!(began.elapsed() < Duration::from_secs(10), "{name} is not seen");
                std::thread::yield_now();
            }
        }
    }

    #[test]
    fn a_folder_that_rests_is_not_listed_again() {
        let dir = tempfile::tempdir().expect("a folder");
        let keys = KeyStore::at(dir.path()).expect("opens");
        let mut seen = AcceptedSeen::default();
        let began = Instant::now();
        while seen.stamp == Stamp::default() {
            assert!(began.elapsed() < Duration::from_secs(10), "the stamp is never settled");
            seen.news(&keys);
            std::thread::yield_now();
        }
        seen.looked = None;
        seen.listed = None;
        assert_eq!(seen.news(&keys), None);
    }
}
