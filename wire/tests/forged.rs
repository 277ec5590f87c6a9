//! Messages made by somebody who has a part of the keys, but not the one that counts.

mod common;
mod peers;

use halite_core::{Map, Value, map};
use halite_wire::crypto::{AesKey, Crypticle, EncAlgo, PrivateKey};
use halite_wire::envelope::{Envelope, Origin};
use halite_wire::limits::Limits;
use halite_wire::msgpack::{self, Dialect};
use halite_wire::session::ReplyError;
use halite_wire::signin::minion::SignInError;
use halite_wire::{OpenError, OsEntropy, Refused};
use peers::{AHEAD, NOW, Peers, ask};

/// A request under the session key with any load at all.
fn request(session: &AesKey, load: Map) -> Vec<u8> {
    let sealed = Crypticle::new(session).seal(&load.into(), None, &mut OsEntropy::new());
    let frame = map! {
        "enc" => "aes",
        "load" => Value::bytes(sealed),
        "version" => 3,
        "id" => "web1",
    };
    msgpack::encode(&frame.into(), Dialect::Network)
}

fn change(frame: &[u8], with: impl FnOnce(&mut Map)) -> Vec<u8> {
    let mut frame = msgpack::decode(frame, Dialect::Network, &Limits::ACCEPTED).expect("msgpack");
    with(frame.as_map_mut().expect("a map"));
    msgpack::encode(&frame, Dialect::Network)
}

#[test]
fn the_session_key_alone_is_not_enough() {
    let mut peers = Peers::new();
    peers.config.offer_gcm = false;
    let (_, mut session) = peers.sign_in();
    let entropy = &mut OsEntropy::new();
    let tok = |key: &halite_wire::crypto::RsaKey, text: &[u8]| {
        Value::bytes(key.x931_encrypt(text, &mut OsEntropy::new()).expect("works"))
    };
    let good = tok(&peers.minion, b"salt");
    let mut load = |id: &str, tok: Value| {
        let nonce = halite_wire::Nonce::generate(entropy);
        map! {
            "cmd" => "_mine_flush", "id" => id, "tok" => tok, "nonce" => nonce.as_str(),
            "ts" => NOW as i64,
        }
    };
    let mut open = |load: Map| {
        let frame = request(&peers.session, load);
        let envelope = Envelope::parse(&frame, 3, Origin::Remote).expect("an envelope");
        session.open_request(&envelope, NOW).map(|opened| opened.request.id().to_string())
    };
    // A signature of the right key over something else, and none at all.
    let other_text = tok(&peers.minion, b"pepper");
    for bad in [other_text, Value::Null, Value::bytes([0; 256]), tok(&peers.master, b"salt")] {
        assert_eq!(open(load("web1", bad)), Err(Refused::Token));
    }
    assert_eq!(open(load("db1", good.clone())), Err(Refused::OtherId));
    let mut nameless = load("web1", good.clone());
    nameless.shift_remove("id");
    assert_eq!(open(nameless), Err(Refused::OtherId));
    let mut without_nonce = load("web1", good.clone());
    without_nonce.shift_remove("nonce");
    assert_eq!(open(without_nonce), Err(Refused::Replay));
    assert_eq!(open(load("web1", good)), Ok("web1".into()));
}

#[test]
fn the_version_is_sealed_in() {
    let mut peers = Peers::new();
    let (accepted, mut session) = peers.sign_in();
    let minion = peers.minion_session(&accepted);
    let sealed = minion.seal_request(ask("_mine_flush"), NOW, &mut OsEntropy::new());
    let changed = change(&sealed.frame, |frame| drop(frame.insert("version".into(), 4.into())));
    let envelope = Envelope::parse(&changed, 3, Origin::Remote).expect("an envelope");
    let error = session.open_request(&envelope, NOW + AHEAD).expect_err("changed");
    assert_eq!(error, Refused::Open(OpenError::Key));
}

#[test]
fn an_answer_signed_by_another_key_is_refused() {
    let mut peers = Peers::new();
    for pinned in [None, Some(peers.master.public().clone())] {
        peers.config.master = pinned;
        peers.tamper_blob = Some(Box::new(|_| {}));
        peers.signer = Some(common::key("big"));
        assert_eq!(peers.failure(), SignInError::Signature);
        peers.signer = None;
        peers.sign_in();
    }
    // A refusal is not believed either, once the key is known.
    peers.facts.autosign = halite_wire::signin::master::Autosign::Reject;
    peers.signer = Some(common::key("big"));
    assert_eq!(peers.failure(), SignInError::Signature);
}

#[test]
fn a_key_of_publishes_that_the_master_did_not_vouch_for_is_refused() {
    let mut peers = Peers::new();
    let public = peers.minion.public().clone();
    peers.tamper_blob = Some(Box::new(move |blob: &mut Map| {
        let entropy = &mut OsEntropy::new();
        let text = AesKey::generate(entropy).to_text();
        let wrapped = public.encrypt(EncAlgo::OaepSha1, text.as_bytes(), entropy).expect("fits");
        blob.insert("aes".into(), Value::bytes(wrapped));
    }));
    assert_eq!(peers.failure(), SignInError::Digest);
}

#[test]
fn a_pillar_is_signed_and_for_this_wrapped_key() {
    let mut peers = Peers::new();
    let (accepted, mut session) = peers.sign_in();
    let minion = peers.minion_session(&accepted);
    let entropy = &mut OsEntropy::new();
    let sealed = minion.seal_request(ask("_pillar"), NOW, entropy);
    let envelope = Envelope::parse(&sealed.frame, 3, Origin::Remote).expect("an envelope");
    let opened = session.open_request(&envelope, NOW + AHEAD).expect("opens");
    let pillar = Value::from(map! {"a" => 1});
    let open = |frame: &[u8]| {
        minion.open_pillar(frame, &sealed.nonce, &peers.minion, &mut OsEntropy::new())
    };
    let forged = session.seal_pillar(&pillar, &opened, &common::key("big"), entropy);
    assert_eq!(open(&forged.expect("seals")), Err(ReplyError::Signature));
    let right = session.seal_pillar(&pillar, &opened, &peers.master, entropy).expect("seals");
    assert_eq!(open(&right), Ok(pillar));
    // The same key, wrapped once more by somebody else.
    let again = change(&right, |reply| {
        let wrapped = reply.get("key").and_then(Value::as_bytes).expect("a key").to_vec();
        let algo = EncAlgo::OaepSha1;
        let key = peers.minion.decrypt(algo, &wrapped, entropy).expect("opens");
        let wrapped = peers.minion.public().encrypt(algo, key.expose(), entropy).expect("fits");
        reply.insert("key".into(), Value::bytes(wrapped));
    });
    assert!(matches!(open(&again), Err(ReplyError::Open(OpenError::Malformed(_)))));
}
