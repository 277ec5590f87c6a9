//! The minion without sockets, threads and clocks: what comes in, what is to be done about it.
//!
//! [`Core::handle`] takes one [`Input`] at a given moment; [`Core::poll`] gives the [`Output`]s that
//! follow; [`Core::deadline`] says when to come back with [`Input::Tick`]. So a run is a function of
//! its inputs, and tests drive it with a clock of their own.

mod asks;
mod jobs;
mod link;
mod places;
mod returns;
mod settings;
#[cfg(test)]
mod tests;
mod window;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use halite_core::{Map, Result, Value};
use halite_wire::Entropy;
use halite_wire::crypto::{PrivateKey, PublicKey};
use halite_wire::load::PublishLoad;
use halite_wire::session::{MinionSession, SerialMark, Subscriber};

pub use asks::Kind;
pub use places::{Place, Places, Waits};
pub(crate) use settings::autosign;
pub use settings::{Address, Bounds, Settings};
pub use window::Window;

use asks::{Ask, Sent};
use link::Link;
use returns::{Arrivals, Returns};

/// A moment, by two clocks.
#[derive(Clone, Copy, Debug, Default)]
pub struct Now {
    /// Milliseconds of a clock that never goes back.
    pub ms: u64,
    /// Seconds since 1970 UTC.
    pub unix: u64,
}

/// What happens to the minion.
#[derive(Debug)]
pub enum Input {
    /// The master's answer to a request, or why there is none.
    Reply {
        /// The number that [`Output::Request`] gave it.
        req: u64,
        /// The frame.
        reply: Result<Bytes, String>,
    },
    /// The subscription stands.
    Subscribed,
    /// The subscription is lost (it comes back by itself).
    Lost(String),
    /// The last frame of a publish.
    Published(Bytes),
    /// Somebody asks the master something.
    Ask {
        /// Comes back in [`Output::Answer`]; 0 wants none.
        id: u64,
        /// The request with its `cmd`.
        load: Map,
        /// How its reply is read.
        kind: Kind,
    },
    /// A job is done.
    Returned {
        /// The name of its spool file.
        name: String,
        /// The `_return` load.
        load: Map,
    },
    /// The disk did not take a return.
    Unspooled {
        /// The name of the file.
        name: String,
        /// The `_return` load.
        load: Map,
    },
    /// What a spool file holds; `None` if it is gone or unreadable.
    Spooled {
        /// The name of the file.
        name: String,
        /// The `_return` load.
        load: Option<Map>,
    },
    /// Pillar and functions are there: jobs may run.
    Ready,
    /// Grains or pillar changed.
    Facts(Facts),
    /// The deadline has come.
    Tick,
    /// No more jobs.
    Stop,
}

/// What is to be done.
#[derive(Debug)]
pub enum Output {
    /// Send a frame to the master's request port and come back with [`Input::Reply`].
    Request {
        /// Its number.
        req: u64,
        /// The master.
        to: Address,
        /// The frame.
        frame: Vec<u8>,
        /// How long to wait for the answer, in milliseconds.
        timeout_ms: u64,
    },
    /// Subscribe to this master's publishes, and to no other's.
    Subscribe {
        /// Its host.
        host: String,
        /// Its port.
        port: u16,
    },
    /// The session stands; the first time, pillar is to be fetched.
    SignedIn {
        /// Whether it is the first one.
        first: bool,
    },
    /// The connection came back: tell the master.
    Reconnected,
    /// Run a job.
    Run(Box<PublishLoad>),
    /// The answer to an [`Input::Ask`].
    Answer {
        /// Its id.
        id: u64,
        /// What the master said.
        answer: Result<Value>,
    },
    /// Keep the master's key.
    Pin {
        /// `minion_master.pub`.
        pem: String,
        /// It has agreed on AES-256-GCM.
        gcm: bool,
    },
    /// Keep the jobs seen and the number of the last publish.
    Keep,
    /// Keep a return on disk.
    Spool {
        /// The name of the file.
        name: String,
        /// The `_return` load.
        load: Map,
    },
    /// Read a return and come back with [`Input::Spooled`].
    Unspool {
        /// The name of the file.
        name: String,
    },
    /// See to it that a return outlives a power cut.
    Sync {
        /// The name of the file.
        name: String,
    },
    /// The master will not have it: put it aside.
    Bury {
        /// The name of the file.
        name: String,
    },
    /// The master has it: remove the file.
    Drop {
        /// The name of the file.
        name: String,
    },
    /// End the process.
    Exit {
        /// With this code.
        code: u8,
        /// For this reason.
        why: String,
    },
}

/// What targets are matched against.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// Grains.
    pub grains: Arc<Map>,
    /// Pillar.
    pub pillar: Arc<Map>,
}

/// What a minion knows from its last run.
#[derive(Debug, Default)]
pub struct Kept {
    /// The pinned key of the master.
    pub master: Option<PublicKey>,
    /// The master agreed on AES-256-GCM.
    pub gcm: bool,
    /// Jobs seen.
    pub window: Window,
    /// The last publish seen.
    pub mark: Option<SerialMark>,
    /// Names of returns on disk, oldest first.
    pub returns: Vec<String>,
}

/// The minion.
pub struct Core {
    settings: Settings,
    key: Arc<dyn PrivateKey>,
    facts: Facts,
    kept: Kept,
    link: Link,
    master: usize,
    failures: u32,
    waits: u32,
    signed_in: bool,
    resign_at: u64,
    connected: bool,
    lost_at: Option<u64>,
    session: Option<Arc<MinionSession>>,
    subscriber: Option<Subscriber>,
    subscribed_to: Option<(String, u16)>,
    waiting: VecDeque<Ask>,
    pending: BTreeMap<u64, Sent>,
    returns: Returns,
    arrivals: Arrivals,
    held: VecDeque<Bytes>,
    early: VecDeque<PublishLoad>,
    ready: bool,
    stopping: bool,
    next_req: u64,
    outputs: VecDeque<Output>,
}

impl Core {
    /// A minion that has not begun; the first [`Input::Tick`] makes it sign in.
    pub fn new(settings: Settings, key: Arc<dyn PrivateKey>, facts: Facts, kept: Kept) -> Core {
        let returns = Returns::from_names(&kept.returns);
        Core {
            settings,
            key,
            facts,
            kept,
            link: Link::Down { at: 0 },
            master: 0,
            failures: 0,
            waits: 0,
            signed_in: false,
            resign_at: 0,
            connected: false,
            lost_at: None,
            session: None,
            subscriber: None,
            subscribed_to: None,
            waiting: VecDeque::new(),
            pending: BTreeMap::new(),
            returns,
            arrivals: Arrivals::default(),
            held: VecDeque::new(),
            early: VecDeque::new(),
            ready: false,
            stopping: false,
            next_req: 1,
            outputs: VecDeque::new(),
        }
    }

    /// Takes what happened.
    pub fn handle(&mut self, now: Now, entropy: &mut dyn Entropy, input: Input) {
        match input {
            Input::Reply { req, reply } => self.reply(now, entropy, req, reply),
            Input::Subscribed => self.subscribed(),
            Input::Lost(reason) => {
                tracing::warn!("the connection to the master's publisher is lost: {reason}");
                self.connected = false;
                self.lost_at = Some(now.ms);
            }
            Input::Published(frame) => self.published(now, frame),
            Input::Ask { id, load, kind } => {
                self.ask(now, entropy, Ask::new(now, id, load, kind));
            }
            Input::Returned { name, load } => self.returned(now, entropy, name, load),
            Input::Unspooled { name, load } => self.hold_return(&name, load),
            Input::Spooled { name, load } => self.spooled(now, entropy, name, load),
            Input::Ready => self.become_ready(),
            Input::Facts(facts) => self.facts = facts,
            Input::Tick => {}
            Input::Stop => self.stopping = true,
        }
        self.tick(now, entropy);
    }

    /// The next thing to do, in order.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When to come back at the latest, in milliseconds.
    pub fn deadline(&self) -> Option<u64> {
        let link = match self.link {
            Link::Down { at } | Link::Ending { at, .. } => Some(at),
            Link::Up if !self.held.is_empty() => Some(self.resign_at),
            Link::Asking { .. } | Link::Up => None,
        };
        let asks = self.waiting.iter().map(|ask| ask.expires).min();
        let returns = if self.is_up() {
            self.returns.due(self.settings.bounds.returns_in_flight)
        } else {
            None
        };
        let failover = self.failover_at();
        let sync = self.returns.sync_at();
        [link, asks, returns, sync, failover].into_iter().flatten().min()
    }

    /// The jobs seen and the number of the last publish, for the disk.
    pub fn window(&self) -> (&Window, Option<SerialMark>) {
        (&self.kept.window, self.subscriber.as_ref().map(Subscriber::mark))
    }

    /// Whether everything that was to be sent has been sent.
    pub fn is_quiet(&self) -> bool {
        self.pending.is_empty() && self.waiting.is_empty() && self.returns.is_empty()
    }

    /// How much waits in each queue, against its bound.
    pub fn queues(&self) -> [(&'static str, usize, usize); 9] {
        let bounds = &self.settings.bounds;
        [
            ("requests that wait", self.waiting.len(), bounds.asks),
            ("requests in flight", self.pending.len(), bounds.asks_in_flight),
            ("returns", self.returns.len(), bounds.returns),
            ("returns in flight", self.returns.busy(), bounds.returns_in_flight),
            ("returns in memory", self.returns.held(), bounds.returns_in_memory),
            ("arrivals", self.arrivals.len(), bounds.jobs),
            ("publishes held", self.held.len(), bounds.packets),
            ("early jobs", self.early.len(), bounds.jobs),
            ("jids", self.kept.window.jids().count(), self.settings.jids),
        ]
    }

    fn tick(&mut self, now: Now, entropy: &mut dyn Entropy) {
        self.link_tick(now, entropy);
        self.expire_asks(now);
        self.pump(now, entropy);
        self.returns_tick(now, entropy);
    }

    fn emit(&mut self, output: Output) {
        self.outputs.push_back(output);
    }
}

/// A random number in `low..=high`.
fn between(entropy: &mut dyn Entropy, low: u64, high: u64) -> u64 {
    let mut bytes = [0; 8];
    entropy.fill(&mut bytes);
    low + u64::from_le_bytes(bytes) % (high.saturating_sub(low) + 1)
}
