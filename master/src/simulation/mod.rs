//! The whole of master and minions in one thread, with a clock, a network and disks made from a seed.
//!
//! What runs is what the daemons run: the cores of both, sign-in and sessions, the publisher, the tables and statements
//! of the store, the bus, the reactor, the schedule, the places of jobs. Around them the network loses, repeats, delays
//! and tears; processes are killed and start again; disks fill up, power fails, clocks are set; keys are deleted,
//! rejected, accepted, changed; events flood and call for themselves; somebody sends copies of what he heard and puts
//! other names on it. Queues are small, so that they are full now and then: it is counted in how many runs each was.
//!
//! In every step and when all has settled at the end must hold: no job runs twice on a minion, the return of every job
//! that came to its end is in the store under the name of who ran it (or the log has told why it cannot be), no return is
//! given up before it is written, no job that waits on a disk is lost, no event is attributed to another minion, every
//! event that calls for something is reacted to or told in a dead letter, rules and schedule keep their limits, no queue
//! is above its bound, and the world comes to rest and works again.
//!
//! `HALITE_SIM_SEEDS=10000` plays so many seeds, `HALITE_SIM_FIRST=N` begins at N, and `HALITE_SIM_SEED=N` plays one
//! and prints what happened. A seed always plays the same.

mod dice;
mod disk;
mod jobs;
mod key;
mod ledger;
mod listener;
mod master;
mod minion;
mod network;
mod plan;
mod reactor;
mod world;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use key::QuickKey;
use plan::{Summary, play};
use world::{Faults, Keys};

/// Seeds played in each run of the tests.
const SEEDS: u64 = 200;
/// Seeds within which a broken world must be noticed.
const NOTICED: u64 = 200;
/// Minions of a run.
const MINIONS: u64 = 3;
/// Jobs that the master remembers.
const JOBS: usize = 24;
/// Events that a minion may fire within ten seconds.
const EVENTS: usize = 25;

/// What is to be reached in one of so many runs, or the runs are too easy.
const SELDOM: u64 = 200;
/// Bounds, and what else has to happen.
const REACHED: &[&str] = &[
    "a loop that is stopped",
    "arrivals",
    "batches",
    "early jobs",
    "events that the reactor missed",
    "jids",
    "jobs",
    "jobs dropped since too many wait",
    "jobs of the reactor",
    "jobs that wait for a place",
    "jobs that waited over a restart",
    "publishes held",
    "publishes to be signed",
    "refused addresses",
    "requests in flight",
    "returns",
    "returns dropped since too many wait",
    "returns in flight",
    "returns in memory",
    "returns lost with a full disk and a crash",
    "returns that neither disk nor memory took",
    "synchronous publishes",
    "the queue of a rule",
    "the rate of a rule",
    "writes on their way",
];

fn keys() -> Keys {
    let minions = (1..=MINIONS).map(|number| Arc::new(QuickKey::numbered(number))).collect();
    Keys { master: QuickKey::numbered(0), minions }
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

/// Plays a seed and says what went wrong, with what led to it.
fn told(seed: u64, keys: &Keys, why: &str) -> String {
    let (again, trace) = play(seed, keys, Faults::default(), true);
    let same = again.err().is_some_and(|again| again == why);
    let last = trace.len().saturating_sub(200);
    format!(
        "seed {seed}: {why}\nplayed again it is {}\n{}\nHALITE_SIM_SEED={seed} plays it alone",
        if same { "the same" } else { "another; the run is not reproducible" },
        trace[last..].join("\n"),
    )
}

/// Plays these seeds on all processors; the first that fails.
fn play_all(first: u64, count: u64, faults: Faults) -> Result<Sum, (u64, String)> {
    let (keys, next) = (keys(), AtomicU64::new(first));
    let work = || {
        let mut sum = Sum::default();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= first + count {
                return Ok(sum);
            }
            match play(seed, &keys, faults, false).0 {
                Ok(summary) => sum.add(&summary),
                Err(why) => {
                    next.store(first + count, Ordering::Relaxed);
                    return Err((seed, why));
                }
            }
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let ends: Vec<_> = std::thread::scope(|scope| {
        let handles: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        handles.into_iter().map(|handle| handle.join().expect("no run breaks down")).collect()
    });
    ends.into_iter().try_fold(Sum::default(), |sum, end| end.map(|more| sum.and(more)))
}

/// What many runs came to.
#[derive(Debug, Default)]
struct Sum {
    jobs: u64,
    ms: u64,
    /// In how many runs each bound was reached.
    reached: BTreeMap<&'static str, u64>,
}

impl Sum {
    fn add(&mut self, summary: &Summary) {
        (self.jobs, self.ms) = (self.jobs + summary.jobs as u64, self.ms + summary.ms);
        for what in &summary.reached {
            *self.reached.entry(what).or_default() += 1;
        }
    }

    fn and(mut self, other: Sum) -> Sum {
        (self.jobs, self.ms) = (self.jobs + other.jobs, self.ms + other.ms);
        for (what, count) in other.reached {
            *self.reached.entry(what).or_default() += count;
        }
        self
    }
}

#[test]
fn nothing_is_lost_run_twice_or_mistaken() {
    if let Some(seed) = number("HALITE_SIM_SEED") {
        // What the cores say of it, between what happens.
        let log = tracing_subscriber::fmt().with_max_level(tracing::Level::DEBUG).without_time();
        let _guard = tracing::subscriber::set_default(log.with_ansi(false).finish());
        let (result, _) = play(seed, &keys(), Faults::default(), true);
        let summary = result.unwrap_or_else(|why| panic!("seed {seed}: {why}"));
        return assert!(summary.ms > 0, "{summary:?}");
    }
    let first = number("HALITE_SIM_FIRST").unwrap_or(0);
    let count = number("HALITE_SIM_SEEDS").unwrap_or(SEEDS);
    let began = std::time::Instant::now();
    match play_all(first, count, Faults::default()) {
        Ok(sum) => {
            assert!(sum.jobs > count, "the runs have work to do: {} jobs", sum.jobs);
            tell(&sum, count, began.elapsed());
            let seldom =
                |what: &&&str| sum.reached.get(**what).copied().unwrap_or(0) * SELDOM < count;
            let seldom: Vec<&&str> = REACHED.iter().filter(seldom).collect();
            assert!(count < SEEDS || seldom.is_empty(), "too seldom reached: {seldom:?}");
        }
        Err((seed, why)) => panic!("{}", told(seed, &keys(), &why)),
    }
}

#[expect(clippy::print_stderr, reason = "how hard the runs were is to be seen")]
fn tell(sum: &Sum, count: u64, took: std::time::Duration) {
    let (jobs, hours) = (sum.jobs, sum.ms / 3_600_000);
    eprintln!("{count} runs, {jobs} jobs, {hours} hours of theirs, in {took:?}. Runs that reached");
    sum.reached.iter().for_each(|(what, runs)| eprintln!("{runs:>8} {what}"));
}

/// A world with this fault in it must not pass.
#[track_caller]
fn noticed(faults: Faults, word: &str) {
    let (_, why) = play_all(0, NOTICED, faults).expect_err("the fault is noticed");
    assert!(why.contains(word), "{why}");
}

#[test]
fn minions_that_forget_their_jobs_are_noticed() {
    noticed(Faults { forgets_jobs: true, ..Faults::default() }, "runs again");
}

#[test]
fn minions_that_do_not_keep_returns_are_noticed() {
    noticed(Faults { loses_returns: true, ..Faults::default() }, "is lost");
}

#[test]
fn a_disk_that_lies_is_noticed() {
    noticed(Faults { disk_lies: true, ..Faults::default() }, "is lost");
}
