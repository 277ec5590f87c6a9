//! Where jobs are looked up: the master's own store, or the returner that `ext_source` names.

use std::ops::ControlFlow;
use std::sync::Arc;

use halite_core::{Apply, Context, Jid, Map, Result, Returner, Value};

use crate::services::MasterServices;
use crate::store::{Job, Search, StoredReturn};

/// The place that a call asks for.
pub(super) struct Source<'c, 'r> {
    cx: &'c Context<'r>,
    /// `None` is the own store.
    returner: Option<&'static Returner>,
}

impl<'c, 'r> Source<'c, 'r> {
    /// What `ext_source` names; nothing and `local_cache` are the own store.
    ///
    /// # Errors
    /// If there is no such returner.
    pub(super) fn of(cx: &'c Context<'r>, ext_source: Option<&str>) -> Result<Source<'c, 'r>> {
        let named = ext_source.filter(|name| *name != "local_cache");
        Ok(Source { cx, returner: named.map(halite_modules::give::known).transpose()? })
    }

    /// The job as it was asked for, if it is known there.
    pub(super) fn job(&self, jid: &str) -> Result<Option<Job>> {
        let Some(returner) = self.returner else {
            return MasterServices::of(self.cx)?.store()?.job(jid);
        };
        let get = returner.get_load.ok_or_else(|| returner.lacks("get_load"))?;
        let load = self.ask(|apply| get(apply, jid))?;
        Ok(Some(load).filter(|load| !load.is_empty()).map(|load| from_load(jid, load)))
    }

    /// What came back for a job.
    pub(super) fn returns(&self, jid: &str) -> Result<Vec<StoredReturn>> {
        let Some(returner) = self.returner else {
            return MasterServices::of(self.cx)?.store()?.returns(jid);
        };
        let get = returner.get_jid.ok_or_else(|| returner.lacks("get_jid"))?;
        let one = |(id, ret): (Value, Value)| StoredReturn {
            jid: jid.to_owned(),
            id: id.to_string(),
            at: 0,
            ret: ret.as_map().cloned().unwrap_or_default(),
        };
        Ok(self.ask(|apply| get(apply, jid))?.into_iter().map(one).collect())
    }

    /// Gives the jobs that fit to `visit`, newest first, until it breaks off.
    pub(super) fn search(
        &self,
        search: &Search,
        mut visit: impl FnMut(Job) -> ControlFlow<()>,
    ) -> Result<()> {
        let Some(returner) = self.returner else {
            return MasterServices::of(self.cx)?.store()?.search(search, visit);
        };
        let get = returner.get_jids.ok_or_else(|| returner.lacks("get_jids"))?;
        let load = |load: Value| load.as_map().cloned().unwrap_or_default();
        let jobs = self.ask(get)?.into_iter();
        let mut jobs: Vec<Job> =
            jobs.map(|(jid, value)| from_load(&jid.to_string(), load(value))).collect();
        jobs.sort_by(|a, b| b.jid.cmp(&a.jid));
        for job in jobs.into_iter().filter(|job| search.takes(job)) {
            if visit(job).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn ask(&self, get: impl FnOnce(&Apply<'_>) -> Result<Map>) -> Result<Map> {
        let cx = self.cx;
        MasterServices::of(cx)?.on_master(cx.opts, &Arc::new(Map::new()), cx.job, get)
    }
}

fn from_load(jid: &str, mut load: Map) -> Job {
    let minions = load.shift_remove("Minions").or_else(|| load.shift_remove("minions"));
    let ids = minions.as_ref().and_then(Value::as_list).unwrap_or_default();
    let minions = ids.iter().map(ToString::to_string).collect();
    let at = Jid::parse(jid).ok().and_then(|jid| jid.unix_micros()).unwrap_or(0);
    Job { jid: jid.into(), at, ended: None, load, minions }
}
