//! The network of a run: it delays, loses, repeats, tears; and somebody in it copies frames and puts other names on
//! them.

use std::net::SocketAddr;

use bytes::Bytes;
use halite_core::{MinionId, Value};
use halite_minion::core as minion;
use halite_net::ConnId;
use halite_net::zmtp::publisher::PeerEvent;
use halite_wire::envelope::{Envelope, Load, Origin as From, VERSION};
use halite_wire::limits::Limits;
use halite_wire::msgpack::{self, Dialect};

use super::master::Origin;
use super::world::{Event, World};
use crate::core::Input;

/// The longest that a copy of a frame is kept before it is sent again, ms.
const COPY_MS: u64 = 90_000;
/// Both ends have noticed by then that nothing comes any more, ms.
const HEARTBEAT_MS: (u64, u64) = (20_000, 40_000);

/// A connection to the publisher.
pub(super) struct Conn {
    pub(super) index: usize,
    pub(super) life: u32,
    /// When the last publish on it arrives: the next does not come before it.
    last: u64,
}

fn peer(index: usize) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, u8::try_from(index + 1).unwrap_or(0)], 40_000))
}

impl World {
    /// How long a message takes.
    pub(super) fn delay(&mut self) -> u64 {
        let most = if self.chaos && self.dice.one_in(20) { 4_000 } else { 40 };
        self.dice.between(1, most)
    }

    fn lost(&mut self) -> bool {
        self.chaos && self.loss > 0 && self.dice.one_in(self.loss)
    }

    /// A minion sends a request.
    pub(super) fn request(&mut self, index: usize, req: u64, frame: Bytes, timeout_ms: u64) {
        let life = self.minions[index].life;
        let late = Err("no answer in time".to_owned());
        self.at(timeout_ms, Event::Reply { index, life, req, reply: late });
        if self.chaos && self.dice.one_in(15) {
            let (wait, frame) = (self.dice.between(1, COPY_MS), frame.clone());
            self.at(wait, Event::Copy { frame, index });
        }
        if self.chaos && self.dice.one_in(30) {
            let other = self.minions[(index + 1) % self.minions.len()].id.clone();
            let wait = self.dice.between(1, 1_000);
            if let Some(frame) = readdressed(&frame, &other) {
                self.at(wait, Event::Copy { frame, index });
            }
        }
        if self.minions[index].cut.0 || self.lost() {
            return self.maybe_reset(index, life, req);
        }
        let wait = self.delay();
        self.at(wait, Event::Request { index, life, req, frame });
    }

    /// Some losses are noticed before the time is up.
    fn maybe_reset(&mut self, index: usize, life: u32, req: u64) {
        if self.dice.one_in(2) {
            let (wait, reply) = (self.dice.between(1, 500), Err("connection reset".to_owned()));
            self.at(wait, Event::Reply { index, life, req, reply });
        }
    }

    pub(super) fn request_arrives(&mut self, index: usize, life: u32, req: u64, frame: Bytes) {
        if self.master.core.is_none() {
            let reply = Err("connection refused".to_owned());
            return self.at(1, Event::Reply { index, life, req, reply });
        }
        let before = self.refused();
        self.master_request(Origin::Minion { index, life, req }, peer(index), frame.clone());
        if self.refused() == before {
            self.ledger.taken(self.master.life, frame);
        }
    }

    /// Requests that the master has refused so far.
    fn refused(&self) -> u64 {
        self.master.core.as_ref().map_or(0, |core| core.refused.total)
    }

    pub(super) fn copy_arrives(&mut self, index: usize, frame: Bytes) {
        if self.master.core.is_some() {
            self.note(|| "a copy of a frame arrives".into());
            let (before, id) = (self.refused(), &self.minions[index].id);
            let session =
                self.master.core.as_ref().is_some_and(|core| core.sessions.get(id).is_some());
            // A sign-in may come as often as it likes: it proves nothing.
            let replayed = session
                && self.ledger.was_taken(self.master.life, &frame)
                && !matches!(Envelope::parse(&frame, VERSION, From::Remote), Ok(envelope) if matches!(envelope.load, Load::Clear(_)));
            self.master_request(Origin::Nobody, peer(index), frame);
            if replayed && self.refused() == before {
                self.ledger.wrong(format!("a copy of a request of m{index} is taken"));
            }
        }
    }

    pub(super) fn reply_to(&mut self, index: usize, life: u32, req: u64, frame: Bytes) {
        if self.minions[index].cut.1 || self.lost() {
            return self.maybe_reset(index, life, req);
        }
        let wait = self.delay();
        self.at(wait, Event::Reply { index, life, req, reply: Ok(frame) });
    }

    /// The publisher sends a packet to all who are connected.
    pub(super) fn publish(&mut self, packet: Bytes) {
        let now = self.now;
        let conns: Vec<u64> = self.master.conns.keys().copied().collect();
        for number in conns {
            let (wait, lost) = (self.delay(), self.lost());
            let Some(conn) = self.master.conns.get_mut(&number) else { continue };
            conn.last = conn.last.max(now + wait);
            let (index, life, at) = (conn.index, conn.life, conn.last);
            if !lost && !self.minions[index].cut.1 {
                let event = Event::Publish { index, life: Some(life), frame: packet.clone() };
                self.at(at - now, event);
            }
            if self.chaos && self.dice.one_in(8) {
                let wait = self.dice.between(1, COPY_MS);
                self.at(wait, Event::Publish { index, life: None, frame: packet.clone() });
            }
        }
    }

    /// A minion tries to subscribe.
    pub(super) fn connect(&mut self, index: usize, life: u32) {
        let minion = &self.minions[index];
        if minion.life != life || !minion.subscribes || minion.conn.is_some() {
            return;
        }
        if self.master.core.is_none() || minion.cut.0 || minion.cut.1 {
            let wait = self.dice.between(1_000, 10_000);
            return self.at(wait, Event::Connect { index, life });
        }
        let number = self.master.next_conn;
        self.master.next_conn += 1;
        self.master.conns.insert(number, Conn { index, life, last: self.now });
        self.minions[index].conn = Some(number);
        let identity = Bytes::copy_from_slice(self.minions[index].id.as_str().as_bytes());
        let event = PeerEvent::Connected { conn: ConnId(number), peer: peer(index), identity };
        self.master_input(Input::Peer(event));
        self.minion_input(index, minion::Input::Subscribed);
    }

    /// The master's end of a connection is gone.
    pub(super) fn conn_gone(&mut self, number: u64) {
        let Some(conn) = self.master.conns.remove(&number) else { return };
        let (conn_id, reason) = (ConnId(number), "gone".to_owned());
        let event =
            PeerEvent::Disconnected { conn: conn_id, peer: peer(conn.index), dropped: 0, reason };
        self.master_input(Input::Peer(event));
    }

    /// A minion's end of its connection is gone: it connects again.
    pub(super) fn lose(&mut self, index: usize, life: u32) {
        if self.minions[index].life != life || self.minions[index].conn.take().is_none() {
            return;
        }
        self.minion_input(index, minion::Input::Lost("gone".into()));
        let wait = self.dice.between(500, 5_000);
        self.at(wait, Event::Connect { index, life });
    }

    /// Nothing gets through in these directions, for so long.
    pub(super) fn cut(&mut self, index: usize, cut: (bool, bool), ms: u64) {
        self.note(|| format!("the line of m{index} is cut: {cut:?} for {ms} ms"));
        self.minions[index].cut = cut;
        self.at(ms, Event::Mend { index });
        let (life, conn) = (self.minions[index].life, self.minions[index].conn);
        let Some(conn) = conn else { return };
        let silent = self.dice.one_in(2);
        let (low, high) = if silent { HEARTBEAT_MS } else { (1, 500) };
        let wait = self.dice.between(low, high);
        self.at(wait, Event::Silent { index, life, conn });
    }

    /// A connection over a line that is still cut is given up.
    pub(super) fn silent(&mut self, index: usize, life: u32, conn: u64) {
        let minion = &self.minions[index];
        if minion.life == life && minion.conn == Some(conn) && minion.cut != (false, false) {
            self.conn_gone(conn);
            self.lose(index, life);
        }
    }
}

/// The frame with another id on its envelope.
fn readdressed(frame: &[u8], id: &MinionId) -> Option<Bytes> {
    let envelope = msgpack::decode(frame, Dialect::Network, &Limits::ACCEPTED).ok()?;
    let mut envelope = envelope.as_map()?.clone();
    envelope.get("id").and_then(Value::as_str)?;
    envelope.insert("id".into(), id.into());
    Some(msgpack::encode(&envelope.into(), Dialect::Network).into())
}
