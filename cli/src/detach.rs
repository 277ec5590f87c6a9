//! `-d`: a daemon that goes on behind the shell.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use crate::{exit, log};

/// The option by which a daemon knows that it was started for the background.
pub(crate) const DETACHED: &str = "--detached";
/// How long a start is watched: what fails, fails at once (configuration, keys, ports).
const WATCH: Duration = Duration::from_secs(2);
/// How often it is looked at meanwhile.
const PAUSE: Duration = Duration::from_millis(50);

/// Starts this program again in a session of its own, without a terminal, and watches its first
/// moments. `args` are its arguments, its name first.
pub(crate) fn start(program: &str, args: &[OsString]) -> ExitCode {
    let binary = match std::env::current_exe() {
        Ok(binary) => binary,
        Err(error) => return failed(program, &error.to_string()),
    };
    let child = Command::new(binary)
        .arg0(program)
        .args(args.iter().skip(1))
        .arg(DETACHED)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) => return failed(program, &error.to_string()),
    };
    let until = Instant::now() + WATCH;
    while Instant::now() < until {
        match child.try_wait() {
            Ok(None) => {}
            Ok(Some(status)) => {
                let why =
                    format!("it ended at once ({status}); see its log, or start it without -d");
                return failed(program, &why);
            }
            Err(error) => return failed(program, &error.to_string()),
        }
        pause();
    }
    ExitCode::from(exit::OK)
}

/// Waits a little; nothing else happens in this process.
fn pause() {
    let (_keep, never) = std::sync::mpsc::sync_channel::<()>(1);
    // Nobody sends: this ends by the time alone.
    let _ = never.recv_timeout(PAUSE);
}

/// Leaves the session that the program was started in.
pub(crate) fn leave() {
    // It fails only for who leads a session already, and then there is nothing to leave.
    let _ = rustix::process::setsid();
}

fn failed(program: &str, why: &str) -> ExitCode {
    log::complain(&format!("{program}: cannot start in the background: {why}"));
    ExitCode::from(exit::GENERIC)
}
