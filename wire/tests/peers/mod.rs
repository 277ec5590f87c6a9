//! A minion and a master in one place, with a hand on the wire between them.

#![allow(dead_code, unreachable_pub, reason = "each test program uses a part")]

use halite_core::{Map, MinionId, Value, map};
use halite_wire::crypto::{AesKey, PrivateKey, RsaKey};
use halite_wire::envelope::{Envelope, Load, Origin};
use halite_wire::limits::Limits;
use halite_wire::load::{ClearCommand, MinionCommand};
use halite_wire::msgpack::{self, Dialect};
use halite_wire::session::{MasterSession, MinionSession, ReplayPolicy, SessionKeys};
use halite_wire::signin::master::{self, Autosign, Decision, Facts, KeyState, Offer};
use halite_wire::signin::minion::{Accepted, Config, Outcome, SignIn, SignInError};
use halite_wire::{OsEntropy, Refused};

use crate::common;

/// The minion's clock; the master's is [`AHEAD`] seconds ahead.
pub const NOW: u64 = 1_790_000_000;
/// How far the clocks are apart.
pub const AHEAD: u64 = 500;

/// A hand on the `_auth` load.
pub type Tamper = Box<dyn Fn(&mut Map)>;

/// Both ends and everything they decide by.
pub struct Peers {
    pub minion: RsaKey,
    pub master: RsaKey,
    pub config: Config,
    pub facts: Facts,
    pub aes: AesKey,
    pub session: AesKey,
    pub gcm: bool,
    pub version: i64,
    pub pub_sig: Option<String>,
    /// Changes the `_auth` load on its way.
    pub tamper: Option<Tamper>,
    /// Changes the blob of the answer, which is signed anew.
    pub tamper_blob: Option<Tamper>,
    /// Who signs a changed blob instead of the master.
    pub signer: Option<RsaKey>,
    keys: Option<SessionKeys>,
}

impl Peers {
    pub fn new() -> Peers {
        let entropy = &mut OsEntropy::new();
        Peers {
            minion: common::key("minion"),
            master: common::key("master"),
            config: Config::new(MinionId::parse("web1").expect("an id")),
            facts: Facts {
                key: KeyState::Unknown,
                autosign: Autosign::Accept,
                full: false,
                open_mode: false,
            },
            aes: AesKey::generate(entropy),
            session: AesKey::generate(entropy),
            gcm: true,
            version: 3,
            pub_sig: None,
            tamper: None,
            tamper_blob: None,
            signer: None,
            keys: None,
        }
    }

    /// One `_auth` there and back.
    pub fn exchange(&mut self) -> (Outcome, Decision) {
        let entropy = &mut OsEntropy::new();
        let (signin, frame) =
            SignIn::start(self.config.clone(), &self.minion, NOW, entropy).expect("starts");
        let envelope = Envelope::parse(&frame, 2, Origin::Remote).expect("an envelope");
        let Load::Clear(mut load) = envelope.load else { panic!("sign-in is in the open") };
        if let Some(tamper) = &self.tamper {
            tamper(&mut load);
        }
        let Ok(Some(ClearCommand::Auth(request))) = ClearCommand::parse(load) else {
            panic!("an _auth")
        };
        let decision = master::decide(&request, &self.facts);
        let offer = Offer {
            aes: &self.aes,
            session: &self.session,
            publish_port: 4505,
            gcm: self.gcm,
            version: self.version,
            now: NOW + AHEAD,
            pub_sig: self.pub_sig.as_deref(),
        };
        let answer = master::answer(&request, &decision, &offer, &self.master, entropy);
        let answer = answer.expect("the master's key works");
        self.keys = answer.keys;
        let frame = match &self.tamper_blob {
            Some(tamper) => self.rewrite(&answer.frame, tamper),
            None => answer.frame,
        };
        (signin.finish(&frame, &self.minion, entropy), decision)
    }

    fn rewrite(&self, frame: &[u8], tamper: &Tamper) -> Vec<u8> {
        let read = |bytes: &[u8]| {
            msgpack::decode(bytes, Dialect::Network, &Limits::ACCEPTED).expect("msgpack")
        };
        let reply = read(frame);
        let mut blob = read(reply.get("load").and_then(Value::as_bytes).expect("a blob"));
        tamper(blob.as_map_mut().expect("a map"));
        let blob = msgpack::encode(&blob, Dialect::Network);
        let signer = self.signer.as_ref().unwrap_or(&self.master);
        let sig = signer.sign(self.config.sig_algo, &blob, &mut OsEntropy::new());
        let frame = map! {
            "enc" => "clear",
            "load" => Value::bytes(blob),
            "sig" => Value::bytes(sig.expect("signs")),
        };
        msgpack::encode(&frame.into(), Dialect::Network)
    }

    /// A sign-in that works, and the master's session of it.
    pub fn sign_in(&mut self) -> (Box<Accepted>, MasterSession) {
        let accepted = match self.exchange().0 {
            Outcome::Accepted(accepted) => accepted,
            other => panic!("{other:?}"),
        };
        // A minion that offers ciphers is an own peer and knows the master's clock.
        let replay = match self.config.offer_gcm {
            true => ReplayPolicy::OWN_PEER,
            false => ReplayPolicy::SALT_PEER,
        };
        let keys = self.keys.take().expect("keys come with acceptance");
        let id = self.config.id.clone();
        (accepted, MasterSession::new(id, self.minion.public().clone(), keys, replay))
    }

    /// Why a sign-in does not work.
    pub fn failure(&mut self) -> SignInError {
        match self.exchange().0 {
            Outcome::Failed(error) => error,
            other => panic!("{other:?}"),
        }
    }

    pub fn minion_session(&self, accepted: &Accepted) -> MinionSession {
        MinionSession::new(&self.config, accepted, &self.minion, &mut OsEntropy::new())
            .expect("a session")
    }

    /// A request, its reply, a pillar.
    pub fn talk(&self, minion: &MinionSession, session: &mut MasterSession) {
        let entropy = &mut OsEntropy::new();
        let now = NOW + AHEAD;
        let sealed = minion.seal_request(ask("_file_envs"), NOW, entropy);
        let envelope = Envelope::parse(&sealed.frame, 3, Origin::Remote).expect("an envelope");
        let opened = session.open_request(&envelope, now).expect("opens");
        assert_eq!(*opened.request.get(), MinionCommand::FileEnvs);
        assert_eq!(opened.nonce, sealed.nonce);
        let value = Value::list([Value::str("base"), Value::bytes([255, 0]), Value::Null]);
        let reply = session.seal_reply(&value, &opened.nonce, entropy);
        assert_eq!(minion.open_reply(&reply, &sealed.nonce), Ok(value));

        let sealed = minion.seal_request(ask("_pillar"), NOW, entropy);
        let envelope = Envelope::parse(&sealed.frame, 3, Origin::Remote).expect("an envelope");
        let opened = session.open_request(&envelope, now).expect("opens");
        let pillar = Value::from(map! {"secret" => "x"});
        let reply = session.seal_pillar(&pillar, &opened, &self.master, entropy).expect("seals");
        let found = minion.open_pillar(&reply, &sealed.nonce, &self.minion, entropy);
        assert_eq!(found, Ok(pillar));
        assert!(minion.open_pillar(&reply, &sealed.nonce, &self.master, entropy).is_err());
    }

    /// A request of `version` before a master that wants at least `minimum`.
    pub fn parse_only(&self, version: i64, minimum: i64) -> Result<i64, Refused> {
        let frame = map! {"enc" => "clear", "load" => map! {"cmd" => "ping"}, "version" => version};
        let frame = msgpack::encode(&frame.into(), Dialect::Network);
        Envelope::parse(&frame, minimum, Origin::Remote).map(|envelope| envelope.version)
    }

    /// `master_pubkey_signature` by `signer`.
    pub fn sign_own_key(&self, signer: &RsaKey) -> String {
        use base64::Engine;
        let pem = self.master.public().pem().as_bytes();
        let sig = signer.sign(self.config.sig_algo, pem, &mut OsEntropy::new()).expect("signs");
        format!("{}\n", base64::engine::general_purpose::STANDARD.encode(sig))
    }
}

/// A request without further fields.
pub fn ask(cmd: &str) -> Map {
    map! {"cmd" => cmd}
}
