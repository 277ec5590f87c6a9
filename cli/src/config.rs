//! The master's configuration, as the programs on the master's host read it.

use halite_core::{Error, Map, Opts, Result};

use crate::log;
use crate::options::ConfigOptions;

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
    warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
    Ok(opts)
}
