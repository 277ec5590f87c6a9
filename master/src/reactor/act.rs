//! Doing what the SLS files ask for: a job, a runner or wheel function, a function of this machine.

use std::sync::Arc;

use halite_core::{JobState, Value};
use halite_states::reactor::{Chain, Kind, Reaction, Rule};

use super::USER;
use super::thread::{Ended, Pending, Reactor, now};
use crate::core::{Ask, Now, Publication};
use crate::runner::{self, Call};
use crate::user_keys::master_user;

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

impl Reactor {
    /// Renders the files of a rule for an event and has its reactions done.
    pub(super) fn react(&mut self, rule: &Rule, event: &Pending, ended: &Arc<Ended>) {
        let pattern = rule.tag.pattern();
        let sls = self.services.reactor_sls(&rule.files, &event.tag, &event.data);
        for (file, why) in sls.faults {
            tracing::error!(tag = &*event.tag, file, "Failed to render a reactor SLS: {why}");
            self.bury("render", why, pattern, &event.tag, &event.data, (&file, ""));
        }
        for reaction in sls.reactions {
            let reaction = match reaction {
                Ok(reaction) => reaction,
                Err(bad) => {
                    tracing::error!(tag = &*event.tag, "{bad}");
                    self.bury("bad", bad.to_string(), pattern, &event.tag, &event.data, ("", ""));
                    continue;
                }
            };
            let place = (reaction.sls.clone(), reaction.id.clone());
            let (reason, why) = match event.chain.follow(pattern, &reaction) {
                Ok(chain) => match self.act(reaction, chain, ended) {
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
            self.bury(reason, why, pattern, &event.tag, &event.data, (&place.0, &place.1));
        }
    }

    fn act(
        &mut self,
        reaction: Reaction,
        chain: Chain,
        ended: &Arc<Ended>,
    ) -> Result<(), (&'static str, String)> {
        let jid = self.parts.jids.next(Now(now()), false);
        self.chains.caused_jid(jid.as_str(), chain.clone());
        if let Some(tag) = reaction.fires() {
            self.chains.caused_tag(now(), tag, chain.clone());
        }
        tracing::debug!(
            id = reaction.id, sls = reaction.sls, fun = reaction.fun, %jid,
            "Reacting: {}", reaction.kind.word()
        );
        match reaction.kind {
            Kind::Local => {
                let user = master_user(&self.parts.opts);
                let publication = Publication { jid: Some(jid), ..publication(&reaction, user) };
                let asked = self.parts.asks.blocking_send(Ask::Publish(Box::new(publication)));
                asked.map_err(|_| ("refused", "the master stops".into()))
            }
            Kind::Runner | Kind::Wheel => self.function(&reaction, jid.to_string(), &chain, ended),
            Kind::Caller => {
                let ended = Arc::clone(ended);
                let (fun, args) = (reaction.fun.clone(), reaction.args.clone());
                let services = self.services.sharing(jid.as_str(), &chain.to_text());
                self.queue(&reaction, move || {
                    let job = JobState::new(jid.as_str(), fun.as_str(), USER);
                    let ran = services.call_as(&job, &fun, args);
                    if let Err(error) = ran {
                        tracing::error!(%error, "Reactor: caller {fun} failed");
                    }
                    drop(ended);
                })
            }
        }
    }

    fn function(
        &self,
        reaction: &Reaction,
        jid: String,
        chain: &Chain,
        ended: &Arc<Ended>,
    ) -> Result<(), (&'static str, String)> {
        let kind = match reaction.kind {
            Kind::Wheel => runner::Kind::Wheel,
            _ => runner::Kind::Runner,
        };
        let args = match runner::spec(kind, &reaction.fun) {
            Some(spec) => {
                let names: Vec<&str> = spec.params.iter().map(|param| param.name).collect();
                reaction.args_for(&names, spec.extra_named)
            }
            None => {
                let (id, word, fun) = (&reaction.id, reaction.kind.word(), &reaction.fun);
                let why = format!(
                    "Reactor '{id}' failed to execute {word} '{fun}': function not available"
                );
                return Err(("bad", why));
            }
        };
        let (opts, ended) = (self.parts.opts.clone(), Arc::clone(ended));
        let (fun, cause) = (reaction.fun.clone(), chain.to_text());
        self.queue(reaction, move || {
            let print: crate::services::Print = Box::new(|line| tracing::info!("{line}"));
            let call =
                Call { kind, fun: fun.clone(), args, user: USER.into(), jid: Some(jid), print };
            let ran = runner::run_caused(&opts, call, &cause);
            if !ran.success {
                tracing::error!("Reactor: {} {fun} failed: {}", kind.word(), ran.ret);
            }
            drop(ended);
        })
    }

    fn queue(
        &self,
        reaction: &Reaction,
        job: impl FnOnce() + Send + 'static,
    ) -> Result<(), (&'static str, String)> {
        if self.workers.run(Box::new(job)) {
            return Ok(());
        }
        let (id, word, fun) = (&reaction.id, reaction.kind.word(), &reaction.fun);
        let why = format!(
            "Reactor '{id}' failed  to execute {word} '{fun}': TaskPool queue is full!Consider tuning \
             reactor_worker_threads and/or reactor_worker_hwm"
        );
        Err(("queue", why))
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
