//! The publish server of port 4505: encodes once, shares the bytes, bounds each subscriber's queue
//! by itself.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use bytes::Bytes;
use tokio::sync::mpsc;

use super::{
    accept::{self, Gate, Server},
    codec::encode_message,
    conn::{ConnId, ConnOptions},
    publisher_peer,
    subscriptions::Subscriptions,
};
use crate::{
    Endpoint, NetError, Overflow,
    limits::{
        CONNECTIONS, CONNECTIONS_PER_ADDRESS, EVENTS_WAITING, LISTEN_BACKLOG,
        SUBSCRIBER_MESSAGE_BYTES,
    },
    outbox::{Offered, Outbox},
};

/// Settings of a publisher.
#[derive(Clone, Debug)]
pub struct PublisherOptions {
    /// Of each connection; `limit_bytes` bounds what a subscriber may send.
    pub conn: ConnOptions,
    /// Length of the listen queue.
    pub backlog: i32,
    /// Open connections in all; further ones are closed at once.
    pub connections_max: usize,
    /// Open connections from one address.
    pub connections_per_address_max: usize,
    /// What a slow subscriber loses. `notice` must make a whole encoded ZMTP message.
    pub overflow: Overflow,
    /// Events that wait for their reader; further ones are counted as lost.
    pub events_waiting_max: usize,
}

impl Default for PublisherOptions {
    fn default() -> Self {
        Self {
            conn: ConnOptions { limit_bytes: SUBSCRIBER_MESSAGE_BYTES, ..ConnOptions::default() },
            backlog: LISTEN_BACKLOG,
            connections_max: CONNECTIONS,
            connections_per_address_max: CONNECTIONS_PER_ADDRESS,
            overflow: Overflow::default(),
            events_waiting_max: EVENTS_WAITING,
        }
    }
}

/// What happens to the subscribers of a publisher.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PeerEvent {
    /// The handshake is done; the subscriber has no subscription yet.
    Connected {
        /// The connection.
        conn: ConnId,
        /// Where it comes from.
        peer: SocketAddr,
        /// What it calls itself, unproven. Empty for libzmq, which sends none from a SUB socket.
        identity: Bytes,
    },
    /// It subscribed: from now on messages with this prefix reach it.
    Subscribed {
        /// The connection.
        conn: ConnId,
        /// The prefix; empty for everything.
        prefix: Bytes,
    },
    /// Its queue is full and a message was dropped for it; told once until a message fits again.
    Dropping {
        /// The connection.
        conn: ConnId,
        /// Where it comes from.
        peer: SocketAddr,
    },
    /// It has gone.
    Disconnected {
        /// The connection.
        conn: ConnId,
        /// Where it came from.
        peer: SocketAddr,
        /// Messages dropped for it while it was here.
        dropped: u64,
        /// Why, for the log.
        reason: String,
    },
}

/// What became of one publish.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Published {
    /// Subscribers it was queued for.
    pub queued: usize,
    /// Subscribers whose queue was full.
    pub dropped: usize,
    /// Connections that have no subscription for it.
    pub unsubscribed: usize,
    /// Connections named that are gone ([`Publisher::publish_to`] only).
    pub gone: usize,
}

/// Counters since the start, and the present number of connections.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PublisherStats {
    /// Open connections, handshakes included.
    pub connections: usize,
    /// Calls of publish.
    pub messages: u64,
    /// Messages queued, counted per subscriber.
    pub queued: u64,
    /// Messages dropped, counted per subscriber.
    pub dropped: u64,
    /// Bytes that wait at present; shared buffers are counted once per subscriber.
    pub waiting_bytes: usize,
    /// Events nobody read in time.
    pub events_lost: u64,
    /// Connections refused because of a cap.
    pub refused: u64,
    /// Connections closed for malformed data, timeouts or errors.
    pub failed: u64,
}

/// One subscriber as seen by the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubscriberInfo {
    /// The connection.
    pub conn: ConnId,
    /// Where it comes from.
    pub peer: SocketAddr,
    /// What it calls itself, unproven.
    pub identity: Bytes,
    /// How long it has been connected.
    pub connected: Duration,
    /// Number of its subscriptions.
    pub subscriptions: usize,
    /// Bytes waiting for it.
    pub waiting_bytes: usize,
    /// Messages dropped for it.
    pub dropped: u64,
}

pub(crate) struct Subscriber {
    pub(crate) peer: SocketAddr,
    pub(crate) identity: Bytes,
    pub(crate) topics: Mutex<Subscriptions>,
    pub(crate) outbox: Outbox,
}

impl Subscriber {
    pub(crate) fn topics(&self) -> MutexGuard<'_, Subscriptions> {
        self.topics.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) struct Hub {
    pub(crate) options: PublisherOptions,
    pub(crate) gate: Arc<Gate>,
    peers: Mutex<HashMap<ConnId, Arc<Subscriber>>>,
    events: mpsc::Sender<PeerEvent>,
    next: AtomicU64,
    messages: AtomicU64,
    queued: AtomicU64,
    dropped: AtomicU64,
    events_lost: AtomicU64,
}

impl Hub {
    fn peers(&self) -> MutexGuard<'_, HashMap<ConnId, Arc<Subscriber>>> {
        self.peers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn tell(&self, event: PeerEvent) {
        if self.events.try_send(event).is_err() {
            self.events_lost.fetch_add(1, Relaxed);
        }
    }

    pub(crate) fn enter(&self, peer: SocketAddr, identity: Bytes) -> (ConnId, Arc<Subscriber>) {
        let conn = ConnId(self.next.fetch_add(1, Relaxed));
        let subscriber = Arc::new(Subscriber {
            peer,
            identity: identity.clone(),
            topics: Mutex::default(),
            outbox: Outbox::new(),
        });
        self.peers().insert(conn, subscriber.clone());
        self.tell(PeerEvent::Connected { conn, peer, identity });
        (conn, subscriber)
    }

    pub(crate) fn leave(&self, conn: ConnId, reason: String) {
        let Some(gone) = self.peers().remove(&conn) else { return };
        let dropped = gone.outbox.dropped();
        self.tell(PeerEvent::Disconnected { conn, peer: gone.peer, dropped, reason });
    }

    fn offer(
        &self,
        conn: ConnId,
        to: &Subscriber,
        topic: &[u8],
        message: &Bytes,
        sum: &mut Published,
    ) {
        if !to.topics().wants(topic) {
            sum.unsubscribed += 1;
            return;
        }
        match to.outbox.offer(message, &self.options.overflow) {
            Offered::Queued => sum.queued += 1,
            Offered::Dropped { first } => {
                sum.dropped += 1;
                if first {
                    self.tell(PeerEvent::Dropping { conn, peer: to.peer });
                }
            }
        }
    }

    fn count(&self, sum: &Published) {
        self.messages.fetch_add(1, Relaxed);
        self.queued.fetch_add(sum.queued as u64, Relaxed);
        self.dropped.fetch_add(sum.dropped as u64, Relaxed);
    }
}

/// The server socket. Dropping it closes all connections.
pub struct Publisher {
    server: Server,
    handle: PublisherHandle,
}

/// Publishing and control; cheap to clone, may be used from any thread.
#[derive(Clone)]
pub struct PublisherHandle(Arc<Hub>);

impl Publisher {
    /// Listens on the endpoint; also returns the stream of peer events, which may be dropped if
    /// nobody cares.
    pub async fn bind(
        at: &Endpoint,
        options: PublisherOptions,
    ) -> Result<(Self, mpsc::Receiver<PeerEvent>), NetError> {
        let gate = Gate::new(options.connections_max, options.connections_per_address_max);
        let (events, reader) = mpsc::channel(options.events_waiting_max.max(1));
        let backlog = options.backlog;
        let hub = Arc::new(Hub {
            options,
            gate: gate.clone(),
            peers: Mutex::default(),
            events,
            next: AtomicU64::new(1),
            messages: AtomicU64::new(0),
            queued: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            events_lost: AtomicU64::new(0),
        });
        let handle = PublisherHandle(hub.clone());
        let server = accept::serve("PUB", at, backlog, gate, move |stream, peer, ticket, stop| {
            publisher_peer::serve(stream, peer, ticket, hub.clone(), stop)
        })
        .await?;
        Ok((Self { server, handle }, reader))
    }

    /// The address listened on.
    pub fn local_addr(&self) -> SocketAddr {
        self.server.local
    }

    /// Publishing and control.
    pub fn handle(&self) -> PublisherHandle {
        self.handle.clone()
    }

    /// Ends accepting; queued messages keep `grace` to get out, then all connections are closed.
    pub async fn stop(mut self, grace: Duration) {
        self.server.stop(grace).await;
    }
}

impl PublisherHandle {
    /// Sends one message (its frames; the first is the topic that subscriptions are matched with)
    /// to all. Never waits.
    pub fn publish<F: AsRef<[u8]>>(&self, frames: &[F]) -> Published {
        let (topic, message) = encode(frames);
        let mut sum = Published::default();
        for (conn, peer) in self.0.peers().iter() {
            self.0.offer(*conn, peer, topic, &message, &mut sum);
        }
        self.0.count(&sum);
        sum
    }

    /// Sends one message to some connections only, if they subscribed to it. Never waits.
    pub fn publish_to<F: AsRef<[u8]>>(&self, to: &[ConnId], frames: &[F]) -> Published {
        let (topic, message) = encode(frames);
        let mut sum = Published::default();
        let peers = self.0.peers();
        for conn in to {
            match peers.get(conn) {
                Some(peer) => self.0.offer(*conn, peer, topic, &message, &mut sum),
                None => sum.gone += 1,
            }
        }
        drop(peers);
        self.0.count(&sum);
        sum
    }

    /// Closes one connection. False if it is gone already.
    pub fn close(&self, conn: ConnId) -> bool {
        let peer = self.0.peers().get(&conn).cloned();
        peer.map(|p| p.outbox.close()).is_some()
    }

    /// All subscribers, in no order.
    pub fn subscribers(&self) -> Vec<SubscriberInfo> {
        let peers = self.0.peers();
        let info = |(conn, s): (&ConnId, &Arc<Subscriber>)| SubscriberInfo {
            conn: *conn,
            peer: s.peer,
            identity: s.identity.clone(),
            connected: s.outbox.age(),
            subscriptions: s.topics().len(),
            waiting_bytes: s.outbox.waiting_bytes(),
            dropped: s.outbox.dropped(),
        };
        peers.iter().map(info).collect()
    }

    /// Counters.
    pub fn stats(&self) -> PublisherStats {
        let hub = &self.0;
        PublisherStats {
            connections: hub.gate.open_connections(),
            messages: hub.messages.load(Relaxed),
            queued: hub.queued.load(Relaxed),
            dropped: hub.dropped.load(Relaxed),
            waiting_bytes: hub.peers().values().map(|s| s.outbox.waiting_bytes()).sum(),
            events_lost: hub.events_lost.load(Relaxed),
            refused: hub.gate.refused.load(Relaxed),
            failed: hub.gate.failed.load(Relaxed),
        }
    }
}

fn encode<F: AsRef<[u8]>>(frames: &[F]) -> (&[u8], Bytes) {
    let topic = frames.first().map_or(&[][..], AsRef::as_ref);
    // A message has at least one frame.
    let message = if frames.is_empty() { encode_message(&[topic]) } else { encode_message(frames) };
    (topic, message)
}
