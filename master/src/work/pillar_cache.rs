//! Compiled pillars that are given again: the option `pillar_cache`.
//!
//! A pillar is given again to the minion that it was compiled for and to no other, while all its
//! grains, the environments asked for and the files of the pillar roots are what they were, and no
//! longer than `pillar_cache_ttl` seconds: external pillars and commands can change unseen.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, UNIX_EPOCH};

use halite_core::services::PillarRequest;
use halite_core::{Map, MinionId, Opts, Value};

/// How many pillars are kept of one minion, for different environments.
const KEPT_MAX: usize = 4;
/// How many files of the pillar roots are looked at; with more nothing is kept.
const FILES_MAX: usize = 100_000;

/// What a pillar was compiled from.
#[derive(Clone, PartialEq)]
pub(super) struct Inputs {
    grains: Arc<Map>,
    saltenv: Option<String>,
    pillarenv: Option<String>,
    files: u64,
}

struct Kept {
    inputs: Inputs,
    since: Instant,
    pillar: Map,
}

/// The pillars kept.
pub(super) struct PillarCache {
    ttl: Duration,
    roots: Vec<PathBuf>,
    kept: Mutex<BTreeMap<MinionId, Vec<Kept>>>,
}

impl PillarCache {
    /// As the options say; `None` if they want none.
    pub(super) fn new(opts: &Opts) -> Option<PillarCache> {
        if !opts.bool("pillar_cache") {
            return None;
        }
        let secs = u64::try_from(opts.int("pillar_cache_ttl", 3600)).unwrap_or(0);
        let roots = opts.map("pillar_roots");
        let paths = roots.values().flat_map(|paths| match paths {
            Value::List(paths) => paths.to_vec(),
            path => vec![path.clone()],
        });
        let roots = paths.map(|path| PathBuf::from(path.to_string())).collect();
        Some(PillarCache { ttl: Duration::from_secs(secs), roots, kept: Mutex::default() })
    }

    /// What a compile will be from; `None` if its pillar is for this once only.
    pub(super) fn inputs(
        &self,
        grains: &Arc<Map>,
        request: &PillarRequest,
        extra_minion_data: &Map,
    ) -> Option<Inputs> {
        let plain = request.pillar_override.is_empty()
            && request.ext.is_none()
            && extra_minion_data.is_empty();
        if !plain {
            return None;
        }
        let files = stamp(&self.roots)?;
        let (saltenv, pillarenv) = (request.saltenv.clone(), request.pillarenv.clone());
        Some(Inputs { grains: Arc::clone(grains), saltenv, pillarenv, files })
    }

    /// The pillar of `id` that was compiled from the same.
    pub(super) fn get(&self, id: &MinionId, inputs: &Inputs) -> Option<Map> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.get(id)?.iter().find(|kept| kept.inputs == *inputs)?;
        (found.since.elapsed() < self.ttl).then(|| found.pillar.clone())
    }

    /// Gives up what is kept of `id`.
    pub(super) fn forget(&self, id: &MinionId) {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }

    /// Keeps what was compiled. One with faults is compiled again the next time.
    pub(super) fn put(&self, id: &MinionId, inputs: Inputs, pillar: &Map) {
        let mut all = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = all.entry(id.clone()).or_default();
        let envs = |of: &Inputs| (of.saltenv.clone(), of.pillarenv.clone());
        kept.retain(|old| envs(&old.inputs) != envs(&inputs));
        if pillar.contains_key("_errors") {
            return;
        }
        if kept.len() >= KEPT_MAX {
            kept.remove(0);
        }
        kept.push(Kept { inputs, since: Instant::now(), pillar: pillar.clone() });
    }
}

/// A number that changes with any file below the roots; `None` if they cannot all be looked at.
fn stamp(roots: &[PathBuf]) -> Option<u64> {
    let mut hasher = DefaultHasher::new();
    let mut todo: Vec<PathBuf> = roots.to_vec();
    let mut count = 0;
    while let Some(folder) = todo.pop() {
        let mut entries: Vec<PathBuf> = match std::fs::read_dir(&folder) {
            Ok(entries) => entries.map_while(Result::ok).map(|entry| entry.path()).collect(),
            Err(why) if why.kind() == std::io::ErrorKind::NotFound => continue,
            Err(_) => return None,
        };
        entries.sort();
        for path in entries {
            count += 1;
            if count > FILES_MAX {
                return None;
            }
            if is_folder(&path, &mut hasher)? {
                todo.push(path);
            }
        }
    }
    Some(hasher.finish())
}

/// Takes a file's state in; whether it is a folder to go into.
fn is_folder(path: &Path, hasher: &mut DefaultHasher) -> Option<bool> {
    use std::os::unix::fs::MetadataExt;
    let own = std::fs::symlink_metadata(path).ok()?;
    path.hash(hasher);
    // A link may lead anywhere: what it leads to counts as well, but is not gone through.
    let seen = if own.is_symlink() { std::fs::metadata(path).ok() } else { None };
    if seen.as_ref().is_some_and(std::fs::Metadata::is_dir) {
        return None;
    }
    for meta in [Some(&own), seen.as_ref()].into_iter().flatten() {
        let changed = meta.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        (changed, meta.len(), meta.ino(), meta.ctime(), meta.ctime_nsec()).hash(hasher);
    }
    Some(own.is_dir())
}

#[cfg(test)]
mod tests {
    use super::*;
    use halite_core::map;
    use halite_core::opts::Role;

    fn grains(os: &str) -> Arc<Map> {
        Arc::new(map! {"os" => os})
    }

    #[test]
    fn a_pillar_is_given_again_only_for_the_same() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("a.sls");
        std::fs::write(&file, "a: 1").expect("writes");
        let opts = map! {
            "pillar_cache" => true,
            "pillar_roots" => map! {"base" => vec![Value::from(folder.path())]},
        };
        let cache = PillarCache::new(&Opts::from_map(Role::Master, opts)).expect("is wanted");
        let id = |name: &str| MinionId::parse(name).expect("an id");
        let request = PillarRequest::default();
        let none = Map::new();
        let inputs = |os: &str| cache.inputs(&grains(os), &request, &none).expect("can be kept");
        let pillar = map! {"secret" => "of m1"};
        cache.put(&id("m1"), inputs("Debian"), &pillar);
        assert_eq!(cache.get(&id("m1"), &inputs("Debian")), Some(pillar.clone()));
        // Never to another minion, nor with other grains or environments.
        assert_eq!(cache.get(&id("m2"), &inputs("Debian")), None);
        assert_eq!(cache.get(&id("m1"), &inputs("RedHat")), None);
        let dev = PillarRequest { pillarenv: Some("dev".into()), ..PillarRequest::default() };
        let dev = cache.inputs(&grains("Debian"), &dev, &none).expect("can be kept");
        assert_eq!(cache.get(&id("m1"), &dev), None);
        // An override is for once.
        let once = PillarRequest { pillar_override: map! {"a" => 1}, ..PillarRequest::default() };
        assert!(cache.inputs(&grains("Debian"), &once, &none).is_none());
        // A changed file, a new one, one that is gone.
        std::fs::write(&file, "a: 22").expect("writes");
        assert_eq!(cache.get(&id("m1"), &inputs("Debian")), None);
        cache.put(&id("m1"), inputs("Debian"), &pillar);
        assert!(cache.get(&id("m1"), &inputs("Debian")).is_some());
        std::fs::create_dir(folder.path().join("sub")).expect("makes");
        assert_eq!(cache.get(&id("m1"), &inputs("Debian")), None);
        cache.put(&id("m1"), inputs("Debian"), &pillar);
        cache.forget(&id("m1"));
        assert_eq!(cache.get(&id("m1"), &inputs("Debian")), None);
        // Faults are not kept.
        cache.put(&id("m1"), inputs("Debian"), &map! {"_errors" => vec!["x"]});
        assert_eq!(cache.get(&id("m1"), &inputs("Debian")), None);
    }

    #[test]
    fn time_ends_it_and_it_is_off_by_default() {
        let opts = |ttl: i64| {
            Opts::from_map(
                Role::Master,
                map! {
                    "pillar_cache" => true, "pillar_cache_ttl" => ttl, "pillar_roots" => Map::new(),
                },
            )
        };
        let id = MinionId::parse("m1").expect("an id");
        let cache = PillarCache::new(&opts(0)).expect("is wanted");
        let request = PillarRequest::default();
        let inputs = cache.inputs(&grains("x"), &request, &Map::new()).expect("can be kept");
        cache.put(&id, inputs.clone(), &Map::new());
        assert_eq!(cache.get(&id, &inputs), None);
        assert!(PillarCache::new(&Opts::from_map(Role::Master, Map::new())).is_none());
    }
}
