//! `stateconf`: states that the renderer `stateconf` reads; they do nothing themselves.

use halite_core::{Context, Map, Result, StateModule, Value, Verdict, state};

/// The module.
pub static MODULE: StateModule = StateModule::new("stateconf", &[&SET, &CONTEXT]);

/// Sets parameters of the file.
///
/// ```yaml
/// .params:
///   stateconf.set:
///     - port: 80
/// ```
#[state]
fn set<'a>(_cx: &Context<'a>, _name: Value, #[kwargs] _kwargs: Map) -> Result<Verdict<'a>> {
    Ok(Verdict::correct(""))
}

/// The same under its older name.
#[state]
fn context<'a>(_cx: &Context<'a>, _name: Value, #[kwargs] _kwargs: Map) -> Result<Verdict<'a>> {
    Ok(Verdict::correct(""))
}
