//! A frame on port 4506: what it is, who sent it, and that it is answered exactly once.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};

use bytes::Bytes;
use halite_core::MinionId;
use halite_net::ConnId;
use halite_wire::crypto::Crypticle;
use halite_wire::envelope::{self, Envelope, Load, Origin};
use halite_wire::error::{self, Refused};
use halite_wire::load::ClearCommand;
use halite_wire::session::{Opened, SharedLoad};

use super::sessions::Held;
use super::{Core, Output, ReqId};
use crate::work::Work;

/// Counts refused requests by address, so that each address is named once in the log.
pub(crate) struct RefusedLog {
    /// Addresses that are remembered.
    most: usize,
    counts: HashMap<IpAddr, u64>,
    /// Refused requests in all.
    pub(crate) total: u64,
}

impl RefusedLog {
    /// Nobody was refused yet.
    pub(super) fn of(most: usize) -> RefusedLog {
        RefusedLog { most, counts: HashMap::new(), total: 0 }
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.counts.len()
    }

    pub(crate) fn note(&mut self, peer: IpAddr, why: &dyn std::fmt::Display) {
        self.total += 1;
        if let Some(count) = self.counts.get_mut(&peer) {
            *count += 1;
            return;
        }
        // A full table forgets, so that later addresses are named too; a flood of addresses is bounded per fill.
        if self.counts.len() >= self.most {
            self.counts.clear();
        }
        self.counts.insert(peer, 1);
        tracing::warn!(%peer, %why, "A request is refused; more of the kind from there are only counted");
    }
}

impl Core {
    pub(crate) fn request(&mut self, req: ReqId, conn: ConnId, peer: SocketAddr, frame: &Bytes) {
        self.sealed(req, conn, peer, frame, true);
    }

    /// Refuses with the one text for everything.
    pub(crate) fn refuse(&mut self, req: ReqId, peer: SocketAddr, why: &dyn std::fmt::Display) {
        self.refused.note(peer.ip(), why);
        self.reply(req, error::bare(error::BAD_LOAD));
    }

    /// Opens a frame; `wake` allows to look for its session on disk.
    pub(crate) fn sealed(
        &mut self,
        req: ReqId,
        conn: ConnId,
        peer: SocketAddr,
        frame: &Bytes,
        wake: bool,
    ) {
        // Programs of this host may publish large arguments (`salt-cp` does).
        let here = peer.ip().is_loopback() || self.settings.interface == Some(peer.ip());
        let origin = if here { Origin::Local } else { Origin::Remote };
        let envelope = match Envelope::parse(frame, self.settings.minimum_version, origin) {
            Ok(envelope) => envelope,
            Err(why) => return self.refuse(req, peer, &why),
        };
        if let Load::Clear(load) = envelope.load {
            return match ClearCommand::parse(load) {
                Ok(Some(command)) => self.clear(req, peer, command, envelope.version),
                Ok(None) => self.reply(req, EMPTY_MAP),
                Err(why) => self.refuse(req, peer, &why),
            };
        }
        if envelope.version < envelope::VERSION {
            return self.version_two(req, conn, peer, &envelope);
        }
        let Some(id) = envelope.id.clone() else { return self.refuse(req, peer, &Refused::Id) };
        let now = self.now.seconds();
        let Some(session) = self.sessions.get_mut(&id) else {
            let held = Held { req, conn, peer, frame: frame.clone() };
            if !(wake && self.hold(&id, held)) {
                self.refuse(req, peer, &"no session of that id is known");
            }
            return;
        };
        let opened = session.open(&envelope, now);
        self.opened(req, conn, peer, &id, opened);
    }

    fn opened(
        &mut self,
        req: ReqId,
        conn: ConnId,
        peer: SocketAddr,
        id: &MinionId,
        opened: Result<Opened, Refused>,
    ) {
        match opened {
            Ok(opened) => {
                if let Some(session) = self.sessions.get_mut(id) {
                    session.from = peer.ip();
                }
                self.presence.heard(id, peer.ip());
                self.output(Output::Trust(conn));
                self.command(req, peer, opened);
            }
            Err(why) => self.refuse(req, peer, &format_args!("{id}: {why}")),
        }
    }

    /// Requests of version 2 are sealed with the key of publishes; taken only if `minimum_auth_version` says so.
    fn version_two(&mut self, req: ReqId, conn: ConnId, peer: SocketAddr, envelope: &Envelope<'_>) {
        let now = self.now.seconds();
        let current = Crypticle::new(&self.aes);
        let before = self.aes_before.as_ref().filter(|(_, until)| now < *until);
        let before = before.map(|(key, _)| Crypticle::new(key));
        let keys: Vec<&Crypticle> = std::iter::once(&current).chain(before.as_ref()).collect();
        let shared = match SharedLoad::open(envelope, &keys) {
            Ok(shared) => shared,
            Err(why) => return self.refuse(req, peer, &why),
        };
        let id = shared.id().clone();
        match self.sessions.get_mut(&id) {
            Some(session) => {
                let opened = session.wire.open_shared(shared, now);
                self.opened(req, conn, peer, &id, opened);
            }
            None => self.refuse(req, peer, &"no session of that id is known"),
        }
    }

    fn clear(&mut self, req: ReqId, peer: SocketAddr, command: ClearCommand, version: i64) {
        match command {
            ClearCommand::Auth(request) => {
                let full = request.id.as_ref().is_ok_and(|id| self.is_full(id));
                let aes = self.aes.clone();
                let now = self.now;
                let work = Work::SignIn { req, peer, request, version, full, aes, now };
                if !self.work(work) {
                    self.reply(req, error::bare(error::HANDLER_FAILED));
                }
            }
            ClearCommand::Publish(load) => self.local_publish(req, load),
            ClearCommand::Runner(load) => self.local_function(req, "runner", load),
            ClearCommand::Wheel(load) => self.local_function(req, "wheel", load),
            // No external authentication is configured in this master: nobody has a token.
            ClearCommand::MkToken(_) => self.reply(req, error::bare("")),
            ClearCommand::GetToken(_) => self.reply(req, EMPTY_MAP),
            ClearCommand::Ping(load) => {
                self.reply(req, crate::requests::clear_reply(&load.into()));
            }
        }
    }

    /// Whether `max_minions` are connected and `id` is not among them.
    fn is_full(&self, id: &MinionId) -> bool {
        let max = self.settings.max_minions;
        max > 0 && self.presence.count() >= max && !self.presence.is_here(id)
    }
}

/// msgpack of `{}`.
pub(crate) const EMPTY_MAP: &[u8] = &[0x80];
