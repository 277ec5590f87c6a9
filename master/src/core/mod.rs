//! The master's decisions. Pure: inputs and the time go in, outputs come out; no socket, file, clock or thread.

mod batches;
mod durable;
mod event_in;
pub(crate) mod jobs;
mod keys;
mod presence;
mod publish;
#[cfg(test)]
mod queues;
mod request;
mod rotation;
mod sealing;
mod sessions;
mod settings;
mod target;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use halite_core::{Jid, MinionId};
use halite_net::ConnId;
use halite_net::zmtp::publisher::PeerEvent;
use halite_wire::Entropy;
use halite_wire::crypto::AesKey;

use crate::events::Event;
use crate::limits;
use crate::store::Write;
use crate::user_keys::UserKeys;
use crate::work::{News, Work};

pub(crate) use durable::Durable;
pub(crate) use jobs::{JidSource, JobTable};
pub(crate) use presence::Presence;
pub(crate) use publish::{Asked, NO_JOB_FILES, Publication, Waiting};
pub(crate) use request::RefusedLog;
pub(crate) use sealing::Sealing;
pub(crate) use sessions::{Session, Sessions};
#[cfg(test)]
pub(crate) use settings::Bounds;
pub(crate) use settings::{Settings, nodegroups};

/// A request that waits for its one reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ReqId(pub(crate) u64);

/// A moment: microseconds since 1970 UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Now(pub(crate) i64);

impl Now {
    /// Whole seconds since 1970 UTC.
    pub(crate) fn seconds(self) -> u64 {
        u64::try_from(self.0 / 1_000_000).unwrap_or(0)
    }
}

/// All that can happen to the master.
#[derive(Debug)]
pub(crate) enum Input {
    /// A frame on port 4506.
    Request {
        /// What to answer to.
        req: ReqId,
        /// The connection.
        conn: ConnId,
        /// Where it comes from.
        peer: SocketAddr,
        /// The payload.
        frame: Bytes,
    },
    /// Something about a subscriber of port 4505.
    Peer(PeerEvent),
    /// A message that a local program wrote into the event bus.
    Local(Bytes),
    /// The reactor or an engine of this process wants something.
    Ask(Ask),
    /// A piece of work is done.
    Done(Done),
    /// The store takes no more writes, or takes them again.
    StoreFull(bool),
    /// So many of the writes asked for since the start are in the store.
    Committed(u64),
    /// Time passed.
    Tick,
    /// The operator wants it to end: no new work from now on.
    Stop,
}

/// What helpers of this process want of the owner.
#[derive(Debug)]
pub(crate) enum Ask {
    /// Fire an event.
    Fire(Event),
    /// Publish a job.
    Publish(Box<Publication>),
}

/// What a piece of work came to, beside the reply it may have sent.
#[derive(Debug, Default)]
pub(crate) struct Done {
    /// It was a runner or wheel function.
    pub(crate) function: bool,
    /// On whose account it ran.
    pub(crate) account: Option<MinionId>,
    /// What the core is to know.
    pub(crate) news: Vec<News>,
}

/// All that the master does.
#[derive(Debug)]
pub(crate) enum Output {
    /// Answer a request.
    Reply(ReqId, Bytes),
    /// The peer of this connection proved an accepted id: it may send large messages and stay.
    Trust(ConnId),
    /// Give a frame to the subscribers of the event bus.
    Bus(Bytes),
    /// Do something that takes time, on another thread.
    Work(Box<Work>),
    /// Number, seal, sign and publish a load.
    Publish(halite_core::Map),
    /// From the next publish on use this key.
    Rotate(AesKey),
    /// Write into the store.
    Store(Write),
}

/// The state of the master.
pub(crate) struct Core {
    pub(crate) settings: Arc<Settings>,
    pub(crate) now: Now,
    pub(crate) entropy: Box<dyn Entropy + Send>,
    pub(crate) users: UserKeys,
    pub(crate) accepted: Arc<BTreeSet<MinionId>>,
    pub(crate) sessions: Sessions,
    pub(crate) presence: Presence,
    pub(crate) jobs: JobTable,
    pub(crate) jids: JidSource,
    /// Publishes that wait for their targets.
    pub(crate) waiting: BTreeMap<u64, Waiting>,
    /// Batches of command lines whose state is kept, oldest first.
    pub(crate) batches: VecDeque<Jid>,
    pub(crate) tickets: u64,
    /// The key of publishes, and the one before with its end (seconds since 1970 UTC).
    pub(crate) aes: AesKey,
    pub(crate) aes_before: Option<(AesKey, u64)>,
    pub(crate) refused: RefusedLog,
    pub(crate) durable: Durable,
    pub(crate) sealing: Sealing,
    pub(crate) stopping: bool,
    pub(crate) next_maintenance: Now,
    /// When the pki folder was looked at last.
    pub(crate) maintenance_began: Now,
    pub(crate) next_loop: Now,
    outputs: VecDeque<Output>,
    working: usize,
    /// Runner and wheel functions among the work.
    functions: usize,
}

/// What a core starts with.
pub(crate) struct Start {
    /// The parsed options.
    pub(crate) settings: Arc<Settings>,
    /// The time.
    pub(crate) now: Now,
    /// Randomness.
    pub(crate) entropy: Box<dyn Entropy + Send>,
    /// The keys of local users.
    pub(crate) users: UserKeys,
    /// Ids with an accepted key.
    pub(crate) accepted: BTreeSet<MinionId>,
    /// The key of publishes: fresh, no minion has seen a number under it.
    pub(crate) aes: AesKey,
}

impl Core {
    /// A core that has seen nothing yet.
    pub(crate) fn new(start: Start) -> Core {
        let bounds = start.settings.bounds;
        Core {
            settings: start.settings,
            now: start.now,
            entropy: start.entropy,
            users: start.users,
            accepted: Arc::new(start.accepted),
            sessions: Sessions::default(),
            presence: Presence::default(),
            jobs: JobTable::of(bounds.jobs),
            jids: JidSource::default(),
            waiting: BTreeMap::new(),
            batches: VecDeque::new(),
            tickets: 0,
            aes: start.aes,
            aes_before: None,
            refused: RefusedLog::of(bounds.addresses),
            durable: Durable::of(bounds.store),
            sealing: Sealing::default(),
            stopping: false,
            next_maintenance: start.now,
            maintenance_began: start.now,
            next_loop: start.now,
            outputs: VecDeque::new(),
            working: 0,
            functions: 0,
        }
    }

    /// Begins with the jobs from before a restart, so that their late returns are known, and with the jids of batches,
    /// which go on beside a master that starts again.
    pub(crate) fn restore(&mut self, jobs: Vec<crate::store::Job>, batches: Vec<String>) {
        self.jobs.restore(jobs);
        self.restore_batches(batches);
        // Who was connected to a master before is not connected to this one.
        self.store(Write::Remove { bank: crate::store::PRESENCE, key: None });
    }

    /// Takes one input. What follows from it is then in [`Core::poll`].
    pub(crate) fn handle(&mut self, now: Now, input: Input) {
        self.now = now;
        match input {
            Input::Request { req, conn, peer, frame } => self.request(req, conn, peer, &frame),
            Input::Peer(event) => self.subscriber(event),
            Input::Local(message) => self.local_event(&message),
            Input::Ask(Ask::Fire(event)) => self.fire(&event),
            Input::Ask(Ask::Publish(publication)) => self.publish(*publication, Asked::Nobody),
            Input::Done(done) => self.done(done),
            Input::StoreFull(full) => self.store_full(full),
            Input::Committed(count) => self.committed(count),
            Input::Tick => self.tick(),
            Input::Stop => self.stopping = true,
        }
    }

    /// The next thing to do; `None` when there is nothing more for now.
    pub(crate) fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Pieces of work that are not done yet.
    pub(crate) fn working(&self) -> usize {
        self.working
    }

    pub(crate) fn output(&mut self, output: Output) {
        self.outputs.push_back(output);
    }

    pub(crate) fn reply(&mut self, req: ReqId, frame: impl Into<Bytes>) {
        self.output(Output::Reply(req, frame.into()));
    }

    /// Fires an event on the master's bus.
    pub(crate) fn fire(&mut self, event: &Event) {
        if let Some(body) = self.body_of(event) {
            let frame = Bytes::from(halite_wire::frame::pub_frame(&body));
            self.output(Output::Bus(frame));
        }
    }

    /// The body of an event within `max_event_size`; says what had to be left out. `None` if nothing helps.
    pub(crate) fn body_of(&self, event: &Event) -> Option<Vec<u8>> {
        let most = self.settings.event_bytes;
        let (body, whole) = event.body_within(self.now.0, most);
        let tag = event.tag.as_str();
        if body.len() > most {
            tracing::error!(
                tag,
                bytes = whole,
                most,
                "An event is dropped: it is above max_event_size"
            );
            return None;
        }
        if body.len() < whole {
            tracing::warn!(
                tag,
                bytes = whole,
                most,
                "An event is above max_event_size: its large values are left out (VALUE_TRIMMED)"
            );
        }
        Some(body)
    }

    /// Hands work to another thread; false (and nothing happens) when too much waits already.
    #[must_use]
    pub(crate) fn work(&mut self, work: Work) -> bool {
        if self.working >= self.settings.bounds.work || self.stopping {
            return false;
        }
        if work.is_function() {
            if self.functions >= limits::RUNNERS {
                return false;
            }
            self.functions += 1;
        }
        self.working += 1;
        self.output(Output::Work(Box::new(work)));
        true
    }

    fn done(&mut self, done: Done) {
        self.working = self.working.saturating_sub(1);
        self.functions = self.functions.saturating_sub(usize::from(done.function));
        if let Some(id) = &done.account {
            self.sessions.release(id);
        }
        for news in done.news {
            self.learn(news);
        }
    }

    fn learn(&mut self, news: News) {
        match news {
            News::Event(event) => self.fire(&event),
            News::Store(write) => self.store(write),
            News::SignedIn { peer, session } => self.signed_in(peer, *session),
            News::Woken { id, session } => self.woken(&id, session.map(|session| *session)),
            News::Accepted(ids) => self.accepted_are(ids, self.maintenance_began),
            News::AcceptedNow(ids) => self.accepted_are(ids, Now(i64::MAX)),
            News::Targeted { ticket, minions } => self.targeted(ticket, minions),
            News::Rotate => self.rotate(),
            News::Revoked(id) => self.forget(&id),
        }
    }

    fn tick(&mut self) {
        if self.now >= self.next_maintenance {
            self.next_maintenance = Now(self.now.0 + self.settings.maintenance_micros);
            if self.work(Work::Maintain) {
                self.maintenance_began = self.now;
            } else {
                // Too much waits: the next tick tries again.
                self.next_maintenance = self.now;
            }
        }
        if self.now >= self.next_loop {
            self.next_loop = Now(self.now.0 + self.settings.loop_micros);
            // What comes again by itself does not wait for a store that cannot write.
            if let Some(keep) = self.settings.keep_jobs_micros.filter(|_| !self.durable.is_full()) {
                self.store(Write::Prune { before: self.now.0 - keep });
            }
            if let Some(bytes) = self.settings.keep_jobs_bytes.filter(|_| !self.durable.is_full()) {
                self.store(Write::Shrink { bytes });
            }
            self.tell_presence();
            // A master too busy for it cleans up next time.
            let _ = self.work(Work::Clean);
        }
        self.write_presence();
        self.end_late_syncs();
        if self.sealing.rotate {
            self.rotate();
        }
    }
}
