//! The whole core without sockets: frames in, frames out.

mod batches;
mod durable;
mod events;
mod peers;
mod returns;
mod sealing;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use halite_core::host::RealHost;
use halite_core::{Map, MinionId, Opts, Role, Value, map};
use halite_net::ConnId;
use halite_wire::OsEntropy;
use halite_wire::crypto::{AesKey, GcmKeys, GcmSecret, PrivateKey, PublicKey, RsaKey};
use halite_wire::msgpack::{self, Dialect};
use halite_wire::session::{MasterSession, MinionSession, ReplayPolicy, SessionKeys};
use halite_wire::signin::minion::{Accepted, Config};
use halite_wire::{envelope, limits::Limits};

use super::{Core, Done, Input, Now, Output, ReqId, Settings, Start};
use crate::store::Write;
use crate::user_keys::{UserKeys, key_path};
use crate::work::News;

const MINION: &str = include_str!("../../tests/fixtures/minion.pem");
const PEER: &str = "127.0.0.1:40000";

/// A core with what it needs around it.
struct World {
    core: Core,
    key: String,
    requests: u64,
    /// Writes asked for so far.
    stored: u64,
    _dir: tempfile::TempDir,
}

/// A signed-in minion.
struct Minion {
    id: MinionId,
    wire: MinionSession,
}

fn id(text: &str) -> MinionId {
    MinionId::parse(text).expect("is an id")
}

fn peer() -> SocketAddr {
    PEER.parse().expect("is an address")
}

fn world(more: Map) -> World {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let mut values = map! {"cachedir" => dir.path(), "user" => "root", "publisher_acl" => map! {}};
    values.extend(more);
    let opts = Opts::from_map(Role::Master, values);
    let mut entropy = OsEntropy::new();
    let users = UserKeys::make(&opts, &RealHost::new(), &mut entropy).expect("are made");
    let key = std::fs::read_to_string(key_path(&opts, "root")).expect("is there");
    let accepted: BTreeSet<MinionId> = ["db1", "web1", "web2"].map(id).into();
    let core = Core::new(Start {
        settings: Arc::new(Settings::of(&opts)),
        now: Now(1_790_000_000_000_000),
        entropy: Box::new(OsEntropy::new()),
        users,
        accepted,
        aes: AesKey::generate(&mut entropy),
    });
    World { core, key, requests: 0, stored: 0, _dir: dir }
}

impl World {
    /// Gives a frame to the core; the reply, if it came at once, and everything else.
    fn frame(&mut self, frame: impl Into<Bytes>) -> (Option<Bytes>, Vec<Output>) {
        self.requests += 1;
        let req = ReqId(self.requests);
        let now = Now(self.core.now.0 + 1_000);
        self.core.handle(
            now,
            Input::Request { req, conn: ConnId(1), peer: peer(), frame: frame.into() },
        );
        let mut reply = None;
        let mut rest = Vec::new();
        while let Some(output) = self.core.poll() {
            match output {
                Output::Reply(to, frame) if to == req => {
                    assert!(reply.replace(frame).is_none(), "answered twice");
                }
                Output::Store(write) => {
                    // It is written as soon as nothing else is to be done.
                    assert!(!matches!(write, Write::Return { .. }) || reply.is_none());
                    self.stored += 1;
                    self.core.handle(now, Input::Committed(self.stored));
                    rest.push(Output::Store(write));
                }
                other => rest.push(other),
            }
        }
        (reply, rest)
    }

    fn clear(&mut self, load: Map) -> (Value, Vec<Output>) {
        let (reply, rest) = self.frame(envelope::clear_request(load));
        let reply = reply.expect("is answered at once");
        (msgpack::decode(&reply, Dialect::Network, &Limits::ACCEPTED).expect("reads"), rest)
    }

    /// Publishes as a local client of ours does.
    fn publish(&mut self, more: Map) -> (Value, Vec<Output>) {
        let kwargs = map! {"no_job_files" => true};
        let mut load = map! {
            "cmd" => "publish", "fun" => "test.ping", "arg" => Value::list([]), "tgt" => "*", "tgt_type" => "glob",
            "ret" => "", "jid" => "", "user" => "root", "key" => self.key.as_str(), "kwargs" => kwargs,
        };
        load.extend(more);
        self.clear(load)
    }

    fn sign_in(&mut self, name: &str) -> Minion {
        self.sign_in_with(name, SessionKeys::aes(&AesKey::generate(&mut OsEntropy::new())))
    }

    fn sign_in_with(&mut self, name: &str, keys: SessionKeys) -> Minion {
        let key = RsaKey::parse(MINION).expect("is a key");
        let public = PublicKey::parse(key.public().pem()).expect("is a key");
        let wire =
            MasterSession::new(id(name), public.clone(), keys.clone(), ReplayPolicy::SALT_PEER);
        let news = News::SignedIn { peer: peer(), session: Box::new(wire) };
        let done = Done { news: vec![news], ..Done::default() };
        self.core.handle(self.core.now, Input::Done(done));
        while self.core.poll().is_some() {}
        let accepted = Accepted {
            aes: self.core.aes.clone(),
            keys,
            publish_port: 4505,
            master: public,
            store_master: false,
            gcm: false,
            clock_offset: 0,
        };
        let config = Config::new(id(name));
        let wire = MinionSession::new(&config, &accepted, &key, &mut OsEntropy::new());
        Minion { id: id(name), wire: wire.expect("is made") }
    }

    /// Sends a command as a minion and opens the answer; `None` if it is refused or comes later.
    fn ask(&mut self, who: &mut Minion, load: Map) -> (Option<Value>, Vec<Output>) {
        let now = self.core.now.seconds();
        let sealed = who.wire.seal_request(load, now, &mut OsEntropy::new());
        let (reply, rest) = self.frame(sealed.frame.clone());
        (reply.and_then(|reply| who.wire.open_reply(&reply, &sealed.nonce).ok()), rest)
    }
}

fn jid_of(reply: &Value) -> String {
    reply.get("load").and_then(|load| load.get("jid")).map(ToString::to_string).unwrap_or_default()
}

fn published(outputs: &[Output]) -> usize {
    outputs.iter().filter(|output| matches!(output, Output::Publish(_))).count()
}

fn tags(outputs: &[Output]) -> Vec<String> {
    let bus = outputs.iter().filter_map(|output| match output {
        Output::Bus(frame) => Some(frame),
        _ => None,
    });
    bus.map(|frame| {
        let framed = msgpack::decode(frame, Dialect::Bus, &Limits::ACCEPTED).expect("reads");
        let body = halite_wire::frame::body_of(&framed).expect("has one");
        crate::events::tag_of(body).expect("has one").to_owned()
    })
    .collect()
}

#[test]
fn a_publish_is_announced_kept_and_sent() {
    let mut world = world(Map::new());
    let (reply, outputs) = world.publish(Map::new());
    let load = reply.get("load").expect("has one");
    assert_eq!(load.get("minions"), Some(&vec!["db1", "web1", "web2"].into()));
    let jid = jid_of(&reply);
    assert_eq!(tags(&outputs), [format!("salt/job/{jid}/new"), format!("salt/job/{jid}/publish")]);
    assert_eq!(published(&outputs), 1);
    assert!(outputs.iter().any(|output| matches!(output, Output::Store(Write::Job { .. }))));
}

#[test]
fn nobody_publishes_without_the_key() {
    let mut world = world(Map::new());
    let wrong = [
        map! {"key" => ""},
        map! {"key" => "x".repeat(76)},
        map! {"key" => ()},
        map! {"key" => 5},
        map! {"token" => "abc"},
        map! {"kwargs" => map! {"eauth" => "pam", "username" => "root", "password" => "x"}},
        map! {"eauth" => "auto"},
    ];
    for more in wrong {
        let (reply, outputs) = world.publish(more.clone());
        let error = reply.get("error").and_then(|error| error.get("name")).cloned();
        assert_eq!(error, Some("AuthenticationError".into()), "{more:?}");
        assert_eq!(published(&outputs), 0);
        for tag in tags(&outputs) {
            assert!(tag.ends_with("/error"), "{tag}");
        }
    }
    for cmd in ["runner", "wheel"] {
        let (reply, outputs) =
            world.clear(map! {"cmd" => cmd, "fun" => "key.delete", "match" => "*"});
        assert!(reply.get("error").is_some() && outputs.is_empty(), "{cmd}");
    }
}

#[test]
fn targets_that_mean_nobody_say_so() {
    let mut world = world(Map::new());
    for (tgt, kind) in
        [("x*", "glob"), ("*", "nonsense"), ("(", "pcre"), ("nodegroup", "nodegroup")]
    {
        let (reply, outputs) = world.publish(map! {"tgt" => tgt, "tgt_type" => kind});
        let error = reply.get("load").and_then(|load| load.get("error")).map(ToString::to_string);
        let want = format!("Master could not resolve minions for target {tgt}");
        assert!(error.is_some_and(|error| error.starts_with(&want)), "{kind}: {reply:?}");
        assert_eq!(published(&outputs), 0);
    }
    let (reply, _) = world.publish(map! {"tgt" => "web1,gone", "tgt_type" => "list"});
    let load = reply.get("load").expect("has one");
    assert_eq!(load.get("missing"), Some(&vec!["gone"].into()));
}

#[test]
fn a_publish_with_wrong_types_is_refused_in_words() {
    let mut world = world(Map::new());
    let odd = [
        Value::Null,
        5.into(),
        Value::list([5.into()]),
        map! {"a" => 1}.into(),
        Value::bytes([255]),
        Value::list([]),
        (-1).into(),
        f64::NAN.into(),
    ];
    for field in ["fun", "arg", "tgt", "tgt_type", "ret", "jid", "user", "key", "kwargs", "to"] {
        for value in &odd {
            let mut load = map! {
                "cmd" => "publish", "fun" => "test.ping", "arg" => Value::list([]), "tgt" => "web1",
                "key" => world.key.as_str(), "kwargs" => map! {"no_job_files" => true},
            };
            load.insert(field.into(), value.clone());
            let (reply, outputs) = world.frame(envelope::clear_request(load));
            // A publish whose client does not say that it needs no files is answered when they are written.
            let later = outputs.iter().filter(|output| matches!(output, Output::Work(_))).count();
            assert_eq!(usize::from(reply.is_some()) + later, 1, "{field}: {value:?}");
            assert!(published(&outputs) <= 1);
        }
    }
}

#[test]
fn a_function_on_the_blacklist_is_nobodys() {
    let black = map! {"modules" => vec!["cmd.*"], "users" => vec!["evil"]};
    let mut world = world(map! {"publisher_acl_blacklist" => black});
    for more in [map! {"fun" => "cmd.run"}, map! {"user" => "evil"}] {
        let (reply, outputs) = world.publish(more);
        let name = reply.get("error").and_then(|error| error.get("name")).cloned();
        assert_eq!((name, published(&outputs)), (Some("AuthorizationError".into()), 0));
    }
}

#[test]
fn returns_come_from_the_session_not_from_the_load() {
    let mut world = world(Map::new());
    let mut web1 = world.sign_in("web1");
    let (reply, _) = world.publish(map! {"tgt" => "web*"});
    let jid = jid_of(&reply);
    let ret = map! {
        "cmd" => "_return", "jid" => jid.as_str(), "fun" => "test.ping", "fun_args" => Value::list([]),
        "return" => true, "retcode" => 0, "success" => true,
    };
    let (answer, outputs) = world.ask(&mut web1, ret.clone());
    assert_eq!(answer, Some(Value::Null));
    assert_eq!(tags(&outputs), [format!("salt/job/{jid}/ret/web1")]);
    let (answer, outputs) = world.ask(&mut web1, ret.clone());
    assert_eq!(
        (answer, tags(&outputs).len()),
        (Some(Value::Null), 0),
        "a repeated return is one return"
    );
    let mut db1 = world.sign_in("db1");
    let (answer, outputs) = world.ask(&mut db1, ret);
    assert_eq!((answer, tags(&outputs).len()), (Some(Value::Null), 0), "the job was not for db1");
}

#[test]
fn a_minion_fires_only_its_own_events() {
    let mut world = world(Map::new());
    let mut web1 = world.sign_in("web1");
    let event =
        |tag: &str| map! {"cmd" => "_minion_event", "tag" => tag, "data" => "x", "pretag" => ()};
    let (_, outputs) = world.ask(&mut web1, event("salt/minion/web1/start"));
    assert_eq!(tags(&outputs), ["salt/minion/web1/start"]);
    for tag in ["salt/minion/web2/start", "salt/auth", "salt/job/20261122000000000000/new", "key"] {
        let (answer, outputs) = world.ask(&mut web1, event(tag));
        assert_eq!((answer, tags(&outputs).len()), (Some(Value::Null), 0), "{tag}");
    }
    let two =
        Value::list([map! {"tag" => "a/b", "data" => 1}.into(), map! {"tag" => "salt/key"}.into()]);
    let many = map! {"cmd" => "_minion_event", "events" => two, "pretag" => "pre"};
    let (_, outputs) = world.ask(&mut web1, many);
    // `salt/key` is dropped; below a prefix of the minion's own it means nothing.
    assert_eq!(tags(&outputs), ["pre/a/b", "a/b", "pre/salt/key"]);
}

#[test]
fn a_minion_that_floods_loses_its_events_and_nobody_elses() {
    let mut world = world(Map::new());
    let (mut web1, mut db1) = (world.sign_in("web1"), world.sign_in("db1"));
    let events = Value::list((0..500).map(|_| map! {"tag" => "my/tag", "data" => 1}.into()));
    let load = map! {"cmd" => "_minion_event", "events" => events};
    let fired: Vec<Vec<String>> =
        (0..6).map(|_| tags(&world.ask(&mut web1, load.clone()).1)).collect();
    assert!(fired[..4].iter().all(|tags| tags.len() == 500));
    assert_eq!(fired[4], ["halite/minion/flood"], "it is told once");
    assert!(fired[5].is_empty());
    let one = map! {"cmd" => "_minion_event", "tag" => "my/tag", "data" => "x"};
    assert_eq!(tags(&world.ask(&mut db1, one).1).len(), 1);
}

#[test]
fn commands_with_wrong_types_are_answered_once_each() {
    let mut world = world(Map::new());
    let web1 = world.sign_in("web1");
    let odd =
        [Value::Null, 5.into(), "../x".into(), Value::list([Value::Null]), map! {1 => 2}.into()];
    let commands = [
        ("_return", vec!["jid", "fun", "return", "retcode"]),
        ("_minion_event", vec!["tag", "events", "pretag"]),
        ("_mine", vec!["data", "clear"]),
        ("_mine_get", vec!["tgt", "fun", "tgt_type"]),
        ("_mine_delete", vec!["fun"]),
        ("_mine_marks", vec!["id"]),
        ("_pillar", vec!["grains", "saltenv", "pillar_override", "extra_minion_data"]),
        ("_serve_file", vec!["path", "saltenv", "loc", "gzip"]),
        ("_file_list", vec!["saltenv", "prefix"]),
        ("_file_recv", vec!["path", "size", "loc", "data"]),
        ("minion_pub", vec!["fun", "arg", "tgt", "tgt_type", "ret", "tmo"]),
        ("pub_ret", vec!["jid"]),
        ("minion_runner", vec!["fun", "arg"]),
        ("_register_resources", vec!["resources"]),
        ("nonsense", vec!["x"]),
    ];
    for (cmd, fields) in commands {
        for field in fields {
            for value in &odd {
                let load =
                    map! {"cmd" => cmd, "fun" => "test.ping", "tgt" => "*", field => value.clone()};
                let now = world.core.now.seconds();
                let sealed = web1.wire.seal_request(load, now, &mut OsEntropy::new());
                let (reply, outputs) = world.frame(sealed.frame);
                let works =
                    outputs.iter().filter(|output| matches!(output, Output::Work(_))).count();
                assert_eq!(usize::from(reply.is_some()) + works, 1, "{cmd} {field} {value:?}");
                assert_eq!(published(&outputs), 0, "{cmd} {field}");
                // What was handed on is done, so that the account is free again.
                for _ in 0..works {
                    let done = Done { account: Some(web1.id.clone()), ..Done::default() };
                    world.core.handle(world.core.now, Input::Done(done));
                }
            }
        }
    }
}

#[test]
fn frames_from_nobody_change_nothing() {
    let mut world = world(Map::new());
    let stranger = {
        let mut other = self::world(Map::new());
        other.sign_in("web1")
    };
    let sealed = stranger.wire.seal_request(map! {"cmd" => "_file_envs"}, 0, &mut OsEntropy::new());
    let odd =
        map! {"enc" => "gcm", "load" => Value::bytes([0; 64]), "version" => 3, "id" => "nobody"};
    let unknown = map! {"enc" => "rot13", "load" => "x", "version" => 3, "id" => "web1"};
    let encode = |map: Map| msgpack::encode(&map.into(), Dialect::Network);
    for frame in [vec![], vec![0xc1], vec![0x80], encode(odd), encode(unknown)] {
        let (reply, outputs) = world.frame(frame);
        assert_eq!(reply.as_deref(), Some(&b"\xa8bad load"[..]));
        assert!(outputs.is_empty());
    }
    // A known id without a session: its session is looked for on disk, and when there is none it is refused.
    let (reply, outputs) = world.frame(sealed.frame);
    assert!(reply.is_none() && matches!(&outputs[..], [Output::Work(_)]));
    let news = News::Woken { id: id("web1"), session: None };
    let done = Done { news: vec![news], ..Done::default() };
    world.core.handle(world.core.now, Input::Done(done));
    assert!(
        matches!(world.core.poll(), Some(Output::Reply(_, frame)) if *frame == b"\xa8bad load"[..])
    );
    let (reply, _) = world.clear(map! {"cmd" => "_prep_auth_info"});
    assert_eq!(reply, Map::new().into());
}

#[test]
fn a_deleted_key_ends_the_session_at_once() {
    let mut world = world(Map::new());
    let mut web1 = world.sign_in("web1");
    let data = map! {"result" => true, "act" => "delete", "id" => "web1"};
    let message = halite_wire::frame::pub_frame(&halite_wire::frame::event_body("salt/key", &data));
    world.core.handle(world.core.now, Input::Local(message.into()));
    let outputs: Vec<Output> = std::iter::from_fn(|| world.core.poll()).collect();
    assert_eq!(tags(&outputs), ["salt/key"], "the event goes on to whoever listens");
    let wiped =
        outputs.iter().filter(|output| matches!(output, Output::Store(Write::Remove { .. })));
    assert_eq!(wiped.count(), 4);
    let (answer, _) = world.ask(&mut web1, map! {"cmd" => "_file_envs"});
    assert_eq!(answer, None);
    let (reply, _) = world.publish(map! {"tgt" => "web1"});
    assert!(reply.get("load").is_some_and(|load| load.get("error").is_some()));
}

fn gcm() -> SessionKeys {
    let fresh = || AesKey::generate(&mut OsEntropy::new());
    let secret = GcmSecret::derive(&fresh(), &fresh(), "web1");
    SessionKeys::Gcm(Box::new(GcmKeys::derive(&secret, "web1")))
}

#[test]
fn a_sign_in_that_is_not_proved_ends_no_session() {
    let mut world = world(Map::new());
    let ask = map! {"cmd" => "_mine_flush"};
    let mut first = world.sign_in_with("web1", gcm());
    assert!(world.ask(&mut first, ask.clone()).0.is_some());
    // Somebody else sends `_auth` with the same id and key; he cannot read what comes back.
    let mut second = world.sign_in_with("web1", gcm());
    assert!(world.ask(&mut first, ask.clone()).0.is_some(), "the session goes on");
    // The minion itself signed in again: its first request makes the new session the one.
    assert!(world.ask(&mut second, ask.clone()).0.is_some());
    assert!(world.ask(&mut first, ask).0.is_none());
}

#[test]
fn a_request_is_taken_once_even_across_a_sign_in() {
    let mut world = world(Map::new());
    let keys = SessionKeys::aes(&AesKey::generate(&mut OsEntropy::new()));
    let web1 = world.sign_in_with("web1", keys.clone());
    let now = world.core.now.seconds();
    let sealed = web1.wire.seal_request(map! {"cmd" => "_mine_flush"}, now, &mut OsEntropy::new());
    assert_ne!(world.frame(sealed.frame.clone()).0.as_deref(), Some(&b"\xa8bad load"[..]));
    world.sign_in_with("web1", keys);
    assert_eq!(world.frame(sealed.frame).0.as_deref(), Some(&b"\xa8bad load"[..]));
}

#[test]
fn unsigned_returns_are_refused_where_signatures_are_asked_for() {
    let mut world = world(map! {"require_minion_sign_messages" => true});
    let web1 = world.sign_in("web1");
    let ret = map! {"cmd" => "_return", "jid" => "req", "fun" => "test.ping", "return" => true};
    let (now, key) = (world.core.now.seconds(), RsaKey::parse(MINION).expect("is a key"));
    let plain = web1.wire.seal_request(ret.clone(), now, &mut OsEntropy::new());
    assert!(tags(&world.frame(plain.frame).1).is_empty());
    let signed =
        web1.wire.seal_signed_request(ret, now, &key, &mut OsEntropy::new()).expect("is signed");
    assert_eq!(tags(&world.frame(signed.frame).1).len(), 1);
}

#[test]
fn rotation_changes_the_key_and_tells_it() {
    let mut world = world(Map::new());
    let before = world.core.aes.clone();
    let done = Done { news: vec![News::Rotate], ..Done::default() };
    world.core.handle(world.core.now, Input::Done(done));
    assert_ne!(world.core.aes, before);
    let mut outputs = Vec::new();
    while let Some(output) = world.core.poll() {
        outputs.push(output);
    }
    assert!(matches!(&outputs[0], Output::Rotate(key) if *key == world.core.aes));
    assert_eq!(tags(&outputs), ["key"]);
}
