//! The minion's side of sign-in.

use halite_core::{Map, MinionId, Value};

use crate::crypto::{
    AesKey, CryptoError, EncAlgo, GcmKeys, GcmSecret, HashType, PrivateKey, PublicKey, Secret,
    SigAlgo, clean, fingerprint_body, hex, same,
};
use crate::entropy::Entropy;
use crate::envelope::{self, VERSION};
use crate::limits::Limits;
use crate::load::auth::{Asking, GCM};
use crate::load::{Grant, LoadError};
use crate::msgpack::{self, DecodeError, Dialect};
use crate::nonce::Nonce;
use crate::session::SessionKeys;

/// What a minion knows and wants before it signs in.
#[derive(Clone, Debug)]
pub struct Config {
    /// Its id.
    pub id: MinionId,
    /// Option `encryption_algorithm`.
    pub enc_algo: EncAlgo,
    /// Option `signing_algorithm`.
    pub sig_algo: SigAlgo,
    /// The pinned master key (`minion_master.pub`), `None` before the first contact.
    pub master: Option<PublicKey>,
    /// Offer AES-256-GCM.
    pub offer_gcm: bool,
    /// The record beside the pinned key: this master has agreed on AES-256-GCM before. Without it
    /// now, sign-in fails, unless the master signs that it saw the offer and declines, or the
    /// configuration does not offer it any more.
    pub gcm_pinned: bool,
    /// Option `master_finger`: body fingerprint of the master's key.
    pub master_finger: Option<String>,
    /// The hash of `master_finger`.
    pub hash_type: HashType,
    /// Option `verify_master_pubkey_sign`: the key that signs master keys.
    pub master_sign: Option<PublicKey>,
    /// Option `autosign_grains` with their values.
    pub autosign_grains: Map,
    /// Take a master that grants no session key (releases before mid-2025). Every accepted minion
    /// of such a master can read and forge the requests of every other.
    pub allow_version_2: bool,
}

impl Config {
    /// The defaults for `id`, without a pinned key.
    pub fn new(id: MinionId) -> Config {
        Config {
            id,
            enc_algo: EncAlgo::default(),
            sig_algo: SigAlgo::default(),
            master: None,
            offer_gcm: true,
            gcm_pinned: false,
            master_finger: None,
            hash_type: HashType::default(),
            master_sign: None,
            autosign_grains: Map::new(),
            allow_version_2: false,
        }
    }
}

/// One sign-in under way: the request is out, the answer is awaited.
#[derive(Debug)]
pub struct SignIn {
    config: Config,
    nonce: Nonce,
    token: Option<Secret>,
    sent_at: u64,
}

/// How a sign-in ended.
#[derive(Debug)]
pub enum Outcome {
    /// Signed in.
    Accepted(Box<Accepted>),
    /// The key waits for a decision: ask again after `acceptance_wait_time`.
    Pending,
    /// The key is refused. Salt's minion ends with code 77 unless `rejected_retry` is set.
    Rejected,
    /// The master serves as many minions as it may (`max_minions`).
    Full,
    /// No answer to rely on.
    Failed(SignInError),
}

/// What a minion has after sign-in.
#[derive(Debug)]
pub struct Accepted {
    /// Opens publishes.
    pub aes: AesKey,
    /// Seals requests; for [`crate::session::MinionSession::new`].
    pub keys: SessionKeys,
    /// Where the master publishes.
    pub publish_port: u16,
    /// The master's key: verified against the pin, or new.
    pub master: PublicKey,
    /// The key is not the stored one (first contact, or a change vouched for by the signing key):
    /// store it as `minion_master.pub`.
    pub store_master: bool,
    /// AES-256-GCM was agreed on: store that beside the key, as [`Config::gcm_pinned`].
    pub gcm: bool,
    /// Seconds to add to the own clock to get the master's; 0 when it does not tell.
    pub clock_offset: i64,
}

/// Why an answer is not to be relied on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignInError {
    /// The master refused the message itself.
    #[error("the master answered {0:?}")]
    Answer(String),
    /// The answer is not msgpack.
    #[error("the answer is not readable: {0}")]
    Decode(#[from] DecodeError),
    /// A field is missing or wrong.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The answer is to another question.
    #[error("the answer carries another nonce than the request (an old answer, or forged)")]
    Nonce,
    /// The master has another key than the pinned one.
    #[error(
        "invalid master key: the master presents another public key than the pinned one \
         (minion_master.pub); if its key was replaced on purpose, remove that file"
    )]
    MasterKey,
    /// The master's key is not one to rely on.
    #[error("the master's public key is not usable: {0}")]
    WeakKey(CryptoError),
    /// The key does not have the fingerprint of `master_finger`.
    #[error("the master's key has the fingerprint {found}, but master_finger says {wanted}")]
    Finger {
        /// What was presented.
        found: String,
        /// What the configuration asks for.
        wanted: String,
    },
    /// The signing key's signature is missing or wrong.
    #[error("the master's key is not signed by the key in master_sign.pub")]
    PubSig,
    /// The master signs its key but the minion was not told to look.
    #[error("the master signs its public key, but verify_master_pubkey_sign is off here")]
    UnexpectedPubSig,
    /// The answer is not signed by the master's key.
    #[error("the answer is not signed by the master's key")]
    Signature,
    /// The key of publishes is not the one the master signed for.
    #[error("the master's signature does not cover the key it sent")]
    Digest,
    /// The master could not unwrap the token.
    #[error("the master did not prove that it holds the pinned key")]
    Token,
    /// A wrapped key did not open.
    #[error("a key in the answer does not open with this minion's key")]
    Unwrap,
    /// No session key.
    #[error("the master grants no session key: it is too old (version 2 is not allowed here)")]
    NoSession,
    /// A master that agreed on AES-256-GCM before does not any more.
    #[error(
        "downgrade refused: this master agreed on aes-256-gcm before and does not now; if a real \
         Salt master has taken its place, say `halite_gcm: False` in the minion's configuration"
    )]
    Downgrade,
    /// The master chose what was not offered, or echoes another offer.
    #[error("the master's choice of cipher does not fit the offer")]
    Cipher,
    /// The own key failed.
    #[error("this minion's private key failed")]
    Key,
}

impl SignIn {
    /// Makes the request. `now` is in seconds since 1970 UTC.
    pub fn start(
        config: Config,
        key: &dyn PrivateKey,
        now: u64,
        entropy: &mut dyn Entropy,
    ) -> Result<(SignIn, Vec<u8>), SignInError> {
        let nonce = Nonce::generate(entropy);
        let mut token = None;
        let mut wrapped = None;
        if let Some(master) = &config.master {
            let text = AesKey::generate(entropy).to_text();
            let sealed = master.encrypt(config.enc_algo, text.as_bytes(), entropy);
            wrapped = Some(sealed.map_err(|_| SignInError::Key)?);
            token = Some(Secret::new(text.as_bytes().to_vec()));
        }
        let asking = Asking {
            id: &config.id,
            nonce: &nonce,
            public: key.public().pem(),
            enc_algo: config.enc_algo,
            sig_algo: config.sig_algo,
            token: wrapped.as_deref(),
            autosign_grains: &config.autosign_grains,
            offer_gcm: config.offer_gcm,
        };
        let frame = envelope::clear(asking.to_load(), VERSION);
        Ok((SignIn { config, nonce, token, sent_at: now }, frame))
    }

    /// Reads the answer. The master's key, its signature and the nonce come first; nothing is
    /// unwrapped with the own key before they hold.
    pub fn finish(self, frame: &[u8], key: &dyn PrivateKey, entropy: &mut dyn Entropy) -> Outcome {
        self.read(frame, key, entropy).unwrap_or_else(Outcome::Failed)
    }

    fn read(
        &self,
        frame: &[u8],
        key: &dyn PrivateKey,
        entropy: &mut dyn Entropy,
    ) -> Result<Outcome, SignInError> {
        let reply = msgpack::decode(frame, Dialect::Network, &Limits::UNAUTHENTICATED)?;
        let load = reply.get("load").ok_or_else(|| answer(&reply))?;
        let bytes = load.as_bytes().ok_or_else(|| answer(load.get("ret").unwrap_or(load)))?;
        let sig = reply.get("sig").and_then(Value::as_bytes).ok_or(SignInError::Signature)?;
        let Value::Map(blob) = msgpack::decode(bytes, Dialect::Network, &Limits::UNAUTHENTICATED)?
        else {
            return Err(SignInError::Signature);
        };
        let master = match blob.get("pub_key") {
            Some(public) => Some(self.master_key(public, &blob)?),
            None => self.config.master.clone().map(|master| (master, false)),
        };
        // Before the first contact a refusal comes without a key and cannot be checked.
        if let Some((master, _)) = &master {
            let verified = master.verify(self.config.sig_algo, bytes, sig);
            verified.map_err(|_| SignInError::Signature)?;
        }
        let nonce = blob.get("nonce").and_then(Value::as_bytes).unwrap_or_default();
        if !same(nonce, self.nonce.as_str().as_bytes()) {
            return Err(SignInError::Nonce);
        }
        match (blob.get("ret"), master) {
            (Some(Value::Bool(true)), _) => Ok(Outcome::Pending),
            (Some(Value::Bool(false)), _) => Ok(Outcome::Rejected),
            (Some(Value::Str(ret)), _) if &**ret == "full" => Ok(Outcome::Full),
            (None, Some((master, store))) if blob.contains_key("pub_key") => {
                let grant = Grant::parse(std::sync::Arc::unwrap_or_clone(blob))?;
                self.accept(grant, master, store, key, entropy)
                    .map(|accepted| Outcome::Accepted(Box::new(accepted)))
            }
            _ => Err(SignInError::Answer("neither keys nor a refusal".into())),
        }
    }

    /// The key the master presents, once it is clear that it may be relied on; and whether it has
    /// to be stored.
    fn master_key(&self, public: &Value, blob: &Map) -> Result<(PublicKey, bool), SignInError> {
        let text = public.as_str().ok_or(SignInError::MasterKey)?;
        let presented = PublicKey::parse(text).map_err(SignInError::WeakKey)?;
        let pub_sig = blob.get("pub_sig").filter(|sig| !sig.is_null());
        let vouched = match (&self.config.master_sign, pub_sig) {
            (Some(signer), Some(sig)) => {
                self.check_pub_sig(signer, text, sig)?;
                true
            }
            (Some(_), None) => return Err(SignInError::PubSig),
            (None, Some(_)) => return Err(SignInError::UnexpectedPubSig),
            (None, None) => false,
        };
        let pinned = self.config.master.as_ref();
        let changed = pinned.is_some_and(|pinned| *pinned != presented);
        if changed && !vouched {
            return Err(SignInError::MasterKey);
        }
        if let Some(wanted) = &self.config.master_finger {
            // Stored keys end with a newline in the file the administrator looked at.
            let found = fingerprint_body(&format!("{}\n", clean(text)), self.config.hash_type);
            if !wanted.eq_ignore_ascii_case(&found) {
                return Err(SignInError::Finger { found, wanted: wanted.clone() });
            }
        }
        Ok((presented, changed || pinned.is_none()))
    }

    fn check_pub_sig(
        &self,
        signer: &PublicKey,
        text: &str,
        sig: &Value,
    ) -> Result<(), SignInError> {
        use base64::Engine;
        let sig = sig.as_str().ok_or(SignInError::PubSig)?;
        let sig = sig.split_ascii_whitespace().collect::<String>();
        let sig = base64::engine::general_purpose::STANDARD.decode(sig);
        let sig = sig.map_err(|_| SignInError::PubSig)?;
        signer.verify(self.config.sig_algo, text.as_bytes(), &sig).map_err(|_| SignInError::PubSig)
    }

    fn accept(
        &self,
        grant: Grant,
        master: PublicKey,
        store_master: bool,
        key: &dyn PrivateKey,
        entropy: &mut dyn Entropy,
    ) -> Result<Accepted, SignInError> {
        let config = &self.config;
        let mut unwrap = |wrapped: &[u8]| {
            key.decrypt(config.enc_algo, wrapped, entropy).map_err(|_| SignInError::Unwrap)
        };
        let aes = unwrap(&grant.aes)?;
        let digest = hex(ring::digest::digest(&ring::digest::SHA256, aes.expose()).as_ref());
        let signed = master.x931_decrypt(&grant.sig).map_err(|_| SignInError::Digest)?;
        if !same(&signed, digest.as_bytes()) {
            return Err(SignInError::Digest);
        }
        // auth_mode 2 sends "key_|-token" in one piece.
        let (aes, joined) = split_token(aes.expose());
        let proof = match (joined, &grant.token) {
            (Some(token), _) => Some(Secret::new(token.to_vec())),
            (None, Some(wrapped)) => Some(unwrap(wrapped)?),
            (None, None) => None,
        };
        // A key that is new here and vouched for by the signing key cannot have had the token.
        if !store_master && proof != self.token {
            return Err(SignInError::Token);
        }
        let aes = AesKey::parse(aes).map_err(|_| SignInError::Unwrap)?;
        let session = match (&grant.session, config.allow_version_2) {
            (Some(wrapped), _) => {
                AesKey::parse(unwrap(wrapped)?.expose()).map_err(|_| SignInError::Unwrap)?
            }
            (None, true) => aes.clone(),
            (None, false) => return Err(SignInError::NoSession),
        };
        let gcm = match self.gcm(&grant)? {
            Some(wrapped) => {
                let secret = GcmSecret::from_bytes(unwrap(wrapped)?.expose());
                Some(secret.map_err(|_| SignInError::Unwrap)?)
            }
            None => None,
        };
        let keys = match &gcm {
            Some(secret) => SessionKeys::Gcm(Box::new(GcmKeys::derive(secret, config.id.as_str()))),
            None if grant.session.is_none() => SessionKeys::shared(&aes),
            None => SessionKeys::aes(&session),
        };
        let clock_offset = grant.time.map_or(0, |time| {
            i64::try_from(time).unwrap_or(i64::MAX).saturating_sub_unsigned(self.sent_at)
        });
        let publish_port = grant.publish_port;
        Ok(Accepted {
            aes,
            keys,
            publish_port,
            master,
            store_master,
            gcm: gcm.is_some(),
            clock_offset,
        })
    }

    /// The wrapped secret if AES-256-GCM was agreed on; an error if the answer is a downgrade or
    /// does not fit what was offered.
    fn gcm<'a>(&self, grant: &'a Grant) -> Result<Option<&'a [u8]>, SignInError> {
        let config = &self.config;
        let echo_fits = grant.ciphers.as_ref().is_none_or(|echo| {
            echo.len() == usize::from(config.offer_gcm) && echo.iter().all(|name| &**name == GCM)
        });
        if !echo_fits {
            return Err(SignInError::Cipher);
        }
        match (config.offer_gcm, grant.cipher.as_deref(), &grant.secret) {
            (true, Some(GCM), Some(secret)) if grant.ciphers.is_some() => Ok(Some(secret)),
            (_, Some(_), _) => Err(SignInError::Cipher),
            // The echo is signed: who cut the offer out on its way cannot make one.
            (true, None, _) if config.gcm_pinned && grant.ciphers.is_none() => {
                Err(SignInError::Downgrade)
            }
            (_, None, _) => Ok(None),
        }
    }
}

fn answer(value: &Value) -> SignInError {
    let text = value.as_str().unwrap_or("something that is no answer");
    SignInError::Answer(text.chars().take(80).collect())
}

fn split_token(aes: &[u8]) -> (&[u8], Option<&[u8]>) {
    const MARK: &[u8] = b"_|-";
    match aes.windows(MARK.len()).position(|window| window == MARK) {
        Some(at) => (&aes[..at], Some(&aes[at + MARK.len()..])),
        None => (aes, None),
    }
}
