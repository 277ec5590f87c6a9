//! The core with a clock of its own and a master made of the wire's other half.

use std::sync::Arc;

use bytes::Bytes;
use halite_core::{Map, MinionId, Value, map};
use halite_wire::OsEntropy;
use halite_wire::crypto::{AesKey, PrivateKey, PublicKey, RsaKey, SigAlgo};
use halite_wire::envelope::{Envelope, Load, Origin};
use halite_wire::load::{AuthRequest, ClearCommand, MinionCommand};
use halite_wire::session::{MasterSession, Publisher, ReplayPolicy};
use halite_wire::signin::master::{Autosign, Decision, Facts as KeyFacts, KeyState, Offer};
use halite_wire::signin::master::{answer, decide};

use halite_core::{Opts, Role};

use super::*;
use crate::limits;

/// The master's end, and what it was told.
struct Master {
    key: RsaKey,
    aes: AesKey,
    session_key: AesKey,
    publisher: Publisher,
    accepted: KeyState,
    session: Option<MasterSession>,
    auths: usize,
    returns: Vec<String>,
    answers: bool,
    serves: bool,
    gcm: bool,
}

impl Master {
    fn new() -> Master {
        let entropy = &mut OsEntropy::new();
        let aes = AesKey::generate(entropy);
        Master {
            key: RsaKey::generate(2048, entropy).expect("a key"),
            session_key: AesKey::generate(entropy),
            publisher: Publisher::new(&aes, Some(SigAlgo::Sha1)),
            aes,
            accepted: KeyState::Unknown,
            session: None,
            auths: 0,
            returns: Vec::new(),
            answers: true,
            serves: true,
            gcm: false,
        }
    }

    /// A restart: other keys, nothing remembered.
    fn restart(&mut self) {
        let entropy = &mut OsEntropy::new();
        self.aes = AesKey::generate(entropy);
        self.session_key = AesKey::generate(entropy);
        self.publisher = Publisher::new(&self.aes, Some(SigAlgo::Sha1));
        self.session = None;
    }

    fn take(&mut self, frame: &[u8], now: Now) -> Option<Bytes> {
        if !self.answers {
            return None;
        }
        let envelope = Envelope::parse(frame, 3, Origin::Remote).expect("an envelope");
        if let Load::Clear(load) = &envelope.load {
            return Some(self.sign_in(load.clone(), now));
        }
        let entropy = &mut OsEntropy::new();
        let refusal = Bytes::from(halite_wire::error::bare("bad load"));
        let Some(session) = &mut self.session else { return Some(refusal) };
        let Ok(opened) = session.open_request(&envelope, now.unix) else { return Some(refusal) };
        if !self.serves {
            return None;
        }
        let value = match opened.request.get() {
            MinionCommand::Return(ret) => {
                self.returns.push(ret.jid.as_ref().map(ToString::to_string).unwrap_or_default());
                Value::Null
            }
            _ => Value::Bool(true),
        };
        Some(session.seal_reply(&value, &opened.nonce, entropy).into())
    }

    fn sign_in(&mut self, load: Map, now: Now) -> Bytes {
        self.auths += 1;
        let Some(ClearCommand::Auth(request)) = ClearCommand::parse(load).expect("a command")
        else {
            panic!("not an _auth");
        };
        let request: AuthRequest = *request;
        let facts = KeyFacts {
            key: self.accepted.clone(),
            autosign: Autosign::Ask,
            full: false,
            open_mode: false,
        };
        let decision: Decision = decide(&request, &facts);
        if matches!(self.accepted, KeyState::Unknown) {
            self.accepted = KeyState::Pending(request.public.to_string());
        }
        let offer = Offer {
            aes: &self.aes,
            session: &self.session_key,
            publish_port: 4505,
            gcm: self.gcm,
            version: 3,
            now: now.unix,
            pub_sig: None,
        };
        let entropy = &mut OsEntropy::new();
        let answer = answer(&request, &decision, &offer, &self.key, entropy).expect("signs");
        if let Some(keys) = answer.keys {
            let id = MinionId::parse("m1").expect("an id");
            let public = PublicKey::parse(&request.public).expect("a key");
            self.session = Some(MasterSession::new(id, public, keys, ReplayPolicy::OWN_PEER));
        }
        answer.frame.into()
    }

    fn accept(&mut self) {
        if let KeyState::Pending(key) = &self.accepted {
            self.accepted = KeyState::Accepted(key.clone());
        }
    }

    fn publish(&mut self, jid: &str) -> Bytes {
        self.publish_to("m*", jid)
    }

    fn publish_to(&mut self, tgt: &str, jid: &str) -> Bytes {
        let load = map! {
            "fun" => "test.ping", "arg" => Vec::<Value>::new(), "tgt" => tgt,
            "tgt_type" => "glob", "jid" => jid, "ret" => "", "user" => "root",
        };
        let packet = self.publisher.seal(load, &self.key, &mut OsEntropy::new());
        packet.expect("seals").into()
    }
}

/// A minion, its master and the time.
struct World {
    core: Core,
    master: Master,
    now: Now,
    ran: Vec<String>,
    disk: std::collections::BTreeMap<String, Map>,
    pinned: usize,
    subscribed: usize,
    exit: Option<u8>,
    answers: Vec<Result<Value>>,
}

impl World {
    fn new(values: Map) -> World {
        World::with(values, Kept::default())
    }

    fn with(mut values: Map, kept: Kept) -> World {
        for (name, value) in [("id", "m1"), ("master", "m")] {
            values.entry(name.into()).or_insert_with(|| value.into());
        }
        values.entry("sign_pub_messages".into()).or_insert(Value::Bool(true));
        let settings = Settings::from_opts(&Opts::from_map(Role::Minion, values)).expect("fine");
        let key = RsaKey::generate(2048, &mut OsEntropy::new()).expect("a key");
        let core = Core::new(settings, Arc::new(key), Facts::default(), kept);
        World {
            core,
            master: Master::new(),
            now: Now { ms: 0, unix: 1_790_000_000 },
            ran: Vec::new(),
            disk: Default::default(),
            pinned: 0,
            subscribed: 0,
            exit: None,
            answers: Vec::new(),
        }
    }

    /// An input and everything that follows at once.
    fn feed(&mut self, input: Input) {
        self.core.handle(self.now, &mut OsEntropy::new(), input);
        while let Some(output) = self.core.poll() {
            match output {
                Output::Request { req, frame, .. } => {
                    let reply = self.master.take(&frame, self.now).ok_or("no answer".to_owned());
                    self.core.handle(self.now, &mut OsEntropy::new(), Input::Reply { req, reply });
                }
                Output::Subscribe { .. } => self.subscribed += 1,
                Output::SignedIn { first: true } => {
                    self.core.handle(self.now, &mut OsEntropy::new(), Input::Ready);
                }
                Output::Run(load) => self.ran.push(load.jid.to_string()),
                Output::Pin { .. } => self.pinned += 1,
                Output::Spool { name, load } => drop(self.disk.insert(name, load)),
                Output::Unspool { name } => {
                    let load = self.disk.get(&name).cloned();
                    let input = Input::Spooled { name, load };
                    self.core.handle(self.now, &mut OsEntropy::new(), input);
                }
                Output::Drop { name } => drop(self.disk.remove(&name)),
                Output::Exit { code, .. } => self.exit = Some(code),
                Output::Answer { answer, .. } => self.answers.push(answer),
                Output::SignedIn { .. } | Output::Reconnected | Output::Keep => {}
            }
        }
    }

    /// Lets time pass, from deadline to deadline.
    fn pass(&mut self, ms: u64) {
        let end = self.now.ms + ms;
        for _ in 0..10_000 {
            match self.core.deadline() {
                Some(at) if at <= end => {
                    self.advance(at.max(self.now.ms));
                    self.feed(Input::Tick);
                }
                _ => return self.advance(end),
            }
        }
        panic!("the core wakes up for ever without getting on");
    }

    fn advance(&mut self, ms: u64) {
        self.now.unix += (ms - self.now.ms) / 1000;
        self.now.ms = ms;
    }

    fn joined() -> World {
        let mut world = World::new(Map::new());
        world.feed(Input::Tick);
        world.master.accept();
        world.pass(11_000);
        assert!(world.core.is_up());
        world
    }

    fn job_done(&mut self, jid: &str) {
        let load = map! {"cmd" => "_return", "jid" => jid, "fun" => "test.ping",
        "fun_args" => Vec::<Value>::new(), "return" => true, "retcode" => 0, "success" => true};
        self.feed(Input::Returned { name: jid.into(), load });
    }
}

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
fn a_return_stays_on_disk_until_the_master_has_it() {
    let mut world = World::joined();
    world.master.answers = false;
    world.job_done(JID);
    world.pass(120_000);
    assert!(world.disk.contains_key(JID));
    world.master.answers = true;
    world.pass(120_000);
    assert_eq!(world.master.returns, [JID]);
    assert!(world.disk.is_empty());
    assert!(world.core.is_quiet());
}

#[test]
fn a_quick_return_waits_until_a_real_salt_master_looks_for_it() {
    let mut world = World::joined();
    let packet = world.master.publish(JID);
    world.feed(Input::Published(packet));
    world.pass(20);
    world.job_done(JID);
    assert!(world.master.returns.is_empty(), "its command line would not see it");
    world.pass(limits::FOREIGN_RETURN_MS - 21);
    assert!(world.master.returns.is_empty());
    world.pass(1);
    assert_eq!(world.master.returns, [JID]);
    assert!(world.disk.is_empty());

    let packet = world.master.publish(JID2);
    world.feed(Input::Published(packet));
    world.pass(limits::FOREIGN_RETURN_MS);
    world.job_done(JID2);
    assert_eq!(world.master.returns, [JID, JID2], "a longer job is not held up");
}

#[test]
fn a_master_of_our_own_gets_returns_at_once() {
    let mut world = World::new(Map::new());
    world.master.gcm = true;
    world.feed(Input::Tick);
    world.master.accept();
    world.pass(11_000);
    let packet = world.master.publish(JID);
    world.feed(Input::Published(packet));
    world.job_done(JID);
    assert_eq!(world.master.returns, [JID]);
}

#[test]
fn returns_of_the_last_run_are_sent() {
    let kept = Kept { returns: vec![JID.into(), JID2.into()], ..Kept::default() };
    let mut world = World::with(Map::new(), kept);
    let load = |jid: &str| {
        map! {"cmd" => "_return", "jid" => jid, "fun" => "f", "fun_args" => Vec::<Value>::new(),
        "return" => 1, "retcode" => 0, "success" => true}
    };
    world.disk.insert(JID.into(), load(JID));
    world.feed(Input::Tick);
    world.master.accept();
    world.pass(60_000);
    assert_eq!(world.master.returns, [JID], "and the one that cannot be read is dropped");
    assert!(world.core.is_quiet());
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
