//! What the reactor decides: which events call for what, what waits, what is refused and kept as a dead letter. Pure: the
//! time is an argument, and what it needs of the outside is [`Outside`].

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use halite_core::{Args, Map, Value, map};
use halite_states::reactor::{Chain, Chains, Gate, Kind, Limits, Rule, Rules, Sls, Verdict};
use halite_wire::frame;

use super::dead::Letter;
use super::{MANAGE, USER};
use crate::core::{Ask, JidSource, Now};
use crate::events::Event;

/// Looks at what a rule's limits leave of an event.
type Held = Gate<Pending>;

/// What the decisions need of the outside.
pub(crate) trait Outside {
    /// What the files of a rule come to for an event.
    fn sls(&mut self, files: &[String], tag: &str, data: &Value) -> Sls;
    /// Asks the owner task for something; false if it takes nothing any more.
    fn ask(&mut self, ask: Ask) -> bool;
    /// Runs a function on another thread; false if too many wait for one. An error says why it can never be run.
    ///
    /// # Errors
    /// What is wrong with it.
    fn run(&mut self, deed: Deed) -> Result<bool, String>;
    /// Keeps a dead letter.
    fn bury(&mut self, now: i64, letter: &Letter<'_>);
}

/// A runner, wheel or caller function that is to run.
pub(crate) struct Deed {
    /// What asks for it.
    pub(crate) reaction: halite_states::reactor::Reaction,
    /// Under this jid.
    pub(crate) jid: String,
    /// The mark that its events carry.
    pub(crate) cause: String,
    /// Dropped when it ended.
    pub(crate) ended: Arc<Ended>,
}

/// An event on its way through a rule.
pub(super) struct Pending {
    pub(super) tag: Arc<str>,
    pub(super) data: Value,
    pub(super) chain: Chain,
}

/// Counts a reaction to one event as ended when the last of its parts drops it.
#[derive(Debug)]
pub(crate) struct Ended(Arc<AtomicUsize>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::AcqRel);
    }
}

/// A rule's gate, and how many of its reactions ended since it was looked at.
struct Place {
    gate: Held,
    ended: Arc<AtomicUsize>,
}

/// What the reactor knows of its master.
pub(crate) struct Master {
    /// Its id.
    pub(crate) id: String,
    /// The user it runs as, and so do jobs of reactions.
    pub(crate) user: String,
    /// Where jids come from.
    pub(crate) jids: JidSource,
}

/// The state of the reactor.
pub(crate) struct Reactor<O> {
    /// What is around it.
    pub(crate) outside: O,
    /// The rules.
    pub(crate) rules: Rules,
    /// `reactor_limits`.
    limits: Value,
    master: Master,
    pub(super) chains: Chains,
    places: HashMap<String, Place>,
    leader: bool,
}

/// What an event has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Read {
    /// Nothing that the subscription has to know.
    Done,
    /// The rules: other tags are to be read.
    Rules,
}

impl<O: Outside> Reactor<O> {
    /// A reactor that has seen nothing yet.
    pub(crate) fn new(outside: O, rules: Rules, limits: Value, master: Master) -> Reactor<O> {
        Reactor {
            outside,
            rules,
            limits,
            master,
            chains: Chains::default(),
            places: HashMap::new(),
            leader: true,
        }
    }

    /// When something is due next, microseconds since 1970 UTC.
    pub(crate) fn next_due(&self) -> Option<i64> {
        self.places.values().filter_map(|place| place.gate.next_due()).min()
    }

    /// Whether events wait for the end of reactions.
    pub(crate) fn waits_for_ends(&self) -> bool {
        self.places
            .values()
            .any(|Place { gate, .. }| gate.next_due().is_none() && gate.waiting() > 0)
    }

    /// So many events were missed, since the reactor is too slow.
    pub(crate) fn missed(&mut self, now: i64, count: u64, room: usize) {
        let why = format!(
            "{count} events came faster than the reactor could take them; reactor_worker_hwm is {room}"
        );
        tracing::error!("{why}");
        self.bury(now, "missed", why, "", ("", &Value::Null), ("", ""));
    }

    /// An event of the bus.
    pub(crate) fn message(&mut self, now: i64, tag: &Arc<str>, message: &[u8]) -> Read {
        let Ok((body, cause)) = frame::open_frame(message) else { return Read::Done };
        let Ok((_, data)) = frame::read_event(&body) else { return Read::Done };
        // What the reactor's own runners say calls for nothing.
        if data.get("user").and_then(Value::as_str) == Some(USER) {
            return Read::Done;
        }
        if tag.contains(MANAGE) {
            return self.manage(tag, &data);
        }
        if !self.leader {
            return Read::Done;
        }
        let mut chain = Chain::parse(&cause);
        if chain.is_empty() {
            chain = self.chains.of(now, tag);
        }
        let rules: Vec<Rule> = self.rules.matching(tag).cloned().collect();
        for rule in rules {
            let pending =
                Pending { tag: Arc::clone(tag), data: data.clone(), chain: chain.clone() };
            let verdict = self.place(rule.tag.pattern()).gate.offer(now, tag, pending);
            self.judged(now, &rule, verdict);
        }
        Read::Done
    }

    fn place(&mut self, rule: &str) -> &mut Place {
        let new = |limits| Place { gate: Gate::new(limits), ended: Arc::default() };
        if !self.places.contains_key(rule) {
            // A rule added later with limits that cannot be read has none; the start has told it.
            let limits = Limits::of(&self.limits, rule).unwrap_or_default();
            self.places.insert(rule.to_owned(), new(limits));
        }
        self.places.entry(rule.to_owned()).or_insert_with(|| new(Limits::default()))
    }

    fn judged(&mut self, now: i64, rule: &Rule, verdict: Verdict<Pending>) {
        match verdict {
            Verdict::Now(event) => {
                let ended = Arc::new(Ended(Arc::clone(&self.place(rule.tag.pattern()).ended)));
                self.react(now, rule, &event, &ended);
            }
            Verdict::Later => {}
            Verdict::Refused(event, limit) => {
                let tag = rule.tag.pattern();
                let why = format!("the rule '{tag}' is over its `{limit}` in reactor_limits");
                tracing::warn!(event = &*event.tag, "Not reacted to: {why}");
                self.bury(now, limit, why, tag, (&event.tag, &event.data), ("", ""));
            }
        }
    }

    fn rule(&self, pattern: &str) -> Option<Rule> {
        self.rules.iter().find(|rule| rule.tag.pattern() == pattern).cloned()
    }

    /// Reacts to what has been quiet long enough, and gives the places of reactions that ended to those that wait.
    pub(crate) fn settle(&mut self, now: i64) {
        let due: Vec<(String, Vec<Verdict<Pending>>)> = self
            .places
            .iter_mut()
            .filter(|(_, place)| place.gate.next_due().is_some_and(|due| due <= now))
            .map(|(rule, place)| (rule.clone(), place.gate.settled(now)))
            .collect();
        for (pattern, verdicts) in due {
            let Some(rule) = self.rule(&pattern) else { continue };
            verdicts.into_iter().for_each(|verdict| self.judged(now, &rule, verdict));
        }
        self.make_room(now);
    }

    fn make_room(&mut self, now: i64) {
        let mut next = Vec::new();
        for (pattern, Place { gate, ended }) in &mut self.places {
            for _ in 0..ended.swap(0, Ordering::AcqRel) {
                next.extend(gate.finished().map(|event| (pattern.clone(), event)));
            }
        }
        for (pattern, event) in next {
            match self.rule(&pattern) {
                Some(rule) => self.judged(now, &rule, Verdict::Now(event)),
                // The rule is no more, and its place is free again.
                None => drop(Ended(Arc::clone(&self.place(&pattern).ended))),
            }
        }
    }

    /// Keeps a dead letter.
    pub(super) fn bury(
        &mut self,
        now: i64,
        reason: &str,
        why: String,
        rule: &str,
        (tag, data): (&str, &Value),
        (sls, id): (&str, &str),
    ) {
        self.outside.bury(now, &Letter { reason, why, rule, tag, data, sls, id });
    }

    /// The user that jobs run as.
    pub(super) fn user(&self) -> String {
        self.master.user.clone()
    }

    /// The jid of what comes next.
    pub(super) fn jid(&mut self, now: i64) -> halite_core::Jid {
        self.master.jids.next(Now(now), false)
    }

    /// What runners ask of the reactor. The owner task has checked the master's key. Salt: `Reactor.run`.
    fn manage(&mut self, tag: &str, data: &Value) -> Read {
        let field = |name: &str| data.get(name).cloned().unwrap_or_default();
        let reactors = |reactor: &Self| reactor.rules.list();
        let Some(what) = tag.rsplit_once("/manage/").map(|(_, what)| what) else {
            return Read::Done;
        };
        let (reply, data) = match what {
            "is_leader" => ("leader/value", map! {"result" => self.leader}),
            "set_leader" => {
                if data.get("id").and_then(Value::as_str) == Some(&*self.master.id) {
                    self.leader = field("value").truthy();
                }
                ("leader/value", map! {"result" => self.leader})
            }
            "add" => {
                let result = self.rules.add(&field("event").to_string(), &field("reactors"));
                ("add-complete", map! {"reactors" => reactors(self), "result" => result})
            }
            "delete" => {
                let result = self.rules.delete(&field("event").to_string());
                ("delete-complete", map! {"reactors" => reactors(self), "result" => result})
            }
            "list" => ("list-results", map! {"reactors" => reactors(self)}),
            _ => return Read::Done,
        };
        self.fire(&format!("{MANAGE}/{reply}"), data);
        if matches!(what, "add" | "delete") { Read::Rules } else { Read::Done }
    }

    fn fire(&mut self, tag: &str, data: Map) {
        // A master that stops takes no more events.
        let _ = self.outside.ask(Ask::Fire(Event::new(tag, data)));
    }
}

/// The arguments of a reaction as a function with these parameters takes them.
pub(super) fn args_of(reaction: &halite_states::reactor::Reaction) -> Result<Args, String> {
    let kind = match reaction.kind {
        Kind::Wheel => crate::runner::Kind::Wheel,
        Kind::Runner => crate::runner::Kind::Runner,
        Kind::Local | Kind::Caller => return Ok(reaction.args.clone()),
    };
    match crate::runner::spec(kind, &reaction.fun) {
        Some(spec) => {
            let names: Vec<&str> = spec.params.iter().map(|param| param.name).collect();
            Ok(reaction.args_for(&names, spec.extra_named))
        }
        None => {
            let (id, word, fun) = (&reaction.id, reaction.kind.word(), &reaction.fun);
            Err(format!("Reactor '{id}' failed to execute {word} '{fun}': function not available"))
        }
    }
}
