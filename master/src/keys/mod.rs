//! The pki folder: one file per minion key, its folder is its state. Salt: `salt/key.py`, `localfs_key` behaviour.
//!
//! A real master's `pki_dir` can be taken over and handed back: same names, same content, same modes.

mod change;
mod master;
mod select;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use halite_core::{Error, MinionId, Opts, Result};
use halite_wire::crypto;

use crate::{limits, private_file};

pub use change::{Changed, KeyChanges, of_map, to_map};
pub use master::{MasterKeys, dropfile, master_id, take_dropfile};
pub use select::{Matches, sorted_ignorecase};

/// The state of a minion's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyState {
    /// Its minion may sign in.
    Accepted,
    /// It waits for the operator.
    Pending,
    /// The operator refused it.
    Rejected,
    /// It was offered for an id that has another key.
    Denied,
}

impl KeyState {
    /// All of them, in the order in which Salt lists them.
    pub const ALL: [KeyState; 4] =
        [KeyState::Accepted, KeyState::Pending, KeyState::Rejected, KeyState::Denied];

    /// The folder below `pki_dir`, which is also the name in listings.
    pub fn folder(self) -> &'static str {
        match self {
            KeyState::Accepted => "minions",
            KeyState::Pending => "minions_pre",
            KeyState::Rejected => "minions_rejected",
            KeyState::Denied => "minions_denied",
        }
    }

    /// The state of a folder's name.
    pub fn of_folder(name: &str) -> Option<KeyState> {
        KeyState::ALL.into_iter().find(|state| state.folder() == name)
    }

    /// The word in `salt/key` events. Salt: `DIR_MAP`.
    pub fn word(self) -> &'static str {
        match self {
            KeyState::Accepted => "accepted",
            KeyState::Pending => "pending",
            KeyState::Rejected => "rejected",
            KeyState::Denied => "denied",
        }
    }
}

/// A moment of a folder, to notice that somebody else changed it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stamp {
    seconds: i64,
    nanos: i64,
    inode: u64,
}

impl Stamp {
    /// Whether the folder changed last longer than `age` ago.
    #[must_use]
    pub fn is_older_than(&self, age: Duration) -> bool {
        let at = Duration::new(self.seconds.unsigned_abs(), self.nanos.unsigned_abs() as u32);
        SystemTime::now().duration_since(UNIX_EPOCH + at).is_ok_and(|since| since > age)
    }
}

/// The pki folder. Every call looks at the disk: `salt-key` of another process may have been at work.
#[derive(Clone, Debug)]
pub struct KeyStore {
    pki_dir: PathBuf,
}

impl KeyStore {
    /// The keys below `pki_dir` of the configuration; makes the folders that are missing.
    ///
    /// # Errors
    /// If a folder cannot be made.
    pub fn open(opts: &Opts) -> Result<KeyStore> {
        KeyStore::at(&opts.path("pki_dir"))
    }

    /// The keys below `pki_dir`; makes the folders that are missing.
    ///
    /// # Errors
    /// If a folder cannot be made.
    pub fn at(pki_dir: &Path) -> Result<KeyStore> {
        private_file::make_dir(pki_dir)?;
        for state in KeyState::ALL {
            private_file::make_dir(&pki_dir.join(state.folder()))?;
        }
        private_file::make_dir(&pki_dir.join("minions_autosign"))?;
        Ok(KeyStore { pki_dir: pki_dir.into() })
    }

    /// The folder itself.
    pub fn pki_dir(&self) -> &Path {
        &self.pki_dir
    }

    fn file(&self, state: KeyState, id: &MinionId) -> PathBuf {
        self.pki_dir.join(state.folder()).join(id.as_str())
    }

    /// The ids in one state, sorted without regard to case. Folders and names that are no minion ids are passed by.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn list(&self, state: KeyState) -> Result<Vec<MinionId>> {
        let folder = self.pki_dir.join(state.folder());
        let entries = fs::read_dir(&folder).map_err(|error| Error::file("list", &folder, error))?;
        let files =
            entries.flatten().filter(|entry| entry.file_type().is_ok_and(|kind| !kind.is_dir()));
        let names = files.map(|entry| entry.file_name().to_string_lossy().into_owned());
        let mut ids: Vec<MinionId> = names
            .filter(|name| !name.starts_with('.'))
            .filter_map(|name| MinionId::parse(&name).ok())
            .collect();
        sorted_ignorecase(&mut ids);
        Ok(ids)
    }

    /// All ids by state.
    ///
    /// # Errors
    /// If a folder cannot be read.
    pub fn list_all(&self) -> Result<BTreeMap<KeyState, Vec<MinionId>>> {
        KeyState::ALL.into_iter().map(|state| Ok((state, self.list(state)?))).collect()
    }

    /// How many keys are in one state, counted without sorting.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn count(&self, state: KeyState) -> Result<usize> {
        let folder = self.pki_dir.join(state.folder());
        let entries = fs::read_dir(&folder).map_err(|error| Error::file("list", &folder, error))?;
        Ok(entries.count())
    }

    /// When a state's folder changed last; compare it with an earlier one.
    ///
    /// # Errors
    /// If the folder cannot be looked at.
    pub fn stamp(&self, state: KeyState) -> Result<Stamp> {
        let folder = self.pki_dir.join(state.folder());
        let stat = fs::metadata(&folder).map_err(|error| Error::file("stat", &folder, error))?;
        Ok(Stamp { seconds: stat.mtime(), nanos: stat.mtime_nsec(), inode: stat.ino() })
    }

    /// The key of `id` in one state, cleaned.
    ///
    /// # Errors
    /// If its file cannot be read or is no text.
    pub fn get(&self, state: KeyState, id: &MinionId) -> Result<Option<String>> {
        let path = self.file(state, id);
        let Some(content) = private_file::read(&path, limits::KEY_FILE_BYTES)? else {
            return Ok(None);
        };
        let text = String::from_utf8(content).map_err(|_| {
            Error::execution(format!("the key file `{}` is no text", path.display()))
        })?;
        Ok(Some(crypto::clean(&text)))
    }

    /// State and key of `id`, looked for in Salt's order: rejected, pending, accepted. Denied keys stand beside.
    ///
    /// # Errors
    /// If a file cannot be read.
    pub fn find(&self, id: &MinionId) -> Result<Option<(KeyState, String)>> {
        for state in [KeyState::Rejected, KeyState::Pending, KeyState::Accepted] {
            if let Some(key) = self.get(state, id)? {
                return Ok(Some((state, key)));
            }
        }
        Ok(None)
    }

    /// Puts the key of `id` into a state and takes it out of the others (denied ones stay).
    ///
    /// # Errors
    /// If a file cannot be written or removed.
    pub fn put(&self, state: KeyState, id: &MinionId, key: &str) -> Result<()> {
        private_file::write(&self.file(state, id), crypto::clean(key).as_bytes(), 0o600)?;
        if state != KeyState::Denied {
            for other in KeyState::ALL {
                if other != state && other != KeyState::Denied {
                    private_file::remove(&self.file(other, id))?;
                }
            }
        }
        Ok(())
    }

    /// Removes the key of `id` in one state; false if there was none.
    ///
    /// # Errors
    /// If the file cannot be removed.
    pub fn remove(&self, state: KeyState, id: &MinionId) -> Result<bool> {
        private_file::remove(&self.file(state, id))
    }

    /// Moves a key from one state to another. `None` if there was none in `from`.
    ///
    /// # Errors
    /// If the file holds no RSA key (then nothing is moved), or cannot be moved.
    pub fn change(&self, id: &MinionId, from: KeyState, to: KeyState) -> Result<Option<String>> {
        let Some(key) = self.get(from, id)? else { return Ok(None) };
        if crypto::PublicKey::parse(&key).is_err() {
            return Err(Error::execution(format!("Unable to accept invalid key for {id}.")));
        }
        self.put(to, id, &key)?;
        if from == KeyState::Denied {
            self.remove(KeyState::Denied, id)?;
        }
        Ok(Some(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = include_str!("../../tests/fixtures/minion.pub");

    fn id(text: &str) -> MinionId {
        MinionId::parse(text).expect("is an id")
    }

    fn store() -> (tempfile::TempDir, KeyStore) {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let store = KeyStore::at(&dir.path().join("pki")).expect("is made");
        (dir, store)
    }

    #[test]
    fn a_key_has_one_state() {
        let (_dir, store) = store();
        store.put(KeyState::Pending, &id("a"), KEY).expect("is stored");
        assert!(
            store.change(&id("a"), KeyState::Pending, KeyState::Accepted).expect("moves").is_some()
        );
        let found = store.find(&id("a")).expect("reads").expect("is there");
        assert_eq!(found, (KeyState::Accepted, crypto::clean(KEY)));
        assert!(store.list(KeyState::Pending).expect("lists").is_empty());
        assert!(
            store
                .change(&id("a"), KeyState::Pending, KeyState::Accepted)
                .expect("no error")
                .is_none()
        );
    }

    #[test]
    fn what_is_no_key_is_not_accepted() {
        let (_dir, store) = store();
        store.put(KeyState::Pending, &id("a"), "nonsense").expect("is stored");
        let error =
            store.change(&id("a"), KeyState::Pending, KeyState::Accepted).expect_err("is refused");
        assert_eq!(error.to_string(), "Unable to accept invalid key for a.");
        assert_eq!(store.list(KeyState::Pending).expect("lists"), [id("a")]);
    }

    #[test]
    fn a_denied_key_stands_beside_the_accepted_one() {
        let (_dir, store) = store();
        store.put(KeyState::Accepted, &id("a"), KEY).expect("is stored");
        store.put(KeyState::Denied, &id("a"), "other").expect("is stored");
        assert_eq!(
            store.find(&id("a")).expect("reads").map(|(state, _)| state),
            Some(KeyState::Accepted)
        );
        assert_eq!(store.list(KeyState::Denied).expect("lists"), [id("a")]);
    }

    #[test]
    fn listings_are_sorted_and_without_strangers() {
        let (_dir, store) = store();
        for name in ["b", "A", "c"] {
            store.put(KeyState::Accepted, &id(name), KEY).expect("is stored");
        }
        fs::write(store.pki_dir().join("minions/.key_cache"), "x").expect("is written");
        fs::create_dir(store.pki_dir().join("minions/folder")).expect("is made");
        let names: Vec<String> = store
            .list(KeyState::Accepted)
            .expect("lists")
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(names, ["A", "b", "c"]);
    }
}
