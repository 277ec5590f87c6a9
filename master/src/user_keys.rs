//! `cachedir/.root_key` and `.<user>_key`: the secrets by which local programs prove who runs them.
//! Salt: `salt.daemons.masterapi.access_keys` behaviour: 76 characters, new at each start.

use std::collections::BTreeMap;
use std::os::unix::fs::chown;
use std::path::PathBuf;

use halite_core::{Opts, Result, host::Read};
use halite_wire::crypto::{AesKey, Secret};
use halite_wire::entropy::Entropy;

use crate::acl;
use crate::private_file;

/// The keys of this run by user.
pub struct UserKeys(BTreeMap<String, Secret>);

/// The file with the key of `user`.
pub fn key_path(opts: &Opts, user: &str) -> PathBuf {
    let user = user.replace('\\', "_");
    opts.path("cachedir").join(format!(".{user}_key"))
}

/// The user the master runs as; `root` unless configured.
pub fn master_user(opts: &Opts) -> String {
    let user = opts.str("user");
    if user.is_empty() { "root".into() } else { user.into() }
}

impl UserKeys {
    /// Makes and writes a key for the master's own user and for every user of this host whom `publisher_acl`
    /// names, each readable only by him.
    ///
    /// # Errors
    /// If the user database cannot be read, or a file cannot be written.
    pub fn make(opts: &Opts, host: &dyn Read, entropy: &mut dyn Entropy) -> Result<UserKeys> {
        let own = master_user(opts);
        let publisher_acl = opts.map("publisher_acl");
        let mut users = vec![own.clone()];
        for user in host.users()? {
            if user.name != own && !acl::grants_of(&publisher_acl, &user.name).is_empty() {
                users.push(user.name);
            }
        }
        let mut keys = BTreeMap::new();
        for user in users {
            let key = AesKey::generate(entropy).to_text().to_string();
            let path = key_path(opts, &user);
            private_file::remove(&path)?;
            private_file::write(&path, key.as_bytes(), 0o400)?;
            if user != own
                && let Some(found) = host.user(&user)?
            {
                // Without this the file belongs to the master and the user cannot read it.
                if let Err(error) = chown(&path, Some(found.uid), None) {
                    tracing::warn!(user, %error, "the key file cannot be given to its user");
                }
            }
            keys.insert(user, Secret::new(key.into_bytes()));
        }
        Ok(UserKeys(keys))
    }

    /// Whose key it is. All keys are compared, each in constant time.
    pub fn owner(&self, key: &str) -> Option<&str> {
        // Equality of secrets takes constant time.
        let key = Secret::new(key.as_bytes().to_vec());
        self.0.iter().fold(
            None,
            |owner, (user, known)| if *known == key { Some(user.as_str()) } else { owner },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use halite_core::{Role, host::RealHost, map};
    use halite_wire::entropy::OsEntropy;

    #[test]
    fn the_owner_of_a_key_is_known_and_nobody_elses() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let opts = Opts::from_map(Role::Master, map! {"cachedir" => dir.path(), "user" => "root"});
        let keys =
            UserKeys::make(&opts, &RealHost::new(), &mut OsEntropy::new()).expect("are made");
        let text = std::fs::read_to_string(key_path(&opts, "root")).expect("is there");
        assert_eq!(text.len(), 76);
        assert_eq!(keys.owner(&text), Some("root"));
        assert_eq!(keys.owner(""), None);
        assert_eq!(keys.owner(&text[1..]), None);
        let again =
            UserKeys::make(&opts, &RealHost::new(), &mut OsEntropy::new()).expect("are made");
        assert_eq!(again.owner(&text), None, "a key lives for one run");
    }
}
