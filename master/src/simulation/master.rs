//! The master of a run: its core and work with a shell of virtual time around them.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use halite_core::host::RealHost;
use halite_core::{MinionId, Opts, Role, Value, map};
use halite_net::ConnId;
use halite_net::bus::Bus;
use halite_render::files::Roots;
use halite_wire::crypto::{AesKey, SigAlgo};
use halite_wire::envelope;
use halite_wire::limits::Limits;
use halite_wire::msgpack::{self, Dialect};
use halite_wire::session::Publisher;

use super::dice::Dice;
use super::disk::Disk;
use super::key::QuickKey;
use super::listener::Listener;
use super::reactor::Reacting;
use super::world::{Event, World};
use crate::autosign::AutoSign;
use crate::core::{Bounds, Core, Input, Now, Output, ReqId, Settings, Start};
use crate::keys::{KeyChanges, KeyState, KeyStore, MasterKeys, dropfile};
use crate::sealer::{Order, carry_out};
use crate::store::{Readers, Writer};
use crate::user_keys::{UserKeys, key_path};
use crate::work::{self, Manifests, Outcome, PillarMachine, Shared, Work};

/// The moment at which runs begin, microseconds since 1970 UTC.
pub(super) const EPOCH_MICROS: i64 = 1_790_000_000_000_000;
/// The store gathers for so long, ms.
const GATHER_MS: u64 = 5;
/// Pause of the store's thread when the disk is full, ms.
const FULL_MS: u64 = 500;

/// Small, so that queues are full now and then.
pub(super) const BOUNDS: Bounds = Bounds {
    work: 4,
    store: 6,
    backlog: 14,
    jobs: super::JOBS,
    syncs: 2,
    publishes: 3,
    addresses: 2,
    batches: 2,
};
/// How long the signing thread takes, ms; now and then it stands still.
const SEAL_MS: (u64, u64) = (1, 5);
const SEAL_STANDS_MS: u64 = 4_000;

/// To whom a reply goes.
#[derive(Debug)]
pub(super) enum Origin {
    /// A minion, in one of its lives.
    Minion { index: usize, life: u32, req: u64 },
    /// A command line.
    Client,
    /// Whoever sent a copy of another's frame.
    Nobody,
}

/// What a crash leaves: folders and store. What it does not: all else.
pub(super) struct MasterSide {
    pub(super) core: Option<Core>,
    pub(super) life: u32,
    pub(super) disk: Disk,
    pub(super) shared: Shared,
    pub(super) listeners: Vec<Listener>,
    /// Subscribers: to whom each connection belongs.
    pub(super) conns: BTreeMap<u64, super::network::Conn>,
    pub(super) next_conn: u64,
    origins: HashMap<u64, Origin>,
    next_req: u64,
    publisher: Option<Publisher>,
    /// Orders that the signing thread has not done yet, and how many it has done.
    orders: VecDeque<Order>,
    sealed: u64,
    pub(super) bus: Bus,
    pub(super) reacting: Option<Reacting>,
    /// The core was told that the store cannot write.
    told_full: bool,
    pub(super) dice: Dice,
    key: String,
    gathering: bool,
}

fn shared(dir: &Path, key: &QuickKey) -> Shared {
    let values = map! {
        "cachedir" => dir.join("cache"), "pki_dir" => dir.join("pki"), "sock_dir" => dir.join("sock"),
        "user" => "root", "publisher_acl" => map! {}, "id" => "m_master", "presence_events" => true,
        "peer" => map! {".*" => vec![".*"]}, "minion_event_limit" => super::EVENTS,
    };
    let opts = Opts::from_map(Role::Master, values);
    std::fs::create_dir_all(opts.path("cachedir")).expect("a folder can be made");
    let roots = Arc::new(Roots::files(&opts));
    Shared {
        keys: KeyStore::open(&opts).expect("folders can be made"),
        autosign: AutoSign::of(&opts),
        pub_sig: None,
        master: Arc::new(MasterKeys { key: Box::new(key.clone()), sign: None }),
        readers: Readers::new(dir.join("none"), Writer::detached()),
        pillar: PillarMachine::new(&opts, Arc::clone(&roots)),
        roots,
        manifests: Manifests::default(),
        opts,
    }
}

impl MasterSide {
    pub(super) fn new(dir: &Path, key: &QuickKey, seed: u64) -> MasterSide {
        MasterSide {
            core: None,
            life: 0,
            disk: Disk::new(BOUNDS.store),
            shared: shared(dir, key),
            listeners: Vec::new(),
            conns: BTreeMap::new(),
            next_conn: 1,
            origins: HashMap::new(),
            next_req: 0,
            publisher: None,
            orders: VecDeque::new(),
            sealed: 0,
            bus: Bus::default(),
            reacting: None,
            told_full: false,
            dice: Dice::new(seed, 1),
            key: String::new(),
            gathering: false,
        }
    }
}

impl World {
    pub(super) fn micros(&self) -> Now {
        Now(EPOCH_MICROS + i64::try_from(self.now * 1000).expect("runs are short"))
    }

    /// Starts the master as `shell::start` does.
    pub(super) fn boot_master(&mut self) {
        let now = self.micros();
        let master = &mut self.master;
        master.life += 1;
        self.ledger.master_begins();
        let master = &mut self.master;
        let opts = &master.shared.opts;
        let users = UserKeys::make(opts, &RealHost::new(), &mut master.dice).expect("are made");
        master.key = std::fs::read_to_string(key_path(opts, "root")).expect("is there");
        let accepted = master.shared.keys.list(KeyState::Accepted).expect("lists");
        let aes = AesKey::generate(&mut master.dice);
        let mut entropy = master.dice.clone();
        master.dice.next();
        entropy.next();
        let settings = Settings { bounds: BOUNDS, ..Settings::of(opts) };
        let mut core = Core::new(Start {
            settings: Arc::new(settings),
            now,
            entropy: Box::new(Dice::new(entropy.next(), 2)),
            users,
            accepted: accepted.into_iter().collect(),
            aes: aes.clone(),
        });
        let reader = master.disk.store().reader();
        let batches = reader.keys(crate::store::BATCHES).expect("reads");
        core.restore(reader.jobs(BOUNDS.jobs).expect("reads"), batches);
        master.publisher = Some(Publisher::new(&aes, Some(SigAlgo::Sha1)));
        master.bus = Bus::default();
        master.listeners = Listener::all(&master.bus);
        master.reacting = Some(Reacting::new(&master.bus, core.jids.clone()));
        master.core = Some(core);
        let life = master.life;
        self.note(|| format!("the master starts (life {life})"));
        self.at(1, Event::Tick { life });
        self.master_drain();
    }

    /// The master's process is killed.
    pub(super) fn crash_master(&mut self) {
        if self.master.core.take().is_none() {
            return;
        }
        self.note(|| "the master is killed".into());
        self.master.disk.crash();
        self.master.origins.clear();
        self.master.orders.clear();
        self.master.sealed = 0;
        self.master.reacting = None;
        self.master.told_full = false;
        self.master.gathering = false;
        for conn in std::mem::take(&mut self.master.conns).into_values() {
            self.lose(conn.index, conn.life);
        }
    }

    pub(super) fn master_input(&mut self, input: Input) {
        let now = self.micros();
        if let Input::StoreFull(full) = input {
            self.master.told_full = full;
        }
        if let Some(core) = &mut self.master.core {
            core.handle(now, input);
            self.master_drain();
        }
    }

    /// A frame for port 4506.
    pub(super) fn master_request(&mut self, origin: Origin, peer: SocketAddr, frame: Bytes) {
        let req = self.master.next_req;
        self.master.next_req += 1;
        self.master.origins.insert(req, origin);
        self.master_input(Input::Request { req: ReqId(req), conn: ConnId(0), peer, frame });
    }

    fn master_drain(&mut self) {
        while let Some(output) = self.master.core.as_mut().and_then(Core::poll) {
            match output {
                Output::Reply(ReqId(req), frame) => self.master_reply(req, frame),
                Output::Trust(_) => {}
                Output::Bus(frame) => {
                    crate::shell::publish(&self.master.bus, &frame);
                    let life = self.master.life;
                    self.ledger.heard(life, &frame);
                    self.wake_reactor(1);
                    self.master.listeners.iter_mut().for_each(Listener::published);
                }
                Output::Work(work) => self.begin_work(work),
                Output::Publish(load) => self.order(Order::Publish(load)),
                Output::Rotate(aes) => self.order(Order::Rotate(aes)),
                Output::Store(write) => self.write(write),
            }
        }
        if let Some(core) = &self.master.core {
            self.ledger.bounded(core.queues(), "master");
            if self.master.told_full && core.durable.waiting() > 0 {
                self.ledger.wrong("answers wait for a store that cannot write".into());
            }
        }
    }

    fn master_reply(&mut self, req: u64, frame: Bytes) {
        match self.master.origins.remove(&req) {
            None => self.ledger.wrong(format!("request {req} is answered twice")),
            Some(Origin::Nobody) => {}
            Some(Origin::Minion { index, life, req }) => self.reply_to(index, life, req, frame),
            Some(Origin::Client) => {
                let reply = msgpack::decode(&frame, Dialect::Network, &Limits::ACCEPTED);
                let reply = reply.unwrap_or_default();
                let load = reply.get("load").cloned().unwrap_or_default();
                if let Some(jid) = load.get("jid").and_then(Value::as_str) {
                    self.note(|| format!("job {jid} is published"));
                    self.last_job = jid.to_owned();
                }
                if let Some(error) = load.get("error") {
                    self.note(|| format!("a job is refused: {error}"));
                }
            }
        }
    }

    fn write(&mut self, write: crate::store::Write) {
        let now = self.micros();
        if self.master.disk.write(write)
            && let Some(core) = &mut self.master.core
        {
            self.master.told_full = true;
            core.handle(now, Input::StoreFull(true));
        }
        self.gather(GATHER_MS);
    }

    fn gather(&mut self, ms: u64) {
        if !std::mem::replace(&mut self.master.gathering, true) {
            let life = self.master.life;
            self.at(ms, Event::Commit { life });
        }
    }

    pub(super) fn commit(&mut self) {
        self.master.gathering = false;
        let count = self.master.disk.commit();
        let stuck = self.master.disk.is_stuck();
        if self.master.disk.waiting() > 0 {
            self.gather(if stuck { FULL_MS } else { GATHER_MS });
        }
        self.master_input(Input::Committed(count));
        if stuck {
            self.master_input(Input::StoreFull(true));
        }
    }

    /// A second has passed for the master.
    pub(super) fn master_tick(&mut self) {
        self.master.disk.retry();
        if self.master.disk.waiting() > 0 {
            self.gather(GATHER_MS);
        }
        let full = self.master.core.as_ref().is_some_and(|core| core.durable.said_full());
        if full && self.master.disk.behind() == 0 && !self.master.disk.is_stuck() {
            self.master_input(Input::StoreFull(false));
        }
        self.master_input(Input::Tick);
        for listener in &mut self.master.listeners {
            if let Err(why) = listener.turn() {
                self.ledger.wrong(why);
            }
        }
        let life = self.master.life;
        self.at(1_000, Event::Tick { life });
    }

    fn begin_work(&mut self, work: Box<Work>) {
        let (life, wait) = (self.master.life, self.dice.between(1, 40));
        // What it reads may be older or newer than what is decided meanwhile.
        if self.dice.one_in(2) {
            let outcome = Box::new(self.run_work(*work));
            self.at(wait, Event::Done { life, outcome });
        } else {
            self.at(wait, Event::Work { life, work });
        }
    }

    pub(super) fn run_work(&mut self, work: Work) -> Outcome {
        let master = &mut self.master;
        match work {
            // What pillars hold is not what is looked at here.
            Work::Pillar { seal, .. } => {
                let (pillar, key) = (map! {"id" => seal.who()}, &*master.shared.master.key);
                let frame =
                    seal.wire.seal_pillar(&pillar.into(), &seal.opened, key, &mut master.dice);
                let reply = Some((seal.req, Bytes::from(frame.expect("seals"))));
                let mut outcome = Outcome { reply, ..Outcome::default() };
                outcome.done.account = Some(seal.who().clone());
                outcome
            }
            work => work::run(work, &master.shared, &mut master.dice),
        }
    }

    pub(super) fn work_done(&mut self, outcome: Outcome) {
        if let Some((ReqId(req), frame)) = outcome.reply {
            self.master_reply(req, frame);
        }
        self.master_input(Input::Done(outcome.done));
    }

    fn order(&mut self, order: Order) {
        self.master.orders.push_back(order);
        if self.master.orders.len() == 1 {
            self.seal_soon();
        }
    }

    fn seal_soon(&mut self) {
        let stands = self.chaos && self.dice.one_in(30);
        let wait = if stands { SEAL_STANDS_MS } else { self.dice.between(SEAL_MS.0, SEAL_MS.1) };
        let life = self.master.life;
        self.at(wait, Event::Seal { life });
    }

    /// The signing thread is done with an order.
    pub(super) fn seal(&mut self) {
        let master = &mut self.master;
        let Some(order) = master.orders.pop_front() else { return };
        let Some(publisher) = &mut master.publisher else { return };
        let packet = carry_out(order, publisher, &*master.shared.master.key, &mut master.dice);
        master.sealed += 1;
        let (sealed, more) = (master.sealed, !master.orders.is_empty());
        if let Some(core) = &mut master.core {
            core.sealed_so_far(sealed);
        }
        if let Some(packet) = packet {
            self.publish(Bytes::from(packet));
        }
        if more {
            self.seal_soon();
        }
        self.answer_reactor();
    }

    /// The operator publishes a job.
    pub(super) fn run_job(&mut self, tgt: &str) {
        if self.master.core.is_none() {
            return;
        }
        let kwargs = map! {"no_job_files" => true};
        let kind = if tgt.contains(',') { "list" } else { "glob" };
        let load = map! {
            "cmd" => "publish", "fun" => "test.arg", "arg" => Value::list([]), "tgt" => tgt,
            "tgt_type" => kind, "ret" => "", "jid" => "", "user" => "root",
            "key" => self.master.key.as_str(), "kwargs" => kwargs,
        };
        let peer = SocketAddr::from(([127, 0, 0, 1], 40_000));
        self.master_request(Origin::Client, peer, envelope::clear_request(load).into());
    }

    /// The operator deletes or rejects the key of a minion.
    pub(super) fn end_key(&mut self, id: &MinionId, reject: bool) {
        let keys = self.master.shared.keys.clone();
        let Some((state, _)) = keys.find(id).expect("reads") else { return };
        let changes = KeyChanges::new(&self.master.shared.opts, &keys);
        let whom = vec![(state, vec![id.clone()])];
        let act = if reject { "reject" } else { "delete" };
        let done = if reject { changes.reject(&whom, true, true) } else { changes.delete(&whom) };
        drop(done.expect("the folder can be written"));
        self.note(|| format!("the operator: {act} {id}"));
        self.tell_key(id, act);
    }

    /// The operator accepts whatever waits; in the end also what was rejected.
    pub(super) fn accept_keys(&mut self, all: bool) {
        let keys = self.master.shared.keys.clone();
        let mut whom: Vec<_> = keys.list_all().expect("lists").into_iter().collect();
        whom.retain(|(state, _)| {
            *state == KeyState::Pending || (all && *state == KeyState::Rejected)
        });
        let ids: Vec<MinionId> = whom.iter().flat_map(|(_, ids)| ids).cloned().collect();
        if ids.is_empty() {
            return;
        }
        drop(KeyChanges::new(&self.master.shared.opts, &keys).accept(&whom, all, false));
        for id in ids {
            self.note(|| format!("the operator: accept {id}"));
            self.tell_key(&id, "accepted");
        }
    }

    fn tell_key(&mut self, id: &MinionId, act: &str) {
        let data = map! {"result" => true, "act" => act, "id" => id};
        let event = crate::events::Event::new(crate::events::tags::KEY, data);
        let frame = event.frame(self.micros().0);
        self.master_input(Input::Local(frame));
    }

    /// The operator asks for a new key of publishes.
    pub(super) fn ask_rotation(&mut self) {
        self.note(|| "the operator: rotate".into());
        dropfile(&self.master.shared.opts).expect("can be written");
    }
}
