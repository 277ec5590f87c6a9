//! The beacons of this minion: which are configured, when they look, what they tell.

pub(crate) mod hub;
mod manage;
mod plan;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use halite_core::beacon::{Again, Round, Sources as _};
use halite_core::host::{self, RealHost};
use halite_core::{
    Apply, Available, Beacon, BeaconConfig, BeaconModule, Map, Result, Seen, Value, Watch, map,
};

use hub::{Hub, Owner};
use manage::{Answer, Configured};
use plan::{Pace, Plan};

/// One beacon at work.
struct Active {
    owner: Owner,
    settings: Value,
    module: &'static str,
    beacon: Box<dyn Beacon>,
    /// The last error, so that it is logged once.
    error: String,
    /// It was held back by a state run; what it missed is not told afterwards.
    held: bool,
}

/// All beacons.
pub(crate) struct Beacons {
    id: String,
    configured: Configured,
    available: Vec<&'static BeaconModule>,
    active: BTreeMap<String, Active>,
    /// Settings that were refused, so that it is said once.
    refused: BTreeMap<String, Value>,
    plan: Plan,
    next_owner: Owner,
}

/// The beacon modules that work on a machine with these grains.
pub(crate) fn available(grains: &Map, host: &dyn host::Read) -> Vec<&'static BeaconModule> {
    let all = halite_modules::beacons::ALL.iter().copied();
    all.filter(|module| matches!((module.available)(grains, host), Available::Yes)).collect()
}

fn beacons_of(source: Option<&Value>, whose: &str) -> Map {
    match source {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Map(map)) => (**map).clone(),
        Some(_) => {
            tracing::error!(
                "the beacons of the {whose} are left out: Beacons must be of type dict."
            );
            Map::new()
        }
    }
}

/// The module that a configured name means.
fn module_name(name: &str, settings: &Value) -> String {
    let config = BeaconConfig::new(name, settings);
    let other = config.get("beacon_module").filter(|module| module.truthy());
    other.map_or_else(|| name.to_owned(), ToString::to_string)
}

impl Beacons {
    /// Those of the configuration; `round_ms` is the pause between rounds.
    pub(crate) fn new(id: &str, round_ms: u64, opts: Option<&Value>, grains: &Map) -> Beacons {
        let opts = beacons_of(opts, "configuration");
        Beacons {
            id: id.to_owned(),
            configured: Configured { opts, pillar: Map::new() },
            available: available(grains, &RealHost::new()),
            active: BTreeMap::new(),
            refused: BTreeMap::new(),
            plan: Plan::new(round_ms),
            next_owner: 0,
        }
    }

    /// The pillar is another one.
    pub(crate) fn set_pillar(&mut self, pillar: &Map, hub: &mut Hub, now: u64) {
        self.configured.pillar = beacons_of(pillar.get("beacons"), "pillar");
        self.settle(hub, now);
    }

    /// Begins what is configured and not at work, ends what is at work and not configured. What is
    /// configured as before goes on as before.
    pub(crate) fn settle(&mut self, hub: &mut Hub, now: u64) {
        let wanted = self.configured.enabled();
        let ended: Vec<String> = self
            .active
            .iter()
            .filter(|(name, active)| wanted.get(name.as_str()) != Some(&active.settings))
            .map(|(name, _)| name.clone())
            .collect();
        for name in ended {
            if let Some(active) = self.active.remove(&name) {
                hub.forget(active.owner);
            }
            self.plan.end(&name);
        }
        for (name, settings) in &wanted {
            let name = name.to_string();
            if self.active.contains_key(&name) || self.refused.get(&name) == Some(settings) {
                continue;
            }
            match self.check(&name, settings) {
                Ok(module) => self.begin(&name, module, settings, now),
                Err(why) => {
                    tracing::error!("{why}");
                    self.refused.insert(name, settings.clone());
                }
            }
        }
    }

    /// The module that settings mean, if it finds them good.
    fn check(&self, name: &str, settings: &Value) -> Result<&'static BeaconModule, String> {
        let module_name = module_name(name, settings);
        let module = self.available.iter().find(|module| module.name == module_name);
        let missing = || format!("Unable to process beacon {name}: {}", self.why_not(&module_name));
        let module = module.ok_or_else(missing)?;
        let bad = |why| format!("Beacon {name} configuration invalid, not running.\n{why}");
        (module.validate)(settings).map_err(bad).map(|()| *module)
    }

    fn begin(&mut self, name: &str, module: &'static BeaconModule, settings: &Value, now: u64) {
        let config = BeaconConfig::new(name, settings);
        self.next_owner += 1;
        let active = Active {
            owner: self.next_owner,
            settings: settings.clone(),
            module: module.name,
            beacon: (module.start)(&config),
            error: String::new(),
            held: false,
        };
        self.plan.begin(name, Pace::parse(&config.flat), now);
        self.active.insert(name.to_owned(), active);
    }

    /// Why a beacon module is not there.
    fn why_not(&self, name: &str) -> String {
        match halite_modules::beacons::ALL.iter().find(|module| module.name == name) {
            Some(module) => match (module.available)(&Map::new(), &RealHost::new()) {
                Available::No(why) => why,
                Available::Yes => "it cannot work here".into(),
            },
            None => {
                let names = halite_modules::beacons::ALL.iter().map(|module| module.name);
                match halite_core::text::nearest(name, names) {
                    Some(near) => format!("there is no beacon '{name}'; did you mean '{near}'?"),
                    None => format!("there is no beacon '{name}'"),
                }
            }
        }
    }

    /// Does what an order says.
    pub(crate) fn manage(&mut self, order: &Map, hub: &mut Hub, now: u64) -> Option<Answer> {
        let names: Vec<&str> = self.available.iter().map(|module| module.name).collect();
        let available = &self.available;
        let validate = |name: &str, data: &Value| {
            let name = module_name(name, data);
            match available.iter().find(|module| module.name == name) {
                Some(module) => match (module.validate)(data) {
                    Ok(()) => (true, "Valid beacon configuration".to_owned()),
                    Err(why) => (false, why),
                },
                None => {
                    let why = format!(
                        "Beacon {name} does not have a validate function, skipping validation."
                    );
                    (true, why)
                }
            }
        };
        let answer = self.configured.manage(order, &names, &validate);
        self.settle(hub, now);
        answer
    }

    /// These beacons have been woken.
    pub(crate) fn wake(&mut self, owners: &std::collections::BTreeSet<Owner>, now: u64) {
        for (name, active) in &self.active {
            if owners.contains(&active.owner) {
                self.plan.wake(name, now);
            }
        }
    }

    /// When the next one is due.
    pub(crate) fn deadline(&self) -> Option<u64> {
        self.plan.deadline()
    }

    /// Has those look that are due; gives the events for the master, and the answers of those that
    /// end after one look.
    pub(crate) fn round(
        &mut self,
        apply: &Apply<'_>,
        hub: &mut Hub,
        (now, unix): (u64, f64),
        states_run: impl Fn() -> bool,
    ) -> (Vec<Value>, Vec<Answer>) {
        let shared = Round::default();
        let (mut events, mut answers) = (Vec::new(), Vec::new());
        let (due, held) = self.plan.due(now, states_run);
        for name in held {
            if let Some(active) = self.active.get_mut(&name) {
                active.held = true;
            }
        }
        for name in due {
            let Some(active) = self.active.get_mut(&name) else { continue };
            if std::mem::take(&mut active.held) {
                // Salt closes such a beacon meanwhile.
                drop(hub.of(active.owner).path_events());
            }
            let tag = format!("salt/beacon/{}/{name}/", self.id);
            let sources = &mut hub.of(active.owner);
            let mut watch = Watch { apply, sources, now: unix, round: &shared };
            let seen = look(&mut *active.beacon, &mut watch);
            let Seen { events: found, again } = seen.unwrap_or_else(|error| {
                let error = error.to_string();
                if active.error != error {
                    tracing::error!("Unable to start {name} beacon, {error}");
                }
                events.push(map! {
                    "tag" => tag.as_str(), "error" => error.as_str(), "data" => Map::new(),
                    "beacon_name" => active.module,
                });
                active.error = error;
                Seen { events: Vec::new(), again: Again::NextRound }
            });
            let told = self.plan.looked(&name, now, again, found);
            if told.dropped > 0 {
                tracing::warn!(
                    "beacon {name}: {} events in one second were too many and are dropped \
                     (rate_limit)",
                    told.dropped
                );
            }
            for data in told.events {
                events.push(event(&self.id, &tag, active.module, data));
            }
            if told.over {
                answers.push(self.configured.switch(&name, false));
            }
        }
        if !answers.is_empty() {
            self.settle(hub, now);
        }
        (events.into_iter().map(Value::from).collect(), answers)
    }
}

fn look(beacon: &mut dyn Beacon, watch: &mut Watch<'_>) -> Result<Seen> {
    match catch_unwind(AssertUnwindSafe(|| beacon.look(watch))) {
        Ok(seen) => seen,
        Err(_) => Err(halite_core::Error::execution("a fault of this program (panic)")),
    }
}

/// One event as the master takes it. Salt: the end of `salt.beacons.Beacon.process`.
fn event(id: &str, tag: &str, module: &str, mut data: Map) -> Map {
    let own = data.shift_remove("tag");
    let tag = format!("{tag}{}", own.map(|own| own.to_string()).unwrap_or_default());
    data.entry("id".into()).or_insert_with(|| id.into());
    map! { "tag" => tag, "data" => data, "beacon_name" => module }
}
