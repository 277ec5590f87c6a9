//! Every bound the protocol has, in one place. Nothing is allocated from a length a peer announced.

/// How much one message may hold; compared before anything is allocated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the whole message.
    pub bytes: usize,
    /// Containers inside containers.
    pub depth: usize,
    /// Values in all containers together, keys included.
    pub elements: usize,
}

impl Limits {
    /// For whoever has not proved an id: an `_auth` is below 4 KiB, autosign grains may add some.
    pub const UNAUTHENTICATED: Limits = Limits { bytes: 64 * 1024, depth: 16, elements: 4096 };
    /// For accepted minions, the master and local tools. A file chunk is 1 MiB; returns are the
    /// largest messages.
    pub const ACCEPTED: Limits = Limits { bytes: MAX_FRAME, depth: 128, elements: 1024 * 1024 };
}

/// The largest frame that is looked at at all, bytes.
pub const MAX_FRAME: usize = 32 * 1024 * 1024;

/// Places made for the members of a container before the first of them has been read.
pub const PREALLOCATED: usize = 256;

/// Smallest RSA modulus of a peer, bits.
pub const RSA_MIN_BITS: usize = 2048;
/// Largest RSA modulus of a peer, bits: the public operation of an outsider's key stays around 1 ms.
pub const RSA_MAX_BITS: usize = 8192;
/// Largest PEM text that is parsed, bytes (an 8192 bit private key has 6.4 KB).
pub const MAX_PEM: usize = 16 * 1024;

/// Nonces that one session remembers, 16 bytes each: ten thousand minions stay below 330 MB even
/// when each of them floods; see `session::replay`.
pub const NONCES_PER_SESSION: usize = 2048;
/// How old or how far ahead a request of an own peer may be, seconds.
pub const REQUEST_TTL: u64 = 60;

/// Ciphers a minion may offer; a longer list is refused.
pub const MAX_CIPHERS: usize = 8;
/// How long a key of publishes is read on after it was rotated away, seconds.
pub const KEY_GRACE: u64 = 60;
