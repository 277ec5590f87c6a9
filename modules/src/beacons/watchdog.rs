//! `watchdog`: changes in folders. Salt: `salt/beacons/watchdog.py` over the library watchdog.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::{Path, PathBuf};

use halite_core::beacon::{Again, PathEvent};
use halite_core::{Beacon, BeaconModule, Map, Result, Seen, Value, Watch, map};

/// The beacon.
pub static MODULE: BeaconModule = BeaconModule::new("watchdog", validate, |config| {
    let folders = config.map("directories");
    let folders = folders.iter().map(|(path, options)| Folder::new(&path.to_string(), options));
    Box::new(Watchdog { folders: folders.collect(), watches: BTreeMap::new() })
});

const MASKS: [&str; 4] = ["create", "modify", "delete", "move"];

fn validate(settings: &Value) -> Result<(), String> {
    let fault = |what: &str| Err(format!("Configuration for watchdog beacon {what}"));
    let settings = crate::support::beacon::flat("watchdog", settings)?;
    let Some(folders) = settings.get("directories") else {
        return fault("must include directories.");
    };
    let Some(folders) = folders.as_map() else {
        return fault("directories must be a dictionary.");
    };
    for options in folders.values() {
        if options.as_map().is_none() {
            return fault("directory path must be a dictionary.");
        }
        let Some(mask) = options.get("mask") else { continue };
        let Some(mask) = mask.as_list() else { return fault("mask must be list.") };
        if !mask.iter().all(|name| MASKS.iter().any(|known| name.as_str() == Some(known))) {
            return fault("contains invalid mask");
        }
    }
    Ok(())
}

/// Bits of `inotify` that the library looks at: modified, attributes, closed after writing, moved from and to,
/// created, deleted.
const WATCHED: u32 = 0x2 | 0x4 | 0x8 | 0x40 | 0x80 | 0x100 | 0x200;
const GONE: u32 = 0x8000;

struct Folder {
    path: PathBuf,
    masks: Vec<String>,
}

impl Folder {
    fn new(path: &str, options: &Value) -> Folder {
        let given = options.get("mask").and_then(Value::as_list);
        let masks = match given {
            Some(names) if !names.is_empty() => names.iter().map(ToString::to_string).collect(),
            _ => MASKS.map(str::to_owned).into(),
        };
        Folder { path: path.into(), masks }
    }

    fn tell(&self, mask: &str, change: &str, path: &Path, out: &mut Vec<Map>) {
        if self.masks.iter().any(|own| own == mask) {
            let path = path.to_string_lossy();
            out.push(map! { "tag" => "watchdog", "path" => path.as_ref(), "change" => change });
        }
    }

    /// What the library makes of the kernel's events: changes of what is in the folder also modify the
    /// folder; the halves of a rename become one move.
    fn events(&self, events: &[PathEvent], out: &mut Vec<Map>) {
        for event in events {
            let path = self.path.join(&event.name);
            let other_half = |bit: u32| {
                events.iter().any(|other| other.mask & bit != 0 && other.cookie == event.cookie)
            };
            let (mask, change, folder) = match event.mask & WATCHED {
                0x100 => ("create", "created", true),
                0x200 => ("delete", "deleted", true),
                0x2 | 0x4 => ("modify", "modified", false),
                // Since its release 2.1 the library tells the folder of a file that is closed.
                0x8 => {
                    self.tell("modify", "modified", &self.path, out);
                    continue;
                }
                0x40 if other_half(0x80) => ("move", "moved", true),
                0x40 => ("delete", "deleted", true),
                0x80 if other_half(0x40) => continue,
                0x80 => ("create", "created", true),
                _ => continue,
            };
            self.tell(mask, change, &path, out);
            if folder {
                self.tell("modify", "modified", &self.path, out);
            }
        }
    }
}

struct Watchdog {
    folders: Vec<Folder>,
    /// Which folder a watch serves.
    watches: BTreeMap<usize, u64>,
}

impl Beacon for Watchdog {
    fn look(&mut self, watch: &mut Watch<'_>) -> Result<Seen> {
        let events = watch.sources.path_events();
        let mut told = Vec::new();
        let mut complete = true;
        for (index, folder) in self.folders.iter().enumerate() {
            if let Some(id) = self.watches.get(&index).copied() {
                let own: Vec<PathEvent> =
                    events.iter().filter(|event| event.watch == id).cloned().collect();
                folder.events(&own, &mut told);
                if own.iter().any(|event| event.mask & GONE != 0) {
                    watch.sources.unwatch_path(id);
                    self.watches.remove(&index);
                }
            }
            if let Entry::Vacant(place) = self.watches.entry(index) {
                match watch.sources.watch_path(&folder.path, WATCHED) {
                    Ok(id) => drop(place.insert(id)),
                    Err(_) => complete = false,
                }
            }
        }
        let again = if complete { Again::WhenWoken } else { Again::NextRound };
        Ok(Seen { events: told, again })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_told_as_the_library_tells_them() {
        let folder = Folder::new("/w", &Map::new().into());
        let event = |mask: u32, cookie: u32, name: &str| PathEvent {
            watch: 1,
            mask,
            cookie,
            name: name.into(),
        };
        let mut told = Vec::new();
        folder.events(
            &[
                event(0x100, 0, "a"),
                event(0x2, 0, "a"),
                event(0x8, 0, "a"),
                event(0x40, 7, "a"),
                event(0x80, 7, "b"),
                event(0x200, 0, "b"),
            ],
            &mut told,
        );
        let shown: Vec<String> = told
            .iter()
            .map(|event| {
                let field = |key: &str| event.get(key).map(ToString::to_string).unwrap_or_default();
                format!("{} {}", field("change"), field("path"))
            })
            .collect();
        // Recorded from Salt 3008.3 with watchdog 7.1.0.
        let want = [
            "created /w/a",
            "modified /w",
            "modified /w/a",
            "modified /w",
            "moved /w/a",
            "modified /w",
            "deleted /w/b",
            "modified /w",
        ];
        assert_eq!(shown, want);
    }
}
