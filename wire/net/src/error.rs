//! What can go wrong on a socket: what, which peer, where, and what to do about it.

use std::{io, path::PathBuf, time::Duration};

use crate::zmtp::codec::CodecError;

/// A failed socket operation.
#[derive(Debug, thiserror::Error)]
pub enum NetError {
    /// The text is no `host:port`.
    #[error("address {text:?}: {why}; write host:port, with IPv6 in brackets as [::1]:4506")]
    Address {
        /// The text as given.
        text: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The name has no address.
    #[error("cannot resolve {host:?}: {source}; check the name, /etc/hosts and the resolver")]
    Resolve {
        /// The host name asked for.
        host: String,
        /// What the resolver said.
        source: io::Error,
    },
    /// The server socket cannot be opened.
    #[error("cannot listen on {at}: {source}; is another process listening there?")]
    Bind {
        /// Address or path.
        at: String,
        /// What the kernel said.
        source: io::Error,
    },
    /// The server cannot be reached.
    #[error("cannot connect to {to}: {source}; check that it runs and that no firewall is between")]
    Connect {
        /// Address or path.
        to: String,
        /// What the kernel said.
        source: io::Error,
    },
    /// An established connection failed.
    #[error("connection to {peer} failed: {source}")]
    Io {
        /// Address or path of the other side.
        peer: String,
        /// What the kernel said.
        source: io::Error,
    },
    /// The other side ended the connection.
    #[error("{peer} closed the connection")]
    Closed {
        /// Address or path of the other side.
        peer: String,
    },
    /// The other side sent bytes that are no ZMTP, or more than it may.
    #[error("{peer} sent malformed data: {source}")]
    Codec {
        /// Address of the other side.
        peer: String,
        /// What is wrong with them.
        source: CodecError,
    },
    /// A local peer sent bytes that its framing cannot read.
    #[error("{peer} sent malformed data: {why}")]
    Malformed {
        /// Path of the socket.
        peer: String,
        /// What is wrong with them.
        why: String,
    },
    /// The other side's socket type does not fit ours.
    #[error("{peer} is a {theirs} socket, which cannot talk to {ours}; is the port right?")]
    SocketType {
        /// Address of the other side.
        peer: String,
        /// Its type, printable.
        theirs: String,
        /// Our type.
        ours: &'static str,
    },
    /// The other side refused with a ZMTP ERROR command.
    #[error("{peer} refused the connection: {reason}")]
    Refused {
        /// Address of the other side.
        peer: String,
        /// Its reason, printable.
        reason: String,
    },
    /// Something took longer than it may.
    #[error("{peer}: {what} took longer than {} ms", limit.as_millis())]
    Timeout {
        /// Address of the other side.
        peer: String,
        /// What was waited for.
        what: &'static str,
        /// The bound that was reached.
        limit: Duration,
    },
    /// Too many requests wait already.
    #[error("{limit} requests to {to} wait already; try again later")]
    QueueFull {
        /// Address of the server.
        to: String,
        /// The bound that was reached.
        limit: usize,
    },
    /// A message is larger than the receiver may take.
    #[error("a message of {bytes} bytes for {to} is over the limit of {limit} bytes")]
    TooLarge {
        /// Address or path.
        to: String,
        /// Size of the message.
        bytes: usize,
        /// The bound.
        limit: usize,
    },
    /// A Unix socket path that the kernel would cut or that is occupied.
    #[error("socket path {}: {why}", path.display())]
    SocketPath {
        /// The path.
        path: PathBuf,
        /// What is wrong and what to do.
        why: String,
    },
    /// The owner stopped this socket.
    #[error("the socket is shut down")]
    Stopped,
}

impl NetError {
    /// True if the same operation may succeed later without a change of configuration.
    pub fn is_temporary(&self) -> bool {
        !matches!(
            self,
            Self::Address { .. }
                | Self::SocketPath { .. }
                | Self::TooLarge { .. }
                | Self::SocketType { .. }
                | Self::Stopped
        )
    }
}
