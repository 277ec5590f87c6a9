//! Who is signed in: sessions by id, and the frames that wait until a session was read from disk.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};

use bytes::Bytes;
use halite_core::MinionId;
use halite_net::ConnId;
use halite_wire::Refused;
use halite_wire::envelope::Envelope;
use halite_wire::session::{MasterSession, Opened, SessionKeys};

use super::{Core, Now, ReqId};
use crate::limits;
use crate::work::Work;

/// Frames of one minion that may wait for its session; a minion has few sockets, each with one request.
const WAITING_PER_MINION: usize = 8;

/// A frame that waits for its session.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) req: ReqId,
    pub(crate) conn: ConnId,
    pub(crate) peer: SocketAddr,
    pub(crate) frame: Bytes,
}

/// A signed-in minion.
#[derive(Debug)]
pub(crate) struct Session {
    /// Opens its requests.
    pub(crate) wire: MasterSession,
    /// The outcome of a later sign-in, until a request under it proves who made it: anybody can send an `_auth` for
    /// a known id and key, and must not end the session of the one who holds the key.
    unproved: Option<MasterSession>,
    /// Where it was heard from last.
    pub(crate) from: IpAddr,
    /// Pieces of work on its account.
    pub(crate) working: usize,
    /// When it began.
    pub(crate) began: Now,
    events: u32,
    window: Now,
    /// It was told of in this window that too many came.
    flood_told: bool,
}

impl Session {
    pub(crate) fn new(wire: MasterSession, from: IpAddr, now: Now) -> Session {
        Session {
            wire,
            unproved: None,
            from,
            working: 0,
            began: now,
            events: 0,
            window: now,
            flood_told: false,
        }
    }

    /// Whether it is a minion of our own: only those agree on AES-256-GCM.
    pub(crate) fn is_ours(&self) -> bool {
        matches!(self.wire.keys(), SessionKeys::Gcm(_))
    }

    /// Takes a later sign-in: at once where the keys are the same, else when it is proved.
    fn renew(&mut self, mut later: MasterSession, now: Now) {
        self.began = now;
        if self.wire.keys().same(later.keys()) {
            std::mem::swap(&mut self.wire, &mut later);
            self.wire.inherit(later);
            self.unproved = None;
        } else {
            self.unproved = Some(later);
        }
    }

    /// Opens a request: with the session as it is, or with the later one, which then takes its place.
    pub(crate) fn open(&mut self, envelope: &Envelope<'_>, now: u64) -> Result<Opened, Refused> {
        let opened = self.wire.open_request(envelope, now);
        if !matches!(opened, Err(Refused::Open(_) | Refused::Enc(_))) {
            return opened;
        }
        let Some(later) = &mut self.unproved else { return opened };
        let Ok(proved) = later.open_request(envelope, now) else { return opened };
        if let Some(later) = self.unproved.take() {
            self.wire = later;
        }
        Ok(proved)
    }

    /// Counts `count` events; false when the minion fires more than `most` within [`limits::EVENT_WINDOW`].
    pub(crate) fn may_fire(&mut self, count: usize, now: Now, most: u32) -> bool {
        let window = i64::try_from(limits::EVENT_WINDOW.as_micros()).unwrap_or(i64::MAX);
        if now.0 - self.window.0 > window {
            (self.window, self.events, self.flood_told) = (now, 0, false);
        }
        self.events = self.events.saturating_add(u32::try_from(count).unwrap_or(u32::MAX));
        self.events <= most
    }
}

impl Session {
    /// Too many events came: whether that is still to be told.
    pub(crate) fn tell_flood(&mut self) -> bool {
        !std::mem::replace(&mut self.flood_told, true)
    }
}

/// All sessions.
#[derive(Default)]
pub(crate) struct Sessions {
    by_id: HashMap<MinionId, Session>,
    held: HashMap<MinionId, Vec<Held>>,
}

impl Sessions {
    pub(crate) fn get(&self, id: &MinionId) -> Option<&Session> {
        self.by_id.get(id)
    }

    pub(crate) fn get_mut(&mut self, id: &MinionId) -> Option<&mut Session> {
        self.by_id.get_mut(id)
    }

    /// Sessions, and the most frames that wait for one.
    #[cfg(test)]
    pub(crate) fn sizes(&self) -> (usize, (usize, usize)) {
        let held = self.held.values().map(Vec::len).max().unwrap_or(0);
        (self.by_id.len(), (held, WAITING_PER_MINION))
    }

    /// A piece of work on the account of `id` is done.
    pub(crate) fn release(&mut self, id: &MinionId) {
        if let Some(session) = self.by_id.get_mut(id) {
            session.working = session.working.saturating_sub(1);
        }
    }
}

impl Core {
    /// A sign-in was granted. Whether the asker holds the key shows with the first request.
    pub(crate) fn signed_in(&mut self, peer: SocketAddr, wire: MasterSession) {
        let id = wire.id().clone();
        if !self.accepted.contains(&id) {
            std::sync::Arc::make_mut(&mut self.accepted).insert(id.clone());
        }
        match self.sessions.by_id.get_mut(&id) {
            Some(session) => session.renew(wire, self.now),
            None => {
                let session = Session::new(wire, peer.ip(), self.now);
                self.sessions.by_id.insert(id.clone(), session);
            }
        }
        // What came before under an older key will not open; it is answered all the same.
        self.open_held(&id);
    }

    /// Holds a frame until the session of `id` is read from disk; false if there is no such minion, or too much
    /// waits.
    pub(crate) fn hold(&mut self, id: &MinionId, held: Held) -> bool {
        if !self.accepted.contains(id) {
            return false;
        }
        let waiting = self.sessions.held.entry(id.clone()).or_default();
        if waiting.len() >= WAITING_PER_MINION {
            return false;
        }
        waiting.push(held);
        if waiting.len() > 1 || self.work(Work::Wake { id: id.clone() }) {
            return true;
        }
        self.sessions.held.remove(id);
        false
    }

    /// The session of `id` was looked for on disk.
    pub(crate) fn woken(&mut self, id: &MinionId, wire: Option<MasterSession>) {
        // A sign-in may have been faster, and is newer than the disk.
        if let Some(wire) =
            wire.filter(|_| !self.sessions.by_id.contains_key(id) && self.accepted.contains(id))
        {
            let from = self.sessions.held.get(id).and_then(|held| held.first());
            let from = from.map_or(IpAddr::from([0, 0, 0, 0]), |held| held.peer.ip());
            self.sessions.by_id.insert(id.clone(), Session::new(wire, from, self.now));
        }
        self.open_held(id);
    }

    fn open_held(&mut self, id: &MinionId) {
        for held in self.sessions.held.remove(id).unwrap_or_default() {
            self.sealed(held.req, held.conn, held.peer, &held.frame, false);
        }
    }

    /// Ends whatever `id` had: its key was deleted or rejected.
    pub(crate) fn forget(&mut self, id: &MinionId) {
        self.sessions.by_id.remove(id);
        self.presence.forget(id);
        self.open_held(id);
        if self.accepted.contains(id) {
            std::sync::Arc::make_mut(&mut self.accepted).remove(id);
        }
    }
}
