//! `key`: rejects or deletes the keys of minions that went silent. Salt: `salt/thorium/key.py` behaviour.

use halite_core::{
    Apply, Context, Error, Map, MinionId, Outcome, Result, StateModule, Value, Verdict, state,
};

use crate::keys::{KeyChanges, KeyState, KeyStore};
use crate::services::MasterServices;
use crate::thorium::order::number;
use crate::thorium::{Thorium, seconds};

/// The module.
pub static MODULE: StateModule = StateModule::new("key", &[&TIMEOUT]);

/// Deletes or rejects keys of minions whose status is older than so many seconds; needs `status.reg`.
///
/// ```yaml
/// clean_keys:
///   key.timeout:
///     - delete: 300
///     - require:
///       - status: statreg
/// ```
#[state]
fn timeout<'a>(
    cx: &Context<'a>,
    /// Any name.
    name: String,
    /// Seconds after which a key is deleted; 0 for never.
    #[default(0.into())]
    delete: Value,
    /// Seconds after which a key is rejected; 0 for never.
    #[default(0.into())]
    reject: Value,
) -> Result<Verdict<'a>> {
    let _ = name;
    let limit = |what: &str, value: &Value| {
        let limit = number(value).filter(|seconds| *seconds >= 0.0);
        limit.ok_or_else(|| Error::execution(format!("{what}: {} is no time", value.repr())))
    };
    let (delete, reject) = (limit("delete", &delete)?, limit("reject", &reject)?);
    let thorium = Thorium::of(cx)?;
    if thorium.registers().get("status").is_none() {
        return Ok(Verdict::fail("Value status not in register"));
    }
    let now = seconds(cx);
    Ok(Verdict::change(Outcome::would("Would look at the keys", Map::new()), move |apply| {
        let keys = MasterServices::of(apply.cx)?.keys()?;
        let old = silent(thorium, &keys, now)?;
        let over = |limit: f64| {
            let late = old.iter().filter(move |(_, age)| limit > 0.0 && *age > limit);
            late.map(|(id, _)| id.clone()).collect::<Vec<MinionId>>()
        };
        let mut outcome = Outcome::new(Some(true), "");
        act(apply, &keys, thorium, ("deleted", over(delete)), &mut outcome)?;
        act(apply, &keys, thorium, ("rejected", over(reject)), &mut outcome)?;
        Ok(outcome)
    }))
}

/// The note of when a minion without any status was seen first.
fn note(id: &MinionId) -> String {
    format!("key/{id}")
}

/// Accepted minions with the time since their last status, or since they were first seen without one.
fn silent(thorium: &Thorium, keys: &KeyStore, now: f64) -> Result<Vec<(MinionId, f64)>> {
    let status = thorium.registers().get("status").map(|kept| kept.value()).unwrap_or_default();
    let mut found = Vec::new();
    for id in keys.list(KeyState::Accepted)? {
        let told = status.get(id.as_str()).and_then(|last| last.get("recv_time")?.as_f64());
        let since = match told {
            Some(time) => time,
            None => thorium.since(&note(&id), now)?,
        };
        found.push((id, now - since));
    }
    Ok(found)
}

fn act(
    apply: &Apply<'_>,
    keys: &KeyStore,
    thorium: &Thorium,
    (word, ids): (&str, Vec<MinionId>),
    outcome: &mut Outcome,
) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    let changes = KeyChanges::new(apply.opts, keys);
    let matches = vec![(KeyState::Accepted, ids)];
    let changed = match word {
        "deleted" => changes.delete(&matches)?,
        _ => changes.reject(&matches, true, false)?,
    };
    for id in &changed.ids {
        tracing::warn!(%id, "Thorium: the minion was silent for too long; its key is {word}");
        thorium.registers().take("status", id.as_str());
        thorium.set_since(&note(id), None);
        outcome.changes.insert(id.as_str().into(), word.into());
    }
    match changed.faults.first() {
        Some(fault) => Err(Error::execution(fault.as_str())),
        None => Ok(()),
    }
}
