//! What calls outside of a minion are made with.

use std::path::PathBuf;

use halite_core::files::{Found, Listing};
use halite_core::{FileClient, Map, Result, SaltEnv};

/// No files at all.
pub(crate) struct NoFiles;

impl FileClient for NoFiles {
    fn envs(&self) -> Result<Vec<SaltEnv>> {
        Ok(vec![SaltEnv::base()])
    }

    fn list(&self, _: &SaltEnv, _: Listing, _: &str) -> Result<Vec<String>> {
        Ok(Vec::new())
    }

    fn cache_file(&self, _: &str, _: &SaltEnv) -> Result<Option<Found>> {
        Ok(None)
    }

    fn hash_file(&self, _: &str, _: &SaltEnv) -> Result<Option<(String, String)>> {
        Ok(None)
    }

    fn symlinks(&self, _: &SaltEnv, _: &str) -> Result<Map> {
        Ok(Map::new())
    }

    fn cache_dir(&self) -> PathBuf {
        std::env::temp_dir()
    }
}
