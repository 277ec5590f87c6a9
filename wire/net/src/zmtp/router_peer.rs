//! One peer of the router: takes a request, waits for its reply, keeps heartbeats going meanwhile.

use std::{
    future::pending,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::Ordering::{Acquire, Relaxed},
    },
};

use bytes::{Bytes, BytesMut};
use tokio::{
    net::TcpStream,
    sync::{mpsc, oneshot, watch},
    time::Instant,
};

use super::{
    accept::Ticket,
    budget::Room,
    codec::{CodecError, FLAG_MORE, encode_frame},
    command::SocketType,
    conn::{Peer, handshake, tune},
    link::{Link, Step},
    router::{Registered, Request, Shared},
};
use crate::{NetError, limits::COMMAND_BYTES};

pub(crate) async fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    _ticket: Ticket,
    shared: Arc<Shared>,
    requests: mpsc::Sender<Request>,
    stop: watch::Receiver<bool>,
) {
    let conn = &shared.options.conn;
    tune(&stream, conn.keepalive);
    let mut link = Link::new(stream, peer, COMMAND_BYTES, conn.write_stall);
    let result = match handshake(&mut link, SocketType::Router, b"", conn).await {
        Ok(said) => {
            let place = shared.enter(peer);
            let (shared, large_bytes, room) = (&*shared, 0, None);
            Service { link, said, place, shared, requests, stop, large_bytes, room }.run().await
        }
        Err(e) => Err(e),
    };
    if let Err(error) = result {
        shared.gate.ended("ROUTER", peer, &error);
    }
}

/// Where the one request of a peer is.
enum Stage {
    Idle,
    /// Waits for room in the owner's queue.
    Offer(Vec<Bytes>, Request, oneshot::Receiver<Bytes>),
    /// The owner has it.
    Asked(Vec<Bytes>, oneshot::Receiver<Bytes>),
}

struct Service<'a> {
    link: Link,
    said: Peer,
    place: Registered,
    shared: &'a Shared,
    requests: mpsc::Sender<Request>,
    stop: watch::Receiver<bool>,
    /// Size of the large message that the room below was taken for.
    large_bytes: usize,
    room: Option<Room>,
}

enum Woken<'a> {
    Step(Step),
    /// An unauthenticated peer announced a message of so many bytes, above its free limit.
    Large(usize),
    Room(mpsc::Permit<'a, Request>),
    Reply(Option<Bytes>),
    Stopping,
}

impl Service<'_> {
    async fn run(mut self) -> Result<(), NetError> {
        let mut stage = Stage::Idle;
        // A peer that does not wait for its reply (DEALER) gets one message ahead, no more.
        let mut next: Option<Vec<Bytes>> = None;
        let mut asked_at = Instant::now();
        let mut stopping = *self.stop.borrow();
        // The owned clone lets the permit live beside the mutable link.
        let requests = self.requests.clone();
        loop {
            if matches!(stage, Stage::Idle) && self.link.is_flushed() {
                if let Some(frames) = next.take() {
                    stage = self.offer(frames)?;
                } else if stopping {
                    return Ok(());
                }
            }
            let limit_bytes = self.place.state.limit_bytes.load(Acquire);
            self.link.decoder.set_limit(limit_bytes.max(self.large_bytes));
            let idle_end = self.idle_end(&stage, asked_at);
            let offering = matches!(stage, Stage::Offer(..));
            let read = next.is_none() && !stopping;
            let woken = tokio::select! {
                step = self.link.step(read, idle_end) => match step {
                    Ok(step) => Woken::Step(step),
                    Err(error) => Woken::Large(self.may_be_larger(&stage, error)?),
                },
                room = room(&requests, offering) => Woken::Room(room?),
                reply = reply(&mut stage) => Woken::Reply(reply),
                () = self.place.state.close.notified() => return Err(NetError::Stopped),
                _ = self.stop.changed(), if !stopping => Woken::Stopping,
            };
            match woken {
                Woken::Step(Step::Message(frames)) => {
                    asked_at = Instant::now();
                    next = Some(frames);
                }
                Woken::Step(Step::Deadline) => self.still_unauthenticated()?,
                Woken::Step(Step::Subscribe(_) | Step::Cancel(_)) => {
                    let expected = "a request";
                    return Err(self.link.codec_error(CodecError::Unexpected { expected }));
                }
                Woken::Step(Step::Flushed) => {}
                Woken::Room(permit) => {
                    if let Stage::Offer(envelope, request, answer) = stage {
                        permit.send(request);
                        self.shared.requests.fetch_add(1, Relaxed);
                        stage = Stage::Asked(envelope, answer);
                    }
                }
                Woken::Reply(payload) => {
                    if let Stage::Asked(envelope, _) = &stage {
                        let message = self.answer(envelope, payload)?;
                        self.link.queue(message);
                    }
                    asked_at = Instant::now();
                    stage = Stage::Idle;
                    (self.large_bytes, self.room) = (0, None);
                }
                Woken::Large(bytes) => self.make_room(bytes, asked_at).await?,
                Woken::Stopping => stopping = true,
            }
        }
    }

    fn offer(&self, frames: Vec<Bytes>) -> Result<Stage, NetError> {
        let (envelope, payload) =
            split(frames, self.said.is_req).map_err(|e| self.link.codec_error(e))?;
        let (request, answer) = Request::new(self.place.id, self.link.peer, payload);
        Ok(Stage::Offer(envelope, request, answer))
    }

    /// The size of a message that may come when there is room for it; otherwise the error.
    fn may_be_larger(&self, stage: &Stage, error: NetError) -> Result<usize, NetError> {
        let NetError::Codec { source: CodecError::TooLarge { announced_bytes, .. }, .. } = &error
        else {
            return Err(error);
        };
        let authenticated = self.place.state.authenticated.load(Acquire);
        match usize::try_from(*announced_bytes) {
            // While an earlier request holds room, waiting for more could wait for itself.
            Ok(bytes)
                if !authenticated
                    // Refused although it has its room: a command, which may never be so large.
                    && bytes > self.large_bytes
                    && matches!(stage, Stage::Idle)
                    && bytes <= self.shared.options.unauthenticated_large_bytes =>
            {
                Ok(bytes)
            }
            _ => Err(error),
        }
    }

    /// Waits until the shared budget has room; nothing is read from this peer meanwhile.
    async fn make_room(&mut self, bytes: usize, asked_at: Instant) -> Result<(), NetError> {
        // Room for the first frames of the same message is given back before more is asked.
        self.room = None;
        let limit = self.shared.options.unauthenticated_idle;
        let waited = tokio::time::timeout_at(
            asked_at + limit,
            self.shared.budget.take(self.link.peer.ip(), bytes),
        )
        .await;
        let Ok(Some(room)) = waited else {
            let (peer, what) = (self.link.peer.to_string(), "finding room for its large message");
            return Err(NetError::Timeout { peer, what, limit });
        };
        (self.large_bytes, self.room) = (bytes, Some(room));
        Ok(())
    }

    /// The end of an unauthenticated peer's patience; none while it waits for us.
    fn idle_end(&self, stage: &Stage, asked_at: Instant) -> Option<Instant> {
        let free = self.place.state.authenticated.load(Acquire) || !matches!(stage, Stage::Idle);
        (!free).then(|| asked_at + self.shared.options.unauthenticated_idle)
    }

    fn still_unauthenticated(&self) -> Result<(), NetError> {
        if self.place.state.authenticated.load(Acquire) {
            return Ok(());
        }
        Err(NetError::Timeout {
            peer: self.link.peer.to_string(),
            what: "sending a request",
            limit: self.shared.options.unauthenticated_idle,
        })
    }

    fn answer(&self, envelope: &[Bytes], payload: Option<Bytes>) -> Result<Bytes, NetError> {
        let payload = match payload {
            Some(payload) => payload,
            None => {
                self.shared.unanswered.fetch_add(1, Relaxed);
                self.shared.options.fallback_reply.clone().ok_or(NetError::Stopped)?
            }
        };
        self.shared.replies.fetch_add(1, Relaxed);
        let envelope_bytes: usize = envelope.iter().map(|f| f.len() + 9).sum();
        let mut out = BytesMut::with_capacity(envelope_bytes + payload.len() + 9);
        for frame in envelope {
            encode_frame(&mut out, FLAG_MORE, frame);
        }
        encode_frame(&mut out, 0, &payload);
        Ok(out.freeze())
    }
}

async fn room<'a>(
    requests: &'a mpsc::Sender<Request>,
    wanted: bool,
) -> Result<mpsc::Permit<'a, Request>, NetError> {
    if !wanted {
        return pending().await;
    }
    requests.reserve().await.map_err(|_| NetError::Stopped)
}

async fn reply(stage: &mut Stage) -> Option<Bytes> {
    match stage {
        Stage::Asked(_, answer) => answer.await.ok(),
        _ => pending().await,
    }
}

/// Envelope (all frames up to the empty delimiter, none without one) and payload (the frame behind
/// it; Salt's masters take the first if there are more).
fn split(mut frames: Vec<Bytes>, is_req: bool) -> Result<(Vec<Bytes>, Bytes), CodecError> {
    let delimiter = frames.iter().position(Bytes::is_empty);
    let at = match delimiter {
        Some(at) if at + 1 < frames.len() => at + 1,
        // A DEALER may leave the delimiter out, and may send an empty payload.
        _ if !is_req && frames.len() == 1 => 0,
        _ => {
            return Err(CodecError::Unexpected {
                expected: "an empty delimiter frame and a payload",
            });
        }
    };
    let payload = frames.swap_remove(at);
    frames.truncate(at);
    Ok((frames, payload))
}
