//! How a connection begins: socket options, greeting, READY, and the options all ZMTP sockets
//! share.

use std::{net::SocketAddr, time::Duration};

use bytes::Bytes;
use halite_core::{Opts, Value};
use socket2::{SockRef, TcpKeepalive};
use tokio::{
    net::TcpStream,
    time::{Instant, timeout_at},
};

pub use super::heartbeat::Heartbeat;
use super::{
    codec::{CodecError, Item},
    command::{Command, SocketType, encode_error, encode_ready},
    greeting::{GREETING_BYTES, check_greeting, greeting, printable},
    link::{Io, Link},
};
use crate::{
    Endpoint, NetError,
    limits::{
        COMMAND_BYTES, CONNECT_TIMEOUT, HANDSHAKE_TIMEOUT, LONGEST_WAIT_SECS, MESSAGE_BYTES,
        WRITE_STALL,
    },
};

/// A connection of one server socket; never used twice while the process lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnId(pub u64);

/// TCP keepalive, where ZMTP heartbeats are not known to the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keepalive {
    /// Silence before the first probe. Salt: `tcp_keepalive_idle`, 300 s.
    pub idle: Duration,
    /// Time between probes; the kernel's own if `None`. Salt: `tcp_keepalive_intvl`.
    pub interval: Option<Duration>,
    /// Probes before the connection is given up; the kernel's own if `None`. Salt:
    /// `tcp_keepalive_cnt`.
    pub probes: Option<u32>,
}

impl Default for Keepalive {
    fn default() -> Self {
        Self { idle: Duration::from_secs(300), interval: None, probes: None }
    }
}

/// What every ZMTP connection is set up with.
#[derive(Clone, Debug)]
pub struct ConnOptions {
    /// Largest message taken from the peer, all frames together.
    pub limit_bytes: usize,
    /// Time for the TCP connect (clients).
    pub connect_timeout: Duration,
    /// Time for greeting and READY.
    pub handshake_timeout: Duration,
    /// Heartbeats; `None` sends none (those of the peer are answered always).
    pub heartbeat: Option<Heartbeat>,
    /// TCP keepalive; `None` leaves it off.
    pub keepalive: Option<Keepalive>,
    /// Time a write may make no progress before the connection is closed.
    pub write_stall: Duration,
}

impl Default for ConnOptions {
    fn default() -> Self {
        Self {
            limit_bytes: MESSAGE_BYTES,
            connect_timeout: CONNECT_TIMEOUT,
            handshake_timeout: HANDSHAKE_TIMEOUT,
            heartbeat: Some(Heartbeat::default()),
            keepalive: Some(Keepalive::default()),
            write_stall: WRITE_STALL,
        }
    }
}

impl ConnOptions {
    /// As the options `tcp_keepalive*` and `zmq_heartbeat_*` say; the rest is the default.
    pub fn of(opts: &Opts) -> ConnOptions {
        let seconds = |name: &str| {
            let given = opts.float(name, -1.0);
            (given > 0.0).then(|| Duration::from_secs_f64(given.min(LONGEST_WAIT_SECS)))
        };
        let keepalive = Keepalive {
            idle: seconds("tcp_keepalive_idle").unwrap_or(Keepalive::default().idle),
            interval: seconds("tcp_keepalive_intvl"),
            probes: u32::try_from(opts.float("tcp_keepalive_cnt", -1.0) as i64)
                .ok()
                .filter(|n| *n > 0),
        };
        ConnOptions {
            heartbeat: Heartbeat::of(opts),
            keepalive: opts.get("tcp_keepalive").is_none_or(Value::truthy).then_some(keepalive),
            ..ConnOptions::default()
        }
    }
}

/// What the peer said of itself.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    pub(crate) minor: u8,
    pub(crate) is_req: bool,
    pub(crate) identity: Bytes,
}

/// Sets the TCP options. Failures are not fatal: a connection without keepalive still works.
pub(crate) fn tune(stream: &TcpStream, keepalive: Option<Keepalive>) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY could not be set");
    }
    let Some(wanted) = keepalive else { return };
    let mut params = TcpKeepalive::new().with_time(wanted.idle);
    if let Some(interval) = wanted.interval {
        params = params.with_interval(interval);
    }
    if let Some(probes) = wanted.probes {
        params = params.with_retries(probes);
    }
    if let Err(error) = SockRef::from(stream).set_tcp_keepalive(&params) {
        tracing::debug!(%error, "TCP keepalive could not be set");
    }
}

/// Greets, exchanges READY, checks the socket types, and starts the heartbeats.
pub(crate) async fn handshake(
    link: &mut Link,
    ours: SocketType,
    identity: &[u8],
    options: &ConnOptions,
) -> Result<Peer, NetError> {
    let end = Instant::now() + options.handshake_timeout;
    let name = link.peer.to_string();
    link.decoder.set_limit(COMMAND_BYTES);
    let peer = timeout_at(end, exchange(link, ours, identity)).await.map_err(|_| {
        NetError::Timeout { peer: name, what: "the handshake", limit: options.handshake_timeout }
    })??;
    link.decoder.set_limit(options.limit_bytes);
    // A PING is a decode error for ZMTP 3.0 peers that are not libzmq: those are left to TCP
    // keepalive.
    link.start_heartbeats(options.heartbeat.filter(|_| peer.minor >= 1));
    Ok(peer)
}

async fn exchange(link: &mut Link, ours: SocketType, identity: &[u8]) -> Result<Peer, NetError> {
    link.queue(Bytes::copy_from_slice(&greeting()));
    let minor = loop {
        match check_greeting(link.decoder.peek()) {
            Ok(Some(minor)) => break minor,
            Ok(None) => {}
            Err(e) => return Err(link.codec_error(e)),
        }
        link.io(true, None).await?;
    };
    link.decoder.skip(GREETING_BYTES);
    link.queue(encode_ready(ours, identity));
    let item = loop {
        match link.decoder.next_item() {
            Ok(Some(item)) => break item,
            Ok(None) => {}
            Err(e) => return Err(link.codec_error(e)),
        }
        link.io(true, None).await?;
    };
    match item {
        Item::Command(Command::Ready { socket_type, identity }) => {
            if !ours.accepts(&socket_type) {
                link.queue(encode_error("Invalid socket type"));
                flush(link).await?;
                return Err(NetError::SocketType {
                    peer: link.peer.to_string(),
                    theirs: printable(&socket_type),
                    ours: ours.name(),
                });
            }
            flush(link).await?;
            Ok(Peer { minor, is_req: socket_type.as_ref() == b"REQ", identity })
        }
        Item::Command(Command::Error(reason)) => {
            Err(NetError::Refused { peer: link.peer.to_string(), reason })
        }
        _ => Err(link.codec_error(CodecError::Unexpected { expected: "READY" })),
    }
}

/// Waits until all that is queued has gone to the kernel.
pub(crate) async fn flush(link: &mut Link) -> Result<(), NetError> {
    while !link.is_flushed() {
        if link.io(false, None).await? == Io::Flushed {
            break;
        }
    }
    Ok(())
}

/// Opens a connection to the first address of the endpoint that answers, and shakes hands.
pub(crate) async fn connect(
    to: &Endpoint,
    bind: Option<SocketAddr>,
    ours: SocketType,
    identity: &[u8],
    options: &ConnOptions,
) -> Result<(Link, Peer), NetError> {
    let stream = open(to, bind, options.connect_timeout).await?;
    tune(&stream, options.keepalive);
    let failed = |source| NetError::Connect { to: to.to_string(), source };
    let peer = stream.peer_addr().map_err(failed)?;
    let mut link = Link::new(stream, peer, COMMAND_BYTES, options.write_stall);
    let peer = handshake(&mut link, ours, identity, options).await?;
    Ok((link, peer))
}

async fn open(
    to: &Endpoint,
    bind: Option<SocketAddr>,
    limit: Duration,
) -> Result<TcpStream, NetError> {
    let end = Instant::now() + limit;
    let timeout = || NetError::Timeout { peer: to.to_string(), what: "the connect", limit };
    let addresses = timeout_at(end, to.resolve()).await.map_err(|_| timeout())??;
    let mut last = None;
    for address in addresses {
        if bind.is_some_and(|b| b.is_ipv4() != address.is_ipv4()) {
            continue;
        }
        match timeout_at(end, open_one(address, bind)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(source)) => last = Some(source),
            Err(_) => return Err(timeout()),
        }
    }
    let source = last.unwrap_or_else(|| {
        std::io::Error::other("no address of the same family as the source address")
    });
    Err(NetError::Connect { to: to.to_string(), source })
}

async fn open_one(address: SocketAddr, bind: Option<SocketAddr>) -> std::io::Result<TcpStream> {
    let Some(source) = bind else { return TcpStream::connect(address).await };
    let socket = match source {
        SocketAddr::V4(_) => tokio::net::TcpSocket::new_v4()?,
        SocketAddr::V6(_) => tokio::net::TcpSocket::new_v6()?,
    };
    socket.set_reuseaddr(true)?;
    socket.bind(source)?;
    socket.connect(address).await
}
