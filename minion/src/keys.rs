//! The minion's key pair and the pinned key of the master.

use std::fs;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use halite_core::host::{RealHost, Write as _};
use halite_core::{Error, Opts, Result};
use halite_wire::OsEntropy;
use halite_wire::crypto::{PrivateKey, PublicKey, RsaKey};

use crate::store::make_private_dir;

/// Mode of the private key, as Salt sets it.
const KEY_MODE: u32 = 0o400;
/// Mode of public keys.
const PUBLIC_MODE: u32 = 0o644;
/// Stands beside the master's key when it has agreed on AES-256-GCM.
const GCM_RECORD: &str = "minion_master.gcm";

/// The folder of keys (`pki_dir`).
pub(crate) struct Keys {
    folder: PathBuf,
    gcm: String,
}

impl Keys {
    /// Opens `pki_dir`, which is made if it is not there.
    ///
    /// # Errors
    /// Names the folder.
    pub(crate) fn open(opts: &Opts, link: Option<&str>) -> Result<Keys> {
        let folder = opts.path("pki_dir");
        make_private_dir(&folder)?;
        // Masters that share a key need not be of one kind.
        let gcm = link.map_or(GCM_RECORD.into(), |link| format!("minion_master.{link}.gcm"));
        Ok(Keys { folder, gcm })
    }

    /// The minion's key; a new one of `bits` if there is none.
    ///
    /// # Errors
    /// Names the file that cannot be read, parsed or written.
    pub(crate) fn own(&self, bits: usize) -> Result<RsaKey> {
        let path = self.folder.join("minion.pem");
        match fs::read_to_string(&path) {
            Ok(pem) => RsaKey::parse(&pem).map_err(|error| fault(&path, &error.to_string())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => self.make(&path, bits),
            Err(error) => Err(Error::file("read", &path, error)),
        }
    }

    fn make(&self, path: &Path, bits: usize) -> Result<RsaKey> {
        tracing::info!("making a key of {bits} bits: {}", path.display());
        let key = RsaKey::generate(bits, &mut OsEntropy::new());
        let key = key.map_err(|error| fault(path, &error.to_string()))?;
        let pem = key.to_pem().map_err(|error| fault(path, &error.to_string()))?;
        let mut options = fs::OpenOptions::new();
        options
            .create_new(true)
            .write(true)
            .mode(KEY_MODE)
            .open(path)
            .and_then(|mut file| std::io::Write::write_all(&mut file, pem.as_bytes()))
            .map_err(|error| Error::file("write", path, error))?;
        let public = format!("{}\n", key.public().pem().trim_end());
        self.write("minion.pub", public.as_bytes())?;
        Ok(key)
    }

    /// The pinned key of the master and whether it agreed on AES-256-GCM; none before the first
    /// contact.
    ///
    /// # Errors
    /// If there is a key that cannot be read: nothing may replace it silently.
    pub(crate) fn master(&self) -> Result<(Option<PublicKey>, bool)> {
        let path = self.folder.join("minion_master.pub");
        match fs::read_to_string(&path) {
            Ok(pem) => {
                let key = PublicKey::parse(&pem);
                let key = key.map_err(|error| fault(&path, &error.to_string()))?;
                Ok((Some(key), self.folder.join(&self.gcm).exists()))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok((None, false)),
            Err(error) => Err(Error::file("read", &path, error)),
        }
    }

    /// Pins the master's key.
    ///
    /// # Errors
    /// Names the file that cannot be written.
    pub(crate) fn pin(&self, pem: &str, gcm: bool) -> Result<()> {
        self.write("minion_master.pub", pem.trim_end().as_bytes())?;
        if gcm {
            return self.write(&self.gcm, b"aes-256-gcm\n");
        }
        // Usually it was never there.
        let _ = fs::remove_file(self.folder.join(&self.gcm));
        Ok(())
    }

    fn write(&self, name: &str, content: &[u8]) -> Result<()> {
        RealHost::new().write_atomic(&self.folder.join(name), content, Some(PUBLIC_MODE))
    }
}

fn fault(path: &Path, why: &str) -> Error {
    Error::execution(format!("{}: {why}", path.display()))
}
