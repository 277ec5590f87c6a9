//! The master's side of sign-in: a decision from facts, then the answer.

use halite_core::{MinionId, Value, map};

use crate::crypto::{
    AesKey, CryptoError, GcmKeys, GcmSecret, PrivateKey, PublicKey, SigAlgo, clean, hex,
};
use crate::entropy::Entropy;
use crate::load::auth::GCM;
use crate::load::{AuthRequest, Grant};
use crate::msgpack::{self, Dialect};
use crate::session::SessionKeys;

/// What the master has stored about an id: the state and the stored key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// No key.
    Unknown,
    /// `minions/ID`.
    Accepted(String),
    /// `minions_pre/ID`.
    Pending(String),
    /// `minions_rejected/ID`.
    Rejected,
}

/// What the master's rules for new keys say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Autosign {
    /// Nothing: an administrator decides.
    Ask,
    /// Accept: `auto_accept`, `autosign_file`, `autosign_grains`, a prepared stub.
    Accept,
    /// `autoreject_file`.
    Reject,
}

/// Everything a decision depends on besides the request.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The stored key.
    pub key: KeyState,
    /// The rules' word.
    pub autosign: Autosign,
    /// `max_minions` is reached and this id is not among the connected.
    pub full: bool,
    /// Option `open_mode`: take any key.
    pub open_mode: bool,
}

/// What the minion is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Signed in.
    Accept,
    /// Wait.
    Pend,
    /// No.
    Refuse,
    /// Too many minions.
    Full,
}

/// What is to be done with the offered key before the answer leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Store {
    /// Nothing.
    Nothing,
    /// Into `minions`, and away from wherever else it was.
    Accepted,
    /// Into `minions_pre`.
    Pending,
    /// Into `minions_rejected`.
    Rejected,
    /// Into `minions_denied`, beside the key that stays.
    Denied,
}

/// The decision on one `_auth`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// What the minion is told.
    pub verdict: Verdict,
    /// What happens to the key.
    pub store: Store,
    /// `act` of the event `salt/auth`: `accept`, `pend`, `reject`, `denied`, `full`.
    pub act: &'static str,
}

impl Decision {
    /// `result` of the event `salt/auth`.
    pub fn result(&self) -> bool {
        matches!(self.verdict, Verdict::Accept | Verdict::Pend)
    }

    fn new(verdict: Verdict, store: Store, act: &'static str) -> Decision {
        Decision { verdict, store, act }
    }
}

/// Decides in Salt's order. An id that is none, and a key that is none or too weak, are refused
/// and nothing of them is stored.
pub fn decide(request: &AuthRequest, facts: &Facts) -> Decision {
    let refuse = Decision::new(Verdict::Refuse, Store::Nothing, "reject");
    if request.id.is_err() {
        return refuse;
    }
    if facts.full {
        return Decision::new(Verdict::Full, Store::Nothing, "full");
    }
    let Ok(offered) = PublicKey::parse(&request.public) else { return refuse };
    let same = |stored: &str| clean(stored) == offered.pem();
    let accept = |store| Decision::new(Verdict::Accept, store, "accept");
    let denied = Decision::new(Verdict::Refuse, Store::Denied, "denied");
    match (&facts.key, facts.autosign) {
        (KeyState::Accepted(stored), _) if facts.open_mode && same(stored) => {
            accept(Store::Nothing)
        }
        (_, _) if facts.open_mode => accept(Store::Accepted),
        (KeyState::Rejected, _) => refuse,
        (KeyState::Accepted(stored), _) if same(stored) => accept(Store::Nothing),
        (KeyState::Accepted(_), _) => denied,
        (_, Autosign::Reject) => Decision::new(Verdict::Refuse, Store::Rejected, "reject"),
        (KeyState::Unknown, Autosign::Accept) => accept(Store::Accepted),
        (KeyState::Unknown, Autosign::Ask) => Decision::new(Verdict::Pend, Store::Pending, "pend"),
        (KeyState::Pending(stored), _) if !same(stored) => denied,
        (KeyState::Pending(_), Autosign::Accept) => accept(Store::Accepted),
        (KeyState::Pending(_), Autosign::Ask) => {
            Decision::new(Verdict::Pend, Store::Nothing, "pend")
        }
    }
}

/// What the master hands out.
#[derive(Clone, Debug)]
pub struct Offer<'a> {
    /// The key of publishes.
    pub aes: &'a AesKey,
    /// This minion's session key.
    pub session: &'a AesKey,
    /// Where publishes come from.
    pub publish_port: u16,
    /// Agree on AES-256-GCM if the minion offers it.
    pub gcm: bool,
    /// Protocol version of the request; 2 gets the shared key for its requests.
    pub version: i64,
    /// Seconds since 1970 UTC; lets the minion send times that are the master's.
    pub now: u64,
    /// Option `master_sign_pubkey`: base64 signature of the own public key by the signing key.
    pub pub_sig: Option<&'a str>,
}

/// An answer to `_auth`.
#[derive(Debug)]
pub struct Answer {
    /// The frame to send.
    pub frame: Vec<u8>,
    /// With [`Verdict::Accept`]: the keys of the requests to come, for
    /// [`crate::session::MasterSession::new`].
    pub keys: Option<SessionKeys>,
}

/// The answer for `decision`, signed. Only [`Verdict::Accept`] reads `offer`.
pub fn answer(
    request: &AuthRequest,
    decision: &Decision,
    offer: &Offer<'_>,
    key: &dyn PrivateKey,
    entropy: &mut dyn Entropy,
) -> Result<Answer, CryptoError> {
    let Ok(sig_algo) = request.sig_algo else {
        return Ok(Answer { frame: unsigned("bad sig algo"), keys: None });
    };
    let ret = match decision.verdict {
        Verdict::Accept => return accept(request, sig_algo, offer, key, entropy),
        Verdict::Pend => Value::Bool(true),
        Verdict::Refuse => Value::Bool(false),
        Verdict::Full => Value::str("full"),
    };
    let blob = map! {"ret" => ret, "nonce" => request.nonce.as_str()};
    Ok(Answer { frame: signed(blob.into(), sig_algo, key, entropy)?, keys: None })
}

fn accept(
    request: &AuthRequest,
    sig_algo: SigAlgo,
    offer: &Offer<'_>,
    key: &dyn PrivateKey,
    entropy: &mut dyn Entropy,
) -> Result<Answer, CryptoError> {
    let (&Ok(enc_algo), Ok(id)) = (&request.enc_algo, &request.id) else {
        return Ok(Answer { frame: unsigned("bad enc algo"), keys: None });
    };
    let minion = PublicKey::parse(&request.public)?;
    // A token that does not open was made for another master: the minion will see it missing.
    let token = request.token.as_ref().and_then(|token| key.decrypt(enc_algo, token, entropy).ok());
    let token = match &token {
        Some(token) => Some(minion.encrypt(enc_algo, token.expose(), entropy)?),
        None => None,
    };
    let aes = offer.aes.to_text();
    let digest = hex(ring::digest::digest(&ring::digest::SHA256, aes.as_bytes()).as_ref());
    let (keys, secret) = agree(request, offer, id);
    let grant = Grant {
        public: key.public().pem().into(),
        publish_port: offer.publish_port,
        token,
        session: Some(minion.encrypt(enc_algo, offer.session.to_text().as_bytes(), entropy)?),
        sig: key.x931_encrypt(digest.as_bytes(), entropy)?,
        aes: minion.encrypt(enc_algo, aes.as_bytes(), entropy)?,
        pub_sig: offer.pub_sig.map(Box::from),
        // Only a minion that sent an offer gets an echo: Salt's get Salt's fields.
        ciphers: (!request.ciphers.is_empty()).then(|| request.ciphers.clone()),
        time: (!request.ciphers.is_empty()).then_some(offer.now),
        cipher: secret.is_some().then(|| GCM.into()),
        secret: match &secret {
            Some(secret) => Some(minion.encrypt(enc_algo, secret.expose(), entropy)?),
            None => None,
        },
    };
    let frame = signed(grant.to_blob(&request.nonce).into(), sig_algo, key, entropy)?;
    Ok(Answer { frame, keys: Some(keys) })
}

/// The keys of the requests to come, and the secret to send if they are of AES-256-GCM.
fn agree(
    request: &AuthRequest,
    offer: &Offer<'_>,
    id: &MinionId,
) -> (SessionKeys, Option<GcmSecret>) {
    if offer.version < 3 {
        return (SessionKeys::shared(offer.aes), None);
    }
    if !(offer.gcm && request.offers_gcm()) {
        return (SessionKeys::aes(offer.session), None);
    }
    let secret = GcmSecret::derive(offer.session, offer.aes, id.as_str());
    let keys = GcmKeys::derive(&secret, id.as_str());
    (SessionKeys::Gcm(Box::new(keys)), Some(secret))
}

fn signed(
    blob: Value,
    algo: SigAlgo,
    key: &dyn PrivateKey,
    entropy: &mut dyn Entropy,
) -> Result<Vec<u8>, CryptoError> {
    let blob = msgpack::encode(&blob, Dialect::Network);
    let sig = key.sign(algo, &blob, entropy)?;
    let frame = map! {"enc" => "clear", "load" => Value::bytes(blob), "sig" => Value::bytes(sig)};
    Ok(msgpack::encode(&frame.into(), Dialect::Network))
}

fn unsigned(ret: &str) -> Vec<u8> {
    let frame = map! {"enc" => "clear", "load" => map! {"ret" => ret}};
    msgpack::encode(&frame.into(), Dialect::Network)
}
