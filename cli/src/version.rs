//! What the programs say about themselves.

use std::process::ExitCode;

use clap::Args;
use halite_core::SALT_VERSION;

use crate::{exit, log};

/// `--version` and `-V`.
#[derive(Args, Debug)]
pub(crate) struct VersionOptions {
    /// Print the version
    #[arg(long)]
    version: bool,
    /// Print the versions of all parts
    #[arg(short = 'V', long)]
    versions_report: bool,
    /// Salt raises its exceptions then; these programs have none
    #[arg(long, hide = true)]
    hard_crash: bool,
}

impl VersionOptions {
    /// Prints what was asked for, if it was.
    pub(crate) fn show(&self, program: &str) -> Option<ExitCode> {
        if self.versions_report {
            log::say(&report());
        } else if self.version {
            log::say(&line(program));
        } else {
            return None;
        }
        Some(ExitCode::from(exit::OK))
    }
}

/// One line as Salt prints it, `salt 3008.3 (Argon)`, with our own name where the code name is:
/// scripts take the second word.
fn line(program: &str) -> String {
    format!("{program} {SALT_VERSION} (Halite {})", env!("CARGO_PKG_VERSION"))
}

fn report() -> String {
    let uname = rustix::system::uname();
    let text = |part: &std::ffi::CStr| part.to_string_lossy().into_owned();
    format!(
        "Salt Version:\n          Salt: {SALT_VERSION}\n\n\
         Halite Version:\n        Halite: {}\n\n\
         System Versions:\n       machine: {}\n       release: {}\n        system: {}",
        env!("CARGO_PKG_VERSION"),
        text(uname.machine()),
        text(uname.release()),
        text(uname.sysname()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_word_is_a_version_of_salt() {
        let line = line("salt-key");
        let words: Vec<&str> = line.split(' ').collect();
        assert_eq!(words[..2], ["salt-key", SALT_VERSION]);
        assert!(words[2].starts_with("(Halite"));
    }
}
