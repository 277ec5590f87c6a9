//! `state`: watching the bus. Salt: `salt.runners.state.event`, `salt.utils.state_event` behaviour.

use halite_core::value::{JsonStyle, to_json};
use halite_core::{Context, ExecModule, Result, Value, function};

use crate::services::MasterServices;

/// The module.
pub static MODULE: ExecModule = ExecModule::new("state", &[&EVENT]);

/// Prints events as they come, one a line: tag, tab, data as JSON.
///
/// CLI Example:
///
/// ```text
/// salt-run state.event pretty=True
/// salt-run state.event 'salt/job/*/ret/*' count=3
/// ```
#[function]
fn event(
    cx: &Context<'_>,
    /// Only tags that fit this glob.
    #[default("*".into())]
    tagmatch: String,
    /// End after so many; -1 never ends.
    #[default(-1)]
    count: i64,
    #[default(false)] quiet: bool,
    #[default(None)] sock_dir: Option<String>,
    #[default(false)] pretty: bool,
    #[default("master".into())] node: String,
) -> Result<Value> {
    let _ = (sock_dir, node);
    let master = MasterServices::of(cx)?;
    let mut left = count;
    master.client()?.watch(|tag, data| {
        if !halite_core::glob::fnmatch(tag, &tagmatch) {
            return left != 0;
        }
        if !quiet {
            let indent = pretty.then_some(4);
            let style =
                JsonStyle { indent, sort_keys: pretty, keep_unicode: false, compact: false };
            let json = to_json(&Value::from(data.clone()), style);
            master.print(&format!("{tag}\t{json}"));
        }
        left -= i64::from(left > 0);
        left != 0 && !cx.job.cancelled()
    })?;
    Ok(Value::Null)
}
