//! The minions of a run: their cores with shells of virtual time around them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use halite_core::{Map, MinionId, Opts, Role, Value, map};
use halite_minion::core::{
    Bounds, Core, Facts, Input, Kept, Kind, Now, Output, Places, Settings, Window,
};
use halite_wire::crypto::PublicKey;
use halite_wire::session::SerialMark;

use super::dice::Dice;
use super::jobs::{Running, Timed, Waiting};
use super::key::QuickKey;
use super::master::EPOCH_MICROS;
use super::world::{Event, World};

/// Pause between two attempts to get the first pillar, ms.
const PILLAR_MS: u64 = 5_000;
/// A supervisor starts a minion again that ended, after so long, ms.
const RESTART_MS: u64 = 3_000;

/// Small, so that queues are full now and then.
pub(super) const BOUNDS: Bounds = Bounds {
    asks: 7,
    asks_in_flight: 4,
    returns: 8,
    returns_in_flight: 2,
    returns_in_memory: 2,
    packets: 2,
    jobs: 2,
};

/// What outlives the process.
#[derive(Default)]
pub(super) struct MinionDisk {
    /// Nothing more goes on it.
    pub(super) full: bool,
    /// Returns that outlive a power cut.
    pub(super) synced: BTreeSet<String>,
    /// Jobs that wait for their place, by the name of their file.
    pub(super) queue: BTreeMap<String, halite_wire::load::PublishLoad>,
    master: Option<PublicKey>,
    gcm: bool,
    jids: Vec<String>,
    mark: Option<SerialMark>,
    pub(super) spool: BTreeMap<String, Map>,
}

/// A minion.
pub(super) struct MinionSide {
    pub(super) id: MinionId,
    pub(super) core: Option<Core>,
    pub(super) life: u32,
    pub(super) disk: MinionDisk,
    pub(super) running: BTreeMap<String, Running>,
    pub(super) places: Places<Waiting>,
    pub(super) timed: Timed,
    /// Jobs seen that the disk does not know of.
    pub(super) unkept: BTreeSet<String>,
    /// Returns that are in memory only.
    pub(super) held: BTreeSet<String>,
    /// Returns that neither disk nor memory took.
    pub(super) unheld: BTreeSet<String>,
    /// When each return came.
    pub(super) done_at: BTreeMap<String, u64>,
    /// Its connection to the publisher.
    pub(super) conn: Option<u64>,
    /// It wants one.
    pub(super) subscribes: bool,
    /// What it sends does not arrive; what is sent to it does not.
    pub(super) cut: (bool, bool),
    key: Arc<QuickKey>,
    /// It offers AES-256-GCM; without it speaks as Salt's do.
    pub(super) gcm: bool,
    /// Its clock against the master's, seconds.
    pub(super) skew: i64,
    pub(super) booted: u64,
    wake: Option<u64>,
    asks: u64,
    pillar: Option<u64>,
    pub(super) dice: Dice,
}

impl MinionSide {
    pub(super) fn new(index: usize, key: &Arc<QuickKey>, seed: u64) -> MinionSide {
        let mut dice = Dice::new(seed, 10 + index as u64);
        MinionSide {
            id: MinionId::parse(&format!("m{index}")).expect("is an id"),
            core: None,
            life: 0,
            disk: MinionDisk::default(),
            running: BTreeMap::new(),
            places: Places::new(BOUNDS.jobs),
            timed: Timed::default(),
            unkept: BTreeSet::new(),
            held: BTreeSet::new(),
            unheld: BTreeSet::new(),
            done_at: BTreeMap::new(),
            conn: None,
            subscribes: false,
            cut: (false, false),
            key: Arc::clone(key),
            gcm: index != 1,
            skew: i64::try_from(dice.between(0, 600)).unwrap_or(0) - 300,
            booted: 0,
            wake: None,
            asks: 0,
            pillar: None,
            dice,
        }
    }

    /// Whether this was the moment that it waits for.
    pub(super) fn forget_wake(&mut self, at: u64) -> bool {
        self.wake.take_if(|wake| *wake == at).is_some()
    }

    pub(super) fn public(&self) -> &PublicKey {
        use halite_wire::crypto::PrivateKey;
        self.key.public()
    }
}

impl World {
    /// Starts a minion as `daemon::prepare` does.
    pub(super) fn boot_minion(&mut self, index: usize) {
        let minion = &mut self.minions[index];
        if minion.core.is_some() {
            return;
        }
        let values = map! {"id" => minion.id.as_str(), "master" => "m", "halite_gcm" => minion.gcm,
        "sign_pub_messages" => true, "minion_jid_queue_hwm" => 50};
        let settings = Settings::from_opts(&Opts::from_map(Role::Minion, values)).expect("fine");
        let settings = Settings { bounds: BOUNDS, ..settings };
        let disk = &minion.disk;
        let kept = Kept {
            master: disk.master.clone(),
            gcm: disk.gcm,
            window: Window::from_jids(disk.jids.iter().map(String::as_str), settings.jids),
            mark: disk.mark.clone(),
            returns: disk.spool.keys().cloned().collect(),
        };
        minion.core = Some(Core::new(settings, minion.key.clone(), Facts::default(), kept));
        minion.life += 1;
        minion.places = Places::new(BOUNDS.jobs);
        minion.timed = Timed::new();
        (minion.booted, minion.wake, minion.pillar) = (self.now, None, None);
        let (life, id) = (minion.life, minion.id.clone());
        self.note(|| format!("{id} starts (life {life})"));
        self.minion_input(index, Input::Tick);
    }

    /// A minion's process is killed; its jobs go with it.
    pub(super) fn crash_minion(&mut self, index: usize) {
        let minion = &mut self.minions[index];
        if minion.core.take().is_none() {
            return;
        }
        minion.running.clear();
        minion.subscribes = false;
        let id = minion.id.to_string();
        for jid in std::mem::take(&mut minion.unkept) {
            self.ledger.may_run_again(&id, &jid);
        }
        let unheld = std::mem::take(&mut minion.unheld);
        for jid in std::mem::take(&mut minion.held).into_iter().chain(unheld) {
            self.ledger.forgive(&id, &jid, "returns lost with a full disk and a crash");
        }
        // What waits in memory only is gone.
        for Waiting { load, file } in minion.places.leave() {
            if file.is_none() {
                self.ledger.unqueued(&id, load.jid.as_str());
            }
        }
        let (id, conn) = (minion.id.clone(), minion.conn.take());
        self.note(|| format!("{id} is killed"));
        if let Some(conn) = conn {
            let wait = self.dice.between(1, 2_000);
            self.at(wait, Event::Gone { conn });
        }
    }

    pub(super) fn minion_input(&mut self, index: usize, input: Input) {
        let minion = &mut self.minions[index];
        let Some(core) = &mut minion.core else { return };
        let unix = EPOCH_MICROS / 1_000_000 + (self.now / 1000) as i64 + minion.skew;
        let now = Now { ms: self.now - minion.booted, unix: unix.unsigned_abs() };
        core.handle(now, &mut minion.dice, input);
        while let Some(output) = self.minions[index].core.as_mut().and_then(Core::poll) {
            self.minion_output(index, output);
        }
        let minion = &mut self.minions[index];
        let Some(core) = &minion.core else { return };
        self.ledger.bounded(core.queues(), "a minion");
        let deadline = core.deadline().filter(|at| *at < u64::MAX / 2);
        let wake = deadline.map(|at| (at + minion.booted).max(self.now));
        if wake != minion.wake {
            minion.wake = wake;
            let life = minion.life;
            if let Some(at) = wake {
                self.at(at - self.now, Event::Wake { index, life, at });
            }
        }
    }

    fn minion_output(&mut self, index: usize, output: Output) {
        let life = self.minions[index].life;
        match output {
            Output::Request { req, frame, timeout_ms, .. } => {
                self.request(index, req, Bytes::from(frame), timeout_ms);
            }
            Output::Subscribe { .. } => {
                self.minions[index].subscribes = true;
                if let Some(conn) = self.minions[index].conn.take() {
                    self.at(1, Event::Gone { conn });
                }
                let wait = self.delay();
                self.at(wait, Event::Connect { index, life });
            }
            Output::SignedIn { first: true } => self.ask_pillar(index),
            Output::SignedIn { first: false } => {}
            Output::Reconnected => self.fire_start(index),
            Output::Run(load) => self.start_job(index, *load),
            Output::Answer { id, answer } => self.answered(index, id, answer.is_ok()),
            Output::Exit { code, why } => {
                self.note(|| format!("m{index} ends with {code}: {why}"));
                self.crash_minion(index);
                self.at(RESTART_MS, Event::BootMinion { index });
            }
            output => self.on_disk(index, output),
        }
    }

    fn on_disk(&mut self, index: usize, output: Output) {
        let faults = self.faults;
        let minion = &mut self.minions[index];
        match output {
            Output::Pin { pem, gcm } => {
                minion.disk.master = Some(PublicKey::parse(&pem).expect("is a key"));
                minion.disk.gcm = gcm;
            }
            Output::Keep if faults.forgets_jobs => {}
            Output::Keep => {
                let Some(core) = &minion.core else { return };
                let (window, mark) = core.window();
                let jids: Vec<String> = window.jids().map(str::to_owned).collect();
                if minion.disk.full {
                    let new = jids.into_iter().filter(|jid| !minion.disk.jids.contains(jid));
                    minion.unkept.extend(new);
                    return;
                }
                minion.unkept.clear();
                (minion.disk.jids, minion.disk.mark) = (jids, mark);
            }
            Output::Spool { .. } if faults.loses_returns => {}
            Output::Spool { name, load } => self.spool(index, name, load),
            Output::Sync { name } => drop(minion.disk.synced.insert(name)),
            Output::Bury { name } => {
                self.ledger.wrong(format!("m{index} puts the return of {name} aside"));
            }
            Output::Drop { name } => self.drop_return(index, &name),
            Output::Unspool { name } => {
                let load = minion.disk.spool.get(&name).cloned();
                self.minion_input(index, Input::Spooled { name, load });
            }
            _ => {}
        }
    }

    pub(super) fn ask(&mut self, index: usize, load: Map, kind: Kind) -> u64 {
        self.minions[index].asks += 1;
        let id = self.minions[index].asks;
        self.minion_input(index, Input::Ask { id, load, kind });
        id
    }

    pub(super) fn ask_pillar(&mut self, index: usize) {
        let load = map! {
            "cmd" => "_pillar", "id" => &self.minions[index].id, "grains" => map! {"os" => "Sim"},
            "saltenv" => "base", "pillarenv" => (), "ver" => "2",
        };
        self.minions[index].pillar = Some(self.minions[index].asks + 1);
        self.ask(index, load, Kind::Pillar);
    }

    fn answered(&mut self, index: usize, id: u64, good: bool) {
        if self.minions[index].pillar != Some(id) {
            return;
        }
        self.minions[index].pillar = None;
        if good {
            self.minion_input(index, Input::Ready);
            self.resume_queue(index);
            self.begin_schedule(index);
            self.fire_start(index);
        } else {
            let life = self.minions[index].life;
            self.at(PILLAR_MS, Event::Pillar { index, life });
        }
    }

    fn fire_start(&mut self, index: usize) {
        let id = self.minions[index].id.clone();
        let tag = format!("salt/minion/{id}/start");
        let data = map! {"actor" => &id};
        self.ask(
            index,
            map! {"cmd" => "_minion_event", "tag" => tag, "data" => data, "pretag" => ()},
            Kind::Plain,
        );
    }

    /// A minion fires an event; `forged` says that it is another's.
    pub(super) fn fire(&mut self, index: usize, forged: bool) {
        let (id, other) =
            (&self.minions[index].id, &self.minions[(index + 1) % self.minions.len()].id);
        let data = map! {"actor" => id, "id" => if forged { other } else { id }};
        let tags = match forged {
            false => vec!["sim/event".to_owned()],
            true => vec![
                format!("salt/minion/{other}/start"),
                format!("salt/job/20260921141320000000/ret/{other}"),
                "sim/event".to_owned(),
            ],
        };
        let event = |tag: String| Value::from(map! {"tag" => tag, "data" => data.clone()});
        let events = Value::list(tags.into_iter().map(event));
        self.ask(
            index,
            map! {"cmd" => "_minion_event", "events" => events, "id" => other, "pretag" => ()},
            Kind::Plain,
        );
    }

    /// A minion fires more than it may.
    pub(super) fn flood(&mut self, index: usize) {
        let event =
            map! {"tag" => "sim/flood", "data" => map! {"actor" => &self.minions[index].id}};
        let events = Value::list(vec![Value::from(event); super::EVENTS + 1]);
        let load = map! {"cmd" => "_minion_event", "events" => events, "pretag" => ()};
        self.ask(index, load, Kind::Plain);
    }

    /// A minion fires an event of this tag, in a round of what caused it.
    pub(super) fn fire_round(&mut self, index: usize, tag: &str, round: i64) {
        let id = self.minions[index].id.clone();
        let data = map! {"actor" => &id, "round" => round};
        let load = map! {"cmd" => "_minion_event", "tag" => tag, "data" => data, "pretag" => ()};
        self.ask(index, load, Kind::Plain);
    }

    /// A minion publishes a job to others and waits for what they return.
    pub(super) fn peer_job(&mut self, index: usize) {
        let load = map! {
            "cmd" => "minion_publish", "fun" => "test.arg", "arg" => Value::list([]), "tgt" => "*",
            "tgt_type" => "glob", "ret" => "", "tmo" => 5, "form" => "clean",
        };
        self.ask(index, load, Kind::Plain);
    }

    /// A minion returns a job in another's name.
    pub(super) fn forge_return(&mut self, index: usize) {
        let (id, other) =
            (&self.minions[index].id, &self.minions[(index + 1) % self.minions.len()].id);
        let Some(jid) = self.ledger.job_not_for(id.as_str()) else { return };
        let load = map! {
            "cmd" => "_return", "id" => other, "jid" => jid, "fun" => "test.ping", "fun_args" => Value::list([]),
            "return" => map! {"actor" => id}, "retcode" => 0, "success" => true,
        };
        self.ask(index, load, Kind::Plain);
    }
}
