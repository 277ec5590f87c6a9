//! `doc`: what functions there are, and what they do. Salt: `salt/runners/doc.py` behaviour.

use halite_core::{Context, ExecModule, Map, Result, Value, function};

use crate::client::Job;
use crate::runner::{Kind, docs};
use crate::services::MasterServices;

/// The module.
pub static MODULE: ExecModule = ExecModule::new("doc", &[&EXECUTION, &RUNNER, &WHEEL]);

/// The documentation of the runner functions.
///
/// CLI Example:
///
/// ```text
/// salt-run doc.runner
/// ```
#[function]
fn runner() -> Map {
    docs(Kind::Runner, "")
}

/// The documentation of the wheel functions.
///
/// CLI Example:
///
/// ```text
/// salt-run doc.wheel
/// ```
#[function]
fn wheel() -> Map {
    docs(Kind::Wheel, "")
}

/// The documentation of the execution functions of all minions together.
///
/// CLI Example:
///
/// ```text
/// salt-run doc.execution
/// ```
#[function]
fn execution(cx: &Context<'_>) -> Result<Map> {
    let (returns, _) =
        MasterServices::of(cx)?.run_job(&Job::new("*", "glob", "sys.doc", Vec::new()), None)?;
    let mut found = Map::new();
    for (_, data) in returns {
        let functions = data.get("return").and_then(Value::as_map).cloned().unwrap_or_default();
        found.extend(functions);
    }
    found.sort_keys_by_text();
    Ok(found)
}

/// Sorting by key, as listings of functions are.
trait SortByText {
    fn sort_keys_by_text(&mut self);
}

impl SortByText for Map {
    fn sort_keys_by_text(&mut self) {
        self.sort_by_cached_key(|key, _| key.to_string());
    }
}
