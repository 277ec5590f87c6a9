//! The thread that reads the bus and decides.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant, SystemTime};

use halite_core::glob::Glob;
use halite_core::{Error, Map, Result, Value, map};
use halite_net::bus::{Delivered, Room, Subscription};
use halite_states::reactor::{Chain, Chains, Gate, Limits, Rule, Rules, Verdict};
use halite_wire::frame;

use super::dead::{DeadLetters, Letter};
use super::settings::{Settings, rules_of};
use super::workers::Workers;
use super::{MANAGE, Parts, USER};
use crate::core::Ask;
use crate::events::Event;
use crate::services::MasterServices;

/// How long the thread sleeps when nothing is due.
const IDLE: Duration = Duration::from_secs(1);
/// How soon it looks again for reactions that ended while others wait for their place.
const SOON: Duration = Duration::from_millis(5);

/// An event on its way through a rule.
pub(super) struct Pending {
    pub(super) tag: Arc<str>,
    pub(super) data: Value,
    pub(super) chain: Chain,
}

/// Tells the thread that all of a rule's reactions to one event ended, when the last of them drops it.
pub(super) struct Ended {
    rule: String,
    to: Sender<String>,
}

impl Drop for Ended {
    fn drop(&mut self) {
        // A reactor that ended meanwhile counts nothing any more.
        drop(self.to.send(std::mem::take(&mut self.rule)));
    }
}

/// All that the thread owns.
pub(super) struct Reactor {
    pub(super) settings: Settings,
    pub(super) parts: Parts,
    pub(super) services: MasterServices,
    pub(super) workers: Workers,
    pub(super) chains: Chains,
    dead: DeadLetters,
    gates: HashMap<String, Gate<Pending>>,
    leader: bool,
    ended: (Sender<String>, Receiver<String>),
    looked: Instant,
    changed: Option<SystemTime>,
}

/// Microseconds since 1970 UTC.
pub(super) fn now() -> i64 {
    jiff::Timestamp::now().as_microsecond()
}

pub(super) fn start(settings: Settings, parts: Parts) -> Result<()> {
    let opts = &parts.opts;
    let print: crate::services::Print = Box::new(|line| tracing::info!("{line}"));
    let room = Room { messages: settings.hwm.max(1_024), ..Room::default() };
    let subscription = parts.bus.subscribe(&topics(&settings.rules), room);
    let reactor = Reactor {
        services: MasterServices::new(opts, "", print),
        workers: Workers::new(settings.threads, settings.hwm),
        chains: Chains::default(),
        dead: DeadLetters::new(super::dead::path(opts)),
        gates: HashMap::new(),
        leader: true,
        ended: channel(),
        looked: Instant::now(),
        changed: modified(&settings),
        settings,
        parts,
    };
    std::thread::Builder::new()
        .name("reactor".into())
        .spawn(move || reactor.run(&subscription))
        .map(drop)
        .map_err(|error| Error::execution(format!("cannot start the reactor: {error}")))
}

fn topics(rules: &Rules) -> Vec<Glob> {
    let manage = Glob::new(&format!("*{MANAGE}/*"));
    rules.iter().map(|rule| rule.tag.clone()).chain([manage]).collect()
}

fn modified(settings: &Settings) -> Option<SystemTime> {
    std::fs::metadata(settings.file.as_ref()?).and_then(|data| data.modified()).ok()
}

impl Reactor {
    fn run(mut self, subscription: &Subscription) {
        tracing::info!("The reactor reads the bus");
        loop {
            match subscription.next(self.patience()) {
                Delivered::Message { topic, message } => {
                    self.message(subscription, topic, &message)
                }
                Delivered::Missed(count) => self.missed(count),
                Delivered::Nothing => {}
                Delivered::Closed => return,
            }
            self.settle();
            self.make_room();
            self.refresh(subscription);
        }
    }

    /// How long nothing has to be looked at.
    fn patience(&self) -> Duration {
        if self.gates.values().any(|gate| gate.next_due().is_none() && gate.waiting() > 0) {
            return SOON;
        }
        let due = self.gates.values().filter_map(Gate::next_due).min();
        due.map_or(IDLE, |due| {
            Duration::from_micros(u64::try_from(due - now()).unwrap_or(0)).min(IDLE)
        })
    }

    fn missed(&mut self, count: u64) {
        let why = format!(
            "{count} events came faster than the reactor could take them; reactor_worker_hwm is {}",
            self.settings.hwm
        );
        tracing::error!("{why}");
        self.bury("missed", why, "", "", &Value::Null, ("", ""));
    }

    fn message(&mut self, subscription: &Subscription, tag: Arc<str>, message: &[u8]) {
        let Ok((body, cause)) = frame::open_frame(message) else { return };
        let Ok((_, data)) = frame::read_event(&body) else { return };
        // What the reactor's own runners say calls for nothing.
        if data.get("user").and_then(Value::as_str) == Some(USER) {
            return;
        }
        if tag.contains(MANAGE) {
            return self.manage(subscription, &tag, &data);
        }
        if !self.leader {
            return;
        }
        let mut chain = Chain::parse(&cause);
        if chain.is_empty() {
            chain = self.chains.of(now(), &tag);
        }
        let rules: Vec<Rule> = self.settings.rules.matching(&tag).cloned().collect();
        for rule in rules {
            let pending =
                Pending { tag: Arc::clone(&tag), data: data.clone(), chain: chain.clone() };
            let gate = self.gate(rule.tag.pattern());
            let verdict = gate.offer(now(), &tag, pending);
            self.judged(&rule, verdict);
        }
    }

    fn gate(&mut self, rule: &str) -> &mut Gate<Pending> {
        if !self.gates.contains_key(rule) {
            // A rule added later with limits that cannot be read has none; the start has told it.
            let limits = Limits::of(&self.settings.limits, rule).unwrap_or_default();
            self.gates.insert(rule.to_owned(), Gate::new(limits));
        }
        self.gates.entry(rule.to_owned()).or_insert_with(|| Gate::new(Limits::default()))
    }

    fn judged(&mut self, rule: &Rule, verdict: Verdict<Pending>) {
        match verdict {
            Verdict::Now(event) => {
                let name = rule.tag.pattern().to_owned();
                let ended = Arc::new(Ended { rule: name, to: self.ended.0.clone() });
                self.react(rule, &event, &ended);
            }
            Verdict::Later => {}
            Verdict::Refused(event, limit) => {
                let tag = rule.tag.pattern();
                let why = format!("the rule '{tag}' is over its `{limit}` in reactor_limits");
                tracing::warn!(event = &*event.tag, "Not reacted to: {why}");
                self.bury(limit, why, tag, &event.tag, &event.data, ("", ""));
            }
        }
    }

    fn rule(&self, pattern: &str) -> Option<Rule> {
        self.settings.rules.iter().find(|rule| rule.tag.pattern() == pattern).cloned()
    }

    /// Reacts to what has been quiet long enough.
    fn settle(&mut self) {
        let now = now();
        let due: Vec<(String, Vec<Verdict<Pending>>)> = self
            .gates
            .iter_mut()
            .filter(|(_, gate)| gate.next_due().is_some_and(|due| due <= now))
            .map(|(rule, gate)| (rule.clone(), gate.settled(now)))
            .collect();
        for (pattern, verdicts) in due {
            let Some(rule) = self.rule(&pattern) else { continue };
            verdicts.into_iter().for_each(|verdict| self.judged(&rule, verdict));
        }
    }

    /// Gives the places of reactions that ended to those that wait.
    fn make_room(&mut self) {
        while let Ok(pattern) = self.ended.1.try_recv() {
            let next = self.gates.get_mut(&pattern).and_then(Gate::finished);
            if let (Some(event), Some(rule)) = (next, self.rule(&pattern)) {
                self.judged(&rule, Verdict::Now(event));
            }
        }
    }

    /// Keeps a dead letter.
    pub(super) fn bury(
        &mut self,
        reason: &str,
        why: String,
        rule: &str,
        tag: &str,
        data: &Value,
        (sls, id): (&str, &str),
    ) {
        self.dead.keep(now(), &Letter { reason, why, rule, tag, data, sls, id });
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
        match rules_of(&self.parts.opts) {
            Ok(rules) => {
                self.settings.rules = rules;
                subscription.read_topics(&topics(&self.settings.rules));
                tracing::info!("The reactor map was read again");
            }
            Err(error) => tracing::error!(%error, "The reactor map is kept as it was"),
        }
    }

    /// What runners ask of the reactor. The owner task has checked the master's key. Salt: `Reactor.run`.
    fn manage(&mut self, subscription: &Subscription, tag: &str, data: &Value) {
        let field = |name: &str| data.get(name).cloned().unwrap_or_default();
        let reactors = |reactor: &Reactor| reactor.settings.rules.list();
        let Some(what) = tag.rsplit_once("/manage/").map(|(_, what)| what) else { return };
        let (reply, data) = match what {
            "is_leader" => ("leader/value", map! {"result" => self.leader}),
            "set_leader" => {
                let own = self.parts.opts.str("id");
                if data.get("id").and_then(Value::as_str) == Some(own) {
                    self.leader = field("value").truthy();
                }
                ("leader/value", map! {"result" => self.leader})
            }
            "add" => {
                let result =
                    self.settings.rules.add(&field("event").to_string(), &field("reactors"));
                ("add-complete", map! {"reactors" => reactors(self), "result" => result})
            }
            "delete" => {
                let result = self.settings.rules.delete(&field("event").to_string());
                ("delete-complete", map! {"reactors" => reactors(self), "result" => result})
            }
            "list" => ("list-results", map! {"reactors" => reactors(self)}),
            _ => return,
        };
        if matches!(what, "add" | "delete") {
            subscription.read_topics(&topics(&self.settings.rules));
        }
        self.fire(&format!("{MANAGE}/{reply}"), data);
    }

    fn fire(&self, tag: &str, data: Map) {
        // A master that stops takes no more events.
        drop(self.parts.asks.blocking_send(Ask::Fire(Event::new(tag, data))));
    }
}
