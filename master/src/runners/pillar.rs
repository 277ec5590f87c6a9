//! `pillar`: compiles pillar on the master to look at it. Salt: `salt/runners/pillar.py` behaviour.

use halite_core::services::PillarRequest;
use halite_core::{Context, ExecModule, Map, MinionId, Result, Value, function};

use crate::services::MasterServices;
use crate::store::GRAINS;

/// The module.
pub static MODULE: ExecModule = ExecModule::new("pillar", &[&SHOW_PILLAR, &SHOW_TOP]);

/// The minion meant (the master itself for `*`) with its cached grains.
fn subject(cx: &Context<'_>, minion: &str) -> Result<(MinionId, Map)> {
    let master = MasterServices::of(cx)?;
    let id = if minion == "*" { cx.opts.str("id").to_owned() } else { minion.to_owned() };
    let cached = master.store().ok().and_then(|store| store.fetch(GRAINS, &id).ok().flatten());
    let mut grains = cached.map(|(_, grains)| grains).unwrap_or_default();
    grains.insert("id".into(), id.as_str().into());
    Ok((MinionId::parse(&id)?, grains))
}

/// Shows the pillar that a minion would get, by its cached grains.
///
/// CLI Example:
///
/// ```text
/// salt-run pillar.show_pillar minion1
/// salt-run pillar.show_pillar saltenv=dev
/// ```
#[function]
fn show_pillar(
    cx: &Context<'_>,
    #[default("*".into())] minion: String,
    #[kwargs] kwargs: Map,
) -> Result<Map> {
    let (id, mut grains) = subject(cx, &minion)?;
    let mut request = PillarRequest::default();
    for (name, value) in kwargs {
        match name.as_str() {
            Some("saltenv") => request.saltenv = Some(value.to_string()),
            Some("pillarenv") => request.pillarenv = Some(value.to_string()),
            Some("pillar_override" | "pillar") => {
                request.pillar_override = value.as_map().cloned().unwrap_or_default();
            }
            // Anything else stands for a grain, as in Salt.
            _ => drop(grains.insert(name, value)),
        }
    }
    Ok(MasterServices::of(cx)?.pillar_of(&id, grains, &request))
}

/// Shows the top files of the pillar as a minion has them, by environment and target.
///
/// CLI Example:
///
/// ```text
/// salt-run pillar.show_top
/// ```
#[function]
fn show_top(
    cx: &Context<'_>,
    #[default(None)] minion: Option<String>,
    #[default("base".into())] saltenv: String,
) -> Result<Value> {
    let (id, grains) = subject(cx, minion.as_deref().unwrap_or("*"))?;
    let request = PillarRequest { saltenv: Some(saltenv), ..PillarRequest::default() };
    Ok(MasterServices::of(cx)?.pillar_top(&id, grains, &request))
}
