//! Returners of the master: `master_job_cache` and `ext_job_cache` get every job and return, beside the own store. A
//! thread of its own hands them over, so that a slow server holds up nobody.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use halite_core::{JobState, Map, Opts, Result};
use halite_modules::give::{self, Gift};

use crate::limits;
use crate::services::MasterServices;
use crate::store::Write;

/// How long the thread waits before it tries again what was not taken.
const RETRY: Duration = Duration::from_secs(10);

/// The way to the returners.
pub(crate) struct Sinks {
    to: SyncSender<Gift>,
    full: bool,
}

/// The returners that are configured beside the own store.
fn names(opts: &Opts) -> Vec<String> {
    let both = ["master_job_cache", "ext_job_cache"].map(|name| opts.str(name).to_owned());
    let mut names: Vec<String> =
        both.iter().flat_map(|list| give::names(list)).map(str::to_owned).collect();
    names.retain(|name| name != "local_cache");
    names.dedup();
    names
}

impl Sinks {
    /// Starts the thread if a returner is configured.
    ///
    /// # Errors
    /// If one is configured that is not there, or the thread cannot be started.
    pub(crate) fn start(opts: &Opts) -> Result<Option<Sinks>> {
        let names = names(opts);
        if names.is_empty() {
            return Ok(None);
        }
        for name in &names {
            give::known(name)?;
        }
        let (to, from) = sync_channel(limits::SINKS_WAITING);
        let opts = opts.clone();
        let thread = std::thread::Builder::new().name("returners".into());
        thread.spawn(move || run(&opts, &names, &from)).map_err(|error| {
            halite_core::Error::execution(format!("cannot start the returners' thread: {error}"))
        })?;
        Ok(Some(Sinks { to, full: false }))
    }

    /// Hands on what goes into the store, if it is a job or a return. Never waits: with a full queue it is dropped,
    /// which is told once.
    pub(crate) fn see(&mut self, write: &Write) {
        let gift = match write {
            Write::Job { jid, load, .. } => {
                let mut load = load.clone();
                load.entry("jid".into()).or_insert_with(|| jid.as_str().into());
                Gift::Load(jid.clone(), load)
            }
            Write::Return { jid, id, ret, .. } => {
                let mut ret: Map = ret.clone();
                ret.insert("id".into(), id.as_str().into());
                ret.insert("jid".into(), jid.as_str().into());
                Gift::Return(ret)
            }
            _ => return,
        };
        let full = self.to.try_send(gift).is_err();
        if full && !self.full {
            tracing::error!(
                "The returners are behind: jobs and returns are in the own store only until they caught up"
            );
        }
        self.full = full;
    }
}

fn run(opts: &Opts, names: &[String], from: &Receiver<Gift>) {
    let services = MasterServices::new(opts, "", Box::new(|line| tracing::info!("{line}")));
    let (pillar, job) = (Arc::new(Map::new()), JobState::default());
    let folder: PathBuf = opts.path("cachedir").join("returners");
    services.on_master(opts, &pillar, &job, |apply| {
        loop {
            match from.recv_timeout(RETRY) {
                Ok(gift) => {
                    names.iter().for_each(|name| give::give_or_keep(apply, &folder, name, &gift));
                }
                Err(RecvTimeoutError::Timeout) => drop(give::hand_over(apply, &folder)),
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    });
}

#[cfg(test)]
mod tests;
