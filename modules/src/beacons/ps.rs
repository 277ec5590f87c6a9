//! `ps`: processes that run or do not. Salt: `salt/beacons/ps.py`; here a process's end wakes it.

use halite_core::beacon::Again;
use halite_core::{Beacon, BeaconConfig, BeaconModule, Map, Result, Seen, Value, Watch, map};

use crate::support::beacon::{alive, flat, processes};

/// The beacon.
pub static MODULE: BeaconModule = BeaconModule::new("ps", validate, |config| {
    Box::new(Ps { wanted: wanted(config), watched: Vec::new() })
});

fn validate(settings: &Value) -> Result<(), String> {
    match flat("ps", settings)?.get("processes") {
        None => Err("Configuration for ps beacon requires processes.".into()),
        Some(Value::Map(_)) => Ok(()),
        Some(_) => Err("Processes for ps beacon must be a dictionary.".into()),
    }
}

/// When a process is worth an event.
#[derive(Clone, Copy, PartialEq)]
enum When {
    Running,
    Stopped,
    /// Anything else: told with `False` while it does not run.
    Other,
}

fn wanted(config: &BeaconConfig) -> Vec<(Value, When)> {
    let processes = config.map("processes").into_iter();
    let when = |value: &Value| match value.as_str() {
        Some("running") => When::Running,
        Some("stopped") => When::Stopped,
        _ => When::Other,
    };
    processes.map(|(name, value)| (name, when(&value))).collect()
}

struct Ps {
    wanted: Vec<(Value, When)>,
    /// Processes whose end wakes this beacon.
    watched: Vec<i64>,
}

impl Ps {
    fn event(name: &Value, when: When, runs: bool) -> Option<Map> {
        let name = name.to_string();
        match (when, runs) {
            (When::Running, true) => Some(map! { name.as_str() => "Running" }),
            (When::Stopped, false) => Some(map! { name.as_str() => "Stopped" }),
            (When::Other, false) => Some(map! { name.as_str() => false }),
            _ => None,
        }
    }
}

impl Beacon for Ps {
    fn look(&mut self, watch: &mut Watch<'_>) -> Result<Seen> {
        let running = processes(watch);
        self.watched.retain(|pid| alive(watch.apply, *pid));
        let mut events = Vec::new();
        // Only a process that ought to run and does can be left to the kernel.
        let mut kernel_tells = true;
        for (name, when) in &self.wanted {
            let pids = running.get(&name.to_string()).and_then(Value::as_list).unwrap_or_default();
            let alive: Vec<i64> = pids.iter().filter_map(Value::as_i64).collect();
            let alive: Vec<i64> =
                alive.into_iter().filter(|pid| self::alive(watch.apply, *pid)).collect();
            events.extend(Ps::event(name, *when, !alive.is_empty()));
            kernel_tells &= *when != When::Running && !alive.is_empty();
            for pid in alive {
                let number = i32::try_from(pid).unwrap_or(0);
                if self.watched.contains(&pid) {
                    continue;
                }
                match watch.sources.watch_process(number) {
                    Ok(()) => self.watched.push(pid),
                    Err(_) => kernel_tells = false,
                }
            }
        }
        let again = if kernel_tells { Again::WhenWoken } else { Again::NextRound };
        Ok(Seen { events, again })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_those_of_salt() {
        let cases = [
            (When::Running, true, Some("{'nginx': 'Running'}")),
            (When::Running, false, None),
            (When::Stopped, true, None),
            (When::Stopped, false, Some("{'nginx': 'Stopped'}")),
            (When::Other, true, None),
            (When::Other, false, Some("{'nginx': False}")),
        ];
        for (when, runs, want) in cases {
            let event = Ps::event(&"nginx".into(), when, runs);
            assert_eq!(event.map(|map| Value::from(map).repr()).as_deref(), want);
        }
    }

    #[test]
    fn settings_are_checked_in_salts_words() {
        let bad = |settings: Value| validate(&settings).expect_err("is bad");
        assert_eq!(bad(Value::Null), "Configuration for ps beacon must be a list.");
        assert_eq!(bad(Value::list([])), "Configuration for ps beacon requires processes.");
        let list = map! { "processes" => Value::list([]) };
        assert_eq!(
            bad(Value::list([list.into()])),
            "Processes for ps beacon must be a dictionary."
        );
    }
}
