//! The master's own key pair, and the drop file by which key tools ask for a new AES key.

use std::fs;
use std::path::{Path, PathBuf};

use halite_core::{Error, Opts, Result};
use halite_wire::crypto::{PrivateKey, RsaKey};
use halite_wire::entropy::Entropy;

use crate::private_file;

/// Largest private key file, bytes.
const PRIVATE_KEY_BYTES: u64 = 64 * 1024;
/// The drop file below `cachedir`.
const DROPFILE: &str = ".dfn";

/// The master's key pair, and the pair that signs its public key if `master_sign_pubkey` is set.
pub struct MasterKeys {
    /// `master.pem`, or what signs in its place.
    pub key: Box<dyn PrivateKey>,
    /// `master_sign.pem`.
    pub sign: Option<RsaKey>,
}

/// The name of the master's key files. Salt: the `id` option without its `_master` suffix, else the host name.
pub fn master_id(opts: &Opts) -> String {
    let id = opts.str("id");
    let id = id.strip_suffix("_master").unwrap_or(id);
    if id.is_empty() || id.contains(['/', '\0']) { "master".into() } else { id.into() }
}

impl MasterKeys {
    /// Reads the keys below `pki_dir`, or makes them: as 3008 does, files named after the master's id with
    /// `master.pem` and `master.pub` as links to them. Older masters read and write through the links.
    ///
    /// # Errors
    /// If a key cannot be read, made or written; a file that is there but holds no key is never overwritten.
    pub fn load(opts: &Opts, entropy: &mut dyn Entropy) -> Result<MasterKeys> {
        let pki_dir = opts.path("pki_dir");
        let bits = usize::try_from(opts.int("keysize", 2048)).unwrap_or(2048);
        let key = match read(&pki_dir.join("master.pem"))? {
            Some(key) => key,
            None => make_linked(&pki_dir, &master_id(opts), bits, entropy)?,
        };
        let name =
            opts.get("master_sign_key_name").and_then(|name| name.as_str().map(str::to_owned));
        let name = name.unwrap_or_else(|| "master_sign".into());
        let sign = match opts.bool("master_sign_pubkey") {
            false => None,
            true => Some(match read(&pki_dir.join(format!("{name}.pem")))? {
                Some(key) => key,
                None => make(&pki_dir, &name, bits, entropy)?,
            }),
        };
        Ok(MasterKeys { key: Box::new(key), sign })
    }

    /// The text of `master.pub`, with its newline.
    ///
    /// # Errors
    /// If there is none yet or it cannot be read.
    pub fn public_text(opts: &Opts) -> Result<String> {
        let path = opts.path("pki_dir").join("master.pub");
        let content = private_file::read(&path, PRIVATE_KEY_BYTES)?.ok_or_else(|| {
            Error::execution(format!("there is no `{}`: did the master run yet?", path.display()))
        })?;
        String::from_utf8(content)
            .map_err(|_| Error::execution(format!("`{}` is no text", path.display())))
    }
}

fn read(path: &Path) -> Result<Option<RsaKey>> {
    let Some(content) = private_file::read(path, PRIVATE_KEY_BYTES)? else { return Ok(None) };
    let bad = |why: &dyn std::fmt::Display| {
        Error::execution(format!("the key file `{}` cannot be used: {why}", path.display()))
    };
    let text = String::from_utf8(content).map_err(|_| bad(&"it is no text"))?;
    RsaKey::parse(&text).map(Some).map_err(|error| bad(&error))
}

fn make_linked(pki_dir: &Path, id: &str, bits: usize, entropy: &mut dyn Entropy) -> Result<RsaKey> {
    if id == "master" {
        return make(pki_dir, id, bits, entropy);
    }
    // Handed back by a 3008 master whose links were lost: its files are still the master's key.
    let key = match read(&pki_dir.join(format!("{id}.pem")))? {
        Some(key) => key,
        None => make(pki_dir, id, bits, entropy)?,
    };
    for ending in ["pem", "pub"] {
        let link = pki_dir.join(format!("master.{ending}"));
        private_file::remove(&link)?;
        std::os::unix::fs::symlink(format!("{id}.{ending}"), &link)
            .map_err(|error| Error::file("link", &link, error))?;
    }
    Ok(key)
}

fn make(pki_dir: &Path, name: &str, bits: usize, entropy: &mut dyn Entropy) -> Result<RsaKey> {
    let failed = |error: &dyn std::fmt::Display| {
        Error::execution(format!("cannot make the key pair `{name}` of {bits} bits: {error}"))
    };
    tracing::info!(name, bits, "Generating keys");
    let key = RsaKey::generate(bits, entropy).map_err(|error| failed(&error))?;
    let pem = key.to_pem().map_err(|error| failed(&error))?;
    private_file::write(&pki_dir.join(format!("{name}.pem")), pem.as_bytes(), 0o400)?;
    let public = format!("{}\n", key.public().pem());
    private_file::write(&pki_dir.join(format!("{name}.pub")), public.as_bytes(), 0o644)?;
    Ok(key)
}

fn drop_path(opts: &Opts) -> PathBuf {
    opts.path("cachedir").join(DROPFILE)
}

/// Asks the running master for a new AES key, which locks out whoever has no accepted key any more.
/// Salt: `salt.crypt.dropfile`.
///
/// # Errors
/// If the file cannot be written.
pub fn dropfile(opts: &Opts) -> Result<()> {
    private_file::write(&drop_path(opts), master_id(opts).as_bytes(), 0o400)
}

/// Whether a new AES key was asked for; takes the request.
pub fn take_dropfile(opts: &Opts) -> bool {
    fs::remove_file(drop_path(opts)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use halite_core::{Role, map};
    use halite_wire::entropy::OsEntropy;

    fn opts(dir: &Path, id: &str) -> Opts {
        let values =
            map! {"pki_dir" => dir.join("pki"), "cachedir" => dir.join("cache"), "id" => id};
        Opts::from_map(Role::Master, values)
    }

    #[test]
    fn a_new_key_is_linked_and_found_again() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let opts = opts(dir.path(), "box_master");
        private_file::make_dir(&opts.path("pki_dir")).expect("is made");
        let first = MasterKeys::load(&opts, &mut OsEntropy::new()).expect("is made");
        let target = fs::read_link(dir.path().join("pki/master.pem")).expect("is a link");
        assert_eq!(target, Path::new("box.pem"));
        let again = MasterKeys::load(&opts, &mut OsEntropy::new()).expect("is read");
        assert_eq!(first.key.public(), again.key.public());
        fs::remove_file(dir.path().join("pki/master.pem")).expect("is removed");
        let relinked = MasterKeys::load(&opts, &mut OsEntropy::new()).expect("is read");
        assert_eq!(first.key.public(), relinked.key.public());
    }

    #[test]
    fn a_broken_key_is_not_replaced() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let opts = opts(dir.path(), "box_master");
        private_file::make_dir(&opts.path("pki_dir")).expect("is made");
        private_file::write(&dir.path().join("pki/master.pem"), b"rubbish", 0o400)
            .expect("is written");
        assert!(MasterKeys::load(&opts, &mut OsEntropy::new()).is_err());
        assert_eq!(fs::read(dir.path().join("pki/master.pem")).expect("reads"), b"rubbish");
    }

    #[test]
    fn the_drop_file_is_taken_once() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let opts = opts(dir.path(), "box");
        private_file::make_dir(&opts.path("cachedir")).expect("is made");
        assert!(!take_dropfile(&opts));
        dropfile(&opts).expect("is written");
        dropfile(&opts).expect("is written over a read-only file");
        assert!(take_dropfile(&opts) && !take_dropfile(&opts));
    }
}
