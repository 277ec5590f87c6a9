//! The master's configuration: files, the options given on the command line, the id.

use std::path::Path;

use halite_core::opts::load::{Warnings, load as load_opts};
use halite_core::{Error, Map, Opts, Result, Role, Value};

/// Reads `<config_dir>/master` with its includes, lays `given` over it, and finds the id: as configured, or the
/// host's name with `_master`, as Salt has it.
///
/// # Errors
/// A file that cannot be read or parsed, and refused options.
pub fn load(config_dir: &Path, given: &Map) -> Result<(Opts, Warnings)> {
    let (opts, warnings) = load_opts(Role::Master, &config_dir.join("master"), given, &parse)?;
    let id = match opts.get("id").map(ToString::to_string).filter(|id| !id.is_empty()) {
        Some(id) => id,
        None => format!("{}_master", rustix::system::uname().nodename().to_string_lossy()),
    };
    Ok((opts.with("id", id), warnings))
}

fn parse(text: &str, path: &Path) -> Result<Value> {
    halite_render::yaml::load(text)
        .map_err(|error| Error::execution(format!("{}: {error}", path.display())))
}
