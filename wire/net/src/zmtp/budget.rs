//! Memory that unauthenticated peers share for large messages.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Counted in this unit, so that a semaphore's permits suffice for any budget.
const UNIT_BYTES: usize = 1 << 10;
/// One address may hold this part of the budget: announcing costs an attacker nothing, and must not
/// keep everybody else waiting.
const SHARES: usize = 4;

pub(crate) struct Budget {
    all: Arc<Semaphore>,
    share_units: usize,
    /// Shares in use; one that nobody holds or waits for is forgotten.
    shares: Mutex<HashMap<IpAddr, Weak<Semaphore>>>,
}

/// Room for one message; given back when dropped.
pub(crate) struct Room {
    _share: OwnedSemaphorePermit,
    _all: OwnedSemaphorePermit,
}

impl Budget {
    /// A budget in which a message of `large_bytes` always fits the share of one address.
    pub(crate) fn new(bytes: usize, large_bytes: usize) -> Self {
        let units = (bytes / UNIT_BYTES).min(Semaphore::MAX_PERMITS);
        let share_units = (units / SHARES).max(large_bytes.div_ceil(UNIT_BYTES)).min(units);
        let all = Arc::new(Semaphore::new(units));
        Self { all, share_units, shares: Mutex::default() }
    }

    fn share(&self, address: IpAddr) -> Arc<Semaphore> {
        let mut shares = self.shares.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(share) = shares.get(&address).and_then(Weak::upgrade) {
            return share;
        }
        shares.retain(|_, share| share.strong_count() > 0);
        let share = Arc::new(Semaphore::new(self.share_units));
        shares.insert(address, Arc::downgrade(&share));
        share
    }

    /// Waits for room, first in the address' share, then in the budget; `None` if it can never fit.
    pub(crate) async fn take(&self, address: IpAddr, bytes: usize) -> Option<Room> {
        let units = bytes.div_ceil(UNIT_BYTES);
        if units > self.share_units {
            return None;
        }
        let units = u32::try_from(units).ok()?;
        let share = self.share(address).acquire_many_owned(units).await.ok()?;
        let all = self.all.clone().acquire_many_owned(units).await.ok()?;
        Some(Room { _share: share, _all: all })
    }
}

#[cfg(test)]
mod tests {
    use std::{future::Future, pin::pin, task::Context, task::Poll, task::Waker};

    use super::*;

    fn poll<F: Future>(future: F) -> Poll<F::Output> {
        pin!(future).poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn one_address_cannot_take_it_all() {
        let budget = Budget::new(100 << 10, 25 << 10);
        let [evil, good] = [1, 2].map(|n| IpAddr::from([127, 0, 0, n]));
        let take = |address, kib: usize| poll(budget.take(address, kib << 10));
        let Poll::Ready(Some(held)) = take(evil, 25) else { panic!("it fits") };
        assert!(take(evil, 1).is_pending(), "its share is used up");
        let Poll::Ready(Some(room)) = take(good, 25) else { panic!("another share is free") };
        assert!(matches!(take(good, 26), Poll::Ready(None)), "it never fits");
        drop((held, room));
        assert!(matches!(take(evil, 25), Poll::Ready(Some(_))), "given back");
        assert!(matches!(take(good, 1), Poll::Ready(Some(_))));
        assert_eq!(budget.shares.lock().expect("lock").len(), 1, "unused shares are forgotten");
        assert_eq!(budget.all.available_permits(), 100);
    }
}
