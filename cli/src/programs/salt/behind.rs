//! `--async` with `--batch`: the batch goes on in a process of its own, and leaves its state in `.batch.p`.
//! Salt: `salt/utils/batch_manager.py`, which does it in the master.

use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use halite_core::{Error, Map, Opts, Result};
use halite_master::private_file;
use halite_wire::msgpack::{self, Dialect};

/// The option by which that process knows its batch.
pub(super) const OPTION: &str = "batch-behind";

/// What stands before the jid for the process in between.
const BETWEEN: char = '+';

/// Starts this command again behind the shell, as batch `jid`: by a process in between, so that the batch is nobody's
/// child and does not end with those of the shell.
///
/// # Errors
/// If the process cannot be started.
pub(super) fn start(jid: &str) -> Result<()> {
    let mut between = again(&format!("{BETWEEN}{jid}"))?;
    match between.wait().map_err(failed)? {
        status if status.success() => Ok(()),
        status => Err(failed(status)),
    }
}

/// The process in between starts the batch; whether this process is that one.
///
/// # Errors
/// If the batch cannot be started.
pub(super) fn pass_on(behind: Option<&str>) -> Result<bool> {
    let Some(jid) = behind.and_then(|jid| jid.strip_prefix(BETWEEN)) else { return Ok(false) };
    crate::detach::leave();
    again(jid).map(|_| true)
}

fn again(jid: &str) -> Result<Child> {
    let own = format!("--{OPTION}");
    let args = std::env::args_os().skip(1);
    let args = args.filter(|arg| !arg.to_string_lossy().starts_with(&own));
    Command::new(std::env::current_exe().map_err(failed)?)
        .arg0("salt")
        .arg(format!("{own}={jid}"))
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(failed)
}

fn failed(why: impl std::fmt::Display) -> Error {
    Error::execution(format!("the batch cannot go on in the background: {why}"))
}

/// Where a batch leaves its state.
pub(super) fn file(opts: &Opts, jid: &str) -> Option<PathBuf> {
    Some(halite_master::job_folder(opts, jid)?.join(".batch.p"))
}

/// Writes it, for whoever reads Salt's file. The batch does not hang on it.
pub(super) fn write(path: &std::path::Path, state: &Map) {
    let bytes = msgpack::encode(&state.clone().into(), Dialect::Bus);
    let made = path.parent().map_or(Ok(()), private_file::make_dir);
    if let Err(error) = made.and_then(|()| private_file::write_unsynced(path, &bytes, 0o600)) {
        tracing::warn!("{} is not written: {error}", path.display());
    }
}
