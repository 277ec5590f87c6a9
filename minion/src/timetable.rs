//! The schedule at work: the minion's own jobs, starting what is due, saving what was changed.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use halite_core::host::{Read as _, RealHost, Write as _};
use halite_core::schedule::{Around, Fire, Schedule};
use halite_core::{Args, Jid, Map, Opts, Result, Value, map};
use halite_wire::load::{Fun, PublishLoad};
use halite_wire::{Entropy as _, OsEntropy};
use jiff::SignedDuration;
use jiff::civil::DateTime;

use crate::asker::Message;
use crate::shared::{Present, Shared};

/// Longest sleep while there are jobs: the machine's clock may be set.
const LOOK: Duration = Duration::from_secs(60);
/// What a job's load carries for its return: see [`crate::worker`].
pub(crate) const RETURN_JOB: &str = "__return_job";

/// The schedule with its clock and its dice.
pub(crate) struct Timetable {
    schedule: Schedule,
    entropy: OsEntropy,
    /// The jid of the last job: the clock may go back, jids do not.
    last: i64,
}

/// Now, on this machine's clock.
fn now() -> DateTime {
    jiff::Zoned::now().datetime()
}

/// How many runs of a job go on.
fn running(shared: &Shared, name: &str) -> usize {
    let is_it = |job: &Map| job.get("schedule").and_then(Value::as_str) == Some(name);
    shared.running().values().filter(|job| is_it(&job.load)).count()
}

/// The jobs that every minion has. Salt: `salt.minion.Minion._setup_core` behaviour.
fn own_jobs(opts: &Opts) -> Map {
    let mut jobs = Map::new();
    if opts.bool("mine_enabled") && opts.int("mine_interval", 60) > 0 {
        let job = map! {
            "function" => "mine.update", "minutes" => opts.int("mine_interval", 60),
            "jid_include" => true, "maxrunning" => 2, "run_on_start" => true,
            "return_job" => opts.bool("mine_return_job"),
        };
        jobs.insert("__mine_interval".into(), job.into());
    }
    let minutes = opts.int("grains_refresh_every", 0);
    if minutes > 0 {
        let job = map! {
            "function" => "event.fire",
            "args" => Value::list([Map::new().into(), "grains_refresh".into()]),
            "minutes" => minutes, "name" => "__update_grains", "run_on_start" => false,
            "return_job" => false,
        };
        jobs.insert("__update_grains".into(), job.into());
    }
    let minutes = opts.int("ping_interval", 0);
    if minutes > 0 {
        let job = map! {
            "function" => "event.fire_master", "args" => Value::list(["ping".into(), "minion_ping".into()]),
            "minutes" => minutes, "run_on_start" => false, "return_job" => false,
        };
        jobs.insert("__ping_master".into(), job.into());
    }
    jobs
}

impl Timetable {
    /// The jobs of the configuration and the minion's own.
    pub(crate) fn new(opts: &Opts) -> Timetable {
        let mut jobs = opts.map("schedule");
        // What a Salt minion has saved of its own; the link to the master looks after itself here.
        jobs.retain(|name, _| !name.to_string().starts_with("__"));
        let round = opts.float("loop_interval", 1.0).clamp(0.01, 3600.0);
        let round =
            SignedDuration::try_from_secs_f64(round).unwrap_or(SignedDuration::from_secs(1));
        let mut schedule = Schedule::new(jobs, round);
        for (name, job) in own_jobs(opts) {
            schedule.add(Value::map([(name, job)]));
        }
        Timetable { schedule, entropy: OsEntropy::new(), last: 0 }
    }

    /// The pillar is another one.
    pub(crate) fn set_pillar(&mut self, pillar: &Map) {
        match pillar.get("schedule") {
            None | Some(Value::Null) => self.schedule.set_pillar(Map::new()),
            Some(Value::Map(jobs)) => self.schedule.set_pillar((**jobs).clone()),
            Some(_) => tracing::error!(
                "the schedule of the pillar is left out: Schedule must be of type dict."
            ),
        }
    }

    /// How long until a job may be due; `None` if none ever is.
    pub(crate) fn wait(&self) -> Option<Duration> {
        let now = now();
        let due = self.schedule.deadline(now)?;
        Some(Duration::try_from(due.duration_since(now)).unwrap_or_default().min(LOOK))
    }

    /// Starts what is due.
    pub(crate) fn round(&mut self, shared: &Arc<Shared>) {
        let Present { machine, pillar, .. } = shared.present();
        let entropy = &mut self.entropy;
        let (fires, faults) = self.schedule.due(&mut Around {
            now: now(),
            pillar: &pillar,
            grains: &machine.grains,
            chance: &mut |low, high| {
                let mut bytes = [0; 8];
                entropy.fill(&mut bytes);
                let width = high.saturating_sub(low).unsigned_abs().saturating_add(1);
                low.saturating_add_unsigned(u64::from_le_bytes(bytes) % width)
            },
            running: &|name| running(shared, name),
        });
        for fault in faults {
            tracing::error!("schedule: {}", fault.why);
        }
        for fire in fires {
            self.last = start(shared, &fire, self.last);
        }
    }

    /// Does what an order says; gives the event that answers.
    pub(crate) fn manage(
        &mut self,
        order: &Map,
        shared: &Arc<Shared>,
    ) -> Option<Option<(&'static str, Map)>> {
        let managed = self.schedule.manage(order, &|name| running(shared, name))?;
        if managed.persist {
            if let Err(error) = self.save(&shared.opts()) {
                tracing::error!("Failed to persist the updated schedule: {error}");
            }
        }
        if let Some(fire) = &managed.fire {
            self.last = start(shared, fire, self.last);
        }
        Some(managed.answer)
    }

    /// Writes the jobs of the configuration to `_schedule.conf`.
    fn save(&self, opts: &Opts) -> Result<()> {
        let conf = opts.path("conf_file");
        let include = match opts.str("default_include") {
            "" => "minion.d/*.conf",
            include => include,
        };
        let folder = conf.parent().unwrap_or(Path::new("/etc/salt"));
        let folder = folder.join(Path::new(include).parent().unwrap_or(Path::new("")));
        let host = RealHost::new();
        if !host.exists(&folder) {
            std::fs::create_dir_all(&folder)
                .map_err(|error| halite_core::Error::file("make", &folder, error))?;
        }
        let jobs = map! { "schedule" => self.schedule.jobs(true, false) };
        let options = map! { "default_flow_style" => false };
        let text = halite_render::serializers::serialize("yaml", &jobs.into(), &options)?;
        host.write_atomic(&folder.join("_schedule.conf"), format!("{text}\n").as_bytes(), None)
    }
}

/// Hands a job to the owner task, which runs it as one that the master sent. `last` is the jid of the one before; gives
/// that of this one, microseconds since 1970 UTC.
fn start(shared: &Arc<Shared>, fire: &Fire, last: i64) -> i64 {
    let data = &fire.data;
    let is = |key: &str| data.get(key).is_some_and(Value::truthy);
    if is("dry_run") {
        tracing::debug!("Job {} has 'dry_run' set to True. Not running it.", fire.name);
        return last;
    }
    let missed = match fire.missed_secs {
        0 => String::new(),
        late => format!(" (runtime missed by {late} seconds)"),
    };
    let began = RealHost::new().now_micros().max(last + 1);
    let jid = Jid::at(began);
    tracing::info!("Running scheduled job: {}{missed} with jid {jid}", fire.name);
    let positional = data.get("args").and_then(Value::as_list).unwrap_or_default().to_vec();
    let named = data.get("kwargs").and_then(Value::as_map).cloned().unwrap_or_default();
    let mut rest = map! { "schedule" => fire.name.as_str() };
    if let Some(how) = data.get("return_job") {
        rest.insert(RETURN_JOB.into(), how.clone());
    }
    match data.get("metadata") {
        None => {}
        Some(Value::Map(own)) => drop(rest.insert("metadata".into(), stamped(own).into())),
        Some(_) => tracing::warn!(
            "schedule: The metadata parameter must be specified as a dictionary.  Ignoring."
        ),
    }
    for (key, into) in [("return_config", "ret_config"), ("return_kwargs", "ret_kwargs")] {
        if let Some(value) = data.get(key) {
            rest.insert(into.into(), value.clone());
        }
    }
    let opts = shared.opts();
    let load = PublishLoad {
        fun: Fun::One(fire.fun.as_str().into()),
        arg: Args { positional, named }.to_wire(),
        tgt: opts.str("id").into(),
        tgt_type: "glob".into(),
        jid,
        ret: returners(data, &opts).as_str().into(),
        user: "root".into(),
        rest,
    };
    // What a minion does for its master it does for each; other jobs return to one.
    let all = fire.name.starts_with("__");
    let links = if all { shared.links() } else { vec![Arc::clone(shared)] };
    let links_count = i64::try_from(links.len()).unwrap_or(0);
    for (nth, link) in (0..).zip(links) {
        let mut load = load.clone();
        load.jid = Jid::at(began + nth);
        // If the owner task has gone, the process is ending.
        let _ = link.asker.send(Message::Run(Box::new(load)));
    }
    began + links_count
}

/// The job's returners and those of all jobs (`schedule_returner`).
fn returners(data: &Map, opts: &Opts) -> String {
    let mut names: Vec<String> = Vec::new();
    for source in [data.get("returner"), opts.get("schedule_returner")].into_iter().flatten() {
        let given = match source {
            Value::List(items) => items.iter().map(ToString::to_string).collect(),
            Value::Null => Vec::new(),
            other => vec![other.to_string()],
        };
        names.extend(given.into_iter().filter(|name| !name.is_empty()));
    }
    let mut seen = std::collections::BTreeSet::new();
    names.retain(|name| seen.insert(name.clone()));
    names.join(",")
}

/// Metadata with the time of the run, as Salt adds it.
fn stamped(own: &Map) -> Map {
    let now = jiff::Zoned::now();
    let utc = now.with_time_zone(jiff::tz::TimeZone::UTC);
    let mut metadata = own.clone();
    metadata.insert("_TOS".into(), now.strftime("%z").to_string().into());
    metadata.insert("_TS".into(), now.strftime("%a %b %e %H:%M:%S %Y").to_string().into());
    metadata.insert("_TT".into(), utc.strftime("%Y %B %d %a %H %m").to_string().into());
    metadata
}
