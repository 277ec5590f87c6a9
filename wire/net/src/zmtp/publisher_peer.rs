//! One subscriber of the publisher: reads its subscriptions, writes what its queue holds.

use std::{net::SocketAddr, sync::Arc};

use bytes::Bytes;
use tokio::{net::TcpStream, sync::watch};

use super::{
    accept::Ticket,
    codec::CodecError,
    command::SocketType,
    conn::{ConnId, handshake, tune},
    link::{Link, Step},
    publisher::{Hub, PeerEvent, Subscriber},
    subscriptions::read_message,
};
use crate::{NetError, limits::COMMAND_BYTES};

pub(crate) async fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    _ticket: Ticket,
    hub: Arc<Hub>,
    stop: watch::Receiver<bool>,
) {
    let conn = &hub.options.conn;
    tune(&stream, conn.keepalive);
    let mut link = Link::new(stream, peer, COMMAND_BYTES, hub.options.overflow.evict_after);
    let identity = match handshake(&mut link, SocketType::Pub, b"", conn).await {
        Ok(said) => said.identity,
        Err(error) => return hub.gate.ended("PUB", peer, &error),
    };
    let (id, subscriber) = hub.enter(peer, identity);
    let mut place = Place { id, hub: &hub, reason: String::new() };
    let service = Service { link, id, subscriber, hub: &hub, stop };
    place.reason = match service.run().await {
        Ok(()) => NetError::Stopped.to_string(),
        Err(error) => {
            hub.gate.ended("PUB", peer, &error);
            error.to_string()
        }
    };
}

/// Takes the subscriber out of the hub however its task ends.
struct Place<'a> {
    id: ConnId,
    hub: &'a Hub,
    reason: String,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.hub.leave(self.id, std::mem::take(&mut self.reason));
    }
}

struct Service<'a> {
    link: Link,
    id: ConnId,
    subscriber: Arc<Subscriber>,
    hub: &'a Hub,
    stop: watch::Receiver<bool>,
}

impl Service<'_> {
    async fn run(mut self) -> Result<(), NetError> {
        let mut stopping = *self.stop.borrow();
        let mut batch_bytes = 0;
        loop {
            let outbox = &self.subscriber.outbox;
            if outbox.is_closed() {
                return Ok(());
            }
            if self.link.is_flushed() {
                outbox.written(batch_bytes);
                batch_bytes =
                    outbox.take_batch(&self.hub.options.overflow, |chunk| self.link.queue(chunk));
                if batch_bytes == 0 && stopping {
                    return Ok(());
                }
            }
            let step = tokio::select! {
                step = self.link.step(true, None) => Some(step?),
                () = outbox.wake.notified() => None,
                _ = self.stop.changed(), if !stopping => {
                    stopping = true;
                    None
                }
            };
            match step {
                Some(Step::Message(frames)) => match read_message(&frames) {
                    Some((true, prefix)) => self.subscribe(&prefix)?,
                    Some((false, prefix)) => self.subscriber.topics().cancel(&prefix),
                    None => {
                        let expected = "a subscription";
                        return Err(self.link.codec_error(CodecError::Unexpected { expected }));
                    }
                },
                Some(Step::Subscribe(prefix)) => self.subscribe(&prefix)?,
                Some(Step::Cancel(prefix)) => self.subscriber.topics().cancel(&prefix),
                Some(Step::Flushed | Step::Deadline) | None => {}
            }
        }
    }

    fn subscribe(&self, prefix: &[u8]) -> Result<(), NetError> {
        let added = self.subscriber.topics().add(prefix);
        added.map_err(|e| self.link.codec_error(e))?;
        let prefix = Bytes::copy_from_slice(prefix);
        self.hub.tell(PeerEvent::Subscribed { conn: self.id, prefix });
        Ok(())
    }
}
