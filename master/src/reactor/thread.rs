//! The thread that reads the bus, and what is around the decisions: SLS files, workers, dead letters.

use std::time::{Duration, Instant, SystemTime};

use halite_core::glob::Glob;
use halite_core::{Error, JobState, Result, Value};
use halite_net::bus::{Delivered, Room, Subscription};
use halite_states::reactor::{Kind, Rules, Sls};

use super::core::{Deed, Master, Outside, Reactor, Read, args_of};
use super::dead::{DeadLetters, Letter};
use super::settings::{Settings, rules_of};
use super::workers::Workers;
use super::{MANAGE, Parts, USER};
use crate::core::Ask;
use crate::runner::{self, Call};
use crate::services::MasterServices;
use crate::user_keys::master_user;

/// How long the thread sleeps when nothing is due.
const IDLE: Duration = Duration::from_secs(1);
/// How soon it looks again for reactions that ended while others wait for their place.
const SOON: Duration = Duration::from_millis(5);

/// Microseconds since 1970 UTC.
fn now() -> i64 {
    jiff::Timestamp::now().as_microsecond()
}

/// The master around the reactor.
struct Around {
    parts: Parts,
    services: MasterServices,
    workers: Workers,
    dead: DeadLetters,
}

impl Outside for Around {
    fn sls(&mut self, files: &[String], tag: &str, data: &Value) -> Sls {
        self.services.reactor_sls(files, tag, data)
    }

    fn ask(&mut self, ask: Ask) -> bool {
        self.parts.asks.blocking_send(ask).is_ok()
    }

    fn run(&mut self, deed: Deed) -> Result<bool, String> {
        let args = args_of(&deed.reaction)?;
        let Deed { reaction, jid, cause, ended } = deed;
        let (fun, word) = (reaction.fun, reaction.kind.word());
        let kind = match reaction.kind {
            Kind::Caller | Kind::Local => {
                let services = self.services.sharing(&jid, &cause);
                return Ok(self.workers.run(Box::new(move || {
                    let job = JobState::new(&jid, &fun, USER);
                    if let Err(error) = services.call_as(&job, &fun, args) {
                        tracing::error!(%error, "Reactor: caller {fun} failed");
                    }
                    drop(ended);
                })));
            }
            Kind::Wheel => runner::Kind::Wheel,
            Kind::Runner => runner::Kind::Runner,
        };
        let opts = self.parts.opts.clone();
        Ok(self.workers.run(Box::new(move || {
            let print: crate::services::Print = Box::new(|line| tracing::info!("{line}"));
            let user = USER.into();
            let call = Call { kind, fun: fun.clone(), args, user, jid: Some(jid), print };
            let ran = runner::run_caused(&opts, call, &cause);
            if !ran.success {
                tracing::error!("Reactor: {word} {fun} failed: {}", ran.ret);
            }
            drop(ended);
        })))
    }

    fn bury(&mut self, now: i64, letter: &Letter<'_>) {
        self.dead.keep(now, letter);
    }
}

/// All that the thread owns.
struct Thread {
    settings: Settings,
    reactor: Reactor<Around>,
    looked: Instant,
    changed: Option<SystemTime>,
}

pub(super) fn start(settings: Settings, parts: Parts) -> Result<()> {
    let opts = &parts.opts;
    let print: crate::services::Print = Box::new(|line| tracing::info!("{line}"));
    let room = Room { messages: settings.hwm.max(1_024), ..Room::default() };
    let subscription = parts.bus.subscribe(&topics(&settings.rules), room);
    let (rules, limits) = (settings.rules.clone(), settings.limits.clone());
    let (id, user) = (opts.str("id").to_owned(), master_user(opts));
    let master = Master { id, user, jids: parts.jids.clone() };
    let around = Around {
        services: MasterServices::new(opts, "", print),
        workers: Workers::new(settings.threads, settings.hwm),
        dead: DeadLetters::new(super::dead::path(opts)),
        parts,
    };
    let thread = Thread {
        reactor: Reactor::new(around, rules, limits, master),
        looked: Instant::now(),
        changed: modified(&settings),
        settings,
    };
    std::thread::Builder::new()
        .name("reactor".into())
        .spawn(move || thread.run(&subscription))
        .map(drop)
        .map_err(|error| Error::execution(format!("cannot start the reactor: {error}")))
}

/// The tags that are read for these rules.
pub(crate) fn topics(rules: &Rules) -> Vec<Glob> {
    let manage = Glob::new(&format!("*{MANAGE}/*"));
    rules.iter().map(|rule| rule.tag.clone()).chain([manage]).collect()
}

fn modified(settings: &Settings) -> Option<SystemTime> {
    std::fs::metadata(settings.file.as_ref()?).and_then(|data| data.modified()).ok()
}

impl Thread {
    fn run(mut self, subscription: &Subscription) {
        tracing::info!("The reactor reads the bus");
        loop {
            match subscription.next(self.patience()) {
                Delivered::Message { topic, message } => {
                    if self.reactor.message(now(), &topic, &message) == Read::Rules {
                        subscription.read_topics(&topics(&self.reactor.rules));
                    }
                }
                Delivered::Missed(count) => self.reactor.missed(now(), count, self.settings.hwm),
                Delivered::Nothing => {}
                Delivered::Closed => return,
            }
            self.reactor.settle(now());
            self.refresh(subscription);
        }
    }

    /// How long nothing has to be looked at.
    fn patience(&self) -> Duration {
        if self.reactor.waits_for_ends() {
            return SOON;
        }
        self.reactor.next_due().map_or(IDLE, |due| {
            Duration::from_micros(u64::try_from(due - now()).unwrap_or(0)).min(IDLE)
        })
    }

    /// Reads the rules again if they stand in a file that changed.
    fn refresh(&mut self, subscription: &Subscription) {
        if self.settings.file.is_none() || self.looked.elapsed() < self.settings.refresh.min(IDLE) {
            return;
        }
        self.looked = Instant::now();
        let changed = modified(&self.settings);
        if changed == self.changed {
            return;
        }
        self.changed = changed;
        match rules_of(&self.reactor.outside.parts.opts) {
            Ok(rules) => {
                subscription.read_topics(&topics(&rules));
                self.reactor.rules = rules;
                tracing::info!("The reactor map was read again");
            }
            Err(error) => tracing::error!(%error, "The reactor map is kept as it was"),
        }
    }
}
