//! The listening side of a server socket: caps per server and per address, tasks, orderly stop.

use std::{
    collections::HashMap,
    future::Future,
    io,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::{JoinHandle, JoinSet},
};

use crate::{Endpoint, NetError, limits::ACCEPT_PAUSE, log_once::LogOnce};

/// Counts open connections and says no above the caps.
pub(crate) struct Gate {
    total_max: usize,
    per_address_max: usize,
    open: Mutex<(usize, HashMap<IpAddr, usize>)>,
    pub(crate) refused: AtomicU64,
    pub(crate) failed: AtomicU64,
    log: LogOnce,
}

/// The right to one connection; given back when dropped.
pub(crate) struct Ticket {
    gate: Arc<Gate>,
    address: IpAddr,
}

impl Gate {
    pub(crate) fn new(total_max: usize, per_address_max: usize) -> Arc<Self> {
        Arc::new(Self {
            total_max,
            per_address_max,
            open: Mutex::default(),
            refused: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            log: LogOnce::default(),
        })
    }

    fn enter(self: &Arc<Self>, address: IpAddr) -> Option<Ticket> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let here = open.1.get(&address).copied().unwrap_or(0);
        if open.0 >= self.total_max || here >= self.per_address_max {
            return None;
        }
        open.0 += 1;
        open.1.insert(address, here + 1);
        Some(Ticket { gate: self.clone(), address })
    }

    pub(crate) fn open_connections(&self) -> usize {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).0
    }

    /// Counts a connection that ended otherwise than by the peer closing it, and names its address
    /// once.
    pub(crate) fn ended(&self, role: &'static str, peer: SocketAddr, error: &NetError) {
        if matches!(error, NetError::Closed { .. } | NetError::Stopped) {
            tracing::debug!(role, %peer, "connection ended");
            return;
        }
        self.failed.fetch_add(1, Relaxed);
        if self.log.first(peer.ip()) {
            tracing::warn!(role, %peer, %error, "Connection closed; from now on counted only.");
        }
    }

    fn refuse(&self, role: &'static str, peer: SocketAddr) {
        self.refused.fetch_add(1, Relaxed);
        if self.log.first(peer.ip()) {
            tracing::warn!(role, %peer, "Refused, too many are open; from now on counted only.");
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut open = self.gate.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.0 -= 1;
        if let Some(here) = open.1.get_mut(&self.address) {
            *here -= 1;
            if *here == 0 {
                open.1.remove(&self.address);
            }
        }
    }
}

/// A running accept loop; dropping it ends all of its connections.
pub(crate) struct Server {
    pub(crate) local: SocketAddr,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Server {
    /// Ends accepting at once and gives the connections `grace` to finish what they have.
    pub(crate) async fn stop(&mut self, grace: Duration) {
        let _ = self.stop.send(true);
        if tokio::time::timeout(grace, &mut self.task).await.is_err() {
            self.task.abort();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn listen(address: SocketAddr, backlog: i32) -> io::Result<TcpListener> {
    use socket2::{Domain, Protocol, Socket, Type};
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        // `::` serves both families only if asked to; Salt's `ipv6: True` is for IPv6 clients, IPv4
        // stays welcome.
        socket.set_only_v6(false)?;
    }
    socket.bind(&address.into())?;
    socket.listen(backlog)?;
    socket.set_nonblocking(true)?;
    TcpListener::from_std(socket.into())
}

/// Listens on the first address of the endpoint that can be bound and runs `serve` for each
/// connection.
pub(crate) async fn serve<F, Fut>(
    role: &'static str,
    at: &Endpoint,
    backlog: i32,
    gate: Arc<Gate>,
    serve: F,
) -> Result<Server, NetError>
where
    F: Fn(TcpStream, SocketAddr, Ticket, watch::Receiver<bool>) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let failed = |source| NetError::Bind { at: at.to_string(), source };
    let mut bound = Err(io::Error::from(io::ErrorKind::AddrNotAvailable));
    for address in at.resolve().await? {
        bound = listen(address, backlog);
        if bound.is_ok() {
            break;
        }
    }
    let listener = bound.map_err(failed)?;
    let local = listener.local_addr().map_err(failed)?;
    let (stop, stopping) = watch::channel(false);
    let task = tokio::spawn(accept_loop(role, listener, gate, stopping, serve));
    Ok(Server { local, stop, task })
}

async fn accept_loop<F, Fut>(
    role: &'static str,
    listener: TcpListener,
    gate: Arc<Gate>,
    mut stopping: watch::Receiver<bool>,
    serve: F,
) where
    F: Fn(TcpStream, SocketAddr, Ticket, watch::Receiver<bool>) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let mut tasks = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = tasks.join_next(), if !tasks.is_empty() => continue,
            _ = stopping.changed() => break,
        };
        match accepted {
            Ok((stream, peer)) => match gate.enter(peer.ip()) {
                Some(ticket) => {
                    tasks.spawn(serve(stream, peer, ticket, stopping.clone()));
                }
                None => gate.refuse(role, peer),
            },
            Err(error) => {
                // Out of descriptors or a connection that died in the queue: neither ends a server.
                tracing::warn!(role, %error, "A connection could not be accepted.");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    while tasks.join_next().await.is_some() {}
}
