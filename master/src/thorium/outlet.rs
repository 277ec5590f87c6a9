//! What Thorium's states can have done: jobs, runner and wheel functions.

use halite_core::{Args, Error, Map, Result, Value};

use crate::core::{Ask, Now, Publication};
use crate::limits::{THORIUM_WAITING, THORIUM_WORKERS};
use crate::reactor::workers::Workers;
use crate::reactor::{EXTRAS, Parts};
use crate::runner::{self, Call, Kind};
use crate::user_keys::master_user;

/// A job that a state asks for.
pub(crate) struct Job {
    pub(crate) tgt: Value,
    pub(crate) tgt_type: String,
    pub(crate) fun: String,
    pub(crate) args: Args,
    pub(crate) ret: Value,
    /// Further members of the publish.
    pub(crate) rest: Map,
}

/// The way out.
pub(crate) struct Outlet {
    parts: Parts,
    workers: Workers,
}

impl Outlet {
    pub(super) fn new(parts: Parts) -> Outlet {
        Outlet { parts, workers: Workers::new(THORIUM_WORKERS, THORIUM_WAITING) }
    }

    fn jid(&self) -> halite_core::Jid {
        self.parts.jids.clone().next(Now(jiff::Timestamp::now().as_microsecond()), false)
    }

    /// Publishes a job and gives its id.
    ///
    /// # Errors
    /// If the master stops.
    pub(crate) fn publish(&self, job: Job) -> Result<String> {
        let jid = self.jid();
        let mut extra = job.rest;
        let to = extra.shift_remove("timeout");
        extra.retain(|key, _| key.as_str().is_some_and(|key| EXTRAS.contains(&key)));
        let publication = Publication {
            fun: job.fun.into(),
            arg: Value::list(job.args.to_wire()),
            tgt: job.tgt,
            tgt_type: job.tgt_type,
            ret: job.ret,
            user: master_user(&self.parts.opts),
            jid: Some(jid.clone()),
            to,
            extra,
            grants: None,
        };
        let asked = self.parts.asks.blocking_send(Ask::Publish(Box::new(publication)));
        asked.map_err(|_| Error::execution("the master stops"))?;
        Ok(jid.to_string())
    }

    /// Begins a runner or wheel function.
    ///
    /// # Errors
    /// If there is no such function, or too many wait already.
    pub(crate) fn begin(&self, kind: Kind, fun: &str, args: Args) -> Result<()> {
        let registry = kind.registry();
        registry.get(fun)?;
        let (opts, user) = (self.parts.opts.clone(), master_user(&self.parts.opts));
        let (fun, jid) = (fun.to_owned(), self.jid().to_string());
        let work = move || {
            let print: crate::services::Print = Box::new(|line| tracing::info!("{line}"));
            let name = fun.clone();
            let ran = runner::run(&opts, Call { kind, fun, args, user, jid: Some(jid), print });
            if !ran.success {
                tracing::error!("Thorium: {} {name} failed: {}", kind.word(), ran.ret);
            }
        };
        match self.workers.run(Box::new(work)) {
            true => Ok(()),
            false => {
                let what = format!("{THORIUM_WAITING} functions of Thorium wait already");
                Err(Error::execution(what))
            }
        }
    }
}

/// Arguments of `arg` and of what is given by name.
pub(crate) fn args(arg: &Value, named: Map) -> Args {
    let positional = match arg {
        Value::List(items) => items.to_vec(),
        Value::Null => Vec::new(),
        one => vec![one.clone()],
    };
    Args { positional, named }
}

/// Parts that lead nowhere, for tests of states.
#[cfg(test)]
pub(super) fn nowhere(
    opts: &halite_core::Opts,
) -> (std::sync::Arc<super::Thorium>, tokio::sync::mpsc::Receiver<Ask>) {
    let (asks, asked) = tokio::sync::mpsc::channel(16);
    let bus = halite_net::bus::Bus::default();
    let parts = Parts { opts: opts.clone(), bus, asks, jids: crate::core::JidSource::default() };
    (std::sync::Arc::new(super::Thorium::new(parts)), asked)
}
