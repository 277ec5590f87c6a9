//! The writing side of the event bus: local writers send a length and a message, the owner takes
//! them in order.

use std::path::Path;

use bytes::Bytes;
use tokio::{net::UnixStream, sync::mpsc};

use super::{
    LocalOptions,
    client::read_prefixed,
    server::{self, LocalServer},
};
use crate::{NetError, limits::LOCAL_MESSAGES_WAITING};

/// The server socket. Dropping it closes all connections and removes the file.
pub struct EventPull {
    _server: LocalServer,
    messages: mpsc::Receiver<Bytes>,
}

impl EventPull {
    /// Listens at the path; a writer that announces more than `limit_bytes` is closed. Must be
    /// called inside a tokio runtime.
    pub fn bind(path: &Path, options: LocalOptions, limit_bytes: usize) -> Result<Self, NetError> {
        let (sender, messages) = mpsc::channel(LOCAL_MESSAGES_WAITING);
        let name = path.display().to_string();
        let server = server::serve(path, options, move |stream| {
            writer(stream, name.clone(), limit_bytes, sender.clone())
        })?;
        Ok(Self { _server: server, messages })
    }

    /// The next message. Writers wait while the owner's queue is full. Safe to use in `select!`.
    pub async fn next(&mut self) -> Option<Bytes> {
        self.messages.recv().await
    }
}

async fn writer(
    mut stream: UnixStream,
    path: String,
    limit_bytes: usize,
    sender: mpsc::Sender<Bytes>,
) {
    loop {
        match read_prefixed(&mut stream, &path, limit_bytes).await {
            Ok(Some(message)) => {
                if sender.send(message).await.is_err() {
                    return;
                }
            }
            Ok(None) => return,
            Err(error) => {
                tracing::warn!(%path, %error, "A local event writer is cut off.");
                return;
            }
        }
    }
}
