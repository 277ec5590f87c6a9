//! `state`: watching the bus. Salt: `salt.runners.state.event`, `salt.utils.state_event` behaviour.

use std::path::{Path, PathBuf};

use halite_core::value::{JsonStyle, to_json};
use halite_core::{Context, Error, ExecModule, Result, Value, function};

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
    /// The folder of the sockets, if it is not the usual one.
    #[default(None)]
    sock_dir: Option<String>,
    #[default(false)] pretty: bool,
    /// Whose bus on this machine: `master` or `minion`.
    #[default("master".into())]
    node: String,
) -> Result<Value> {
    let master = MasterServices::of(cx)?;
    let socket = socket(cx, sock_dir, &node)?;
    let mut left = count;
    master.client()?.watch_at(&socket, |tag, data| {
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

/// Where a minion has its sockets, unless `sock_dir` says otherwise.
const MINION_SOCKETS: &str = "/var/run/salt/minion";

/// The socket that gives the events of a bus. A minion's is named by a digest of its id: the only one there is meant.
fn socket(cx: &Context<'_>, sock_dir: Option<String>, node: &str) -> Result<PathBuf> {
    if node != "minion" {
        let folder = sock_dir.map_or_else(|| cx.opts.path("sock_dir"), PathBuf::from);
        return Ok(folder.join("master_event_pub.ipc"));
    }
    let folder = sock_dir.unwrap_or_else(|| MINION_SOCKETS.to_owned());
    let names = cx.host.read_dir(Path::new(&folder)).unwrap_or_default();
    let mut found = names
        .into_iter()
        .filter(|name| name.starts_with("minion_event_") && name.ends_with("_pub.ipc"));
    match (found.next(), found.next()) {
        (Some(name), None) => Ok(Path::new(&folder).join(name)),
        (None, _) => Err(Error::execution(format!("no minion has its bus in {folder} (sock_dir)"))),
        (Some(_), Some(_)) => {
            Err(Error::execution(format!("several minions have their bus in {folder} (sock_dir)")))
        }
    }
}
