//! The request client: REQ sockets to port 4506, a bounded queue in front, a new socket after each
//! failure.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering::AcqRel},
    },
    time::Duration,
};

use bytes::Bytes;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot},
    time::{Instant, timeout_at},
};

use super::{conn::ConnOptions, req_worker};
use crate::{
    Endpoint, NetError,
    limits::{REQUEST_SOCKET_IDLE, REQUEST_SOCKETS, REQUESTS_QUEUED},
};

/// Settings of a request client.
#[derive(Clone, Debug)]
pub struct ReqOptions {
    /// Of each connection.
    pub conn: ConnOptions,
    /// Sockets, that is requests on their way at the same time. The first is reused before a second
    /// is opened.
    pub sockets_max: usize,
    /// Callers that may wait for a socket; a further one is told so at once.
    pub queued_max: usize,
    /// A socket without a request for this long is closed.
    pub idle_timeout: Duration,
    /// Source address and port (Salt: `source_address`, `source_ret_port`); the kernel's choice if
    /// `None`.
    pub source: Option<SocketAddr>,
}

impl Default for ReqOptions {
    fn default() -> Self {
        Self {
            conn: ConnOptions::default(),
            sockets_max: REQUEST_SOCKETS,
            queued_max: REQUESTS_QUEUED,
            idle_timeout: REQUEST_SOCKET_IDLE,
            source: None,
        }
    }
}

/// A client of one server; cheap to clone. Connects at the first request.
#[derive(Clone)]
pub struct ReqClient(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) to: Endpoint,
    pub(crate) options: Arc<ReqOptions>,
    /// Workers without a job, the most recently used last.
    idle: Mutex<VecDeque<mpsc::Sender<Job>>>,
    free: Arc<Semaphore>,
    waiting: AtomicUsize,
}

impl Inner {
    fn idle(&self) -> MutexGuard<'_, VecDeque<mpsc::Sender<Job>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One request on its way through a worker.
pub(crate) struct Job {
    pub(crate) payload: Bytes,
    pub(crate) end: Instant,
    pub(crate) limit: Duration,
    pub(crate) answer: oneshot::Sender<Result<Bytes, NetError>>,
    pub(crate) seat: Seat,
}

/// A worker's occupation; when dropped the worker is free for the next caller.
pub(crate) struct Seat {
    inner: Arc<Inner>,
    worker: Option<mpsc::Sender<Job>>,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Seat {
    fn drop(&mut self) {
        if let Some(worker) = self.worker.take()
            && !worker.is_closed()
        {
            self.inner.idle().push_back(worker);
        }
    }
}

/// Keeps the number of waiting callers right when one of them is cancelled.
struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, AcqRel);
    }
}

impl ReqClient {
    /// A client of the server at `to`. Nothing is opened yet; must later be used inside a tokio
    /// runtime.
    pub fn new(to: Endpoint, options: ReqOptions) -> Self {
        let sockets = options.sockets_max.max(1);
        Self(Arc::new(Inner {
            to,
            options: Arc::new(options),
            idle: Mutex::default(),
            free: Arc::new(Semaphore::new(sockets)),
            waiting: AtomicUsize::new(0),
        }))
    }

    /// The server asked.
    pub fn endpoint(&self) -> &Endpoint {
        &self.0.to
    }

    /// Sends one request and waits for its reply (the last frame). `limit` covers waiting for a
    /// socket, connecting and the answer. After any error the next request uses a new connection;
    /// retries are the caller's, since only it knows whether asking twice does harm. Dropping the
    /// future gives the request up.
    pub async fn request(&self, payload: Bytes, limit: Duration) -> Result<Bytes, NetError> {
        let end = Instant::now() + limit;
        let timeout = || NetError::Timeout {
            peer: self.0.to.to_string(),
            what: "answering a request",
            limit,
        };
        let seat = timeout_at(end, self.seat()).await.map_err(|_| timeout())??;
        let worker = seat.worker.clone().ok_or(NetError::Stopped)?;
        let (answer, reply) = oneshot::channel();
        let job = Job { payload, end, limit, answer, seat };
        worker.send(job).await.map_err(|_| NetError::Stopped)?;
        // The worker watches the time; it answers in every case.
        reply.await.map_err(|_| NetError::Stopped)?
    }

    async fn seat(&self) -> Result<Seat, NetError> {
        let inner = &self.0;
        let limit = inner.options.queued_max;
        let permit = match inner.free.clone().try_acquire_owned() {
            Ok(permit) => permit,
            Err(_) => {
                let before = inner.waiting.fetch_add(1, AcqRel);
                let _waiting = Waiting(&inner.waiting);
                if before >= limit {
                    return Err(NetError::QueueFull { to: inner.to.to_string(), limit });
                }
                inner.free.clone().acquire_owned().await.map_err(|_| NetError::Stopped)?
            }
        };
        let idle = inner.idle().pop_back();
        let worker = idle.unwrap_or_else(|| req_worker::spawn(inner));
        Ok(Seat { inner: inner.clone(), worker: Some(worker), _permit: permit })
    }
}
