//! What beacons share: checks in Salt's words, thresholds, files that grow, names of processes.

use std::collections::BTreeMap;
use std::path::Path;

use halite_core::{Apply, BeaconConfig, Map, Value, Watch, map};

/// The items of a beacon's list in one map.
///
/// # Errors
/// Salt's text if the settings are no list.
pub fn flat(beacon: &str, settings: &Value) -> Result<Map, String> {
    match settings {
        Value::List(_) => Ok(BeaconConfig::new(beacon, settings).flat),
        _ => Err(format!("Configuration for {beacon} beacon must be a list.")),
    }
}

/// Whether a setting is given and is no boolean.
pub fn not_bool(settings: &Map, key: &str) -> bool {
    settings.get(key).is_some_and(|value| value.as_bool().is_none())
}

/// A threshold: a number, or a text such as `63%`.
///
/// # Errors
/// Python's text for what is no number.
pub fn percent(value: &Value) -> Result<f64, String> {
    match value {
        Value::Str(text) => {
            let bare = text.replace('%', "");
            let number = bare.trim().parse();
            number.map_err(|_| format!("could not convert string to float: '{bare}'"))
        }
        other => {
            let kind = other.type_name();
            let what = format!("float() argument must be a string or a real number, not '{kind}'");
            other.as_f64().ok_or(what)
        }
    }
}

/// `used` in percent of `total`, with one digit, as psutil has it.
pub fn share(used: u64, total: u64) -> f64 {
    if total == 0 { 0.0 } else { (used as f64 / total as f64 * 1000.0).round() / 10.0 }
}

/// A small file's text; empty if it cannot be read.
pub fn text(apply: &Apply<'_>, path: &str) -> String {
    let bytes = apply.host.read(Path::new(path)).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A figure of `/proc/meminfo` in KiB; the file is read once a round.
pub fn memory(watch: &Watch<'_>, name: &str) -> u64 {
    let info = watch.round.once("meminfo", || text(watch.apply, "/proc/meminfo").into());
    let mut lines = info.as_str().unwrap_or_default().lines();
    let line = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// Numbers of all processes by name, as psutil names them; read once a round.
pub fn processes(watch: &Watch<'_>) -> Value {
    watch.round.once("processes", || {
        let names = watch.apply.host.read_dir(Path::new("/proc")).unwrap_or_default();
        let mut found: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for pid in names.iter().filter_map(|name| name.parse::<i64>().ok()) {
            let comm = text(watch.apply, &format!("/proc/{pid}/comm"));
            let comm = comm.trim_end_matches('\n');
            if !comm.is_empty() {
                found.entry(full_name(watch.apply, pid, comm)).or_default().push(pid.into());
            }
        }
        Value::map(found.into_iter().map(|(name, pids)| (name, Value::list(pids))))
    })
}

/// The kernel cuts names at 15 bytes; the command line may know the rest. Salt: psutil behaviour.
fn full_name(apply: &Apply<'_>, pid: i64, comm: &str) -> String {
    if comm.len() >= 15 {
        let line = text(apply, &format!("/proc/{pid}/cmdline"));
        let first = line.split('\0').next().unwrap_or_default();
        let base = first.rsplit('/').next().unwrap_or_default();
        if base.starts_with(comm) {
            return base.to_owned();
        }
    }
    comm.to_owned()
}

/// Whether a process is there and no zombie.
pub fn alive(apply: &Apply<'_>, pid: i64) -> bool {
    let stat = text(apply, &format!("/proc/{pid}/stat"));
    let state = stat.rsplit(')').next().unwrap_or_default().trim_start().chars().next();
    state.is_some_and(|state| state != 'Z' && state != 'X')
}

/// `inotify` bits after which a growing file is to be read: written, its inode changed, moved, gone.
const GROWN: u32 = 0x2 | 0x4 | 0x400 | 0x800;

/// A file that grows, read from where it ended last.
#[derive(Default)]
pub struct Tail {
    at: Option<u64>,
    watch: Option<u64>,
}

impl Tail {
    /// What was added since the last call, at most `most` bytes; the first call skips what is
    /// there. A file that has become shorter is read from its start.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn read(
        &mut self,
        watch: &mut Watch<'_>,
        path: &Path,
        most: usize,
    ) -> std::io::Result<Vec<u8>> {
        use std::io::{Read as _, Seek as _, SeekFrom};
        let gone = 0x400 | 0x800 | 0x8000;
        let events = watch.sources.path_events();
        if events.iter().any(|event| event.mask & gone != 0) {
            if let Some(old) = self.watch.take() {
                watch.sources.unwatch_path(old);
            }
        }
        if self.watch.is_none() {
            // Without a watch it is asked in every round.
            self.watch = watch.sources.watch_path(path, GROWN).ok();
        }
        let mut file = std::fs::File::open(path)?;
        let len = file.metadata()?.len();
        let from = match self.at {
            None => {
                self.at = Some(len);
                return Ok(Vec::new());
            }
            Some(at) if at > len => 0,
            Some(at) => at,
        };
        file.seek(SeekFrom::Start(from))?;
        let mut added = Vec::new();
        file.take(most as u64).read_to_end(&mut added)?;
        self.at = Some(from + added.len() as u64);
        Ok(added)
    }

    /// The last `count` bytes are to be read again: half a line, half a record.
    pub fn put_back(&mut self, count: usize) {
        self.at = self.at.map(|at| at.saturating_sub(count as u64));
    }

    /// When to look again.
    pub fn again(&self) -> halite_core::beacon::Again {
        match self.watch {
            Some(_) => halite_core::beacon::Again::WhenWoken,
            None => halite_core::beacon::Again::NextRound,
        }
    }
}

/// An event of one fact.
pub fn fact(key: &str, value: impl Into<Value>) -> Map {
    map! { key => value.into() }
}
