//! The minion's configuration: files, the options given on the command line, the id.

use std::path::Path;

use halite_core::host::{Read, RealHost};
use halite_core::{Error, Map, MinionId, Opts, Result, Role, Value};

use crate::id;

/// Reads `<config_dir>/minion` with its includes, lays `given` over it, and finds the id.
///
/// # Errors
/// A file that cannot be read or parsed, and an id that breaks its grammar.
pub fn load(config_dir: &Path, given: Map) -> Result<Opts> {
    let host = RealHost::new();
    let mut values = Map::new();
    for (name, value) in [("root_dir", "/"), ("hash_type", "sha256"), ("saltenv", "base")] {
        values.insert(name.into(), value.into());
    }
    let file = config_dir.join("minion");
    if host.exists(&file) {
        let text = String::from_utf8_lossy(&host.read(&file)?).into_owned();
        let read = halite_render::yaml::load(&text)
            .map_err(|error| Error::execution(format!("{}: {error}", file.display())))?;
        values.extend(read.as_map().cloned().unwrap_or_default());
    }
    values.extend(given);
    let opts = Opts::from_map(Role::Minion, values);
    let opts = opts.with("config_dir", config_dir).with("conf_file", file.as_path());
    with_id(opts, config_dir)
}

/// The same options with `id` set: as configured, as cached, or as the machine is called.
fn with_id(opts: Opts, config_dir: &Path) -> Result<Opts> {
    let host = RealHost::new();
    let caching = opts.get("minion_id_caching").is_none_or(Value::truthy);
    let configured = opts.get("id").map(ToString::to_string).filter(|id| !id.is_empty());
    let cached = || id::cached(&host, &config_dir.join("minion_id")).filter(|_| caching);
    let id = configured.or_else(cached).unwrap_or_else(|| id::shape(id::guess(&host), &opts));
    MinionId::parse(&id)?;
    Ok(opts.with("id", id.as_str()))
}
