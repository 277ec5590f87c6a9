//! Pausing and ending a run from outside, by a file that the run looks at before each state.

use std::path::{Path, PathBuf};
use std::time::Duration;

use halite_core::value::parse_json;
use halite_core::{Apply, Map, Value};

/// How often a paused run looks whether it may go on.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

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

/// Waits while the state is paused. Whether the run may go on. Salt: `check_pause` behaviour.
pub(crate) fn may_go_on(apply: &Apply<'_>, path: &Path, jid: &str, id: &str) -> bool {
    if jid.is_empty() || !apply.host.exists(path) {
        return true;
    }
    let start = apply.host.now_micros();
    loop {
        let pauses = read(apply, jid);
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
