//! Environments and their roots: finding and opening files.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use halite_core::{Error, Opts, Result, SaltEnv, Value};

use super::beneath;
use super::hash::{HashCache, HashType};
use super::ignore::Ignore;
use super::listing::{self, Tree};

/// The environment whose roots serve every environment that has none of its own.
const ANY_ENV: &str = "__env__";

/// The file roots of a program. Salt: `salt/fileserver/roots.py` behaviour.
pub struct Roots {
    envs: BTreeMap<String, Vec<String>>,
    pub(super) ignore: Ignore,
    pub(super) links: Links,
    ignore_links: bool,
    hash_type: HashType,
    hashes: HashCache,
    list_ttl: Duration,
    lists: Mutex<BTreeMap<String, (Instant, std::sync::Arc<Tree>)>>,
}

/// Which symbolic links are followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Links {
    /// Those that stay in their root. Salt: `fileserver_followsymlinks: False`.
    Within,
    /// Those that stay in the roots of any environment.
    AnyRoot,
    /// All; only with `fileserver_followsymlinks_outside: True`.
    Outside,
}

/// A file found and opened.
#[derive(Debug)]
pub struct Opened {
    /// Where it is, as the root's setting spells it.
    pub path: PathBuf,
    /// Its path relative to the root.
    pub rel: String,
    /// The file itself, open for reading; nothing can be put in its place any more.
    pub file: File,
}

/// A part of a file, as the master serves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Its path relative to the root.
    pub dest: String,
    /// The bytes; empty at the end of the file.
    pub data: Vec<u8>,
}

impl Roots {
    /// The roots of the option `file_roots`.
    pub fn files(opts: &Opts) -> Roots {
        let ttl = opts.int("fileserver_list_cache_time", 20).clamp(0, 86_400);
        let links = match opts.get("fileserver_followsymlinks").is_none_or(Value::truthy) {
            _ if opts.bool("fileserver_followsymlinks_outside") => Links::Outside,
            true => Links::AnyRoot,
            false => Links::Within,
        };
        let mut roots = Roots::new(&opts.map("file_roots"), links, opts);
        roots.list_ttl = Duration::from_secs(ttl.unsigned_abs());
        roots
    }

    /// The roots of the option `pillar_roots`.
    pub fn pillar(opts: &Opts) -> Roots {
        let outside = opts.bool("fileserver_followsymlinks_outside");
        let links = if outside { Links::Outside } else { Links::AnyRoot };
        let mut roots = Roots::new(&opts.map("pillar_roots"), links, opts);
        roots.ignore = Ignore::default();
        roots
    }

    fn new(setting: &halite_core::Map, links: Links, opts: &Opts) -> Roots {
        let paths = |value: &Value| match value {
            Value::List(items) => items.iter().map(Value::to_string).collect(),
            Value::Str(text) => vec![text.to_string()],
            _ => Vec::new(),
        };
        let envs = setting.iter().map(|(env, value)| {
            let paths = paths(value).iter().flat_map(|path| listing::expand(path)).collect();
            (env.to_string(), paths)
        });
        Roots {
            envs: envs.collect(),
            ignore: Ignore::new(opts),
            links,
            ignore_links: opts.bool("fileserver_ignoresymlinks"),
            hash_type: HashType::parse(opts.str("hash_type")).unwrap_or_default(),
            hashes: HashCache::default(),
            list_ttl: Duration::ZERO,
            lists: Mutex::default(),
        }
    }

    /// The environments of the setting, sorted.
    pub fn envs(&self) -> Vec<String> {
        self.envs.keys().cloned().collect()
    }

    /// Whether links are left out of listings. Salt: `fileserver_ignoresymlinks`.
    pub(super) fn ignore_links(&self) -> bool {
        self.ignore_links
    }

    /// Whether files can be in the environment at all.
    pub fn has_env(&self, env: &str) -> bool {
        self.envs.contains_key(env) || self.envs.contains_key(ANY_ENV)
    }

    /// The digest that [`Roots::hash`] gives.
    pub fn hash_type(&self) -> HashType {
        self.hash_type
    }

    /// The root folders of an environment, in the order they are searched.
    pub fn roots_of(&self, env: &SaltEnv) -> Vec<PathBuf> {
        let env = env.as_str();
        match (self.envs.get(env), self.envs.get(ANY_ENV)) {
            (Some(roots), _) if env != ANY_ENV => roots.iter().map(PathBuf::from).collect(),
            (_, Some(roots)) => {
                roots.iter().map(|root| PathBuf::from(root.replace(ANY_ENV, env))).collect()
            }
            (roots, None) => roots.into_iter().flatten().map(PathBuf::from).collect(),
        }
    }

    /// Finds and opens a file; the first root that has it wins. A path that climbs out, a folder
    /// and an ignored file are not found.
    ///
    /// Errors: a file that is there but cannot be opened.
    pub fn open(&self, path: &str, env: &SaltEnv) -> Result<Option<Opened>> {
        let Some(rel) = normalize(path) else { return Ok(None) };
        for root in self.roots_of(env) {
            let full = root.join(&rel);
            if !full.is_file() || self.ignore.matches(&full.to_string_lossy()) {
                continue;
            }
            let Some(open) = self.place(&root, &full, env) else {
                tracing::warn!(
                    "{} leads out of the file roots and is not served; \
                     fileserver_followsymlinks_outside: True would allow it",
                    full.display()
                );
                continue;
            };
            let file = match open {
                Place::Below(folder, rest) => beneath::open(&folder, &rest),
                Place::At(path) => File::open(path),
            };
            let file = file.map_err(|why| Error::file("open", &full, why))?;
            return Ok(Some(Opened { path: full, rel, file }));
        }
        Ok(None)
    }

    /// The place a path really is at; `None` if links lead where they may not.
    pub(super) fn place(&self, root: &Path, full: &Path, env: &SaltEnv) -> Option<Place> {
        let real = full.canonicalize().ok()?;
        let below = |root: &Path| {
            let root = root.canonicalize().ok()?;
            let rest = real.strip_prefix(&root).ok()?.to_owned();
            Some(Place::Below(root, rest))
        };
        if let Some(place) = below(root) {
            return Some(place);
        }
        match self.links {
            Links::Within => None,
            Links::Outside => Some(Place::At(real.clone())),
            Links::AnyRoot => {
                let others = self.envs.keys().filter_map(|env| SaltEnv::parse(env).ok());
                std::iter::once(env.clone())
                    .chain(others)
                    .flat_map(|env| self.roots_of(&env))
                    .find_map(|root| below(&root))
            }
        }
    }

    /// A part of a file from byte `loc`, at most `size_max` bytes; `None` if there is no such file.
    ///
    /// Errors: as opening and reading.
    pub fn serve(
        &self,
        path: &str,
        env: &SaltEnv,
        loc: u64,
        size_max: usize,
    ) -> Result<Option<Chunk>> {
        let Some(mut found) = self.open(path, env)? else { return Ok(None) };
        let mut read = || -> std::io::Result<Vec<u8>> {
            found.file.seek(SeekFrom::Start(loc))?;
            let mut data = Vec::new();
            (&mut found.file).take(size_max as u64).read_to_end(&mut data)?;
            Ok(data)
        };
        let data = read().map_err(|why| Error::file("read", &found.path, why))?;
        Ok(Some(Chunk { dest: found.rel, data }))
    }

    /// The digest of a file in hex, of the option `hash_type`; `None` if there is no such file.
    ///
    /// Errors: as opening and reading.
    pub fn hash(&self, path: &str, env: &SaltEnv) -> Result<Option<String>> {
        let Some(found) = self.open(path, env)? else { return Ok(None) };
        self.digest(&found).map(Some)
    }

    /// The digest of an open file.
    pub(super) fn digest(&self, found: &Opened) -> Result<String> {
        self.hashes
            .digest(&found.path, &found.file, self.hash_type)
            .map_err(|why| Error::file("read", &found.path, why))
    }

    /// All that is in an environment; at most `fileserver_list_cache_time` seconds old.
    pub fn tree(&self, env: &SaltEnv) -> std::sync::Arc<Tree> {
        let lock = || self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, tree)) = lock().get(env.as_str())
            && at.elapsed() < self.list_ttl
        {
            return tree.clone();
        }
        let tree = std::sync::Arc::new(listing::walk(self, env));
        // Names of environments come from outside; only configured ones are worth remembering.
        if !self.list_ttl.is_zero() && self.envs.contains_key(env.as_str()) {
            lock().insert(env.to_string(), (Instant::now(), tree.clone()));
        }
        tree
    }

    /// Forgets listings, so that the next one looks at the disk.
    pub fn clear_lists(&self) {
        self.lists.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// How long listings are kept.
    #[must_use]
    pub fn with_list_ttl(mut self, ttl: Duration) -> Roots {
        self.list_ttl = ttl;
        self
    }
}

/// Where a file really is.
pub(super) enum Place {
    /// Below a root, both without links.
    Below(PathBuf, PathBuf),
    /// Anywhere.
    At(PathBuf),
}

/// The path without `.`, `..` and doubled slashes; `None` if it is absolute, climbs out or is empty.
fn normalize(path: &str) -> Option<String> {
    if path.starts_with('/') || path.contains('\0') {
        return None;
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    (!parts.is_empty()).then(|| parts.join("/"))
}
