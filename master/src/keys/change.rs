//! Accepting, rejecting and deleting keys, as `salt-key` and the wheel functions do: the file, the event, the end of
//! the session, the request for a new AES key. Salt: `salt.key.Key.change_state`, `delete_key` behaviour.

use halite_core::{Map, MinionId, Opts, Result, Value, map};

use super::{KeyState, KeyStore, Matches, dropfile};
use crate::client::Client;
use crate::events::{Event, tags};
use crate::private_file;

/// Changes keys of one master.
pub struct KeyChanges<'a> {
    opts: &'a Opts,
    keys: &'a KeyStore,
    client: Option<Client>,
}

/// What was changed, and the keys that could not be.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Changed {
    /// Ids in the order of the change.
    pub ids: Vec<MinionId>,
    /// Why the others stayed as they were.
    pub faults: Vec<String>,
}

impl<'a> KeyChanges<'a> {
    /// Changes keys of `keys`; the bus of the running master, if one runs, is told.
    pub fn new(opts: &'a Opts, keys: &'a KeyStore) -> KeyChanges<'a> {
        KeyChanges { opts, keys, client: Client::new(opts).ok() }
    }

    fn tell(&self, id: &MinionId, act: &str, key: Option<&str>) {
        let mut data = map! {"result" => true, "act" => act, "id" => id};
        if let Some(key) = key {
            data.insert("pub".into(), key.into());
        }
        // Without a running master there is nobody to tell: it reads the folder when it starts.
        drop(self.client.as_ref().map(|client| client.fire(&Event::new(tags::KEY, data))));
    }

    fn rotates(&self) -> bool {
        self.opts.get("rotate_aes_key").is_none_or(Value::truthy)
    }

    fn change(&self, matches: &Matches, from: &[KeyState], to: KeyState) -> Changed {
        let mut changed = Changed::default();
        for state in from {
            let ids = matches.iter().filter(|(found, _)| found == state).flat_map(|(_, ids)| ids);
            for id in ids {
                match self.keys.change(id, *state, to) {
                    Ok(Some(key)) => {
                        self.tell(id, to.word(), Some(&key));
                        changed.ids.push(id.clone());
                    }
                    Ok(None) => {}
                    Err(error) => changed.faults.push(error.to_string()),
                }
            }
        }
        changed
    }

    /// Accepts pending keys; rejected and denied ones only if asked for.
    pub fn accept(&self, matches: &Matches, rejected: bool, denied: bool) -> Changed {
        let mut from = vec![KeyState::Pending];
        from.extend(rejected.then_some(KeyState::Rejected));
        from.extend(denied.then_some(KeyState::Denied));
        self.change(matches, &from, KeyState::Accepted)
    }

    /// Rejects pending keys; accepted and denied ones only if asked for.
    ///
    /// # Errors
    /// If the new AES key cannot be asked for.
    pub fn reject(&self, matches: &Matches, accepted: bool, denied: bool) -> Result<Changed> {
        let mut from = vec![KeyState::Pending];
        from.extend(accepted.then_some(KeyState::Accepted));
        from.extend(denied.then_some(KeyState::Denied));
        let changed = self.change(matches, &from, KeyState::Rejected);
        for id in &changed.ids {
            self.end_session(id)?;
        }
        if self.rotates() {
            dropfile(self.opts)?;
        }
        Ok(changed)
    }

    /// Deletes keys in whatever state they are.
    ///
    /// # Errors
    /// If the new AES key cannot be asked for.
    pub fn delete(&self, matches: &Matches) -> Result<Changed> {
        let mut changed = Changed::default();
        for (state, ids) in matches {
            for id in ids {
                match self.keys.remove(*state, id).and_then(|there| {
                    self.end_session(id)?;
                    Ok(there)
                }) {
                    Ok(true) => {
                        self.tell(id, "delete", None);
                        changed.ids.push(id.clone());
                    }
                    Ok(false) => {}
                    Err(error) => changed.faults.push(error.to_string()),
                }
            }
        }
        if self.rotates() {
            dropfile(self.opts)?;
        }
        Ok(changed)
    }

    fn end_session(&self, id: &MinionId) -> Result<()> {
        let path = self.opts.path("cachedir").join("sessions").join(id.as_str());
        private_file::remove(&path).map(drop)
    }
}

/// Matches as the wheel functions return them: folder names to ids.
pub fn to_map(matches: &Matches) -> Map {
    matches
        .iter()
        .map(|(state, ids)| (state.folder().into(), Value::list(ids.iter().map(Value::from))))
        .collect()
}

/// Reads `{minions_pre: [id, ...]}`, the `match` of the functions that end in `_dict`.
///
/// # Errors
/// Names what is no folder or no id.
pub fn of_map(map: &Map) -> Result<Matches> {
    let mut matches = Matches::new();
    for (folder, ids) in map {
        let folder = folder.to_string();
        let state = KeyState::of_folder(&folder).ok_or_else(|| {
            let known = KeyState::ALL.map(KeyState::folder).join(", ");
            halite_core::Error::execution(format!("`{folder}` is no state of keys; known: {known}"))
        })?;
        let ids = ids.as_list().unwrap_or_default().iter();
        let ids: Result<Vec<MinionId>> = ids.map(|id| MinionId::parse(&id.to_string())).collect();
        matches.push((state, ids?));
    }
    Ok(matches)
}

#[cfg(test)]
mod tests {
    use super::*;
    use halite_core::Role;

    const KEY: &str = include_str!("../../tests/fixtures/minion.pub");

    fn id(text: &str) -> MinionId {
        MinionId::parse(text).expect("is an id")
    }

    #[test]
    fn changes_take_the_states_they_are_told() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let values =
            map! {"pki_dir" => dir.path().join("pki"), "cachedir" => dir.path().join("cache")};
        let opts = Opts::from_map(Role::Master, values);
        private_file::make_dir(&opts.path("cachedir")).expect("is made");
        let keys = KeyStore::open(&opts).expect("opens");
        keys.put(KeyState::Pending, &id("a"), KEY).expect("is stored");
        keys.put(KeyState::Rejected, &id("b"), KEY).expect("is stored");
        let changes = KeyChanges::new(&opts, &keys);
        let all = || keys.glob_match(&["*".into()]).expect("lists");
        assert_eq!(changes.accept(&all(), false, false).ids, [id("a")]);
        assert_eq!(changes.accept(&all(), true, false).ids, [id("b")]);
        assert!(!super::super::take_dropfile(&opts), "accepting locks nobody out");
        assert!(changes.reject(&all(), false, false).expect("works").ids.is_empty());
        let only_a = keys.glob_match(&["a".into()]).expect("lists");
        assert_eq!(changes.reject(&only_a, true, false).expect("works").ids, [id("a")]);
        assert!(super::super::take_dropfile(&opts));
        assert_eq!(changes.delete(&all()).expect("works").ids, [id("b"), id("a")]);
        assert!(all().is_empty() && super::super::take_dropfile(&opts));
    }

    #[test]
    fn matches_read_back() {
        let matches = of_map(&map! {"minions_pre" => vec!["a", "b"]}).expect("reads");
        assert_eq!(matches, [(KeyState::Pending, vec![id("a"), id("b")])]);
        assert_eq!(to_map(&matches), map! {"minions_pre" => vec!["a", "b"]});
        assert!(of_map(&map! {"elsewhere" => vec!["a"]}).is_err());
        assert!(of_map(&map! {"minions" => vec!["../a"]}).is_err());
    }
}
