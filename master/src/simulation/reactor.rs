//! The reactor of a run: its decisions between the bus of the run and a made-up outside.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use bytes::Bytes;
use halite_core::{Map, Value, map};
use halite_net::bus::{Bus, Delivered, Room, Subscription};
use halite_states::compiler::LowChunk;
use halite_states::reactor::{Reaction, Rules, Sls};
use halite_wire::frame;

use super::world::{Event, World};
use crate::core::{Ask, Input, JidSource};
use crate::reactor::core::{Deed, Master, Outside, Reactor};
use crate::reactor::{Letter, topics};

/// Events that may wait for the reactor.
const ROOM: Room = Room { messages: 8, bytes: 16_384 };
/// Jobs and events that may wait for the owner.
const ASKS: usize = 2;
/// Functions that run or wait for a thread.
const DEEDS: usize = 2;
/// Rounds of a reaction to itself, with some for each restart and each event that took longer than causes are known.
const ROUNDS: i64 = 30;
/// `rate` of a rule: so many in so many microseconds.
const RATE: (usize, i64) = (3, 20_000_000);

/// What the reactor needs, as a run has it.
#[derive(Default)]
struct Around {
    asks: VecDeque<Ask>,
    deeds: Vec<Deed>,
    running: usize,
    /// How often the files of a rule were asked for, and the moments of it.
    rendered: BTreeMap<String, Vec<i64>>,
    /// Dead letters by their reason.
    buried: BTreeMap<String, usize>,
    now: i64,
    wrong: Option<String>,
}

/// In which round of its own causes an event is.
fn round_of(data: &Value) -> i64 {
    let place = [data.get("round"), data.get("return").and_then(|ret| ret.get("round"))];
    place.into_iter().flatten().find_map(Value::as_i64).unwrap_or(0)
}

/// The reaction that a rule's file stands for.
fn reaction(file: &str, data: &Value, round: i64) -> Map {
    let id = data.get("id").cloned().unwrap_or_default();
    let event = Value::from(map! {"round" => round});
    let mut chunk = match file {
        "echo" => map! {"state" => "local", "fun" => "test.arg", "tgt" => id, "arg" => vec![round]},
        "fire" => map! {
            "state" => "local", "fun" => "event.fire_master", "tgt" => id,
            "arg" => Value::list([event, "sim/loop".into()]),
        },
        "again" => {
            map! {"state" => "local", "fun" => "test.arg", "tgt" => "m2", "arg" => vec![round]}
        }
        _ => map! {"state" => "runner", "fun" => "test.sleep", "arg" => vec![round]},
    };
    chunk.extend(map! {"__id__" => file, "__sls__" => file});
    chunk
}

impl Outside for Around {
    fn sls(&mut self, files: &[String], _: &str, data: &Value) -> Sls {
        let file = files.first().map(String::as_str).unwrap_or_default();
        let round = round_of(data);
        if round > ROUNDS {
            self.wrong = Some(format!("`{file}` reacts to itself, round {round}"));
        }
        self.rendered.entry(file.to_owned()).or_default().push(self.now);
        let chunk = LowChunk::from(reaction(file, data, round + 1));
        Sls { reactions: vec![Reaction::read(&chunk)], faults: Vec::new() }
    }

    fn ask(&mut self, ask: Ask) -> bool {
        self.asks.push_back(ask);
        true
    }

    fn run(&mut self, deed: Deed) -> Result<bool, String> {
        let room = self.running + self.deeds.len() < DEEDS;
        if room {
            self.deeds.push(deed);
        }
        Ok(room)
    }

    fn bury(&mut self, _: i64, letter: &Letter<'_>) {
        let about = format!("{} {}", letter.reason, letter.rule);
        *self.buried.entry(about).or_default() += 1;
    }
}

/// The reactor, and what it was given.
pub(super) struct Reacting {
    reactor: Reactor<Around>,
    subscription: Subscription,
    /// When it looks next.
    wake: Option<u64>,
    deeds: BTreeMap<u64, Deed>,
    next_deed: u64,
    /// Events that it was given, by the tag of the rule.
    given: BTreeMap<&'static str, usize>,
    missed: u64,
}

/// The rules: a tag, what stands for its file.
const RULES: [(&str, &str); 4] = [
    ("sim/event", "echo"),
    ("sim/loop", "fire"),
    ("salt/job/*/ret/m2", "again"),
    ("sim/run", "run"),
];

impl Reacting {
    /// The reactor of a master that starts.
    pub(super) fn new(bus: &Bus, jids: JidSource) -> Reacting {
        let rules = RULES.map(|(tag, file)| Value::from(map! {tag => vec![file]}));
        let (rules, odd) = Rules::parse(&Value::list(rules));
        assert!(odd.is_empty(), "{odd:?}");
        let limits = map! {
            "sim/event" => map! {"rate" => "3/20s"},
            "salt/job/*/ret/m2" => map! {"debounce" => "3s"},
            "sim/run" => map! {"concurrency" => 1, "queue" => 2},
        };
        let subscription = bus.subscribe(&topics(&rules), ROOM);
        let master = Master { id: "m_master".into(), user: "root".into(), jids };
        Reacting {
            reactor: Reactor::new(Around::default(), rules, limits.into(), master),
            subscription,
            wake: None,
            deeds: BTreeMap::new(),
            next_deed: 0,
            given: BTreeMap::new(),
            missed: 0,
        }
    }

    fn around(&self) -> &Around {
        &self.reactor.outside
    }

    fn buried(&self, reason: &str, rule: &str) -> usize {
        self.around().buried.get(&format!("{reason} {rule}")).copied().unwrap_or(0)
    }

    /// Reads some of what waits; whether there may be more.
    fn read(&mut self, now: i64, most: u64) -> bool {
        self.reactor.outside.now = now;
        for _ in 0..most {
            match self.subscription.next(Duration::ZERO) {
                Delivered::Message { topic, message } => {
                    self.count(&topic, &message);
                    self.reactor.message(now, &topic, &message);
                }
                Delivered::Missed(count) => {
                    self.missed += count;
                    self.reactor.missed(now, count, ROOM.messages);
                }
                Delivered::Nothing | Delivered::Closed => return false,
            }
        }
        true
    }

    fn count(&mut self, topic: &str, message: &[u8]) {
        let body = frame::open_frame(message).map(|(body, _)| body).unwrap_or_default();
        let own = frame::read_event(&body)
            .is_ok_and(|(_, data)| data.get("user").and_then(Value::as_str) == Some("Reactor"));
        for (tag, _) in RULES.iter().filter(|_| !own) {
            if halite_core::glob::Glob::new(tag).matches(topic) {
                *self.given.entry(tag).or_default() += 1;
            }
        }
    }

    /// Whether anything is under way in it.
    pub(super) fn is_busy(&self) -> bool {
        let waits = self.reactor.next_due().is_some() || self.reactor.waits_for_ends();
        waits || !self.deeds.is_empty() || !self.around().asks.is_empty()
    }

    /// What must hold of its limits.
    fn check(&self) -> Result<(), String> {
        if let Some(wrong) = &self.around().wrong {
            return Err(wrong.clone());
        }
        if self.deeds.len() > 1 {
            return Err(format!(
                "{} reactions of a rule with `concurrency: 1` run",
                self.deeds.len()
            ));
        }
        let times = self.around().rendered.get("echo").map(Vec::as_slice).unwrap_or_default();
        // A full burst and what comes of it while it fills up again.
        let (burst, period) = RATE;
        for window in times.windows(2 * burst + 1) {
            let took = window[2 * burst] - window[0];
            if took + 1_000 < period * (burst as i64 + 1) / burst as i64 {
                return Err(format!("{} reactions in {took} microseconds", window.len()));
            }
        }
        Ok(())
    }

    /// Once it rests: every event that it was given was reacted to, or is told in a dead letter.
    pub(super) fn settled(&self) -> Result<(), String> {
        for (tag, file) in RULES {
            let given = self.given.get(tag).copied().unwrap_or(0);
            let rendered = self.around().rendered.get(file).map_or(0, Vec::len);
            let refused = self.buried("rate", tag) + self.buried("concurrency", tag);
            let right = match file {
                // Of those that come shortly after each other the last one counts.
                "again" => rendered <= given && (rendered > 0) == (given > 0),
                _ => rendered + refused == given,
            };
            if !right {
                return Err(format!(
                    "of {given} events {tag} {rendered} were reacted to and {refused} refused"
                ));
            }
        }
        Ok(())
    }
}

impl World {
    /// Has the reactor look in so many milliseconds.
    pub(super) fn wake_reactor(&mut self, ms: u64) {
        let slow = self.chaos && self.dice.one_in(60);
        let at = self.now + if slow { 5_000 } else { ms };
        let life = self.master.life;
        let Some(reacting) = &mut self.master.reacting else { return };
        if reacting.wake.is_none_or(|wake| wake > at) {
            // One that is rendering is not to be woken.
            if reacting.wake.is_some() && !slow {
                return;
            }
            reacting.wake = Some(at);
            self.at(at - self.now, Event::React { life });
        }
    }

    /// The reactor's turn.
    pub(super) fn react(&mut self) {
        let (now, most) = (self.micros().0, self.dice.between(1, 6));
        let at = self.now;
        let Some(reacting) = &mut self.master.reacting else { return };
        if reacting.wake.take_if(|wake| *wake <= at).is_none() {
            return;
        }
        // While the owner takes nothing the reactor stands still, and its events wait.
        let stands = reacting.around().asks.len() >= ASKS;
        let more = if stands { true } else { reacting.read(now, most) };
        if !stands {
            reacting.reactor.settle(now);
        }
        if let Err(wrong) = reacting.check() {
            self.ledger.wrong(wrong);
        }
        if stands {
            self.ledger.reached("jobs of the reactor");
        }
        self.begin_deeds();
        self.answer_reactor();
        self.look_again(more);
    }

    fn look_again(&mut self, more: bool) {
        let now = self.micros().0;
        let Some(reacting) = &self.master.reacting else { return };
        let due = reacting
            .reactor
            .next_due()
            .map(|due| u64::try_from(due - now).unwrap_or(0) / 1_000 + 1);
        let wait = if more || reacting.reactor.waits_for_ends() { Some(20) } else { due };
        if let Some(wait) = wait {
            self.wake_reactor(wait);
        }
    }

    fn begin_deeds(&mut self) {
        let life = self.master.life;
        let Some(reacting) = &mut self.master.reacting else { return };
        let mut begun = Vec::new();
        for deed in std::mem::take(&mut reacting.reactor.outside.deeds) {
            reacting.next_deed += 1;
            reacting.deeds.insert(reacting.next_deed, deed);
            begun.push(reacting.next_deed);
        }
        reacting.reactor.outside.running = reacting.deeds.len();
        if let Err(wrong) = reacting.check() {
            self.ledger.wrong(wrong);
        }
        for number in begun {
            let wait = self.dice.between(50, 6_000);
            self.at(wait, Event::DeedDone { life, number });
        }
    }

    /// A function of the reactor has ended; it may have fired what calls for it again.
    pub(super) fn deed_done(&mut self, number: u64) {
        let Some(reacting) = &mut self.master.reacting else { return };
        let Some(deed) = reacting.deeds.remove(&number) else { return };
        reacting.reactor.outside.running = reacting.deeds.len();
        let round = deed.reaction.args.positional.first().and_then(Value::as_i64).unwrap_or(0);
        let event = |tag: &str, data: Map| frame::event_body(tag, &data);
        let body = event("sim/run", map! {"round" => round});
        let again = frame::caused_frame(&body, &deed.cause);
        let ret = event(
            &format!("salt/run/{}/ret", deed.jid),
            map! {"jid" => deed.jid.as_str(), "user" => "Reactor", "fun" => "runner.test.sleep", "return" => true},
        );
        drop(deed);
        self.master_input(Input::Local(Bytes::from(frame::pub_frame(&ret))));
        self.master_input(Input::Local(Bytes::from(again)));
        self.wake_reactor(5);
    }

    /// A program on the master fires an event.
    pub(super) fn fire_local(&mut self, tag: &str, data: Map) {
        let body = frame::event_body(tag, &data);
        self.master_input(Input::Local(Bytes::from(frame::pub_frame(&body))));
    }

    /// Gives the owner what the reactor asks for, while it takes it.
    pub(super) fn answer_reactor(&mut self) {
        while self.master.core.as_ref().is_some_and(crate::core::Core::may_seal) {
            let Some(reacting) = &mut self.master.reacting else { return };
            let Some(ask) = reacting.reactor.outside.asks.pop_front() else { return };
            self.master_input(Input::Ask(ask));
        }
    }

    /// Tells what the reactor came to.
    pub(super) fn reactor_reached(&mut self) {
        let Some(reacting) = &self.master.reacting else { return };
        let seen = [
            (reacting.missed > 0, "events that the reactor missed"),
            (reacting.buried("rate", "sim/event") > 0, "the rate of a rule"),
            (reacting.buried("concurrency", "sim/run") > 0, "the queue of a rule"),
            (
                RULES.iter().any(|(tag, _)| reacting.buried("loop", tag) > 0),
                "a loop that is stopped",
            ),
        ];
        for (is, what) in seen {
            if is {
                self.ledger.reached(what);
            }
        }
    }
}
