//! `status`: checks of how the machine is doing.

use halite_core::{Context, Map, Outcome, Result, StateModule, Value, Verdict, state};

/// The module.
pub static MODULE: StateModule = StateModule::new("status", &[&PROCESS]);

/// Checks that a process with a text in its command line runs.
#[state]
fn process<'a>(
    cx: &Context<'a>,
    /// The text.
    name: String,
) -> Result<Verdict<'a>> {
    let pids = super::process::find(cx.host, &name, None)?;
    let outcome = match pids.is_empty() {
        true => Outcome::new(Some(false), format!("Process signature \"{name}\" not found "))
            .with("data", Map::new()),
        false => Outcome::new(Some(true), format!("Process signature \"{name}\" was found "))
            .with("data", Value::from(pids.join("\n"))),
    };
    Ok(Verdict::Settled(outcome))
}
