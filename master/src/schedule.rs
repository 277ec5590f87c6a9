//! The master's schedule: runner functions that run by time. Salt: `schedule` in the master's
//! configuration.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use halite_core::schedule::{Around, Fire, Schedule};
use halite_core::{Args, Error, Map, Opts, Result, Value};
use halite_wire::{Entropy as _, OsEntropy};
use jiff::SignedDuration;
use jiff::civil::DateTime;

use crate::runner::{self, Call, Kind};
use crate::user_keys::master_user;

/// Longest sleep: the machine's clock may be set.
const LOOK: Duration = Duration::from_secs(60);

/// How many runs of each job go on.
type Running = Arc<Mutex<BTreeMap<String, usize>>>;

/// Starts the thread, if anything is scheduled.
///
/// # Errors
/// A schedule that is no map, or no thread.
pub(crate) fn start(opts: &Opts) -> Result<()> {
    let jobs = match opts.get("schedule") {
        None | Some(Value::Null) => return Ok(()),
        Some(Value::Map(jobs)) if jobs.is_empty() => return Ok(()),
        Some(Value::Map(jobs)) => (**jobs).clone(),
        Some(other) => {
            let kind = other.type_name();
            return Err(Error::execution(format!("Schedule must be of type dict, not {kind}.")));
        }
    };
    let round = opts.float("loop_interval", 60.0).clamp(0.01, 1.0);
    let round = SignedDuration::try_from_secs_f64(round).unwrap_or(SignedDuration::from_secs(1));
    let (opts, schedule) = (opts.clone(), Schedule::new(jobs, round));
    std::thread::Builder::new()
        .name("schedule".into())
        .spawn(move || run(&opts, schedule))
        .map(drop)
        .map_err(|error| Error::execution(format!("cannot start the schedule: {error}")))
}

fn now() -> DateTime {
    jiff::Zoned::now().datetime()
}

fn run(opts: &Opts, mut schedule: Schedule) {
    let mut entropy = OsEntropy::new();
    let running = Running::default();
    loop {
        let (fires, faults) = schedule.due(&mut Around {
            now: now(),
            pillar: &Map::new(),
            grains: &Map::new(),
            chance: &mut |low, high| {
                let mut bytes = [0; 8];
                entropy.fill(&mut bytes);
                let width = high.saturating_sub(low).unsigned_abs().saturating_add(1);
                low.saturating_add_unsigned(u64::from_le_bytes(bytes) % width)
            },
            running: &|name| {
                let running = running.lock().unwrap_or_else(PoisonError::into_inner);
                running.get(name).copied().unwrap_or(0)
            },
        });
        for fault in faults {
            tracing::error!("schedule: {}", fault.why);
        }
        for fire in fires {
            begin(opts, &running, fire);
        }
        let now = now();
        let left = schedule.deadline(now).map(|due| due.duration_since(now));
        let left = left.and_then(|left| Duration::try_from(left).ok()).unwrap_or(LOOK);
        std::thread::sleep(left.min(LOOK));
    }
}

/// Runs a job in a thread of its own.
fn begin(opts: &Opts, running: &Running, fire: Fire) {
    let missed = match fire.missed_secs {
        0 => String::new(),
        late => format!(" (runtime missed by {late} seconds)"),
    };
    tracing::info!("Running scheduled job: {}{missed}", fire.name);
    if runner::spec(Kind::Runner, &fire.fun).is_none() {
        return tracing::error!("Invalid function: {} in scheduled job {}.", fire.fun, fire.name);
    }
    let count = |by: fn(&mut usize)| {
        let mut running = running.lock().unwrap_or_else(PoisonError::into_inner);
        by(running.entry(fire.name.clone()).or_default());
    };
    count(|n| *n += 1);
    let named = fire.data.get("kwargs").and_then(Value::as_map).cloned().unwrap_or_default();
    let positional = fire.data.get("args").and_then(Value::as_list).unwrap_or_default().to_vec();
    let (opts, counted, name) = (opts.clone(), Arc::clone(running), fire.name.clone());
    let spawned = std::thread::Builder::new().name(format!("job {}", fire.name)).spawn(move || {
        let call = Call {
            kind: Kind::Runner,
            fun: fire.fun.clone(),
            args: Args { positional, named },
            user: master_user(&opts),
            jid: None,
            print: Box::new(|line| tracing::info!("{line}")),
        };
        let ran = runner::run(&opts, call);
        if !ran.success {
            tracing::error!("scheduled job {name}: {} failed: {}", fire.fun, ran.ret);
        }
        let mut running = counted.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = running.get_mut(&name) {
            *count = count.saturating_sub(1);
        }
    });
    if let Err(error) = spawned {
        tracing::error!("a scheduled job cannot be started: {error}");
    }
}
