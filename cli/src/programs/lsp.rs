//! `salt-lsp`: the language server that editors start.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;
use halite_core::{JobState, Map, Result};
use halite_minion::Caller;

use crate::options::{ConfigOptions, LogOptions};
use crate::{exit, log};

/// Speaks the language server protocol on standard input and output
#[derive(Parser, Debug)]
#[command(name = "salt-lsp", version, args_override_self = true)]
struct Cli {
    #[command(flatten)]
    config: ConfigOptions,
    #[command(flatten)]
    log: LogOptions,
    /// Ignored: it is what is done anyway
    #[arg(long)]
    stdio: bool,
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
    match run(&cli) {
        Ok(code) => code,
        Err(error) => {
            log::complain(&error.to_string());
            ExitCode::from(exit::GENERIC)
        }
    }
}

fn run(cli: &Cli) -> Result<ExitCode> {
    let mut given: Map = halite_core::map! {
        "local" => true, "file_client" => "local", "caller" => true,
        // Nothing is rendered for this machine: editors need no pillar of it.
        "no_return_event" => true,
    };
    cli.log.lay_over(&mut given);
    let (opts, _) = halite_minion::config::load(&cli.config.config_dir, &given)?;
    log::start(&opts, "critical");
    let caller = match Caller::local(opts, None, halite_master::runner::call_here) {
        Ok(caller) => caller,
        Err(none) => {
            log::complain(&none.why);
            return Ok(ExitCode::from(none.code));
        }
    };
    let job = JobState::new("", "lsp", "");
    let input = std::io::BufReader::new(std::io::stdin());
    let code = caller
        .engine()
        .with_apply(&job, |apply| halite_lsp::serve(apply, input, std::io::stdout().lock()));
    Ok(ExitCode::from(code))
}
