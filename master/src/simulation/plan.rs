//! What befalls a run, drawn from its seed; and how it ends: all is mended, all has to settle.

use std::collections::BTreeSet;

use halite_core::{Map, map};

use super::dice::Dice;
use super::jobs::names;
use super::reactor::Reacting;
use super::world::{Event, Faults, Keys, World};
use crate::keys::KeyState;

/// How long the world gets to settle once it is whole, ms.
const SETTLE_MS: u64 = 900_000;
/// How long a job takes at most in a whole world, ms.
const JOB_MS: u64 = 180_000;

/// Something that is done to the world.
#[derive(Clone, Debug)]
pub(super) enum Act {
    Job(&'static str),
    Fire(usize),
    Forge(usize),
    ForgeReturn(usize),
    Cut { index: usize, cut: (bool, bool), ms: u64 },
    CrashMaster { ms: u64 },
    CrashMinion { index: usize, ms: u64 },
    EndKey { index: usize, reject: bool },
    AcceptKeys,
    Rotate,
    DiskFull(bool),
    MinionDiskFull { index: usize, full: bool },
    PowerCut { index: usize, ms: u64 },
    SetClock { index: usize, seconds: i64 },
    Loop { index: usize },
    Flood { index: usize },
    PeerJob { index: usize },
    Burst { count: u64 },
    Batch,
}

/// What a run came to.
#[derive(Debug)]
pub(super) struct Summary {
    /// Jobs that came to their end.
    pub(super) jobs: usize,
    /// The time that passed in it, ms.
    pub(super) ms: u64,
    /// The bounds that were reached, and what else is not in every run.
    pub(super) reached: BTreeSet<&'static str>,
}

/// Targets of jobs.
const TARGETS: [&str; 4] = ["*", "m0,m1", "m2", "m*"];

fn acts(dice: &mut Dice, minions: usize, end: u64) -> Vec<(u64, Act)> {
    let mut acts = Vec::new();
    let mut some = |dice: &mut Dice, most: u64, act: &mut dyn FnMut(&mut Dice) -> Act| {
        for _ in 0..dice.between(0, most) {
            let at = dice.between(3_000, end);
            acts.push((at, act(dice)));
        }
    };
    let anybody =
        |dice: &mut Dice| usize::try_from(dice.between(0, minions as u64 - 1)).unwrap_or(0);
    some(dice, 14, &mut |dice| Act::Job(dice.pick::<&str>(&TARGETS)));
    some(dice, 8, &mut |dice| Act::Fire(anybody(dice)));
    some(dice, 3, &mut |dice| Act::Forge(anybody(dice)));
    some(dice, 2, &mut |dice| Act::ForgeReturn(anybody(dice)));
    some(dice, 4, &mut |dice| {
        let cut = *dice.pick(&[(true, true), (true, false), (false, true)]);
        Act::Cut { index: anybody(dice), cut, ms: dice.between(100, 50_000) }
    });
    some(dice, 2, &mut |dice| Act::CrashMaster { ms: dice.between(10, 20_000) });
    some(dice, 3, &mut |dice| Act::CrashMinion {
        index: anybody(dice),
        ms: dice.between(10, 20_000),
    });
    some(dice, 1, &mut |dice| Act::EndKey { index: anybody(dice), reject: dice.one_in(3) });
    some(dice, 1, &mut |_| Act::Rotate);
    some(dice, 1, &mut |_| Act::DiskFull(true));
    some(dice, 2, &mut |_| Act::DiskFull(false));
    some(dice, 2, &mut |_| Act::AcceptKeys);
    some(dice, 2, &mut |dice| Act::MinionDiskFull { index: anybody(dice), full: true });
    some(dice, 2, &mut |dice| Act::MinionDiskFull { index: anybody(dice), full: false });
    some(dice, 1, &mut |dice| Act::PowerCut { index: anybody(dice), ms: dice.between(10, 20_000) });
    some(dice, 1, &mut |dice| Act::SetClock {
        index: anybody(dice),
        seconds: *dice.pick(&[-7_200, -90, -3, 3, 90, 7_200]),
    });
    some(dice, 1, &mut |dice| Act::Loop { index: anybody(dice) });
    some(dice, 1, &mut |dice| Act::Flood { index: anybody(dice) });
    some(dice, 3, &mut |dice| Act::PeerJob { index: anybody(dice) });
    some(dice, 2, &mut |_| Act::Batch);
    some(dice, 1, &mut |dice| Act::Burst { count: dice.between(3, 12) });
    acts
}

impl World {
    pub(super) fn act(&mut self, act: Act) {
        match act {
            Act::Job(tgt) => self.run_job(tgt),
            Act::Fire(index) => self.fire(index, false),
            Act::Forge(index) => self.fire(index, true),
            Act::ForgeReturn(index) => self.forge_return(index),
            Act::Cut { index, cut, ms } => self.cut(index, cut, ms),
            Act::CrashMaster { ms } => {
                self.crash_master();
                self.at(ms, Event::BootMaster);
            }
            Act::CrashMinion { index, ms } => {
                self.crash_minion(index);
                self.at(ms, Event::BootMinion { index });
            }
            Act::EndKey { index, reject } => {
                let id = self.minions[index].id.clone();
                self.end_key(&id, reject);
            }
            Act::AcceptKeys => self.accept_keys(false),
            Act::Rotate => self.ask_rotation(),
            Act::DiskFull(full) => {
                self.note(|| format!("the disk is full: {full}"));
                self.master.disk.full = full;
            }
            act => self.act_on_minion(act),
        }
    }

    fn act_on_minion(&mut self, act: Act) {
        match act {
            Act::MinionDiskFull { index, full } => {
                self.note(|| format!("the disk of m{index} is full: {full}"));
                self.minions[index].disk.full = full;
            }
            Act::PowerCut { index, ms } => {
                self.power_cut(index);
                self.at(ms, Event::BootMinion { index });
            }
            Act::SetClock { index, seconds } => self.set_clock(index, seconds),
            Act::Loop { index } => self.fire_round(index, "sim/loop", 0),
            Act::Flood { index } => self.flood(index),
            Act::PeerJob { index } => self.peer_job(index),
            Act::Burst { count } => {
                for _ in 0..count {
                    self.run_job("*");
                    self.fire_local("sim/run", Map::new());
                }
            }
            Act::Batch => {
                let jid = halite_core::Jid::at(self.micros().0).to_string();
                let state = map! {"jid" => jid.as_str(), "active" => 1};
                self.fire_local(&format!("salt/batch/{jid}/new"), map! {"state" => state});
            }
            _ => {}
        }
    }

    /// Begins: one minion is new to the master, the others are known.
    fn begin(&mut self) -> u64 {
        let end = self.dice.between(20_000, 120_000);
        self.loss = *self.dice.pick(&[0, 50, 10, 4]);
        for minion in &self.minions[1..] {
            let keys = &self.master.shared.keys;
            keys.put(KeyState::Accepted, &minion.id, minion.public().pem())
                .expect("can be written");
        }
        self.boot_master();
        for index in 0..self.minions.len() {
            let wait = self.dice.between(0, 2_000);
            self.at(wait, Event::BootMinion { index });
        }
        self.at(2_500, Event::Act(Act::AcceptKeys));
        let count = self.minions.len();
        for (at, act) in acts(&mut self.dice, count, end) {
            self.at(at, Event::Act(act));
        }
        end
    }

    /// Everything works again.
    fn mend(&mut self) {
        self.note(|| "all is mended".into());
        self.chaos = false;
        self.master.disk.full = false;
        if self.master.core.is_none() {
            self.boot_master();
        }
        for index in 0..self.minions.len() {
            self.minions[index].cut = (false, false);
            self.minions[index].disk.full = false;
            self.boot_minion(index);
        }
    }

    /// Whatever still is on its way.
    fn unsettled(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut note = |is: bool, what: String| {
            if is {
                found.push(what)
            }
        };
        for minion in &self.minions {
            let (id, core) = (&minion.id, minion.core.as_ref());
            note(minion.conn.is_none(), format!("{id} is not subscribed"));
            note(!minion.running.is_empty(), format!("{id} runs {:?}", names(&minion.running)));
            note(!minion.timed.begun, format!("{id} has no pillar"));
            note(minion.places.waiting() > 0, format!("{id} has jobs that wait"));
            note(!minion.disk.spool.is_empty(), format!("{id} keeps returns"));
            note(core.is_none_or(|core| !core.is_up()), format!("{id} is not signed in"));
            note(
                core.is_none_or(|core| !core.is_quiet()),
                format!("{id} has requests on their way"),
            );
        }
        let core = self.master.core.as_ref();
        note(core.is_none_or(|core| core.working() > 0), "the master works".into());
        let reacting = self.master.reacting.as_ref();
        note(reacting.is_none_or(Reacting::is_busy), "the reactor works".into());
        note(self.master.disk.waiting() > 0, "the store has not written all".into());
        note(
            core.is_none_or(|core| core.durable.is_full()),
            "the master takes the store to be full".into(),
        );
        found
    }

    /// Goes on until a condition holds, and says what is in its way if that takes too long.
    fn until(
        &mut self,
        ms: u64,
        mut rest: impl FnMut(&World) -> Vec<String>,
    ) -> Result<(), String> {
        let end = self.now + ms;
        loop {
            let left = rest(self);
            if left.is_empty() {
                return Ok(());
            }
            if self.now >= end {
                return Err(format!("after {ms} ms in a whole world: {}", left.join(", ")));
            }
            self.accept_keys(true);
            self.pass(self.now + 1_000)?;
        }
    }

    /// Every return is where it belongs, and every job that waited on a disk has run.
    fn nothing_lost(&mut self) -> Result<(), String> {
        for (id, jid) in self.ledger.all_finished() {
            if !self.master.disk.keeps(id, jid) && !self.ledger.is_forgiven(id, jid) {
                return Err(format!("the return of {id} for {jid} is lost"));
            }
        }
        if let Some((id, jid)) = self.ledger.never_ran().first() {
            return Err(format!("job {jid}, which waited on the disk of {id}, is lost"));
        }
        Ok(())
    }

    /// The operator runs a job for all, again while it is refused; its jid.
    fn insist_on_job(&mut self) -> Result<String, String> {
        self.last_job.clear();
        for _ in 0..JOB_MS / 1_000 {
            self.run_job("*");
            self.pass(self.now + 1_000)?;
            if !self.last_job.is_empty() {
                return Ok(self.last_job.clone());
            }
        }
        Err("a whole world takes no job".into())
    }

    /// The whole run.
    pub(super) fn run(&mut self) -> Result<Summary, String> {
        let end = self.begin();
        self.pass(end)?;
        self.check_schedules();
        self.mend();
        self.until(SETTLE_MS, World::unsettled)?;
        self.nothing_lost()?;
        // Whose key was taken away hears of it with the next job, and asks to be accepted again.
        self.insist_on_job()?;
        let all = self.minions.len();
        self.until(JOB_MS, |world| {
            let accepted = world.master.shared.keys.count(KeyState::Accepted).unwrap_or(0);
            let mut left = world.unsettled();
            left.extend((accepted < all).then(|| format!("{accepted} keys are accepted")));
            left
        })?;
        // Whatever went before: a job reaches everybody.
        let jid = self.insist_on_job()?;
        self.until(JOB_MS, |world| {
            let mut left = world.unsettled();
            left.extend(
                world.ledger.not_run(&jid).into_iter().map(|id| format!("{id} did not run {jid}")),
            );
            left
        })?;
        let returns =
            self.master.disk.store().reader().returned(&jid).map_err(|error| error.to_string())?;
        if returns.len() != all {
            return Err(format!("the last job {jid} was returned by {returns:?} only"));
        }
        self.nothing_lost()?;
        self.ledger.settled(self.master.disk.store())?;
        for listener in &mut self.master.listeners {
            listener.read()?;
        }
        if let Some(reacting) = &self.master.reacting {
            reacting.settled()?;
        }
        self.reactor_reached();
        let reached = std::mem::take(&mut self.ledger.reached);
        Ok(Summary { jobs: self.ledger.count(), ms: self.now, reached })
    }
}

/// Plays a seed; with its trace, if that is wanted.
pub(super) fn play(
    seed: u64,
    keys: &Keys,
    faults: Faults,
    traced: bool,
) -> (Result<Summary, String>, Vec<String>) {
    let base = std::path::Path::new("/dev/shm");
    let base = if base.is_dir() { base.to_owned() } else { std::env::temp_dir() };
    let dir = tempfile::tempdir_in(base).expect("a temporary folder");
    let mut world = World::new(seed, keys, dir.path(), faults);
    world.trace = traced.then(Vec::new);
    let result = world.run();
    (result, world.trace.unwrap_or_default())
}
