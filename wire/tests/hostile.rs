//! Changed, cut and random bytes: refused as values, never a panic, never work without bound.

mod common;
mod peers;

use common::{Seeded, b64, vectors};
use halite_core::Value;
use halite_wire::OsEntropy;
use halite_wire::crypto::{AesKey, PrivateKey, PublicKey, RsaKey};
use halite_wire::envelope::{Envelope, Load, Origin};
use halite_wire::frame;
use halite_wire::limits::Limits;
use halite_wire::load::{ClearCommand, PublishLoad};
use halite_wire::msgpack::{self, Dialect, StreamDecoder};
use halite_wire::session::{PublishPolicy, Subscriber};
use halite_wire::signin::master::{self, Autosign, Facts, KeyState};
use peers::{AHEAD, NOW, Peers, ask};

/// Changed copies made of each recorded frame.
const ROUNDS: usize = 300;

/// Every frame in the vectors.
fn frames() -> Vec<Vec<u8>> {
    let mut frames = Vec::new();
    for name in ["auth", "requests", "fileserver", "pillar"] {
        for case in vectors(name)["exchanges"].as_array().expect("a list") {
            frames.extend([b64(&case["request_b64"]), b64(&case["reply_b64"])]);
        }
    }
    for packet in vectors("publish")["packets"].as_array().expect("a list") {
        frames.extend([b64(&packet["frame_b64"]), b64(&packet["plaintext_b64"])[8..].to_vec()]);
    }
    for event in vectors("event")["events"].as_array().expect("a list") {
        frames.push(common::unhex(event["pub_frame_hex"].as_str().expect("hex")));
    }
    frames
}

/// A copy with a few bytes changed, cut, doubled or put in.
fn mutate(frame: &[u8], seed: &mut Seeded) -> Vec<u8> {
    let mut out = frame.to_vec();
    for _ in 0..=seed.below(4) {
        let at = seed.below(out.len());
        match seed.below(6) {
            0 if !out.is_empty() => out[at] ^= 1 << seed.below(8),
            1 if !out.is_empty() => out[at] = seed.next() as u8,
            2 => out.truncate(at),
            3 => out.insert(at, [0xdd, 0xdf, 0xdb, 0xc6, 0xc9, 0xc1][seed.below(6)]),
            4 => out.extend_from_within(at..),
            _ if !out.is_empty() => drop(out.remove(at)),
            _ => {}
        }
        out.truncate(8192);
    }
    out
}

/// Every parser that reads what strangers send.
fn feed(bytes: &[u8], stream_piece: usize, minion: &mut Subscriber) {
    for dialect in [Dialect::Network, Dialect::Bus] {
        if let Ok(value) = msgpack::decode(bytes, dialect, &Limits::UNAUTHENTICATED) {
            let again = msgpack::encode(&value, dialect);
            let read = msgpack::decode(&again, dialect, &Limits::ACCEPTED).expect("own bytes");
            assert_eq!(read, value);
            if let Value::Map(map) = value {
                let map = std::sync::Arc::unwrap_or_clone(map);
                drop((PublishLoad::parse(map.clone()), ClearCommand::parse(map)));
            }
        }
        let mut stream = StreamDecoder::new(dialect, Limits::UNAUTHENTICATED);
        for piece in bytes.chunks(stream_piece) {
            stream.push(piece);
            while let Ok(Some(_)) = stream.next_value() {}
        }
    }
    for origin in [Origin::Remote, Origin::Local] {
        if let Ok(envelope) = Envelope::parse(bytes, 2, origin)
            && let Load::Clear(load) = envelope.load
            && let Ok(Some(ClearCommand::Auth(request))) = ClearCommand::parse(load)
        {
            let facts = Facts {
                key: KeyState::Unknown,
                autosign: Autosign::Accept,
                full: false,
                open_mode: true,
            };
            master::decide(&request, &facts);
        }
    }
    drop((frame::read_event(bytes), minion.open(bytes, 0)));
}

#[test]
fn changed_frames_are_values_or_errors() {
    let master = common::key("master");
    let aes = AesKey::generate(&mut OsEntropy::new());
    let policy = PublishPolicy { require_signature: false, require_serial: false };
    let mut minion = Subscriber::new(&aes, master.public().clone(), policy, None);
    let mut seed = Seeded(20_261_122);
    for frame in frames() {
        for _ in 0..ROUNDS {
            let bytes = mutate(&frame, &mut seed);
            feed(&bytes, 1 + bytes.len() / 3, &mut minion);
        }
    }
}

#[test]
fn random_bytes_are_values_or_errors() {
    let master = common::key("master");
    let aes = AesKey::generate(&mut OsEntropy::new());
    let mut minion = Subscriber::new(&aes, master.public().clone(), PublishPolicy::default(), None);
    let mut seed = Seeded(7);
    for _ in 0..5000 {
        let len = seed.below(64);
        let bytes: Vec<u8> = (0..len).map(|_| seed.next() as u8).collect();
        feed(&bytes, 7, &mut minion);
    }
}

#[test]
fn changed_answers_never_sign_a_minion_in() {
    let mut peers = Peers::new();
    peers.config.master = Some(peers.master.public().clone());
    let (accepted, mut session) = peers.sign_in();
    let minion = peers.minion_session(&accepted);
    let entropy = &mut OsEntropy::new();
    let mut seed = Seeded(99);
    let sealed = minion.seal_request(ask("_file_envs"), NOW, entropy);
    for _ in 0..ROUNDS {
        let bytes = mutate(&sealed.frame, &mut seed);
        if let Ok(envelope) = Envelope::parse(&bytes, 3, Origin::Remote) {
            // Fields outside the seal may change (algorithms); what is opened was sealed.
            if let Ok(opened) = session.open_request(&envelope, NOW + AHEAD) {
                assert_eq!(opened.nonce, sealed.nonce);
            }
        }
        let reply = session.seal_reply(&Value::str("fine"), &sealed.nonce, entropy);
        let bytes = mutate(&reply, &mut seed);
        if bytes != reply {
            assert!(minion.open_reply(&bytes, &sealed.nonce).is_err());
        }
        assert!(minion.open_pillar(&bytes, &sealed.nonce, &peers.minion, entropy).is_err());
    }
}

#[test]
fn changed_keys_are_keys_or_errors() {
    let key = common::key("minion");
    let (public, private) = (key.public().pem().to_owned(), key.to_pem().expect("PEM"));
    let mut seed = Seeded(3);
    for _ in 0..ROUNDS {
        let text = String::from_utf8_lossy(&mutate(public.as_bytes(), &mut seed)).into_owned();
        if let Ok(found) = PublicKey::parse(&text) {
            assert!(found.bits() >= 2048);
        }
    }
    // Checking a private key takes long; a few changes show that it cannot panic.
    for _ in 0..20 {
        let text = String::from_utf8_lossy(&mutate(private.as_bytes(), &mut seed)).into_owned();
        drop(RsaKey::parse(&text));
    }
}

#[test]
fn strangers_are_bounded() {
    let envelope = |load: Value| {
        let frame = halite_core::map! {"enc" => "clear", "load" => load, "version" => 3};
        msgpack::encode(&frame.into(), Dialect::Network)
    };
    let parse = |frame: &[u8], origin| Envelope::parse(frame, 3, origin).map(|_| ());
    let long = envelope(halite_core::map! {"x" => "y".repeat(64 * 1024)}.into());
    assert!(parse(&long, Origin::Remote).is_err());
    assert!(parse(&long, Origin::Local).is_ok());
    let wide = envelope(halite_core::map! {"x" => vec![1; 5000]}.into());
    assert!(parse(&wide, Origin::Remote).is_err());
    let mut deep = Value::Null;
    for _ in 0..20 {
        deep = Value::list([deep]);
    }
    assert!(parse(&envelope(halite_core::map! {"x" => deep}.into()), Origin::Remote).is_err());
    // A bomb of a key list in a reply of the master's.
    assert!(halite_wire::crypto::PublicKey::parse(&"A".repeat(100_000)).is_err());
}

#[test]
fn the_list_of_seals_is_exact() {
    for enc in ["", "AES", "aes ", "pub", "none", "clear\0", "aes-256-gcm", "gcm2"] {
        for load in [Value::bytes([1, 2, 255]), halite_core::map! {"cmd" => "ping"}.into()] {
            let frame = halite_core::map! {"enc" => enc, "load" => load, "version" => 3};
            let frame = msgpack::encode(&frame.into(), Dialect::Network);
            assert!(Envelope::parse(&frame, 3, Origin::Local).is_err(), "{enc:?}");
        }
    }
    // The right name on the wrong kind of load is refused too.
    for (enc, load) in
        [("aes", ask("ping").into()), ("gcm", ask("ping").into()), ("clear", Value::bytes([9]))]
    {
        let frame = halite_core::map! {"enc" => enc, "load" => load, "version" => 3};
        let frame = msgpack::encode(&frame.into(), Dialect::Network);
        assert!(Envelope::parse(&frame, 3, Origin::Local).is_err(), "{enc:?}");
    }
}
