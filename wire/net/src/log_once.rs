//! Keeps a hostile address from filling the log: each address is named once per hour.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use crate::limits::LOGGED_ADDRESSES;

const AGAIN_AFTER: Duration = Duration::from_secs(3600);

#[derive(Default)]
pub(crate) struct LogOnce {
    seen: Mutex<HashMap<IpAddr, Instant>>,
}

impl LogOnce {
    /// True if this address has not been named within the hour. With a full table: false, so that a
    /// flood of addresses cannot flood the log either.
    pub(crate) fn first(&self, address: IpAddr) -> bool {
        let now = Instant::now();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = seen.get(&address)
            && now.duration_since(*at) < AGAIN_AFTER
        {
            return false;
        }
        if seen.len() >= LOGGED_ADDRESSES {
            seen.retain(|_, at| now.duration_since(*at) < AGAIN_AFTER);
            if seen.len() >= LOGGED_ADDRESSES {
                return false;
            }
        }
        seen.insert(address, now);
        true
    }
}
