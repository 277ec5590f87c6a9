//! The files by which others see which runner and wheel functions run: `cachedir/proc/<jid>`, as Salt writes them.

use std::fs;
use std::path::{Path, PathBuf};

use halite_core::{Map, Opts, Value};
use halite_wire::limits::Limits;
use halite_wire::msgpack::{self, Dialect};

use crate::private_file;

/// Largest such file that is read, bytes.
const BYTES: u64 = 4 * 1_048_576;

/// A function that runs; its file goes with it.
pub(super) struct Running(Option<PathBuf>);

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            drop(private_file::remove(path));
        }
    }
}

fn folder(opts: &Opts) -> PathBuf {
    opts.path("cachedir").join("proc")
}

/// Writes the file. That it cannot be written is no reason not to run.
pub(super) fn begin(opts: &Opts, jid: &str, data: &Map) -> Running {
    let Ok(jid) = halite_core::Jid::parse(jid) else { return Running(None) };
    let path = folder(opts).join(jid.as_str());
    let mut data = data.clone();
    let stamp = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S.%6f+00:00");
    data.insert("_stamp".into(), stamp.to_string().into());
    data.insert("pid".into(), i64::from(std::process::id()).into());
    let bytes = msgpack::encode(&data.into(), Dialect::Bus);
    let written = opts.path("cachedir").is_dir()
        && private_file::make_dir(&folder(opts)).is_ok()
        && private_file::write_unsynced(&path, &bytes, 0o600).is_ok();
    Running(written.then_some(path))
}

/// The functions that run now. Files of processes that are gone are removed. Salt: `salt.utils.master.get_running_jobs`.
pub(crate) fn running(opts: &Opts) -> Vec<Map> {
    let Ok(entries) = fs::read_dir(folder(opts)) else { return Vec::new() };
    let mut found = Vec::new();
    for path in entries.flatten().map(|entry| entry.path()) {
        let Ok(Some(bytes)) = private_file::read(&path, BYTES) else { continue };
        let data = msgpack::decode(&bytes, Dialect::Bus, &Limits::ACCEPTED).unwrap_or_default();
        let pid = data.get("pid").and_then(Value::as_i64).unwrap_or(0);
        match data.as_map() {
            Some(data) if Path::new(&format!("/proc/{pid}")).exists() => found.push(data.clone()),
            _ => drop(private_file::remove(&path)),
        }
    }
    found.sort_by_key(|data| data.get("jid").map(ToString::to_string));
    found
}
