//! The local event bus: Unix stream sockets on which events are written (pull) and read (pub).
//!
//! Salt: `master_event_pull.ipc` takes a 4 byte big-endian length and a message;
//! `master_event_pub.ipc` gives messages one after another without any length.

mod client;
mod path;
mod publish;
mod pull;
mod server;

use std::sync::Arc;

pub use client::{EventSink, EventSource, Framing};
pub use path::check_path;
pub use publish::{EventPublisher, EventPublisherHandle, EventPublisherStats};
pub use pull::EventPull;

/// Mode of the socket that is read by local tools of the group.
pub const MODE_PUBLISH: u32 = 0o660;
/// Mode of the socket that only the owner writes to.
pub const MODE_PULL: u32 = 0o600;

/// Who is at the other end of a local socket, as the kernel says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerCredentials {
    /// User id.
    pub uid: u32,
    /// Primary group id.
    pub gid: u32,
    /// Process id, where the kernel tells it.
    pub pid: Option<i32>,
}

/// Decides whether a local peer may connect.
pub type CredentialCheck = Arc<dyn Fn(&PeerCredentials) -> bool + Send + Sync>;

/// Settings of a local server socket.
#[derive(Clone)]
pub struct LocalOptions {
    /// Permission bits of the socket file.
    pub mode: u32,
    /// Open connections; further ones are closed at once.
    pub connections_max: usize,
    /// Asked for each connection; `None` leaves it to the permission bits.
    pub check: Option<CredentialCheck>,
}

impl LocalOptions {
    /// The usual bounds with these permission bits.
    pub fn with_mode(mode: u32) -> Self {
        Self { mode, connections_max: crate::limits::LOCAL_CONNECTIONS, check: None }
    }
}
