//! Requests to the master: sealed when there is a session, repeated once after a new sign-in.

use std::sync::Arc;

use bytes::Bytes;
use halite_core::{Error, Jid, Map, Value};
use halite_wire::load::{FILE_MANIFEST, MINE_MARKS};
use halite_wire::session::{MinionSession, ReplyError};
use halite_wire::{Entropy, Nonce};

use super::link::Link;
use super::{Core, Now, Output};
use crate::limits;

/// How the reply to a request is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Sealed with the session.
    Plain,
    /// Pillar: wrapped and signed.
    Pillar,
    /// A return, with the name of its spool file.
    Return(String),
}

/// A request on its way.
#[derive(Debug)]
pub(super) struct Ask {
    pub(super) id: u64,
    pub(super) load: Map,
    pub(super) kind: Kind,
    pub(super) expires: u64,
    tries: u32,
    resigned: bool,
}

/// A request that is out, with what opens its reply.
pub(super) struct Sent {
    ask: Ask,
    nonce: Nonce,
    session: Arc<MinionSession>,
}

impl Ask {
    pub(super) fn new(now: Now, id: u64, load: Map, kind: Kind) -> Ask {
        let expires = now.ms + limits::ASK_PATIENCE_MS;
        Ask { id, load, kind, expires, tries: 0, resigned: false }
    }
}

impl Core {
    /// Sends a request, or keeps it until that can be done.
    pub(super) fn ask(&mut self, now: Now, entropy: &mut dyn Entropy, ask: Ask) {
        let most = self.settings.bounds.asks;
        // What is on its way counts: it may have to be asked again.
        if self.waiting.len() + self.pending.len() >= most {
            let what = format!("{most} requests to the master wait already");
            return self.fail(now, entropy, ask, what, false);
        }
        self.waiting.push_back(ask);
        self.pump(now, entropy);
    }

    /// Sends what waits, as far as session and places allow.
    pub(super) fn pump(&mut self, now: Now, entropy: &mut dyn Entropy) {
        while matches!(self.link, Link::Up)
            && self.pending.len() < self.settings.bounds.asks_in_flight
        {
            let Some(session) = self.session.clone() else { return };
            let Some(ask) = self.waiting.pop_front() else { return };
            let cmd = ask.load.get("cmd").and_then(Value::as_str);
            if !session.own_peer() && matches!(cmd, Some(FILE_MANIFEST | MINE_MARKS)) {
                // Salt's masters would log an error, and answer the same.
                self.answered(ask, Map::new().into());
                continue;
            }
            let mut load = ask.load.clone();
            if let Kind::Return(name) = &ask.kind
                && session.own_peer()
                && load.get("jid").and_then(Value::as_str) == Some(Jid::REQUEST)
            {
                // A Salt master makes the jid, a new one each time it is asked. Ours takes the minion's, by which it
                // knows the return when it comes again.
                load.insert("jid".into(), name.into());
            }
            let sealed = match self.settings.sign {
                true => session.seal_signed_request(load, now.unix, &*self.key, entropy),
                false => Ok(session.seal_request(load, now.unix, entropy)),
            };
            let sealed = match sealed {
                Ok(sealed) => sealed,
                Err(error) => {
                    let why = format!("the request cannot be signed: {error}");
                    self.fail(now, entropy, ask, why, false);
                    continue;
                }
            };
            let req = self.number();
            self.emit(Output::Request {
                req,
                to: self.address(),
                frame: sealed.frame,
                timeout_ms: self.settings.request_timeout_ms,
            });
            self.pending.insert(req, Sent { ask, nonce: sealed.nonce, session });
        }
    }

    pub(super) fn number(&mut self) -> u64 {
        self.next_req += 1;
        self.next_req
    }

    /// The answer to a request or to a sign-in.
    pub(super) fn reply(
        &mut self,
        now: Now,
        entropy: &mut dyn Entropy,
        req: u64,
        reply: Result<Bytes, String>,
    ) {
        if matches!(&self.link, Link::Asking { req: asked, .. } if *asked == req) {
            return self.signin_reply(now, entropy, reply);
        }
        let Some(Sent { mut ask, nonce, session }) = self.pending.remove(&req) else { return };
        let frame = match reply {
            Ok(frame) => frame,
            Err(why) => {
                ask.tries += 1;
                let again = ask.tries < self.settings.request_tries;
                if again && !matches!(ask.kind, Kind::Return(_)) && !self.stopping {
                    self.waiting.push_back(ask);
                } else {
                    self.fail(now, entropy, ask, why, false);
                }
                return;
            }
        };
        let opened = match ask.kind {
            Kind::Pillar => session.open_pillar(&frame, &nonce, &*self.key, entropy),
            _ => session.open_reply(&frame, &nonce),
        };
        match opened {
            Ok(answer) => self.answered(ask, answer),
            // Under the session before the present one: ask again, the new one is there.
            Err(error) if error.sign_in_again() && !self.is_current(&session) => {
                self.waiting.push_front(ask);
            }
            Err(error) => self.refused(now, entropy, ask, &error),
        }
    }

    fn is_current(&self, session: &Arc<MinionSession>) -> bool {
        self.session.as_ref().is_some_and(|current| Arc::ptr_eq(current, session))
    }

    fn answered(&mut self, ask: Ask, answer: Value) {
        match ask.kind {
            Kind::Return(name) => self.delivered(&name),
            _ if ask.id == 0 => {}
            _ => self.emit(Output::Answer { id: ask.id, answer: Ok(answer) }),
        }
    }

    /// A reply that is of no use: sign in again once, then give up.
    fn refused(&mut self, now: Now, entropy: &mut dyn Entropy, mut ask: Ask, error: &ReplyError) {
        if error.sign_in_again() && !ask.resigned {
            tracing::debug!("{error}; signing in again");
            ask.resigned = true;
            self.waiting.push_front(ask);
            return self.sign_in_again(now);
        }
        self.fail(now, entropy, ask, error.to_string(), !error.may_pass());
    }

    /// Gives a request up.
    fn fail(&mut self, now: Now, entropy: &mut dyn Entropy, ask: Ask, why: String, refused: bool) {
        match ask.kind {
            Kind::Return(name) => self.undelivered(now, entropy, &name, &why, refused),
            _ if ask.id == 0 => tracing::warn!("a request to the master failed: {why}"),
            _ => {
                let cmd = ask.load.get("cmd").map(ToString::to_string).unwrap_or_default();
                // No answer at all: Salt's words for it, which people look for.
                let silent = matches!(ask.kind, Kind::Pillar) && ask.tries > 0;
                let began = ask.expires.saturating_sub(limits::ASK_PATIENCE_MS);
                let seconds = now.ms.saturating_sub(began) / 1_000;
                let error = Error::execution(match silent {
                    true => format!("Pillar timed out after {seconds} seconds ({why})"),
                    false => format!("the master did not serve {cmd}: {why}"),
                });
                self.emit(Output::Answer { id: ask.id, answer: Err(error) });
            }
        }
    }

    /// Gives up what has waited too long for a session.
    pub(super) fn expire_asks(&mut self, now: Now) {
        while let Some(at) = self.waiting.iter().position(|ask| ask.expires <= now.ms) {
            let Some(ask) = self.waiting.remove(at) else { return };
            match ask.kind {
                Kind::Return(name) => self.rest_return(&name, now.ms),
                _ if ask.id == 0 => {}
                _ => {
                    let error = Error::execution("the master could not be reached in time");
                    self.emit(Output::Answer { id: ask.id, answer: Err(error) });
                }
            }
        }
    }
}
