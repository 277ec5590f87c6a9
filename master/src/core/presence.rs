//! Who is connected: subscribers of port 4505 that call themselves by an id which was heard from there with proof.
//!
//! Salt looks through the kernel's TCP table for addresses that are in cached grains.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;

use halite_core::{Map, MinionId, Value, map};
use halite_net::ConnId;
use halite_net::zmtp::publisher::PeerEvent;

use super::Core;
use crate::events::{Event, tags};
use crate::store::{DEPARTED, PRESENCE, Write};

/// A subscriber.
#[derive(Clone, Debug)]
struct Subscriber {
    from: IpAddr,
    /// What it calls itself; not proven.
    claims: Option<MinionId>,
}

/// Connections and ids.
#[derive(Default)]
pub(crate) struct Presence {
    subscribers: HashMap<ConnId, Subscriber>,
    /// Subscribers by address: how many do not say who they are, and how often each id is claimed.
    nameless: HashMap<IpAddr, usize>,
    claimed: HashMap<(IpAddr, MinionId), usize>,
    /// Where each id was heard from last, with proof.
    heard: HashMap<MinionId, IpAddr>,
    here: BTreeSet<MinionId>,
    /// Who was here when presence was told last.
    told: BTreeSet<MinionId>,
    /// Who was here when it was written down last.
    written: BTreeSet<MinionId>,
}

impl Presence {
    /// How many minions are connected.
    pub(crate) fn count(&self) -> usize {
        self.here.len()
    }

    /// Whether `id` is connected.
    pub(crate) fn is_here(&self, id: &MinionId) -> bool {
        self.here.contains(id)
    }

    /// `id` proved itself from this address.
    pub(crate) fn heard(&mut self, id: &MinionId, from: IpAddr) {
        if self.heard.get(id) == Some(&from) && self.here.contains(id) {
            return;
        }
        self.heard.insert(id.clone(), from);
        self.review(id);
    }

    /// The key of `id` is gone: what it proved counts no more.
    pub(crate) fn forget(&mut self, id: &MinionId) {
        self.heard.remove(id);
        self.here.remove(id);
    }

    /// Ids that have proved themselves.
    #[cfg(test)]
    pub(crate) fn proved(&self) -> usize {
        self.heard.len()
    }

    fn review(&mut self, id: &MinionId) {
        let from = self.heard.get(id);
        let here = from.is_some_and(|from| {
            self.nameless.contains_key(from) || self.claimed.contains_key(&(*from, id.clone()))
        });
        if here {
            self.here.insert(id.clone());
        } else {
            self.here.remove(id);
        }
    }

    fn review_address(&mut self, from: IpAddr) {
        let ids: Vec<MinionId> =
            self.heard.iter().filter(|(_, at)| **at == from).map(|(id, _)| id.clone()).collect();
        for id in ids {
            self.review(&id);
        }
    }

    fn came(&mut self, conn: ConnId, from: IpAddr, identity: &[u8]) {
        let claims = std::str::from_utf8(identity).ok().and_then(|id| MinionId::parse(id).ok());
        self.subscribers.insert(conn, Subscriber { from, claims: claims.clone() });
        match claims {
            Some(id) => {
                *self.claimed.entry((from, id.clone())).or_default() += 1;
                self.review(&id);
            }
            None => {
                *self.nameless.entry(from).or_default() += 1;
                self.review_address(from);
            }
        }
    }

    fn went(&mut self, conn: ConnId) {
        let Some(Subscriber { from, claims }) = self.subscribers.remove(&conn) else { return };
        let less = |count: usize| count.checked_sub(1).filter(|left| *left > 0);
        match claims {
            Some(id) => {
                let key = (from, id.clone());
                match self.claimed.get(&key).copied().and_then(less) {
                    Some(left) => drop(self.claimed.insert(key, left)),
                    None => drop(self.claimed.remove(&key)),
                }
                self.review(&id);
            }
            None => {
                match self.nameless.get(&from).copied().and_then(less) {
                    Some(left) => drop(self.nameless.insert(from, left)),
                    None => drop(self.nameless.remove(&from)),
                }
                self.review_address(from);
            }
        }
    }
}

fn ids<'a>(ids: impl Iterator<Item = &'a MinionId>) -> Value {
    Value::list(ids.map(Value::from))
}

impl Core {
    /// Something happened to a subscriber of port 4505.
    pub(crate) fn subscriber(&mut self, event: PeerEvent) {
        match event {
            PeerEvent::Connected { conn, peer, identity } => {
                self.presence.came(conn, peer.ip(), &identity)
            }
            PeerEvent::Disconnected { conn, peer, dropped, reason } => {
                if dropped > 0 {
                    tracing::warn!(%peer, dropped, %reason, "A subscriber lost publishes before it went");
                }
                self.presence.went(conn);
            }
            PeerEvent::Dropping { peer, .. } => {
                tracing::warn!(%peer, "A subscriber is too slow; publishes are dropped for it");
            }
            PeerEvent::Subscribed { .. } => {}
        }
    }

    /// Writes down who came and went, for other programs of this host.
    pub(crate) fn write_presence(&mut self) {
        if self.durable.is_full() {
            return;
        }
        let (here, written) =
            (self.presence.here.clone(), std::mem::take(&mut self.presence.written));
        for id in written.difference(&here) {
            self.store(Write::Remove { bank: PRESENCE, key: Some(id.to_string()) });
            if self.accepted.contains(id) {
                let (key, at) = (id.to_string(), self.now.0);
                self.store(Write::Put { bank: DEPARTED, key, at, data: Map::new() });
            }
        }
        for id in here.difference(&written) {
            let from = self.presence.heard.get(id).map(ToString::to_string).unwrap_or_default();
            let (key, at) = (id.to_string(), self.now.0);
            self.store(Write::Remove { bank: DEPARTED, key: Some(key.clone()) });
            self.store(Write::Put { bank: PRESENCE, key, at, data: map! {"ip" => from} });
        }
        self.presence.written = here;
    }

    /// Tells who is here and who came or went since the last time.
    pub(crate) fn tell_presence(&mut self) {
        self.presence.here.retain(|id| self.accepted.contains(id));
        let (here, told) = (self.presence.here.clone(), std::mem::take(&mut self.presence.told));
        let new: Vec<MinionId> = here.difference(&told).cloned().collect();
        let lost: Vec<MinionId> = told.difference(&here).cloned().collect();
        if self.settings.presence_events {
            if !new.is_empty() || !lost.is_empty() {
                let data = map! {"new" => ids(new.iter()), "lost" => ids(lost.iter())};
                self.fire(&Event::new(tags::PRESENCE_CHANGE, data));
            }
            self.fire(&Event::new(tags::PRESENT, map! {"present" => ids(here.iter())}));
        }
        self.presence.told = here;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> MinionId {
        MinionId::parse(text).expect("is an id")
    }

    const A: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1));
    const B: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 2));

    #[test]
    fn a_claim_counts_only_with_proof_from_the_same_address() {
        let mut presence = Presence::default();
        presence.came(ConnId(1), A, b"web1");
        assert!(!presence.is_here(&id("web1")), "only claimed");
        presence.heard(&id("web1"), B);
        assert!(!presence.is_here(&id("web1")), "proved from elsewhere");
        presence.heard(&id("web1"), A);
        assert!(presence.is_here(&id("web1")));
        presence.came(ConnId(2), A, b"web1");
        presence.went(ConnId(1));
        assert!(presence.is_here(&id("web1")), "the new connection came before the old one went");
        presence.went(ConnId(2));
        assert_eq!(presence.count(), 0);
    }

    #[test]
    fn a_nameless_subscriber_stands_for_whoever_is_heard_from_there() {
        let mut presence = Presence::default();
        presence.heard(&id("web1"), A);
        presence.came(ConnId(1), A, b"");
        assert!(presence.is_here(&id("web1")));
        presence.went(ConnId(1));
        presence.went(ConnId(1));
        assert!(!presence.is_here(&id("web1")));
    }
}
