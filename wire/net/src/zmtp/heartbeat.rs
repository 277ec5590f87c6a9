//! When to send a PING and when to give a silent peer up. Time comes from the caller.

use std::time::Duration;

use halite_core::Opts;
use tokio::time::Instant;

use crate::limits::{HEARTBEAT_INTERVAL, HEARTBEAT_TIMEOUT};

/// ZMTP heartbeats towards peers that know them (3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heartbeat {
    /// Time without traffic from the peer before a PING. Salt: `zmq_heartbeat_ivl`.
    pub interval: Duration,
    /// Time after an unanswered PING before the connection is closed; also the TTL the peer is
    /// told. Salt: `zmq_heartbeat_timeout`.
    pub timeout: Duration,
}

impl Default for Heartbeat {
    fn default() -> Self {
        Self { interval: HEARTBEAT_INTERVAL, timeout: HEARTBEAT_TIMEOUT }
    }
}

impl Heartbeat {
    /// As the options `zmq_heartbeat_ivl` and `zmq_heartbeat_timeout` say; none if the first is 0.
    pub fn of(opts: &Opts) -> Option<Heartbeat> {
        let ms = |name: &str, default: Duration| {
            let given = opts.int(name, i64::try_from(default.as_millis()).unwrap_or_default());
            Duration::from_millis(u64::try_from(given).unwrap_or_default())
        };
        let interval = ms("zmq_heartbeat_ivl", HEARTBEAT_INTERVAL);
        // Below that, peers on a slow line would be dropped for nothing.
        let timeout = ms("zmq_heartbeat_timeout", HEARTBEAT_TIMEOUT).max(interval);
        (!interval.is_zero()).then_some(Heartbeat { interval, timeout })
    }

    /// The timeout as the TTL of a PING.
    pub(crate) fn ttl_deciseconds(&self) -> u16 {
        u16::try_from(self.timeout.as_millis() / 100).unwrap_or(u16::MAX)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    Nothing,
    Ping,
    Dead { after: Duration },
}

pub(crate) struct Beat {
    plan: Option<Heartbeat>,
    heard: Instant,
    /// First PING that nothing has answered.
    unanswered: Option<Instant>,
    pinged: Instant,
    /// What the peer's own PING promised.
    peer_ttl: Option<Duration>,
}

impl Beat {
    pub(crate) fn new(plan: Option<Heartbeat>, now: Instant) -> Self {
        Self { plan, heard: now, unanswered: None, pinged: now, peer_ttl: None }
    }

    /// Any traffic of the peer is a sign of life.
    pub(crate) fn heard(&mut self, now: Instant) {
        self.heard = now;
        self.unanswered = None;
    }

    pub(crate) fn peer_ttl(&mut self, ttl_deciseconds: u16) {
        let ttl = Duration::from_millis(u64::from(ttl_deciseconds) * 100);
        self.peer_ttl = (!ttl.is_zero()).then_some(ttl);
    }

    fn ping_at(&self) -> Option<Instant> {
        self.plan.map(|p| self.heard.max(self.pinged) + p.interval)
    }

    fn dead_at(&self) -> Option<(Instant, Duration)> {
        let ours = self.plan.zip(self.unanswered).map(|(p, at)| (at + p.timeout, p.timeout));
        let theirs = self.peer_ttl.map(|ttl| (self.heard + ttl, ttl));
        [ours, theirs].into_iter().flatten().min_by_key(|(at, _)| *at)
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        [self.ping_at(), self.dead_at().map(|(at, _)| at)].into_iter().flatten().min()
    }

    pub(crate) fn due(&mut self, now: Instant) -> Due {
        if let Some((at, after)) = self.dead_at()
            && now >= at
        {
            return Due::Dead { after };
        }
        if self.ping_at().is_some_and(|at| now >= at) {
            self.pinged = now;
            self.unanswered.get_or_insert(now);
            return Due::Ping;
        }
        Due::Nothing
    }
}
