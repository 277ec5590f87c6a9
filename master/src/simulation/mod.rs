//! The whole of master and minions in one thread, with a clock, a network and disks made from a seed.
//!
//! What runs is what the daemons run: both cores, sign-in and sessions, the publisher, the tables and statements of
//! the store, the bus. Around them the network loses, repeats, delays and tears; processes are killed and start
//! again; disks fill up; keys are deleted, rejected, accepted, changed; somebody sends copies of what he heard and
//! puts other names on it. In every step and when all has settled at the end must hold: no job runs twice on a
//! minion, the return of every job that came to its end is in the store under the name of who ran it, no event is
//! attributed to another minion, no queue is above its bound, and the world comes to rest and works again.
//!
//! `HALITE_SIM_SEEDS=10000` plays so many seeds, `HALITE_SIM_FIRST=N` begins at N, and `HALITE_SIM_SEED=N` plays one
//! and prints what happened. A seed always plays the same.

mod dice;
mod disk;
mod key;
mod ledger;
mod listener;
mod master;
mod minion;
mod network;
mod plan;
mod world;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use key::QuickKey;
use plan::play;
use world::{Faults, Keys};

/// Seeds played in each run of the tests.
const SEEDS: u64 = 300;
/// Seeds within which a broken world must be noticed.
const NOTICED: u64 = 200;
/// Minions of a run.
const MINIONS: u64 = 3;

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
fn play_all(first: u64, count: u64, faults: Faults) -> Result<(u64, u64), (u64, String)> {
    let (keys, next) = (keys(), AtomicU64::new(first));
    let work = || {
        let (mut jobs, mut ms) = (0, 0);
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= first + count {
                return Ok((jobs, ms));
            }
            match play(seed, &keys, faults, false).0 {
                Ok(summary) => (jobs, ms) = (jobs + summary.jobs as u64, ms + summary.ms),
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
    ends.into_iter()
        .try_fold((0, 0), |(jobs, ms), end| end.map(|(more, time)| (jobs + more, ms + time)))
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
        Ok((jobs, ms)) => {
            assert!(jobs > count, "the runs have work to do: {jobs} jobs");
            let took = began.elapsed();
            tracing::info!(count, jobs, virtual_hours = ms / 3_600_000, ?took, "All runs are well");
        }
        Err((seed, why)) => panic!("{}", told(seed, &keys(), &why)),
    }
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
