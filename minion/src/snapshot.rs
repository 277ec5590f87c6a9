//! The master's files as they are when a state run begins: one question for all hashes, then only what differs.
//!
//! Only masters of our own know the question. With others, and where there are too many files for one answer,
//! each file is asked for as it is needed.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use halite_core::files::{FileClient, Found, Listing};
use halite_core::value::{JsonStyle, parse_json, to_json};
use halite_core::{Map, Result, SaltEnv, Value};
use halite_render::files::{HashType, digest};

use crate::remote_files::RemoteFiles;

/// Hash and mode of every file of an environment.
struct Manifest {
    hash_type: HashType,
    files: BTreeMap<String, (Option<String>, Option<u32>)>,
}

impl Manifest {
    /// Reads an answer; `None` if it is none.
    fn read(answer: &Value) -> Option<Manifest> {
        let hash_type = HashType::parse(answer.get("hash_type")?.as_str()?)?;
        let entry = |(path, entry): (&Value, &Value)| {
            let [hash, mode] = entry.as_list()? else { return None };
            let mode = mode.as_i64().and_then(|mode| u32::try_from(mode).ok());
            Some((path.as_str()?.to_owned(), (hash.as_str().map(str::to_owned), mode)))
        };
        let files = answer.get("files")?.as_map()?.iter().map(entry).collect::<Option<_>>()?;
        Some(Manifest { hash_type, files })
    }
}

/// The files of one run.
pub(crate) struct Snapshot<'a> {
    files: &'a RemoteFiles,
    manifests: Mutex<HashMap<SaltEnv, Option<Arc<Manifest>>>>,
    envs: OnceLock<Vec<SaltEnv>>,
    master_opts: OnceLock<Map>,
}

impl<'a> Snapshot<'a> {
    /// Nothing is asked yet: a run may need no file.
    pub(crate) fn new(files: &'a RemoteFiles) -> Snapshot<'a> {
        Snapshot {
            files,
            manifests: Mutex::default(),
            envs: OnceLock::new(),
            master_opts: OnceLock::new(),
        }
    }

    /// The manifest of an environment, asked for once; `None` if there is none.
    fn manifest(&self, env: &SaltEnv) -> Option<Arc<Manifest>> {
        let mut known = self.manifests.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(manifest) = known.get(env) {
            return manifest.clone();
        }
        let asked = self.ask(env).map(Arc::new);
        known.insert(env.clone(), asked.clone());
        asked
    }

    /// Asks with the mark of the one kept on disk, which the master sends anew only if it has changed.
    fn ask(&self, env: &SaltEnv) -> Option<Manifest> {
        let kept_at = self.files.cache_dir().join("manifests").join(format!("{env}.json"));
        let kept = fs::read_to_string(&kept_at).ok().and_then(|text| parse_json(&text).ok());
        let kept = kept.and_then(|kept| {
            let mark = kept.get("mark")?.as_str()?.to_owned();
            Some((mark, Manifest::read(&kept)?))
        });
        let mark = kept.as_ref().map_or("", |(mark, _)| mark);
        let answer = match self.files.ask_manifest(env, mark) {
            Ok(answer) => answer,
            Err(error) => {
                tracing::debug!("no manifest of '{env}': {error}");
                return None;
            }
        };
        if answer.get("same").is_some_and(Value::truthy) {
            return kept.map(|(_, manifest)| manifest);
        }
        let manifest = Manifest::read(&answer)?;
        let text = to_json(&answer, JsonStyle::default());
        if let Err(error) = self.files.keep(&kept_at, text.as_bytes()) {
            // Without it the master sends the whole of it next time.
            tracing::debug!("{error}");
        }
        Some(manifest)
    }

    /// What the manifest says of a path: `Err` sends the question to the master.
    fn entry(&self, path: &str, env: &SaltEnv) -> std::result::Result<Option<Entry>, ()> {
        // The master reads other spellings in its own way.
        let plain = |part: &str| !part.is_empty() && part != "." && part != "..";
        if !path.split('/').all(plain) {
            return Err(());
        }
        let manifest = self.manifest(env).ok_or(())?;
        match manifest.files.get(path) {
            None => Ok(None),
            Some((Some(hash), mode)) => {
                Ok(Some(Entry { hash_type: manifest.hash_type, hash: hash.clone(), mode: *mode }))
            }
            Some((None, _)) => Err(()),
        }
    }
}

/// One file of a manifest.
struct Entry {
    hash_type: HashType,
    hash: String,
    mode: Option<u32>,
}

impl FileClient for Snapshot<'_> {
    fn envs(&self) -> Result<Vec<SaltEnv>> {
        if let Some(envs) = self.envs.get() {
            return Ok(envs.clone());
        }
        let envs = self.files.envs()?;
        Ok(self.envs.get_or_init(|| envs).clone())
    }

    fn list(&self, env: &SaltEnv, what: Listing, prefix: &str) -> Result<Vec<String>> {
        match self.manifest(env).filter(|_| what == Listing::Files) {
            Some(manifest) => {
                let prefix = prefix.trim_matches('/');
                let below = manifest.files.keys().filter(|path| path.starts_with(prefix));
                Ok(below.cloned().collect())
            }
            None => self.files.list(env, what, prefix),
        }
    }

    fn cache_file(&self, path: &str, env: &SaltEnv) -> Result<Option<Found>> {
        match self.entry(path, env) {
            Ok(None) => Ok(None),
            Ok(Some(entry)) => {
                let place = self.files.place(path, env)?;
                let have = fs::File::open(&place).and_then(|file| digest(entry.hash_type, file));
                if have.is_ok_and(|have| have == entry.hash) {
                    return Ok(Some(Found { path: place, mode: entry.mode }));
                }
                self.files.cache_file(path, env)
            }
            Err(()) => self.files.cache_file(path, env),
        }
    }

    fn hash_file(&self, path: &str, env: &SaltEnv) -> Result<Option<(String, String)>> {
        match self.entry(path, env) {
            Ok(entry) => Ok(entry.map(|entry| (entry.hash_type.name().to_owned(), entry.hash))),
            Err(()) => self.files.hash_file(path, env),
        }
    }

    fn symlinks(&self, env: &SaltEnv, prefix: &str) -> Result<Map> {
        self.files.symlinks(env, prefix)
    }

    fn master_opts(&self) -> Result<Map> {
        if let Some(opts) = self.master_opts.get() {
            return Ok(opts.clone());
        }
        let opts = self.files.master_opts()?;
        Ok(self.master_opts.get_or_init(|| opts).clone())
    }

    fn master_tops(&self) -> Result<Map> {
        self.files.master_tops()
    }

    fn cache_dir(&self) -> PathBuf {
        self.files.cache_dir()
    }
}

#[cfg(test)]
mod tests;
