//! `service`: services that start and stop. Salt: `salt/beacons/service.py`; here the end of the
//! service's processes wakes it where they are known.

use std::path::{Path, PathBuf};

use halite_core::beacon::Again;
use halite_core::{Beacon, BeaconModule, Map, Result, Seen, Value, Watch, args, map};

use crate::support::beacon::{alive, flat, text};

/// The beacon.
pub static MODULE: BeaconModule = BeaconModule::new("service", validate, |config| {
    let services = config.map("services");
    let services = services.iter().map(|(name, options)| Service::new(&name.to_string(), options));
    Box::new(Services(services.collect()))
});

/// How long the kernel's word about a running service is trusted without asking the service manager,
/// in seconds.
const TRUST_SECS: f64 = 10.0;
/// How often a service that does not run is asked for while the kernel will tell of its start.
const RECHECK_MS: u64 = 10_000;
/// Where systemd keeps the processes of system services.
const CGROUP: &str = "/sys/fs/cgroup/system.slice";
/// `inotify`: modified, deleted; created in a folder.
const CHANGED: u32 = 0x2 | 0x400;
const CREATED: u32 = 0x100;

fn validate(settings: &Value) -> Result<(), String> {
    let settings = flat("service", settings)?;
    let Some(services) = settings.get("services") else {
        return Err("Configuration for service beacon requires services.".into());
    };
    let Some(services) = services.as_map() else {
        return Err("Services configuration item for service beacon must be a dictionary.".into());
    };
    match services.values().all(|options| matches!(options, Value::Map(_))) {
        true => Ok(()),
        false => Err("Configuration for service beacon must be a list of dictionaries.".into()),
    }
}

/// One service: what is to be told of it, and what was.
struct Service {
    name: String,
    onchangeonly: bool,
    emitatstartup: bool,
    delay: f64,
    is_running_state: Option<bool>,
    uncleanshutdown: Option<PathBuf>,
    last: Option<bool>,
    changed_at: Option<f64>,
    /// Whether it ran when the service manager was asked, and when that was.
    asked: Option<(bool, f64)>,
    /// Processes whose end is told.
    pids: Vec<i64>,
    /// Watches of its control group, or of where that will be.
    watches: Vec<u64>,
}

impl Service {
    fn new(name: &str, options: &Value) -> Service {
        let is = |key: &str| options.get(key).and_then(Value::as_bool);
        Service {
            name: name.into(),
            onchangeonly: is("onchangeonly") == Some(true),
            emitatstartup: options.get("emitatstartup").is_none_or(Value::truthy),
            delay: options.get("delay").and_then(Value::as_f64).unwrap_or(0.0),
            is_running_state: is("is_running_state"),
            uncleanshutdown: options.get("uncleanshutdown").map(|path| path.to_string().into()),
            last: None,
            changed_at: None,
            asked: None,
            pids: Vec::new(),
            watches: Vec::new(),
        }
    }

    /// Whether a state that was seen at `now` is to be told.
    fn decide(&mut self, running: bool, now: f64) -> bool {
        if self.is_running_state.is_some_and(|wanted| wanted != running) {
            return false;
        }
        if !self.onchangeonly {
            return true;
        }
        let first = self.last.is_none();
        let mut tell = false;
        if self.last != Some(running) {
            self.last = Some(running);
            if first && !self.emitatstartup {
                return false;
            }
            match self.delay > 0.0 {
                true => self.changed_at = Some(now),
                false => tell = true,
            }
        }
        if self.changed_at.is_some_and(|at| (now - at).round() > self.delay) {
            self.changed_at = None;
            tell = true;
        }
        tell
    }

    fn cgroup(&self) -> PathBuf {
        let unit = match self.name.contains('.') {
            true => self.name.clone(),
            false => format!("{}.service", self.name),
        };
        Path::new(CGROUP).join(unit)
    }

    /// Where the number of its main process may stand.
    fn pid_files(&self) -> Vec<PathBuf> {
        let name = &self.name;
        let usual = [format!("/run/{name}.pid"), format!("/run/{name}/{name}.pid")];
        let own = self.uncleanshutdown.iter().cloned();
        own.chain(usual.into_iter().map(PathBuf::from)).collect()
    }

    /// Asks the service manager, or trusts what the kernel has not denied.
    fn running(&mut self, watch: &mut Watch<'_>, woken: bool) -> Result<bool> {
        let count = self.pids.len();
        self.pids.retain(|pid| alive(watch.apply, *pid));
        let lost = self.pids.len() < count;
        let guarded = !self.pids.is_empty() || !self.watches.is_empty();
        if let Some((running, at)) = self.asked {
            if guarded && !lost && !woken && watch.now - at < TRUST_SECS {
                return Ok(running);
            }
        }
        let answer: Value = watch.apply.call("service.status", args![self.name.as_str()])?;
        let running = answer.truthy();
        self.asked = Some((running, watch.now));
        self.guard(watch, running);
        Ok(running)
    }

    /// Has the kernel tell of the next change, where it can.
    fn guard(&mut self, watch: &mut Watch<'_>, running: bool) {
        for old in std::mem::take(&mut self.watches) {
            watch.sources.unwatch_path(old);
        }
        let group = self.cgroup();
        if watch.apply.host.exists(&group) {
            let events = group.join("cgroup.events");
            self.watches.extend(watch.sources.watch_path(&events, CHANGED).ok());
        } else if watch.apply.host.exists(Path::new(CGROUP)) {
            self.watches.extend(watch.sources.watch_path(Path::new(CGROUP), CREATED).ok());
        }
        if !running {
            return;
        }
        for file in self.pid_files() {
            let read = text(watch.apply, &file.to_string_lossy());
            let Ok(pid) = read.trim().parse::<i32>() else { continue };
            let pid64 = i64::from(pid);
            if !self.pids.contains(&pid64) && watch.sources.watch_process(pid).is_ok() {
                self.pids.push(pid64);
            }
            return;
        }
    }

    fn event(&self, running: bool, watch: &Watch<'_>) -> Map {
        let mut state = map! { "running" => running };
        if let Some(file) = self.uncleanshutdown.as_ref().filter(|_| !running) {
            state.insert("uncleanshutdown".into(), watch.apply.host.exists(file).into());
        }
        let name = self.name.as_str();
        map! { name => state, "service_name" => name, "tag" => name }
    }

    fn again(&self) -> Again {
        let guarded = !self.pids.is_empty() || !self.watches.is_empty();
        match (self.onchangeonly || self.is_running_state.is_some(), guarded) {
            (true, true) if self.changed_at.is_none() => Again::After(RECHECK_MS),
            _ => Again::NextRound,
        }
    }
}

struct Services(Vec<Service>);

impl Beacon for Services {
    fn look(&mut self, watch: &mut Watch<'_>) -> Result<Seen> {
        let woken = watch.sources.path_events();
        let mut events = Vec::new();
        let mut again = Again::WhenWoken;
        for service in &mut self.0 {
            let own = woken.iter().any(|event| service.watches.contains(&event.watch));
            let running = service.running(watch, own)?;
            if service.decide(running, watch.now) {
                events.push(service.event(running, watch));
            }
            again = match (again, service.again()) {
                (Again::NextRound, _) | (_, Again::NextRound) => Again::NextRound,
                (_, other) => other,
            };
        }
        Ok(Seen { events, again })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(options: Map, states: &[(f64, bool)], want: &[bool]) {
        let mut service = Service::new("nginx", &options.into());
        let told: Vec<bool> = states.iter().map(|(at, run)| service.decide(*run, *at)).collect();
        assert_eq!(told, want);
    }

    #[test]
    fn changes_starts_and_delays_are_told_as_in_salt() {
        let up_down = [(0.0, true), (1.0, true), (2.0, false), (3.0, false)];
        check(map! {}, &up_down, &[true, true, true, true]);
        let only = map! { "onchangeonly" => true };
        check(only.clone(), &up_down, &[true, false, true, false]);
        let mut quiet = only.clone();
        quiet.insert("emitatstartup".into(), false.into());
        check(quiet, &up_down, &[false, false, true, false]);
        let mut late = only;
        late.insert("delay".into(), 5.into());
        let times = [(0.0, true), (6.0, true), (7.0, false), (12.0, false), (13.0, false)];
        check(late, &times, &[false, true, false, false, true]);
        check(map! { "is_running_state" => false }, &up_down, &[false, false, true, true]);
    }
}
