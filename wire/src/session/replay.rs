//! Requests are taken once: remembered nonces and, where the clocks allow it, an age limit.

use std::collections::VecDeque;

use crate::error::Refused;
use crate::limits::{NONCES_PER_SESSION, REQUEST_TTL};
use crate::nonce::Nonce;

/// What a session demands of the time of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplayPolicy {
    /// How far `ts` may be from the master's time, seconds; `None` looks at nonces only, and the
    /// oldest are forgotten after [`NONCES_PER_SESSION`] requests. Option `request_server_ttl`.
    pub ttl: Option<u64>,
}

impl ReplayPolicy {
    /// For own minions, which know the master's clock from sign-in.
    pub const OWN_PEER: ReplayPolicy = ReplayPolicy { ttl: Some(REQUEST_TTL) };
    /// For Salt's minions: Salt's default.
    pub const SALT_PEER: ReplayPolicy = ReplayPolicy { ttl: None };
}

/// The requests a session has seen lately.
#[derive(Debug)]
pub(super) struct Seen {
    policy: ReplayPolicy,
    /// In the order of arrival: half of the nonce, which is plenty to tell requests apart, and `ts`.
    order: VecDeque<(u64, i64)>,
    /// With a ttl: a `ts` up to here may belong to a nonce that had to be forgotten.
    floor: i64,
}

impl Seen {
    pub(super) fn new(policy: ReplayPolicy) -> Seen {
        Seen { policy, order: VecDeque::new(), floor: i64::MIN }
    }

    /// The same memory under another policy.
    pub(super) fn inherit(&mut self, old: Seen) {
        *self = Seen { policy: self.policy, ..old };
    }

    /// Takes note of a request that proved its sender, or refuses it.
    pub(super) fn admit(
        &mut self,
        nonce: &Nonce,
        ts: Option<i64>,
        now: u64,
    ) -> Result<(), Refused> {
        let now = i64::try_from(now).unwrap_or(i64::MAX);
        if let Some(ttl) = self.policy.ttl {
            let age = now.saturating_sub(ts.unwrap_or(0));
            if age.unsigned_abs() > ttl {
                return Err(Refused::Stale { age, ttl });
            }
            self.forget_older_than(now.saturating_sub_unsigned(ttl));
        }
        let ts = ts.unwrap_or(now);
        let nonce = nonce.number() as u64;
        if ts <= self.floor || self.order.iter().any(|(known, _)| *known == nonce) {
            return Err(Refused::Replay);
        }
        if self.order.len() >= NONCES_PER_SESSION
            && let Some((_, ts)) = self.order.pop_front()
            && self.policy.ttl.is_some()
        {
            self.floor = self.floor.max(ts);
        }
        self.order.push_back((nonce, ts));
        Ok(())
    }

    /// Nonces whose `ts` alone gets them refused need not be remembered. Looks at the front only:
    /// one from the future holds back those behind it, no longer than twice the ttl.
    fn forget_older_than(&mut self, limit: i64) {
        while self.order.front().is_some_and(|(_, ts)| *ts < limit) {
            self.order.pop_front();
        }
        if self.order.capacity() > 4 * self.order.len() + 64 {
            self.order.shrink_to(2 * self.order.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nonce(number: u128) -> Nonce {
        Nonce::parse(&format!("{number:032x}")).expect("32 digits")
    }

    #[test]
    fn a_request_is_taken_once() {
        for policy in [ReplayPolicy::OWN_PEER, ReplayPolicy::SALT_PEER] {
            let mut seen = Seen::new(policy);
            assert_eq!(seen.admit(&nonce(1), Some(100), 100), Ok(()));
            assert_eq!(seen.admit(&nonce(1), Some(100), 101), Err(Refused::Replay));
            assert_eq!(seen.admit(&nonce(2), Some(100), 101), Ok(()));
        }
    }

    #[test]
    fn with_a_ttl_there_is_no_moment_at_which_a_replay_passes() {
        let mut seen = Seen::new(ReplayPolicy::OWN_PEER);
        assert_eq!(seen.admit(&nonce(1), Some(130), 100), Ok(()));
        for now in 100..300 {
            assert!(seen.admit(&nonce(1), Some(130), now).is_err(), "at {now}");
            assert_eq!(seen.admit(&nonce(now.into()), Some(now as i64), now), Ok(()));
        }
        assert!(matches!(seen.admit(&nonce(9), None, 300), Err(Refused::Stale { .. })));
    }

    #[test]
    fn a_flood_that_pushes_a_nonce_out_does_not_let_it_in_again() {
        let mut seen = Seen::new(ReplayPolicy::OWN_PEER);
        assert_eq!(seen.admit(&nonce(0), Some(100), 100), Ok(()));
        for number in 1..=NONCES_PER_SESSION as u128 {
            assert_eq!(seen.admit(&nonce(number), Some(101), 101), Ok(()));
        }
        assert_eq!(seen.order.len(), NONCES_PER_SESSION);
        assert_eq!(seen.admit(&nonce(0), Some(100), 101), Err(Refused::Replay));
    }
}
