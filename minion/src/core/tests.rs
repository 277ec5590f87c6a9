//! What the core does about what happens.

mod returns;
mod world;

use halite_core::map;
use halite_wire::OsEntropy;
use halite_wire::crypto::{AesKey, PrivateKey, RsaKey, SigAlgo};
use halite_wire::session::Publisher;
use halite_wire::signin::master::KeyState;

use super::*;
use crate::limits;
use world::{Master, World};

const JID: &str = "20261122000000000001";
const JID2: &str = "20261122000000000002";

#[test]
fn a_pending_key_is_asked_for_until_it_is_accepted() {
    let mut world = World::new(Map::new());
    world.feed(Input::Tick);
    world.pass(35_000);
    assert_eq!(world.master.auths, 4, "at 0, 10, 20 and 30 seconds");
    assert!(!world.core.is_up());
    world.master.accept();
    world.pass(10_000);
    assert!(world.core.is_up());
    assert_eq!((world.pinned, world.subscribed), (1, 1));
    world.pass(3_600_000);
    assert_eq!(world.master.auths, 5, "a session holds");
}

#[test]
fn a_rejected_key_ends_the_process_after_a_while() {
    let mut world = World::new(Map::new());
    world.master.accepted = KeyState::Rejected;
    world.feed(Input::Tick);
    assert_eq!(world.exit, None);
    world.pass(20_000);
    assert_eq!(world.exit, Some(77));

    let mut patient = World::new(map! {"rejected_retry" => true});
    patient.master.accepted = KeyState::Rejected;
    patient.feed(Input::Tick);
    patient.pass(60_000);
    assert_eq!(patient.exit, None);
}

#[test]
fn a_minion_with_master_tries_gives_up_after_so_many_rounds() {
    let tries = map! {"master_tries" => 2, "auth_tries" => 3, "random_reauth_delay" => 1};
    let mut world = World::new(tries);
    world.master.answers = false;
    world.feed(Input::Tick);
    for _ in 0..60 {
        world.pass(6_000);
    }
    assert_eq!((world.exit, world.master.auths), (Some(1), 0));
}

#[test]
fn the_first_sign_in_may_be_put_off() {
    let mut world = World::new(map! {"random_startup_delay" => 3_600});
    world.feed(Input::Tick);
    assert_eq!(world.master.auths, 0);
    world.pass(3_600_001);
    assert!(world.master.auths > 0);
}

#[test]
fn salt_call_does_not_wait_for_a_pending_key() {
    let mut world = World::new(map! {"caller" => true});
    world.feed(Input::Tick);
    world.pass(0);
    assert_eq!(world.exit, Some(2));
    assert_eq!(world.subscribed, 0);
}

#[test]
fn a_job_runs_once_however_often_it_comes() {
    let mut world = World::joined();
    let packet = world.master.publish(JID);
    world.feed(Input::Published(packet.clone()));
    world.feed(Input::Published(packet));
    let again = world.master.publish(JID);
    world.feed(Input::Published(again));
    assert_eq!(world.ran, [JID]);
    let other = world.master.publish(JID2);
    world.feed(Input::Published(other));
    assert_eq!(world.ran, [JID, JID2]);
}

#[test]
fn a_part_of_a_batch_for_others_does_not_use_up_the_jid() {
    let mut world = World::joined();
    for tgt in ["other", "m1", "m1"] {
        let part = world.master.publish_to(tgt, JID);
        world.feed(Input::Published(part));
    }
    assert_eq!(world.ran, [JID]);
}

#[test]
fn jobs_seen_are_known_after_a_restart() {
    let kept = Kept { window: Window::from_jids([JID], 100), ..Kept::default() };
    let mut world = World::with(Map::new(), kept);
    world.feed(Input::Tick);
    world.master.accept();
    world.pass(11_000);
    for jid in [JID, JID2] {
        let packet = world.master.publish(jid);
        world.feed(Input::Published(packet));
    }
    assert_eq!(world.ran, [JID2]);
}

#[test]
fn a_publish_under_a_new_key_signs_in_and_is_not_lost() {
    let mut world = World::joined();
    let before = world.master.auths;
    world.master.restart();
    let packet = world.master.publish(JID);
    world.feed(Input::Published(packet));
    world.pass(limits::RESIGN_PAUSE_MS);
    assert_eq!(world.master.auths, before + 1);
    assert_eq!(world.ran, [JID]);
}

#[test]
fn unreadable_publishes_cause_sign_ins_at_a_bounded_rate() {
    let mut world = World::joined();
    let before = world.master.auths;
    let mut stranger = Publisher::new(&AesKey::generate(&mut OsEntropy::new()), None);
    for at in 0..50 {
        let load = map! {"fun" => "f", "arg" => Vec::<Value>::new(), "tgt" => "*",
        "jid" => format!("202611220000000001{at:02}")};
        // Signed by the master, sealed with a key nobody has.
        let mut sealed =
            stranger.seal(load, &world.master.key, &mut OsEntropy::new()).expect("seals");
        sealed = resign(&world.master.key, &sealed);
        world.feed(Input::Published(sealed.into()));
        world.pass(100);
    }
    assert!(world.master.auths > before);
    assert!(
        world.master.auths <= before + 2,
        "5 seconds, one sign-in in each: {}",
        world.master.auths
    );
    assert_eq!(world.ran, Vec::<String>::new());
}

/// The same packet with a signature.
fn resign(key: &RsaKey, packet: &[u8]) -> Vec<u8> {
    use halite_wire::limits::Limits;
    use halite_wire::msgpack::{Dialect, decode, encode};
    let value = decode(packet, Dialect::Network, &Limits::ACCEPTED).expect("a packet");
    let mut map = value.as_map().expect("a map").clone();
    let load = map.get("load").and_then(Value::as_bytes).expect("a load").to_vec();
    let sig = key.sign(SigAlgo::Sha1, &load, &mut OsEntropy::new()).expect("signs");
    map.insert("sig_algo".into(), SigAlgo::Sha1.as_str().into());
    map.insert("sig".into(), Value::bytes(sig));
    encode(&map.into(), Dialect::Network)
}

#[test]
fn unsigned_publishes_cause_nothing() {
    let mut world = World::joined();
    let before = world.master.auths;
    let mut unsigned = Publisher::new(&world.master.aes, None);
    let load = map! {"fun" => "f", "arg" => Vec::<Value>::new(), "tgt" => "*", "jid" => JID};
    let packet = unsigned.seal(load, &world.master.key, &mut OsEntropy::new()).expect("seals");
    world.feed(Input::Published(packet.into()));
    world.pass(60_000);
    assert_eq!(world.ran, Vec::<String>::new());
    assert_eq!(world.master.auths, before);
}

#[test]
fn a_session_that_the_master_forgot_is_made_again_for_a_request() {
    let mut world = World::joined();
    let before = world.master.auths;
    world.master.restart();
    let ask = map! {"cmd" => "_file_envs"};
    world.feed(Input::Ask { id: 7, load: ask, kind: Kind::Plain });
    world.pass(1_000);
    assert_eq!(world.master.auths, before + 1);
    assert!(matches!(world.answers.as_slice(), [Ok(Value::Bool(true))]), "{:?}", world.answers);
}

#[test]
fn a_request_without_answer_is_tried_again_and_given_up() {
    let mut world = World::joined();
    world.master.serves = false;
    let ask = map! {"cmd" => "_file_envs"};
    world.feed(Input::Ask { id: 7, load: ask, kind: Kind::Plain });
    world.pass(1_000);
    assert!(matches!(world.answers.as_slice(), [Err(_)]), "{:?}", world.answers);
    world.feed(Input::Ask { id: 8, load: map! {"cmd" => "_pillar"}, kind: Kind::Pillar });
    world.pass(1_000);
    let why = world.answers[1].as_ref().expect_err("is given up").to_string();
    assert!(why.starts_with("Pillar timed out after "), "{why}");
}

#[test]
fn another_master_key_than_the_pinned_one_is_refused() {
    let mut world = World::joined();
    world.master = Master::new();
    world.core.sign_in_again(world.now);
    world.feed(Input::Tick);
    world.pass(60_000);
    assert!(!world.core.is_up());
    assert_eq!(world.pinned, 1);
}

#[test]
fn the_next_master_is_tried_after_some_failures() {
    let masters = vec![Value::str("a"), Value::str("b:1234")];
    let mut world = World::new(map! {"master" => masters, "auth_tries" => 2});
    world.master.answers = false;
    world.feed(Input::Tick);
    assert_eq!(world.core.address().host, "a");
    world.pass(12_000);
    let seen = world.core.address();
    assert!(world.core.failures >= 2, "{}", world.core.failures);
    assert!(seen.host == "b" && seen.port == 1234 || world.core.failures >= 4);
}

#[test]
fn nothing_runs_after_a_stop() {
    let mut world = World::joined();
    world.feed(Input::Stop);
    let packet = world.master.publish(JID);
    world.feed(Input::Published(packet));
    assert_eq!(world.ran, Vec::<String>::new());
}
