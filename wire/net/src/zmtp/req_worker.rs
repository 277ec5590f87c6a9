//! One REQ socket: connects when asked, answers heartbeats while idle, ends with its client.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use tokio::{
    sync::mpsc,
    time::{Instant, timeout_at},
};

use super::{
    codec::{CodecError, FLAG_MORE, encode_frame},
    command::SocketType,
    conn::connect,
    link::{Link, Step},
    req::{Inner, Job, ReqOptions},
};
use crate::{Endpoint, NetError};

struct Worker {
    to: Endpoint,
    options: Arc<ReqOptions>,
    jobs: mpsc::Receiver<Job>,
    link: Option<Link>,
}

/// Starts a worker. It holds nothing of its client, so that it ends when the client is dropped.
pub(crate) fn spawn(client: &Inner) -> mpsc::Sender<Job> {
    let (sender, jobs) = mpsc::channel(1);
    let (to, options) = (client.to.clone(), client.options.clone());
    tokio::spawn(Worker { to, options, jobs, link: None }.run());
    sender
}

impl Worker {
    async fn run(mut self) {
        while let Some(job) = self.next_job().await {
            let Job { payload, end, limit, mut answer, seat } = job;
            let result = tokio::select! {
                result = timeout_at(end, self.ask(payload)) => result.unwrap_or_else(|_| {
                    let (peer, what) = (self.to.to_string(), "answering a request");
                    Err(NetError::Timeout { peer, what, limit })
                }),
                // The caller has gone: the late reply must not meet the next request.
                () = answer.closed() => Err(NetError::Stopped),
            };
            if result.is_err() {
                self.link = None;
            }
            // The seat first: who has a reply must find the socket free for the next request.
            drop(seat);
            let _ = answer.send(result);
        }
    }

    /// Waits for a job; meanwhile the open connection is looked after and given up when idle too
    /// long.
    async fn next_job(&mut self) -> Option<Job> {
        let end = Instant::now() + self.options.idle_timeout;
        loop {
            let Some(link) = &mut self.link else { return self.jobs.recv().await };
            let step = tokio::select! {
                biased;
                step = link.step(true, Some(end)) => step,
                job = self.jobs.recv() => return job,
            };
            match step {
                Ok(Step::Flushed) => {}
                // Nobody asked, so a message is a late or a false reply: not to be trusted as the
                // next one.
                Ok(_) | Err(_) => self.link = None,
            }
        }
    }

    async fn ask(&mut self, payload: Bytes) -> Result<Bytes, NetError> {
        let mut link = match self.link.take() {
            Some(link) => link,
            None => {
                let o = &self.options;
                connect(&self.to, o.source, SocketType::Req, b"", &o.conn).await?.0
            }
        };
        let mut message = BytesMut::with_capacity(payload.len() + 11);
        encode_frame(&mut message, FLAG_MORE, b"");
        encode_frame(&mut message, 0, &payload);
        link.queue(message.freeze());
        drop(payload);
        loop {
            match link.step(true, None).await? {
                Step::Flushed | Step::Deadline => {}
                Step::Message(frames) => {
                    let reply = reply(frames).map_err(|e| link.codec_error(e))?;
                    // Only a connection that has answered is used again.
                    self.link = Some(link);
                    return Ok(reply);
                }
                Step::Subscribe(_) | Step::Cancel(_) => {
                    return Err(link.codec_error(CodecError::Unexpected { expected: "a reply" }));
                }
            }
        }
    }
}

fn reply(mut frames: Vec<Bytes>) -> Result<Bytes, CodecError> {
    let delimited = frames.len() >= 2 && frames.first().is_some_and(Bytes::is_empty);
    match frames.pop() {
        Some(last) if delimited => Ok(last),
        _ => Err(CodecError::Unexpected { expected: "an empty delimiter frame and a reply" }),
    }
}
