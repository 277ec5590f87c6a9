//! One run: what is to happen in its order, and the clock that goes from one thing to the next.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use halite_minion::core as minion;

use super::dice::Dice;
use super::key::QuickKey;
use super::ledger::Ledger;
use super::master::MasterSide;
use super::minion::MinionSide;
use super::plan::Act;
use crate::work::{Outcome, Work};

/// Steps after which a run is taken to be endless.
const STEPS: u64 = 1_000_000;

/// Ends of the world that must be noticed: with one of them a run has to fail.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Faults {
    /// Minions do not keep the jobs seen.
    pub(super) forgets_jobs: bool,
    /// Minions do not keep returns.
    pub(super) loses_returns: bool,
    /// The master's disk says too early that something is written.
    pub(super) disk_lies: bool,
}

/// What happens at a moment. `life` is that of the process that it is for: another one knows nothing of it.
#[derive(Debug)]
pub(super) enum Event {
    Act(Act),
    BootMaster,
    BootMinion { index: usize },
    Tick { life: u32 },
    Commit { life: u32 },
    Seal { life: u32 },
    React { life: u32 },
    DeedDone { life: u32, number: u64 },
    Work { life: u32, work: Box<Work> },
    Done { life: u32, outcome: Box<Outcome> },
    Request { index: usize, life: u32, req: u64, frame: Bytes },
    Copy { index: usize, frame: Bytes },
    Reply { index: usize, life: u32, req: u64, reply: Result<Bytes, String> },
    Publish { index: usize, life: Option<u32>, frame: Bytes },
    Connect { index: usize, life: u32 },
    Gone { conn: u64 },
    Silent { index: usize, life: u32, conn: u64 },
    Mend { index: usize },
    Wake { index: usize, life: u32, at: u64 },
    JobDone { index: usize, life: u32, jid: String },
    Pillar { index: usize, life: u32 },
    Schedule { index: usize, life: u32, at: u64 },
}

/// The keys of all who take part, the same in every run.
pub(super) struct Keys {
    pub(super) master: QuickKey,
    pub(super) minions: Vec<Arc<QuickKey>>,
}

/// Everything in one run.
pub(super) struct World {
    pub(super) now: u64,
    pub(super) dice: Dice,
    pub(super) master: MasterSide,
    pub(super) minions: Vec<MinionSide>,
    pub(super) ledger: Ledger,
    pub(super) faults: Faults,
    /// The network and the operator do their worst.
    pub(super) chaos: bool,
    /// One in so many messages is lost; 0: none.
    pub(super) loss: u64,
    agenda: BTreeMap<(u64, u64), Event>,
    steps: u64,
    /// The job that the operator published last.
    pub(super) last_job: String,
    /// What happened, if that is wanted.
    pub(super) trace: Option<Vec<String>>,
}

impl World {
    pub(super) fn new(seed: u64, keys: &Keys, dir: &Path, faults: Faults) -> World {
        let minions = keys.minions.iter().enumerate();
        let mut master = MasterSide::new(dir, &keys.master, seed);
        master.disk.lies = faults.disk_lies;
        World {
            now: 0,
            dice: Dice::new(seed, 0),
            master,
            minions: minions.map(|(index, key)| MinionSide::new(index, key, seed)).collect(),
            ledger: Ledger::default(),
            faults,
            chaos: true,
            loss: 0,
            agenda: BTreeMap::new(),
            steps: 0,
            last_job: String::new(),
            trace: None,
        }
    }

    /// Lets something happen in so many milliseconds.
    pub(super) fn at(&mut self, wait: u64, event: Event) {
        self.steps += 1;
        self.agenda.insert((self.now + wait, self.steps), event);
    }

    /// Writes into the trace.
    pub(super) fn note(&mut self, what: impl FnOnce() -> String) {
        if let Some(trace) = &mut self.trace {
            let line = format!("{:>8} {}", self.now, what());
            tracing::debug!(target: "world", "{line}");
            trace.push(line);
        }
    }

    /// Goes on until a moment.
    pub(super) fn pass(&mut self, until: u64) -> Result<(), String> {
        while let Some((at, _)) =
            self.agenda.first_key_value().map(|(key, _)| *key).filter(|(at, _)| *at <= until)
        {
            let Some((_, event)) = self.agenda.pop_first() else { break };
            self.now = at;
            self.happen(event);
            if let Some(wrong) = self.ledger.first_wrong() {
                return Err(wrong.clone());
            }
            if self.steps > STEPS {
                return Err(format!("{STEPS} steps and no end"));
            }
        }
        self.now = until;
        Ok(())
    }

    fn happen(&mut self, event: Event) {
        let master_lives =
            |world: &World, life| world.master.life == life && world.master.core.is_some();
        let lives = |world: &World, index: usize, life| {
            world.minions[index].life == life && world.minions[index].core.is_some()
        };
        match event {
            Event::Act(act) => self.act(act),
            Event::BootMaster if self.master.core.is_none() => self.boot_master(),
            Event::BootMinion { index } => self.boot_minion(index),
            Event::Tick { life } if master_lives(self, life) => self.master_tick(),
            Event::Commit { life } if master_lives(self, life) => self.commit(),
            Event::Seal { life } if master_lives(self, life) => self.seal(),
            Event::React { life } if master_lives(self, life) => self.react(),
            Event::DeedDone { life, number } if master_lives(self, life) => self.deed_done(number),
            Event::Work { life, work } if master_lives(self, life) => {
                let outcome = self.run_work(*work);
                self.work_done(outcome);
            }
            Event::Done { life, outcome } if master_lives(self, life) => self.work_done(*outcome),
            Event::Request { index, life, req, frame } => {
                self.request_arrives(index, life, req, frame)
            }
            Event::Copy { index, frame } => self.copy_arrives(index, frame),
            Event::Reply { index, life, req, reply } if lives(self, index, life) => {
                self.minion_input(index, minion::Input::Reply { req, reply });
            }
            Event::Publish { index, life, frame }
                if life.is_none_or(|life| lives(self, index, life)) =>
            {
                self.minion_input(index, minion::Input::Published(frame));
            }
            Event::Connect { index, life } if lives(self, index, life) => self.connect(index, life),
            Event::Gone { conn } => self.conn_gone(conn),
            Event::Silent { index, life, conn } => self.silent(index, life, conn),
            Event::Mend { index } => self.minions[index].cut = (false, false),
            Event::Wake { index, life, at } if lives(self, index, life) => self.wake(index, at),
            Event::JobDone { index, life, jid } if lives(self, index, life) => {
                self.job_done(index, jid)
            }
            Event::Pillar { index, life } if lives(self, index, life) => self.ask_pillar(index),
            Event::Schedule { index, life, at } if lives(self, index, life) => {
                self.schedule_at(index, at);
            }
            // For a process that is no more.
            _ => {}
        }
    }

    fn wake(&mut self, index: usize, at: u64) {
        if self.minions[index].forget_wake(at) {
            self.minion_input(index, minion::Input::Tick);
        }
    }
}
