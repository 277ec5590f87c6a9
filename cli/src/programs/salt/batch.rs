//! Batches: who may run next. Salt: `salt/utils/batch_state.py` behaviour.

use std::collections::{BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use halite_core::{Map, Value, map};

/// Size of a batch that `--batch-safe-limit` asks for.
pub(super) const SAFE_SIZE: &str = "8";

/// Reads a size: a number, or a percentage of `minions`; at least 1.
///
/// # Errors
/// If it is neither.
pub(super) fn size(text: &str, minions: usize) -> Result<usize, String> {
    let bad = || {
        format!(
            "Invalid batch specification '{text}': must be an integer or percentage string like \
             '10' or '25%'."
        )
    };
    if text.contains('%') {
        let percent: f64 = text.trim_matches('%').trim().parse().map_err(|_| bad())?;
        if !percent.is_finite() {
            return Err(bad());
        }
        // Cut off, as Salt does; never below one.
        return Ok(((percent / 100.0 * minions as f64) as usize).max(1));
    }
    let number: i64 = text.trim().parse().map_err(|_| bad())?;
    Ok(usize::try_from(number).unwrap_or(0).max(1))
}

/// The state of a batch.
pub(super) struct Batch {
    size: usize,
    wait: Duration,
    failhard: bool,
    pending: VecDeque<String>,
    active: BTreeSet<String>,
    /// Slots that stay empty until then.
    resting: Vec<Instant>,
    halted: bool,
    total: usize,
    completed: Vec<String>,
    failed: Vec<String>,
}

/// How far a batch is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Figures {
    /// Minions of the batch.
    pub(super) total: usize,
    /// Those that returned.
    pub(super) completed: usize,
    /// Those that did not return any more.
    pub(super) failed: usize,
    /// Those that run it.
    pub(super) active: usize,
    /// Those that have not begun.
    pub(super) pending: usize,
    /// How many run at a time.
    pub(super) size: usize,
}

impl Batch {
    /// A batch of `minions`, `size` at a time, each slot empty for `wait` after a return.
    pub(super) fn new(minions: Vec<String>, size: usize, wait: Duration, failhard: bool) -> Batch {
        Batch {
            size,
            wait,
            failhard,
            total: minions.len(),
            completed: Vec::new(),
            failed: Vec::new(),
            pending: minions.into(),
            active: BTreeSet::new(),
            resting: Vec::new(),
            halted: false,
        }
    }

    /// A minion has returned, well or not.
    pub(super) fn returned(&mut self, id: &str, well: bool, now: Instant) {
        if self.active.contains(id) {
            self.completed.push(id.to_owned());
        }
        self.free(id, now);
        self.halted |= self.failhard && !well;
    }

    /// A minion does not return any more. That does not stop the batch.
    pub(super) fn over(&mut self, id: &str, now: Instant) {
        if self.active.contains(id) {
            self.failed.push(id.to_owned());
        }
        self.free(id, now);
    }

    /// Somebody wants it to stop: who runs goes on, nobody else begins.
    pub(super) fn stop(&mut self) {
        self.halted = true;
    }

    /// How far it is.
    pub(super) fn figures(&self) -> Figures {
        Figures {
            total: self.total,
            completed: self.completed.len(),
            failed: self.failed.len(),
            active: self.active.len(),
            pending: self.pending.len(),
            size: self.size,
        }
    }

    /// Who is where, in the shape of Salt's `.batch.p`, without the returns.
    pub(super) fn lists(&self) -> Map {
        let names = |ids: &[String]| Value::from(ids.to_vec());
        let by_name = |ids: &[String], value: Value| -> Value {
            let pairs = ids.iter().map(|id| (Value::from(id), value.clone()));
            pairs.collect::<Map>().into()
        };
        let active: Vec<String> = self.active.iter().cloned().collect();
        let pending: Vec<String> = self.pending.iter().cloned().collect();
        let all = [&self.completed[..], &self.failed[..], &active[..], &pending[..]].concat();
        map! {
            "all_minions" => names(&all), "pending" => names(&pending),
            "active" => by_name(&active, Value::Null), "done" => by_name(&self.completed, Map::new().into()),
            "failed" => by_name(&self.failed, "timeout".into()), "failhard" => self.failhard,
            "batch_wait" => self.wait.as_secs_f64(),
        }
    }

    fn free(&mut self, id: &str, now: Instant) {
        if self.active.remove(id) && !self.wait.is_zero() {
            self.resting.push(now + self.wait);
        }
    }

    /// Who starts now.
    pub(super) fn start(&mut self, now: Instant) -> Vec<String> {
        self.resting.retain(|until| *until > now);
        let mut starting = Vec::new();
        while !self.halted && self.active.len() + self.resting.len() < self.size {
            let Some(id) = self.pending.pop_front() else { break };
            self.active.insert(id.clone());
            starting.push(id);
        }
        starting
    }

    /// Whether a failure has stopped it.
    pub(super) fn halted(&self) -> bool {
        self.halted
    }

    /// Whether nobody runs or will run.
    pub(super) fn done(&self) -> bool {
        self.halted || self.pending.is_empty() && self.active.is_empty()
    }

    /// When the next slot gets free by itself.
    pub(super) fn wake(&self) -> Option<Instant> {
        self.resting.iter().min().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_numbers_or_percentages() {
        assert_eq!(size("3", 10), Ok(3));
        assert_eq!(size("0", 10), Ok(1));
        assert_eq!(size("25%", 10), Ok(2));
        assert_eq!(size("%50", 10), Ok(5));
        assert_eq!(size("1%", 10), Ok(1));
        assert_eq!(size("100%", 7), Ok(7));
        assert!(size("x", 10).is_err_and(|text| text.contains("'x'")));
        assert!(size("nan%", 10).is_err());
    }

    fn batch(size: usize, wait: u64, failhard: bool) -> (Batch, Instant) {
        let ids = ["a", "b", "c"].map(str::to_owned).into();
        (Batch::new(ids, size, Duration::from_secs(wait), failhard), Instant::now())
    }

    #[test]
    fn a_return_makes_room_for_the_next() {
        let (mut batch, now) = batch(2, 0, false);
        assert_eq!(batch.start(now), ["a", "b"]);
        assert!(batch.start(now).is_empty());
        batch.returned("b", false, now);
        assert_eq!(batch.start(now), ["c"]);
        batch.over("a", now);
        assert!(!batch.done());
        batch.returned("c", true, now);
        assert!(batch.done() && !batch.halted());
        let lists = batch.lists();
        let of = |name: &str| lists.get(name).map(Value::repr).unwrap_or_default();
        assert_eq!(
            (of("done"), of("failed")),
            ("{'b': {}, 'c': {}}".into(), "{'a': 'timeout'}".into())
        );
        assert_eq!((of("all_minions"), of("active")), ("['b', 'c', 'a']".into(), "{}".into()));
        let figures = batch.figures();
        assert_eq!(
            (figures.total, figures.completed, figures.failed, figures.active),
            (3, 2, 1, 0)
        );
    }

    #[test]
    fn a_stopped_batch_begins_nothing_more() {
        let (mut batch, now) = batch(1, 0, false);
        batch.start(now);
        batch.stop();
        batch.returned("a", true, now);
        assert!(batch.start(now).is_empty() && batch.done());
        assert_eq!(batch.figures().pending, 2);
    }

    #[test]
    fn a_slot_rests_after_a_return() {
        let (mut batch, now) = batch(1, 5, false);
        assert_eq!(batch.start(now), ["a"]);
        batch.returned("a", true, now);
        assert!(batch.start(now).is_empty());
        assert_eq!(batch.wake(), Some(now + Duration::from_secs(5)));
        assert_eq!(batch.start(now + Duration::from_secs(5)), ["b"]);
    }

    #[test]
    fn a_failure_stops_a_hard_batch() {
        let (mut batch, now) = batch(1, 0, true);
        batch.start(now);
        batch.returned("a", false, now);
        assert!(batch.start(now).is_empty());
        assert!(batch.done() && batch.halted());
    }
}
