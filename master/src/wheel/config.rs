//! `config`: the master's options.

use halite_core::{Context, ExecModule, Map, function};

/// The module.
pub static MODULE: ExecModule = ExecModule::new("config", &[&VALUES]);

/// All options.
///
/// CLI Example:
///
/// ```text
/// salt-run salt.cmd config.items
/// ```
#[function]
fn values(cx: &Context<'_>) -> Map {
    (**cx.opts.values()).clone()
}
