//! Events that local programs write into the bus: passed on, and looked at where the master itself is meant.

use bytes::Bytes;
use halite_core::{Jid, MinionId, Value, map};
use halite_wire::frame;
use halite_wire::limits::Limits;
use halite_wire::msgpack::{self, Dialect};

use super::{Core, Output};
use crate::events::{Event, data_map, tag_of, tags};
use crate::store::{GRAINS, MINE, PILLAR, RESOURCES, Write};

/// Whether the master itself is meant by events of this tag.
fn is_looked_at(tag: &str) -> bool {
    tag.starts_with(super::batches::PREFIX)
        || tag == tags::KEY
        || tags::is_function_return(tag)
        || tag.contains(crate::reactor::MANAGE)
}

impl Core {
    /// A message from the pull socket, which only the master's own user can write to.
    pub(crate) fn local_event(&mut self, message: &Bytes) {
        // Most events are passed on as they came.
        if let Some(body) = frame::plain_body(message)
            && body.len() <= self.settings.event_bytes
            && tag_of(body).is_some_and(|tag| !is_looked_at(tag))
        {
            return self.output(Output::Bus(message.clone()));
        }
        let Ok(framed) = msgpack::decode(message, Dialect::Bus, &Limits::ACCEPTED) else {
            return tracing::warn!(
                "A local program wrote something into the event bus that is no event"
            );
        };
        let Ok(body) = frame::body_of(&framed) else {
            return tracing::warn!("A local program wrote an event without a body");
        };
        match tag_of(body) {
            None => return tracing::warn!("A local program wrote an event without a tag"),
            Some(tags::KEY) => self.key_event(body),
            Some(tag) if tag.starts_with(super::batches::PREFIX) => self.batch_event(tag, body),
            Some(tag) if tags::is_function_return(tag) => self.function_return(body),
            Some(tag) if tag.contains(crate::reactor::MANAGE) => {
                let Some(body) = self.manage_event(tag, body) else { return };
                return self.output(Output::Bus(Bytes::from(frame::pub_frame(&body))));
            }
            Some(_) => {}
        }
        let cause = frame::cause_of(&framed);
        if body.len() <= self.settings.event_bytes {
            let frame = frame::caused_frame(body, cause);
            return self.output(Output::Bus(Bytes::from(frame)));
        }
        let Ok((tag, data)) = frame::read_event(body) else {
            return tracing::warn!("A local program wrote an event whose data cannot be read");
        };
        if let Some(body) = self.body_of(&Event::new(tag, data_map(data))) {
            self.output(Output::Bus(Bytes::from(frame::caused_frame(&body, cause))));
        }
    }

    /// A runner talks to the reactor: only with the master's key, which goes no further. The body without it.
    fn manage_event(&mut self, tag: &str, body: &[u8]) -> Option<Vec<u8>> {
        let (_, data) = frame::read_event(body).ok()?;
        let mut data = crate::events::data_map(data);
        let key = data.shift_remove("key");
        let owner = key.as_ref().and_then(Value::as_str).and_then(|key| self.users.owner(key));
        if owner != Some(self.settings.user.as_str()) {
            tracing::error!(
                "received salt/reactors/manage event without matching master_key. discarding"
            );
            return None;
        }
        Some(frame::event_body(tag, &data))
    }

    /// A runner or wheel function came to its end: it is kept beside the jobs. Salt: `store_job` of its clients.
    fn function_return(&mut self, body: &[u8]) {
        let Ok((_, data)) = frame::read_event(body) else { return };
        let data = data_map(data);
        let jid = data.get("jid").and_then(Value::as_str).and_then(|jid| Jid::parse(jid).ok());
        let Some(jid) = jid.filter(|_| self.settings.job_cache) else { return };
        let id = self.settings.id.clone();
        let get = |name: &str| data.get(name).cloned().unwrap_or_default();
        let load = map! {
            "fun" => get("fun"), "arg" => Value::list([]), "tgt" => id.as_str(), "tgt_type" => "list",
            "user" => get("user"), "jid" => jid.as_str(),
        };
        let ret = map! {"fun" => get("fun"), "return" => data};
        let (jid, at) = (jid.to_string(), self.now.0);
        self.store(Write::Job { jid: jid.clone(), at, load, minions: Vec::new() });
        self.store(Write::Return { jid, id, at, ret });
    }

    /// A key tool changed a key: what it means for sessions holds at once, not at the next look at the folder.
    fn key_event(&mut self, body: &[u8]) {
        let Ok((_, data)) = frame::read_event(body) else { return };
        let id = data.get("id").and_then(Value::as_str).and_then(|id| MinionId::parse(id).ok());
        let act = data.get("act").and_then(Value::as_str).unwrap_or_default();
        if let Some(id) = id.filter(|_| matches!(act, "delete" | "reject" | "rejected" | "denied"))
        {
            self.forget(&id);
            if act == "delete" && !self.settings.preserve_cache {
                // Whoever takes the id later finds nothing of its predecessor.
                for bank in [GRAINS, PILLAR, MINE, RESOURCES] {
                    self.store(Write::Remove { bank, key: Some(id.to_string()) });
                }
            }
        }
        // The folder says what is so; the drop file, whether the fleet's key is to change.
        self.next_maintenance = self.now;
    }
}
