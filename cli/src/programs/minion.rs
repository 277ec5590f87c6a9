//! `salt-minion`: the minion daemon.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;
use halite_core::{Map, Result};

use crate::options::{ConfigOptions, LogOptions};
use crate::parse::parse;
use crate::version::VersionOptions;
use crate::{detach, exit, log};

/// Takes jobs from a Salt master and runs them on this machine
#[derive(Parser, Debug)]
#[command(name = "salt-minion")]
struct Cli {
    #[command(flatten)]
    versions: VersionOptions,
    #[command(flatten)]
    config: ConfigOptions,
    #[command(flatten)]
    log: LogOptions,
    /// Go on in the background. Under a supervisor, leave it away
    #[arg(short, long)]
    daemon: bool,
    /// Started by --daemon
    #[arg(long, hide = true)]
    detached: bool,
    /// User to run as; the supervisor chooses it
    #[arg(short, long)]
    user: Option<String>,
    /// Known for Salt's sake; this program does not start itself again
    #[arg(long, hide = true)]
    disable_keepalive: bool,
    /// File for the process id
    #[arg(long, value_name = "FILE")]
    pid_file: Option<String>,
}

/// The program.
pub(super) fn main(args: Vec<OsString>) -> ExitCode {
    let cli: Cli = match parse(args.clone(), |command| command) {
        Ok(cli) => cli,
        Err(code) => return code,
    };
    if let Some(code) = cli.versions.show("salt-minion") {
        return code;
    }
    if cli.detached {
        detach::leave();
    } else if cli.daemon {
        return detach::start("salt-minion", &args);
    }
    match run(&cli) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            log::complain(&format!("salt-minion: {error}"));
            ExitCode::from(exit::GENERIC)
        }
    }
}

fn run(cli: &Cli) -> Result<u8> {
    let mut given = Map::new();
    cli.log.lay_over(&mut given);
    crate::options::put(&mut given, "user", cli.user.as_deref());
    crate::options::put(&mut given, "pidfile", cli.pid_file.as_deref());
    let (opts, warnings) = halite_minion::config::load(&cli.config.config_dir, &given)?;
    log::start(&opts, "warning");
    tracing::debug!("Reading configuration from {}", opts.str("conf_file"));
    warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
    if let Some(code) = crate::config::unknown_user(&opts) {
        return Ok(code);
    }
    halite_minion::daemon::run(opts, halite_master::runner::call_here)
}
