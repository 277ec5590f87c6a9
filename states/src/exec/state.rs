//! `state`: the functions by which states are run.

use halite_core::{ExecModule, function};

/// The module.
pub static MODULE: ExecModule = ExecModule::new("state", &[&RUNNING]);

/// Lists the state runs that go on now.
#[function]
fn running(cx: &halite_core::Context<'_>) -> halite_core::Result<Vec<halite_core::Map>> {
    cx.services.running_jobs()
}
