//! After sign-in: requests and replies of one minion, publishes to all.

mod master;
mod minion;
mod pillar;
mod publish;
mod replay;

use halite_core::MinionId;

pub use master::{Authenticated, MasterSession, Opened, SharedLoad};
pub use minion::{MinionSession, ReplyError, Sealed};
pub use publish::{PublishError, PublishPolicy, Publisher, SerialMark, Subscriber};
pub use replay::ReplayPolicy;

use crate::crypto::{AesKey, Crypticle, GcmKeys};
use crate::envelope::Enc;

/// What seals the requests and replies of one minion.
#[derive(Clone, Debug)]
pub enum SessionKeys {
    /// Salt's session key (protocol version 3).
    Aes(Box<Crypticle>),
    /// AES-256-GCM between own peers.
    Gcm(Box<GcmKeys>),
    /// The key of publishes: version 2, only by explicit option.
    Shared(Box<Crypticle>),
}

impl SessionKeys {
    /// Salt's session key.
    pub fn aes(key: &AesKey) -> SessionKeys {
        SessionKeys::Aes(Box::new(Crypticle::new(key)))
    }

    /// The key of publishes used for requests too.
    pub fn shared(key: &AesKey) -> SessionKeys {
        SessionKeys::Shared(Box::new(Crypticle::new(key)))
    }

    /// Whether what was sealed under one opens under the other.
    pub fn same(&self, other: &SessionKeys) -> bool {
        match (self, other) {
            (SessionKeys::Aes(a), SessionKeys::Aes(b))
            | (SessionKeys::Shared(a), SessionKeys::Shared(b)) => a.key() == b.key(),
            (SessionKeys::Gcm(a), SessionKeys::Gcm(b)) => a == b,
            _ => false,
        }
    }

    /// How requests under these keys are marked.
    pub fn enc(&self) -> Enc {
        match self {
            SessionKeys::Aes(_) | SessionKeys::Shared(_) => Enc::Aes,
            SessionKeys::Gcm(_) => Enc::Gcm,
        }
    }

    /// The protocol version of requests under these keys.
    pub fn version(&self) -> i64 {
        match self {
            SessionKeys::Aes(_) | SessionKeys::Gcm(_) => crate::envelope::VERSION,
            SessionKeys::Shared(_) => crate::envelope::OLDEST_VERSION,
        }
    }
}

/// Who a session belongs to, for logs.
fn label(id: &MinionId, keys: &SessionKeys) -> String {
    format!("session of {id} ({}, keys redacted)", keys.enc().as_str())
}
