//! Beacons: what one file under `beacons/` declares, and how it is told that something happened.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use crate::context::Apply;
use crate::error::Result;
use crate::host;
use crate::registry::Available;
use crate::value::{Map, Value};

/// A beacon: its name, how its settings are checked, how it begins to watch.
pub struct BeaconModule {
    /// The name users write under `beacons:`, or as `beacon_module`.
    pub name: &'static str,
    /// Whether it works on this machine.
    pub available: fn(&Map, &dyn host::Read) -> Available,
    /// Checks settings; the error is Salt's text.
    pub validate: fn(&Value) -> Result<(), String>,
    /// Begins to watch with settings that were found valid.
    pub start: fn(&BeaconConfig) -> Box<dyn Beacon>,
}

impl BeaconModule {
    /// A beacon that works everywhere.
    pub const fn new(
        name: &'static str,
        validate: fn(&Value) -> Result<(), String>,
        start: fn(&BeaconConfig) -> Box<dyn Beacon>,
    ) -> BeaconModule {
        BeaconModule { name, available: |_, _| Available::Yes, validate, start }
    }

    /// The same beacon, which asks first whether it can work.
    pub const fn available(
        self,
        available: fn(&Map, &dyn host::Read) -> Available,
    ) -> BeaconModule {
        BeaconModule { available, ..self }
    }
}

/// The settings of one configured beacon.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BeaconConfig {
    /// The name it is configured under, which events carry.
    pub name: String,
    /// The items of its list, in order.
    pub items: Vec<Map>,
    /// The items in one map; later ones win. Salt: `salt.utils.beacons.list_to_dict`.
    pub flat: Map,
}

impl BeaconConfig {
    /// Takes the list form and the older map form.
    pub fn new(name: &str, settings: &Value) -> BeaconConfig {
        let items: Vec<Map> = match settings {
            Value::List(items) => items.iter().filter_map(|item| item.as_map().cloned()).collect(),
            Value::Map(map) => vec![(**map).clone()],
            _ => Vec::new(),
        };
        let flat = items.iter().flatten().map(|(key, value)| (key.clone(), value.clone()));
        BeaconConfig { name: name.into(), flat: flat.collect(), items }
    }

    /// A setting, if it is there.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.flat.get(key)
    }

    /// A setting that is a map; an empty one if it is not there or something else.
    pub fn map(&self, key: &str) -> Map {
        self.get(key).and_then(Value::as_map).cloned().unwrap_or_default()
    }
}

/// When a beacon wants to look again, if nothing wakes it before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// In the next round (`loop_interval`).
    NextRound,
    /// In that many milliseconds.
    After(u64),
    /// The kernel tells: not before it wakes.
    WhenWoken,
}

/// What a look gave.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Events, as Salt's beacon returns them: `tag` becomes part of the tag.
    pub events: Vec<Map>,
    /// When to look again.
    pub again: Again,
}

impl Seen {
    /// Events of a beacon that is asked in every round.
    pub fn polled(events: Vec<Map>) -> Seen {
        Seen { events, again: Again::NextRound }
    }
}

/// A beacon at work.
pub trait Beacon: Send {
    /// Looks, and says what is to be told.
    ///
    /// # Errors
    /// What kept it from looking; it is told as an event with `error`.
    fn look(&mut self, watch: &mut Watch<'_>) -> Result<Seen>;
}

/// What a beacon looks with.
pub struct Watch<'a> {
    /// The machine, functions, pillar, grains.
    pub apply: &'a Apply<'a>,
    /// What wakes this beacon.
    pub sources: &'a mut dyn Sources,
    /// Seconds since 1970, UTC.
    pub now: f64,
    /// What beacons of one round share.
    pub round: &'a Round,
}

/// Facts that several beacons of one round need and only the first reads.
#[derive(Debug, Default)]
pub struct Round(RefCell<BTreeMap<&'static str, Value>>);

impl Round {
    /// The fact `key`, made once.
    pub fn once(&self, key: &'static str, make: impl FnOnce() -> Value) -> Value {
        if let Some(known) = self.0.borrow().get(key) {
            return known.clone();
        }
        let made = make();
        self.0.borrow_mut().insert(key, made.clone());
        made
    }
}

/// An event of a watched path. Linux: `inotify(7)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathEvent {
    /// Which watch.
    pub watch: u64,
    /// What happened: the bits of `inotify`.
    pub mask: u32,
    /// Joins the two halves of a rename.
    pub cookie: u32,
    /// The name inside a watched folder.
    pub name: String,
}

/// What the kernel can tell one beacon. Watches end with the beacon.
pub trait Sources {
    /// Wakes at events of a path; gives the watch's number.
    ///
    /// # Errors
    /// If nothing is at the path, or the kernel's limit is reached.
    fn watch_path(&mut self, path: &Path, mask: u32) -> io::Result<u64>;

    /// Ends a watch of a path.
    fn unwatch_path(&mut self, watch: u64);

    /// Where a watched path was when it was given.
    fn watched_path(&self, watch: u64) -> Option<PathBuf>;

    /// The events of watched paths since the last call. Events that were too many are lost; then one
    /// with the mask [`OVERFLOW`] is there.
    fn path_events(&mut self) -> Vec<PathEvent>;

    /// Wakes when the process ends.
    ///
    /// # Errors
    /// If there is no such process, or too many are watched.
    fn watch_process(&mut self, pid: i32) -> io::Result<()>;

    /// Wakes when links or addresses of the network change.
    ///
    /// # Errors
    /// If the kernel cannot be asked.
    fn watch_network(&mut self) -> io::Result<()>;

    /// Runs a command and wakes at each line of its output (its error output if `errors`). One
    /// under each name; asking again for one that runs changes nothing.
    ///
    /// # Errors
    /// If it cannot be started.
    fn watch_command(&mut self, name: &str, argv: &[&str], errors: bool) -> io::Result<()>;

    /// The lines of the command `name` since the last call, and whether it still runs.
    fn command_lines(&mut self, name: &str) -> (Vec<String>, bool);
}

/// `IN_Q_OVERFLOW`: events were lost.
pub const OVERFLOW: u32 = 0x4000;
