//! The subscriber: SUB socket to port 4505 that stays connected, with jitter between attempts.

use std::{net::SocketAddr, time::Duration};

use bytes::Bytes;
use tokio::{
    sync::mpsc,
    task::JoinHandle,
    time::{Instant, sleep},
};

use super::{
    command::{SocketType, encode_subscribe},
    conn::{ConnOptions, connect},
    link::{Link, Step},
};
use crate::{Endpoint, NetError, limits::MESSAGES_WAITING, random_between};

/// Settings of a subscriber.
#[derive(Clone, Debug)]
pub struct SubOptions {
    /// Of the connection.
    pub conn: ConnOptions,
    /// What we call ourselves in READY. Empty for nothing, at most 255 bytes. Salt minions set
    /// their id here, but libzmq does not send it from a SUB socket.
    pub identity: Bytes,
    /// Prefixes subscribed to; Salt minions take everything with one empty prefix.
    pub topics: Vec<Bytes>,
    /// Shortest wait before a new attempt. Salt: `recon_default`.
    pub recon_default: Duration,
    /// Added to the shortest wait at most (with `recon_randomize`), or the longest wait of the
    /// doubling (without). Salt: `recon_max`.
    pub recon_max: Duration,
    /// Wait a random time between `recon_default` and `recon_default + recon_max`. Salt:
    /// `recon_randomize`.
    pub recon_randomize: bool,
    /// Messages that wait for the owner; then nothing is read any more.
    pub messages_waiting_max: usize,
    /// Source address and port (Salt: `source_address`, `source_publish_port`).
    pub source: Option<SocketAddr>,
}

impl Default for SubOptions {
    fn default() -> Self {
        Self {
            conn: ConnOptions::default(),
            identity: Bytes::new(),
            topics: vec![Bytes::new()],
            recon_default: Duration::from_secs(1),
            recon_max: Duration::from_secs(10),
            recon_randomize: true,
            messages_waiting_max: MESSAGES_WAITING,
            source: None,
        }
    }
}

/// What a subscriber tells its owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubEvent {
    /// Connected and subscribed.
    Connected {
        /// The address in use.
        peer: SocketAddr,
    },
    /// The last frame of a message (the packet, with or without a topic before it).
    Message(Bytes),
    /// The connection is lost; a new attempt follows by itself.
    Disconnected {
        /// Why, for the log.
        reason: String,
    },
    /// An attempt failed; another follows by itself.
    Unreachable {
        /// Why, for the log.
        reason: String,
        /// The wait before the next attempt.
        again_in: Duration,
    },
}

/// A subscriber with its own task; dropping it closes the connection.
pub struct Subscriber {
    events: mpsc::Receiver<SubEvent>,
    task: JoinHandle<()>,
}

impl Subscriber {
    /// Starts connecting to the publisher at `to`. Must be called inside a tokio runtime.
    pub fn start(to: Endpoint, options: SubOptions) -> Self {
        let (sender, events) = mpsc::channel(options.messages_waiting_max.max(1));
        let task = tokio::spawn(Task { to, options, sender }.run());
        Self { events, task }
    }

    /// The next event. Safe to use in `select!`. `None` never comes while the runtime lives.
    pub async fn next(&mut self) -> Option<SubEvent> {
        self.events.recv().await
    }
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Task {
    to: Endpoint,
    options: SubOptions,
    sender: mpsc::Sender<SubEvent>,
}

impl Task {
    async fn run(self) {
        let mut failures: u32 = 0;
        loop {
            let o = &self.options;
            let connected =
                connect(&self.to, o.source, SocketType::Sub, &o.identity, &o.conn).await;
            let wait = self.wait(failures);
            let event = match connected {
                Ok((mut link, peer)) => {
                    failures = 0;
                    for topic in &o.topics {
                        link.queue(encode_subscribe(topic, peer.minor));
                    }
                    match self.receive(link).await {
                        Some(error) => SubEvent::Disconnected { reason: error.to_string() },
                        None => return,
                    }
                }
                Err(error) => {
                    failures = failures.saturating_add(1);
                    SubEvent::Unreachable { reason: error.to_string(), again_in: wait }
                }
            };
            if self.sender.send(event).await.is_err() {
                return;
            }
            sleep(wait).await;
        }
    }

    fn wait(&self, failures: u32) -> Duration {
        let o = &self.options;
        if o.recon_randomize {
            return random_between(o.recon_default, o.recon_default + o.recon_max);
        }
        let doubled = o.recon_default.saturating_mul(2_u32.saturating_pow(failures.min(16)));
        doubled.min(o.recon_max.max(o.recon_default))
    }

    /// Runs one connection to its end; `None` when the owner has gone.
    async fn receive(&self, mut link: Link) -> Option<NetError> {
        // The subscriptions must be with the kernel before the owner counts on them.
        let end = Instant::now() + self.options.conn.handshake_timeout;
        let mut early = Vec::new();
        while !link.is_flushed() {
            match link.step(early.is_empty(), Some(end)).await {
                Ok(Step::Message(mut frames)) => early.extend(frames.pop()),
                Ok(Step::Deadline) => {
                    return Some(NetError::Timeout {
                        peer: self.to.to_string(),
                        what: "taking the subscriptions",
                        limit: self.options.conn.handshake_timeout,
                    });
                }
                Ok(_) => {}
                Err(error) => return Some(error),
            }
        }
        self.sender.send(SubEvent::Connected { peer: link.peer }).await.ok()?;
        for message in early {
            self.sender.send(SubEvent::Message(message)).await.ok()?;
        }
        loop {
            match link.step(true, None).await {
                Ok(Step::Message(mut frames)) => {
                    let Some(last) = frames.pop() else { continue };
                    self.sender.send(SubEvent::Message(last)).await.ok()?;
                }
                Ok(_) => {}
                Err(error) => return Some(error),
            }
        }
    }
}
