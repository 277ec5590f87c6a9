//! Returns on their way: each is on disk until the master has taken it.
//!
//! A real Salt master gets none sooner than [`limits::FOREIGN_RETURN_MS`] after its job came. The
//! `salt` of Salt 3007 begins to read the event bus some milliseconds after it has published; what
//! came until then is moved into a buffer that it does not look at before further bytes arrive
//! (`PublishClient.recv` with `timeout=0`), and so it waits out its whole time for a job that is
//! long done. Its own minions, which start a process for each job, are never that quick.

use std::collections::VecDeque;
use std::sync::Arc;

use halite_core::{Map, Value};
use halite_wire::Entropy;
use halite_wire::session::{MinionSession, SessionKeys};

use super::asks::{Ask, Kind};
use super::{Core, Now, Output, between};
use crate::limits;

/// Wait between attempts once the first tries are used up, least and most, ms.
const LATER_MS: (u64, u64) = (30_000, 60_000);

/// The returns that the master does not have yet.
#[derive(Debug, Default)]
pub(super) struct Returns(VecDeque<Entry>);

/// When the jobs of the last moments came: only those can be done too soon for a real Salt master.
#[derive(Debug, Default)]
pub(super) struct Arrivals(VecDeque<(String, u64)>);

impl Arrivals {
    pub(super) fn note(&mut self, jid: &str, at: u64, most: usize) {
        self.0.retain(|(_, then)| at < then + limits::FOREIGN_RETURN_MS);
        if self.0.len() < most {
            self.0.push_back((jid.into(), at));
        }
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// From when on this job may be answered to a real Salt master.
    fn may_return(&self, jid: &str) -> u64 {
        let arrival = self.0.iter().find(|(known, _)| known == jid);
        arrival.map_or(0, |(_, at)| at + limits::FOREIGN_RETURN_MS)
    }
}

#[derive(Debug)]
struct Entry {
    name: String,
    state: State,
    tries: u32,
    refusals: u32,
    /// When it is to be made to outlive a power cut.
    sync_at: u64,
    /// It outlives a power cut.
    synced: bool,
    /// The load, where the disk did not take it.
    held: Option<Map>,
    /// Neither the disk nor the memory took it: it is sent, and that is all.
    last: bool,
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
        // Nobody knows whether the last run came to it.
        let entry = |name: &String| Entry::new(name.clone(), State::Rest(0), 0);
        Returns(names.iter().map(entry).collect())
    }

    /// When the next of them is to be sent.
    pub(super) fn due(&self, in_flight: usize) -> Option<u64> {
        let at = |entry: &Entry| match entry.state {
            State::Rest(at) => Some(at),
            State::Busy => None,
        };
        if self.busy() >= in_flight {
            return None;
        }
        self.0.iter().filter_map(at).min()
    }

    /// When one of them has waited for so long that it is to outlive a power cut.
    pub(super) fn sync_at(&self) -> Option<u64> {
        self.0.iter().filter(|entry| !entry.synced).map(|entry| entry.sync_at).min()
    }

    /// How many are in memory only.
    pub(super) fn held(&self) -> usize {
        self.0.iter().filter(|entry| entry.held.is_some()).count()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn busy(&self) -> usize {
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
    fn new(name: String, state: State, sync_at: u64) -> Entry {
        Entry {
            name,
            state,
            tries: 0,
            refusals: 0,
            sync_at,
            synced: false,
            held: None,
            last: false,
        }
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
        let from = self.may_return(&load);
        let free = self.is_up() && self.returns.busy() < self.settings.bounds.returns_in_flight;
        let send = free && from <= now.ms;
        let state = if send { State::Busy } else { State::Rest(now.ms.max(from)) };
        self.returns.0.push_back(Entry::new(name.clone(), state, now.ms + limits::RETURN_SYNC_MS));
        let most = self.settings.bounds.returns;
        if self.returns.0.len() > most {
            if let Some(old) = self.returns.0.pop_front() {
                tracing::error!(
                    "more than {most} returns wait for the master: the one of job {} is dropped",
                    old.name
                );
                self.emit(Output::Drop { name: old.name });
            }
        }
        if send {
            self.ask(now, entropy, Ask::new(now, 0, load, Kind::Return(name)));
        }
    }

    /// The moment from which on this master can be told; 0 for one of our own.
    fn may_return(&self, load: &Map) -> u64 {
        let ours = |session: &Arc<MinionSession>| matches!(session.keys(), SessionKeys::Gcm(_));
        if self.session.as_ref().is_some_and(ours) {
            return 0;
        }
        let jid = load.get("jid").and_then(Value::as_str).unwrap_or_default();
        self.arrivals.may_return(jid)
    }

    /// The disk did not take a return: it is held in memory, if not too many are.
    pub(super) fn hold_return(&mut self, name: &str, load: Map) {
        let full = self.returns.held() >= self.settings.bounds.returns_in_memory;
        let Some(entry) = self.returns.find(name) else { return };
        match full {
            false => entry.held = Some(load),
            true if entry.state == State::Busy => entry.last = true,
            true => self.lose(name),
        }
    }

    /// A return that neither disk nor memory took did not reach the master either.
    fn lose(&mut self, name: &str) {
        let most = self.settings.bounds.returns_in_memory;
        tracing::error!(
            "the return of job {name} is lost: the disk is full, {most} returns are in memory, the master is away"
        );
        self.delivered(name);
    }

    /// A return was read back from disk.
    pub(super) fn spooled(
        &mut self,
        now: Now,
        entropy: &mut dyn Entropy,
        name: String,
        load: Option<Map>,
    ) {
        // Asked for before it was known that the disk did not take it.
        let entry = self.returns.find(&name);
        let (held, last) = entry.map_or((None, false), |entry| (entry.held.clone(), entry.last));
        match load.or(held) {
            None if last => self.lose(&name),
            Some(load) => self.ask(now, entropy, Ask::new(now, 0, load, Kind::Return(name))),
            None => {
                tracing::error!("the return of job {name} cannot be read and is put aside");
                self.returns.remove(&name);
                self.emit(Output::Bury { name });
            }
        }
    }

    /// A return waits for a session.
    pub(super) fn rest_return(&mut self, name: &str, at: u64) {
        match self.returns.find(name) {
            Some(entry) if entry.last => self.lose(name),
            Some(entry) => entry.state = State::Rest(at),
            None => {}
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
        if entry.last {
            return self.lose(name);
        }
        entry.tries += 1;
        entry.refusals += u32::from(refused);
        if entry.refusals >= limits::RETURN_REFUSALS {
            tracing::error!("the master refuses the return of job {name}: {why}; it is put aside");
            self.returns.remove(name);
            return self.emit(Output::Bury { name: name.into() });
        }
        let (low, high) = if entry.tries < tries { first } else { LATER_MS };
        entry.state = State::Rest(now.ms + between(entropy, low, high));
        match entry.tries == tries {
            true => tracing::error!(
                "The minion failed to return the job information for job {name} in {tries} tries: {why}; it is \
                 kept, and sent again from time to time"
            ),
            false => {
                tracing::warn!(
                    "the return of job {name} was not taken: {why}; it is kept and sent again"
                );
            }
        }
    }

    /// Has the next returns read whose time has come.
    pub(super) fn returns_tick(&mut self, now: Now, entropy: &mut dyn Entropy) {
        self.sync_returns(now);
        while self.is_up() && self.returns.busy() < self.settings.bounds.returns_in_flight {
            let due = |entry: &&mut Entry| matches!(entry.state, State::Rest(at) if at <= now.ms);
            let Some(entry) = self.returns.0.iter_mut().find(due) else { return };
            entry.state = State::Busy;
            let name = entry.name.clone();
            match entry.held.clone() {
                None => self.emit(Output::Unspool { name }),
                Some(load) => self.ask(now, entropy, Ask::new(now, 0, load, Kind::Return(name))),
            }
        }
    }

    fn sync_returns(&mut self, now: Now) {
        let due = |entry: &&mut Entry| !entry.synced && entry.sync_at <= now.ms;
        let late = self.returns.0.iter_mut().filter(due).map(|entry| {
            entry.synced = true;
            Output::Sync { name: entry.name.clone() }
        });
        self.outputs.extend(late);
    }
}
