//! `ssh_auth`: keys with which users log in. Salt: `salt/states/ssh_auth.py` behaviour.

use std::collections::BTreeSet;

use halite_core::ssh::split_key;
use halite_core::{
    Apply, Context, Map, Outcome, Result, StateModule, Value, Verdict, args, map, state,
};

use crate::support::saltenv;

/// The module.
pub static MODULE: StateModule = StateModule::new("ssh_auth", &[&PRESENT, &ABSENT, &MANAGE]);

/// The note in which the module leaves a failure.
const ERROR: &str = "ssh_auth.error";

/// A key and whose it is to be.
#[derive(Clone, Debug)]
struct Key {
    name: String,
    user: String,
    enc: String,
    comment: String,
    source: String,
    options: Value,
    config: String,
    hash: Value,
    saltenv: String,
}

impl Key {
    /// Takes a whole line, or a key with a comment, apart.
    fn parsed(mut self, line: &str) -> Key {
        match split_key(line) {
            None => {
                let line = line.trim();
                let (name, comment) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
                self.name = name.to_owned();
                if !comment.trim().is_empty() {
                    self.comment = comment.trim_start().to_owned();
                }
            }
            Some((options, rest)) => {
                if !options.is_empty() {
                    self.options = options.split(',').collect::<Vec<_>>().into();
                }
                let (enc, rest) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
                let rest = rest.trim_start();
                let (name, comment) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
                (self.enc, self.name) = (enc.to_owned(), name.to_owned());
                if !comment.trim().is_empty() {
                    self.comment = comment.trim_start().to_owned();
                }
            }
        }
        self
    }

    fn options(&self) -> Value {
        if self.options.truthy() { self.options.clone() } else { Value::list([]) }
    }

    /// What setting the keys of the file would do, key by key.
    fn of_file(&self, cx: &Context<'_>) -> Result<Map> {
        let words = args![self.user.as_str(), self.source.as_str(), self.config.as_str();
            saltenv = self.saltenv.as_str(), fingerprint_hash_type = self.hash.clone()];
        cx.call("ssh.check_key_file", words)
    }

    fn check(&self, cx: &Context<'_>) -> Result<String> {
        let words = args![
            self.user.as_str(), self.name.as_str(), self.enc.as_str(), self.comment.as_str(), self.options();
            config = self.config.as_str(), fingerprint_hash_type = self.hash.clone()
        ];
        cx.call("ssh.check_key", words)
    }
}

/// What the module has left as its reason to fail.
fn reason(cx: &Context<'_>) -> Option<String> {
    let left = cx.job.note(ERROR).filter(Value::truthy)?;
    cx.job.change_note(ERROR, |note| *note = Value::Null);
    Some(left.to_string())
}

/// What test mode says of the keys of a file.
fn of_file(cx: &Context<'_>, key: &Key, gone: bool) -> Result<Outcome> {
    let keys = key.of_file(cx)?;
    let mut comment = String::new();
    for (name, status) in &keys {
        match (status.as_str(), gone) {
            (Some("exists"), false) | (Some("add"), true) => {}
            (_, true) => comment.push_str(&format!("Set to remove: {name}\n")),
            (_, false) => comment.push_str(&format!("Set to {status}: {name}\n")),
        }
    }
    if !comment.is_empty() {
        return Ok(Outcome::new(None, comment));
    }
    Ok(match reason(cx) {
        Some(why) => Outcome::new(Some(false), why),
        None => {
            let (file, state) = (&key.source, if gone { "absent" } else { "present" });
            Outcome::new(Some(true), format!("All host keys in file {file} are already {state}"))
        }
    })
}

fn would_be_present(cx: &Context<'_>, key: &Key) -> Result<Outcome> {
    if !key.source.is_empty() {
        return of_file(cx, key, false);
    }
    let (name, user) = (&key.name, &key.user);
    let (result, text) = match key.check(cx)?.as_str() {
        "update" => (None, format!("Key {name} for user {user} is set to be updated")),
        "add" => (None, format!("Key {name} for user {user} is set to be added")),
        _ => {
            let text = format!("The authorized host key {name} is already present for user {user}");
            (Some(true), text)
        }
    };
    Ok(Outcome::new(result, text))
}

fn would_be_absent(cx: &Context<'_>, key: &Key) -> Result<Outcome> {
    if !key.source.is_empty() {
        return of_file(cx, key, true);
    }
    Ok(match key.check(cx)?.as_str() {
        "add" => Outcome::new(Some(true), "Key is already absent"),
        _ => {
            let text = format!("Key {} for user {} is set for removal", key.name, key.user);
            Outcome::new(None, text)
        }
    })
}

/// Whether a file of the master can be had.
fn there(apply: &Apply<'_>, key: &Key) -> Result<bool> {
    let words = args![key.source.as_str(), Value::Null; saltenv = key.saltenv.as_str()];
    Ok(apply.call_value("cp.get_url", words)?.truthy())
}

fn set(apply: &Apply<'_>, key: &Key) -> Result<Outcome> {
    let (name, user) = (&key.name, &key.user);
    let data: String = if key.source.is_empty() {
        let words = args![user.as_str(), name.as_str();
            enc = key.enc.as_str(), comment = key.comment.as_str(), options = key.options(),
            config = key.config.as_str(), fingerprint_hash_type = key.hash.clone()];
        apply.call("ssh.set_auth_key", words)?
    } else if there(apply, key)? {
        let words = args![user.as_str(), key.source.as_str();
            config = key.config.as_str(), saltenv = key.saltenv.as_str(),
            fingerprint_hash_type = key.hash.clone(), options = key.options.clone()];
        apply.call("ssh.set_auth_key_from_file", words)?
    } else {
        "no key".to_owned()
    };
    let what = format!("The authorized host key {name} for user {user} was");
    Ok(match data.as_str() {
        "replace" => Outcome::done(format!("{what} updated"), map! {name.as_str() => "Updated"}),
        "new" => Outcome::done(format!("{what} added"), map! {name.as_str() => "New"}),
        "no change" => {
            let text = format!("The authorized host key {name} is already present for user {user}");
            Outcome::new(Some(true), text)
        }
        "no key" => {
            let file = &key.source;
            let text = format!("Failed to add the ssh key. Source file {file} is missing");
            Outcome::new(Some(false), text)
        }
        "fail" => {
            let unknown = "Failed to add the ssh key. Is the home directory available, and/or does the key file exist?";
            Outcome::new(Some(false), reason(apply).unwrap_or_else(|| unknown.to_owned()))
        }
        "invalid" | "Invalid public key" => {
            let text = "Invalid public ssh key, most likely has spaces or invalid syntax";
            Outcome::new(Some(false), text)
        }
        _ => Outcome::new(Some(true), ""),
    })
}

fn unset(apply: &Apply<'_>, key: &Key, named: &str) -> Result<Outcome> {
    let words = |what: &str| {
        args![key.user.as_str(), what; config = key.config.as_str(),
            fingerprint_hash_type = key.hash.clone()]
    };
    let said: String = if key.source.is_empty() {
        apply.call("ssh.rm_auth_key", words(&key.name))?
    } else if there(apply, key)? {
        let mut words = words(&key.source);
        words.named.insert("saltenv".into(), key.saltenv.as_str().into());
        apply.call("ssh.rm_auth_key_from_file", words)?
    } else {
        String::new()
    };
    let name = if key.source.is_empty() { &key.name } else { named };
    Ok(match said == "Key removed" {
        true => Outcome::done(said, map! {name => "Removed"}),
        false => Outcome::new(Some(true), said),
    })
}

/// Sees to it that a user can log in with a key.
///
/// ```yaml
/// ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIwjvPy ada@example.com:
///   ssh_auth.present:
///     - user: ada
/// ```
#[state]
fn present<'a>(
    cx: &Context<'a>,
    /// The key, or the whole line.
    name: String,
    /// Who logs in.
    user: String,
    /// The type of the key.
    #[default("ssh-rsa".into())]
    enc: String,
    #[default("".into())] comment: String,
    /// A file with keys, in place of the name.
    #[default("".into())]
    source: String,
    /// What the key is good for.
    #[default(Value::Null)]
    options: Value,
    /// The file, absolute or below the home of the user.
    #[default(".ssh/authorized_keys".into())]
    config: String,
    /// The digest of fingerprints.
    #[default(Value::Null)]
    fingerprint_hash_type: Value,
    #[kwargs] _kwargs: Map,
) -> Result<Verdict<'a>> {
    let saltenv = saltenv(cx);
    let hash = fingerprint_hash_type;
    let key =
        Key { name: name.clone(), user, enc, comment, source, options, config, hash, saltenv };
    let key = if key.source.is_empty() { key.parsed(&name) } else { key };
    let would = if cx.test() { would_be_present(cx, &key)? } else { Outcome::default() };
    Ok(Verdict::change(would, move |apply| set(apply, &key)))
}

/// Sees to it that a user cannot log in with a key.
#[state]
fn absent<'a>(
    cx: &Context<'a>,
    name: String,
    user: String,
    #[default("ssh-rsa".into())] enc: String,
    #[default("".into())] comment: String,
    #[default("".into())] source: String,
    #[default(Value::Null)] options: Value,
    #[default(".ssh/authorized_keys".into())] config: String,
    #[default(Value::Null)] fingerprint_hash_type: Value,
) -> Result<Verdict<'a>> {
    let saltenv = saltenv(cx);
    let hash = fingerprint_hash_type;
    let key =
        Key { name: name.clone(), user, enc, comment, source, options, config, hash, saltenv };
    let key = if key.source.is_empty() { key.parsed(&name) } else { key };
    let would = if cx.test() { would_be_absent(cx, &key)? } else { Outcome::default() };
    Ok(Verdict::change(would, move |apply| unset(apply, &key, &name)))
}

/// One key of many in the outcome of all.
fn join(all: &mut Outcome, one: Outcome) {
    match one.changes.is_empty() {
        false => all.changes.extend(one.changes),
        true => all.comment = format!("{}\n{}", all.comment, one.comment).trim().to_owned(),
    }
    match one.result {
        None => all.result = None,
        Some(false) => all.result = Some(false),
        Some(true) => {}
    }
}

/// Sees to it that a user can log in with these keys and no others.
#[state]
fn manage<'a>(
    cx: &Context<'a>,
    _name: String,
    /// The keys.
    ssh_keys: Vec<String>,
    user: String,
    #[default("ssh-rsa".into())] enc: String,
    #[default("".into())] comment: String,
    #[default("".into())] source: String,
    #[default(Value::Null)] options: Value,
    #[default(".ssh/authorized_keys".into())] config: String,
    #[default(Value::Null)] fingerprint_hash_type: Value,
    #[kwargs] _kwargs: Map,
) -> Result<Verdict<'a>> {
    let hash = fingerprint_hash_type;
    let words = args![user.as_str(), config.as_str(), hash.clone()];
    let held: Map = cx.call("ssh.auth_keys", words)?;
    let (saltenv, name) = (saltenv(cx), String::new());
    let base = Key { name, user, enc, comment, source, options, config, hash, saltenv };
    let named: BTreeSet<&str> = ssh_keys.iter().flat_map(|line| line.split(' ')).collect();
    let surplus: Vec<String> =
        held.keys().map(Value::to_string).filter(|key| !named.contains(key.as_str())).collect();
    let keys: Vec<Key> = ssh_keys
        .iter()
        .map(|line| match base.source.is_empty() {
            true => base.clone().parsed(line),
            false => Key { name: line.clone(), ..base.clone() },
        })
        .collect();
    let mut would = Outcome::new(Some(true), "");
    if cx.test() {
        for key in &surplus {
            would = Outcome::new(None, format!("{key} Key set for removal"));
        }
        for key in &keys {
            join(&mut would, would_be_present(cx, key)?);
        }
    }
    // Salt gives this state no name.
    Ok(Verdict::change(would.with("name", ""), move |apply| {
        let mut all = Outcome::new(Some(true), "");
        for name in surplus {
            let key = Key { name: name.clone(), ..base.clone() };
            let said = unset(apply, &key, &name)?.comment;
            all.changes.insert(name.into(), said.into());
        }
        for key in &keys {
            join(&mut all, set(apply, key)?);
        }
        Ok(all.with("name", ""))
    }))
}
