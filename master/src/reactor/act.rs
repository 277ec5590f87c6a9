//! Doing what the SLS files ask for: a job, a runner or wheel function, a function of this machine.

use std::sync::Arc;

use halite_core::Value;
use halite_states::reactor::{Chain, Kind, Reaction, Rule};

use super::core::{Deed, Ended, Outside, Pending, Reactor};
use crate::core::{Ask, Publication};

/// Keys of a job reaction that go into the publish beside its arguments.
pub(crate) const EXTRAS: [&str; 7] = [
    "delimiter",
    "metadata",
    "ret_config",
    "ret_kwargs",
    "module_executors",
    "executor_opts",
    "start_event",
];

impl<O: Outside> Reactor<O> {
    /// Renders the files of a rule for an event and has its reactions done.
    pub(super) fn react(&mut self, now: i64, rule: &Rule, event: &Pending, ended: &Arc<Ended>) {
        let (pattern, about) = (rule.tag.pattern(), (&*event.tag, &event.data));
        let sls = self.outside.sls(&rule.files, &event.tag, &event.data);
        for (file, why) in sls.faults {
            tracing::error!(tag = &*event.tag, file, "Failed to render a reactor SLS: {why}");
            self.bury(now, "render", why, pattern, about, (&file, ""));
        }
        for reaction in sls.reactions {
            let reaction = match reaction {
                Ok(reaction) => reaction,
                Err(bad) => {
                    tracing::error!(tag = &*event.tag, "{bad}");
                    self.bury(now, "bad", bad.to_string(), pattern, about, ("", ""));
                    continue;
                }
            };
            let place = (reaction.sls.clone(), reaction.id.clone());
            let (reason, why) = match event.chain.follow(pattern, &reaction) {
                Ok(chain) => match self.act(now, reaction, chain, ended) {
                    Ok(()) => continue,
                    Err(refused) => refused,
                },
                Err(echo) => {
                    let (sls, id) = &place;
                    let why = format!("the rule '{pattern}', ID '{id}' in {sls}: {echo}");
                    ("loop", why)
                }
            };
            tracing::error!(tag = &*event.tag, "A reaction is not run: {why}");
            self.bury(now, reason, why, pattern, about, (&place.0, &place.1));
        }
    }

    fn act(
        &mut self,
        now: i64,
        reaction: Reaction,
        chain: Chain,
        ended: &Arc<Ended>,
    ) -> Result<(), (&'static str, String)> {
        let jid = self.jid(now);
        self.chains.caused_jid(jid.as_str(), chain.clone());
        if let Some(tag) = reaction.fires() {
            self.chains.caused_tag(now, tag, chain.clone());
        }
        tracing::debug!(
            id = reaction.id, sls = reaction.sls, fun = reaction.fun, %jid,
            "Reacting: {}", reaction.kind.word()
        );
        if reaction.kind == Kind::Local {
            let publication = Publication { jid: Some(jid), ..publication(&reaction, self.user()) };
            let asked = self.outside.ask(Ask::Publish(Box::new(publication)));
            return if asked { Ok(()) } else { Err(("refused", "the master stops".into())) };
        }
        let (id, word, fun) = (reaction.id.clone(), reaction.kind.word(), reaction.fun.clone());
        let (cause, ended) = (chain.to_text(), Arc::clone(ended));
        match self.outside.run(Deed { reaction, jid: jid.to_string(), cause, ended }) {
            Ok(true) => Ok(()),
            Ok(false) => {
                let why = format!(
                    "Reactor '{id}' failed  to execute {word} '{fun}': TaskPool queue is full!Consider tuning \
                     reactor_worker_threads and/or reactor_worker_hwm"
                );
                Err(("queue", why))
            }
            Err(why) => Err(("bad", why)),
        }
    }
}

/// The job of a reaction.
fn publication(reaction: &Reaction, user: String) -> Publication {
    let extra = reaction
        .rest
        .iter()
        .filter(|(key, _)| key.as_str().is_some_and(|key| EXTRAS.contains(&key)));
    Publication {
        fun: reaction.fun.as_str().into(),
        arg: Value::list(reaction.args.to_wire()),
        tgt: reaction.tgt.clone(),
        tgt_type: reaction.tgt_type.clone(),
        ret: reaction.ret.clone(),
        user,
        jid: None,
        to: reaction.rest.get("timeout").cloned(),
        extra: extra.map(|(key, value)| (key.clone(), value.clone())).collect(),
        grants: None,
    }
}
