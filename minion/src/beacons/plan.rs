//! When which beacon looks, and how much of what it saw is told: pure, with the clock passed in.

use std::collections::BTreeMap;

use halite_core::beacon::Again;
use halite_core::{Map, Value};

use crate::limits;

/// What the settings of a beacon say about its rhythm.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Pace {
    /// Milliseconds between two looks; what wakes it meanwhile waits. None: as the beacon asks.
    pub(crate) interval_ms: Option<u64>,
    /// It is disabled after its first look.
    pub(crate) run_once: bool,
    /// It does not look while states run.
    pub(crate) disable_during_state_run: bool,
    /// Events a second at most.
    pub(crate) rate: usize,
}

impl Pace {
    /// Reads the settings.
    pub(crate) fn parse(settings: &Map) -> Pace {
        let is = |key: &str| settings.get(key).is_some_and(Value::truthy);
        let number = |key: &str| {
            let value = settings.get(key)?;
            value.as_f64().or_else(|| value.to_string().trim().parse().ok())
        };
        let interval = number("interval").filter(|seconds| *seconds > 0.0);
        let rate = number("rate_limit").filter(|rate| *rate >= 1.0).map(|rate| rate as usize);
        Pace {
            interval_ms: interval.map(|seconds| (seconds * 1000.0) as u64),
            run_once: is("run_once"),
            disable_during_state_run: is("disable_during_state_run"),
            rate: rate.unwrap_or(limits::BEACON_EVENTS_PER_SEC),
        }
    }
}

/// One beacon's place in time, in milliseconds of a clock that does not go back.
#[derive(Debug)]
struct Slot {
    pace: Pace,
    /// When it looks; None: when it is woken.
    due: Option<u64>,
    /// The second that events are counted in, and how many of them there were.
    second: (u64, usize),
    dropped: usize,
}

/// What a beacon may tell.
#[derive(Debug, PartialEq)]
pub(crate) struct Told {
    /// The events that pass.
    pub(crate) events: Vec<Map>,
    /// How many were dropped in the second before this one.
    pub(crate) dropped: usize,
    /// It has had its one look.
    pub(crate) over: bool,
}

/// All beacons by name.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    slots: BTreeMap<String, Slot>,
    round_ms: u64,
}

impl Plan {
    /// A plan whose rounds are `round_ms` apart (`loop_interval`).
    pub(crate) fn new(round_ms: u64) -> Plan {
        Plan { slots: BTreeMap::new(), round_ms: round_ms.max(limits::BEACON_ROUND_MS_MIN) }
    }

    /// A beacon begins. Without interval it looks at once, with one after its first. Salt: the
    /// first round only notes a beacon with an interval.
    pub(crate) fn begin(&mut self, name: &str, pace: Pace, now: u64) {
        let due = Some(now + pace.interval_ms.unwrap_or(0));
        let slot = Slot { pace, due, second: (0, 0), dropped: 0 };
        self.slots.insert(name.to_owned(), slot);
    }

    /// A beacon ends.
    pub(crate) fn end(&mut self, name: &str) {
        self.slots.remove(name);
    }

    /// The kernel has something for a beacon; it looks soon, unless it keeps an interval.
    pub(crate) fn wake(&mut self, name: &str, now: u64) {
        let Some(slot) = self.slots.get_mut(name) else { return };
        if slot.pace.interval_ms.is_none() {
            slot.due = Some(slot.due.map_or(now, |due| due.min(now)));
        }
    }

    /// The beacons that look now, and those that would but must not while states run: they wait for
    /// the next round.
    pub(crate) fn due(
        &mut self,
        now: u64,
        states_run: impl Fn() -> bool,
    ) -> (Vec<String>, Vec<String>) {
        let (mut names, mut held) = (Vec::new(), Vec::new());
        let mut running = None;
        for (name, slot) in &mut self.slots {
            if slot.due.is_none_or(|due| due > now) {
                continue;
            }
            if slot.pace.disable_during_state_run && *running.get_or_insert_with(&states_run) {
                slot.due = Some(now + self.round_ms);
                held.push(name.clone());
                continue;
            }
            names.push(name.clone());
        }
        (names, held)
    }

    /// A beacon has looked.
    pub(crate) fn looked(
        &mut self,
        name: &str,
        now: u64,
        again: Again,
        mut events: Vec<Map>,
    ) -> Told {
        let Some(slot) = self.slots.get_mut(name) else {
            return Told { events: Vec::new(), dropped: 0, over: false };
        };
        slot.due = match (slot.pace.interval_ms, again) {
            (Some(interval), _) => Some(now + interval),
            (None, Again::NextRound) => Some(now + self.round_ms),
            (None, Again::After(ms)) => Some(now + ms.max(self.round_ms)),
            (None, Again::WhenWoken) => None,
        };
        let mut dropped = 0;
        if slot.second.0 != now / 1000 {
            slot.second = (now / 1000, 0);
            dropped = std::mem::take(&mut slot.dropped);
        }
        let room = slot.pace.rate.saturating_sub(slot.second.1);
        slot.dropped += events.len().saturating_sub(room);
        events.truncate(room);
        slot.second.1 += events.len();
        Told { events, dropped, over: slot.pace.run_once }
    }

    /// When the next beacon is due.
    pub(crate) fn deadline(&self) -> Option<u64> {
        self.slots.values().filter_map(|slot| slot.due).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use halite_core::map;

    fn plan(settings: Map) -> Plan {
        let mut plan = Plan::new(1000);
        plan.begin("b", Pace::parse(&settings), 0);
        plan
    }

    /// Looks whenever it is due until `end`; gives the times.
    fn looks(plan: &mut Plan, again: Again, end: u64) -> Vec<u64> {
        let mut times = Vec::new();
        while let Some(now) = plan.deadline().filter(|now| *now <= end) {
            for name in plan.due(now, || false).0 {
                times.push(now);
                plan.looked(&name, now, again, Vec::new());
            }
        }
        times
    }

    #[test]
    fn rounds_intervals_and_wakes() {
        assert_eq!(looks(&mut plan(map! {}), Again::NextRound, 3000), [0, 1000, 2000, 3000]);
        assert_eq!(looks(&mut plan(map! {}), Again::WhenWoken, 3000), [0]);
        assert_eq!(looks(&mut plan(map! {}), Again::After(2500), 5000), [0, 2500, 5000]);
        let five = map! { "interval" => 5 };
        assert_eq!(looks(&mut plan(five.clone()), Again::WhenWoken, 11_000), [5000, 10_000]);
        let mut woken = plan(map! {});
        looks(&mut woken, Again::WhenWoken, 100);
        woken.wake("b", 1234);
        assert_eq!(looks(&mut woken, Again::WhenWoken, 9000), [1234]);
        let mut kept = plan(five);
        kept.wake("b", 1234);
        assert_eq!(looks(&mut kept, Again::WhenWoken, 9000), [5000], "an interval is kept");
    }

    #[test]
    fn a_state_run_holds_back_those_that_ask_for_it() {
        let mut plan = plan(map! { "disable_during_state_run" => true });
        assert_eq!(plan.due(0, || true), (vec![], vec!["b".to_owned()]));
        assert_eq!(plan.deadline(), Some(1000));
        assert_eq!(plan.due(1000, || false), (vec!["b".to_owned()], vec![]));
    }

    #[test]
    fn more_events_than_the_rate_are_dropped_and_counted() {
        let mut plan = plan(map! { "rate_limit" => 3 });
        let events = || vec![map! {}; 2];
        let told = |plan: &mut Plan, now| {
            let told = plan.looked("b", now, Again::NextRound, events());
            (told.events.len(), told.dropped)
        };
        assert_eq!(told(&mut plan, 0), (2, 0));
        assert_eq!(told(&mut plan, 500), (1, 0));
        assert_eq!(told(&mut plan, 900), (0, 0));
        assert_eq!(told(&mut plan, 1000), (2, 3));
        assert_eq!(told(&mut plan, 2000), (2, 0));
    }
}
