//! Which tags a minion may fire on the master's bus: a list of what is allowed, not of what is not.
//!
//! Below `salt/`, where it has a meaning, only the forms that carry the sender's own id; else what users make up, but never what the
//! master itself or the legacy protocol gives a meaning to. Salt: `_minion_event` with its deny-list, which is
//! looser.

use halite_core::{Jid, MinionId};

use crate::limits;

/// Why a tag is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Too long, empty, or with control characters.
    #[error("it is no event tag")]
    NoTag,
    /// Below `salt/`, but not one of a minion's own forms.
    #[error(
        "`salt/` is reserved; a minion may fire salt/minion/ID/, salt/beacon/ID/, salt/job/JID/(prog|start)/ID"
    )]
    Reserved,
    /// A name with a meaning on the master's bus.
    #[error("the master gives this tag a meaning of its own")]
    Masters,
    /// A form for another minion's id.
    #[error("it names another minion than the sender")]
    OtherMinion,
}

/// First parts of tags outside `salt/` that belong to masters and syndics.
const MASTERS: [&str; 6] = ["key", "syndic", "new_job", "cluster", "new_key", "master"];
/// First parts whose second part must be the sender's id.
const OWN: [&str; 2] = ["minion", "resource"];

/// First parts below `salt/` that masters, minions or their tools give a meaning to.
const SALTS: [&str; 24] = [
    "auth",
    "batch",
    "beacon",
    "cloud",
    "cluster",
    "engine",
    "engines",
    "fileserver",
    "job",
    "key",
    "master",
    "minion",
    "netapi",
    "orch",
    "presence",
    "proxy",
    "queue",
    "reactor",
    "reactors",
    "run",
    "state_result",
    "stats",
    "syndic",
    "wheel",
];

/// Whether the minion `id` may fire `tag`.
///
/// # Errors
/// Why not.
pub fn minion_may_fire(id: &MinionId, tag: &str) -> Result<(), Refusal> {
    if tag.is_empty() || tag.len() > limits::TAG_BYTES || tag.chars().any(char::is_control) {
        return Err(Refusal::NoTag);
    }
    let parts: Vec<&str> = tag.split('/').collect();
    let own = |part: Option<&&str>| match part {
        Some(part) if **part == *id.as_str() => Ok(()),
        _ => Err(Refusal::OtherMinion),
    };
    match parts.as_slice() {
        ["salt", rest @ ..] => below_salt(id, rest),
        [first, second, ..] if OWN.contains(first) && matches!(*second, "refresh") => {
            own(parts.get(2))
        }
        [first, ..] if MASTERS.contains(first) || first.starts_with("__") => Err(Refusal::Masters),
        // Old masters fired returns under the bare jid.
        [first] if Jid::parse(first).is_ok() => Err(Refusal::Masters),
        [""] | ["", ..] => Err(Refusal::NoTag),
        _ => Ok(()),
    }
}

fn below_salt(id: &MinionId, rest: &[&str]) -> Result<(), Refusal> {
    let sender = match rest {
        ["minion" | "beacon" | "engine" | "proxy", sender, ..] => sender,
        // The engine `webhook`, which takes from anybody: such events say nothing about who sent them.
        ["engines", "hook", ..] => return Ok(()),
        ["job", jid, "prog" | "start", sender, ..] if Jid::parse(jid).is_ok() => sender,
        // A state with `fire_event`.
        ["state_result", jid, sender, ..] if Jid::parse(jid).is_ok() => sender,
        ["event", "new_client" | "exit", ..] => return Err(Refusal::Reserved),
        // What users make up, even here.
        [first, _, ..] if !SALTS.contains(first) => return Ok(()),
        _ => return Err(Refusal::Reserved),
    };
    if *sender == id.as_str() { Ok(()) } else { Err(Refusal::OtherMinion) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_allowed_by_a_list() {
        let id = MinionId::parse("web1").expect("is an id");
        let jid = "20261122000000000000";
        for good in [
            "minion_start",
            "minion_ping",
            "_salt_error",
            "my/deploy/done",
            "salt/test/event/x1",
            "fire_master",
            "salt/minion/web1/start",
            "salt/beacon/web1/load/",
            "minion/refresh/web1",
            "minion/other/thing",
            "salt/engines/hook/my/path",
            &format!("salt/job/{jid}/prog/web1/1"),
            &format!("salt/job/{jid}/start/web1"),
            &format!("salt/state_result/{jid}/web1/x"),
        ] {
            assert_eq!(minion_may_fire(&id, good), Ok(()), "{good}");
        }
        for (bad, why) in [
            ("", Refusal::NoTag),
            ("/x", Refusal::NoTag),
            ("a\n\nb", Refusal::NoTag),
            ("salt/minion/web2/start", Refusal::OtherMinion),
            ("salt/beacon/web2/load/", Refusal::OtherMinion),
            ("salt/beacon", Refusal::Reserved),
            ("minion/refresh/web2", Refusal::OtherMinion),
            ("minion/refresh", Refusal::OtherMinion),
            ("salt/auth", Refusal::Reserved),
            ("salt/engines/other", Refusal::Reserved),
            ("salt/reactors/manage/add", Refusal::Reserved),
            ("salt/key", Refusal::Reserved),
            ("salt", Refusal::Reserved),
            ("salt/run/1/ret", Refusal::Reserved),
            ("salt/wheel/1/ret", Refusal::Reserved),
            ("salt/cloud/x/created", Refusal::Reserved),
            ("salt/presence/change", Refusal::Reserved),
            ("salt/job/../prog/web1/1", Refusal::Reserved),
            (&format!("salt/job/{jid}/new"), Refusal::Reserved),
            (&format!("salt/job/{jid}/ret/web1"), Refusal::Reserved),
            (&format!("salt/job/{jid}/prog/web2/1"), Refusal::OtherMinion),
            (jid, Refusal::Masters),
            ("key", Refusal::Masters),
            ("syndic/web1/x", Refusal::Masters),
            ("__schedule_return", Refusal::Masters),
        ] {
            assert_eq!(minion_may_fire(&id, bad), Err(why), "{bad}");
        }
        assert_eq!(minion_may_fire(&id, &"x".repeat(2000)), Err(Refusal::NoTag));
    }
}
