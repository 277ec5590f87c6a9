//! Sign-in: facts from the pki folder, the decision, the key, the signed answer.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use halite_core::{Map, MinionId, Opts, Result, Value, map};
use halite_wire::Entropy;
use halite_wire::crypto::{AesKey, PublicKey};
use halite_wire::error::{HANDLER_FAILED, bare};
use halite_wire::load::AuthRequest;
use halite_wire::session::{MasterSession, ReplayPolicy, SessionKeys};
use halite_wire::signin::master::{
    Autosign, Decision, Facts, KeyState as Stored, Offer, Store, Verdict, answer, decide,
};

use super::{News, Outcome, Shared, Work};
use crate::events::{Event, tags};
use crate::keys::KeyState;
use crate::{limits, private_file};

/// Seconds that a session key is used unless `publish_session` says otherwise.
const SESSION_SECONDS: i64 = 86_400;
/// Bytes of a session key's file, with room for a newline.
const SESSION_BYTES: u64 = 128;

pub(super) fn sign_in(work: Work, shared: &Shared, entropy: &mut dyn Entropy) -> Outcome {
    let Work::SignIn { req, peer, request, version, full, aes, now } = work else {
        return Outcome::default();
    };
    let mut outcome = Outcome::default();
    let mut done = || -> Result<(Vec<u8>, Option<MasterSession>, Decision)> {
        let facts = facts(&request, full, shared)?;
        let decision = decide(&request, &facts);
        if let Ok(id) = &request.id {
            keep(id, &request, &decision, &facts, shared)?;
        }
        let session = match (decision.verdict, &request.id) {
            (Verdict::Accept, Ok(id)) => session_key(id, &shared.opts, entropy)?,
            _ => AesKey::generate(entropy),
        };
        let offer = Offer {
            aes: &aes,
            session: &session,
            publish_port: u16::try_from(shared.opts.int("publish_port", 4505)).unwrap_or(4505),
            gcm: shared.opts.get("halite_gcm").is_none_or(Value::truthy),
            version,
            now: now.seconds(),
            pub_sig: shared.pub_sig.as_deref(),
        };
        let answer = answer(&request, &decision, &offer, &*shared.master.key, entropy)
            .map_err(|error| halite_core::Error::execution(error.to_string()))?;
        let session = match (&request.id, answer.keys) {
            (Ok(id), Some(keys)) => Some(open(id, &request.public, keys, shared)?),
            _ => None,
        };
        Ok((answer.frame, session, decision))
    };
    match done() {
        Ok((frame, session, decision)) => {
            outcome.reply = Some((req, Bytes::from(frame)));
            outcome.done.news.extend(told(&request, &decision, shared));
            if let Some(session) = session {
                tracing::info!(id = %session.id(), peer = %peer.ip(), "Authentication accepted");
                outcome.done.news.push(News::SignedIn { peer, session: Box::new(session) });
            }
        }
        Err(error) => {
            tracing::error!(peer = %peer.ip(), %error, "A sign-in could not be answered");
            outcome.reply = Some((req, Bytes::from(bare(HANDLER_FAILED))));
        }
    }
    outcome
}

fn facts(request: &AuthRequest, full: bool, shared: &Shared) -> Result<Facts> {
    let open_mode = shared.autosign.open_mode;
    let Ok(id) = &request.id else {
        return Ok(Facts { key: Stored::Unknown, autosign: Autosign::Ask, full, open_mode });
    };
    let key = match shared.keys.find(id)? {
        Some((KeyState::Accepted, key)) => Stored::Accepted(key),
        Some((KeyState::Pending, key)) => Stored::Pending(key),
        Some((KeyState::Rejected, _)) => Stored::Rejected,
        Some((KeyState::Denied, _)) | None => Stored::Unknown,
    };
    let settled = matches!(key, Stored::Accepted(_) | Stored::Rejected) || full || open_mode;
    let autosign = match settled {
        true => Autosign::Ask,
        false => shared.autosign.word(id, &request.autosign_grains, SystemTime::now()),
    };
    // Strangers cannot fill the disk: when the pending folder is full they are told to come back.
    let stranger = key == Stored::Unknown && autosign == Autosign::Ask && !open_mode;
    let no_room = stranger && shared.keys.count(KeyState::Pending)? >= limits::PENDING_KEYS;
    if no_room {
        tracing::warn!(%id, most = limits::PENDING_KEYS, "No room for a further pending key");
    }
    Ok(Facts { key, autosign, full: full || no_room, open_mode })
}

fn keep(
    id: &MinionId,
    request: &AuthRequest,
    decision: &Decision,
    facts: &Facts,
    shared: &Shared,
) -> Result<()> {
    let (state, key) = match (decision.store, &facts.key) {
        (Store::Nothing, _) => return Ok(()),
        (Store::Accepted, _) => (KeyState::Accepted, &*request.public),
        (Store::Pending, _) => (KeyState::Pending, &*request.public),
        // The key that waited is the one that is rejected, whichever was offered now.
        (Store::Rejected, Stored::Pending(known)) => (KeyState::Rejected, known.as_str()),
        (Store::Rejected, _) => (KeyState::Rejected, &*request.public),
        (Store::Denied, _) => (KeyState::Denied, &*request.public),
    };
    tracing::info!(%id, state = state.word(), "Key stored");
    shared.keys.put(state, id, key)
}

/// The event of a sign-in.
fn told(request: &AuthRequest, decision: &Decision, shared: &Shared) -> Option<News> {
    let Ok(id) = &request.id else { return None };
    if shared.opts.get("auth_events").is_some_and(|value| !value.truthy()) {
        return None;
    }
    let mut data = map! {
        "result" => decision.result(),
        "act" => decision.act,
        "id" => id,
        "pub" => request.public.trim(),
    };
    let shown = shared.opts.list("auth_events_autosign_grains");
    if !request.autosign_grains.is_empty() && shown.iter().any(|act| act == decision.act) {
        data.insert("autosign_grains".into(), Map::clone(&request.autosign_grains).into());
    }
    Some(News::Event(Event::new(tags::AUTH, data)))
}

fn session_path(id: &MinionId, opts: &Opts) -> std::path::PathBuf {
    opts.path("cachedir").join("sessions").join(id.as_str())
}

/// The session key of `id`: the one on disk while it is young enough, else a new one.
fn session_key(id: &MinionId, opts: &Opts, entropy: &mut dyn Entropy) -> Result<AesKey> {
    let path = session_path(id, opts);
    let life = u64::try_from(opts.int("publish_session", SESSION_SECONDS)).unwrap_or(0);
    let made = std::fs::metadata(&path).and_then(|stat| stat.modified());
    let young =
        made.is_ok_and(|at| at.elapsed().map_or(true, |age| age < Duration::from_secs(life)));
    if young && let Some(key) = read_session(id, opts)? {
        return Ok(key);
    }
    private_file::make_dir(&opts.path("cachedir").join("sessions"))?;
    let key = AesKey::generate(entropy);
    // A session key lost with the machine costs one sign-in.
    private_file::write_unsynced(&path, key.to_text().as_bytes(), 0o600)?;
    Ok(key)
}

fn read_session(id: &MinionId, opts: &Opts) -> Result<Option<AesKey>> {
    let text = private_file::read(&session_path(id, opts), SESSION_BYTES)?;
    Ok(text.and_then(|text| AesKey::parse(&text).ok()))
}

/// Removes the session key of `id`.
pub(super) fn end_session(id: &MinionId, opts: &Opts) -> Result<()> {
    private_file::remove(&session_path(id, opts)).map(drop)
}

fn open(id: &MinionId, public: &str, keys: SessionKeys, shared: &Shared) -> Result<MasterSession> {
    let public = PublicKey::parse(public)
        .map_err(|error| halite_core::Error::execution(format!("the key of {id}: {error}")))?;
    let policy = match &keys {
        SessionKeys::Gcm(_) => ReplayPolicy::OWN_PEER,
        SessionKeys::Aes(_) | SessionKeys::Shared(_) => {
            let ttl = u64::try_from(shared.opts.int("request_server_ttl", 0)).ok();
            ReplayPolicy { ttl: ttl.filter(|ttl| *ttl > 0) }
        }
    };
    Ok(MasterSession::new(id.clone(), public, keys, policy))
}

/// The session of a minion that signed in before a restart.
pub(super) fn wake(id: MinionId, shared: &Shared) -> Outcome {
    let look = || -> Result<Option<MasterSession>> {
        let Some(public) = shared.keys.get(KeyState::Accepted, &id)? else { return Ok(None) };
        let Some(key) = read_session(&id, &shared.opts)? else { return Ok(None) };
        open(&id, &public, SessionKeys::aes(&key), shared).map(Some)
    };
    let session = look().unwrap_or_else(|error| {
        tracing::error!(%id, %error, "A session could not be read");
        None
    });
    let mut outcome = Outcome::default();
    outcome.done.news.push(News::Woken { id, session: session.map(Box::new) });
    outcome
}
