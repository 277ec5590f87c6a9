//! The minion's configuration: files, the options given on the command line, the id.

use std::path::Path;

use halite_core::host::RealHost;
use halite_core::opts::load::{Warnings, load as load_opts};
use halite_core::{Error, Map, MinionId, Opts, Result, Role, Value};

use crate::id;

/// Reads `<config_dir>/minion` with its includes, lays `given` over it, and finds the id.
///
/// # Errors
/// A file that cannot be read or parsed, a refused option, and an id that breaks its grammar.
pub fn load(config_dir: &Path, given: &Map) -> Result<(Opts, Warnings)> {
    let (opts, warnings) = load_opts(Role::Minion, &config_dir.join("minion"), given, &parse)?;
    Ok((with_id(opts, config_dir)?, warnings))
}

/// Reads configuration text; a fault names the file.
///
/// # Errors
/// What the YAML loader refuses.
pub fn parse(text: &str, path: &Path) -> Result<Value> {
    halite_render::yaml::load(text)
        .map_err(|error| Error::execution(format!("{}: {error}", path.display())))
}

/// The same options with `id` set: as configured, as cached, or as the machine is called.
fn with_id(opts: Opts, config_dir: &Path) -> Result<Opts> {
    let host = RealHost::new();
    let caching = opts.get("minion_id_caching").is_none_or(Value::truthy);
    let configured = opts.get("id").map(ToString::to_string).filter(|id| !id.is_empty());
    let cached = || id::cached(&host, &config_dir.join("minion_id")).filter(|_| caching);
    let id = match configured.or_else(cached) {
        Some(id) => id,
        None => {
            let id = id::shape(id::guess(&host), &opts);
            if caching {
                keep(&host, &config_dir.join("minion_id"), &id);
            }
            id
        }
    };
    MinionId::parse(&id)?;
    Ok(opts.with("id", id.as_str()))
}

/// Keeps a guessed id, so that a machine that is renamed stays the same minion.
fn keep(host: &RealHost, file: &Path, id: &str) {
    use halite_core::host::Write;
    if let Err(error) = host.write_atomic(file, id.as_bytes(), None) {
        tracing::debug!("the id is not kept: {error}");
    }
}
