//! `minions`: who is connected.

use halite_core::{Context, ExecModule, Result, function};

use crate::services::MasterServices;
use crate::store::PRESENCE;

/// The module.
pub static MODULE: ExecModule = ExecModule::new("minions", &[&CONNECTED]);

/// Lists the minions that are connected.
///
/// CLI Example:
///
/// ```text
/// salt-run manage.present
/// ```
#[function]
fn connected(cx: &Context<'_>) -> Result<Vec<String>> {
    MasterServices::of(cx)?.store()?.keys(PRESENCE)
}
