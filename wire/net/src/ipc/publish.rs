//! The reading side of the event bus: many local subscribers get every message, none can hold up
//! another.

use std::{
    collections::HashMap,
    io,
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use bytes::{Bytes, BytesMut};
use tokio::{
    io::Interest,
    net::UnixStream,
    time::{Instant, sleep_until},
};

use super::{
    LocalOptions,
    server::{self, LocalServer},
};
use crate::{
    NetError, Overflow,
    outbox::{Offered, Outbox},
    pending::Pending,
};

/// What a subscriber writes is thrown away in pieces of this size: the bus has one direction.
const DISCARD_BYTES: usize = 512;

struct Hub {
    path: String,
    overflow: Overflow,
    next: AtomicU64,
    peers: Mutex<HashMap<u64, Arc<Outbox>>>,
    messages: AtomicU64,
    dropped: AtomicU64,
    evicted: AtomicU64,
}

impl Hub {
    fn peers(&self) -> MutexGuard<'_, HashMap<u64, Arc<Outbox>>> {
        self.peers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counters since the start, and the present number of subscribers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EventPublisherStats {
    /// Subscribers connected.
    pub subscribers: usize,
    /// Messages published.
    pub messages: u64,
    /// Messages dropped, counted per subscriber.
    pub dropped: u64,
    /// Subscribers disconnected because they took nothing.
    pub evicted: u64,
}

/// The server socket. Dropping it closes all connections and removes the file.
pub struct EventPublisher {
    _server: LocalServer,
    handle: EventPublisherHandle,
}

/// Publishing; cheap to clone, may be used from any thread.
#[derive(Clone)]
pub struct EventPublisherHandle(Arc<Hub>);

impl EventPublisher {
    /// Listens at the path. `overflow.notice` must make a whole message of the stream. Must be called
    /// inside a tokio runtime.
    pub fn bind(path: &Path, options: LocalOptions, overflow: Overflow) -> Result<Self, NetError> {
        let hub = Arc::new(Hub {
            path: path.display().to_string(),
            overflow,
            next: AtomicU64::new(1),
            peers: Mutex::default(),
            messages: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            evicted: AtomicU64::new(0),
        });
        let handle = EventPublisherHandle(hub.clone());
        let server = server::serve(path, options, move |stream| subscriber(stream, hub.clone()))?;
        Ok(Self { _server: server, handle })
    }

    /// Publishing and counters.
    pub fn handle(&self) -> EventPublisherHandle {
        self.handle.clone()
    }
}

impl EventPublisherHandle {
    /// Gives one whole message to every subscriber; returns how many it was dropped for. Never
    /// waits.
    pub fn publish(&self, message: &Bytes) -> usize {
        let hub = &self.0;
        hub.messages.fetch_add(1, Relaxed);
        let mut dropped = 0;
        for outbox in hub.peers().values() {
            if let Offered::Dropped { first } = outbox.offer(message, &hub.overflow) {
                dropped += 1;
                if first {
                    let path = &hub.path;
                    tracing::warn!(%path, "A local event subscriber is too slow and loses events.");
                }
            }
        }
        hub.dropped.fetch_add(dropped as u64, Relaxed);
        dropped
    }

    /// Counters.
    pub fn stats(&self) -> EventPublisherStats {
        EventPublisherStats {
            subscribers: self.0.peers().len(),
            messages: self.0.messages.load(Relaxed),
            dropped: self.0.dropped.load(Relaxed),
            evicted: self.0.evicted.load(Relaxed),
        }
    }
}

/// Takes the subscriber out of the hub however its task ends.
struct Place<'a>(u64, &'a Hub);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.1.peers().remove(&self.0);
    }
}

async fn subscriber(stream: UnixStream, hub: Arc<Hub>) {
    let outbox = Arc::new(Outbox::new());
    let id = hub.next.fetch_add(1, Relaxed);
    hub.peers().insert(id, outbox.clone());
    let _place = Place(id, &hub);
    match drive(&stream, &outbox, &hub).await {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::TimedOut => {
            hub.evicted.fetch_add(1, Relaxed);
            let path = &hub.path;
            tracing::warn!(%path, "A local event subscriber takes nothing and is cut off.");
        }
        Err(error) => tracing::debug!(path = %hub.path, %error, "local subscriber ended"),
    }
}

async fn drive(stream: &UnixStream, outbox: &Outbox, hub: &Hub) -> io::Result<()> {
    let mut pending = Pending::default();
    let mut batch_bytes = 0;
    let mut progress = Instant::now();
    loop {
        if pending.is_empty() {
            outbox.written(batch_bytes);
            batch_bytes = outbox.take_batch(&hub.overflow, |chunk| pending.push(chunk));
            progress = Instant::now();
        }
        if pending.write_to(stream)? > 0 {
            progress = Instant::now();
        }
        let waiting = !pending.is_empty();
        let mut interest = Interest::READABLE;
        if waiting {
            interest |= Interest::WRITABLE;
        } else if batch_bytes > 0 {
            continue;
        }
        tokio::select! {
            ready = stream.ready(interest) => {
                if ready?.is_readable() && ended(stream)? {
                    return Ok(());
                }
            }
            () = outbox.wake.notified(), if !waiting => {}
            () = sleep_until(progress + hub.overflow.evict_after), if waiting => {
                return Err(io::ErrorKind::TimedOut.into());
            }
        }
    }
}

/// True if the subscriber has closed; what it wrote is thrown away.
fn ended(stream: &UnixStream) -> io::Result<bool> {
    let mut discard = BytesMut::with_capacity(DISCARD_BYTES);
    match stream.try_read_buf(&mut discard) {
        Ok(read) => Ok(read == 0),
        Err(e) if matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {
            Ok(false)
        }
        Err(e) => Err(e),
    }
}
