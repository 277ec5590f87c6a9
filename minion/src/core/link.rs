//! The session with the master: signing in, waiting, changing masters.

use bytes::Bytes;
use halite_wire::Entropy;
use halite_wire::session::{MinionSession, Subscriber};
use halite_wire::signin::minion::{Accepted, Config, Outcome, SignIn, SignInError};

use super::{Address, Core, Now, Output, between};
use crate::limits;

/// Salt's exit code of a minion whose key is rejected.
const EXIT_REJECTED: u8 = 77;
/// Salt's exit code where `master_finger` does not fit.
const EXIT_FINGER: u8 = 42;
/// Salt's exit code of `salt-call` whose key is not accepted.
const EXIT_PENDING: u8 = 2;
/// Exit code of `salt-call` that reaches no master.
const EXIT_NO_MASTER: u8 = 1;
/// Wait before a rejected minion ends, ms: a supervisor restarts it at once.
const REJECTED_PAUSE_MS: (u64, u64) = (10_000, 20_000);

/// Where the session stands.
#[derive(Debug)]
pub(super) enum Link {
    /// No sign-in before `at`.
    Down { at: u64 },
    /// A sign-in is under way.
    Asking { signin: Box<SignIn>, req: u64 },
    /// Signed in.
    Up,
    /// The process is to end.
    Ending { at: u64, code: u8, why: String },
}

impl Core {
    /// Whether there is a session.
    pub fn is_up(&self) -> bool {
        matches!(self.link, Link::Up)
    }

    pub(super) fn address(&self) -> Address {
        self.settings.masters[self.master % self.settings.masters.len()].clone()
    }

    /// When the next of several masters is to be tried.
    pub(super) fn failover_at(&self) -> Option<u64> {
        let several = self.is_up() && self.settings.masters.len() > 1;
        self.lost_at.filter(|_| several).map(|at| at + self.settings.failover_ms)
    }

    fn next_master(&mut self) {
        self.master = (self.master + 1) % self.settings.masters.len();
    }

    /// The session does not hold any more.
    pub(super) fn sign_in_again(&mut self, now: Now) {
        if self.is_up() {
            self.link = Link::Down { at: now.ms };
        }
    }

    pub(super) fn link_tick(&mut self, now: Now, entropy: &mut dyn Entropy) {
        if self.is_up() && !self.held.is_empty() && now.ms >= self.resign_at {
            self.resign_at = now.ms + limits::RESIGN_PAUSE_MS;
            self.link = Link::Down { at: now.ms };
        }
        if self.failover_at().is_some_and(|at| at <= now.ms) {
            tracing::warn!("the master is away for too long: the next one is tried");
            self.lost_at = None;
            self.next_master();
            self.link = Link::Down { at: now.ms };
        }
        match &self.link {
            Link::Down { at: 0 } if self.settings.startup_delay_ms > 0 => {
                let wait = between(entropy, 0, self.settings.startup_delay_ms);
                tracing::info!("waiting {wait} ms before the first sign-in");
                self.link = Link::Down { at: now.ms + wait.max(1) };
            }
            Link::Down { at } if *at <= now.ms => self.begin(now, entropy),
            Link::Ending { at, code, why } if *at <= now.ms => {
                let output = Output::Exit { code: *code, why: why.clone() };
                self.link = Link::Down { at: u64::MAX };
                self.emit(output);
            }
            _ => {}
        }
    }

    fn begin(&mut self, now: Now, entropy: &mut dyn Entropy) {
        let config = Config {
            master: self.kept.master.clone(),
            gcm_pinned: self.kept.gcm,
            ..self.settings.signin.clone()
        };
        match SignIn::start(config, &*self.key, now.unix, entropy) {
            Ok((signin, frame)) => {
                let req = self.number();
                self.link = Link::Asking { signin: Box::new(signin), req };
                self.emit(Output::Request {
                    req,
                    to: self.address(),
                    frame,
                    timeout_ms: self.settings.auth_timeout_ms,
                });
            }
            Err(error) => self.end(now, 0, EXIT_NO_MASTER, error.to_string()),
        }
    }

    /// The answer to the sign-in.
    pub(super) fn signin_reply(
        &mut self,
        now: Now,
        entropy: &mut dyn Entropy,
        reply: Result<Bytes, String>,
    ) {
        let link = std::mem::replace(&mut self.link, Link::Down { at: now.ms });
        let Link::Asking { signin, .. } = link else { return };
        let frame = match reply {
            Ok(frame) => frame,
            Err(why) => return self.failed(now, entropy, &why),
        };
        match signin.finish(&frame, &*self.key, entropy) {
            Outcome::Accepted(accepted) => self.accepted(now, entropy, &accepted),
            Outcome::Pending => self.pending_key(now),
            Outcome::Rejected => self.rejected(now, entropy),
            Outcome::Full => {
                tracing::error!("the master serves as many minions as it may; waiting");
                self.link = Link::Down { at: now.ms + self.settings.acceptance_wait_ms };
            }
            Outcome::Failed(SignInError::Finger { found, wanted }) => {
                let why = SignInError::Finger { found, wanted }.to_string();
                self.end(now, 0, EXIT_FINGER, why);
            }
            Outcome::Failed(error) => self.failed(now, entropy, &error.to_string()),
        }
    }

    fn accepted(&mut self, now: Now, entropy: &mut dyn Entropy, accepted: &Accepted) {
        let session = MinionSession::new(&self.settings.signin, accepted, &*self.key, entropy);
        let session = match session {
            Ok(session) => session,
            Err(error) => return self.failed(now, entropy, &error.to_string()),
        };
        if self.settings.signin.master_sign.is_some() {
            let with = &self.settings.sign_key;
            tracing::debug!(
                "Successfully verified signature of master public key with verification public key {with}"
            );
        }
        let master = accepted.master.clone();
        if accepted.store_master || accepted.gcm != self.kept.gcm {
            let pem = master.pem().to_owned();
            self.emit(Output::Pin { pem, gcm: accepted.gcm });
            self.kept.master = Some(master.clone());
            self.kept.gcm = accepted.gcm;
        }
        match &mut self.subscriber {
            Some(subscriber) => subscriber.rekey(&accepted.aes, master, now.unix),
            none => {
                let (policy, mark) = (self.settings.policy, self.kept.mark.as_ref());
                *none = Some(Subscriber::new(&accepted.aes, master, policy, mark));
            }
        }
        self.session = Some(std::sync::Arc::new(session));
        self.link = Link::Up;
        self.failures = 0;
        self.waits = 0;
        let first = !std::mem::replace(&mut self.signed_in, true);
        self.subscribe(accepted.publish_port);
        self.emit(Output::SignedIn { first });
        for frame in std::mem::take(&mut self.held) {
            self.open_publish(now, &frame, true);
        }
    }

    fn subscribe(&mut self, offered: u16) {
        if self.settings.caller {
            return;
        }
        let port = self.settings.publish_port.unwrap_or(offered);
        let to = (self.address().host, port);
        if self.subscribed_to.as_ref() != Some(&to) {
            self.emit(Output::Subscribe { host: to.0.clone(), port });
            self.subscribed_to = Some(to);
        }
    }

    /// The subscription stands; after a loss the master hears of it.
    pub(super) fn subscribed(&mut self) {
        let back = self.ready && !self.connected;
        self.connected = true;
        self.lost_at = None;
        if back {
            self.emit(Output::Reconnected);
        }
    }

    fn pending_key(&mut self, now: Now) {
        if self.settings.caller {
            let why = "Minion failed to authenticate with the master, has the minion key been \
                       accepted?";
            return self.end(now, 0, EXIT_PENDING, why.into());
        }
        self.waits += 1;
        let step = self.settings.acceptance_wait_ms;
        let wait = match self.settings.acceptance_wait_max_ms {
            0 => step,
            most => step.saturating_mul(self.waits.into()).min(most.max(step)),
        };
        tracing::error!(
            "The Salt Master has cached the public key for this node, this salt minion will wait \
             for {} seconds before attempting to re-authenticate",
            wait / 1000
        );
        self.link = Link::Down { at: now.ms + wait };
    }

    fn rejected(&mut self, now: Now, entropy: &mut dyn Entropy) {
        let why = "The Salt Master has rejected this minion's public key; to repair it, delete \
                   the key of this minion on the master (salt-key -d) and start the minion again";
        tracing::error!("{why}");
        if self.settings.rejected_retry {
            self.link = Link::Down { at: now.ms + self.settings.acceptance_wait_ms };
        } else if self.settings.caller {
            self.end(now, 0, EXIT_REJECTED, why.into());
        } else {
            let pause = between(entropy, REJECTED_PAUSE_MS.0, REJECTED_PAUSE_MS.1);
            self.end(now, pause, EXIT_REJECTED, why.into());
        }
    }

    /// No session came about: later again, and after some tries with the next master.
    fn failed(&mut self, now: Now, entropy: &mut dyn Entropy, why: &str) {
        self.failures += 1;
        let to = self.address();
        tracing::warn!("sign-in to {}:{} failed: {why}", to.host, to.port);
        if self.settings.caller && self.failures >= self.settings.auth_tries {
            return self.end(now, 0, EXIT_NO_MASTER, format!("Unable to sign_in to master: {why}"));
        }
        if self.failures.is_multiple_of(self.settings.auth_tries) {
            self.next_master();
            let rounds =
                self.failures / self.settings.auth_tries / self.settings.masters.len() as u32;
            if self.settings.master_tries.is_some_and(|most| rounds >= most) {
                let why =
                    format!("no master could be reached in {rounds} tries (master_tries): {why}");
                return self.end(now, 0, EXIT_NO_MASTER, why);
            }
        }
        let most = self.settings.reauth_delay_ms.min(1000 << self.failures.min(10));
        self.link = Link::Down { at: now.ms + between(entropy, 500, most.max(500)) };
    }

    fn end(&mut self, now: Now, pause: u64, code: u8, why: String) {
        self.link = Link::Ending { at: now.ms + pause, code, why };
    }
}
