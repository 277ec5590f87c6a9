//! Command lines: what every program does with its arguments before it looks at them.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
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
        .try_get_matches_from(&args)
        .and_then(|matches| C::from_arg_matches(&matches));
    parsed.map_err(|error| refused(&C::command(), &args, &error))
}

/// Prints help, or what is wrong with a command line, in optparse's words: scripts look for them.
pub(crate) fn refused(command: &Command, args: &[OsString], error: &clap::Error) -> ExitCode {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    // `--list <STATE>` is how clap names an option.
    let option = text(ContextKind::InvalidArg).and_then(|option| option.split(' ').next());
    let option = option.map(|option| as_typed(command, args, option));
    let value = text(ContextKind::InvalidValue).unwrap_or_default();
    let what = match (error.kind(), option) {
        (ErrorKind::UnknownArgument, Some(option)) => {
            let known = text(ContextKind::SuggestedArg);
            let slip = known.map(|known| format!("; did you mean {known}?")).unwrap_or_default();
            format!("no such option: {option}{slip}")
        }
        (ErrorKind::InvalidValue, Some(option)) if value.is_empty() => {
            format!("{option} option requires 1 argument")
        }
        (ErrorKind::InvalidValue, Some(option)) => {
            let choices = match error.get(ContextKind::ValidValue) {
                Some(ContextValue::Strings(choices)) if !choices.is_empty() => {
                    format!(" (choose from '{}')", choices.join("', '"))
                }
                _ => String::new(),
            };
            format!("option {option}: invalid choice: '{value}'{choices}")
        }
        (ErrorKind::ValueValidation, Some(option)) => {
            let source = std::error::Error::source(error);
            let kind = match source {
                Some(why) if why.is::<std::num::ParseFloatError>() => "floating-point ",
                // clap's own parser of integers does not say more than a text.
                Some(why) if why.to_string().contains("digit") => "integer ",
                _ => "",
            };
            format!("option {option}: invalid {kind}value: '{value}'")
        }
        _ => {
            // Help goes to standard output and is no error.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { exit::USAGE } else { exit::OK });
        }
    };
    usage(command.get_name(), &what)
}

/// An option as it stands on the command line: clap names it by its long form.
fn as_typed(command: &Command, args: &[OsString], option: &str) -> String {
    let named = |arg: &&clap::Arg| arg.get_long() == option.strip_prefix("--");
    let short = command.get_arguments().find(named).and_then(clap::Arg::get_short);
    let typed = short.map(|short| format!("-{short}")).filter(|short| {
        let args = args.iter().skip(1).map(|arg| arg.to_string_lossy());
        args.into_iter().any(|arg| arg.starts_with(short.as_str()))
    });
    typed.unwrap_or_else(|| option.to_owned())
}

/// Complains about a command line, and gives the exit code for that.
pub(crate) fn usage(program: &str, what: &str) -> ExitCode {
    let words = match program {
        "salt" => " '<target>' <function> [arguments]",
        "salt-call" | "salt-run" => " <function> [arguments]",
        "salt-cp" => " '<target>' SOURCE DEST",
        _ => "",
    };
    log::complain(&format!("Usage: {program} [options]{words}\n\n{program}: error: {what}"));
    ExitCode::from(exit::USAGE)
}
