//! Returners of the master: `master_job_cache` and `ext_job_cache` get every job and return, beside the own store, and
//! `event_return` gets events. A thread of its own hands them over, so that a slow server holds up nobody.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use halite_core::glob::fnmatch;
use halite_core::{JobState, Map, Opts, Result, Value, map};
use halite_modules::give::{self, Gift};
use halite_wire::frame;

use crate::services::MasterServices;
use crate::store::Write;
use crate::{events, limits};

/// How long the thread waits before it tries again what was not taken.
const RETRY: Duration = Duration::from_secs(10);

/// The way to the returners.
pub(crate) struct Sinks {
    to: SyncSender<Gift>,
    full: bool,
    jobs: bool,
    events: Option<Tags>,
}

/// Which events are handed on. Salt: `event_return_whitelist`, `event_return_blacklist`.
#[derive(Clone, Debug)]
struct Tags {
    white: Vec<String>,
    black: Vec<String>,
}

impl Tags {
    fn take(&self, tag: &str) -> bool {
        let any = |globs: &[String]| globs.iter().any(|glob| fnmatch(tag, glob));
        (self.white.is_empty() || any(&self.white)) && !any(&self.black)
    }
}

/// The returners that get events: a name, names, or a list.
fn event_names(opts: &Opts) -> Vec<String> {
    match opts.get("event_return") {
        Some(Value::List(names)) => names.iter().map(ToString::to_string).collect(),
        Some(one) => give::names(&one.to_string()).map(str::to_owned).collect(),
        None => Vec::new(),
    }
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

/// Those that are there; the others are told. A master without them still does its work, as Salt's does.
fn there(mut names: Vec<String>) -> Vec<String> {
    names.retain(|name| match give::known(name) {
        Ok(_) => true,
        Err(error) => {
            tracing::error!("{error}; nothing is handed to it");
            false
        }
    });
    names
}

impl Sinks {
    /// Starts the thread if a returner is configured.
    ///
    /// # Errors
    /// If the thread cannot be started.
    pub(crate) fn start(opts: &Opts) -> Result<Option<Sinks>> {
        let (names, for_events) = (there(names(opts)), there(event_names(opts)));
        if names.is_empty() && for_events.is_empty() {
            return Ok(None);
        }
        let tags = Tags {
            white: opts.list("event_return_whitelist"),
            black: opts.list("event_return_blacklist"),
        };
        let (jobs, events) = (!names.is_empty(), (!for_events.is_empty()).then_some(tags));
        let (to, from) = sync_channel(limits::SINKS_WAITING);
        let opts = opts.clone();
        let thread = std::thread::Builder::new().name("returners".into());
        thread.spawn(move || run(&opts, (&names, &for_events), &from)).map_err(|error| {
            halite_core::Error::execution(format!("cannot start the returners' thread: {error}"))
        })?;
        Ok(Some(Sinks { to, full: false, jobs, events }))
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
        if self.jobs {
            self.hand(gift);
        }
    }

    /// Hands on an event of the bus.
    pub(crate) fn event(&mut self, frame: &[u8]) {
        let Some(tags) = &self.events else { return };
        let Ok((body, _)) = frame::open_frame(frame) else { return };
        if !events::tag_of(&body).is_some_and(|tag| tags.take(tag)) {
            return;
        }
        let Ok((tag, data)) = frame::read_event(&body) else { return };
        let event = map! {"tag" => tag, "data" => data};
        self.hand(Gift::Events(vec![event]));
    }

    fn hand(&mut self, gift: Gift) {
        let full = self.to.try_send(gift).is_err();
        if full && !self.full {
            tracing::error!(
                "The returners are behind: jobs and returns are in the own store only until they caught up"
            );
        }
        self.full = full;
    }
}

fn run(opts: &Opts, (names, for_events): (&[String], &[String]), from: &Receiver<Gift>) {
    let services = MasterServices::new(opts, "", Box::new(|line| tracing::info!("{line}")));
    let (pillar, job) = (Arc::new(Map::new()), JobState::default());
    let folder: PathBuf = opts.path("cachedir").join("returners");
    services.on_master(opts, &pillar, &job, |apply| {
        loop {
            let first = match from.recv_timeout(RETRY) {
                Ok(gift) => gift,
                Err(RecvTimeoutError::Timeout) => {
                    give::hand_over(apply, &folder);
                    continue;
                }
                Err(RecvTimeoutError::Disconnected) => return,
            };
            // What waits is taken together: events go in one piece.
            let (mut events, mut others) = (Vec::new(), Vec::new());
            let more = std::iter::from_fn(|| from.try_recv().ok()).take(limits::SINKS_BATCH);
            for gift in std::iter::once(first).chain(more) {
                match gift {
                    Gift::Events(more) => events.extend(more),
                    other => others.push(other),
                }
            }
            for (name, gift) in
                others.iter().flat_map(|gift| names.iter().map(move |name| (name, gift)))
            {
                give::give_or_keep(apply, &folder, name, gift);
            }
            if !events.is_empty() {
                let gift = Gift::Events(events);
                for_events.iter().for_each(|name| give::give_or_keep(apply, &folder, name, &gift));
            }
        }
    });
}

#[cfg(test)]
mod tests;
