//! Bytes recorded from Salt 3008.3 (`tests/vectors/*.json`, each with an `about`): everything Salt
//! wrote is understood here, and what is deterministic comes out the same.

mod common;

use common::{Fixed, OsEntropyForTests, b64, key, private, text, value, vectors};
use halite_core::{MinionId, Value};
use halite_wire::crypto::{
    AesKey, Crypticle, EncAlgo, HashType, PrivateKey, PublicKey, SigAlgo, fingerprint_body,
    fingerprint_text,
};
use halite_wire::envelope::{Envelope, Origin};
use halite_wire::limits::Limits;
use halite_wire::msgpack::{self, Dialect, StreamDecoder};
use halite_wire::session::{MasterSession, ReplayPolicy, SessionKeys};
use halite_wire::{Nonce, frame};

#[test]
fn keys_read_and_write() {
    let keys = vectors("keys");
    for name in ["master", "minion", "big"] {
        let key = key(name);
        let stored = text(&keys[format!("{name}_pub")]);
        assert_eq!(format!("{}\n", key.public().pem()), stored);
        assert_eq!(PublicKey::parse(&stored.replace('\n', "\r\n")).expect("CRLF"), *key.public());
        let pem = key.to_pem().expect("writes");
        let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        assert_eq!(body, text(&keys[format!("{name}_pem")]["pkcs1_der_b64"]));
        assert!(pem.lines().all(|line| line.len() <= 64) && pem.ends_with("-----\n"));
    }
}

#[test]
fn fingerprints() {
    let file = vectors("fingerprints");
    for case in file["fingerprints"].as_array().expect("a list") {
        let pem = text(&file["keys"][text(&case["key"])]);
        let hash = HashType::parse(&text(&case["hash_type"])).expect("known");
        assert_eq!(fingerprint_text(pem.trim(), hash), text(&case["whole_text_no_newline"]));
        assert_eq!(fingerprint_text(&pem, hash), text(&case["whole_text_with_newline"]));
        assert_eq!(fingerprint_body(&pem, hash), text(&case["file_body_only"]));
        assert_eq!(
            fingerprint_body(&pem.replace('\n', "\r\n"), hash),
            text(&case["file_body_only"])
        );
    }
}

#[test]
fn rsa() {
    let (file, entropy) = (vectors("rsa"), &mut OsEntropyForTests::default());
    for case in file["oaep"].as_array().expect("a list") {
        let algo = EncAlgo::parse(&text(&case["algo"])).expect("known");
        let (key, plain) = (key(&text(&case["key"])), b64(&case["plaintext_b64"]));
        let opened = key.decrypt(algo, &b64(&case["ciphertext_b64"]), entropy).expect("opens");
        assert_eq!(opened.expose(), plain);
        let again = key.public().encrypt(algo, &plain, entropy).expect("wraps");
        assert_eq!(key.decrypt(algo, &again, entropy).expect("opens").expose(), plain);
    }
    for case in file["sign"].as_array().expect("a list") {
        let algo = SigAlgo::parse(&text(&case["algo"])).expect("known");
        let (key, message) = (key(&text(&case["key"])), b64(&case["message_b64"]));
        let sig = b64(&case["signature_b64"]);
        assert_eq!(key.sign(algo, &message, entropy).expect("signs"), sig);
        assert!(key.public().verify(algo, &message, &sig).is_ok());
        assert!(key.public().verify(algo, b"other", &sig).is_err());
    }
    for case in file["x931"].as_array().expect("a list") {
        let (key, message) = (key(&text(&case["key"])), b64(&case["message_b64"]));
        let block = b64(&case["block_b64"]);
        assert_eq!(key.x931_encrypt(&message, entropy).expect("frames"), block);
        assert_eq!(key.public().x931_decrypt(&block).expect("verifies"), message);
    }
    for case in file["bad"].as_array().expect("a list") {
        let key = key(&text(&case["key"]));
        assert!(key.public().x931_decrypt(&b64(&case["block_b64"])).is_err());
    }
}

#[test]
fn crypticle() {
    let file = vectors("crypticle");
    let key = AesKey::parse(text(&file["key_string"]).as_bytes()).expect("a key");
    assert_eq!(*key.to_text(), text(&file["key_string"]));
    let crypticle = Crypticle::new(&key);
    for case in file["cases"].as_array().expect("a list") {
        let nonce = case["nonce"].as_str().map(|nonce| Nonce::parse(nonce).expect("a nonce"));
        let sealed = b64(&case["ciphertext_b64"]);
        let object = value(&case["object"]);
        let iv = u8::from_str_radix(&text(&case["iv_hex"])[..2], 16).expect("hex");
        let opened = crypticle.open(&sealed, nonce.as_ref(), &Limits::ACCEPTED).expect("opens");
        assert_eq!(opened, object);
        assert_eq!(crypticle.seal(&opened, nonce.as_ref(), &mut Fixed(iv)), sealed);
    }
    for case in file["bad"].as_array().expect("a list") {
        let opened = crypticle.open(&b64(&case["ciphertext_b64"]), None, &Limits::ACCEPTED);
        // The last one is good: a load with a serial, which publishes look at.
        match text(&case["what"]).as_str() {
            "serial 5" => assert_eq!(opened.expect("opens").get("serial"), Some(&5.into())),
            what => assert!(opened.is_err(), "{what}"),
        }
    }
}

#[test]
fn msgpack_both_dialects() {
    let file = vectors("msgpack");
    for case in file["encode"].as_array().expect("a list") {
        let what = text(&case["what"]);
        for (name, dialect) in [("network_hex", Dialect::Network), ("bus_hex", Dialect::Bus)] {
            let Some(hex) = case[name].as_str() else {
                let long = msgpack::encode(&Value::str("a".repeat(65536)), dialect);
                assert_eq!(long.len() as u64, case[name]["len"].as_u64().expect("a length"));
                assert_eq!(common::hex(&long[..8]), text(&case[name]["head"]));
                continue;
            };
            let bytes = common::unhex(hex);
            let value = msgpack::decode(&bytes, dialect, &Limits::ACCEPTED).expect(&what);
            // A datetime is text here, and cannot be written as ext again.
            if !what.contains("ext 78") {
                assert_eq!(common::hex(&msgpack::encode(&value, dialect)), hex, "{what}");
            }
            if let Some(big) = what.contains("2**64").then(|| text(&case["python"])) {
                let int = big.parse::<num_bigint::BigInt>().expect("digits");
                assert_eq!(common::hex(&msgpack::encode(&Value::from_bigint(int), dialect)), hex);
            }
        }
    }
    for case in file["decode"].as_array().expect("a list") {
        for (name, dialect) in [("network", Dialect::Network), ("bus", Dialect::Bus)] {
            let bytes = common::unhex(&text(&case["hex"]));
            let found = msgpack::decode(&bytes, dialect, &Limits::ACCEPTED);
            let found = found.map_or_else(|_| "ERROR".into(), |value| common::repr(&value));
            let wanted = match text(&case[name]).as_str() {
                "ERROR SaltDeserializationError" => "ERROR".into(),
                "datetime.datetime(2026, 1, 2, 3, 4, 5, 678901)" => {
                    "'2026-01-02 03:04:05.678901'".into()
                }
                // Python's own time stamp type; Salt never writes it, here it is its data.
                "Timestamp(seconds=1, nanoseconds=0)" => match dialect {
                    Dialect::Network => "'\\x00\\x00\\x00\\x01'".into(),
                    Dialect::Bus => "b'\\x00\\x00\\x00\\x01'".into(),
                },
                other => other.to_owned(),
            };
            assert_eq!(found, wanted, "{} {name}", text(&case["what"]));
        }
    }
}

#[test]
fn events() {
    let file = vectors("event");
    let mut stream = StreamDecoder::new(Dialect::Bus, Limits::ACCEPTED);
    for case in file["events"].as_array().expect("a list") {
        let body = common::unhex(&text(&case["body_hex"]));
        let (tag, data) = frame::read_event(&body).expect("an event");
        assert_eq!(tag, text(&case["tag"]));
        assert_eq!(common::repr(&data), text(&case["data_repr"]));
        assert_eq!(frame::event_body(tag, data.as_map().expect("a map")), body);
        assert_eq!(common::hex(&frame::pull_frame(&body)), text(&case["pull_frame_hex"]));
        assert_eq!(common::hex(&frame::pub_frame(&body)), text(&case["pub_frame_hex"]));
        stream.push(&frame::pub_frame(&body));
        let read = stream.next_value().expect("valid").expect("complete");
        assert_eq!(frame::body_of(&read).expect("a body"), body);
    }
}

#[test]
fn requests_and_replies_of_a_real_minion() {
    let minion = private(&vectors("auth")["minion_real1_pem"]);
    for name in ["requests", "fileserver"] {
        let file = vectors(name);
        let key = AesKey::parse(text(&file["session_key"]).as_bytes()).expect("a key");
        let id = MinionId::parse("real1").expect("an id");
        let public = minion.public().clone();
        let keys = SessionKeys::aes(&key);
        let mut session = MasterSession::new(id, public, keys, ReplayPolicy::SALT_PEER);
        let crypticle = Crypticle::new(&key);
        for case in file["exchanges"].as_array().expect("a list") {
            let request = b64(&case["request_b64"]);
            let envelope = Envelope::parse(&request, 3, Origin::Remote).expect("an envelope");
            let opened = session.open_request(&envelope, 0).expect("a real request");
            assert_eq!(opened.request.get().name(), text(&case["cmd"]));
            assert_eq!(opened.nonce.as_str(), text(&case["load"]["nonce"]));
            let again = session.open_request(&envelope, 0);
            assert!(matches!(again, Err(halite_wire::Refused::Replay)));
            let reply =
                msgpack::decode(&b64(&case["reply_b64"]), Dialect::Network, &Limits::ACCEPTED);
            let reply = reply.expect("a reply");
            match &reply {
                Value::Str(refused) => assert_eq!(&**refused, halite_wire::error::BAD_LOAD),
                sealed => {
                    let sealed = sealed.as_bytes().expect("bytes");
                    let found = crypticle
                        .open(sealed, Some(&opened.nonce), &Limits::ACCEPTED)
                        .expect("opens");
                    assert_eq!(found, value(&case["reply_object"]));
                }
            }
        }
    }
}
