//! `event`: fires on the master's bus.

use halite_core::{Context, ExecModule, Map, Result, function};

/// The module.
pub static MODULE: ExecModule = ExecModule::new("event", &[&SEND]);

/// Fires an event.
///
/// CLI Example:
///
/// ```text
/// salt-run event.send my/custom/event '{"foo": "bar"}'
/// ```
#[function]
fn send(cx: &Context<'_>, tag: String, #[default(Map::new())] data: Map) -> Result<bool> {
    cx.services.fire(&tag, data)?;
    Ok(true)
}
