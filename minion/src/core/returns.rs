//! Returns on their way: each is on disk until the master has taken it.

use std::collections::VecDeque;

use halite_core::Map;
use halite_wire::Entropy;

use super::asks::{Ask, Kind};
use super::{Core, Now, Output, between};
use crate::limits;

/// Wait between attempts once the first tries are used up, least and most, ms.
const LATER_MS: (u64, u64) = (30_000, 60_000);

/// The returns that the master does not have yet.
#[derive(Debug, Default)]
pub(super) struct Returns(VecDeque<Entry>);

#[derive(Debug)]
struct Entry {
    name: String,
    state: State,
    tries: u32,
    refusals: u32,
}

#[derive(Debug, PartialEq)]
enum State {
    /// Being read or sent.
    Busy,
    /// On disk only, until then.
    Rest(u64),
}

impl Returns {
    pub(super) fn from_names(names: &[String]) -> Returns {
        Returns(names.iter().map(|name| Entry::new(name.clone(), State::Rest(0))).collect())
    }

    /// When the next of them is to be sent.
    pub(super) fn due(&self) -> Option<u64> {
        let at = |entry: &Entry| match entry.state {
            State::Rest(at) => Some(at),
            State::Busy => None,
        };
        if self.busy() >= limits::RETURNS_IN_FLIGHT {
            return None;
        }
        self.0.iter().filter_map(at).min()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Lets one rest until `at`.
    pub(super) fn rest(&mut self, name: &str, at: u64) {
        if let Some(entry) = self.find(name) {
            entry.state = State::Rest(at);
        }
    }

    fn busy(&self) -> usize {
        self.0.iter().filter(|entry| entry.state == State::Busy).count()
    }

    fn find(&mut self, name: &str) -> Option<&mut Entry> {
        self.0.iter_mut().find(|entry| entry.name == name)
    }

    fn remove(&mut self, name: &str) {
        self.0.retain(|entry| entry.name != name);
    }
}

impl Entry {
    fn new(name: String, state: State) -> Entry {
        Entry { name, state, tries: 0, refusals: 0 }
    }
}

impl Core {
    /// A job is done: its return goes to disk, and to the master if that can be reached.
    pub(super) fn returned(
        &mut self,
        now: Now,
        entropy: &mut dyn Entropy,
        name: String,
        load: Map,
    ) {
        self.emit(Output::Spool { name: name.clone(), load: load.clone() });
        self.returns.remove(&name);
        let send = self.is_up() && self.returns.busy() < limits::RETURNS_IN_FLIGHT;
        let state = if send { State::Busy } else { State::Rest(now.ms) };
        self.returns.0.push_back(Entry::new(name.clone(), state));
        if self.returns.0.len() > limits::SPOOL_RETURNS {
            if let Some(old) = self.returns.0.pop_front() {
                tracing::error!(
                    "more than {} returns wait for the master: the one of job {} is dropped",
                    limits::SPOOL_RETURNS,
                    old.name
                );
                self.emit(Output::Drop { name: old.name });
            }
        }
        if send {
            self.ask(now, entropy, Ask::new(now, 0, load, Kind::Return(name)));
        }
    }

    /// A return was read back from disk.
    pub(super) fn spooled(
        &mut self,
        now: Now,
        entropy: &mut dyn Entropy,
        name: String,
        load: Option<Map>,
    ) {
        match load {
            Some(load) => self.ask(now, entropy, Ask::new(now, 0, load, Kind::Return(name))),
            None => {
                tracing::error!("the return of job {name} cannot be read and is dropped");
                self.returns.remove(&name);
                self.emit(Output::Drop { name });
            }
        }
    }

    pub(super) fn delivered(&mut self, name: &str) {
        self.returns.remove(name);
        self.emit(Output::Drop { name: name.into() });
    }

    pub(super) fn undelivered(
        &mut self,
        now: Now,
        entropy: &mut dyn Entropy,
        name: &str,
        why: &str,
        refused: bool,
    ) {
        let (first, tries) = (self.settings.return_retry_ms, self.settings.return_tries);
        let Some(entry) = self.returns.find(name) else { return };
        entry.tries += 1;
        entry.refusals += u32::from(refused);
        if entry.refusals >= limits::RETURN_REFUSALS {
            tracing::error!("the master refuses the return of job {name}: {why}; dropped");
            return self.delivered(name);
        }
        let (low, high) = if entry.tries < tries { first } else { LATER_MS };
        entry.state = State::Rest(now.ms + between(entropy, low, high));
        tracing::warn!("the return of job {name} was not taken: {why}; it is kept and sent again");
    }

    /// Has the next returns read whose time has come.
    pub(super) fn returns_tick(&mut self, now: Now) {
        while self.is_up() && self.returns.busy() < limits::RETURNS_IN_FLIGHT {
            let due = |entry: &&mut Entry| matches!(entry.state, State::Rest(at) if at <= now.ms);
            let Some(entry) = self.returns.0.iter_mut().find(due) else { return };
            entry.state = State::Busy;
            let name = entry.name.clone();
            self.emit(Output::Unspool { name });
        }
    }
}
