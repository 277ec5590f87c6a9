//! Every tag the master makes, in one place. Salt: `salt.utils.event.tagify`, `TAGS`.

use halite_core::MinionId;

/// Every `_auth`.
pub const AUTH: &str = "salt/auth";
/// A key changed its state.
pub const KEY: &str = "salt/key";
/// The AES key was changed.
pub const ROTATED: &str = "key";
/// Who is connected, every `loop_interval`.
pub const PRESENT: &str = "salt/presence/present";
/// Who came and went.
pub const PRESENCE_CHANGE: &str = "salt/presence/change";

/// A minion fires more events than it may; ours.
pub const FLOOD: &str = "halite/minion/flood";

/// A job is about to be published.
pub fn job_new(jid: &str) -> String {
    format!("salt/job/{jid}/new")
}

/// A job as it is published.
pub fn job_publish(jid: &str) -> String {
    format!("salt/job/{jid}/publish")
}

/// A job was refused; `jid` may be empty.
pub fn job_error(jid: &str) -> String {
    format!("salt/job/{jid}/error")
}

/// A minion returned.
pub fn job_return(jid: &str, id: &str) -> String {
    format!("salt/job/{jid}/ret/{id}")
}

/// A state of a job failed on a minion.
pub fn job_sub_error(jid: &str, id: &str, fun: &str) -> String {
    format!("salt/job/{jid}/sub/{id}/error/{fun}")
}

/// What a runner or wheel function says: `kind` is `run` or `wheel`, `what` is `new`, `ret`, `args`.
pub fn master_function(kind: &str, jid: &str, what: &str) -> String {
    format!("salt/{kind}/{jid}/{what}")
}

/// Fresh data of a minion arrived in the cache.
pub fn minion_refresh(id: &MinionId) -> String {
    format!("minion/refresh/{id}")
}

/// Fresh resources of a minion arrived in the cache (3008).
pub fn resource_refresh(id: &MinionId) -> String {
    format!("resource/refresh/{id}")
}

/// Whether this is what a runner or wheel function came to: `salt/run/<jid>/ret`.
pub fn is_function_return(tag: &str) -> bool {
    let rest = tag.strip_prefix("salt/run/").or_else(|| tag.strip_prefix("salt/wheel/"));
    rest.and_then(|rest| rest.strip_suffix("/ret")).is_some_and(|jid| !jid.contains('/'))
}
