//! `salt://` files as functions, compilers and renderers see them, wherever they come from.

use std::path::PathBuf;

use crate::error::{Error, Result};
use crate::ids::SaltEnv;
use crate::value::Map;

/// What to list of an environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listing {
    /// Files.
    Files,
    /// Folders.
    Dirs,
    /// Folders without anything in them.
    EmptyDirs,
}

/// A file found in an environment.
#[derive(Clone, Debug)]
pub struct Found {
    /// Where it can be read on this machine (the root itself, or the cached copy).
    pub path: PathBuf,
    /// The file's mode bits as served, if the source knows them.
    pub mode: Option<u32>,
}

/// The files of all environments: local roots, or a master's through the cache.
pub trait FileClient: Send + Sync {
    /// The environments there are.
    ///
    /// # Errors
    /// If the source cannot be asked.
    fn envs(&self) -> Result<Vec<SaltEnv>>;

    /// Paths below `prefix` (all for ""), relative to the environment's root, sorted.
    ///
    /// # Errors
    /// If the source cannot be asked. An unknown environment is empty.
    fn list(&self, env: &SaltEnv, what: Listing, prefix: &str) -> Result<Vec<String>>;

    /// Makes the file readable here (fetching it if needed and changed) and says where.
    ///
    /// # Errors
    /// If the source cannot be asked or the cache cannot be written. A missing file is `None`.
    fn cache_file(&self, path: &str, env: &SaltEnv) -> Result<Option<Found>>;

    /// The digest of a file as `(hash_type, hex)`, without fetching it.
    ///
    /// # Errors
    /// If the source cannot be asked. A missing file is `None`.
    fn hash_file(&self, path: &str, env: &SaltEnv) -> Result<Option<(String, String)>>;

    /// Symbolic links below `prefix`: path to target.
    ///
    /// # Errors
    /// If the source cannot be asked.
    fn symlinks(&self, env: &SaltEnv, prefix: &str) -> Result<Map>;

    /// The master's settings that compiling a highstate needs (`_master_opts`); empty when local.
    ///
    /// # Errors
    /// If the source cannot be asked.
    fn master_opts(&self) -> Result<Map> {
        Ok(Map::new())
    }

    /// What the master's own tops add: environment to sls names. Empty when local.
    ///
    /// # Errors
    /// If the source cannot be asked.
    fn master_tops(&self) -> Result<Map> {
        Ok(Map::new())
    }

    /// The files as they are from now on, for one state run: what is asked over and over is asked once. `None`
    /// where there is nothing to be gained.
    fn snapshot(&self) -> Option<Box<dyn FileClient + '_>> {
        None
    }

    /// The folder under which cached copies of other URLs may be put.
    fn cache_dir(&self) -> PathBuf;
}

/// A parsed `salt://path?saltenv=env`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaltUrl {
    /// The path relative to the root, without leading `/`.
    pub path: String,
    /// The environment named in the URL.
    pub saltenv: Option<SaltEnv>,
}

impl SaltUrl {
    /// Parses a URL; `None` if it is not of the scheme `salt`.
    ///
    /// # Errors
    /// If the environment named is no environment name.
    /// Salt: `salt.utils.url.parse` behaviour; a leading `|` keeps `?` literal.
    pub fn parse(url: &str) -> Result<Option<SaltUrl>> {
        let Some(rest) = url.strip_prefix("salt://") else { return Ok(None) };
        if let Some(escaped) = rest.strip_prefix('|') {
            return Ok(Some(SaltUrl {
                path: escaped.trim_start_matches('/').into(),
                saltenv: None,
            }));
        }
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let named = query.split('&').find_map(|part| part.strip_prefix("saltenv="));
        let saltenv = named.map(SaltEnv::parse).transpose()?;
        if path.contains('\0') {
            return Err(Error::bad_name("salt:// path", path, "it contains NUL"));
        }
        Ok(Some(SaltUrl { path: path.trim_start_matches('/').into(), saltenv }))
    }
}
