//! What this side writes is, byte for byte, what Salt wrote with the same keys and the same
//! randomness.

mod common;

use common::{Scripted, b64, private, text, unhex, vectors};
use halite_core::{MinionId, Value};
use halite_wire::crypto::{AesKey, EncAlgo, PrivateKey, RsaKey, SigAlgo};
use halite_wire::envelope::{Envelope, Load, Origin};
use halite_wire::limits::Limits;
use halite_wire::load::PublishLoad;
use halite_wire::msgpack::{self, Dialect};
use halite_wire::session::{MasterSession, MinionSession, Publisher, ReplayPolicy, SessionKeys};
use halite_wire::signin::master::{Autosign, Facts, KeyState, Offer, answer, decide};
use halite_wire::signin::minion::{Accepted, Config, SignIn};
use halite_wire::{Nonce, load::ClearCommand};

fn decode(bytes: &[u8]) -> Value {
    msgpack::decode(bytes, Dialect::Network, &Limits::ACCEPTED).expect("msgpack")
}

fn bytes(value: &Value, key: &str) -> Vec<u8> {
    value.get(key).and_then(Value::as_bytes).expect("bytes").to_vec()
}

fn sessions(id: &str, key: &RsaKey, session: &str) -> (MinionSession, MasterSession) {
    let aes = AesKey::parse(session.as_bytes()).expect("a key");
    let config = Config::new(MinionId::parse(id).expect("an id"));
    let accepted = Accepted {
        aes: aes.clone(),
        keys: SessionKeys::aes(&aes),
        publish_port: 4505,
        master: key.public().clone(),
        store_master: false,
        gcm: false,
        clock_offset: 0,
    };
    let entropy = &mut Scripted(Vec::new());
    let minion = MinionSession::new(&config, &accepted, key, entropy).expect("a session");
    let (public, policy) = (key.public().clone(), ReplayPolicy::SALT_PEER);
    (minion, MasterSession::new(config.id, public, accepted.keys, policy))
}

#[test]
fn requests_and_replies() {
    let key = private(&vectors("auth")["minion_real1_pem"]);
    for name in ["requests", "fileserver"] {
        let file = vectors(name);
        let (minion, master) = sessions("real1", &key, &text(&file["session_key"]));
        let crypticle = AesKey::parse(text(&file["session_key"]).as_bytes()).expect("a key");
        let crypticle = halite_wire::crypto::Crypticle::new(&crypticle);
        for case in file["exchanges"].as_array().expect("a list") {
            let frame = b64(&case["request_b64"]);
            let sealed = bytes(&decode(&frame), "load");
            let load = crypticle.open(&sealed, None, &Limits::ACCEPTED).expect("opens");
            // The fields a session adds stand in the load already and keep their places.
            let nonce = text(&case["load"]["nonce"]);
            let entropy = &mut Scripted([unhex(&nonce), sealed[..16].to_vec()].concat());
            let now = case["load"]["ts"].as_u64().expect("a time");
            let load = load.as_map().expect("a map").clone();
            let ours = minion.seal_request(load, now, entropy);
            assert_eq!(ours.frame, frame, "{name} {}", text(&case["cmd"]));

            let frame = b64(&case["reply_b64"]);
            if let Value::Bytes(sealed) = decode(&frame) {
                let nonce = Nonce::parse(&nonce).expect("a nonce");
                let value =
                    crypticle.open(&sealed, Some(&nonce), &Limits::ACCEPTED).expect("opens");
                let ours = master.seal_reply(&value, &nonce, &mut Scripted(sealed[..16].to_vec()));
                assert_eq!(ours, frame, "{name} {}", text(&case["cmd"]));
            }
        }
    }
}

#[test]
fn sign_in_requests() {
    let file = vectors("auth");
    let mut compared = 0;
    for case in file["exchanges"].as_array().expect("a list") {
        let load = &case["request"]["load"];
        // A token is wrapped with fresh padding and cannot be the same.
        if load.get("token").is_some() || text(&load["id"]) != "real1" {
            continue;
        }
        let mut config = Config::new(MinionId::parse("real1").expect("an id"));
        config.offer_gcm = false;
        config.enc_algo = EncAlgo::parse(&text(&load["enc_algo"])).expect("known");
        config.sig_algo = SigAlgo::parse(&text(&load["sig_algo"])).expect("known");
        let key = private(&file["minion_real1_pem"]);
        let entropy = &mut Scripted(unhex(&text(&load["nonce"])));
        let (_, frame) = SignIn::start(config, &key, 0, entropy).expect("starts");
        assert_eq!(frame, b64(&case["request_b64"]), "{}", text(&case["case"]));
        compared += 1;
    }
    assert_eq!(compared, 2, "pending and first sign-in");
}

#[test]
fn sign_in_answers() {
    let file = vectors("auth");
    let master = private(&file["master_pem"]);
    let entropy = &mut Scripted(Vec::new());
    for case in file["exchanges"].as_array().expect("a list") {
        let (name, frame) = (text(&case["case"]), b64(&case["request_b64"]));
        let envelope = Envelope::parse(&frame, 3, Origin::Remote).expect("an envelope");
        let Load::Clear(load) = envelope.load else { panic!("in the open") };
        let Ok(Some(ClearCommand::Auth(mut request))) = ClearCommand::parse(load) else {
            panic!("an _auth")
        };
        // Our master answers an offer; this is about Salt's minions, which make none.
        request.ciphers.clear();
        let stored = match name.starts_with("denied") {
            true => KeyState::Accepted(master.public().pem().into()),
            false => KeyState::Unknown,
        };
        let autosign = if name == "pending" { Autosign::Ask } else { Autosign::Accept };
        let facts = Facts { key: stored, autosign, full: false, open_mode: false };
        let key = |field: &str| match case.get("decrypted") {
            Some(keys) => AesKey::parse(text(&keys[field]).as_bytes()).expect("a key"),
            None => AesKey::generate(&mut Scripted(Vec::new())),
        };
        let offer = Offer {
            aes: &key("aes"),
            session: &key("session"),
            publish_port: 24505,
            gcm: true,
            version: 3,
            now: 0,
            pub_sig: None,
        };
        let ours = answer(&request, &decide(&request, &facts), &offer, &master, entropy);
        let (ours, theirs) = (ours.expect("answers").frame, b64(&case["reply_b64"]));
        if case.get("decrypted").is_none() {
            assert_eq!(ours, theirs, "{name}");
            continue;
        }
        let (ours, theirs) = (decode(&ours), decode(&theirs));
        let (ours, theirs) = (decode(&bytes(&ours, "load")), decode(&bytes(&theirs, "load")));
        let names = |blob: &Value| blob.as_map().map(|map| map.keys().cloned().collect::<Vec<_>>());
        assert_eq!(names(&ours), names(&theirs), "{name}");
        for field in ["enc", "pub_key", "publish_port", "sig", "nonce"] {
            assert_eq!(ours.get(field), theirs.get(field), "{name}: {field}");
        }
    }
}

#[test]
fn publishes() {
    let (auth, file) = (vectors("auth"), vectors("publish"));
    let master = private(&auth["master_pem"]);
    let packets = file["packets"].as_array().expect("a list");
    let aes = AesKey::parse(text(&packets[0]["aes_key_string"]).as_bytes()).expect("a key");
    let mut publisher = Publisher::new(&aes, Some(SigAlgo::Sha1));
    for packet in packets {
        let frame = b64(&packet["frame_b64"]);
        let mut load = decode(&b64(&packet["plaintext_b64"])[8..]);
        let map = load.as_map_mut().expect("a map");
        map.shift_remove("serial");
        let load = PublishLoad::parse(map.clone()).expect("a job").to_load();
        let iv = bytes(&decode(&frame), "load")[..16].to_vec();
        let ours = publisher.seal(load, &master, &mut Scripted(iv)).expect("seals");
        assert_eq!(ours, frame);
    }
}
