//! `cache`: entries of banks, and forgetting what is kept about minions. Salt: `salt/runners/cache.py` behaviour.

use halite_core::{Context, Error, ExecModule, Map, Result, Value, function};

use super::minions::ids_of;
use crate::services::MasterServices;
use crate::store::{GRAINS, MINE, PILLAR, PRESENCE, Write};

/// The module.
pub static MODULE: ExecModule = ExecModule::new(
    "cache",
    &[
        &STORE,
        &LIST,
        &FETCH,
        &CONTAINS,
        &UPDATED,
        &FLUSH,
        &CLEAR_PILLAR,
        &CLEAR_GRAINS,
        &CLEAR_MINE,
        &CLEAR_MINE_FUNC,
        &CLEAR_ALL,
        &CLEAR_GIT_LOCK,
    ],
);

/// Longest name of a bank or a key, bytes.
const NAME_BYTES: usize = 512;

fn named(bank: &str, key: &str) -> Result<()> {
    if bank.is_empty() || bank.len() > NAME_BYTES || key.len() > NAME_BYTES {
        return Err(Error::execution(format!("a bank and a key have 1 to {NAME_BYTES} bytes")));
    }
    if bank == PRESENCE {
        return Err(Error::execution(
            "`presence` is what the running master knows; it cannot be written",
        ));
    }
    Ok(())
}

/// Keeps a value under a key of a bank.
///
/// CLI Example:
///
/// ```text
/// salt-run cache.store mycache mykey 'The time has come the walrus said'
/// ```
#[function]
fn store(
    cx: &Context<'_>,
    bank: String,
    key: String,
    data: Value,
    #[default(None)] cachedir: Option<String>,
) -> Result<Value> {
    let _ = cachedir;
    named(&bank, &key)?;
    let at = jiff::Timestamp::now().as_microsecond();
    MasterServices::of(cx)?.write(vec![Write::Keep { bank, key, at, value: data }])?;
    Ok(Value::Null)
}

/// Lists the keys of a bank, such as `grains`, `pillar` or `mine`.
///
/// CLI Example:
///
/// ```text
/// salt-run cache.list grains
/// ```
#[function]
fn list_(
    cx: &Context<'_>,
    bank: String,
    #[default(None)] cachedir: Option<String>,
) -> Result<Vec<String>> {
    let _ = cachedir;
    MasterServices::of(cx)?.store()?.keys(&bank)
}

/// Shows an entry of a bank.
///
/// CLI Example:
///
/// ```text
/// salt-run cache.fetch grains minion1
/// ```
#[function]
fn fetch(
    cx: &Context<'_>,
    bank: String,
    key: String,
    #[default(None)] cachedir: Option<String>,
) -> Result<Value> {
    let _ = cachedir;
    let found = MasterServices::of(cx)?.store()?.fetch_any(&bank, &key)?;
    Ok(found.map_or_else(|| Map::new().into(), |(_, value)| value))
}

/// Whether a bank has a key.
///
/// CLI Example:
///
/// ```text
/// salt-run cache.contains grains minion1
/// ```
#[function]
fn contains(cx: &Context<'_>, bank: String, #[default(None)] key: Option<String>) -> Result<bool> {
    let store = MasterServices::of(cx)?.store()?;
    match key {
        Some(key) => Ok(store.fetch_any(&bank, &key)?.is_some()),
        None => Ok(!store.keys(&bank)?.is_empty()),
    }
}

/// When an entry was written, in seconds since 1970.
///
/// CLI Example:
///
/// ```text
/// salt-run cache.updated grains minion1
/// ```
#[function]
fn updated(cx: &Context<'_>, bank: String, key: String) -> Result<Option<i64>> {
    let found = MasterServices::of(cx)?.store()?.fetch_any(&bank, &key)?;
    Ok(found.map(|(at, _)| at / 1_000_000))
}

/// Forgets an entry, or a whole bank. Whether there was something.
///
/// CLI Example:
///
/// ```text
/// salt-run cache.flush mycache
/// salt-run cache.flush mycache mykey
/// ```
#[function]
fn flush(
    cx: &Context<'_>,
    bank: String,
    #[default(None)] key: Option<String>,
    #[default(None)] cachedir: Option<String>,
) -> Result<bool> {
    let _ = cachedir;
    named(&bank, key.as_deref().unwrap_or_default())?;
    let master = MasterServices::of(cx)?;
    let there = match &key {
        Some(key) => master.store()?.fetch_any(&bank, key)?.is_some(),
        None => !master.store()?.keys(&bank)?.is_empty(),
    };
    if there {
        master.write(vec![Write::Forget { bank, key }])?;
    }
    Ok(there)
}

/// Forgets entries of minions. `None` as target is nobody, as in Salt.
fn clear(
    cx: &Context<'_>,
    tgt: Option<Value>,
    tgt_type: &str,
    banks: &[&'static str],
) -> Result<bool> {
    let Some(tgt) = tgt else { return Ok(false) };
    let ids = ids_of(cx, &tgt, tgt_type)?;
    let pairs = ids.iter().flat_map(|id| banks.iter().map(move |bank| (*bank, id)));
    let writes = pairs.map(|(bank, id)| Write::Remove { bank, key: Some(id.to_string()) });
    MasterServices::of(cx)?.write(writes.collect())?;
    Ok(true)
}

macro_rules! clear {
    ($($name:ident $banks:expr, $doc:literal;)*) => { $(
        #[doc = $doc]
        #[function]
        fn $name(
            cx: &Context<'_>,
            #[default(None)] tgt: Option<Value>,
            #[default("glob".into())] tgt_type: String,
        ) -> Result<bool> {
            clear(cx, tgt, &tgt_type, $banks)
        }
    )* };
}

clear! {
    clear_pillar &[PILLAR], "Forgets the cached pillar of minions.\n\nCLI Example:\n\n```text\nsalt-run cache.clear_pillar tgt='*'\n```";
    clear_grains &[GRAINS], "Forgets the cached grains of minions.\n\nCLI Example:\n\n```text\nsalt-run cache.clear_grains tgt='*'\n```";
    clear_mine &[MINE], "Forgets the mine data of minions.\n\nCLI Example:\n\n```text\nsalt-run cache.clear_mine tgt='*'\n```";
    clear_all &[PILLAR, GRAINS, MINE], "Forgets pillar, grains and mine data of minions.\n\nCLI Example:\n\n```text\nsalt-run cache.clear_all tgt='*'\n```";
}

/// Forgets what minions put into the mine under one function's name.
///
/// CLI Example:
///
/// ```text
/// salt-run cache.clear_mine_func tgt='*' clear_mine_func_flag='network.interfaces'
/// ```
#[function]
fn clear_mine_func(
    cx: &Context<'_>,
    #[default(None)] tgt: Option<Value>,
    #[default("glob".into())] tgt_type: String,
    #[default(None)] clear_mine_func_flag: Option<String>,
) -> Result<bool> {
    let (Some(tgt), Some(field)) = (tgt, clear_mine_func_flag) else { return Ok(false) };
    let ids = ids_of(cx, &tgt, &tgt_type)?;
    let writes = ids.iter().map(|id| Write::RemoveField {
        bank: MINE,
        key: id.to_string(),
        field: field.clone(),
    });
    MasterServices::of(cx)?.write(writes.collect())?;
    Ok(true)
}

/// Removes locks of git repositories. There are none.
///
/// CLI Example:
///
/// ```text
/// salt-run cache.clear_git_lock gitfs
/// ```
#[function]
fn clear_git_lock(
    role: String,
    #[default(None)] remote: Option<String>,
    #[kwargs] kwargs: Map,
) -> Result<&'static str> {
    let _ = (remote, kwargs);
    match role.as_str() {
        "gitfs" | "git_pillar" | "winrepo" => Ok("No locks were removed"),
        _ => Err(Error::usage("cache.clear_git_lock", format!("Invalid role '{role}'"))),
    }
}
