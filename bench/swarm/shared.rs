//! What all minions of the swarm share: the key, the packet opened last, the counts.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use halite_core::target::Nodegroups;
use halite_core::{Target, Value};
use halite_net::Endpoint;
use halite_wire::crypto::RsaKey;
use halite_wire::load::PublishLoad;
use halite_wire::session::{PublishError, PublishPolicy, Subscriber};
use halite_wire::signin::minion::Accepted;

use crate::options::Options;

/// A job as all of them see it.
pub(crate) struct Job {
    /// What was published.
    pub(crate) load: PublishLoad,
    /// Whom it is for.
    pub(crate) target: Option<Target>,
}

/// Packets that are remembered.
const OPENED_MAX: usize = 256;

/// A packet that was opened and what it holds.
struct Opened {
    frame: Bytes,
    job: Option<Rc<Job>>,
}

/// Common to the swarm.
pub(crate) struct Shared {
    pub(crate) key: Arc<RsaKey>,
    pub(crate) requests: Endpoint,
    pub(crate) master: String,
    pub(crate) publish_port: Option<u16>,
    pub(crate) start_events: bool,
    subscriber: RefCell<Option<Subscriber>>,
    /// The newest last. Some minions are jobs behind others, and a packet opens once.
    opened: RefCell<VecDeque<Opened>>,
    ready: Cell<usize>,
    woken: tokio::sync::Notify,
    jobs: Cell<u64>,
    returns: Cell<u64>,
    first: Cell<Option<Instant>>,
    last: Cell<Option<Instant>>,
}

impl Shared {
    pub(crate) fn new(options: &Options, key: RsaKey) -> Shared {
        Shared {
            key: Arc::new(key),
            requests: Endpoint::new(&options.master, options.ret_port),
            master: options.master.clone(),
            publish_port: options.publish_port,
            start_events: options.start_events,
            subscriber: RefCell::new(None),
            opened: RefCell::default(),
            ready: Cell::new(0),
            woken: tokio::sync::Notify::new(),
            jobs: Cell::new(0),
            returns: Cell::new(0),
            first: Cell::new(None),
            last: Cell::new(None),
        }
    }

    /// Takes the key of publishes that a sign-in gave; it is the same for all.
    pub(crate) fn signed_in(&self, accepted: &Accepted) {
        let mut subscriber = self.subscriber.borrow_mut();
        match &mut *subscriber {
            Some(subscriber) => {
                subscriber.rekey(&accepted.aes, accepted.master.clone(), now_secs())
            }
            None => {
                // Any Salt master can be measured, also one that does not sign.
                let policy = PublishPolicy { require_signature: false, require_serial: false };
                let master = accepted.master.clone();
                *subscriber = Some(Subscriber::new(&accepted.aes, master, policy, None));
            }
        }
    }

    /// The job in a packet, opened by the first minion that gets it. `Err` asks for a new sign-in.
    pub(crate) fn open(&self, frame: &Bytes) -> Result<Option<Rc<Job>>, ()> {
        if let Some(opened) = self.opened.borrow().iter().rev().find(|known| known.frame == *frame)
        {
            return Ok(opened.job.clone());
        }
        let mut subscriber = self.subscriber.borrow_mut();
        let Some(subscriber) = &mut *subscriber else { return Err(()) };
        let job = match subscriber.open(frame, now_secs()) {
            Ok(load) => {
                self.jobs.set(self.jobs.get() + 1);
                self.first.set(Some(Instant::now()));
                let delimiter = load.rest.get("delimiter").and_then(Value::as_str);
                let target =
                    Target::parse(&load.tgt, &load.tgt_type, delimiter, &Nodegroups::new()).ok();
                Some(Rc::new(Job { load, target }))
            }
            Err(PublishError::Key) => return Err(()),
            Err(_) => None,
        };
        let mut opened = self.opened.borrow_mut();
        if opened.len() >= OPENED_MAX {
            opened.pop_front();
        }
        opened.push_back(Opened { frame: frame.clone(), job: job.clone() });
        Ok(job)
    }

    /// A return was taken by the master.
    pub(crate) fn returned(&self) {
        self.returns.set(self.returns.get() + 1);
        self.last.set(Some(Instant::now()));
    }

    /// One more minion is subscribed.
    pub(crate) fn one_ready(&self) {
        self.ready.set(self.ready.get() + 1);
        self.woken.notify_waiters();
    }

    /// Waits until so many minions are subscribed.
    pub(crate) async fn all_ready(&self, count: usize) {
        while self.ready.get() < count {
            // The count may have changed between the look and the wait: look again soon.
            let wait = self.woken.notified();
            let _ = tokio::time::timeout(Duration::from_millis(50), wait).await;
        }
    }

    /// Figures of the whole life.
    pub(crate) fn summary(&self) -> String {
        let last_job = match (self.first.get(), self.last.get()) {
            (Some(first), Some(last)) => last.saturating_duration_since(first).as_millis(),
            _ => 0,
        };
        format!(
            "{} jobs, {} returns; the last job took {last_job} ms from its packet to the last \
             return taken",
            self.jobs.get(),
            self.returns.get()
        )
    }
}

/// Seconds since 1970 UTC.
pub(crate) fn now_secs() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
