//! Lists, keys and fingerprints on the screen.

use std::fs;
use std::path::Path;

use halite_core::glob::fnmatch;
use halite_core::{Map, Opts, Result, Value};
use halite_master::keys::{KeyState, KeyStore};
use halite_wire::crypto::{HashType, fingerprint_body};

use super::globs;
use crate::output;

/// Longest local key file that is looked at, in bytes.
const LOCAL_KEY_BYTES: u64 = 64 * 1024;
/// In the order in which Salt names them.
pub(super) const ORDER: [KeyState; 4] =
    [KeyState::Pending, KeyState::Rejected, KeyState::Accepted, KeyState::Denied];

/// Where results go.
pub(super) struct Shown<'a> {
    /// The configuration.
    pub(super) opts: &'a Opts,
    /// `--out-file`.
    pub(super) file: Option<&'a Path>,
}

impl Shown<'_> {
    /// Shows a map of states.
    pub(super) fn map(&self, map: Map) -> Result<()> {
        output::display(&map.into(), Some("key"), self.opts, 0, self.file)
    }

    /// Shows one value.
    pub(super) fn value(&self, value: Value) -> Result<()> {
        let data = halite_core::map! {"return" => value};
        output::display(&data.into(), Some("nested"), self.opts, 0, self.file)
    }

    /// The ids in a state, or in all.
    pub(super) fn list(&self, store: &KeyStore, state: &str) -> Result<()> {
        let one = [
            ("acc", KeyState::Accepted),
            ("pre", KeyState::Pending),
            ("un", KeyState::Pending),
            ("rej", KeyState::Rejected),
            ("den", KeyState::Denied),
        ];
        let one = one.into_iter().find(|(start, _)| state.starts_with(start));
        let mut lists = Map::new();
        for state in ORDER.into_iter().filter(|state| one.is_none_or(|(_, one)| one == *state)) {
            let ids: Vec<Value> = store.list(state)?.iter().map(Value::from).collect();
            lists.insert(state.folder().into(), ids.into());
        }
        self.map(lists)
    }

    /// The keys that a glob means.
    pub(super) fn keys(&self, store: &KeyStore, glob: &str) -> Result<()> {
        self.map(each(store, glob, |key| Value::str(key))?)
    }

    /// The fingerprints of the keys that a glob means, the master's own files among them.
    pub(super) fn fingers(&self, store: &KeyStore, glob: &str) -> Result<()> {
        let hash = HashType::parse(self.opts.str("hash_type")).unwrap_or_default();
        let mut found = each(store, glob, |key| fingerprint_body(key, hash).into())?;
        let own = local(store.pki_dir(), glob, hash);
        if !own.is_empty() {
            found.insert("local".into(), own.into());
        }
        self.map(found)
    }
}

/// One value for each key that a glob means, by state and id; states without any are left out.
fn each(store: &KeyStore, glob: &str, make: impl Fn(&str) -> Value) -> Result<Map> {
    let matches = store.glob_match(&globs(glob))?;
    let mut found = Map::new();
    for state in ORDER {
        let ids = matches.iter().filter(|(of, _)| *of == state).flat_map(|(_, ids)| ids);
        let mut keys = Map::new();
        for id in ids {
            // Gone meanwhile: somebody else is at work too.
            let Some(key) = store.get(state, id)? else { continue };
            keys.insert(id.into(), make(&key));
        }
        if !keys.is_empty() {
            found.insert(state.folder().into(), keys.into());
        }
    }
    Ok(found)
}

/// Fingerprints of the master's own key files. Links (`master.pub` to the file that is named after
/// the master) are looked at only where they are asked for by name.
fn local(pki_dir: &Path, glob: &str, hash: HashType) -> Map {
    let globs = globs(glob);
    let mut names: Vec<String> = fs::read_dir(pki_dir)
        .map(|entries| entries.flatten().map(|e| e.file_name().to_string_lossy().into()).collect())
        .unwrap_or_default();
    names.retain(|name: &String| {
        let link = pki_dir.join(name).is_symlink();
        (name.ends_with(".pem") || name.ends_with(".pub"))
            && globs.iter().any(|glob| if link { name == glob } else { fnmatch(name, glob) })
    });
    names.sort_by_cached_key(|name| name.to_lowercase());
    let finger = |name: String| {
        let content = halite_master::private_file::read(&pki_dir.join(&name), LOCAL_KEY_BYTES);
        let text = String::from_utf8(content.ok()??).ok()?;
        Some((Value::from(name), fingerprint_body(&text, hash).into()))
    };
    names.into_iter().filter_map(finger).collect()
}
