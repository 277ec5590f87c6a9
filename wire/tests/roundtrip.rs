//! Our minion and our master against each other: every suite, every refusal.

mod common;
mod peers;

use halite_core::{Map, Value, map};
use halite_wire::crypto::{AesKey, EncAlgo, PrivateKey, SigAlgo};
use halite_wire::envelope::{Enc, Envelope, Origin};
use halite_wire::error::BAD_LOAD;
use halite_wire::load::MinionCommand;
use halite_wire::session::{MasterSession, ReplayPolicy, ReplyError, SessionKeys};
use halite_wire::signin::master::{Autosign, KeyState, Store, Verdict};
use halite_wire::signin::minion::{Outcome, SignInError};
use halite_wire::{OpenError, OsEntropy, Refused};
use peers::{AHEAD, NOW, Peers, ask};

#[test]
fn every_suite_signs_in_and_talks() {
    for enc in [EncAlgo::OaepSha1, EncAlgo::OaepSha224] {
        for sig in [SigAlgo::Sha1, SigAlgo::Sha224] {
            for (offered, taken) in [(true, true), (true, false), (false, true), (false, false)] {
                for pinned in [true, false] {
                    let mut peers = Peers::new();
                    peers.config.enc_algo = enc;
                    peers.config.sig_algo = sig;
                    peers.config.offer_gcm = offered;
                    peers.gcm = taken;
                    if pinned {
                        peers.config.master = Some(peers.master.public().clone());
                    }
                    let (accepted, mut session) = peers.sign_in();
                    assert_eq!(accepted.gcm, offered && taken);
                    assert_eq!(accepted.store_master, !pinned);
                    assert_eq!(accepted.aes, peers.aes);
                    assert_eq!(accepted.clock_offset, if offered { 500 } else { 0 });
                    let minion = peers.minion_session(&accepted);
                    peers.talk(&minion, &mut session);
                }
            }
        }
    }
}

#[test]
fn a_stripped_offer_is_noticed_by_a_minion_that_knows_better() {
    let mut peers = Peers::new();
    peers.config.master = Some(peers.master.public().clone());
    peers.config.gcm_pinned = true;
    peers.tamper = Some(Box::new(|load: &mut Map| drop(load.shift_remove("ciphers"))));
    assert_eq!(peers.failure(), SignInError::Downgrade);
    peers.tamper = None;
    // Only the configuration goes back: the minion's,
    peers.config.offer_gcm = false;
    let (accepted, _) = peers.sign_in();
    assert!(!accepted.gcm);
    // or the master's, whose answer says under its signature that it saw the offer.
    peers.config.offer_gcm = true;
    peers.gcm = false;
    let (accepted, _) = peers.sign_in();
    assert!(!accepted.gcm);
    peers.tamper = Some(Box::new(|load: &mut Map| drop(load.shift_remove("ciphers"))));
    assert_eq!(peers.failure(), SignInError::Downgrade);
}

#[test]
fn an_offer_that_was_changed_on_the_way_is_noticed() {
    for change in ["aes-256-gcm-x", "none"] {
        let mut peers = Peers::new();
        peers.tamper = Some(Box::new(move |load: &mut Map| {
            load.insert("ciphers".into(), Value::list([Value::str(change)]));
        }));
        assert_eq!(peers.failure(), SignInError::Cipher, "{change}");
    }
}

#[test]
fn an_agreed_session_takes_nothing_weaker() {
    let mut peers = Peers::new();
    let (accepted, mut session) = peers.sign_in();
    assert_eq!(session.keys().enc(), Enc::Gcm);
    // The session key that came along for the old cipher must not open the door.
    let mut weaker = *accepted;
    weaker.keys = SessionKeys::aes(&peers.session);
    let minion = peers.minion_session(&weaker);
    let sealed = minion.seal_request(ask("_file_envs"), NOW, &mut OsEntropy::new());
    let envelope = Envelope::parse(&sealed.frame, 3, Origin::Remote).expect("an envelope");
    assert_eq!(refused(session.open_request(&envelope, NOW)), Refused::Enc("aes".into()));
}

fn refused<T: std::fmt::Debug>(result: Result<T, Refused>) -> Refused {
    let refused = result.expect_err("must be refused");
    let reply = halite_wire::msgpack::decode(
        &refused.reply(),
        halite_wire::msgpack::Dialect::Network,
        &halite_wire::limits::Limits::UNAUTHENTICATED,
    );
    assert_eq!(reply, Ok(Value::str(BAD_LOAD)), "one text whatever the reason");
    refused
}

#[test]
fn replays_strangers_and_old_requests_are_refused() {
    for gcm in [true, false] {
        let mut peers = Peers::new();
        peers.gcm = gcm;
        let (accepted, mut session) = peers.sign_in();
        let minion = peers.minion_session(&accepted);
        let entropy = &mut OsEntropy::new();
        let sealed = minion.seal_request(ask("_file_envs"), NOW, entropy);
        let envelope = Envelope::parse(&sealed.frame, 3, Origin::Remote).expect("an envelope");
        let opened = session.open_request(&envelope, NOW + 500).expect("opens");
        assert_eq!(opened.request.id().as_str(), "web1");
        assert_eq!(refused(session.open_request(&envelope, NOW + 500)), Refused::Replay);
        let old = minion.seal_request(ask("_file_envs"), NOW, entropy);
        let envelope = Envelope::parse(&old.frame, 3, Origin::Remote).expect("an envelope");
        let late = refused(session.open_request(&envelope, NOW + 500 + 61));
        assert_eq!(late, Refused::Stale { age: 61, ttl: 60 });

        // A reply belongs to its request.
        let first = session.seal_reply(&Value::str("x"), &opened.nonce, entropy);
        assert_eq!(minion.open_reply(&first, &sealed.nonce), Ok("x".into()));
        let other = minion.open_reply(&first, &old.nonce).expect_err("another nonce");
        assert!(matches!(other, ReplyError::Open(OpenError::Nonce | OpenError::Key)));
        // A request sent back is no reply.
        assert!(minion.open_reply(&sealed.frame, &sealed.nonce).is_err());
    }
}

#[test]
fn nobody_speaks_for_another() {
    let mut peers = Peers::new();
    peers.config.offer_gcm = false;
    let (accepted, session) = peers.sign_in();
    let entropy = &mut OsEntropy::new();
    // The right session key with another RSA key: `tok` does not verify.
    let stranger = common::key("big");
    let thief =
        halite_wire::session::MinionSession::new(&peers.config, &accepted, &stranger, entropy)
            .expect("a session");
    let sealed = thief.seal_request(ask("_file_envs"), NOW, entropy);
    let envelope = Envelope::parse(&sealed.frame, 3, Origin::Remote).expect("an envelope");
    let mut session = session;
    assert_eq!(refused(session.open_request(&envelope, NOW + 500)), Refused::Token);
    // The id inside the load is the session's, whatever a caller puts there.
    let minion = peers.minion_session(&accepted);
    let mut load = ask("_mine_flush");
    load.insert("id".into(), "db1".into());
    let sealed = minion.seal_request(load, NOW, entropy);
    let envelope = Envelope::parse(&sealed.frame, 3, Origin::Remote).expect("an envelope");
    let opened = session.open_request(&envelope, NOW + 500).expect("opens");
    assert_eq!(opened.request.id().as_str(), "web1");
    // An envelope of another id goes nowhere.
    let other = halite_core::MinionId::parse("db1").expect("an id");
    let keys = SessionKeys::aes(&peers.session);
    let public = peers.minion.public().clone();
    let mut db1 = MasterSession::new(other, public, keys, ReplayPolicy::SALT_PEER);
    assert_eq!(refused(db1.open_request(&envelope, NOW)), Refused::OtherId);
}

#[test]
fn an_auth_by_somebody_else_neither_ends_a_session_nor_reopens_it_for_replays() {
    for gcm in [true, false] {
        let mut peers = Peers::new();
        peers.gcm = gcm;
        let (accepted, mut session) = peers.sign_in();
        let minion = peers.minion_session(&accepted);
        let entropy = &mut OsEntropy::new();
        let sealed = minion.seal_request(ask("_file_envs"), NOW, entropy);
        let envelope = Envelope::parse(&sealed.frame, 3, Origin::Remote).expect("an envelope");
        assert!(session.open_request(&envelope, NOW + AHEAD).is_ok());
        let (_, mut renewed) = peers.sign_in();
        renewed.inherit(session);
        assert_eq!(refused(renewed.open_request(&envelope, NOW + AHEAD)), Refused::Replay);
        let next = minion.seal_request(ask("_file_envs"), NOW, entropy);
        let envelope = Envelope::parse(&next.frame, 3, Origin::Remote).expect("an envelope");
        assert!(renewed.open_request(&envelope, NOW + AHEAD).is_ok());
    }
}

#[test]
fn sessions_end_with_their_keys() {
    for (session, aes) in [(true, false), (false, true)] {
        let mut peers = Peers::new();
        let entropy = &mut OsEntropy::new();
        let (accepted, old) = peers.sign_in();
        let minion = peers.minion_session(&accepted);
        // A new session key, or the new key of publishes that every start of the master brings.
        if session {
            peers.session = AesKey::generate(entropy);
        }
        if aes {
            peers.aes = AesKey::generate(entropy);
        }
        let (_, mut renewed) = peers.sign_in();
        renewed.inherit(old);
        let sealed = minion.seal_request(ask("_file_envs"), NOW, entropy);
        let envelope = Envelope::parse(&sealed.frame, 3, Origin::Remote).expect("an envelope");
        let error = refused(renewed.open_request(&envelope, NOW));
        assert_eq!(error, Refused::Open(OpenError::Key));
        let told = minion.open_reply(&error.reply(), &sealed.nonce).expect_err("refused");
        assert_eq!(told, ReplyError::Refused(BAD_LOAD.into()));
        assert!(told.sign_in_again());
    }
}

#[test]
fn signed_messages_are_checked() {
    let mut peers = Peers::new();
    let (accepted, mut session) = peers.sign_in();
    let minion = peers.minion_session(&accepted);
    let entropy = &mut OsEntropy::new();
    let load = || map! {"cmd" => "_return", "jid" => "req", "fun" => "a.b", "return" => Value::bytes([255])};
    for (signer, right) in [(&peers.minion, true), (&peers.master, false)] {
        let sealed = minion.seal_signed_request(load(), NOW, signer, entropy).expect("signs");
        let envelope = Envelope::parse(&sealed.frame, 3, Origin::Remote).expect("an envelope");
        let opened = session.open_request(&envelope, NOW + AHEAD).expect("opens");
        assert_eq!(opened.signed, Some(right));
        let MinionCommand::Return(ret) = opened.request.get() else { panic!("a return") };
        let left: Vec<&str> = ret.rest.keys().filter_map(Value::as_str).collect();
        assert_eq!(left, ["ts"]);
    }
    let sealed = minion.seal_request(load(), NOW, entropy);
    let envelope = Envelope::parse(&sealed.frame, 3, Origin::Remote).expect("an envelope");
    assert_eq!(session.open_request(&envelope, NOW + AHEAD).expect("opens").signed, None);
}

#[test]
fn the_master_decides_in_salts_order() {
    use {Autosign as A, KeyState as K, Store as S, Verdict as V};
    let peers = Peers::new();
    let (own, other) = (peers.minion.public().pem().to_owned(), peers.master.public().pem());
    let stored = || format!("{own}\n");
    let table = [
        (K::Unknown, A::Ask, V::Pend, S::Pending, "pend"),
        (K::Unknown, A::Accept, V::Accept, S::Accepted, "accept"),
        (K::Unknown, A::Reject, V::Refuse, S::Rejected, "reject"),
        (K::Pending(stored()), A::Ask, V::Pend, S::Nothing, "pend"),
        (K::Pending(stored()), A::Accept, V::Accept, S::Accepted, "accept"),
        (K::Pending(stored()), A::Reject, V::Refuse, S::Rejected, "reject"),
        (K::Pending(other.into()), A::Ask, V::Refuse, S::Denied, "denied"),
        (K::Pending(other.into()), A::Accept, V::Refuse, S::Denied, "denied"),
        (K::Accepted(stored()), A::Ask, V::Accept, S::Nothing, "accept"),
        (K::Accepted(stored()), A::Reject, V::Accept, S::Nothing, "accept"),
        (K::Accepted(other.into()), A::Accept, V::Refuse, S::Denied, "denied"),
        (K::Rejected, A::Accept, V::Refuse, S::Nothing, "reject"),
    ];
    for (key, autosign, verdict, store, act) in table {
        let mut peers = Peers::new();
        peers.facts.key = key.clone();
        peers.facts.autosign = autosign;
        let (outcome, decision) = peers.exchange();
        let found = (decision.verdict, decision.store, decision.act);
        assert_eq!(found, (verdict, store, act), "{key:?} {autosign:?}");
        match verdict {
            V::Accept => assert!(matches!(outcome, Outcome::Accepted(_))),
            V::Pend => assert!(matches!(outcome, Outcome::Pending)),
            V::Refuse => assert!(matches!(outcome, Outcome::Rejected)),
            V::Full => panic!("not in this table"),
        }
        peers.facts.full = true;
        assert!(matches!(peers.exchange().0, Outcome::Full));
        peers.facts.full = false;
        peers.facts.open_mode = true;
        assert!(matches!(peers.exchange().0, Outcome::Accepted(_)), "open mode takes {key:?}");
    }
}

#[test]
fn the_minion_relies_on_nothing_unproved() {
    let stranger = common::key("big");
    let mut peers = Peers::new();
    peers.config.master = Some(stranger.public().clone());
    assert_eq!(peers.failure(), SignInError::MasterKey);

    let mut peers = Peers::new();
    peers.config.master_finger = Some("00:11".into());
    assert!(matches!(peers.failure(), SignInError::Finger { .. }));
    let right = format!("{}\n", peers.master.public().pem());
    let right = halite_wire::crypto::fingerprint_body(&right, Default::default());
    peers.config.master_finger = Some(right.to_uppercase());
    peers.sign_in();

    let mut peers = Peers::new();
    peers.config.master_sign = Some(stranger.public().clone());
    assert_eq!(peers.failure(), SignInError::PubSig);
    peers.pub_sig = Some("AAAA".into());
    assert_eq!(peers.failure(), SignInError::PubSig);
    let sig = peers.sign_own_key(&stranger);
    peers.pub_sig = Some(sig.clone());
    // Vouched for: even another key than the pinned one is taken, and to be stored.
    peers.config.master = Some(stranger.public().clone());
    assert!(peers.sign_in().0.store_master);
    peers.config.master_sign = None;
    assert_eq!(peers.failure(), SignInError::UnexpectedPubSig);

    // Another nonce, another minion's answer: refused.
    let mut peers = Peers::new();
    peers.tamper = Some(Box::new(|load: &mut Map| {
        load.insert("nonce".into(), Value::str("0".repeat(32)));
    }));
    assert_eq!(peers.failure(), SignInError::Nonce);

    // A token the master did not get back to us.
    let mut peers = Peers::new();
    peers.config.master = Some(peers.master.public().clone());
    peers.tamper = Some(Box::new(|load: &mut Map| {
        load.shift_remove("token");
    }));
    assert_eq!(peers.failure(), SignInError::Token);
}

#[test]
fn weak_keys_and_odd_ids_get_nothing() {
    for odd in [
        include_str!("weak/rsa1024.pub"),
        include_str!("weak/e3.pub"),
        include_str!("weak/ec.pub"),
        "x",
    ] {
        let mut peers = Peers::new();
        peers.facts.open_mode = true;
        peers.tamper = Some(Box::new(move |load: &mut Map| {
            load.insert("pub".into(), Value::str(odd));
        }));
        let (outcome, decision) = peers.exchange();
        assert_eq!((decision.verdict, decision.store), (Verdict::Refuse, Store::Nothing));
        assert!(matches!(outcome, Outcome::Rejected), "{outcome:?}");
    }
    for id in ["../x", "a/b", "", "..", "a\0b", "a\\b"] {
        let mut peers = Peers::new();
        peers.facts.open_mode = true;
        peers.tamper = Some(Box::new(move |load: &mut Map| {
            load.insert("id".into(), Value::str(id));
        }));
        let (_, decision) = peers.exchange();
        assert_eq!((decision.verdict, decision.store), (Verdict::Refuse, Store::Nothing), "{id:?}");
    }
}

#[test]
fn own_keys_are_made_strong() {
    let entropy = &mut OsEntropy::new();
    let key = halite_wire::crypto::RsaKey::generate(2048, entropy).expect("a key");
    assert_eq!(key.public().bits(), 2048);
    let again = halite_wire::crypto::RsaKey::parse(&key.to_pem().expect("PEM")).expect("reads");
    assert_eq!(again.public(), key.public());
    assert!(halite_wire::crypto::RsaKey::generate(1024, entropy).is_err());
    assert!(halite_wire::crypto::RsaKey::parse(include_str!("weak/rsa1024.pem")).is_err());
    assert!(format!("{key:?}").contains("redacted"));
}

#[test]
fn version_2_works_only_when_allowed() {
    let mut peers = Peers::new();
    peers.version = 2;
    peers.config.offer_gcm = false;
    assert!(matches!(refused(peers.parse_only(2, 3)), Refused::Version { found: 2, minimum: 3 }));
    assert!(matches!(refused(peers.parse_only(1, 0)), Refused::Version { found: 1, minimum: 2 }));
    assert!(peers.parse_only(2, 2).is_ok());
    // A master of that time sends no session key: refused, unless allowed.
    peers.tamper_blob = Some(Box::new(|blob: &mut Map| drop(blob.shift_remove("session"))));
    assert_eq!(peers.failure(), SignInError::NoSession);
    peers.config.allow_version_2 = true;
    let (accepted, mut session) = peers.sign_in();
    let minion = peers.minion_session(&accepted);
    let entropy = &mut OsEntropy::new();
    let sealed = minion.seal_request(ask("_mine_flush"), NOW, entropy);
    let envelope = Envelope::parse(&sealed.frame, 2, Origin::Remote).expect("an envelope");
    assert_eq!(envelope.version, 2);
    let key = halite_wire::crypto::Crypticle::new(&peers.aes);
    let shared = halite_wire::session::SharedLoad::open(&envelope, &[&key]).expect("opens");
    assert_eq!(shared.id().as_str(), "web1");
    let opened = session.open_shared(shared, NOW).expect("admitted");
    assert_eq!(*opened.request.get(), MinionCommand::MineFlush);
    let reply = session.seal_reply(&true.into(), &opened.nonce, entropy);
    assert_eq!(minion.open_reply(&reply, &sealed.nonce), Ok(true.into()));
    let wrong = halite_wire::crypto::Crypticle::new(&AesKey::generate(entropy));
    assert!(halite_wire::session::SharedLoad::open(&envelope, &[&wrong]).is_err());
    // Nor does a version 3 session take a load under the shared key.
    let mut strict = Peers::new();
    let (_, mut session) = strict.sign_in();
    let shared = halite_wire::session::SharedLoad::open(&envelope, &[&key]).expect("opens");
    refused(session.open_shared(shared, NOW));
}

#[test]
fn commands_name_the_wrong_field() {
    let mut peers = Peers::new();
    let (accepted, mut session) = peers.sign_in();
    let minion = peers.minion_session(&accepted);
    for (load, field) in [
        (map! {"cmd" => "_serve_file", "path" => 1}, "path"),
        (map! {"cmd" => "_serve_file", "path" => "x", "saltenv" => "../x"}, "saltenv"),
        (map! {"cmd" => "_serve_file", "path" => "x", "loc" => -1}, "loc"),
        (map! {"cmd" => "pub_ret", "jid" => "../../etc/passwd"}, "jid"),
        (map! {"cmd" => "_return", "jid" => "x", "fun" => "a", "return" => 1}, "jid"),
        (map! {"cmd" => "_return", "jid" => "req", "fun" => "a"}, "return"),
        (map! {"cmd" => "_file_recv", "path" => vec!["a", ".."], "data" => "x"}, "path"),
        (map! {"cmd" => "_minion_event", "data" => 1}, "tag"),
        (map! {"cmd" => "_minion_event", "events" => vec![Value::Null]}, "events"),
    ] {
        let sealed = minion.seal_request(load, NOW, &mut OsEntropy::new());
        let envelope = Envelope::parse(&sealed.frame, 3, Origin::Remote).expect("an envelope");
        // It is known whose request it is, so that it can be answered.
        let opened = session.open_request(&envelope, NOW + 500).expect("opens");
        match opened.request.into_parts().1 {
            MinionCommand::Malformed(error) => assert_eq!(error.field, field),
            other => panic!("{other:?}"),
        }
    }
}
