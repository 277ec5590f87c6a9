//! Making key pairs, and the signature over the master's public key.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use halite_core::{Error, Opts, Result, Value};
use halite_master::private_file;
use halite_wire::crypto::{
    HashType, PrivateKey, PublicKey, RsaKey, SigAlgo, clean, fingerprint_body,
};
use halite_wire::entropy::OsEntropy;

use super::own_name;

/// Longest key file that is read, in bytes.
const KEY_BYTES: u64 = 64 * 1024;
/// Modes of the two files of a pair.
const PRIVATE_MODE: u32 = 0o400;
const PUBLIC_MODE: u32 = 0o644;

/// Makes `<folder>/<name>.pem` and `.pub`, or takes those that are there; the fingerprint.
pub(super) fn key_pair(name: &str, folder: &Path, bits: usize) -> Result<Value> {
    if name.contains('/') || name.starts_with('.') {
        let what = format!("`{name}` is no name for a key pair: it becomes a file name");
        return Err(Error::execution(what));
    }
    if !folder.is_dir() {
        fs::create_dir_all(folder).map_err(|error| Error::file("make", folder, error))?;
    }
    let pem = folder.join(format!("{name}.pem"));
    let key = match read_private(&pem)? {
        Some(key) => key,
        None => make(folder, name, bits)?,
    };
    Ok(fingerprint_body(&stored(key.public()), HashType::Sha256).into())
}

/// What `--gen-signature` is asked to do.
pub(super) struct Wish<'a> {
    pub(super) private: Option<&'a Path>,
    pub(super) public: Option<&'a Path>,
    pub(super) folder: Option<&'a Path>,
    pub(super) auto_create: bool,
    pub(super) bits: usize,
}

/// Signs the master's public key; true when the file was written, false when there was one.
/// Salt: `salt.key.Key.gen_keys_signature` behaviour and texts.
pub(super) fn signature(opts: &Opts, wish: &Wish<'_>) -> Result<Value> {
    let pki_dir = opts.path("pki_dir");
    let public = match wish.public {
        Some(path) if !path.is_file() => {
            return Ok(format!("Public-key {} does not exist", path.display()).into());
        }
        Some(path) => Some(path.to_owned()),
        None => own_public(&pki_dir, opts),
    };
    let private = match wish.private {
        Some(path) if !path.is_file() => {
            return Ok(format!("Private-key {} does not exist", path.display()).into());
        }
        Some(path) => Some(path.to_owned()),
        None => Some(pki_dir.join("master_sign.pem")).filter(|path| path.is_file()),
    };
    let sign_name = match opts.str("master_sign_key_name") {
        "" => "master_sign",
        name => name,
    };
    let key = match &private {
        Some(path) => read_private(path)?,
        None if wish.auto_create => Some(make(&pki_dir, sign_name, wish.bits)?),
        None => None,
    };
    let Some(key) = key else { return Ok("No usable private-key found".into()) };
    let Some(public) = public else { return Ok("No usable public-key found".into()) };
    let signed = read_public(&public)?;
    let name = match opts.str("master_pubkey_signature") {
        "" => "master_pubkey_signature",
        name => name,
    };
    let target = wish.folder.unwrap_or(&pki_dir).join(name);
    if target.exists() {
        tracing::error!("{} already exists at expected location", target.display());
        return Ok(false.into());
    }
    write_signature(opts, &key, &signed, &target)?;
    Ok(true.into())
}

fn own_public(pki_dir: &Path, opts: &Opts) -> Option<PathBuf> {
    let names = ["master.pub".to_owned(), format!("{}.pub", own_name(opts))];
    names.iter().map(|name| pki_dir.join(name)).find(|path| path.is_file())
}

fn write_signature(opts: &Opts, key: &RsaKey, signed: &PublicKey, target: &Path) -> Result<()> {
    let algo = SigAlgo::parse(opts.str("publish_signing_algorithm")).unwrap_or_default();
    // What minions get to see of the key is its cleaned text.
    let message = clean(signed.pem());
    let sig = key
        .sign(algo, message.as_bytes(), &mut OsEntropy::new())
        .map_err(|error| Error::execution(format!("the public key cannot be signed: {error}")))?;
    let text = format!("{}\n", STANDARD.encode(sig));
    private_file::write(target, text.as_bytes(), PUBLIC_MODE)
}

fn make(folder: &Path, name: &str, bits: usize) -> Result<RsaKey> {
    let bad = |error| Error::execution(format!("no key of {bits} bits can be made: {error}"));
    let key = RsaKey::generate(bits, &mut OsEntropy::new()).map_err(bad)?;
    let pem = key.to_pem().map_err(bad)?;
    let file = |end: &str| folder.join(format!("{name}.{end}"));
    private_file::write(&file("pem"), pem.as_bytes(), PRIVATE_MODE)?;
    private_file::write(&file("pub"), stored(key.public()).as_bytes(), PUBLIC_MODE)?;
    Ok(key)
}

/// A public key as its file holds it.
fn stored(key: &PublicKey) -> String {
    format!("{}\n", key.pem().trim_end())
}

fn read_text(path: &Path) -> Result<Option<String>> {
    let Some(content) = private_file::read(path, KEY_BYTES)? else { return Ok(None) };
    let text = String::from_utf8(content);
    text.map(Some).map_err(|_| Error::execution(format!("{} is no text", path.display())))
}

fn read_private(path: &Path) -> Result<Option<RsaKey>> {
    let Some(text) = read_text(path)? else { return Ok(None) };
    let key = RsaKey::parse(&text);
    let unreadable =
        |error| Error::execution(format!("Unable to read key: {}: {error}", path.display()));
    key.map(Some).map_err(unreadable)
}

fn read_public(path: &Path) -> Result<PublicKey> {
    let text = read_text(path)?.unwrap_or_default();
    let unreadable =
        |error| Error::execution(format!("Unable to read key: {}: {error}", path.display()));
    PublicKey::parse(&text).map_err(unreadable)
}
