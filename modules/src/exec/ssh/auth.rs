//! `ssh`: keys with which users log in. Salt: `salt/modules/ssh.py`.

use std::path::Path;

use halite_core::{Apply, Context, Error, ExecModule, Map, Result, Value, args, function};

use super::shared::{
    Key, fingerprint, folder_above, here, key_file, key_type, keys_in, line, option_list, relabel,
    user as user_of, write,
};

/// The module.
pub static MODULE: ExecModule = ExecModule::new(
    "ssh",
    &[
        &AUTH_KEYS,
        &CHECK_KEY,
        &CHECK_KEY_FILE,
        &SET_AUTH_KEY,
        &SET_AUTH_KEY_FROM_FILE,
        &RM_AUTH_KEY,
        &RM_AUTH_KEY_FROM_FILE,
    ],
)
.available(here);

/// The note in which a failure is left for a state.
const ERROR: &str = "ssh_auth.error";

/// The keys that a user has; none if there is no file or no user.
fn held(cx: &Context<'_>, user: &str, config: &str, kind: Option<&str>) -> Result<Vec<Key>> {
    match key_file(cx.host, user, config) {
        Ok(file) if cx.host.metadata(&file)?.is_some_and(|found| found.is_file()) => {
            keys_in(cx.host, &file, kind)
        }
        _ => Ok(Vec::new()),
    }
}

fn facts(keys: &[Key]) -> Map {
    keys.iter().map(|key| (key.key.as_str().into(), key.facts().into())).collect()
}

/// Gives the keys with which a user may log in, or those of several users.
///
/// CLI Example:
///
/// ```text
/// salt '*' ssh.auth_keys root
/// ```
#[function]
fn auth_keys(
    cx: &Context<'_>,
    /// One user or a list of them; by default all.
    #[default(Value::Null)]
    user: Value,
    /// The file, absolute or below the home of the user.
    #[default(".ssh/authorized_keys".into())]
    config: String,
    /// The digest of fingerprints.
    #[default(None)]
    fingerprint_hash_type: Option<String>,
) -> Result<Map> {
    let kind = fingerprint_hash_type.as_deref();
    let names: Vec<String> = match &user {
        Value::List(names) => names.iter().map(Value::to_string).collect(),
        one if one.truthy() => return Ok(facts(&held(cx, &one.to_string(), &config, kind)?)),
        _ => cx.host.users()?.into_iter().map(|user| user.name).collect(),
    };
    let mut all = Map::new();
    for name in names {
        let there = key_file(cx.host, &name, &config).is_ok_and(|file| {
            cx.host.metadata(&file).is_ok_and(|f| f.is_some_and(|f| f.is_file()))
        });
        if there {
            let keys = held(cx, &name, &config, kind)?;
            all.insert(name.into(), facts(&keys).into());
        }
    }
    Ok(all)
}

fn checked(held: &[Key], key: &str, enc: &str, comment: &str, options: &[String]) -> &'static str {
    let wanted = line(key, enc, comment, options);
    match held.iter().find(|have| have.key == key) {
        None => "add",
        Some(have) if have.line() == wanted => "exists",
        Some(_) => "update",
    }
}

/// Says what setting a key would do: `add`, `update` or (nothing) `exists`.
///
/// CLI Example:
///
/// ```text
/// salt '*' ssh.check_key <user> <key> <enc> <comment> <options>
/// ```
#[function]
fn check_key(
    cx: &Context<'_>,
    user: String,
    key: String,
    enc: String,
    comment: String,
    options: Value,
    #[default(".ssh/authorized_keys".into())] config: String,
    #[default(Value::Null)] _cache_keys: Value,
    #[default(None)] fingerprint_hash_type: Option<String>,
) -> Result<String> {
    let enc = key_type(&enc)?;
    let held = held(cx, &user, &config, fingerprint_hash_type.as_deref())?;
    Ok(checked(&held, &key, enc, &comment, &option_list(&options)).to_owned())
}

/// The keys of a file of the master.
fn of_source(cx: &Context<'_>, path: &str, source: &str, kind: Option<&str>) -> Result<Vec<Key>> {
    let keys = keys_in(cx.host, Path::new(path), kind)?;
    if keys.is_empty() {
        let text = format!("No keys detected in {source}. Is file properly formatted?");
        cx.job.change_note(ERROR, |note| *note = text.into());
    }
    Ok(keys)
}

fn pulled(cx: &Context<'_>, source: &str, saltenv: &str) -> Result<String> {
    let cached: Value = cx.call("cp.cache_file", args![source, saltenv])?;
    let missing = || Error::execution("Failed to pull key file from salt file server");
    cached.as_str().filter(|path| !path.is_empty()).map(str::to_owned).ok_or_else(missing)
}

/// Says for each key of a file what setting it would do.
///
/// CLI Example:
///
/// ```text
/// salt '*' ssh.check_key_file root salt://ssh/keyfile
/// ```
#[function]
fn check_key_file(
    cx: &Context<'_>,
    user: String,
    /// The file.
    source: String,
    #[default(".ssh/authorized_keys".into())] config: String,
    #[default("base".into())] saltenv: String,
    #[default(None)] fingerprint_hash_type: Option<String>,
) -> Result<Map> {
    let kind = fingerprint_hash_type.as_deref();
    let Ok(path) = pulled(cx, &source, &saltenv) else { return Ok(Map::new()) };
    let held = held(cx, &user, &config, kind)?;
    let mut found = Map::new();
    for Key { key, enc, comment, options, .. } in of_source(cx, &path, &source, kind)? {
        let what = checked(&held, &key, key_type(&enc)?, &comment, &options);
        found.insert(key.into(), what.into());
    }
    Ok(found)
}

/// What a file with keys is set to.
struct Place<'a> {
    user: &'a str,
    config: &'a str,
    kind: Option<&'a str>,
}

/// Sets a key; gives `new`, `replace`, `no change`, `fail`, or what is wrong with it.
fn set(
    apply: &Apply<'_>,
    place: &Place<'_>,
    key: &str,
    enc: &str,
    comment: &str,
    options: &[String],
) -> Result<&'static str> {
    if key.split_whitespace().count() > 1 {
        return Ok("invalid");
    }
    let enc = key_type(enc)?;
    let Ok(user) = user_of(apply.cx.host, place.user) else { return Ok("fail") };
    if fingerprint(key, place.kind)?.is_none() {
        return Ok("Invalid public key");
    }
    let file = key_file(apply.cx.host, place.user, place.config)?;
    let new = line(key, enc, comment, options);
    let held = held(apply, place.user, place.config, place.kind)?;
    match checked(&held, key, enc, comment, options) {
        "exists" => return Ok("no change"),
        "update" => {
            rewrite(apply, &file, key, Some(&new))?;
            return Ok("replace");
        }
        _ => {}
    }
    let dir = |path: &Path| Ok::<_, Error>(apply.host.metadata(path)?.is_some_and(|f| f.is_dir()));
    if file.starts_with(&user.home) && !dir(&user.home)? {
        return Ok("fail");
    }
    if folder_above(apply, &file, Some(&user))? {
        relabel(apply, file.parent().unwrap_or(&file))?;
    }
    let old = apply.host.metadata(&file)?.is_some_and(|found| found.is_file());
    if !old {
        apply.host.write_atomic(&file, new.as_bytes(), Some(0o600))?;
        apply.host.chown(&file, Some(user.uid), Some(user.gid), true)?;
        relabel(apply, &file)?;
        return Ok("new");
    }
    let text = apply.cx.host.read(&file)?;
    let mut text = String::from_utf8_lossy(&text).into_owned();
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    write(apply, &file, &(text + &new))?;
    Ok("new")
}

/// Replaces the line of a key, or removes it; empty lines go.
fn rewrite(apply: &Apply<'_>, file: &Path, key: &str, new: Option<&str>) -> Result<()> {
    let text = apply.cx.host.read(file)?;
    let text = String::from_utf8_lossy(&text).into_owned();
    let mut out = String::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let rest = halite_core::ssh::split_key(line).map(|(_, rest)| rest);
        let own = rest.and_then(|rest| rest.split_whitespace().nth(1)) == Some(key);
        match (line.starts_with('#'), own, new) {
            (false, true, Some(new)) => out.push_str(new),
            (false, true, None) => {}
            // Salt drops lines that are no keys when it removes one.
            (false, false, None) if rest.is_none() => {}
            _ => out.push_str(&format!("{line}\n")),
        }
    }
    write(apply, file, &out)
}

/// Lets a user log in with a key.
///
/// CLI Example:
///
/// ```text
/// salt '*' ssh.set_auth_key <user> '<key>' enc='dsa'
/// ```
#[function]
fn set_auth_key(
    apply: &Apply<'_>,
    user: String,
    key: String,
    /// The type of the key.
    #[default("ssh-rsa".into())]
    enc: String,
    #[default("".into())] comment: String,
    /// What the key is good for.
    #[default(Value::Null)]
    options: Value,
    #[default(".ssh/authorized_keys".into())] config: String,
    #[default(Value::Null)] _cache_keys: Value,
    #[default(None)] fingerprint_hash_type: Option<String>,
) -> Result<String> {
    let place = Place { user: &user, config: &config, kind: fingerprint_hash_type.as_deref() };
    set(apply, &place, &key, &enc, &comment, &option_list(&options)).map(str::to_owned)
}

/// Lets a user log in with the keys of a file.
///
/// CLI Example:
///
/// ```text
/// salt '*' ssh.set_auth_key_from_file <user> salt://ssh_keys/<user>.id_rsa.pub
/// ```
#[function]
fn set_auth_key_from_file(
    apply: &Apply<'_>,
    user: String,
    source: String,
    #[default(".ssh/authorized_keys".into())] config: String,
    #[default("base".into())] saltenv: String,
    #[default(None)] fingerprint_hash_type: Option<String>,
    /// `options`: in place of those of the file.
    #[kwargs]
    kwargs: Map,
) -> Result<String> {
    let place = Place { user: &user, config: &config, kind: fingerprint_hash_type.as_deref() };
    let keys = of_source(apply, &pulled(apply, &source, &saltenv)?, &source, place.kind)?;
    if keys.is_empty() {
        return Ok("fail".into());
    }
    let given = option_list(kwargs.get("options").unwrap_or(&Value::Null));
    let mut said = Vec::new();
    for key in &keys {
        let options = if given.is_empty() { &key.options } else { &given };
        said.push(set(apply, &place, &key.key, &key.enc, &key.comment, options)?);
    }
    let found = ["fail", "replace", "new"].into_iter().find(|what| said.contains(what));
    Ok(found.unwrap_or("no change").into())
}

fn remove(apply: &Apply<'_>, place: &Place<'_>, key: &str) -> Result<&'static str> {
    let held = held(apply, place.user, place.config, place.kind)?;
    if !held.iter().any(|have| have.key == key) {
        return Ok("Key not present");
    }
    let file = key_file(apply.cx.host, place.user, place.config)?;
    Ok(match rewrite(apply, &file, key, None) {
        Ok(()) => "Key removed",
        Err(_) => "Key not removed",
    })
}

/// Takes a key from a user.
///
/// CLI Example:
///
/// ```text
/// salt '*' ssh.rm_auth_key <user> <key>
/// ```
#[function]
fn rm_auth_key(
    apply: &Apply<'_>,
    user: String,
    key: String,
    #[default(".ssh/authorized_keys".into())] config: String,
    #[default(None)] fingerprint_hash_type: Option<String>,
) -> Result<String> {
    let place = Place { user: &user, config: &config, kind: fingerprint_hash_type.as_deref() };
    remove(apply, &place, &key).map(str::to_owned)
}

/// Takes the keys of a file from a user.
///
/// CLI Example:
///
/// ```text
/// salt '*' ssh.rm_auth_key_from_file <user> salt://ssh_keys/<user>.id_rsa.pub
/// ```
#[function]
fn rm_auth_key_from_file(
    apply: &Apply<'_>,
    user: String,
    source: String,
    #[default(".ssh/authorized_keys".into())] config: String,
    #[default("base".into())] saltenv: String,
    #[default(None)] fingerprint_hash_type: Option<String>,
) -> Result<String> {
    let place = Place { user: &user, config: &config, kind: fingerprint_hash_type.as_deref() };
    let keys = of_source(apply, &pulled(apply, &source, &saltenv)?, &source, place.kind)?;
    if keys.is_empty() {
        return Ok("fail".into());
    }
    let mut said = Vec::new();
    for key in &keys {
        said.push(remove(apply, &place, &key.key)?);
    }
    let found = ["Key not removed", "Key removed"].into_iter().find(|what| said.contains(what));
    Ok(found.unwrap_or("Key not present").into())
}
