//! Events about finished states on the master's bus.

use halite_core::{Apply, Map, Value, map};

/// Tells the master of one finished state, if the run or the state asks for it. A bus that cannot
/// be reached does not fail a state. Salt: `State.event` behaviour.
pub(crate) fn fire(apply: &Apply<'_>, ret: &Map, total: usize, fire_event: Option<&Value>) {
    let opts = apply.opts;
    let wish = fire_event.filter(|wish| wish.truthy());
    if opts.bool("local")
        || opts.str("file_client") == "local"
        || !(opts.bool("state_events") || wish.is_some())
    {
        return;
    }
    let (jid, id) = (&apply.job.jid, opts.str("id"));
    let get = |key: &str| ret.get(key).cloned().unwrap_or_default();
    let mut data = map! {"ret" => ret.clone()};
    let tag = match wish {
        Some(Value::Bool(true)) => format!("salt/state_result/{jid}/{id}/{}", get("name")),
        Some(Value::Str(own)) => format!("salt/state_result/{jid}/{id}/{own}"),
        _ => {
            data.insert("len".into(), total.into());
            format!("salt/job/{jid}/prog/{id}/{}", get("__run_num__"))
        }
    };
    if let Err(error) = apply.services.fire_master(&tag, data) {
        tracing::warn!("the event {tag} could not be sent: {error}");
    }
}
