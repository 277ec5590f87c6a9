//! `_return`: what a job gave back. Salt: `AESFuncs._return`, `salt.utils.job.store_job` behaviour.

use halite_core::{Map, MinionId, Value, map};
use halite_wire::load::{Fun, Return};

use super::Call;
use crate::core::{Core, Session, jobs::Take};
use crate::events::{Event, tags};
use crate::store::Write;

/// State functions whose failed chunks get events of their own. Salt: `SUB_EVENT`.
const SUB_EVENT: [&str; 2] = ["state.highstate", "state.sls"];
/// What a job cache keeps of a return.
const KEPT: [&str; 8] =
    ["return", "retcode", "success", "out", "fun", "fun_args", "schedule", "metadata"];

impl Core {
    pub(super) fn minion_return(&mut self, call: &Call, ret: Return) {
        let who = &call.who;
        let signed = call.opened.signed;
        let refused = match signed {
            None => self.settings.require_signed_returns,
            Some(right) => !right && self.settings.drop_wrong_signatures,
        };
        if refused {
            tracing::error!(%who, ?signed, "A return is dropped: its signature is missing or wrong");
            return self.answer(call, &false.into());
        }
        let unique = self.settings.unique_jid;
        let jid = match &ret.jid {
            Some(jid) => jid.clone(),
            None => self.jids.next(self.now, unique),
        };
        match self.jobs.take(jid.as_str(), who) {
            Take::Yes => {}
            // The first answer got lost on its way; the minion is to stop asking.
            Take::Again => return self.answer_stored(call, &Value::Null),
            Take::NotMeant => {
                tracing::warn!(%who, %jid, "A return for a job that was not for this minion is dropped");
                return self.answer(call, &Value::Null);
            }
        }
        // Minions of our own name the jobs that they begin themselves, so that one which comes again is known.
        let named = ret.rest.contains_key("schedule")
            && self.jobs.get(jid.as_str()).is_none()
            && self.sessions.get(who).is_some_and(Session::is_ours);
        let load = load_of(who, jid.as_str(), ret.jid.is_none() || named, &ret);
        tracing::debug!(%who, %jid, "Got return");
        self.fire(&Event::new(tags::job_return(jid.as_str(), who.as_str()), load.clone()));
        self.failed_states(who, jid.as_str(), &ret);
        self.keep(who, jid.as_str(), load.clone());
        self.sync_return(jid.as_str(), who, &load);
        self.answer_stored(call, &Value::Null);
    }

    fn keep(&mut self, who: &MinionId, jid: &str, load: Map) {
        if !self.settings.job_cache {
            return;
        }
        let at = self.now.0;
        let kept =
            KEPT.iter().filter_map(|name| Some((Value::str(name), load.get(*name)?.clone())));
        let ret: Map = kept.collect();
        if self.jobs.get(jid).is_none() {
            let mut load = load;
            // It is kept as the return.
            load.shift_remove("return");
            // What the minion began by itself, as startup states, was for itself.
            load.entry("tgt".into()).or_insert_with(|| who.into());
            load.entry("tgt_type".into()).or_insert_with(|| "glob".into());
            let arg = load.get("fun_args").cloned().unwrap_or_default();
            load.entry("arg".into()).or_insert(arg);
            // A job of the minion's own, or one that this master does not remember: its load is the return's.
            let minions = vec![who.to_string()];
            self.store(Write::Job { jid: jid.into(), at, load, minions });
        }
        self.store(Write::Return { jid: jid.into(), id: who.to_string(), at, ret });
    }

    /// Events for each failed chunk of a state run. Salt: `fire_ret_load`.
    fn failed_states(&mut self, who: &MinionId, jid: &str, ret: &Return) {
        let bad = |fun: &str, code: Option<&Value>| {
            SUB_EVENT.contains(&fun) && code.is_some_and(Value::truthy)
        };
        let failed: Vec<(String, Value)> = match &ret.fun {
            Fun::One(fun) if bad(fun, Some(&ret.retcode)) => {
                vec![(fun.to_string(), ret.ret.clone())]
            }
            Fun::One(_) => Vec::new(),
            Fun::Many(funs) => {
                let of = |value: &Value, i: usize, fun: &str| match value {
                    Value::List(items) => items.get(i).cloned(),
                    other => other.get(fun).cloned(),
                };
                let funs = funs.iter().enumerate();
                let funs = funs.filter(|(i, fun)| bad(fun, of(&ret.retcode, *i, fun).as_ref()));
                funs.filter_map(|(i, fun)| Some((fun.to_string(), of(&ret.ret, i, fun)?))).collect()
            }
        };
        for (fun, chunks) in failed {
            for (key, chunk) in chunks.as_map().into_iter().flatten() {
                if chunk.get("result") != Some(&Value::Bool(false)) {
                    continue;
                }
                let mut data = crate::events::data_map(chunk.clone());
                data.insert("retcode".into(), ret.retcode.clone());
                let key = key.to_string();
                let (state, function) = (key.split("_|-").next(), key.rsplit("_|-").next());
                let named =
                    format!("{}.{}", state.unwrap_or_default(), function.unwrap_or_default());
                self.fire(&Event::new(named, data.clone()));
                data.insert("jid".into(), jid.into());
                data.insert("id".into(), who.into());
                data.insert("success".into(), false.into());
                data.insert("return".into(), format!("Error: {fun}").into());
                data.insert("fun".into(), fun.as_str().into());
                self.fire(&Event::new(tags::job_sub_error(jid, who.as_str(), &fun), data));
            }
        }
    }
}

/// The data of the event: the request, with the sender's id and without what proved it.
fn load_of(who: &MinionId, jid: &str, own: bool, ret: &Return) -> Map {
    let mut load = ret.to_load();
    load.insert("id".into(), who.into());
    load.insert("jid".into(), jid.into());
    if own {
        let arg = load.get("arg").cloned().unwrap_or_else(|| ret.fun_args.clone());
        load.extend(map! {"arg" => arg, "tgt_type" => "glob", "tgt" => who});
    }
    load
}
