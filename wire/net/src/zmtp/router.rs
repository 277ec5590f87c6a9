//! The request server of port 4506: ROUTER for REQ and DEALER peers, one request and one reply at a
//! time each.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{
            AtomicBool, AtomicU64, AtomicUsize,
            Ordering::{Acquire, Relaxed, Release},
        },
    },
    time::Duration,
};

use bytes::Bytes;
use tokio::sync::{Notify, mpsc, oneshot};

use super::{
    accept::{self, Gate, Server},
    budget::Budget,
    conn::{ConnId, ConnOptions, Keepalive},
    router_peer,
};
use crate::{
    Endpoint, NetError,
    limits::{
        CONNECTIONS, CONNECTIONS_PER_ADDRESS, LISTEN_BACKLOG, REQUESTS_WAITING,
        UNAUTHENTICATED_BUDGET_BYTES, UNAUTHENTICATED_IDLE, UNAUTHENTICATED_LARGE_BYTES,
        UNAUTHENTICATED_MESSAGE_BYTES,
    },
};

/// Settings of a router.
#[derive(Clone, Debug)]
pub struct RouterOptions {
    /// Of each connection; `limit_bytes` is what a peer not yet authenticated may send freely.
    pub conn: ConnOptions,
    /// Length of the listen queue.
    pub backlog: i32,
    /// Open connections in all; further ones are closed at once.
    pub connections_max: usize,
    /// Open connections from one address.
    pub connections_per_address_max: usize,
    /// A peer that is not authenticated and sends no request for this long is closed.
    pub unauthenticated_idle: Duration,
    /// Largest message of such a peer; what is above `conn.limit_bytes` needs room in the budget.
    pub unauthenticated_large_bytes: usize,
    /// Bytes of such large messages of all peers together, from the announcement until the reply.
    /// One address may hold a quarter of it, or one message if that is more.
    pub unauthenticated_budget_bytes: usize,
    /// Requests that wait for the owner before peers are held back.
    pub requests_waiting_max: usize,
    /// Sent when the owner drops a request without a reply. `None` closes the connection instead.
    pub fallback_reply: Option<Bytes>,
}

impl Default for RouterOptions {
    fn default() -> Self {
        let keepalive = Keepalive {
            idle: Duration::from_secs(60),
            interval: Some(Duration::from_secs(15)),
            probes: Some(3),
        };
        Self {
            conn: ConnOptions {
                limit_bytes: UNAUTHENTICATED_MESSAGE_BYTES,
                keepalive: Some(keepalive),
                ..ConnOptions::default()
            },
            backlog: LISTEN_BACKLOG,
            connections_max: CONNECTIONS,
            connections_per_address_max: CONNECTIONS_PER_ADDRESS,
            unauthenticated_idle: UNAUTHENTICATED_IDLE,
            unauthenticated_large_bytes: UNAUTHENTICATED_LARGE_BYTES,
            unauthenticated_budget_bytes: UNAUTHENTICATED_BUDGET_BYTES,
            requests_waiting_max: REQUESTS_WAITING,
            fallback_reply: None,
        }
    }
}

/// One request of a peer. Exactly one reply goes back: by [`Request::reply`], or the fallback if it
/// is dropped.
#[derive(Debug)]
pub struct Request {
    /// The connection, for [`RouterHandle::set_limit`] and the like.
    pub conn: ConnId,
    /// Where it comes from.
    pub peer: SocketAddr,
    /// The one payload frame.
    pub payload: Bytes,
    reply: Replier,
}

/// The right and duty to answer one request.
#[derive(Debug)]
pub struct Replier(oneshot::Sender<Bytes>);

impl Replier {
    /// Sends the reply as one frame. False if the peer has gone.
    pub fn send(self, payload: Bytes) -> bool {
        self.0.send(payload).is_ok()
    }

    /// True if the peer has gone, so that work for it can be given up.
    pub fn is_closed(&self) -> bool {
        self.0.is_closed()
    }
}

impl Request {
    pub(crate) fn new(
        conn: ConnId,
        peer: SocketAddr,
        payload: Bytes,
    ) -> (Self, oneshot::Receiver<Bytes>) {
        let (sender, receiver) = oneshot::channel();
        (Self { conn, peer, payload, reply: Replier(sender) }, receiver)
    }

    /// Sends the reply as one frame. False if the peer has gone.
    pub fn reply(self, payload: Bytes) -> bool {
        self.reply.send(payload)
    }

    /// Splits the payload from the duty to reply, for work that is handed on.
    pub fn into_parts(self) -> (Bytes, Replier) {
        (self.payload, self.reply)
    }
}

/// Counters since the start, and the present number of connections.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RouterStats {
    /// Open connections, handshakes included.
    pub connections: usize,
    /// Requests handed to the owner.
    pub requests: u64,
    /// Replies given to the kernel's care.
    pub replies: u64,
    /// Requests the owner dropped without a reply.
    pub unanswered: u64,
    /// Connections refused because of a cap.
    pub refused: u64,
    /// Connections closed for malformed data, timeouts or errors.
    pub failed: u64,
}

pub(crate) struct PeerState {
    pub(crate) limit_bytes: AtomicUsize,
    pub(crate) authenticated: AtomicBool,
    pub(crate) close: Notify,
    peer: SocketAddr,
}

pub(crate) struct Shared {
    pub(crate) options: RouterOptions,
    pub(crate) gate: Arc<Gate>,
    pub(crate) budget: Budget,
    pub(crate) requests: AtomicU64,
    pub(crate) replies: AtomicU64,
    pub(crate) unanswered: AtomicU64,
    next: AtomicU64,
    peers: Mutex<HashMap<ConnId, Arc<PeerState>>>,
}

impl Shared {
    fn peers(&self) -> MutexGuard<'_, HashMap<ConnId, Arc<PeerState>>> {
        self.peers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn enter(self: &Arc<Self>, peer: SocketAddr) -> Registered {
        let id = ConnId(self.next.fetch_add(1, Relaxed));
        let state = Arc::new(PeerState {
            limit_bytes: AtomicUsize::new(self.options.conn.limit_bytes),
            authenticated: AtomicBool::new(false),
            close: Notify::new(),
            peer,
        });
        self.peers().insert(id, state.clone());
        Registered { id, state, shared: self.clone() }
    }
}

/// A connection in the table; leaves it when dropped.
pub(crate) struct Registered {
    pub(crate) id: ConnId,
    pub(crate) state: Arc<PeerState>,
    shared: Arc<Shared>,
}

impl Drop for Registered {
    fn drop(&mut self) {
        self.shared.peers().remove(&self.id);
    }
}

/// The server socket. Dropping it closes all connections.
pub struct Router {
    server: Server,
    handle: RouterHandle,
    requests: mpsc::Receiver<Request>,
}

/// Control over a router's connections; cheap to clone.
#[derive(Clone)]
pub struct RouterHandle(Arc<Shared>);

impl Router {
    /// Listens on the endpoint. Port 0 lets the kernel choose; see [`Router::local_addr`].
    pub async fn bind(at: &Endpoint, options: RouterOptions) -> Result<Self, NetError> {
        let gate = Gate::new(options.connections_max, options.connections_per_address_max);
        let (sender, requests) = mpsc::channel(options.requests_waiting_max.max(1));
        let backlog = options.backlog;
        let budget =
            Budget::new(options.unauthenticated_budget_bytes, options.unauthenticated_large_bytes);
        let shared = Arc::new(Shared {
            options,
            budget,
            gate: gate.clone(),
            requests: AtomicU64::new(0),
            replies: AtomicU64::new(0),
            unanswered: AtomicU64::new(0),
            next: AtomicU64::new(1),
            peers: Mutex::default(),
        });
        let handle = RouterHandle(shared.clone());
        let server =
            accept::serve("ROUTER", at, backlog, gate, move |stream, peer, ticket, stop| {
                router_peer::serve(stream, peer, ticket, shared.clone(), sender.clone(), stop)
            })
            .await?;
        Ok(Self { server, handle, requests })
    }

    /// The address listened on.
    pub fn local_addr(&self) -> SocketAddr {
        self.server.local
    }

    /// Control over the connections.
    pub fn handle(&self) -> RouterHandle {
        self.handle.clone()
    }

    /// The next request. `None` only when the server has ended. Safe to use in `select!`.
    pub async fn next(&mut self) -> Option<Request> {
        self.requests.recv().await
    }

    /// Ends accepting; connections with a request keep `grace` for its reply, then all are closed.
    pub async fn stop(self, grace: Duration) {
        let Self { mut server, requests, .. } = self;
        // What nobody has looked at gets its fallback reply now.
        drop(requests);
        server.stop(grace).await;
    }
}

impl RouterHandle {
    /// Sets the message limit of one connection, in bytes. To be called before the reply that lets
    /// the peer send more. False if the connection is gone.
    pub fn set_limit(&self, conn: ConnId, limit_bytes: usize) -> bool {
        self.with(conn, |state| state.limit_bytes.store(limit_bytes, Release))
    }

    /// Marks a connection as authenticated: no idle timeout any more, and this message limit.
    pub fn set_authenticated(&self, conn: ConnId, limit_bytes: usize) -> bool {
        self.with(conn, |state| {
            state.limit_bytes.store(limit_bytes, Release);
            state.authenticated.store(true, Release);
        })
    }

    /// True if the connection is open and was marked as authenticated.
    pub fn is_authenticated(&self, conn: ConnId) -> bool {
        self.0.peers().get(&conn).is_some_and(|state| state.authenticated.load(Acquire))
    }

    /// Closes one connection. False if it is gone already.
    pub fn close(&self, conn: ConnId) -> bool {
        self.with(conn, |state| state.close.notify_one())
    }

    /// Open connections with their addresses, in no order.
    pub fn connections(&self) -> Vec<(ConnId, SocketAddr)> {
        self.0.peers().iter().map(|(id, state)| (*id, state.peer)).collect()
    }

    /// Counters.
    pub fn stats(&self) -> RouterStats {
        let s = &self.0;
        RouterStats {
            connections: s.gate.open_connections(),
            requests: s.requests.load(Relaxed),
            replies: s.replies.load(Relaxed),
            unanswered: s.unanswered.load(Relaxed),
            refused: s.gate.refused.load(Relaxed),
            failed: s.gate.failed.load(Relaxed),
        }
    }

    fn with(&self, conn: ConnId, act: impl FnOnce(&PeerState)) -> bool {
        let state = self.0.peers().get(&conn).cloned();
        state.as_deref().map(act).is_some()
    }
}
