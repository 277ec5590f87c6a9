//! Jobs of the minions of a run: their places, their returns, the schedule.

use std::collections::BTreeMap;

use halite_core::schedule::{Around, Fire, Schedule};
use halite_core::{Jid, Map, Value, map};
use halite_minion::core::{Input, Place, Waits};
use halite_wire::load::{Fun, PublishLoad};
use jiff::civil::DateTime;
use jiff::{SignedDuration, Timestamp};

use super::master::EPOCH_MICROS;
use super::minion::BOUNDS;
use super::world::{Event, World};

/// `process_count_max`.
const PLACES: usize = 2;
/// A return that is older outlives a power cut, ms.
const SYNCED_MS: u64 = 600;
/// Seconds between two runs of the scheduled job, and how many of them may go on.
const EVERY: (i64, i64) = (15, 1);
/// Longest sleep of the schedule, as a minion's: its clock may be set, ms.
const LOOK_MS: u64 = 60_000;
/// The scheduled job may be silent for so long: a look, an interval, a run that goes on, ms.
const QUIET_MS: u64 = LOOK_MS + 15_000 + 21_000;
/// The name of the job.
const NAME: &str = "beat";

/// A job that runs.
pub(super) struct Running {
    load: PublishLoad,
}

/// A job that waits, with its file if there is one.
pub(super) struct Waiting {
    pub(super) load: PublishLoad,
    pub(super) file: Option<String>,
}

impl Waits for Waiting {
    fn load(&self) -> &PublishLoad {
        &self.load
    }
}

/// The schedule of a minion, and what is known of its runs.
#[derive(Default)]
pub(super) struct Timed {
    schedule: Schedule,
    wake: Option<u64>,
    /// The pillar is there.
    pub(super) begun: bool,
    /// When the job ran last, ms of the run.
    last_run: Option<u64>,
    last_jid: i64,
    /// When it began, ran last, or had its clock set, ms of the run.
    heard: u64,
}

impl Timed {
    pub(super) fn new() -> Timed {
        let job = map! {"function" => "test.arg", "seconds" => EVERY.0, "maxrunning" => EVERY.1, "run_on_start" => true};
        let jobs = map! {
            NAME => job, "nonsense" => map! {"function" => 1, "when" => "never"}, "none" => 7,
        };
        Timed { schedule: Schedule::new(jobs, SignedDuration::from_secs(1)), ..Timed::default() }
    }
}

impl World {
    /// The time by a minion's clock.
    fn clock(&self, index: usize) -> DateTime {
        let micros = EPOCH_MICROS + self.now as i64 * 1_000 + self.minions[index].skew * 1_000_000;
        let at = Timestamp::from_microsecond(micros).expect("is a time");
        jiff::tz::TimeZone::UTC.to_datetime(at)
    }

    /// A job came: it runs, waits or is dropped, as the minion's shell does it.
    pub(super) fn start_job(&mut self, index: usize, load: PublishLoad) {
        let minion = &mut self.minions[index];
        match minion.places.look(&load, PLACES) {
            Place::Free => self.run_job_on(index, load),
            Place::Wait => {
                let file = (!minion.disk.full).then(|| format!("{:012}_{}", self.now, load.jid));
                if let Some(file) = &file {
                    minion.disk.queue.insert(file.clone(), load.clone());
                    self.ledger.queued(minion.id.as_str(), load.jid.as_str());
                }
                minion.places.wait(Waiting { load, file });
            }
            Place::Full => self.ledger.reached("jobs dropped since too many wait"),
        }
        let waiting = self.minions[index].places.waiting();
        self.ledger.bounded([("jobs that wait for a place", waiting, BOUNDS.jobs)], "a minion");
    }

    /// What waited when the last life ended.
    pub(super) fn resume_queue(&mut self, index: usize) {
        let minion = &mut self.minions[index];
        let known: Vec<String> = minion
            .places
            .leave()
            .into_iter()
            .filter_map(|waiting| {
                let file = waiting.file.clone();
                minion.places.wait(waiting);
                file
            })
            .collect();
        let left: Vec<(String, PublishLoad)> = minion.disk.queue.clone().into_iter().collect();
        for (file, load) in left.into_iter().filter(|(file, _)| !known.contains(file)) {
            self.ledger.reached("jobs that waited over a restart");
            let waiting = Waiting { load, file: Some(file) };
            match self.minions[index].places.look(&waiting.load, PLACES) {
                Place::Free => self.release(index, waiting),
                Place::Wait | Place::Full => self.minions[index].places.wait(waiting),
            }
        }
    }

    fn release(&mut self, index: usize, waiting: Waiting) {
        if let Some(file) = &waiting.file {
            self.minions[index].disk.queue.remove(file);
        }
        self.run_job_on(index, waiting.load);
    }

    fn run_job_on(&mut self, index: usize, load: PublishLoad) {
        let (id, life) = (self.minions[index].id.clone(), self.minions[index].life);
        let jid = load.jid.to_string();
        self.note(|| format!("{id} runs {jid}"));
        self.ledger.ran(id.as_str(), &jid);
        self.minions[index].places.began();
        if self.minions[index].places.busy() > PLACES {
            self.ledger.wrong(format!("{id} runs more than {PLACES} jobs"));
        }
        self.minions[index].running.insert(jid.clone(), Running { load });
        let long = if self.dice.one_in(5) { 20_000 } else { 300 };
        let wait = self.dice.between(1, long);
        self.at(wait, Event::JobDone { index, life, jid });
    }

    /// A job came to its end: from here on its return must not be lost.
    pub(super) fn job_done(&mut self, index: usize, jid: String) {
        let now = self.now;
        let minion = &mut self.minions[index];
        let id = minion.id.clone();
        let Some(Running { load }) = minion.running.remove(&jid) else { return };
        minion.places.ended();
        minion.done_at.insert(jid.clone(), now);
        self.ledger.finished(id.as_str(), &jid);
        self.note(|| format!("{id} is done with {jid}"));
        while let Some(next) = self.minions[index].places.next(PLACES) {
            self.release(index, next);
        }
        let round = load.arg.first().and_then(Value::as_i64).unwrap_or(0);
        let mut ret = map! {
            "cmd" => "_return", "jid" => jid.as_str(), "fun" => "test.arg", "fun_args" => Value::list([]),
            "return" => map! {"actor" => &id, "round" => round, "token" => jid.as_str()}, "retcode" => 0,
            "success" => true,
        };
        if load.rest.contains_key("schedule") {
            ret.insert("schedule".into(), NAME.into());
            ret.insert("jid".into(), Jid::REQUEST.into());
        }
        self.minion_input(index, Input::Returned { name: jid, load: ret });
        let tag = load.arg.get(1).and_then(Value::as_str);
        if let (Fun::One(fun), Some(tag)) = (&load.fun, tag)
            && &**fun == "event.fire_master"
        {
            let data = load.arg.first().cloned().unwrap_or_default();
            let round = data.get("round").and_then(Value::as_i64).unwrap_or(0);
            self.fire_round(index, tag, round);
        }
    }

    /// A return is to be kept on disk.
    pub(super) fn spool(&mut self, index: usize, name: String, load: Map) {
        let minion = &mut self.minions[index];
        if minion.disk.full {
            let full = minion.held.len() >= BOUNDS.returns_in_memory;
            let at = if full { &mut minion.unheld } else { &mut minion.held };
            at.insert(name.clone());
            self.minion_input(index, Input::Unspooled { name, load });
        } else {
            minion.disk.spool.insert(name, load);
        }
    }

    /// A return is not kept any more: the master must have written it, or there was no room for it.
    pub(super) fn drop_return(&mut self, index: usize, name: &str) {
        let minion = &mut self.minions[index];
        let id = minion.id.to_string();
        let many =
            minion.disk.spool.len() + minion.held.len() + minion.unheld.len() > BOUNDS.returns;
        let unheld = minion.unheld.remove(name);
        minion.disk.spool.remove(name);
        minion.disk.synced.remove(name);
        minion.held.remove(name);
        if self.master.disk.keeps(&id, name) {
            self.note(|| format!("{id} forgets the return of {name}"));
        } else if many {
            self.ledger.forgive(&id, name, "returns dropped since too many wait");
        } else if unheld {
            self.ledger.forgive(&id, name, "returns that neither disk nor memory took");
        } else {
            self.ledger.wrong(format!("the return of {id} for {name} is lost: it is not written"));
        }
    }

    /// The power of a minion fails: what was not synced is gone.
    pub(super) fn power_cut(&mut self, index: usize) {
        let ran = self.minions[index].core.is_some();
        self.crash_minion(index);
        let now = self.now;
        let minion = &mut self.minions[index];
        let id = minion.id.to_string();
        let synced = &minion.disk.synced;
        let gone: Vec<String> =
            minion.disk.spool.keys().filter(|name| !synced.contains(*name)).cloned().collect();
        for name in gone {
            self.minions[index].disk.spool.remove(&name);
            let done = self.minions[index].done_at.get(&name).copied().unwrap_or(0);
            if ran && done + SYNCED_MS < now {
                self.ledger
                    .wrong(format!("the return of {id} for {name} is lost: it was not synced"));
            }
            self.ledger.forgive(&id, &name, "returns lost with the power");
        }
    }

    /// Beacons and schedule begin once the pillar is there.
    pub(super) fn begin_schedule(&mut self, index: usize) {
        if !std::mem::replace(&mut self.minions[index].timed.begun, true) && self.chaos {
            self.minions[index].timed.heard = self.now;
            self.run_schedule(index);
        }
    }

    pub(super) fn schedule_at(&mut self, index: usize, at: u64) {
        if self.minions[index].timed.wake.take_if(|wake| *wake == at).is_some() && self.chaos {
            self.run_schedule(index);
        }
    }

    fn run_schedule(&mut self, index: usize) {
        let now = self.clock(index);
        let minion = &mut self.minions[index];
        let (running, dice, empty) = (&minion.running, &mut minion.dice, Map::new());
        let is_it =
            |job: &&Running| job.load.rest.get("schedule").and_then(Value::as_str) == Some(NAME);
        let count = |_: &str| running.values().filter(is_it).count();
        let (fires, faults) = minion.timed.schedule.due(&mut Around {
            now,
            pillar: &empty,
            grains: &empty,
            chance: &mut |low, high| low + (dice.next() % 1_000) as i64 % (high - low + 1),
            running: &count,
        });
        let going = count(NAME);
        if faults.len() > 2 {
            self.ledger.wrong(format!("faults of the schedule are told again: {faults:?}"));
        }
        for fire in fires {
            if i64::try_from(going).unwrap_or(0) >= EVERY.1 {
                self.ledger.wrong(format!("m{index}: {} runs more than `maxrunning`", fire.name));
            }
            self.scheduled(index, &fire);
        }
        let clock = self.clock(index);
        let (life, now) = (self.minions[index].life, self.now);
        let timed = &mut self.minions[index].timed;
        let due = timed.schedule.deadline(clock).map(|due| due.duration_since(clock).as_millis());
        let wait = due.map_or(LOOK_MS, |ms| u64::try_from(ms).unwrap_or(0) + 1).min(LOOK_MS);
        timed.wake = Some(now + wait);
        self.at(wait, Event::Schedule { index, life, at: now + wait });
    }

    /// A job of the schedule is due.
    fn scheduled(&mut self, index: usize, fire: &Fire) {
        let (now, skew) = (self.now, self.minions[index].skew);
        let minion = &mut self.minions[index];
        let least = (EVERY.0 as u64 - 2) * 1_000;
        if minion.timed.last_run.is_some_and(|last| now < last + least) {
            self.ledger.wrong(format!("m{index}: {} runs again too soon", fire.name));
        }
        (minion.timed.last_run, minion.timed.heard) = (Some(now), now);
        // Not on a whole millisecond, where the master's jids are in a run.
        let micros = EPOCH_MICROS + now as i64 * 1_000 + skew * 1_000_000 + 500;
        minion.timed.last_jid = micros.max(minion.timed.last_jid + 1);
        let load = map! {
            "fun" => fire.fun.as_str(), "arg" => Value::list([]), "tgt" => &minion.id, "tgt_type" => "glob",
            "jid" => Jid::at(minion.timed.last_jid).as_str(), "ret" => "", "user" => "root",
            "schedule" => fire.name.as_str(),
        };
        let load = PublishLoad::parse(load).expect("is a job");
        self.start_job(index, load);
    }

    /// Somebody sets the clock of a minion.
    pub(super) fn set_clock(&mut self, index: usize, seconds: i64) {
        self.note(|| format!("the clock of m{index} goes by {seconds} s"));
        let minion = &mut self.minions[index];
        minion.skew += seconds;
        // An interval is reckoned from the clock: it may be over sooner.
        (minion.timed.last_run, minion.timed.heard) = (None, self.now);
    }

    /// The job of the schedule runs on, whatever the clock does.
    pub(super) fn check_schedules(&mut self) {
        for index in 0..self.minions.len() {
            let minion = &self.minions[index];
            if minion.core.is_some()
                && minion.timed.begun
                && self.now > minion.timed.heard + QUIET_MS
            {
                self.ledger.wrong(format!("m{index}: the schedule stands still"));
            }
        }
    }
}

/// The jobs of a run by name, for messages.
pub(super) fn names(of: &BTreeMap<String, Running>) -> Vec<&String> {
    of.keys().collect()
}
