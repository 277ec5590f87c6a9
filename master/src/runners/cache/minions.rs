//! `cache`: looking at what the master keeps about minions. Salt: `salt/runners/cache.py` behaviour.

use halite_core::target::Target;
use halite_core::{Context, ExecModule, Map, MinionId, Result, Value, function};

use crate::core::nodegroups;
use crate::keys::KeyState;
use crate::services::MasterServices;
use crate::store as banks;
use crate::work::matching;

/// The module.
pub static MODULE: ExecModule = ExecModule::new("cache", &[&GRAINS, &MINE, &PILLAR]);

/// The minions of a target, among those that have an accepted key or cached data.
pub(crate) fn ids_of(cx: &Context<'_>, tgt: &Value, tgt_type: &str) -> Result<Vec<MinionId>> {
    let master = MasterServices::of(cx)?;
    let target = Target::parse(tgt, tgt_type, None, &nodegroups(&cx.opts.map("nodegroups")))?;
    let store = master.store()?;
    let mut ids = master.keys()?.list(KeyState::Accepted)?;
    let cached = store.keys(banks::GRAINS)?;
    ids.extend(cached.iter().filter_map(|id| MinionId::parse(id).ok()));
    ids.sort();
    ids.dedup();
    let found: Vec<MinionId> = matching(&target, &ids, &store).into_iter().cloned().collect();
    Ok(found)
}

fn data_of(cx: &Context<'_>, tgt: Option<Value>, tgt_type: &str, bank: &str) -> Result<Map> {
    let store = MasterServices::of(cx)?.store()?;
    let mut found = Map::new();
    for id in ids_of(cx, &tgt.unwrap_or_else(|| "*".into()), tgt_type)? {
        let data = store.fetch(bank, id.as_str())?.map(|(_, data)| data).unwrap_or_default();
        if bank != banks::MINE || !data.is_empty() {
            found.insert(id.into(), data.into());
        }
    }
    Ok(found)
}

/// Shows cached grains.
///
/// CLI Example:
///
/// ```text
/// salt-run cache.grains '*'
/// ```
#[function]
fn grains(
    cx: &Context<'_>,
    #[default(None)] tgt: Option<Value>,
    #[default("glob".into())] tgt_type: String,
    #[kwargs] kwargs: Map,
) -> Result<Map> {
    let _ = kwargs;
    data_of(cx, tgt, &tgt_type, banks::GRAINS)
}

/// Shows cached pillar.
///
/// CLI Example:
///
/// ```text
/// salt-run cache.pillar '*'
/// ```
#[function]
fn pillar(
    cx: &Context<'_>,
    #[default(None)] tgt: Option<Value>,
    #[default("glob".into())] tgt_type: String,
    #[kwargs] kwargs: Map,
) -> Result<Map> {
    let _ = kwargs;
    data_of(cx, tgt, &tgt_type, banks::PILLAR)
}

/// Shows cached mine data.
///
/// CLI Example:
///
/// ```text
/// salt-run cache.mine '*'
/// ```
#[function]
fn mine(
    cx: &Context<'_>,
    #[default(None)] tgt: Option<Value>,
    #[default("glob".into())] tgt_type: String,
    #[kwargs] kwargs: Map,
) -> Result<Map> {
    let _ = kwargs;
    data_of(cx, tgt, &tgt_type, banks::MINE)
}
