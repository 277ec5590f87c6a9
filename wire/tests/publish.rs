//! Publishes from our master to our minion: signature, serial, rotation.

mod common;

use halite_core::{Jid, Map, Value, map};
use halite_wire::OsEntropy;
use halite_wire::crypto::{AesKey, PrivateKey, RsaKey, SigAlgo};
use halite_wire::limits::KEY_GRACE;
use halite_wire::load::{Fun, PublishLoad};
use halite_wire::msgpack::{self, Dialect};
use halite_wire::session::{PublishError, PublishPolicy, Publisher, Subscriber};

fn job() -> PublishLoad {
    PublishLoad {
        fun: Fun::Many(vec!["test.ping".into(), "test.echo".into()]),
        arg: vec![Value::list([]), Value::list([Value::str("x")])],
        tgt: Value::str("*"),
        tgt_type: "glob".into(),
        jid: Jid::at(1_790_000_000_000_000),
        ret: "".into(),
        user: "root".into(),
        rest: map! {"metadata" => map! {"a" => 1}},
    }
}

struct Fleet {
    master: RsaKey,
    publisher: Publisher,
    minion: Subscriber,
}

impl Fleet {
    fn new(sign: Option<SigAlgo>, policy: PublishPolicy) -> Fleet {
        let (aes, master) = (AesKey::generate(&mut OsEntropy::new()), common::key("master"));
        let minion = Subscriber::new(&aes, master.public().clone(), policy, None);
        Fleet { publisher: Publisher::new(&aes, sign), minion, master }
    }

    fn packet(&mut self) -> Vec<u8> {
        let load = job().to_load();
        self.publisher.seal(load, &self.master, &mut OsEntropy::new()).expect("seals")
    }

    fn open(&mut self, packet: &[u8]) -> Result<PublishLoad, PublishError> {
        self.minion.open(packet, 0)
    }
}

fn change(packet: &[u8], with: impl FnOnce(&mut Map)) -> Vec<u8> {
    let limits = halite_wire::limits::Limits::ACCEPTED;
    let mut packet = msgpack::decode(packet, Dialect::Network, &limits).expect("a packet");
    with(packet.as_map_mut().expect("a map"));
    msgpack::encode(&packet, Dialect::Network)
}

#[test]
fn a_job_arrives_as_it_was_sent_and_once() {
    for algo in [SigAlgo::Sha1, SigAlgo::Sha224] {
        let mut fleet = Fleet::new(Some(algo), PublishPolicy::default());
        let (first, second) = (fleet.packet(), fleet.packet());
        assert_eq!(fleet.open(&second), Ok(job()));
        assert_eq!(fleet.open(&second), Err(PublishError::Replay { found: 2, last: 2 }));
        assert_eq!(fleet.open(&first), Err(PublishError::Replay { found: 1, last: 2 }));
    }
}

#[test]
fn what_the_master_did_not_sign_is_dropped_before_anything_else() {
    let mut fleet = Fleet::new(Some(SigAlgo::Sha1), PublishPolicy::default());
    let packet = fleet.packet();
    let unsigned = change(&packet, |packet| drop(packet.shift_remove("sig")));
    let unknown = change(&packet, |packet| drop(packet.insert("sig_algo".into(), "x".into())));
    // An accepted minion knows the key of publishes and signs with its own key.
    let aes = fleet.publisher.aes().clone();
    let forged = Publisher::new(&aes, Some(SigAlgo::Sha1)).seal(
        job().to_load(),
        &common::key("minion"),
        &mut OsEntropy::new(),
    );
    // Garbage under no key at all must not make a fleet sign in again.
    let garbage = change(&packet, |packet| {
        packet.insert("load".into(), Value::bytes([0xfe; 96]));
    });
    for bad in [unsigned, unknown, forged.expect("seals"), garbage] {
        assert_eq!(fleet.open(&bad), Err(PublishError::Signature));
    }
    assert_eq!(fleet.open(&packet), Ok(job()));
}

#[test]
fn a_minion_that_does_not_look_at_signatures_still_wants_the_key_and_the_number() {
    let policy = PublishPolicy { require_signature: false, require_serial: true };
    let mut fleet = Fleet::new(None, policy);
    let packet = fleet.packet();
    let garbage =
        change(&packet, |packet| drop(packet.insert("load".into(), Value::bytes([0xfe; 96]))));
    assert_eq!(fleet.open(&garbage), Err(PublishError::Key));
    assert_eq!(fleet.open(&packet), Ok(job()));
    assert!(matches!(fleet.open(&packet), Err(PublishError::Replay { .. })));
}

#[test]
fn other_seals_are_not_for_us() {
    let mut fleet = Fleet::new(Some(SigAlgo::Sha1), PublishPolicy::default());
    let packet = fleet.packet();
    for enc in ["gcm", "clear", "AES", ""] {
        let other = change(&packet, |packet| drop(packet.insert("enc".into(), enc.into())));
        assert_eq!(fleet.open(&other), Err(PublishError::NotForUs(enc.into())));
    }
    let clear = change(&packet, |packet| {
        packet.insert("load".into(), job().to_load().into());
    });
    assert!(matches!(fleet.open(&clear), Err(PublishError::Malformed(_))));
    assert!(matches!(fleet.open(b"\xc0"), Err(PublishError::Malformed(_))));
    assert!(matches!(fleet.open(b""), Err(PublishError::Decode(_))));
}

#[test]
fn keys_rotate() {
    let mut fleet = Fleet::new(Some(SigAlgo::Sha1), PublishPolicy::default());
    let public = fleet.master.public().clone();
    let on_the_way = fleet.packet();
    let fresh = AesKey::generate(&mut OsEntropy::new());
    fleet.publisher.rotate(&fresh, 0, true);
    assert_eq!(fleet.publisher.shared_keys(KEY_GRACE - 1).len(), 2);
    assert_eq!(fleet.publisher.shared_keys(KEY_GRACE).len(), 1);
    let packet = fleet.packet();
    assert_eq!(fleet.open(&packet), Err(PublishError::Key));
    fleet.minion.rekey(&fresh, public.clone(), 0);
    assert_eq!(fleet.open(&packet), Ok(job()));
    // What was sent before the rotation still counts for a while, once.
    assert_eq!(fleet.open(&on_the_way), Ok(job()));
    assert!(matches!(fleet.open(&on_the_way), Err(PublishError::Replay { .. })));
    assert_eq!(fleet.minion.open(&on_the_way, KEY_GRACE), Err(PublishError::Key));
    // Signing in again under the same key does not open the door to old packets.
    fleet.minion.rekey(&fresh, public, 0);
    assert!(matches!(fleet.open(&packet), Err(PublishError::Replay { .. })));
    // A deleted minion's key is gone at once.
    fleet.publisher.rotate(&AesKey::generate(&mut OsEntropy::new()), 0, false);
    assert_eq!(fleet.publisher.shared_keys(0).len(), 1);
}
