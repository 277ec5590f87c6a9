//! What a program said, as `cmd.run_all` would have it: trailing white space is gone, the locale is `C`.

use halite_core::host::{Command, Output, Read};
use halite_core::{Apply, Result};

/// The outcome of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Exit code.
    pub retcode: i64,
    /// Output without trailing white space.
    pub stdout: String,
    /// Error output without trailing white space.
    pub stderr: String,
}

impl Said {
    /// Of what a command left.
    pub fn of(output: &Output) -> Said {
        Said {
            retcode: output.retcode,
            stdout: output.stdout_text().trim_end().to_owned(),
            stderr: output.stderr_text().trim_end().to_owned(),
        }
    }

    /// Whether it exited with 0.
    pub fn success(&self) -> bool {
        self.retcode == 0
    }
}

/// Runs a program that only looks. Commands are made by [`Command::new`].
///
/// # Errors
/// If it cannot be started.
pub fn ask(host: &dyn Read, command: Command) -> Result<Said> {
    Ok(Said::of(&host.query(&command.c_locale())?))
}

/// Runs a program that may change the machine. The job tells of one that failed, as after `cmd.run_all`.
///
/// # Errors
/// If it cannot be started.
pub fn tell(apply: &Apply<'_>, command: Command) -> Result<Said> {
    let said = Said::of(&apply.host.run(&command.c_locale())?);
    if !said.success() {
        apply.job.set_retcode(said.retcode);
    }
    Ok(said)
}
