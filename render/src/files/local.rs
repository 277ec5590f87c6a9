//! Local roots as a [`FileClient`]: `salt-call --local`, `file_client: local`, and the compilers on
//! the master.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;

use halite_core::files::{Found, Listing};
use halite_core::{Error, FileClient, Map, Opts, Result, SaltEnv};

use super::Roots;

/// Files straight from their roots, without copies.
#[derive(Clone)]
pub struct LocalFiles {
    roots: Arc<Roots>,
    cache_dir: PathBuf,
}

impl LocalFiles {
    /// The files of `file_roots`.
    pub fn new(opts: &Opts) -> LocalFiles {
        LocalFiles::over(Roots::files(opts).with_list_ttl(std::time::Duration::ZERO), opts)
    }

    /// The files of `pillar_roots`.
    pub fn pillar(opts: &Opts) -> LocalFiles {
        LocalFiles::over(Roots::pillar(opts), opts)
    }

    /// The files of given roots, which may be shared.
    pub fn over(roots: impl Into<Arc<Roots>>, opts: &Opts) -> LocalFiles {
        LocalFiles { roots: roots.into(), cache_dir: opts.path("cachedir") }
    }

    /// The roots behind it.
    pub fn roots(&self) -> &Arc<Roots> {
        &self.roots
    }
}

impl FileClient for LocalFiles {
    fn envs(&self) -> Result<Vec<SaltEnv>> {
        Ok(self.roots.envs().iter().filter_map(|env| SaltEnv::parse(env).ok()).collect())
    }

    fn list(&self, env: &SaltEnv, what: Listing, prefix: &str) -> Result<Vec<String>> {
        let tree = self.roots.tree(env);
        let paths = match what {
            Listing::Files => &tree.files,
            Listing::Dirs => &tree.dirs,
            Listing::EmptyDirs => &tree.empty_dirs,
        };
        let prefix = prefix.trim_matches('/');
        Ok(paths.iter().filter(|path| path.starts_with(prefix)).cloned().collect())
    }

    fn cache_file(&self, path: &str, env: &SaltEnv) -> Result<Option<Found>> {
        let Some(opened) = self.roots.open(path, env)? else { return Ok(None) };
        let stat = opened.file.metadata().map_err(|why| Error::file("stat", &opened.path, why))?;
        Ok(Some(Found { path: opened.path, mode: Some(stat.permissions().mode() & 0o7777) }))
    }

    fn hash_file(&self, path: &str, env: &SaltEnv) -> Result<Option<(String, String)>> {
        let hash = self.roots.hash(path, env)?;
        Ok(hash.map(|hex| (self.roots.hash_type().name().to_owned(), hex)))
    }

    fn symlinks(&self, env: &SaltEnv, prefix: &str) -> Result<Map> {
        Ok(self.roots.tree(env).links_below(prefix))
    }

    fn cache_dir(&self) -> PathBuf {
        self.cache_dir.clone()
    }
}
