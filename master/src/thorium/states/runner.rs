//! `runner`: begins runner functions. Salt: `salt/thorium/runner.py` behaviour.

use halite_core::{Context, Map, Outcome, Result, StateModule, Value, Verdict, state};

use crate::runner::Kind;
use crate::thorium::Thorium;
use crate::thorium::outlet::args;

/// The module.
pub static MODULE: StateModule = StateModule::new("runner", &[&CMD]);

/// Begins a runner function and does not wait for it. What else is given are its arguments by name.
///
/// ```yaml
/// act:
///   runner.cmd:
///     - func: state.orchestrate
///     - mods: orch.remediate
/// ```
#[state]
fn cmd<'a>(
    cx: &Context<'a>,
    /// The function, if `func` does not say it.
    name: String,
    /// The function.
    #[default(None)]
    func: Option<String>,
    /// Its arguments by position.
    #[default(Value::list([]))]
    arg: Value,
    #[kwargs] kwargs: Map,
) -> Result<Verdict<'a>> {
    let thorium = Thorium::of(cx)?;
    let fun = func.unwrap_or(name);
    let would = Outcome::would(format!("Would begin {fun}"), Map::new());
    Ok(Verdict::change(would, move |_| {
        thorium.outlet().begin(Kind::Runner, &fun, args(&arg, kwargs))?;
        Ok(Outcome::new(Some(true), ""))
    }))
}
