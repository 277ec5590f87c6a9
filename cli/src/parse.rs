//! Command lines: what every program does with its arguments before it looks at them.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Command, Parser};

use crate::{exit, log};

/// Reads a command line as optparse reads Salt's: options may stand between arguments, may be
/// shortened, and the last one counts; `--` ends them. `adjust` changes the command beforehand.
///
/// # Errors
/// The exit code, when help or a complaint has been printed.
pub(crate) fn parse<C: Parser>(
    args: Vec<OsString>,
    adjust: fn(Command) -> Command,
) -> Result<C, ExitCode> {
    let command = C::command()
        .args_override_self(true)
        .infer_long_args(true)
        .disable_version_flag(true)
        .disable_help_subcommand(true);
    let parsed = adjust(command)
        .try_get_matches_from(args)
        .and_then(|matches| C::from_arg_matches(&matches));
    parsed.map_err(|error| {
        // Help goes to standard output and is no error.
        let _ = error.print();
        ExitCode::from(if error.use_stderr() { exit::USAGE } else { exit::OK })
    })
}

/// Complains about a command line, and gives the exit code for that.
pub(crate) fn usage(program: &str, what: &str) -> ExitCode {
    log::complain(&format!("{program}: error: {what}"));
    ExitCode::from(exit::USAGE)
}
