//! Publishing a job: targets, the jid, the announcement, the packet, the answer to whoever asked.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use halite_core::target::Target;
use halite_core::{Jid, Map, MinionId, Value, map};
use halite_wire::Nonce;

use super::target::{ByName, by_name, missing};
use super::{Core, Now, ReqId};
use crate::events::{Event, tags};
use crate::requests::clear_reply;
use crate::store::Write;
use crate::work::Work;

/// Fields of `kwargs` that go into the published load. Salt: `ClearFuncs._prep_pub`.
const EXTRAS: [&str; 7] = [
    "master_id",
    "id",
    "ret_config",
    "metadata",
    "module_executors",
    "executor_opts",
    "ret_kwargs",
];

/// The entry of `kwargs` by which a client says that it finds jobs without files in `cachedir/jobs`.
pub(crate) const NO_JOB_FILES: &str = "no_job_files";

/// Kinds of targets that look into the pillar by patterns, or may.
const GUESSED: [&str; 3] = ["pillar", "pillar_pcre", "compound"];

/// What is to be published.
#[derive(Clone, Debug)]
pub(crate) struct Publication {
    pub(crate) fun: Value,
    pub(crate) arg: Value,
    pub(crate) tgt: Value,
    pub(crate) tgt_type: String,
    pub(crate) ret: Value,
    pub(crate) user: String,
    /// A jid that the caller chose.
    pub(crate) jid: Option<Jid>,
    pub(crate) to: Option<Value>,
    /// `kwargs` of the request: delimiter, metadata, returner options and the like, without credentials.
    pub(crate) extra: Map,
    /// Functions and their arguments, for the check of grants; empty if none is needed.
    pub(crate) grants: Option<Vec<Value>>,
}

impl Publication {
    /// A plain job of the master's own.
    pub(crate) fn of(fun: &str, tgt: &str, user: String) -> Publication {
        Publication {
            fun: fun.into(),
            arg: Value::list([]),
            tgt: tgt.into(),
            tgt_type: "glob".into(),
            ret: "".into(),
            user,
            jid: None,
            to: None,
            extra: Map::new(),
            grants: None,
        }
    }

    /// Every function with its arguments.
    pub(crate) fn calls(&self) -> Vec<(String, Vec<Value>)> {
        let list = |value: &Value| value.as_list().map(<[Value]>::to_vec).unwrap_or_default();
        match &self.fun {
            Value::List(funs) => {
                let args = list(&self.arg);
                let calls = funs.iter().enumerate();
                calls
                    .map(|(i, fun)| (fun.to_string(), args.get(i).map(list).unwrap_or_default()))
                    .collect()
            }
            fun => vec![(fun.to_string(), list(&self.arg))],
        }
    }
}

/// Who wants to know what became of it.
#[derive(Clone, Debug)]
pub(crate) enum Asked {
    /// A local program.
    Local(ReqId),
    /// A minion, at once: `minion_pub`.
    Peer { req: ReqId, who: MinionId, nonce: Nonce },
    /// A minion, when the returns are there: `minion_publish`.
    PeerSync { req: ReqId, who: MinionId, nonce: Nonce, seconds: u64, full: bool },
    /// Nobody.
    Nobody,
}

/// A publish that waits for its targets.
#[derive(Debug)]
pub(crate) struct Waiting {
    publication: Publication,
    target: Arc<Target>,
    asked: Asked,
    /// Who is meant, and who is listed without being known; none until it is looked up.
    meant: Option<(Vec<MinionId>, Vec<String>)>,
    /// Whom the targets of the grants mean, as far as they were looked up.
    scopes: BTreeMap<String, BTreeSet<MinionId>>,
}

impl Waiting {
    /// The next target of a grant that is to be looked up.
    fn next_scope(&self) -> Option<String> {
        let grants = self.publication.grants.as_ref()?;
        let mut scopes = crate::acl::targets_of(grants).into_iter();
        scopes.find(|scope| !self.scopes.contains_key(*scope)).map(str::to_owned)
    }
}

impl Asked {
    fn is_peer(&self) -> bool {
        matches!(self, Asked::Peer { .. } | Asked::PeerSync { .. })
    }
}

impl Core {
    /// Publishes, now or when its targets are known.
    pub(crate) fn publish(&mut self, publication: Publication, asked: Asked) {
        let delimiter = publication.extra.get("delimiter").and_then(Value::as_str);
        let groups = &self.settings.nodegroups;
        let target = match Target::parse(&publication.tgt, &publication.tgt_type, delimiter, groups)
        {
            // What a minion may find out about another must not be guessed by patterns.
            Ok(target) if asked.is_peer() => Arc::new(target.pillar_exact()),
            Ok(target) => Arc::new(target),
            Err(error) => return self.unresolved(&publication, &asked, Some(&error.to_string())),
        };
        let found = self.who(&target);
        let (meant, scopes) = (None, BTreeMap::new());
        let mut waiting =
            Waiting { publication, target: Arc::clone(&target), asked, meant, scopes };
        if found.open.is_empty() {
            waiting.meant = Some((found.minions, found.missing));
            return self.meant(waiting);
        }
        self.look_up(waiting, target, found);
    }

    /// Has somebody look up what hangs on data.
    fn look_up(&mut self, waiting: Waiting, target: Arc<Target>, found: ByName) {
        self.tickets += 1;
        let ticket = self.tickets;
        if self.work(Work::Target { ticket, target, sure: found.minions, open: found.open }) {
            self.waiting.insert(ticket, waiting);
        } else {
            let busy = "the master is too busy to look up grains and pillar";
            self.unresolved(&waiting.publication, &waiting.asked, Some(busy));
        }
    }

    /// The targets of a publish, or of a grant of who asked for it, were looked up.
    pub(crate) fn targeted(&mut self, ticket: u64, minions: Vec<MinionId>) {
        let Some(mut waiting) = self.waiting.remove(&ticket) else { return };
        match waiting.next_scope() {
            Some(scope) if waiting.meant.is_some() => {
                waiting.scopes.insert(scope, minions.into_iter().collect());
            }
            _ => {
                let missing = missing(&waiting.target, &self.accepted);
                waiting.meant = Some((minions, missing));
            }
        }
        self.meant(waiting);
    }

    /// It is known who is meant: now whom the grants of who asked reach. Salt: `CkMinions.validate_tgt`, which takes
    /// nobody whose data is not known either.
    fn meant(&mut self, mut waiting: Waiting) {
        while let Some(scope) = waiting.next_scope() {
            let groups = &self.settings.nodegroups;
            let target = match Target::parse(&scope.as_str().into(), "compound", None, groups) {
                Ok(target) => target,
                Err(error) => {
                    tracing::error!(scope, %error, "The target of a grant cannot be read: it reaches nobody");
                    waiting.scopes.insert(scope, BTreeSet::new());
                    continue;
                }
            };
            let found = by_name(&target, &self.accepted);
            if !found.open.is_empty() {
                return self.look_up(waiting, Arc::new(target), found);
            }
            waiting.scopes.insert(scope, found.minions.into_iter().collect());
        }
        self.resolved(waiting);
    }

    fn resolved(&mut self, waiting: Waiting) {
        let Waiting { mut publication, target, asked, meant, scopes } = waiting;
        let (minions, missing) = meant.unwrap_or_default();
        let (minions, missing) = (&minions[..], &missing[..]);
        let names: Vec<String> = minions.iter().map(ToString::to_string).collect();
        if let Some(grants) = &publication.grants {
            let calls = publication.calls();
            let may_watch = !asked.is_peer();
            let wanted = crate::acl::Wanted { calls: &calls, minions: &names, may_watch };
            let reach = |scope: &str, id: &str| {
                scopes.get(scope).is_some_and(|ids| ids.iter().any(|one| one.as_str() == id))
            };
            if !crate::acl::allows(grants, wanted, &reach) {
                tracing::warn!(user = publication.user, fun = %publication.fun, "The user may not publish this");
                return self.not_allowed(
                    &asked,
                    "AuthorizationError",
                    "Authorization error occurred.",
                );
            }
        }
        if names.is_empty() {
            return self.unresolved(&publication, &asked, None);
        }
        if let Some(full) = self.sealing_is_full() {
            return self.too_many(&publication, &asked, &full);
        }
        if asked.is_peer() && GUESSED.contains(&&*publication.tgt_type) {
            // The minions would compare by patterns: they are named.
            publication.tgt = names.clone().into();
            publication.tgt_type = "list".into();
        }
        let unique = self.settings.unique_jid;
        let jid = publication.jid.clone().unwrap_or_else(|| self.jids.next(self.now, unique));
        let by = match &asked {
            Asked::Peer { who, .. } | Asked::PeerSync { who, .. } => Some(who.clone()),
            Asked::Local(_) | Asked::Nobody => None,
        };
        self.jobs.began(jid.as_str(), Some(target), by.clone());
        let load = self.load_of(&publication, &jid, by.as_ref());
        self.announce(&publication, &jid, &names, missing);
        tracing::info!(user = publication.user, fun = %publication.fun, %jid, "Published command");
        let kept = kept(&load, &publication);
        if self.settings.job_cache {
            let (jid, at) = (jid.to_string(), self.now.0);
            self.store(Write::Job { jid, at, load: kept.clone(), minions: names.clone() });
        }
        self.fire(&Event::new(tags::job_publish(jid.as_str()), load.clone()));
        self.seal(load);
        let files = (!publication.extra.contains_key(NO_JOB_FILES)).then_some(kept);
        self.published(&asked, &jid, names, missing, files);
    }

    fn load_of(&self, publication: &Publication, jid: &Jid, by: Option<&MinionId>) -> Map {
        let mut load = map! {
            "fun" => publication.fun.clone(),
            "arg" => publication.arg.clone(),
            "tgt" => publication.tgt.clone(),
            "jid" => jid.as_str(),
            "ret" => publication.ret.clone(),
            "tgt_type" => publication.tgt_type.as_str(),
        };
        if let Some(id) = &self.settings.master_id {
            load.insert("master_id".into(), id.into());
        }
        for name in EXTRAS {
            if let Some(value) = publication.extra.get(name) {
                load.insert(name.into(), value.clone());
            }
        }
        let delimiter =
            publication.extra.get("delimiter").filter(|value| value.as_str() != Some(":"));
        if let Some(delimiter) = delimiter.filter(|value| value.truthy()) {
            load.insert("delimiter".into(), delimiter.clone());
        }
        if publication.extra.get("start_event").is_some_and(Value::truthy) {
            load.insert("start_event".into(), true.into());
        }
        if let Some(to) = &publication.to {
            load.insert("to".into(), to.clone());
        }
        if let Some(by) = by {
            load.insert("id".into(), by.into());
        }
        load.insert("user".into(), publication.user.as_str().into());
        load
    }

    fn announce(
        &mut self,
        publication: &Publication,
        jid: &Jid,
        minions: &[String],
        missing: &[String],
    ) {
        let data = map! {
            "jid" => jid.as_str(),
            "tgt_type" => publication.tgt_type.as_str(),
            "tgt" => publication.tgt.clone(),
            "user" => publication.user.as_str(),
            "fun" => publication.fun.clone(),
            "arg" => publication.arg.clone(),
            "minions" => minions.to_vec(),
            "missing" => missing.to_vec(),
        };
        self.fire(&Event::new(tags::job_new(jid.as_str()), data));
    }

    fn published(
        &mut self,
        asked: &Asked,
        jid: &Jid,
        minions: Vec<String>,
        missing: &[String],
        files: Option<Map>,
    ) {
        match asked {
            Asked::Local(req) => {
                let reply = map! {
                    "jid" => jid.as_str(), "minions" => minions.clone(), "missing" => missing.to_vec(),
                };
                let reply = clear_reply(&map! {"enc" => "clear", "load" => reply}.into());
                // Salt's own clients look for the job on disk as soon as they have the answer; ours say that they
                // do not.
                let (req, jid) = (*req, jid.to_string());
                let reply_now = reply.clone();
                let work = files.map(|load| Work::JobFiles { req, reply, jid, load, minions });
                if !work.is_some_and(|work| self.work(work)) {
                    self.reply(req, reply_now);
                }
            }
            Asked::Peer { req, who, nonce } => {
                let reply = map! {"jid" => jid.as_str(), "minions" => minions};
                self.answer_minion(*req, who, nonce, &reply.into());
            }
            Asked::PeerSync { req, who, nonce, seconds, full } => {
                let until = Now(self.now.0
                    + i64::try_from(*seconds).unwrap_or(i64::MAX / 2_000_000) * 1_000_000);
                let sync = super::jobs::Sync {
                    req: *req,
                    who: who.clone(),
                    nonce: nonce.clone(),
                    expected: minions.into_iter().collect(),
                    full: *full,
                    got: Map::new(),
                    until,
                };
                self.jobs.waiting.insert(jid.to_string(), sync);
            }
            Asked::Nobody => {}
        }
    }

    /// Nobody matched, or the target is none.
    fn unresolved(&mut self, publication: &Publication, asked: &Asked, why: Option<&str>) {
        match asked {
            Asked::Local(req) => {
                let none =
                    format!("Master could not resolve minions for target {}", publication.tgt);
                let error = why.map_or(none.clone(), |why| format!("{none}: {why}"));
                let load = map! {"jid" => (), "minions" => Value::list([]), "error" => error};
                let reply = map! {"enc" => "clear", "load" => load};
                self.reply(*req, clear_reply(&reply.into()));
            }
            Asked::Peer { req, who, nonce } | Asked::PeerSync { req, who, nonce, .. } => {
                self.answer_minion(*req, who, nonce, &Map::new().into());
            }
            Asked::Nobody => {}
        }
    }

    /// Refuses a publish because of what waits already.
    fn too_many(&mut self, publication: &Publication, asked: &Asked, why: &str) {
        match asked {
            Asked::Local(req) => {
                let load = map! {"jid" => (), "minions" => Value::list([]), "error" => why};
                self.reply(*req, clear_reply(&map! {"enc" => "clear", "load" => load}.into()));
            }
            Asked::Peer { req, .. } | Asked::PeerSync { req, .. } => {
                self.reply(*req, halite_wire::error::bare(halite_wire::error::HANDLER_FAILED));
            }
            Asked::Nobody => {
                let (fun, tgt) = (&publication.fun, &publication.tgt);
                tracing::error!(%fun, %tgt, "A job is not published: {why}");
            }
        }
    }

    /// Refuses a publish, with Salt's words; nothing of the request goes into an event.
    pub(crate) fn not_allowed(&mut self, asked: &Asked, name: &str, message: &str) {
        match asked {
            Asked::Local(req) => {
                let error = map! {"name" => name, "message" => message};
                self.reply(*req, clear_reply(&map! {"error" => error}.into()));
            }
            Asked::Peer { req, who, nonce } | Asked::PeerSync { req, who, nonce, .. } => {
                self.answer_minion(*req, who, nonce, &Map::new().into());
            }
            Asked::Nobody => {}
        }
    }
}

/// The load as the job cache keeps it, with `kwargs` as Salt's `save_load` has them.
fn kept(load: &Map, publication: &Publication) -> Map {
    let mut kept = load.clone();
    kept.insert("cmd".into(), "publish".into());
    let mut extra = publication.extra.clone();
    extra.shift_remove(NO_JOB_FILES);
    kept.insert("kwargs".into(), extra.into());
    kept
}
