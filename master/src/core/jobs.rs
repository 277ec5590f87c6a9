//! The jobs of late: who may return what, who already did, and which jid comes next.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use halite_core::target::{Known, Target};
use halite_core::{Jid, Map, MinionId, Value};

use super::{Core, Now, ReqId};
use crate::store::Job;

/// Jobs of which it is remembered who returned; for older ones the store drops the second return.
const RETURNS_REMEMBERED: usize = 256;

/// A job of late.
#[derive(Clone, Debug)]
pub(crate) struct KnownJob {
    /// Who is meant.
    pub(crate) target: Option<Arc<Target>>,
    /// The minion that published it, if one did.
    pub(crate) by: Option<MinionId>,
    returned: HashSet<MinionId>,
}

impl KnownJob {
    /// Two lists make one; what cannot be put together is open to all, as in Salt.
    fn widen(&mut self, target: Option<Arc<Target>>) {
        let more = target.as_ref().and_then(|target| target.listed());
        match (self.target.as_mut().map(Arc::make_mut), more) {
            (Some(Target::List(ids)), Some(more)) => ids.extend_from_slice(more),
            _ => self.target = None,
        }
    }
}

/// May this return be taken?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Take {
    /// Yes.
    Yes,
    /// It came before.
    Again,
    /// The job was not for this minion.
    NotMeant,
}

/// A minion that waits for the returns of its own publish.
#[derive(Debug)]
pub(crate) struct Sync {
    pub(crate) req: ReqId,
    pub(crate) who: MinionId,
    pub(crate) nonce: halite_wire::Nonce,
    pub(crate) expected: HashSet<String>,
    pub(crate) full: bool,
    pub(crate) got: Map,
    pub(crate) until: Now,
}

/// Jobs by jid, the newest of them.
pub(crate) struct JobTable {
    /// How many.
    most: usize,
    by_jid: HashMap<String, KnownJob>,
    order: VecDeque<String>,
    /// Who returned what lately of jobs that are not known: older ones, or lost with a crash before they were
    /// written. Apart, so that minions cannot push known jobs out.
    strange: HashSet<(String, MinionId)>,
    strange_order: VecDeque<(String, MinionId)>,
    pub(crate) waiting: HashMap<String, Sync>,
}

impl JobTable {
    /// An empty table for so many jobs.
    pub(crate) fn of(most: usize) -> JobTable {
        JobTable {
            most,
            by_jid: HashMap::new(),
            order: VecDeque::new(),
            strange: HashSet::new(),
            strange_order: VecDeque::new(),
            waiting: HashMap::new(),
        }
    }

    /// A job was published. One under a known jid is a further part of it (a batch): whoever was meant before
    /// still is.
    pub(crate) fn began(&mut self, jid: &str, target: Option<Arc<Target>>, by: Option<MinionId>) {
        if let Some(known) = self.by_jid.get_mut(jid) {
            known.widen(target);
            return;
        }
        let job = KnownJob { target, by, returned: HashSet::new() };
        self.by_jid.insert(jid.to_owned(), job);
        self.order.push_back(jid.to_owned());
        while self.order.len() > self.most {
            if let Some(oldest) = self.order.pop_front() {
                self.by_jid.remove(&oldest);
            }
        }
        // Names of who returned are the large part: only the newest keep them.
        if self.order.len() > RETURNS_REMEMBERED {
            let at = self.order.len() - RETURNS_REMEMBERED - 1;
            if let Some(job) = self.by_jid.get_mut(&self.order[at]) {
                job.returned = HashSet::new();
            }
        }
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        let (known, strange) = (self.by_jid.len(), self.strange.len());
        known.max(self.order.len()).max(strange).max(self.strange_order.len())
    }

    pub(crate) fn get(&self, jid: &str) -> Option<&KnownJob> {
        self.by_jid.get(jid)
    }

    /// Takes note of a return. A target over data which the master may not have up to date leaves it open who is
    /// meant; then the minion's own word that it matched is taken, as Salt takes it for every job.
    pub(crate) fn take(&mut self, jid: &str, id: &MinionId) -> Take {
        let Some(job) = self.by_jid.get_mut(jid) else { return self.take_strange(jid, id) };
        let who = Known { id, grains: None, pillar: None };
        if job.target.as_ref().is_some_and(|target| target.decide(&who) == Some(false)) {
            return Take::NotMeant;
        }
        if job.returned.insert(id.clone()) { Take::Yes } else { Take::Again }
    }

    /// The same for a job that is not known: the minion's word is taken, once.
    fn take_strange(&mut self, jid: &str, id: &MinionId) -> Take {
        let key = (jid.to_owned(), id.clone());
        if !self.strange.insert(key.clone()) {
            return Take::Again;
        }
        self.strange_order.push_back(key);
        if self.strange_order.len() > self.most
            && let Some(oldest) = self.strange_order.pop_front()
        {
            self.strange.remove(&oldest);
        }
        Take::Yes
    }

    /// Jobs from before a restart.
    pub(crate) fn restore(&mut self, jobs: Vec<Job>) {
        for job in jobs {
            if self.by_jid.contains_key(&job.jid) {
                continue;
            }
            let text = |name| job.load.get(name).and_then(Value::as_str);
            let tgt = job.load.get("tgt").cloned().unwrap_or_default();
            // Nodegroups may have changed since; such a job is open to all, as one over data is.
            let none = halite_core::target::Nodegroups::new();
            let target = Target::parse(&tgt, text("tgt_type").unwrap_or("glob"), None, &none).ok();
            // What is known from a return only, since the job itself was not written before a crash, does not tell
            // who else was meant.
            let target = target.filter(|_| text("cmd") != Some("_return"));
            let by = text("id").and_then(|id| MinionId::parse(id).ok());
            self.began(&job.jid, target.map(Arc::new), by);
        }
    }
}

impl Core {
    /// Adds a return to the publish of a minion that waits for it.
    pub(crate) fn sync_return(&mut self, jid: &str, id: &MinionId, ret: &Map) {
        let Some(sync) = self.jobs.waiting.get_mut(jid) else { return };
        let value = if sync.full {
            ret.clone().into()
        } else {
            ret.get("return").cloned().unwrap_or_default()
        };
        sync.got.insert(id.into(), value);
        sync.expected.remove(id.as_str());
        if sync.expected.is_empty() {
            self.end_sync(jid);
        }
    }

    fn end_sync(&mut self, jid: &str) {
        let Some(mut sync) = self.jobs.waiting.remove(jid) else { return };
        if sync.full {
            sync.got.insert("__jid__".into(), jid.into());
        }
        self.answer_minion(sync.req, &sync.who, &sync.nonce, &sync.got.into());
    }
}

impl JobTable {
    /// Jids of synchronous publishes whose time is over.
    fn late(&self, now: Now) -> Vec<String> {
        let late = self.waiting.iter().filter(|(_, sync)| sync.until <= now);
        late.map(|(jid, _)| jid.clone()).collect()
    }
}

impl Core {
    pub(crate) fn end_late_syncs(&mut self) {
        for jid in self.jobs.late(self.now) {
            self.end_sync(&jid);
        }
    }
}

/// Makes jids: each later than the one before, from whichever of its copies it comes.
#[derive(Clone, Debug, Default)]
pub(crate) struct JidSource {
    last: Arc<AtomicI64>,
}

impl JidSource {
    /// The jid of `now`, or of the microsecond after the last one.
    pub(crate) fn next(&mut self, now: Now, unique: bool) -> Jid {
        let later = |last: i64| Some(now.0.max(last + 1));
        let last = self.last.fetch_update(Ordering::Relaxed, Ordering::Relaxed, later);
        let jid = Jid::at(now.0.max(last.unwrap_or_else(|last| last) + 1));
        if !unique {
            return jid;
        }
        Jid::parse(&format!("{jid}_{}", std::process::id())).unwrap_or(jid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits;
    use halite_core::map;

    fn id(text: &str) -> MinionId {
        MinionId::parse(text).expect("is an id")
    }

    fn target(tgt: &str, kind: &str) -> Option<Arc<Target>> {
        Some(Arc::new(Target::parse(&tgt.into(), kind, None, &Default::default()).expect("parses")))
    }

    #[test]
    fn returns_are_taken_once_and_from_whom_they_were_asked() {
        let mut jobs = JobTable::of(limits::JOBS_REMEMBERED);
        jobs.began("1", target("web*", "glob"), None);
        assert_eq!(jobs.take("1", &id("web1")), Take::Yes);
        assert_eq!(jobs.take("1", &id("web1")), Take::Again);
        assert_eq!(jobs.take("1", &id("db1")), Take::NotMeant);
        jobs.began("2", target("os:Debian", "grain"), None);
        assert_eq!(
            jobs.take("2", &id("db1")),
            Take::Yes,
            "grains may be newer than the master knows"
        );
        jobs.began("3", target("os:Debian and not db1", "compound"), None);
        assert_eq!(jobs.take("3", &id("db1")), Take::NotMeant);
        assert_eq!(jobs.take("unknown", &id("db1")), Take::Yes);
        assert_eq!(jobs.take("unknown", &id("db1")), Take::Again);
        assert_eq!(jobs.take("unknown", &id("web1")), Take::Yes);
    }

    #[test]
    fn the_parts_of_a_batch_are_one_job() {
        let mut jobs = JobTable::of(limits::JOBS_REMEMBERED);
        jobs.began("1", target("a,b", "list"), None);
        assert_eq!(jobs.take("1", &id("a")), Take::Yes);
        jobs.began("1", target("c", "list"), None);
        assert_eq!(jobs.take("1", &id("b")), Take::Yes, "still running when the next part began");
        assert_eq!(jobs.take("1", &id("c")), Take::Yes);
        assert_eq!(jobs.take("1", &id("a")), Take::Again);
        assert_eq!(jobs.take("1", &id("d")), Take::NotMeant);
        jobs.began("1", target("d*", "glob"), None);
        assert_eq!(jobs.take("1", &id("d")), Take::Yes);
    }

    #[test]
    fn the_table_is_bounded() {
        let mut jobs = JobTable::of(limits::JOBS_REMEMBERED);
        for jid in 0..limits::JOBS_REMEMBERED + 10 {
            jobs.began(&jid.to_string(), None, None);
            jobs.take(&jid.to_string(), &id("a"));
        }
        for jid in 0..limits::JOBS_REMEMBERED + 10 {
            jobs.take(&format!("strange {jid}"), &id("a"));
        }
        assert_eq!(jobs.len(), limits::JOBS_REMEMBERED);
        assert!(jobs.get("0").is_none() && jobs.get("10").is_some());
        let kept = jobs.by_jid.values().filter(|job| !job.returned.is_empty()).count();
        assert!(kept <= RETURNS_REMEMBERED + 1, "{kept}");
    }

    #[test]
    fn jobs_from_before_a_restart_are_known() {
        let mut jobs = JobTable::of(limits::JOBS_REMEMBERED);
        let load = map! {"tgt" => "a,b", "tgt_type" => "list", "id" => "peer1"};
        jobs.restore(vec![Job { jid: "1".into(), at: 0, ended: None, load, minions: Vec::new() }]);
        assert_eq!(jobs.take("1", &id("c")), Take::NotMeant);
        assert_eq!(jobs.get("1").and_then(|job| job.by.clone()), Some(id("peer1")));
        // The master crashed before it had written the job; "a" was the first to return it.
        let load = map! {"cmd" => "_return", "tgt" => "a", "tgt_type" => "glob"};
        jobs.restore(vec![Job { jid: "2".into(), at: 0, ended: None, load, minions: Vec::new() }]);
        assert_eq!(jobs.take("2", &id("b")), Take::Yes);
    }

    #[test]
    fn jids_rise_whatever_the_clock_does() {
        let mut source = JidSource::default();
        let now = Now(1_790_000_000_000_000);
        let (a, b, c) =
            (source.next(now, false), source.next(now, false), source.next(Now(5), false));
        assert!(a < b && b < c);
        assert!(source.clone().next(Now(5), false) > c, "a copy goes on from there");
        assert!(source.next(now, true).as_str().contains('_'));
    }
}
