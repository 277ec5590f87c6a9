//! Compiled pillars that are given again: the option `pillar_cache`.
//!
//! Which files a minion gets is matched each time. What these files come to is given again while the environments asked
//! for and the files of the pillar roots are what they were, no longer than `pillar_cache_ttl` seconds (commands and
//! external pillars can change unseen), and
//!
//! * to any minion with the same files that has the same values of the grains which were read in compiling it, if the
//!   compiler knows which these are;
//! * else only to the minion it was compiled for, while all its grains are the same.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, UNIX_EPOCH};

use halite_core::grain_reads::Read;
use halite_core::services::PillarRequest;
use halite_core::{Map, MinionId, Opts, Secrets, Value};

/// How many pillars are kept of one minion, for different environments.
const KEPT_MAX: usize = 4;
/// How many pillars are kept for several minions; one more, and they are made anew.
const SHARED_MAX: usize = 10_000;
/// How many minions have pillars of their own kept; one more, and all are made anew.
const OWN_MAX: usize = 10_000;
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

impl Inputs {
    /// What a pillar of other minions must have come from as well: environments, files, and which of them are meant.
    fn shared(&self, matches: &Value) -> Shared {
        (self.files, self.saltenv.clone(), self.pillarenv.clone(), matches.repr())
    }

    /// The values of these grains, as a text that is the same for the same values alone.
    fn values(&self, names: &BTreeSet<String>) -> String {
        let value = |name: &String| match self.grains.get(name.as_str()) {
            Some(value) => format!("{},", value.repr()),
            None => "-,".to_owned(),
        };
        names.iter().map(value).collect()
    }
}

type Shared = (u64, Option<String>, Option<String>, String);

/// A pillar with what of it is secret.
#[derive(Clone)]
struct Kept {
    since: Instant,
    pillar: Map,
    secrets: Value,
}

/// The pillars of minions with the same files: by which grains were read, by the values of these.
type ByGrains = Vec<(BTreeSet<String>, HashMap<String, Kept>)>;

#[derive(Default)]
struct Store {
    own: BTreeMap<MinionId, Vec<(Inputs, Kept)>>,
    shared: HashMap<Shared, ByGrains>,
}

/// The pillars kept.
pub(super) struct PillarCache {
    ttl: Duration,
    roots: Vec<PathBuf>,
    shares: bool,
    kept: Mutex<Store>,
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
        // External pillars get the id and all grains; `pillar_opts` shows both.
        let shares =
            !opts.get("ext_pillar").is_some_and(Value::truthy) && !opts.bool("pillar_opts");
        Some(PillarCache { ttl: Duration::from_secs(secs), roots, shares, kept: Mutex::default() })
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

    /// Whether pillars of other minions may do.
    pub(super) fn shares(&self) -> bool {
        self.shares
    }

    fn kept(&self) -> MutexGuard<'_, Store> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fresh(&self, kept: &Kept, secrets: &Secrets) -> Option<Map> {
        (kept.since.elapsed() < self.ttl).then(|| {
            secrets.learn_value(&kept.secrets);
            kept.pillar.clone()
        })
    }

    /// The pillar of `id` that was compiled from the same; `secrets` learns what of it is secret.
    pub(super) fn get(&self, id: &MinionId, inputs: &Inputs, secrets: &Secrets) -> Option<Map> {
        let store = self.kept();
        let (_, kept) = store.own.get(id)?.iter().find(|(from, _)| from == inputs)?;
        self.fresh(kept, secrets)
    }

    /// A pillar that any minion with the files `matches` and these grains gets.
    pub(super) fn get_shared(
        &self,
        inputs: &Inputs,
        matches: &Value,
        secrets: &Secrets,
    ) -> Option<Map> {
        let store = self.kept();
        let kinds = store.shared.get(&inputs.shared(matches))?;
        kinds.iter().find_map(|(names, kept)| {
            kept.get(&inputs.values(names)).and_then(|kept| self.fresh(kept, secrets))
        })
    }

    /// Gives up what is kept of `id`.
    pub(super) fn forget(&self, id: &MinionId) {
        self.kept().own.remove(id);
    }

    /// Keeps what was compiled: for all who agree in the grains that were read, if that is known and `matches` says which
    /// files are meant, else for the minion alone. One with faults is compiled again the next time.
    pub(super) fn put(
        &self,
        id: &MinionId,
        inputs: Inputs,
        (pillar, secrets): (&Map, &Secrets),
        shared: Option<(&Value, Read)>,
    ) {
        let mut store = self.kept();
        let kept =
            Kept { since: Instant::now(), pillar: pillar.clone(), secrets: secrets.to_value() };
        let faulty = pillar.contains_key("_errors");
        if let Some((matches, Read::Some(names))) = shared {
            return store.put_shared(&inputs, matches, names, (!faulty).then_some(kept));
        }
        if store.own.len() >= OWN_MAX && !store.own.contains_key(id) {
            store.own.clear();
        }
        let all = store.own.entry(id.clone()).or_default();
        let envs = |of: &Inputs| (of.saltenv.clone(), of.pillarenv.clone());
        all.retain(|(old, _)| envs(old) != envs(&inputs));
        if faulty {
            return;
        }
        if all.len() >= KEPT_MAX {
            all.remove(0);
        }
        all.push((inputs, kept));
    }
}

impl Store {
    fn put_shared(
        &mut self,
        inputs: &Inputs,
        matches: &Value,
        names: BTreeSet<String>,
        kept: Option<Kept>,
    ) {
        // What came from files as they were is never asked for again.
        self.shared.retain(|(files, ..), _| *files == inputs.files);
        let count = self.shared.values().flatten().map(|(_, kept)| kept.len()).sum::<usize>();
        if count >= SHARED_MAX {
            self.shared.clear();
        }
        let kinds = self.shared.entry(inputs.shared(matches)).or_default();
        let values = inputs.values(&names);
        let at = kinds.iter().position(|(known, _)| *known == names).unwrap_or_else(|| {
            kinds.push((names, HashMap::new()));
            kinds.len() - 1
        });
        match kept {
            Some(kept) => drop(kinds[at].1.insert(values, kept)),
            None => drop(kinds[at].1.remove(&values)),
        }
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
#[path = "pillar_cache_tests.rs"]
mod tests;
