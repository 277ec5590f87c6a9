//! Memory that unauthenticated peers share for large messages.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Counted in this unit, so that a semaphore's permits suffice for any budget.
const UNIT_BYTES: usize = 1 << 10;

pub(crate) struct Budget {
    units: Arc<Semaphore>,
    total_units: usize,
}

impl Budget {
    pub(crate) fn new(bytes: usize) -> Self {
        let total_units = (bytes / UNIT_BYTES).min(Semaphore::MAX_PERMITS);
        Self { units: Arc::new(Semaphore::new(total_units)), total_units }
    }

    /// Waits for room; `None` if the budget as a whole is too small for it.
    pub(crate) async fn take(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let units = bytes.div_ceil(UNIT_BYTES);
        if units > self.total_units {
            return None;
        }
        self.units.clone().acquire_many_owned(u32::try_from(units).ok()?).await.ok()
    }
}
