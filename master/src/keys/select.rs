//! Choosing keys by glob, as `salt-key -a 'web*'` and the wheel functions do.

use halite_core::glob::fnmatch;
use halite_core::{MinionId, Result};

use super::{KeyState, KeyStore};

/// Ids by state; states without ids are left out.
pub type Matches = Vec<(KeyState, Vec<MinionId>)>;

/// Sorts without regard to case, as listings are. Salt: `salt.utils.data.sorted_ignorecase`.
pub fn sorted_ignorecase(ids: &mut [MinionId]) {
    ids.sort_by_cached_key(|id| id.as_str().to_lowercase());
}

impl KeyStore {
    /// Keys whose id fits one of the globs; a text may hold several, separated by commas.
    /// Salt: `Key.glob_match` behaviour.
    ///
    /// # Errors
    /// If a folder cannot be read.
    pub fn glob_match(&self, globs: &[String]) -> Result<Matches> {
        let globs: Vec<&str> = globs.iter().flat_map(|glob| glob.split(',')).collect();
        let fits = |id: &MinionId| globs.iter().any(|glob| fnmatch(id.as_str(), glob));
        let mut matches = Matches::new();
        for (state, ids) in self.list_all()? {
            let ids: Vec<MinionId> = ids.into_iter().filter(fits).collect();
            if !ids.is_empty() {
                matches.push((state, ids));
            }
        }
        Ok(matches)
    }
}
