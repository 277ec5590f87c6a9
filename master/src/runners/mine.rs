//! `mine`: what minions put into the mine. Salt: `salt/runners/mine.py` behaviour.

use halite_core::{Context, ExecModule, Map, Result, Value, function};

use super::cache::minions::ids_of;
use crate::client::Job;
use crate::services::MasterServices;
use crate::store::MINE;

/// The module.
pub static MODULE: ExecModule = ExecModule::new("mine", &[&GET, &UPDATE]);

/// Shows what minions put into the mine under a function's name.
///
/// CLI Example:
///
/// ```text
/// salt-run mine.get '*' network.interfaces
/// ```
#[function]
fn get(
    cx: &Context<'_>,
    tgt: Value,
    fun: String,
    #[default("glob".into())] tgt_type: String,
) -> Result<Map> {
    let store = MasterServices::of(cx)?.store()?;
    let mut found = Map::new();
    for id in ids_of(cx, &tgt, &tgt_type)? {
        let data =
            store.fetch(MINE, id.as_str())?.and_then(|(_, data)| data.get(fun.as_str()).cloned());
        if let Some(value) = data {
            // Data with a list of readers is wrapped.
            let value = value.get("__data__").cloned().unwrap_or(value);
            found.insert(id.into(), value);
        }
    }
    Ok(found)
}

/// Has minions put fresh data into the mine.
///
/// CLI Example:
///
/// ```text
/// salt-run mine.update '*'
/// ```
#[function]
fn update(
    cx: &Context<'_>,
    tgt: Value,
    #[default("glob".into())] tgt_type: String,
    #[default(false)] clear: bool,
    #[default(None)] mine_functions: Option<Map>,
) -> Result<bool> {
    let arg = vec![clear.into(), mine_functions.into()];
    let job = Job { tgt, ..Job::new("", &tgt_type, "mine.update", arg) };
    MasterServices::of(cx)?.run_job(&job, None)?;
    Ok(true)
}
