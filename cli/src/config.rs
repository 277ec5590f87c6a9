//! The master's configuration, as the programs on the master's host read it.

use halite_core::host::{Read, RealHost};
use halite_core::{Error, Map, Opts, Result};

use crate::options::ConfigOptions;
use crate::{exit, log};

/// Reads `<config_dir>/master` with its includes, lays `given` over it, and starts the log.
/// `console` is the level of the console where none is set.
///
/// # Errors
/// A file that cannot be read or parsed, with its place; a refused option.
pub(crate) fn master(config: &ConfigOptions, given: &Map, console: &str) -> Result<Opts> {
    let folder = std::path::absolute(&config.config_dir)
        .map_err(|error| Error::file("find the configuration folder", &config.config_dir, error))?;
    let (opts, warnings) = halite_master::config::load(&folder, given)?;
    log::start(&opts, console);
    tracing::debug!("Reading configuration from {}", opts.str("conf_file"));
    warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
    Ok(opts)
}

/// The exit code, with a complaint, if a daemon is to run as a user that does not exist.
pub(crate) fn unknown_user(opts: &Opts) -> Option<u8> {
    let user = opts.str("user");
    // A user database that cannot be read is not this user's fault.
    if user.is_empty() || !matches!(RealHost::new().user(user), Ok(None)) {
        return None;
    }
    log::complain(&format!(
        "Failed to prepare the Salt environment for user {user}. The user is not available."
    ));
    Some(exit::NO_USER)
}
