//! What the functions of `ssh` share: where files of keys are, and what is in them. Salt: `salt/modules/ssh.py`.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use halite_core::host::{Read, User};
use halite_core::ssh::split_key;
use halite_core::{Apply, Available, Context, Error, Map, Result, Value, map};

use crate::support::digest;

/// Where the functions are.
pub(super) fn here(_: &Map, host: &dyn Read) -> Available {
    match host.which("ssh") {
        Some(_) => Available::Yes,
        None => Available::No("The module requires the ssh binary.".into()),
    }
}

/// Types of keys by the names that are taken for them.
const TYPES: &[(&str, &[&str])] = &[
    ("ssh-rsa", &["r", "rsa"]),
    ("ssh-dss", &["d", "dsa", "dss"]),
    ("ecdsa-sha2-nistp256", &["e", "ecdsa"]),
    ("ssh-ed25519", &["ed25519"]),
    ("ecdsa-sha2-nistp521", &[]),
    ("ecdsa-sha2-nistp384", &[]),
    ("rsa-sha2-512", &[]),
    ("rsa-sha2-256", &[]),
    ("rsa-sha2-512-cert-v01@openssh.com", &[]),
    ("rsa-sha2-256-cert-v01@openssh.com", &[]),
    ("ssh-rsa-cert-v01@openssh.com", &[]),
    ("ecdsa-sha2-nistp256-cert-v01@openssh.com", &[]),
    ("ecdsa-sha2-nistp384-cert-v01@openssh.com", &[]),
    ("ecdsa-sha2-nistp521-cert-v01@openssh.com", &[]),
    ("sk-ecdsa-sha2-nistp256@openssh.com", &[]),
    ("sk-ecdsa-sha2-nistp256-cert-v01@openssh.com", &[]),
    ("ssh-ed25519-cert-v01@openssh.com", &[]),
    ("sk-ssh-ed25519@openssh.com", &[]),
    ("sk-ssh-ed25519-cert-v01@openssh.com", &[]),
];

/// The type of a key by its name or a short one.
///
/// # Errors
/// If there is no such type.
pub(super) fn key_type(enc: &str) -> Result<&'static str> {
    let found = TYPES.iter().find(|(name, others)| *name == enc || others.contains(&enc));
    let unknown = || Error::execution(format!("Incorrect encryption key type '{enc}'."));
    found.map(|(name, _)| *name).ok_or_else(unknown)
}

/// Hex digits of the digest of a key, with colons; `None` if the key is not base64.
///
/// # Errors
/// If there is no such digest.
pub(super) fn fingerprint(key: &str, kind: Option<&str>) -> Result<Option<String>> {
    let kind = kind.filter(|kind| !kind.is_empty()).unwrap_or("sha256").to_lowercase();
    let unknown =
        || Error::execution(format!("The fingerprint_hash_type {kind} is not supported."));
    digest::digest(&kind, b"").ok_or_else(unknown)?;
    let Ok(raw) = base64::engine::general_purpose::STANDARD.decode(key) else { return Ok(None) };
    let bytes = digest::digest(&kind, &raw).ok_or_else(unknown)?;
    let pairs: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Some(pairs.join(":")))
}

/// A user by name.
///
/// # Errors
/// If there is none.
pub(super) fn user(host: &dyn Read, name: &str) -> Result<User> {
    let unknown = || Error::execution(format!("User '{name}' does not exist"));
    host.user(name)?.ok_or_else(unknown)
}

/// The file with the keys of a user: `%u`, `%h` and `%%` are taken as sshd takes them.
///
/// # Errors
/// If there is no such user, and for other letters after `%`.
pub(super) fn key_file(host: &dyn Read, name: &str, config: &str) -> Result<PathBuf> {
    let user = user(host, name)?;
    let (mut path, mut chars) = (String::new(), config.chars());
    while let Some(c) = chars.next() {
        if c != '%' {
            path.push(c);
            continue;
        }
        match chars.next() {
            Some('%') => path.push('%'),
            Some('u') => path.push_str(name),
            Some('h') => path.push_str(&user.home.display().to_string()),
            Some(other) => {
                let what = format!("AuthorizedKeysFile path: unknown token character \"%{other}\"");
                return Err(Error::execution(what));
            }
            None => {
                let what = "AuthorizedKeysFile path: Last character can't be escape character";
                return Err(Error::execution(what));
            }
        }
    }
    Ok(user.home.join(path))
}

/// A key with what its line says of it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Key {
    pub(super) key: String,
    pub(super) enc: String,
    pub(super) comment: String,
    pub(super) options: Vec<String>,
    pub(super) fingerprint: String,
}

impl Key {
    /// What the line says, as functions give it.
    pub(super) fn facts(&self) -> Map {
        map! {
            "enc" => self.enc.as_str(), "comment" => self.comment.as_str(),
            "options" => self.options.clone(), "fingerprint" => self.fingerprint.as_str(),
        }
    }

    /// Its line.
    pub(super) fn line(&self) -> String {
        line(&self.key, &self.enc, &self.comment, &self.options)
    }
}

/// The line of a key.
pub(super) fn line(key: &str, enc: &str, comment: &str, options: &[String]) -> String {
    let options = match options {
        [] => String::new(),
        some => format!("{} ", some.join(",")),
    };
    format!("{options}{enc} {key} {comment}\n")
}

/// The keys of a text; of two lines with one key, the last counts.
///
/// # Errors
/// If there is no such digest.
pub(super) fn keys_of(text: &str, kind: Option<&str>) -> Result<Vec<Key>> {
    let mut found: Vec<Key> = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
        let Some((options, rest)) = split_key(line) else { continue };
        let mut words = rest.split_whitespace();
        let (Some(enc), Some(key)) = (words.next(), words.next()) else { continue };
        let Some(fingerprint) = fingerprint(key, kind)? else { continue };
        let options = options.split(',').filter(|_| !options.is_empty());
        let new = Key {
            key: key.into(),
            enc: enc.into(),
            comment: words.collect::<Vec<_>>().join(" "),
            options: options.map(str::to_owned).collect(),
            fingerprint,
        };
        match found.iter_mut().find(|have| have.key == key) {
            Some(have) => *have = new,
            None => found.push(new),
        }
    }
    Ok(found)
}

/// The keys of a file.
///
/// # Errors
/// If it cannot be read.
pub(super) fn keys_in(host: &dyn Read, path: &Path, kind: Option<&str>) -> Result<Vec<Key>> {
    let Ok(text) = host.read(path) else {
        let what = format!("Problem reading ssh key file {}", path.display());
        return Err(Error::execution(what));
    };
    keys_of(&String::from_utf8_lossy(&text), kind)
}

/// Writes a file that may be a link: what it leads to is written.
///
/// # Errors
/// As `write`.
pub(super) fn write(apply: &Apply<'_>, path: &Path, text: &str) -> Result<()> {
    let path = crate::support::paths::real(apply.cx.host, path);
    apply.host.write_atomic(&path, text.as_bytes(), None)
}

/// Makes the folders above a file; the last belongs to its user alone. Whether any was made.
///
/// # Errors
/// As `mkdir`.
pub(super) fn folder_above(apply: &Apply<'_>, file: &Path, owner: Option<&User>) -> Result<bool> {
    let Some(folder) = file.parent() else { return Ok(false) };
    if apply.host.metadata(folder)?.is_some_and(|found| found.is_dir()) {
        return Ok(false);
    }
    let mut missing: Vec<&Path> =
        folder.ancestors().take_while(|path| !apply.host.exists(path)).collect();
    while let Some(path) = missing.pop() {
        apply.host.create_dir(path, None)?;
    }
    if let Some(user) = owner {
        apply.host.chown(folder, Some(user.uid), Some(user.gid), true)?;
        apply.host.chmod(folder, 0o700)?;
    }
    Ok(true)
}

/// SELinux takes a new file or folder for what it is.
///
/// # Errors
/// If the program cannot be started.
pub(super) fn relabel(apply: &Apply<'_>, path: &Path) -> Result<()> {
    if let Some(program) = apply.cx.host.which("restorecon") {
        let words = [program.display().to_string(), path.display().to_string()];
        apply.host.run(&halite_core::host::Command::new(words))?;
    }
    Ok(())
}

/// An argument that is a list of options, or one.
pub(super) fn option_list(options: &Value) -> Vec<String> {
    match options {
        Value::List(items) => items.iter().map(Value::to_string).collect(),
        other if other.truthy() => vec![other.to_string()],
        _ => Vec::new(),
    }
}

/// The file with the known hosts; an answer for users where it cannot be told.
pub(super) fn hosts_file(
    cx: &Context<'_>,
    config: Option<&str>,
    name: Option<&str>,
) -> Result<PathBuf, Map> {
    let error = |text: String| map! {"status" => "error", "error" => text};
    let name = name.filter(|name| !name.is_empty());
    let default = if name.is_some() { ".ssh/known_hosts" } else { "/etc/ssh/ssh_known_hosts" };
    let path = Path::new(config.filter(|config| !config.is_empty()).unwrap_or(default));
    match name {
        _ if path.is_absolute() => Ok(path.to_owned()),
        Some(name) => match cx.host.user(name) {
            Ok(Some(user)) => Ok(user.home.join(path)),
            _ => Err(error(format!("User {name} does not exist"))),
        },
        None => Err(error("Cannot determine absolute path to file.".into())),
    }
}
