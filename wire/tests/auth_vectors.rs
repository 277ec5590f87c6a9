//! Recorded sign-ins between a Salt 3008.3 master and its minions, read from both ends.

mod common;

use common::{OsEntropyForTests, Scripted, b64, private, text, unhex, value, vectors};
use halite_core::{MinionId, Value};
use halite_wire::crypto::{AesKey, Crypticle, EncAlgo, PrivateKey, SigAlgo};
use halite_wire::envelope::{Envelope, Load, Origin};
use halite_wire::limits::Limits;
use halite_wire::load::{ClearCommand, MinionCommand, PublishLoad};
use halite_wire::msgpack::{self, Dialect};
use halite_wire::session::{
    MasterSession, MinionSession, PublishError, PublishPolicy, ReplayPolicy, SessionKeys,
    Subscriber,
};
use halite_wire::signin::minion::{Accepted, Config, Outcome, SignIn, SignInError};

/// The request of a recorded exchange as our master reads it.
fn request(frame: &[u8]) -> Box<halite_wire::load::AuthRequest> {
    let envelope = Envelope::parse(frame, 3, Origin::Remote).expect("an envelope");
    let Load::Clear(load) = envelope.load else { panic!("sign-in is in the open") };
    match ClearCommand::parse(load).expect("complete") {
        Some(ClearCommand::Auth(request)) => request,
        other => panic!("{other:?}"),
    }
}

/// Feeds the recorded reply to a minion that drew the recorded nonce and token.
fn finish(file: &serde_json::Value, case: &serde_json::Value) -> Outcome {
    let load = &case["request"]["load"];
    let id = text(&load["id"]);
    let key = match file.get(format!("minion_{id}_pem")) {
        Some(key) => private(key),
        None => private(&file["minion_probe1_pem"]),
    };
    let mut config = Config::new(MinionId::parse(&id.replace('/', "-")).expect("an id"));
    config.enc_algo = EncAlgo::parse(&text(&load["enc_algo"])).unwrap_or_default();
    config.sig_algo = SigAlgo::parse(&text(&load["sig_algo"])).unwrap_or_default();
    let mut script = unhex(&text(&load["nonce"]));
    if load.get("token").is_some() {
        config.master = Some(private(&file["master_pem"]).public().clone());
        if let Some(token) = case["decrypted"].get("token_request") {
            script.extend(b64(token));
        }
    }
    let entropy = &mut Scripted(script);
    let (signin, _) = SignIn::start(config, &key, 0, entropy).expect("starts");
    signin.finish(&b64(&case["reply_b64"]), &key, entropy)
}

#[test]
fn the_masters_answers_are_understood() {
    let file = vectors("auth");
    for case in file["exchanges"].as_array().expect("a list") {
        let name = text(&case["case"]);
        match (finish(&file, case), case.get("decrypted")) {
            (Outcome::Accepted(accepted), Some(keys)) => {
                assert_eq!(*accepted.aes.to_text(), text(&keys["aes"]), "{name}");
                let SessionKeys::Aes(session) = &accepted.keys else { panic!("{name}") };
                assert_eq!(*session.key().to_text(), text(&keys["session"]), "{name}");
                assert_eq!(accepted.master, *private(&file["master_pem"]).public());
                assert_eq!(accepted.publish_port, 24505);
                assert!(!accepted.gcm);
            }
            (Outcome::Pending, None) => assert_eq!(name, "pending"),
            (Outcome::Rejected, None) => assert_eq!(case["reply_load"]["ret"], false, "{name}"),
            (Outcome::Failed(SignInError::Answer(answer)), None) => assert_eq!(answer, name),
            (outcome, _) => panic!("{name}: {outcome:?}"),
        }
    }
}

#[test]
fn the_minions_requests_are_understood() {
    let file = vectors("auth");
    for case in file["exchanges"].as_array().expect("a list") {
        let (name, load) = (text(&case["case"]), &case["request"]["load"]);
        let request = request(&b64(&case["request_b64"]));
        assert_eq!(request.nonce.as_str(), text(&load["nonce"]));
        assert_eq!(&*request.public, text(&load["pub"]));
        assert_eq!(request.id.is_err(), name == "refused: invalid id", "{name}");
        assert_eq!(request.enc_algo.is_err(), name == "bad enc algo", "{name}");
        assert_eq!(request.sig_algo.is_err(), name == "bad sig algo", "{name}");
        assert_eq!(request.token, load.get("token").map(|token| b64(&token["bytes_b64"])));
    }
}

#[test]
fn publishes_open_once_and_in_order() {
    let (auth, file) = (vectors("auth"), vectors("publish"));
    let master = private(&auth["master_pem"]).public().clone();
    let packets = file["packets"].as_array().expect("a list");
    let aes = AesKey::parse(text(&packets[0]["aes_key_string"]).as_bytes()).expect("a key");
    let mut minion = Subscriber::new(&aes, master.clone(), PublishPolicy::default(), None);
    for packet in packets {
        let mut wanted = value(&packet["load"]);
        wanted.as_map_mut().expect("a map").shift_remove("serial");
        let load = minion.open(&b64(&packet["frame_b64"]), 0).expect("a real publish");
        assert_eq!(Value::from(load.to_load()), wanted);
        let again = minion.open(&b64(&packet["frame_b64"]), 0);
        assert!(matches!(again, Err(PublishError::Replay { .. })), "{again:?}");
    }
    // The first publish after a restart must not be an old one either.
    let mark = minion.mark();
    let mut minion = Subscriber::new(&aes, master, PublishPolicy::default(), Some(&mark));
    let again = minion.open(&b64(&packets[0]["frame_b64"]), 0);
    assert_eq!(again, Err(PublishError::Replay { found: 1, last: mark.serial }));
}

#[test]
fn publishes_keep_their_order_of_fields() {
    let file = vectors("publish");
    for packet in file["packets"].as_array().expect("a list") {
        let plain = b64(&packet["plaintext_b64"]);
        let load =
            msgpack::decode(&plain[8..], Dialect::Network, &Limits::ACCEPTED).expect("msgpack");
        let load = PublishLoad::parse(load.as_map().expect("a map").clone()).expect("a job");
        let ours = msgpack::encode(&load.to_load().into(), Dialect::Network);
        assert_eq!(ours, plain[8..]);
    }
}

#[test]
fn a_pillar_request_and_its_reply() {
    let (auth, file) = (vectors("auth"), vectors("pillar"));
    let (master, key) = (private(&auth["master_pem"]), private(&auth["minion_probe1_pem"]));
    let aes = AesKey::parse(text(&file["session_key"]).as_bytes()).expect("a key");
    let id = MinionId::parse("probe1").expect("an id");
    let entropy = &mut OsEntropyForTests::default();
    for case in file["exchanges"].as_array().expect("a list") {
        let frame = b64(&case["request_b64"]);
        let envelope = Envelope::parse(&frame, 3, Origin::Remote).expect("an envelope");
        let keys = SessionKeys::aes(&aes);
        let (public, policy) = (key.public().clone(), ReplayPolicy::SALT_PEER);
        let mut session = MasterSession::new(id.clone(), public, keys.clone(), policy);
        let opened = session.open_request(&envelope, 0).expect("a real request");
        let MinionCommand::Pillar(asked) = opened.request.get() else { panic!("a pillar") };
        let grains = asked.grains.clone().map(Value::from);
        assert_eq!(grains, Some(value(&case["load"]["grains"])));
        assert_eq!(opened.enc_algo.as_str(), text(&case["enc_algo"]));
        assert_eq!(opened.sig_algo.as_str(), text(&case["sig_algo"]));

        let mut config = Config::new(id.clone());
        (config.enc_algo, config.sig_algo) = (opened.enc_algo, opened.sig_algo);
        let accepted = Accepted {
            aes: aes.clone(),
            keys,
            publish_port: 4505,
            master: master.public().clone(),
            store_master: false,
            gcm: false,
            clock_offset: 0,
        };
        let minion = MinionSession::new(&config, &accepted, &key, entropy).expect("a session");
        let pillar = minion.open_pillar(&b64(&case["reply_b64"]), &opened.nonce, &key, entropy);
        assert_eq!(pillar, Ok(value(&case["reply_data"]["pillar"])));
        let other = halite_wire::Nonce::generate(entropy);
        assert!(minion.open_pillar(&b64(&case["reply_b64"]), &other, &key, entropy).is_err());
        // What our master seals is what the minion opens.
        let ours = session.seal_pillar(&Value::str("x"), &opened, &master, entropy).expect("seals");
        assert_eq!(minion.open_pillar(&ours, &opened.nonce, &key, entropy), Ok("x".into()));
    }
    assert!(Crypticle::new(&aes).open(b"", None, &Limits::ACCEPTED).is_err());
}
