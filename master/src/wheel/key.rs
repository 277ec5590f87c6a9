//! `key`: the keys of minions and of the master. Salt: `salt/wheel/key.py` behaviour.

use halite_core::{Apply, Context, Error, ExecModule, Map, MinionId, Result, Value, function, map};
use halite_wire::OsEntropy;
use halite_wire::crypto::{HashType, PrivateKey, RsaKey, fingerprint_body};

use crate::keys::{Changed, KeyChanges, KeyState, KeyStore, MasterKeys, Matches, of_map, to_map};
use crate::services::MasterServices;

/// The module.
pub static MODULE: ExecModule = ExecModule::new(
    "key",
    &[
        &ACCEPT,
        &ACCEPT_DICT,
        &DELETE,
        &DELETE_DICT,
        &FINGER,
        &FINGER_MASTER,
        &GEN,
        &GEN_ACCEPT,
        &GLOB_MATCH,
        &KEY_STR,
        &LIST,
        &LIST_ALL,
        &MASTER_KEY_STR,
        &NAME_MATCH,
        &REJECT,
        &REJECT_DICT,
    ],
);

fn keys(cx: &Context<'_>) -> Result<KeyStore> {
    MasterServices::of(cx)?.keys()
}

fn globs(text: Value) -> Vec<String> {
    match text {
        Value::List(items) => items.iter().map(ToString::to_string).collect(),
        other => vec![other.to_string()],
    }
}

/// The states of the given ids as they are now, which the functions that change keys return.
fn now(keys: &KeyStore, matches: &Matches, changed: &Changed) -> Result<Map> {
    if let Some(fault) = changed.faults.first() {
        return Err(Error::execution(fault.as_str()));
    }
    let ids: Vec<&MinionId> = matches.iter().flat_map(|(_, ids)| ids).collect();
    let mut found = Matches::new();
    for (state, mut there) in keys.list_all()? {
        there.retain(|id| ids.contains(&id));
        if !there.is_empty() {
            found.push((state, there));
        }
    }
    Ok(to_map(&found))
}

/// Lists keys by state: `accepted`, `pre`/`un`, `rejected`, `denied` or `all`.
///
/// CLI Example:
///
/// ```text
/// salt-run salt.cmd key.list all
/// ```
#[function]
fn list_(cx: &Context<'_>, match_: String) -> Result<Map> {
    let keys = keys(cx)?;
    let states: Vec<KeyState> = match match_.get(..3) {
        Some("acc") => vec![KeyState::Accepted],
        Some("pre") => vec![KeyState::Pending],
        Some("rej") => vec![KeyState::Rejected],
        Some("den") => vec![KeyState::Denied],
        Some("all") => KeyState::ALL.to_vec(),
        _ if match_.starts_with("un") => vec![KeyState::Pending],
        _ => Vec::new(),
    };
    let listed = states.into_iter().map(|state| Ok((state, keys.list(state)?)));
    Ok(to_map(&listed.collect::<Result<Matches>>()?))
}

/// Lists all keys: the minions' by state, and the files of the master's own.
///
/// CLI Example:
///
/// ```text
/// salt-run salt.cmd key.list_all
/// ```
#[function]
fn list_all(cx: &Context<'_>) -> Result<Map> {
    let keys = keys(cx)?;
    let mut found = map! {"local" => own_files(&keys)};
    for state in [KeyState::Pending, KeyState::Rejected, KeyState::Accepted, KeyState::Denied] {
        let ids = keys.list(state)?;
        found.insert(state.folder().into(), Value::list(ids.iter().map(Value::from)));
    }
    Ok(found)
}

fn own_files(keys: &KeyStore) -> Vec<String> {
    let entries = std::fs::read_dir(keys.pki_dir()).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> =
        names.filter(|name| name.ends_with(".pem") || name.ends_with(".pub")).collect();
    names.sort_by_key(|name| name.to_lowercase());
    names
}

/// Lists the keys whose ids fit a glob, by state.
///
/// CLI Example:
///
/// ```text
/// salt-run salt.cmd key.name_match 'web*'
/// ```
#[function]
fn name_match(cx: &Context<'_>, match_: Value) -> Result<Map> {
    Ok(to_map(&keys(cx)?.glob_match(&globs(match_))?))
}

/// Lists the keys whose ids fit a glob, by state.
///
/// CLI Example:
///
/// ```text
/// salt-run salt.cmd key.glob_match 'web*'
/// ```
#[function]
fn glob_match(cx: &Context<'_>, match_: Value) -> Result<Map> {
    Ok(to_map(&keys(cx)?.glob_match(&globs(match_))?))
}

/// Accepts the pending keys that fit a glob.
///
/// CLI Example:
///
/// ```text
/// salt-run salt.cmd key.accept minion1
/// ```
#[function]
fn accept(
    apply: &Apply<'_>,
    match_: Value,
    #[default(false)] include_rejected: bool,
    #[default(false)] include_denied: bool,
) -> Result<Map> {
    let keys = keys(apply.cx)?;
    let matches = keys.glob_match(&globs(match_))?;
    let changed =
        KeyChanges::new(apply.opts, &keys).accept(&matches, include_rejected, include_denied);
    now(&keys, &matches, &changed)
}

/// Accepts the keys of a dictionary from states to ids.
///
/// CLI Example:
///
/// ```text
/// salt-run salt.cmd key.accept_dict '{minions_pre: [jerry, stuart, bob]}'
/// ```
#[function]
fn accept_dict(
    apply: &Apply<'_>,
    match_: Map,
    #[default(false)] include_rejected: bool,
    #[default(false)] include_denied: bool,
) -> Result<Map> {
    let (keys, matches) = (keys(apply.cx)?, of_map(&match_)?);
    let changed =
        KeyChanges::new(apply.opts, &keys).accept(&matches, include_rejected, include_denied);
    now(&keys, &matches, &changed)
}

/// Rejects the pending keys that fit a glob.
///
/// CLI Example:
///
/// ```text
/// salt-run salt.cmd key.reject minion1
/// ```
#[function]
fn reject(
    apply: &Apply<'_>,
    match_: Value,
    #[default(false)] include_accepted: bool,
    #[default(false)] include_denied: bool,
) -> Result<Map> {
    let keys = keys(apply.cx)?;
    let matches = keys.glob_match(&globs(match_))?;
    let changed =
        KeyChanges::new(apply.opts, &keys).reject(&matches, include_accepted, include_denied)?;
    now(&keys, &matches, &changed)
}

/// Rejects the keys of a dictionary from states to ids.
///
/// CLI Example:
///
/// ```text
/// salt-run salt.cmd key.reject_dict '{minions_pre: [jerry, stuart, bob]}'
/// ```
#[function]
fn reject_dict(
    apply: &Apply<'_>,
    match_: Map,
    #[default(false)] include_accepted: bool,
    #[default(false)] include_denied: bool,
) -> Result<Map> {
    let (keys, matches) = (keys(apply.cx)?, of_map(&match_)?);
    let changed =
        KeyChanges::new(apply.opts, &keys).reject(&matches, include_accepted, include_denied)?;
    now(&keys, &matches, &changed)
}

/// Deletes the keys that fit a glob, in whatever state.
///
/// CLI Example:
///
/// ```text
/// salt-run salt.cmd key.delete minion1
/// ```
#[function]
fn delete(apply: &Apply<'_>, match_: Value) -> Result<Map> {
    let keys = keys(apply.cx)?;
    let matches = keys.glob_match(&globs(match_))?;
    let changed = KeyChanges::new(apply.opts, &keys).delete(&matches)?;
    now(&keys, &matches, &changed)
}

/// Deletes the keys of a dictionary from states to ids.
///
/// CLI Example:
///
/// ```text
/// salt-run salt.cmd key.delete_dict '{minions: [jerry, stuart, bob]}'
/// ```
#[function]
fn delete_dict(apply: &Apply<'_>, match_: Map) -> Result<Map> {
    let (keys, matches) = (keys(apply.cx)?, of_map(&match_)?);
    let changed = KeyChanges::new(apply.opts, &keys).delete(&matches)?;
    now(&keys, &matches, &changed)
}

/// What `show` makes of each key that fits, by state and id.
fn each(cx: &Context<'_>, match_: Value, show: impl Fn(&str) -> String) -> Result<Map> {
    let keys = keys(cx)?;
    let mut found = Map::new();
    for (state, ids) in keys.glob_match(&globs(match_))? {
        let mut shown = Map::new();
        for id in ids {
            if let Some(key) = keys.get(state, &id)? {
                shown.insert(id.into(), show(&key).into());
            }
        }
        found.insert(state.folder().into(), shown.into());
    }
    Ok(found)
}

fn hash_type(cx: &Context<'_>, given: Option<String>) -> HashType {
    let name = given.unwrap_or_else(|| cx.opts.str("hash_type").to_owned());
    HashType::parse(&name).unwrap_or_default()
}

/// Shows the public keys that fit a glob.
///
/// CLI Example:
///
/// ```text
/// salt-run salt.cmd key.key_str minion1
/// ```
#[function]
fn key_str(cx: &Context<'_>, match_: Value) -> Result<Map> {
    each(cx, match_, str::to_owned)
}

/// Shows the fingerprints of the keys that fit a glob.
///
/// CLI Example:
///
/// ```text
/// salt-run salt.cmd key.finger minion1
/// ```
#[function]
fn finger(
    cx: &Context<'_>,
    match_: Value,
    #[default(None)] hash_type: Option<String>,
) -> Result<Map> {
    let kind = self::hash_type(cx, hash_type);
    each(cx, match_, |key| fingerprint_body(key, kind))
}

/// Shows the fingerprint of the master's own public key.
///
/// CLI Example:
///
/// ```text
/// salt-run salt.cmd key.finger_master
/// ```
#[function]
fn finger_master(cx: &Context<'_>, #[default(None)] hash_type: Option<String>) -> Result<Map> {
    let kind = self::hash_type(cx, hash_type);
    let key = MasterKeys::public_text(cx.opts)?;
    Ok(map! {"local" => map! {"master.pub" => fingerprint_body(&key, kind)}})
}

/// Shows the master's own public key.
///
/// CLI Example:
///
/// ```text
/// salt-run salt.cmd key.master_key_str
/// ```
#[function]
fn master_key_str(cx: &Context<'_>) -> Result<Map> {
    Ok(map! {"local" => map! {"master.pub" => MasterKeys::public_text(cx.opts)?}})
}

/// Makes a key pair for a minion, private and public text.
fn pair(keysize: i64) -> Result<(String, String)> {
    let failed = |error: &dyn std::fmt::Display| {
        Error::execution(format!("cannot make a key pair: {error}"))
    };
    // Smaller ones are rounded up, as Salt does it.
    let bits = usize::try_from(keysize).unwrap_or(0).max(2048);
    let key = RsaKey::generate(bits, &mut OsEntropy::new()).map_err(|error| failed(&error))?;
    let private = key.to_pem().map_err(|error| failed(&error))?.to_string();
    Ok((private, key.public().pem().to_owned()))
}

/// Makes a key pair and shows it; nothing is stored.
///
/// CLI Example:
///
/// ```text
/// salt-run salt.cmd key.gen
/// ```
#[function]
fn gen_(#[default(None)] id_: Option<String>, #[default(2048)] keysize: i64) -> Result<Map> {
    let _ = id_;
    let (private, public) = pair(keysize)?;
    Ok(map! {"priv" => private, "pub" => public})
}

/// Makes a key pair for a new minion, accepts it, and shows it.
///
/// CLI Example:
///
/// ```text
/// salt-run salt.cmd key.gen_accept foo
/// ```
#[function]
fn gen_accept(
    apply: &Apply<'_>,
    id_: String,
    #[default(2048)] keysize: i64,
    #[default(false)] force: bool,
) -> Result<Map> {
    let id = MinionId::parse(&id_)?;
    let keys = keys(apply.cx)?;
    if !force && keys.get(KeyState::Accepted, &id)?.is_some() {
        return Ok(Map::new());
    }
    let (private, public) = pair(keysize)?;
    keys.put(KeyState::Accepted, &id, &public)?;
    Ok(map! {"priv" => private, "pub" => public})
}
