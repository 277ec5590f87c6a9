//! Exit codes, as Salt's `salt.defaults.exitcodes` numbers them.

use std::process::ExitCode;

/// It worked.
pub(crate) const OK: u8 = 0;
/// It failed.
pub(crate) const GENERIC: u8 = 1;
/// Nobody returned, or the master let nobody in.
pub(crate) const REFUSED: u8 = 2;
/// Words that make no job: no target, no function, a source file that is not there.
pub(crate) const INCOMPLETE: u8 = 42;
/// The command line cannot be understood.
pub(crate) const USAGE: u8 = 64;
/// The user to run as does not exist.
pub(crate) const NO_USER: u8 = 67;
/// A function that does not exist, under `salt-call` (Python's `sys.exit(-1)`).
pub(crate) const MISSING: u8 = 255;

/// A function's retcode as an exit code: the low byte, as the system cuts it.
pub(crate) fn of_retcode(retcode: i64) -> ExitCode {
    ExitCode::from((retcode & 0xff) as u8)
}
