//! The proc folder: one file per running job, as `saltutil.running` of every Salt reads it.

use std::path::{Path, PathBuf};
use std::{fs, io};

use halite_core::services::Signal;
use halite_core::{Error, Map, Result, Value};
use halite_wire::limits::Limits;
use halite_wire::msgpack::{self, Dialect};

/// Largest proc file that is read, bytes.
const PROC_FILE_BYTES: u64 = 64 * 1024 * 1024;
/// Files of the folder that are looked at.
const PROC_FILES: usize = 10_000;

/// The file of a running job; it is removed when this is dropped.
pub(crate) struct ProcFile(PathBuf);

impl ProcFile {
    /// Writes `{pid, + load}` under the job's id.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub(crate) fn write(folder: &Path, jid: &str, load: &Map) -> Result<ProcFile> {
        let path = folder.join(jid);
        let bytes = msgpack::encode(&Value::from(load.clone()), Dialect::Network);
        let file = ProcFile(path);
        // On failure the drop takes away what a full disk left of it.
        fs::write(&file.0, bytes).map_err(|error| Error::file("write", &file.0, error))?;
        Ok(file)
    }
}

impl Drop for ProcFile {
    fn drop(&mut self) {
        // Somebody may have cleaned it up already.
        let _ = fs::remove_file(&self.0);
    }
}

/// Removes what an earlier run of this program left.
pub(crate) fn clean(folder: &Path) {
    for (path, load) in read_all(folder) {
        if !is_running(&load) || is_own(&load) {
            let _ = fs::remove_file(path);
        }
    }
}

/// The jobs of other processes (`salt-call`) on this machine.
pub(crate) fn of_other_processes(folder: &Path) -> Vec<Map> {
    let all = read_all(folder).into_iter().map(|(_, load)| load);
    all.filter(|load| !is_own(load) && is_running(load)).collect()
}

/// Sends a signal to the process of a job that is not ours.
///
/// # Errors
/// None at present; the texts are Salt's.
pub(crate) fn signal_other(folder: &Path, jid: &str, signal: Signal) -> Result<Value> {
    let found = read_all(folder)
        .into_iter()
        .find(|(_, load)| load.get("jid").and_then(Value::as_str) == Some(jid) && !is_own(load));
    let Some((path, load)) = found else { return Ok(Value::str("")) };
    let process = pid(&load).and_then(rustix::process::Pid::from_raw);
    let number = match signal {
        Signal::Term => rustix::process::Signal::TERM,
        Signal::Kill => rustix::process::Signal::KILL,
    };
    let killed = process.is_some_and(|pid| rustix::process::kill_process(pid, number).is_ok());
    if killed {
        return Ok(signalled(signal, jid, pid(&load).unwrap_or_default().cast_unsigned()));
    }
    let _ = fs::remove_file(path);
    Ok(Value::str(format!("Job {jid} was not running and job data has been cleaned up")))
}

/// Salt's text of a signal that was sent.
pub(crate) fn signalled(signal: Signal, jid: &str, pid: u32) -> Value {
    let number = match signal {
        Signal::Term => 15,
        Signal::Kill => 9,
    };
    Value::str(format!("Signal {number} sent to job {jid} at pid {pid}"))
}

fn read_all(folder: &Path) -> Vec<(PathBuf, Map)> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.flatten().map(|entry| entry.path()).take(PROC_FILES);
    paths.filter_map(|path| Some((path.clone(), read(&path).ok()??))).collect()
}

fn read(path: &Path) -> io::Result<Option<Map>> {
    if fs::metadata(path)?.len() > PROC_FILE_BYTES {
        return Ok(None);
    }
    let bytes = fs::read(path)?;
    let value = msgpack::decode(&bytes, Dialect::Network, &Limits::ACCEPTED).ok();
    Ok(value.as_ref().and_then(Value::as_map).cloned())
}

fn pid(load: &Map) -> Option<i32> {
    load.get("pid").and_then(Value::as_i64).and_then(|pid| i32::try_from(pid).ok())
}

fn is_own(load: &Map) -> bool {
    pid(load).is_some_and(|pid| pid.cast_unsigned() == std::process::id())
}

/// Whether the process lives and is one of Salt's: numbers are used again.
fn is_running(load: &Map) -> bool {
    let Some(pid) = pid(load) else { return false };
    fs::read(format!("/proc/{pid}/cmdline"))
        .is_ok_and(|line| line.windows(4).any(|window| window == b"salt"))
}
