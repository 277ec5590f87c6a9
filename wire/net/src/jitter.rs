//! Random delays, so that a fleet does not come back in one instant. Not for secrets.

use std::{
    collections::hash_map::RandomState,
    hash::{BuildHasher, Hasher},
    time::Duration,
};

/// A duration in `low..=high`, evenly spread in whole milliseconds; `low` if `high` is smaller.
pub fn random_between(low: Duration, high: Duration) -> Duration {
    let span_ms = u64::try_from(high.saturating_sub(low).as_millis()).unwrap_or(u64::MAX - 1);
    // Each RandomState has its own keys, so an empty hash is a fresh number.
    let number = RandomState::new().build_hasher().finish();
    low + Duration::from_millis(number % (span_ms + 1))
}
