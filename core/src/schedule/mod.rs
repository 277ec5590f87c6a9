//! Jobs that run by time: when which is due. Pure, with the clock, the grains and chance passed in;
//! minion and master drive it. Salt: `salt.utils.schedule.Schedule.eval` behaviour, case by case.

pub mod cron;
mod manage;
mod run;
#[cfg(test)]
mod tests;
mod times;

use std::collections::BTreeMap;

use jiff::SignedDuration;
use jiff::civil::DateTime;

use crate::value::{Map, Value};
use run::Run;

/// Keys of the schedule that are no jobs.
const SETTINGS: &[&str] = &["enabled", "skip_function", "skip_during_range", "splay"];
/// Most jobs that are looked at; the rest is refused.
pub const JOBS_MAX: usize = 10_000;

/// What a job is decided by beside itself.
pub struct Around<'a> {
    /// Now, local time.
    pub now: DateTime,
    /// The pillar, for `whens`.
    pub pillar: &'a Map,
    /// The grains, for `whens`.
    pub grains: &'a Map,
    /// A random number in a range, ends included.
    pub chance: &'a mut dyn FnMut(i64, i64) -> i64,
    /// How many runs of a job go on.
    pub running: &'a dyn Fn(&str) -> usize,
}

/// A job that is to run now.
#[derive(Clone, Debug, PartialEq)]
pub struct Fire {
    /// Its name.
    pub name: String,
    /// Its function.
    pub fun: String,
    /// All its settings.
    pub data: Map,
    /// Seconds by which it is late.
    pub missed_secs: i64,
}

/// What is to be told of a job that does not run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Its name.
    pub name: String,
    /// Salt's text.
    pub why: String,
}

/// All jobs of one daemon.
#[derive(Debug, Default)]
pub struct Schedule {
    opts: Map,
    pillar: Map,
    runs: BTreeMap<String, Run>,
    /// How long after its time a job may still begin (`loop_interval`).
    round: SignedDuration,
    /// When the jobs were looked at last.
    last: Option<DateTime>,
    /// Texts that were told, so that each is told once.
    told: BTreeMap<String, String>,
}

/// Settings that concern all jobs.
#[derive(Default)]
struct Common {
    enabled: bool,
    skip_function: Option<String>,
    skip_during_range: Option<Value>,
    splay: Option<Value>,
}

impl Schedule {
    /// The jobs of a configuration.
    pub fn new(opts: Map, round: SignedDuration) -> Schedule {
        Schedule { opts, round, ..Schedule::default() }
    }

    /// The jobs of the pillar are other ones.
    pub fn set_pillar(&mut self, pillar: Map) {
        self.runs.retain(|name, _| {
            self.opts.contains_key(name.as_str())
                || self.pillar.get(name.as_str()) == pillar.get(name.as_str())
        });
        self.pillar = pillar;
    }

    /// The jobs of configuration and pillar; those of the configuration win.
    pub fn jobs(&self, opts: bool, pillar: bool) -> Map {
        let mut all = if pillar { self.pillar.clone() } else { Map::new() };
        if opts {
            all.extend(self.opts.clone());
        }
        all
    }

    /// The same with what is known of their runs (`_next_fire_time`, ...), as events carry them.
    pub fn shown(&self, opts: bool, pillar: bool) -> Map {
        let mut all = self.jobs(opts, pillar);
        for (name, data) in &mut all {
            let run = self.runs.get(&name.to_string());
            if let (Some(run), Some(data)) = (run, data.as_map_mut()) {
                run.show(data);
            }
        }
        all
    }

    fn common(&self, all: &Map) -> Common {
        let text = |key: &str| all.get(key).filter(|v| v.truthy()).map(ToString::to_string);
        Common {
            enabled: all.get("enabled").is_none_or(Value::truthy),
            skip_function: text("skip_function"),
            skip_during_range: all.get("skip_during_range").filter(|v| v.truthy()).cloned(),
            splay: all.get("splay").filter(|v| v.truthy()).cloned(),
        }
    }

    /// The jobs that are to run now, and what is wrong with others, each fault once.
    pub fn due(&mut self, around: &mut Around<'_>) -> (Vec<Fire>, Vec<Fault>) {
        let all = self.jobs(true, true);
        let common = self.common(&all);
        if self.last.is_some_and(|last| around.now < last) {
            self.runs.values_mut().for_each(|run| run.set_back(around.now));
        }
        self.last = Some(around.now);
        let (mut fires, mut faults) = (Vec::new(), Vec::new());
        for (name, data) in all.iter().take(JOBS_MAX) {
            let name = name.to_string();
            if SETTINGS.contains(&name.as_str()) {
                continue;
            }
            let outcome = match data.as_map() {
                Some(data) => {
                    let run = self.runs.entry(name.clone()).or_default();
                    let job = run::Job { name: &name, data, common: &common, round: self.round };
                    let outcome = run.step(&job, around);
                    run.error = outcome.as_ref().err().cloned().unwrap_or_default();
                    outcome
                }
                None => {
                    let kind = data.type_name();
                    Err(format!("Scheduled job \"{name}\" should have a dict value, not {kind}"))
                }
            };
            match outcome {
                Ok(fire) => {
                    self.told.remove(&name);
                    fires.extend(fire);
                }
                Err(why) => {
                    if self.told.get(&name) != Some(&why) {
                        self.told.insert(name.clone(), why.clone());
                        faults.push(Fault { name, why });
                    }
                }
            }
        }
        (fires, faults)
    }

    /// When a job may be due next. One that was due at the last look and did not run is looked at
    /// again in the next round. `None`: not by itself.
    pub fn deadline(&self, now: DateTime) -> Option<DateTime> {
        // Seen from the last look: from now, what has come meanwhile would not be found any more.
        let seen = self.last.unwrap_or(now);
        let soonest = self.runs.values().filter_map(|run| run.deadline(seen)).min()?;
        if soonest <= seen { seen.checked_add(self.round).ok() } else { Some(soonest) }
    }

    /// A job as it is to run when it is asked for by name, enabled or not.
    pub fn job_now(&self, name: &str, running: &dyn Fn(&str) -> usize) -> Option<Fire> {
        let all = self.jobs(true, true);
        let data = all.get(name)?.as_map()?;
        let fun = run::function(data)?;
        let most = data.get("maxrunning").and_then(Value::as_i64).unwrap_or(1);
        let counted = data.get("jid_include").is_none_or(Value::truthy);
        if counted && i64::try_from(running(name)).unwrap_or(i64::MAX) >= most {
            return None;
        }
        Some(Fire { name: name.into(), fun, data: data.clone(), missed_secs: 0 })
    }
}
