//! Accepting on a Unix socket: cap, credentials, one task each.

use std::{future::Future, path::Path, sync::Arc};

use tokio::{
    net::{UnixListener, UnixStream},
    task::{JoinHandle, JoinSet},
};

use super::{LocalOptions, PeerCredentials, path};
use crate::{NetError, limits::ACCEPT_PAUSE};

/// A running accept loop; dropping it ends all connections and removes the socket file.
pub(crate) struct LocalServer {
    task: JoinHandle<()>,
    _file: path::SocketFile,
}

impl Drop for LocalServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub(crate) fn serve<F, Fut>(
    at: &Path,
    options: LocalOptions,
    serve: F,
) -> Result<LocalServer, NetError>
where
    F: Fn(UnixStream) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let (listener, file) = path::listen(at, options.mode)?;
    let listener = UnixListener::from_std(listener)
        .map_err(|source| NetError::Bind { at: at.display().to_string(), source })?;
    let name: Arc<str> = at.display().to_string().into();
    let task = tokio::spawn(accept_loop(name, listener, options, serve));
    Ok(LocalServer { task, _file: file })
}

async fn accept_loop<F, Fut>(
    path: Arc<str>,
    listener: UnixListener,
    options: LocalOptions,
    serve: F,
) where
    F: Fn(UnixStream) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let mut tasks = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = tasks.join_next(), if !tasks.is_empty() => continue,
        };
        match accepted {
            Ok(_) if tasks.len() >= options.connections_max => {
                let limit = options.connections_max;
                tracing::warn!(%path, limit, "Local connection refused: too many are open.");
            }
            Ok((stream, _)) => {
                if allowed(&path, &stream, &options) {
                    tasks.spawn(serve(stream));
                }
            }
            Err(error) => {
                tracing::warn!(%path, %error, "A local connection could not be accepted.");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn allowed(path: &str, stream: &UnixStream, options: &LocalOptions) -> bool {
    let Some(check) = &options.check else { return true };
    let credentials = match stream.peer_cred() {
        Ok(c) => PeerCredentials { uid: c.uid(), gid: c.gid(), pid: c.pid() },
        Err(error) => {
            tracing::warn!(%path, %error, "A local peer without credentials is refused.");
            return false;
        }
    };
    let allowed = check(&credentials);
    if !allowed {
        let PeerCredentials { uid, gid, pid } = credentials;
        tracing::warn!(%path, uid, gid, ?pid, "A local peer is refused.");
    }
    allowed
}
