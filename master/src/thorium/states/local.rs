//! `local`: publishes jobs. Salt: `salt/thorium/local.py` behaviour.

use halite_core::{Context, Map, Outcome, Result, StateModule, Value, Verdict, state};

use crate::thorium::Thorium;
use crate::thorium::outlet::{Job, args};

/// The module.
pub static MODULE: StateModule = StateModule::new("local", &[&CMD]);

/// Publishes a job and does not wait for it; its id is in the changes.
///
/// ```yaml
/// run_remote_ex:
///   local.cmd:
///     - tgt: '*'
///     - func: test.ping
/// ```
#[state]
fn cmd<'a>(
    cx: &Context<'a>,
    /// Any name.
    name: String,
    /// Who is meant.
    tgt: Value,
    /// The function.
    func: String,
    /// Its arguments by position.
    #[default(Value::list([]))]
    arg: Value,
    /// How `tgt` is meant.
    #[default("glob".into())]
    tgt_type: String,
    /// Returners.
    #[default("".into())]
    ret: Value,
    /// Its arguments by name.
    #[default(Value::Null)]
    kwarg: Value,
    #[kwargs] kwargs: Map,
) -> Result<Verdict<'a>> {
    let _ = name;
    let thorium = Thorium::of(cx)?;
    let would = Outcome::would(format!("Would publish {func}"), Map::new());
    Ok(Verdict::change(would, move |_| {
        let args = args(&arg, kwarg.as_map().cloned().unwrap_or_default());
        let job = Job { tgt, tgt_type, fun: func, args, ret, rest: kwargs };
        let jid = thorium.outlet().publish(job)?;
        Ok(Outcome::done("", halite_core::map! {"jid" => jid}))
    }))
}
