//! What must hold, and what was seen: each step is held against it.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use halite_core::Value;
use halite_wire::frame;

use crate::store::Memory;

/// Who, and which job.
type Run = (String, String);

/// The truth about a run.
#[derive(Default)]
pub(super) struct Ledger {
    ran: BTreeMap<Run, u32>,
    finished: BTreeSet<Run>,
    jobs: BTreeMap<String, Vec<String>>,
    /// Events of returns, by the master's life.
    returned: BTreeSet<(u32, Run)>,
    /// Frames that the master took, by its life.
    taken: BTreeSet<(u32, Bytes)>,
    wrong: Vec<String>,
    /// The fullest that each queue was.
    pub(super) most: BTreeMap<&'static str, usize>,
}

impl Ledger {
    pub(super) fn wrong(&mut self, what: String) {
        self.wrong.push(what);
    }

    pub(super) fn first_wrong(&self) -> Option<&String> {
        self.wrong.first()
    }

    pub(super) fn published(&mut self, jid: &str, names: &[Value]) {
        let names = names.iter().map(ToString::to_string).collect();
        self.jobs.insert(jid.to_owned(), names);
    }

    pub(super) fn last_job(&self) -> Option<&String> {
        self.jobs.keys().next_back()
    }

    /// A job that this minion was not meant by.
    pub(super) fn job_not_for(&self, id: &str) -> Option<String> {
        let other = |(_, names): &(&String, &Vec<String>)| !names.iter().any(|name| name == id);
        self.jobs.iter().find(other).map(|(jid, _)| jid.clone())
    }

    /// The master took a request.
    pub(super) fn taken(&mut self, life: u32, frame: Bytes) {
        self.taken.insert((life, frame));
    }

    pub(super) fn was_taken(&self, life: u32, frame: &Bytes) -> bool {
        self.taken.contains(&(life, frame.clone()))
    }

    /// A job begins.
    pub(super) fn ran(&mut self, id: &str, jid: &str) {
        let count = self.ran.entry((id.to_owned(), jid.to_owned())).or_default();
        *count += 1;
        if *count > 1 {
            self.wrong.push(format!("job {jid} runs again on {id}"));
        }
    }

    /// A job is done; its return must come to the store.
    pub(super) fn finished(&mut self, id: &str, jid: &str) {
        self.finished.insert((id.to_owned(), jid.to_owned()));
    }

    /// Every queue is within its bound.
    pub(super) fn bounded<const N: usize>(
        &mut self,
        queues: [(&'static str, usize, usize); N],
        whose: &str,
    ) {
        for (name, length, most) in queues {
            if length > most {
                self.wrong.push(format!("{whose}: {length} {name}, {most} may be"));
            }
            let seen = self.most.entry(name).or_default();
            *seen = length.max(*seen);
        }
    }

    /// An event on the master's bus.
    pub(super) fn heard(&mut self, life: u32, event: &Bytes) {
        let Ok((body, _)) = frame::open_frame(event) else {
            return self.wrong("an event cannot be read".into());
        };
        let Ok((tag, data)) = frame::read_event(&body) else {
            return self.wrong("the body of an event cannot be read".into());
        };
        let id = data.get("id").map(ToString::to_string).unwrap_or_default();
        let inner = ["data", "return"].into_iter().filter_map(|name| data.get(name));
        for actor in inner.chain([&data]).filter_map(|data| data.get("actor")) {
            if *actor != Value::str(&id) {
                self.wrong.push(format!("event {tag} of {actor} is said to be of {id}"));
            }
        }
        match tag.split('/').collect::<Vec<_>>().as_slice() {
            ["salt", "minion", of, "start"] if **of != *id => {
                self.wrong.push(format!("event {tag} comes from {id}"));
            }
            ["salt", "job", jid, "ret", of] => {
                if **of != *id || data.get("jid") != Some(&Value::str(jid)) {
                    self.wrong.push(format!("event {tag} comes from {id}: {data}"));
                }
                if !self.returned.insert((life, (id, (*jid).to_owned()))) {
                    self.wrong.push(format!("{tag} is told twice"));
                }
            }
            _ => {}
        }
    }

    /// Who of the job's minions has not run it.
    pub(super) fn not_run(&self, jid: &str) -> Vec<&String> {
        let meant = self.jobs.get(jid).into_iter().flatten();
        meant.filter(|id| !self.finished.contains(&((*id).clone(), jid.to_owned()))).collect()
    }

    /// The return of every job that came to its end is in the store, under the name of who ran it.
    pub(super) fn settled(&self, store: &Memory) -> Result<(), String> {
        let jids: BTreeSet<&String> =
            self.jobs.keys().chain(self.finished.iter().map(|(_, jid)| jid)).collect();
        for jid in jids {
            let returns = store.reader().returns(jid).map_err(|error| error.to_string())?;
            for found in &returns {
                let actor = found.ret.get("return").and_then(|ret| ret.get("actor"));
                if actor != Some(&Value::str(&found.id)) {
                    return Err(format!(
                        "the return of {jid} kept for {} is {:?}",
                        found.id, found.ret
                    ));
                }
            }
            for (id, _) in self.finished.iter().filter(|(_, of)| of == jid) {
                if !returns.iter().any(|found| found.id == *id) {
                    return Err(format!("the return of {id} for {jid} is lost"));
                }
            }
        }
        Ok(())
    }

    /// Jobs that came to their end.
    pub(super) fn count(&self) -> usize {
        self.finished.len()
    }
}
