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
    /// What was reached in this run: the bounds of queues, and what else is to happen now and then.
    pub(super) reached: BTreeSet<&'static str>,
    /// The jobs of this life of the master in their order: it remembers so many.
    order: Vec<String>,
    /// Returns that a full queue made room by, or that went down with a full disk or a power cut: told in the log.
    forgiven: BTreeSet<Run>,
    /// Jobs that must run, since they wait on a disk.
    queued: BTreeSet<Run>,
}

impl Ledger {
    pub(super) fn wrong(&mut self, what: String) {
        self.wrong.push(what);
    }

    pub(super) fn first_wrong(&self) -> Option<&String> {
        self.wrong.first()
    }

    /// Something happened that has to happen in some of the runs.
    pub(super) fn reached(&mut self, what: &'static str) {
        self.reached.insert(what);
    }

    fn published(&mut self, jid: &str, names: &[Value]) {
        let names = names.iter().map(ToString::to_string).collect();
        if self.jobs.insert(jid.to_owned(), names).is_none() {
            self.order.push(jid.to_owned());
        }
    }

    /// Another life of the master begins.
    pub(super) fn master_begins(&mut self) {
        self.order.clear();
    }

    /// Whether a master that remembers so many jobs still knows of this one, which it published itself.
    fn is_of_late(&self, jid: &str) -> bool {
        let newer = self.order.iter().rev().take_while(|known| *known != jid).count();
        newer < super::JOBS && newer < self.order.len()
    }

    /// Nobody is to miss this return: the log has told that it is gone.
    pub(super) fn forgive(&mut self, id: &str, jid: &str, why: &'static str) {
        self.reached(why);
        self.forgiven.insert((id.to_owned(), jid.to_owned()));
    }

    /// A job that was not kept as seen may run once more.
    pub(super) fn may_run_again(&mut self, id: &str, jid: &str) {
        self.ran.remove(&(id.to_owned(), jid.to_owned()));
    }

    /// A job waits on a minion's disk.
    pub(super) fn queued(&mut self, id: &str, jid: &str) {
        self.queued.insert((id.to_owned(), jid.to_owned()));
    }

    /// It is not there any more, since the disk did not take it.
    pub(super) fn unqueued(&mut self, id: &str, jid: &str) {
        self.queued.remove(&(id.to_owned(), jid.to_owned()));
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
            if length == most && most > 0 {
                self.reached.insert(name);
            }
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
            ["sim", "flood"] => self.wrong("a flood gets through".into()),
            ["salt", "job", jid, "new"] => {
                let names = data.get("minions").and_then(Value::as_list).unwrap_or_default();
                self.published(jid, names);
            }
            ["salt", "job", jid, "ret", of] => {
                if **of != *id || data.get("jid") != Some(&Value::str(jid)) {
                    self.wrong.push(format!("event {tag} comes from {id}: {data}"));
                }
                let again = !self.returned.insert((life, (id, (*jid).to_owned())));
                if again && self.is_of_late(jid) {
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

    /// Every return in the store stands under the name of who ran the job.
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
                let own = !self.jobs.contains_key(jid);
                if !own
                    && !self.is_forgiven(id, jid)
                    && !returns.iter().any(|found| found.id == *id)
                {
                    return Err(format!("the return of {id} for {jid} is lost"));
                }
            }
        }
        Ok(())
    }

    /// Whether the return of a job that came to its end may be missing.
    pub(super) fn is_forgiven(&self, id: &str, jid: &str) -> bool {
        self.forgiven.contains(&(id.to_owned(), jid.to_owned()))
    }

    /// The jobs that came to their end, by minion and jid.
    pub(super) fn all_finished(&self) -> impl Iterator<Item = &Run> {
        self.finished.iter()
    }

    /// Jobs that waited on a disk and never ran.
    pub(super) fn never_ran(&self) -> Vec<&Run> {
        self.queued.iter().filter(|run| !self.ran.contains_key(*run)).collect()
    }

    /// Jobs that came to their end.
    pub(super) fn count(&self) -> usize {
        self.finished.len()
    }
}
