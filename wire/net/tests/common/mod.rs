//! What the socket tests share: servers on free ports, bounded waits, and a runtime like the
//! daemons'.
#![allow(dead_code, reason = "each test program uses a part of it")]

pub(crate) mod raw;

use std::{future::Future, net::SocketAddr, time::Duration};

use bytes::Bytes;
use halite_net::{
    Endpoint,
    zmtp::{
        publisher::{PeerEvent, Publisher, PublisherOptions},
        router::{Router, RouterOptions},
        sub::{SubEvent, Subscriber},
    },
};
use tokio::sync::mpsc;

/// The longest any single wait of a test may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Runs a test on a single thread, as the daemons do.
pub(crate) fn run<F: Future>(test: F) -> F::Output {
    let rt = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime");
    rt.block_on(test)
}

/// Waits for a future, but not for ever.
pub(crate) async fn soon<F: Future>(what: &str, wait: F) -> F::Output {
    match tokio::time::timeout(PATIENCE, wait).await {
        Ok(output) => output,
        Err(_) => panic!("waited {PATIENCE:?} in vain for: {what}"),
    }
}

/// Looks again until a condition holds, for what has no event to wait for (counters).
pub(crate) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    soon(what, async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
}

pub(crate) fn local(port: u16) -> Endpoint {
    Endpoint::new("127.0.0.1", port)
}

pub(crate) fn endpoint(address: SocketAddr) -> Endpoint {
    Endpoint::new(&address.ip().to_string(), address.port())
}

pub(crate) async fn router(options: RouterOptions) -> Router {
    Router::bind(&local(0), options).await.expect("bind router")
}

pub(crate) async fn publisher(options: PublisherOptions) -> (Publisher, mpsc::Receiver<PeerEvent>) {
    Publisher::bind(&local(0), options).await.expect("bind publisher")
}

/// Answers every request with `re:` and its payload until the router ends.
pub(crate) fn echo(mut router: Router) -> tokio::task::JoinHandle<()> {
    tokio::spawn(async move {
        while let Some(request) = router.next().await {
            let reply = [b"re:", request.payload.as_ref()].concat();
            request.reply(Bytes::from(reply));
        }
    })
}

pub(crate) async fn subscribed(events: &mut mpsc::Receiver<PeerEvent>, count: usize) {
    let mut seen = 0;
    while seen < count {
        match soon("a subscription", events.recv()).await {
            Some(PeerEvent::Subscribed { .. }) => seen += 1,
            Some(_) => {}
            None => panic!("the publisher ended"),
        }
    }
}

/// The next message of a subscriber; other events are passed over.
pub(crate) async fn message(sub: &mut Subscriber) -> Bytes {
    loop {
        match soon("a message", sub.next()).await {
            Some(SubEvent::Message(bytes)) => return bytes,
            Some(_) => {}
            None => panic!("the subscriber ended"),
        }
    }
}

/// Resident and virtual memory of this process in KiB.
pub(crate) fn memory_kib() -> (u64, u64) {
    let status = std::fs::read_to_string("/proc/self/status").expect("/proc");
    let field = |name: &str| {
        let line = status.lines().find_map(|l| l.strip_prefix(name)).expect("field");
        line.trim().trim_end_matches(" kB").parse::<u64>().expect("number")
    };
    (field("VmRSS:"), field("VmSize:"))
}

/// Allows this process as many open files as it may have; returns the number.
pub(crate) fn raise_open_files() -> u64 {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let have = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: have.maximum, maximum: have.maximum });
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}
