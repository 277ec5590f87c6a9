//! `inotify`: changes of files and folders, as they happen. Salt: `salt/beacons/inotify.py` over
//! pyinotify.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use fancy_regex::Regex;
use halite_core::beacon::{Again, PathEvent};
use halite_core::{Beacon, BeaconConfig, BeaconModule, Map, Result, Seen, Value, Watch, map, pyre};

use crate::support::beacon::flat;

/// The beacon.
pub static MODULE: BeaconModule =
    BeaconModule::new("inotify", validate, |config| Box::new(Inotify::new(config)));

/// Names of the kernel's bits, as pyinotify prints them without `IN_`.
const BITS: &[(&str, u32)] = &[
    ("access", 0x1),
    ("modify", 0x2),
    ("attrib", 0x4),
    ("close_write", 0x8),
    ("close_nowrite", 0x10),
    ("open", 0x20),
    ("moved_from", 0x40),
    ("moved_to", 0x80),
    ("create", CREATE),
    ("delete", 0x200),
    ("delete_self", 0x400),
    ("move_self", 0x800),
    ("unmount", 0x2000),
    ("q_overflow", 0x4000),
    ("ignored", IGNORED),
    ("onlydir", 0x0100_0000),
    ("dont_follow", 0x0200_0000),
    ("excl_unlink", 0x0400_0000),
    ("mask_add", 0x2000_0000),
    ("isdir", IS_DIR),
    ("oneshot", 0x8000_0000),
];
/// Names that settings may use.
const ALLOWED: &[&str] = &[
    "access",
    "attrib",
    "close_nowrite",
    "close_write",
    "create",
    "delete",
    "delete_self",
    "excl_unlink",
    "ignored",
    "modify",
    "moved_from",
    "moved_to",
    "move_self",
    "oneshot",
    "onlydir",
    "open",
    "unmount",
];
const CREATE: u32 = 0x100;
const IGNORED: u32 = 0x8000;
const IS_DIR: u32 = 0x4000_0000;
/// Created, deleted, modified.
const USUAL: u32 = CREATE | 0x200 | 0x2;
/// Most folders that one recursive watch takes.
const FOLDERS_MAX: usize = 100_000;

fn validate(settings: &Value) -> Result<(), String> {
    let settings = flat("inotify", settings)?;
    let fault = |what: &str| Err(format!("Configuration for inotify beacon {what}"));
    let Some(files) = settings.get("files") else { return fault("must include files.") };
    let Some(files) = files.as_map() else { return fault("invalid, files must be a dict.") };
    for options in files.values() {
        let Some(options) = options.as_map() else {
            return fault("must be a list of dictionaries.");
        };
        if !["mask", "recurse", "auto_add"].iter().any(|key| options.contains_key(*key)) {
            return fault("must contain mask, recurse or auto_add items.");
        }
        for key in ["auto_add", "recurse"] {
            if options.get(key).is_some_and(|value| value.as_bool().is_none()) {
                return fault(&format!("{key} must be boolean."));
            }
        }
        let Some(mask) = options.get("mask") else { continue };
        let Some(mask) = mask.as_list() else { return fault("mask must be list.") };
        for name in mask {
            if !name.as_str().is_some_and(|name| ALLOWED.contains(&name)) {
                return fault(&format!("invalid mask option {name}."));
            }
        }
    }
    Ok(())
}

/// What is to be left out.
enum Exclude {
    Regex(Regex),
    Glob(String),
    Prefix(String),
}

impl Exclude {
    fn parse(item: &Value) -> Option<Exclude> {
        let (text, options) = match item {
            Value::Map(map) => {
                let (text, options) = map.first()?;
                (text.to_string(), options.clone())
            }
            other => (other.to_string(), Value::Null),
        };
        if options.get("regex").is_some_and(Value::truthy) {
            return match pyre::compile(&text, pyre::Flags::default()) {
                Ok(regex) => Some(Exclude::Regex(regex)),
                Err(_) => {
                    tracing::warn!("Failed to compile regex: {text}");
                    None
                }
            };
        }
        Some(if text.contains('*') { Exclude::Glob(text) } else { Exclude::Prefix(text) })
    }

    fn covers(&self, path: &str) -> bool {
        match self {
            Exclude::Regex(regex) => regex.is_match(path).unwrap_or(false),
            Exclude::Glob(glob) => halite_core::glob::fnmatch(path, glob),
            Exclude::Prefix(prefix) => path.starts_with(prefix),
        }
    }
}

/// One configured path.
struct Place {
    path: PathBuf,
    mask: u32,
    recurse: bool,
    auto_add: bool,
    exclude: Vec<Exclude>,
}

impl Place {
    fn new(path: &str, options: &Value) -> Place {
        let flag = |key: &str| options.get(key).is_some_and(Value::truthy);
        let bit = |name: &Value| {
            let name = name.as_str().unwrap_or_default();
            BITS.iter().find(|(known, _)| *known == name).map_or(0, |(_, bit)| *bit)
        };
        let names = options.get("mask").and_then(Value::as_list);
        let mask = names.map_or(USUAL, |names| names.iter().map(bit).fold(0, |all, bit| all | bit));
        let exclude = options.get("exclude").and_then(Value::as_list).unwrap_or_default();
        let auto_add = flag("auto_add");
        Place {
            path: path.into(),
            mask: if auto_add { mask | CREATE } else { mask },
            recurse: flag("recurse"),
            auto_add,
            exclude: exclude.iter().filter_map(Exclude::parse).collect(),
        }
    }

    fn excludes(&self, path: &Path) -> bool {
        let path = path.to_string_lossy();
        self.exclude.iter().any(|exclude| exclude.covers(&path))
    }
}

struct Inotify {
    places: Vec<Place>,
    coalesce: bool,
    /// Which place a watch serves.
    watches: BTreeMap<u64, usize>,
}

/// What happened, as pyinotify names it.
fn mask_name(mask: u32) -> String {
    let bare = mask & !IS_DIR;
    let name = BITS.iter().find(|(_, bit)| *bit == bare);
    let name = name.map_or_else(|| format!("{bare:#x}"), |(name, _)| name.to_uppercase());
    if mask & IS_DIR == 0 { format!("IN_{name}") } else { format!("IN_{name}|IN_ISDIR") }
}

impl Inotify {
    fn new(config: &BeaconConfig) -> Inotify {
        let files = config.map("files");
        Inotify {
            places: files.iter().map(|(path, set)| Place::new(&path.to_string(), set)).collect(),
            coalesce: config.get("coalesce").and_then(Value::as_bool) == Some(true),
            watches: BTreeMap::new(),
        }
    }

    /// Watches a path for a place; what cannot be watched is tried again in the next round.
    fn add(&mut self, watch: &mut Watch<'_>, path: &Path, place: usize) -> Option<u64> {
        let added = watch.sources.watch_path(path, self.places[place].mask);
        match added {
            Ok(id) => {
                self.watches.insert(id, place);
                Some(id)
            }
            Err(error) => {
                tracing::warn!("inotify beacon: {} cannot be watched: {error}", path.display());
                None
            }
        }
    }

    /// Watches what is configured and not watched yet; whether all of it is.
    fn watch_places(&mut self, watch: &mut Watch<'_>) -> bool {
        let mut complete = true;
        for index in 0..self.places.len() {
            let path = self.places[index].path.clone();
            let watched = self.watches.iter().any(|(id, place)| {
                *place == index && watch.sources.watched_path(*id).as_deref() == Some(&*path)
            });
            if watched {
                continue;
            }
            complete &= watch.apply.host.exists(&path) && self.add(watch, &path, index).is_some();
            if complete && self.places[index].recurse {
                self.watch_below(watch, &path, index);
            }
        }
        complete
    }

    /// Watches all folders below one; links are not followed.
    fn watch_below(&mut self, watch: &mut Watch<'_>, top: &Path, place: usize) {
        let mut todo = vec![top.to_path_buf()];
        let mut left = FOLDERS_MAX;
        while let Some(folder) = todo.pop() {
            for path in folders_in(watch, &folder) {
                if self.places[place].excludes(&path) {
                    continue;
                }
                left -= 1;
                if left == 0 {
                    return tracing::error!(
                        "inotify beacon: more than {FOLDERS_MAX} folders below {}; the rest is not watched",
                        top.display()
                    );
                }
                self.add(watch, &path, place);
                todo.push(path);
            }
        }
    }

    /// A folder has come into one that is watched with `auto_add`: it is watched, and what is in it
    /// already is told as created.
    fn adopt(&mut self, watch: &mut Watch<'_>, folder: &Path, place: usize, out: &mut Vec<Map>) {
        if self.places[place].excludes(folder) || self.add(watch, folder, place).is_none() {
            return;
        }
        for name in watch.apply.host.read_dir(folder).unwrap_or_default() {
            let path = folder.join(&name);
            let Ok(Some(kind)) = watch.apply.host.metadata(&path) else { continue };
            if !kind.is_dir() && !kind.is_file() {
                continue;
            }
            let mask = if kind.is_dir() { CREATE | IS_DIR } else { CREATE };
            self.tell(folder, &path, mask, place, out);
            if kind.is_dir() {
                self.adopt(watch, &path, place, out);
            }
        }
    }

    fn tell(&self, folder: &Path, path: &Path, mask: u32, place: usize, out: &mut Vec<Map>) {
        if self.places[place].excludes(path) {
            return tracing::debug!("Excluding {} from an inotify event", path.display());
        }
        out.push(map! {
            "tag" => folder.to_string_lossy().as_ref(),
            "path" => path.to_string_lossy().as_ref(),
            "change" => mask_name(mask),
        });
    }

    fn take(&mut self, watch: &mut Watch<'_>, event: &PathEvent, out: &mut Vec<Map>) {
        if event.mask & halite_core::beacon::OVERFLOW != 0 {
            tracing::warn!("inotify beacon: the kernel's queue ran over, events are lost");
            return;
        }
        let Some(place) = self.watches.get(&event.watch).copied() else { return };
        let Some(folder) = watch.sources.watched_path(event.watch) else { return };
        let path = if event.name.is_empty() { folder.clone() } else { folder.join(&event.name) };
        self.tell(&folder, &path, event.mask, place, out);
        if event.mask & IGNORED != 0 {
            self.watches.remove(&event.watch);
            watch.sources.unwatch_path(event.watch);
        }
        if event.mask & (CREATE | IS_DIR) == CREATE | IS_DIR && self.places[place].auto_add {
            self.adopt(watch, &path, place, out);
        }
    }
}

fn folders_in(watch: &Watch<'_>, folder: &Path) -> Vec<PathBuf> {
    let names = watch.apply.host.read_dir(folder).unwrap_or_default();
    let paths = names.into_iter().map(|name| folder.join(name));
    let is_dir = |path: &PathBuf| matches!(watch.apply.host.symlink_metadata(path), Ok(Some(stat)) if stat.is_dir());
    paths.filter(is_dir).collect()
}

impl Beacon for Inotify {
    fn look(&mut self, watch: &mut Watch<'_>) -> Result<Seen> {
        let mut events = watch.sources.path_events();
        if self.coalesce {
            let mut seen = std::collections::BTreeSet::new();
            events.retain(|e| seen.insert((e.watch, e.mask, e.cookie, e.name.clone())));
        }
        let mut told = Vec::new();
        for event in &events {
            self.take(watch, event, &mut told);
        }
        let complete = self.watch_places(watch);
        let again = if complete { Again::WhenWoken } else { Again::NextRound };
        Ok(Seen { events: told, again })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_have_pyinotifys_names() {
        let cases = [
            (0x2, "IN_MODIFY"),
            (CREATE | IS_DIR, "IN_CREATE|IN_ISDIR"),
            (IGNORED, "IN_IGNORED"),
            (0x8, "IN_CLOSE_WRITE"),
            (0x80, "IN_MOVED_TO"),
        ];
        for (mask, want) in cases {
            assert_eq!(mask_name(mask), want);
        }
    }

    #[test]
    fn settings_are_checked_in_salts_words() {
        let files =
            |options: Value| Value::list([map! { "files" => map! { "/x" => options } }.into()]);
        let cases = [
            (Value::Null, "must be a list."),
            (Value::list([]), "must include files."),
            (Value::list([map! { "files" => 1 }.into()]), "invalid, files must be a dict."),
            (files(Value::list([])), "must be a list of dictionaries."),
            (files(Map::new().into()), "must contain mask, recurse or auto_add items."),
            (files(map! { "auto_add" => "x" }.into()), "auto_add must be boolean."),
            (files(map! { "recurse" => 1 }.into()), "recurse must be boolean."),
            (files(map! { "mask" => "x" }.into()), "mask must be list."),
            (files(map! { "mask" => Value::list(["x".into()]) }.into()), "invalid mask option x."),
        ];
        for (settings, want) in cases {
            assert_eq!(
                validate(&settings),
                Err(format!("Configuration for inotify beacon {want}")),
                "{settings}"
            );
        }
        assert_eq!(validate(&files(map! { "recurse" => true }.into())), Ok(()));
    }

    #[test]
    fn excludes_are_prefixes_globs_or_expressions() {
        let regex = map! { "/etc/.*\\.swp$" => map! { "regex" => true } };
        let exclude = Value::list(["/etc/ssl".into(), "*.tmp".into(), regex.into()]);
        let place =
            Place::new("/etc", &map! { "exclude" => exclude, "mask" => Value::list([]) }.into());
        let cases = [
            ("/etc/ssl/certs", true),
            ("/etc/a.tmp", true),
            ("/etc/x/.passwd.swp", true),
            ("/etc/passwd", false),
        ];
        for (path, want) in cases {
            assert_eq!(place.excludes(Path::new(path)), want, "{path}");
        }
    }
}
