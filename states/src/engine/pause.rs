//! Pausing and ending a run from outside, by a file that the run looks at before each state.

use std::path::{Path, PathBuf};
use std::time::Duration;

use halite_core::value::parse_json;
use halite_core::{Apply, Map, Value};

/// How often a paused run looks whether it may go on.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// How long a run that found no file does not look again, in microseconds: states that change nothing take less.
const FREE_FOR: i64 = 2_000;

/// The file of a run.
pub fn path(cachedir: &Path, jid: &str) -> PathBuf {
    cachedir.join("state_pause").join(jid.replace('/', "_"))
}

/// What the file says; empty if there is none.
pub fn read(apply: &Apply<'_>, jid: &str) -> Map {
    let path = path(&apply.opts.path("cachedir"), jid);
    let Ok(bytes) = apply.host.read(&path) else { return Map::new() };
    let value = parse_json(&String::from_utf8_lossy(&bytes)).unwrap_or_default();
    value.as_map().cloned().unwrap_or_default()
}

/// Looks whether a run may go on.
pub(crate) struct Gate {
    path: PathBuf,
    /// When there was no file, in microseconds.
    free: Option<i64>,
}

impl Gate {
    /// The gate of a run.
    pub(crate) fn new(apply: &Apply<'_>) -> Gate {
        Gate { path: path(&apply.opts.path("cachedir"), &apply.job.jid), free: None }
    }

    /// Waits while the state is paused. Whether the run may go on. Salt: `check_pause` behaviour.
    pub(crate) fn may_go_on(&mut self, apply: &Apply<'_>, id: &str) -> bool {
        if apply.job.jid.is_empty() {
            return true;
        }
        let now = apply.host.now_micros();
        if self.free.is_some_and(|free| (free..free + FREE_FOR).contains(&now)) {
            return true;
        }
        self.free = (!apply.host.exists(&self.path)).then_some(now);
        self.free.is_some() || wait(apply, id)
    }
}

fn wait(apply: &Apply<'_>, id: &str) -> bool {
    let start = apply.host.now_micros();
    loop {
        let pauses = read(apply, &apply.job.jid);
        let Some(pause) = pauses.get(id).or_else(|| pauses.get("__all__")) else { return true };
        if let Some(most) = pause.get("duration").and_then(Value::as_f64)
            && (apply.host.now_micros() - start) as f64 / 1e6 > most
        {
            return true;
        }
        if pause.get("kill").is_some() {
            return false;
        }
        if apply.job.cancelled() {
            return false;
        }
        std::thread::sleep(LOOK_AGAIN);
    }
}
