//! `salt-master`: the master daemon.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;
use halite_core::{Map, Opts, Result};

use crate::options::{ConfigOptions, LogOptions};
use crate::{exit, log};

/// Publishes jobs to the minions, serves them files and pillar, keeps what they return
#[derive(Parser, Debug)]
#[command(name = "salt-master", version)]
struct Cli {
    #[command(flatten)]
    config: ConfigOptions,
    #[command(flatten)]
    log: LogOptions,
    /// Stay in the foreground; this program always does, a supervisor runs it in the background
    #[arg(short, long)]
    daemon: bool,
    /// User to run as; the supervisor chooses it
    #[arg(short, long)]
    user: Option<String>,
    /// File for the process id
    #[arg(long, value_name = "FILE")]
    pid_file: Option<String>,
}

/// The program.
pub(super) fn main(args: Vec<OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version go to standard output and are no error.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { exit::USAGE } else { exit::OK });
        }
    };
    match load(&cli) {
        Ok(opts) => halite_master::run(&opts),
        Err(error) => {
            log::complain(&format!("salt-master: {error}"));
            ExitCode::from(exit::GENERIC)
        }
    }
}

fn load(cli: &Cli) -> Result<Opts> {
    let mut given = Map::new();
    cli.log.lay_over(&mut given);
    crate::options::put(&mut given, "user", cli.user.as_deref());
    crate::options::put(&mut given, "pidfile", cli.pid_file.as_deref());
    let (opts, warnings) = halite_master::config::load(&cli.config.config_dir, &given)?;
    log::start(&opts, "warning");
    warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
    if cli.daemon {
        tracing::info!("-d: this program stays in the foreground; run it under a supervisor");
    }
    Ok(opts)
}
