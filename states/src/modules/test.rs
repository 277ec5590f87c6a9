//! `test`: states that do nothing, to try out requisites with.

use halite_core::{Context, Result, StateModule, Verdict, state};

/// The module.
pub static MODULE: StateModule = StateModule::new("test", &[&NOP]);

/// Does nothing, successfully.
#[state]
fn nop<'a>(_cx: &Context<'a>, _name: String) -> Result<Verdict<'a>> {
    Ok(Verdict::correct("Success!"))
}
