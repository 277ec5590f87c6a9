//! A minion's core with a clock of its own and a master made of the wire's other half.

use std::sync::Arc;

use bytes::Bytes;
use halite_core::{Map, MinionId, Value, map};
use halite_wire::OsEntropy;
use halite_wire::crypto::{AesKey, PublicKey, RsaKey, SigAlgo};
use halite_wire::envelope::{Envelope, Load, Origin};
use halite_wire::load::{AuthRequest, ClearCommand, MinionCommand};
use halite_wire::session::{MasterSession, Publisher, ReplayPolicy};
use halite_wire::signin::master::{Autosign, Decision, Facts as KeyFacts, KeyState, Offer};
use halite_wire::signin::master::{answer, decide};

use halite_core::{Opts, Role};

use super::super::*;

/// The master's end, and what it was told.
pub(super) struct Master {
    pub(super) key: RsaKey,
    pub(super) aes: AesKey,
    pub(super) session_key: AesKey,
    pub(super) publisher: Publisher,
    pub(super) accepted: KeyState,
    pub(super) session: Option<MasterSession>,
    pub(super) auths: usize,
    pub(super) returns: Vec<String>,
    pub(super) answers: bool,
    pub(super) serves: bool,
    /// It refuses every return.
    pub(super) refuses: bool,
    pub(super) gcm: bool,
}

impl Master {
    pub(super) fn new() -> Master {
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
            refuses: false,
            gcm: false,
        }
    }

    /// A restart: other keys, nothing remembered.
    pub(super) fn restart(&mut self) {
        let entropy = &mut OsEntropy::new();
        self.aes = AesKey::generate(entropy);
        self.session_key = AesKey::generate(entropy);
        self.publisher = Publisher::new(&self.aes, Some(SigAlgo::Sha1));
        self.session = None;
    }

    pub(super) fn take(&mut self, frame: &[u8], now: Now) -> Option<Bytes> {
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
            MinionCommand::Return(_) if self.refuses => return Some(refusal),
            MinionCommand::Return(ret) => {
                self.returns.push(ret.jid.as_ref().map(ToString::to_string).unwrap_or_default());
                Value::Null
            }
            _ => Value::Bool(true),
        };
        Some(session.seal_reply(&value, &opened.nonce, entropy).into())
    }

    pub(super) fn sign_in(&mut self, load: Map, now: Now) -> Bytes {
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

    pub(super) fn accept(&mut self) {
        if let KeyState::Pending(key) = &self.accepted {
            self.accepted = KeyState::Accepted(key.clone());
        }
    }

    pub(super) fn publish(&mut self, jid: &str) -> Bytes {
        self.publish_to("m*", jid)
    }

    pub(super) fn publish_to(&mut self, tgt: &str, jid: &str) -> Bytes {
        let load = map! {
            "fun" => "test.ping", "arg" => Vec::<Value>::new(), "tgt" => tgt,
            "tgt_type" => "glob", "jid" => jid, "ret" => "", "user" => "root",
        };
        let packet = self.publisher.seal(load, &self.key, &mut OsEntropy::new());
        packet.expect("seals").into()
    }
}

/// A minion, its master and the time.
pub(super) struct World {
    pub(super) core: Core,
    pub(super) master: Master,
    pub(super) now: Now,
    pub(super) ran: Vec<String>,
    pub(super) disk: std::collections::BTreeMap<String, Map>,
    pub(super) disk_full: bool,
    pub(super) synced: Vec<String>,
    pub(super) buried: Vec<String>,
    pub(super) pinned: usize,
    pub(super) subscribed: usize,
    pub(super) exit: Option<u8>,
    pub(super) answers: Vec<Result<Value>>,
}

impl World {
    pub(super) fn new(values: Map) -> World {
        World::with(values, Kept::default())
    }

    pub(super) fn with(mut values: Map, kept: Kept) -> World {
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
            disk_full: false,
            synced: Vec::new(),
            buried: Vec::new(),
            pinned: 0,
            subscribed: 0,
            exit: None,
            answers: Vec::new(),
        }
    }

    /// An input and everything that follows at once.
    pub(super) fn feed(&mut self, input: Input) {
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
                Output::Spool { name, load } if self.disk_full => {
                    let input = Input::Unspooled { name, load };
                    self.core.handle(self.now, &mut OsEntropy::new(), input);
                }
                Output::Spool { name, load } => drop(self.disk.insert(name, load)),
                Output::Unspool { name } => {
                    let load = self.disk.get(&name).cloned();
                    let input = Input::Spooled { name, load };
                    self.core.handle(self.now, &mut OsEntropy::new(), input);
                }
                Output::Sync { name } => self.synced.push(name),
                Output::Bury { name } => {
                    self.disk.remove(&name);
                    self.buried.push(name);
                }
                Output::Drop { name } => drop(self.disk.remove(&name)),
                Output::Exit { code, .. } => self.exit = Some(code),
                Output::Answer { answer, .. } => self.answers.push(answer),
                Output::SignedIn { .. } | Output::Reconnected | Output::Keep => {}
            }
        }
    }

    /// Lets time pass, from deadline to deadline.
    pub(super) fn pass(&mut self, ms: u64) {
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

    pub(super) fn advance(&mut self, ms: u64) {
        self.now.unix += (ms - self.now.ms) / 1000;
        self.now.ms = ms;
    }

    pub(super) fn joined() -> World {
        let mut world = World::new(Map::new());
        world.feed(Input::Tick);
        world.master.accept();
        world.pass(11_000);
        assert!(world.core.is_up());
        world
    }

    pub(super) fn job_done(&mut self, jid: &str) {
        let load = map! {"cmd" => "_return", "jid" => jid, "fun" => "test.ping",
        "fun_args" => Vec::<Value>::new(), "return" => true, "retcode" => 0, "success" => true};
        self.feed(Input::Returned { name: jid.into(), load });
    }
}
