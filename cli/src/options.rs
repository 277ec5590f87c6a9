//! Option groups that several programs share.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use halite_core::{Error, Map, Result, Value};

use crate::{exit, log};

/// Where the configuration is.
#[derive(Args, Debug)]
pub(crate) struct ConfigOptions {
    /// Configuration folder to use instead of the default
    #[arg(short = 'c', long, value_name = "DIR", default_value = "/etc/salt")]
    pub(crate) config_dir: PathBuf,
}

/// Levels in the order in which Salt names those of the console.
const CONSOLE_LEVELS: [&str; 10] = [
    "all", "debug", "error", "critical", "garbage", "info", "profile", "quiet", "trace", "warning",
];
/// The same for those of the file.
const FILE_LEVELS: [&str; 10] = [
    "all", "garbage", "trace", "debug", "profile", "info", "warning", "error", "critical", "quiet",
];

/// What is logged, and where.
#[derive(Args, Debug)]
pub(crate) struct LogOptions {
    /// Level of the messages on the console: all, garbage, trace, debug, profile, info, warning,
    /// error, critical, quiet
    #[arg(short = 'l', long, value_name = "LEVEL", hide_possible_values = true)]
    #[arg(value_parser = CONSOLE_LEVELS)]
    pub(crate) log_level: Option<String>,
    /// File that messages go to
    #[arg(long, value_name = "FILE")]
    pub(crate) log_file: Option<String>,
    /// Level of the messages in the file
    #[arg(long, value_name = "LEVEL", value_parser = FILE_LEVELS, hide_possible_values = true)]
    pub(crate) log_file_level: Option<String>,
}

/// How a result is printed.
#[derive(Args, Debug)]
pub(crate) struct OutputOptions {
    /// Outputter to print with
    #[arg(long = "out", alias = "output", value_name = "OUTPUT")]
    pub(crate) output: Option<String>,
    /// Indent by this many spaces; negative: all on one line
    #[arg(long = "out-indent", alias = "output-indent", value_name = "SPACES")]
    #[arg(allow_negative_numbers = true)]
    pub(crate) output_indent: Option<i64>,
    /// Write to this file
    #[arg(long = "out-file", alias = "output-file", value_name = "FILE")]
    pub(crate) output_file: Option<PathBuf>,
    /// Append to the file
    #[arg(long = "out-file-append", alias = "output-file-append")]
    pub(crate) output_file_append: bool,
    /// No colours
    #[arg(long, alias = "no-colour")]
    pub(crate) no_color: bool,
    /// Colours, whatever the output is
    #[arg(long, alias = "force-colour")]
    pub(crate) force_color: bool,
    /// How states are shown: full, terse, mixed, changes or filter
    #[arg(long, alias = "state_output", value_name = "STATE_OUTPUT")]
    pub(crate) state_output: Option<String>,
    /// Whether states without changes are shown
    #[arg(long, alias = "state_verbose", value_name = "STATE_VERBOSE")]
    pub(crate) state_verbose: Option<String>,
}

impl LogOptions {
    /// Puts what was given over the configuration.
    pub(crate) fn lay_over(&self, given: &mut Map) {
        // The file's level goes by the configured `log_level`, never by the one given here.
        put(given, crate::log::CONSOLE_LEVEL, self.log_level.as_deref());
        put(given, "log_file", self.log_file.as_deref());
        put(given, "log_level_logfile", self.log_file_level.as_deref());
    }
}

impl OutputOptions {
    /// Puts what was given over the configuration, under Salt's option names.
    pub(crate) fn lay_over(&self, given: &mut Map) {
        put(given, "output", self.output.as_deref());
        put(given, "output_indent", self.output_indent);
        put(given, "state_output", self.state_output.as_deref());
        put(given, "state_verbose", self.state_verbose.as_deref().map(true_or_text));
        put(given, "no_color", self.no_color.then_some(true));
        put(given, "force_color", self.force_color.then_some(true));
    }
}

impl OutputOptions {
    /// Empties the file that results are appended to, unless it is to be kept.
    ///
    /// # Errors
    /// If it cannot be opened for writing.
    pub(crate) fn begin_file(&self) -> Result<()> {
        let Some(path) = self.output_file.as_deref().filter(|_| !self.output_file_append) else {
            return Ok(());
        };
        if !path.is_file() {
            return Ok(());
        }
        let opened = std::fs::OpenOptions::new().write(true).truncate(true).open(path);
        opened.map(drop).map_err(|error| Error::file("empty", path, error))
    }
}

/// External authentication. Known, so that its absence can be told.
#[derive(Args, Debug)]
pub(crate) struct EauthOptions {
    /// Not available: external authentication
    #[arg(short = 'a', long, visible_alias = "auth", alias = "external-auth", value_name = "NAME")]
    eauth: Option<String>,
    /// Not available: save a token
    #[arg(short = 'T', long)]
    make_token: bool,
    /// Not available: user for --eauth
    #[arg(long, value_name = "NAME")]
    username: Option<String>,
    /// Not available: password for --eauth
    #[arg(long, value_name = "PASSWORD")]
    password: Option<String>,
}

impl EauthOptions {
    /// Says that external authentication is not to be had, if it was asked for.
    pub(crate) fn refuse(&self) -> Option<ExitCode> {
        let given = self.make_token
            || [&self.eauth, &self.username, &self.password].into_iter().any(Option::is_some);
        given.then(|| {
            log::complain(
                "ERROR: external authentication (-a, -T, --username, --password) is not \
                 available; run this as the user that runs the master, or as one that \
                 `publisher_acl` names",
            );
            ExitCode::from(exit::REFUSED)
        })
    }
}

/// Sets one option if it was given.
pub(crate) fn put(given: &mut Map, name: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        given.insert(name.into(), value.into());
    }
}

fn true_or_text(text: &str) -> Value {
    match text {
        "True" | "true" => Value::Bool(true),
        "False" | "false" => Value::Bool(false),
        other => Value::str(other),
    }
}
