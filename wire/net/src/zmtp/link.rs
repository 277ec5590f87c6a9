//! One ZMTP connection: reading, writing, heartbeats and their timers in one cancel-safe step.

use std::{io, net::SocketAddr, pin::Pin, time::Duration};

use bytes::Bytes;
use tokio::{
    io::Interest,
    net::TcpStream,
    time::{Instant, Sleep},
};

use super::{
    codec::{CodecError, Decoder, Item},
    command::{Command, encode_ping, encode_pong},
    heartbeat::{Beat, Due, Heartbeat},
};
use crate::{NetError, pending::Pending};

/// What a step ended with.
#[derive(Debug)]
pub(crate) enum Step {
    Message(Vec<Bytes>),
    Subscribe(Bytes),
    Cancel(Bytes),
    /// All that was queued has gone to the kernel.
    Flushed,
    /// The caller's own deadline has passed.
    Deadline,
}

#[derive(PartialEq, Eq)]
pub(crate) enum Io {
    Read,
    Flushed,
    Timer,
}

pub(crate) struct Link {
    stream: TcpStream,
    pub(crate) peer: SocketAddr,
    pub(crate) decoder: Decoder,
    pending: Pending,
    beat: Beat,
    plan: Option<Heartbeat>,
    timer: Pin<Box<Sleep>>,
    write_stall: Duration,
    /// Last time the kernel took bytes, or the queue was empty.
    progress: Instant,
    reading: bool,
    /// True after the peer may still have something for us in the kernel's buffer.
    maybe_more: bool,
}

impl Link {
    pub(crate) fn new(
        stream: TcpStream,
        peer: SocketAddr,
        limit_bytes: usize,
        write_stall: Duration,
    ) -> Self {
        let now = Instant::now();
        Self {
            stream,
            peer,
            decoder: Decoder::new(limit_bytes),
            pending: Pending::default(),
            beat: Beat::new(None, now),
            plan: None,
            timer: Box::pin(tokio::time::sleep_until(now)),
            write_stall,
            progress: now,
            reading: true,
            maybe_more: true,
        }
    }

    /// Heartbeats begin after the handshake, when the peer's version is known.
    pub(crate) fn start_heartbeats(&mut self, plan: Option<Heartbeat>) {
        self.plan = plan;
        self.beat = Beat::new(plan, Instant::now());
    }

    pub(crate) fn queue(&mut self, chunk: Bytes) {
        if self.pending.is_empty() {
            self.progress = Instant::now();
        }
        self.pending.push(chunk);
    }

    pub(crate) fn is_flushed(&self) -> bool {
        self.pending.is_empty()
    }

    pub(crate) fn codec_error(&self, source: CodecError) -> NetError {
        NetError::Codec { peer: self.peer.to_string(), source }
    }

    fn io_error(&self, source: io::Error) -> NetError {
        use io::ErrorKind::{BrokenPipe, ConnectionReset};
        let peer = self.peer.to_string();
        match source.kind() {
            BrokenPipe | ConnectionReset => NetError::Closed { peer },
            _ => NetError::Io { peer, source },
        }
    }

    fn timeout(&self, what: &'static str, limit: Duration) -> NetError {
        NetError::Timeout { peer: self.peer.to_string(), what, limit }
    }

    /// Drives the connection until it has something for the owner. With `read` false nothing is
    /// taken from the peer (back-pressure) and its silence is not held against it. Safe to drop at
    /// any await.
    pub(crate) async fn step(
        &mut self,
        read: bool,
        deadline: Option<Instant>,
    ) -> Result<Step, NetError> {
        if read && !self.reading {
            self.beat.heard(Instant::now());
        }
        self.reading = read;
        loop {
            while read && let Some(item) = self.decode()? {
                match item {
                    Item::Message(frames) => return Ok(Step::Message(frames)),
                    Item::Command(command) => {
                        if let Some(step) = self.command(command)? {
                            return Ok(step);
                        }
                    }
                }
            }
            match self.io(read, deadline).await? {
                Io::Read => {}
                Io::Flushed => return Ok(Step::Flushed),
                Io::Timer => return Ok(Step::Deadline),
            }
        }
    }

    fn decode(&mut self) -> Result<Option<Item>, NetError> {
        match self.decoder.next_item() {
            Ok(item) => Ok(item),
            Err(e) => Err(self.codec_error(e)),
        }
    }

    fn command(&mut self, command: Command) -> Result<Option<Step>, NetError> {
        match command {
            Command::Ping { ttl_deciseconds, context } => {
                self.beat.peer_ttl(ttl_deciseconds);
                self.urgent(encode_pong(&context));
                Ok(None)
            }
            Command::Pong | Command::Unknown => Ok(None),
            Command::Subscribe(prefix) => Ok(Some(Step::Subscribe(prefix))),
            Command::Cancel(prefix) => Ok(Some(Step::Cancel(prefix))),
            Command::Error(reason) => {
                Err(NetError::Refused { peer: self.peer.to_string(), reason })
            }
            Command::Ready { .. } => {
                Err(self.codec_error(CodecError::Unexpected { expected: "no second READY" }))
            }
        }
    }

    fn urgent(&mut self, chunk: Bytes) {
        if self.pending.is_empty() {
            self.progress = Instant::now();
        }
        self.pending.push_urgent(chunk);
    }

    /// One exchange with the kernel: writes what is queued, then waits for bytes, room or a timer.
    pub(crate) async fn io(
        &mut self,
        read: bool,
        deadline: Option<Instant>,
    ) -> Result<Io, NetError> {
        loop {
            if self.write()? {
                return Ok(Io::Flushed);
            }
            // Before reading: a peer that never pauses must not outrun its own deadline.
            if deadline.is_some_and(|at| Instant::now() >= at) {
                return Ok(Io::Timer);
            }
            if read && self.maybe_more && self.read()? {
                return Ok(Io::Read);
            }
            if self.timers(read)? {
                continue;
            }
            let next = [deadline, self.own_deadline(read)].into_iter().flatten().min();
            let interest = match (read, !self.pending.is_empty()) {
                (true, true) => Some(Interest::READABLE | Interest::WRITABLE),
                (true, false) => Some(Interest::READABLE),
                (false, true) => Some(Interest::WRITABLE),
                (false, false) => None,
            };
            // A timer that rings too early costs one turn of this loop; moving it at each message
            // costs more.
            if let Some(at) = next
                && (at < self.timer.deadline() || self.timer.is_elapsed())
            {
                self.timer.as_mut().reset(at);
            }
            let ready = async {
                match interest {
                    Some(interest) => self.stream.ready(interest).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                ready = ready => match ready {
                    Ok(ready) => self.maybe_more |= ready.is_readable(),
                    Err(e) => return Err(self.io_error(e)),
                },
                () = self.timer.as_mut(), if next.is_some() => {}
            }
        }
    }

    /// True if this call emptied the queue.
    fn write(&mut self) -> Result<bool, NetError> {
        if self.pending.is_empty() {
            return Ok(false);
        }
        match self.pending.write_to(&self.stream) {
            Ok(written) => {
                if written > 0 {
                    self.progress = Instant::now();
                }
                Ok(self.pending.is_empty())
            }
            Err(e) => Err(self.io_error(e)),
        }
    }

    /// True if bytes came. The buffer exists only while there is something in it.
    fn read(&mut self) -> Result<bool, NetError> {
        self.decoder.release_if_empty();
        match self.stream.try_read_buf(self.decoder.read_buffer()) {
            Ok(0) => Err(NetError::Closed { peer: self.peer.to_string() }),
            Ok(_) => {
                self.beat.heard(Instant::now());
                Ok(true)
            }
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                self.maybe_more = false;
                self.decoder.release_if_empty();
                Ok(false)
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => Ok(false),
            Err(e) => Err(self.io_error(e)),
        }
    }

    fn own_deadline(&self, read: bool) -> Option<Instant> {
        let beat = if read { self.beat.deadline() } else { None };
        let stall = (!self.pending.is_empty()).then(|| self.progress + self.write_stall);
        [beat, stall].into_iter().flatten().min()
    }

    /// Acts on timers that are due; true if that queued something to write.
    fn timers(&mut self, read: bool) -> Result<bool, NetError> {
        let now = Instant::now();
        if !self.pending.is_empty() && now >= self.progress + self.write_stall {
            return Err(self.timeout("taking what was sent to it", self.write_stall));
        }
        if !read {
            return Ok(false);
        }
        match self.beat.due(now) {
            Due::Nothing => Ok(false),
            Due::Dead { after } => Err(self.timeout("answering a heartbeat", after)),
            Due::Ping => {
                let ttl = self.plan.map_or(0, |p| p.ttl_deciseconds());
                self.urgent(encode_ping(ttl));
                Ok(true)
            }
        }
    }
}
