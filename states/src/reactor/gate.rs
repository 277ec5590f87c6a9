//! Holds a rule to its limits. Pure: the time is an argument, events are whatever the caller has.

use std::collections::{BTreeMap, VecDeque};

use super::limits::Limits;

/// Tags of one rule that may be debounced at a time; beyond it events are reacted to at once.
const TAGS: usize = 4_096;

/// What becomes of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict<E> {
    /// It is reacted to now; [`Gate::finished`] is to be told the end.
    Now(E),
    /// It waits, or another took its place.
    Later,
    /// It is not reacted to; says why.
    Refused(E, &'static str),
}

/// The state of one rule.
#[derive(Debug)]
pub struct Gate<E> {
    limits: Limits,
    /// The last event of each tag and when it is due.
    settling: BTreeMap<String, (i64, E)>,
    /// Reactions that may still begin, in parts of a reaction: `count` is full.
    tokens: f64,
    refilled: i64,
    running: usize,
    waiting: VecDeque<E>,
}

impl<E> Gate<E> {
    /// A gate that has let nothing pass yet.
    pub fn new(limits: Limits) -> Gate<E> {
        let tokens = limits.rate.map_or(0.0, |(count, _)| f64::from(count));
        Gate {
            limits,
            settling: BTreeMap::new(),
            tokens,
            refilled: i64::MIN,
            running: 0,
            waiting: VecDeque::new(),
        }
    }

    /// An event came at `now`, microseconds.
    pub fn offer(&mut self, now: i64, tag: &str, event: E) -> Verdict<E> {
        let known = self.settling.contains_key(tag);
        if self.limits.debounce > 0 && (known || self.settling.len() < TAGS) {
            self.settling.insert(tag.to_owned(), (now + self.limits.debounce, event));
            return Verdict::Later;
        }
        self.pass(now, event)
    }

    /// Events whose tag has been quiet long enough by `now`.
    pub fn settled(&mut self, now: i64) -> Vec<Verdict<E>> {
        let due: Vec<String> = self
            .settling
            .iter()
            .filter(|(_, (due, _))| *due <= now)
            .map(|(tag, _)| tag.clone())
            .collect();
        let events: Vec<E> = due
            .iter()
            .filter_map(|tag| self.settling.remove(tag))
            .map(|(_, event)| event)
            .collect();
        events.into_iter().map(|event| self.pass(now, event)).collect()
    }

    /// When [`Gate::settled`] has something next.
    pub fn next_due(&self) -> Option<i64> {
        self.settling.values().map(|(due, _)| *due).min()
    }

    /// A reaction ended: the event that takes its place, if one waits.
    pub fn finished(&mut self) -> Option<E> {
        self.running = self.running.saturating_sub(1);
        let next = self.waiting.pop_front()?;
        self.running += 1;
        Some(next)
    }

    /// Events that wait for a free place or for quiet.
    pub fn waiting(&self) -> usize {
        self.waiting.len() + self.settling.len()
    }

    fn pass(&mut self, now: i64, event: E) -> Verdict<E> {
        let most = self.limits.concurrency;
        let full = most > 0 && self.running >= most;
        if full && self.waiting.len() >= self.limits.queue {
            return Verdict::Refused(event, "concurrency");
        }
        if !self.within_rate(now) {
            return Verdict::Refused(event, "rate");
        }
        if full {
            self.waiting.push_back(event);
            return Verdict::Later;
        }
        self.running += 1;
        Verdict::Now(event)
    }

    fn within_rate(&mut self, now: i64) -> bool {
        let Some((count, period)) = self.limits.rate else { return true };
        let since = now.saturating_sub(self.refilled).max(0) as f64;
        let full = f64::from(count);
        self.tokens = (self.tokens + since * full / period as f64).min(full);
        self.refilled = now;
        if self.tokens < 1.0 {
            return false;
        }
        self.tokens -= 1.0;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;

    #[test]
    fn a_rate_lets_a_burst_pass_and_fills_up_again() {
        let mut gate = Gate::new(Limits { rate: Some((3, SECOND)), ..Limits::default() });
        let passed = |gate: &mut Gate<u32>, now| {
            (0..10).filter(|i| matches!(gate.offer(now, "t", *i), Verdict::Now(_))).count()
        };
        assert_eq!(passed(&mut gate, 0), 3);
        assert_eq!(passed(&mut gate, SECOND / 3 + 1), 1);
        assert_eq!(passed(&mut gate, 100 * SECOND), 3);
        assert_eq!(gate.offer(100 * SECOND, "t", 1), Verdict::Refused(1, "rate"));
    }

    #[test]
    fn debounce_reacts_once_to_the_last() {
        let mut gate = Gate::new(Limits { debounce: SECOND, ..Limits::default() });
        for at in 0..5 {
            assert_eq!(gate.offer(at * SECOND / 2, "a", at), Verdict::Later);
        }
        assert_eq!(gate.offer(0, "b", 9), Verdict::Later);
        assert_eq!(gate.settled(SECOND), [Verdict::Now(9)]);
        assert_eq!(gate.next_due(), Some(3 * SECOND));
        assert_eq!(gate.settled(3 * SECOND), [Verdict::Now(4)]);
        assert_eq!((gate.settled(9 * SECOND), gate.next_due()), (Vec::new(), None));
    }

    #[test]
    fn only_so_many_run_and_only_so_many_wait() {
        let mut gate = Gate::new(Limits { concurrency: 2, queue: 1, ..Limits::default() });
        assert_eq!(gate.offer(0, "t", 1), Verdict::Now(1));
        assert_eq!(gate.offer(0, "t", 2), Verdict::Now(2));
        assert_eq!(gate.offer(0, "t", 3), Verdict::Later);
        assert_eq!(gate.offer(0, "t", 4), Verdict::Refused(4, "concurrency"));
        assert_eq!((gate.finished(), gate.finished(), gate.finished()), (Some(3), None, None));
        assert_eq!(gate.offer(0, "t", 5), Verdict::Now(5));
    }
}
