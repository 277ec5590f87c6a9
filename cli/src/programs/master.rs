//! `salt-master`: the master daemon.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;
use halite_core::{Map, Opts, Result};

use crate::options::{ConfigOptions, LogOptions, put};
use crate::parse::parse;
use crate::version::VersionOptions;
use crate::{config, detach, exit, log};

/// Publishes jobs to the minions, serves them files and pillar, keeps what they return
#[derive(Parser, Debug)]
#[command(name = "salt-master")]
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
    /// File for the process id
    #[arg(long, value_name = "FILE")]
    pid_file: Option<String>,
    /// Known for Salt's sake; this program does not start itself again
    #[arg(long, hide = true)]
    disable_keepalive: bool,
}

/// The program.
pub(super) fn main(args: Vec<OsString>) -> ExitCode {
    let cli: Cli = match parse(args.clone(), |command| command) {
        Ok(cli) => cli,
        Err(code) => return code,
    };
    if let Some(code) = cli.versions.show("salt-master") {
        return code;
    }
    if cli.detached {
        detach::leave();
    }
    match load(&cli) {
        // What is wrong with the configuration has been told before anything goes on unseen.
        Ok(_) if cli.daemon && !cli.detached => detach::start("salt-master", &args),
        Ok(opts) => match config::unknown_user(&opts) {
            Some(code) => ExitCode::from(code),
            None => halite_master::run(&opts),
        },
        Err(error) => {
            log::complain(&format!("salt-master: {error}"));
            ExitCode::from(exit::GENERIC)
        }
    }
}

fn load(cli: &Cli) -> Result<Opts> {
    let mut given = Map::new();
    cli.log.lay_over(&mut given);
    put(&mut given, "user", cli.user.as_deref());
    put(&mut given, "pidfile", cli.pid_file.as_deref());
    config::master(&cli.config, &given, "warning")
}
