//! Batches that command lines run: what they tell of themselves is kept for `salt-run batch.*`.

use halite_core::{Jid, Map, Value};
use halite_wire::frame;

use super::Core;
use crate::store::{BATCHES, Write};

/// How their tags begin.
pub(super) const PREFIX: &str = "salt/batch/";

/// What is kept of a batch: figures, no lists.
const KEPT: [&str; 17] = [
    "jid",
    "fun",
    "tgt",
    "tgt_type",
    "total",
    "completed",
    "active",
    "pending",
    "failed",
    "batch_size",
    "halted",
    "halted_reason",
    "driver",
    "user",
    "created",
    "last_progress",
    "age_seconds",
];

impl Core {
    /// The batches that the store knows from before a restart; what is none, or one too many, is removed.
    pub(super) fn restore_batches(&mut self, mut jids: Vec<String>) {
        jids.sort();
        let most = self.settings.bounds.batches;
        let old = jids.len().saturating_sub(most);
        for (at, key) in jids.into_iter().enumerate() {
            match Jid::parse(&key) {
                Ok(jid) if at >= old => self.batches.push_back(jid),
                _ => self.store(Write::Remove { bank: BATCHES, key: Some(key) }),
            }
        }
    }

    /// A batch began, went on or ended.
    pub(super) fn batch_event(&mut self, tag: &str, body: &[u8]) {
        let Some((jid, what)) = tag.strip_prefix(PREFIX).and_then(|rest| rest.split_once('/'))
        else {
            return;
        };
        let Ok((_, data)) = frame::read_event(body) else { return };
        let (Ok(jid), Some(state)) = (Jid::parse(jid), data.get("state").and_then(Value::as_map))
        else {
            return;
        };
        if what == "new" && !self.batches.contains(&jid) {
            self.batches.push_back(jid.clone());
            if self.batches.len() > self.settings.bounds.batches {
                let old = self.batches.pop_front().map(|jid| jid.to_string());
                self.store(Write::Remove { bank: BATCHES, key: old });
            }
        }
        if !self.batches.contains(&jid) {
            return;
        }
        let kept = |name: &&str| Some((Value::str(*name), state.get(*name)?.clone()));
        let data: Map = KEPT.iter().filter_map(kept).collect();
        let at = self.now.0;
        self.store(Write::Put { bank: BATCHES, key: jid.to_string(), at, data });
    }
}
