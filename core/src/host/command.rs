//! A command to run and what came of it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// A program with its arguments and surroundings.
#[derive(Clone, Debug, Default)]
pub struct Command {
    /// Program and arguments; never through a shell unless the program is one.
    pub argv: Vec<String>,
    /// Working folder.
    pub cwd: Option<PathBuf>,
    /// Variables to set (`Some`) or unset (`None`) over the inherited ones.
    pub env: BTreeMap<String, Option<String>>,
    /// Start from an empty environment.
    pub clean_env: bool,
    /// Run as this user, with its groups.
    pub runas: Option<String>,
    /// Run as this group.
    pub group: Option<String>,
    /// File mode mask.
    pub umask: Option<u32>,
    /// What the command reads.
    pub stdin: Option<Vec<u8>>,
    /// Kill it (and its process group) after this time.
    pub timeout: Option<Duration>,
    /// Put error output where output goes, in one stream.
    pub merge_stderr: bool,
    /// Do not wait; output is lost.
    pub detach: bool,
    /// When set and true, the command is killed.
    pub cancel: Option<std::sync::Arc<std::sync::atomic::AtomicBool>>,
}

impl Command {
    /// A program and its arguments.
    pub fn new<S: Into<String>>(argv: impl IntoIterator<Item = S>) -> Command {
        Command { argv: argv.into_iter().map(Into::into).collect(), ..Command::default() }
    }

    /// A text for `/bin/sh -c` (or another shell).
    pub fn shell(shell: &str, text: &str) -> Command {
        Command::new([shell, "-c", text])
    }

    /// With the C locale, so that output can be read.
    pub fn c_locale(mut self) -> Command {
        for name in ["LC_ALL", "LANG", "LANGUAGE"] {
            self.env.insert(name.into(), Some("C".into()));
        }
        self
    }
}

/// What a command left.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Output {
    /// Exit code; `-n` when ended by signal n, as Python has it.
    pub retcode: i64,
    /// Output, as it came.
    pub stdout: Vec<u8>,
    /// Error output, as it came.
    pub stderr: Vec<u8>,
    /// Process id it had.
    pub pid: u32,
    /// It was killed since its time was up.
    pub timed_out: bool,
}

impl Output {
    /// Whether it exited with 0.
    pub fn success(&self) -> bool {
        self.retcode == 0
    }

    /// Output as text, invalid UTF-8 replaced.
    pub fn stdout_text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Error output as text, invalid UTF-8 replaced.
    pub fn stderr_text(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }
}
