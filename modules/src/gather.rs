//! Gathers the grains: the core families, the static file, the configuration.

use std::path::{Path, PathBuf};

use halite_core::host::Read;
use halite_core::{Map, Opts, Value};

use crate::support::merge;

/// One family of grains. Its file is listed by being there.
pub struct GrainModule {
    /// The family's name, for messages.
    pub name: &'static str,
    /// What the machine says. A grain that cannot be read is left out: no family fails.
    pub collect: fn(&Look<'_>) -> Map,
}

/// What a family may look at.
#[derive(Clone, Copy)]
pub struct Look<'a> {
    /// The configuration.
    pub opts: &'a Opts,
    /// The machine.
    pub host: &'a dyn Read,
}

impl Look<'_> {
    /// A file's text, if it can be read; invalid UTF-8 is replaced.
    pub fn text(&self, path: &str) -> Option<String> {
        let bytes = self.host.read(Path::new(path)).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// A file's first line without white space around it, if the file is there and not empty.
    pub fn line(&self, path: &str) -> Option<String> {
        let text = self.text(path)?;
        let line = text.lines().next()?.trim();
        (!line.is_empty()).then(|| line.to_owned())
    }

    /// Whether `path` is a folder.
    pub fn is_dir(&self, path: &str) -> bool {
        matches!(self.host.metadata(Path::new(path)), Ok(Some(stat)) if stat.is_dir())
    }

    /// Whether anything is at `path`.
    pub fn exists(&self, path: &str) -> bool {
        self.host.exists(Path::new(path))
    }

    /// Names in a folder, sorted; none if it cannot be read.
    pub fn names(&self, path: &str) -> Vec<String> {
        self.host.read_dir(Path::new(path)).unwrap_or_default()
    }
}

/// All grains but those of the static file, which only a caller with a YAML reader can supply.
pub fn collect(opts: &Opts, host: &dyn Read) -> Map {
    collect_with_file(opts, host, &Map::new())
}

/// All grains. Later ones win: core, then `from_file` (what [`static_file`] holds), then `grains:`
/// of the configuration. `grains_deep_merge` joins maps in place of replacing them;
/// `grains_blacklist` (globs) drops core and file grains. Salt: `salt.loader.grains` behaviour.
pub fn collect_with_file(opts: &Opts, host: &dyn Read, from_file: &Map) -> Map {
    if opts.bool("skip_grains") {
        return Map::new();
    }
    let look = Look { opts, host };
    let deep = opts.bool("grains_deep_merge");
    let mut grains = Map::new();
    for family in crate::grains::ALL {
        merge_in(&mut grains, (family.collect)(&look), deep);
    }
    merge_in(&mut grains, from_file.clone(), deep);
    let blocked = opts.list("grains_blacklist");
    if !blocked.is_empty() {
        let refused = |key: &Value| {
            blocked.iter().any(|glob| crate::support::glob_matches(glob, &key.to_string()))
        };
        grains.retain(|key, _| !refused(key));
    }
    merge_in(&mut grains, opts.map("grains"), deep);
    grains
}

/// Where the static grains stand: `grains` beside the configuration file.
pub fn static_file(opts: &Opts) -> PathBuf {
    let conf = opts.path("conf_file");
    if conf.is_dir() { conf.join("grains") } else { conf.with_file_name("grains") }
}

fn merge_in(into: &mut Map, from: Map, deep: bool) {
    if deep {
        merge::update(into, from, merge::Lists::Replace);
    } else {
        into.extend(from);
    }
}
