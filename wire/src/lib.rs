//! The protocol without sockets: msgpack, envelopes, crypto, sign-in, sessions.
//!
//! Nothing here opens a socket or a file, reads a clock, or draws randomness of its own: bytes,
//! seconds and an [`Entropy`] are arguments. Table of contents, in the order of a message's way:
//!
//! * [`msgpack`]: bytes to and from [`halite_core::Value`], bounded by [`limits`];
//! * [`envelope`]: the outer map of a frame and the exact list of `enc`;
//! * [`load`]: each command, publish, return and sign-in as a type;
//! * [`crypto`]: sign, verify, seal, open, wrap; keys in PEM; the trait [`crypto::PrivateKey`];
//! * [`signin`]: `_auth` from both ends, with the choice of cipher;
//! * [`session`]: requests, replies, pillar, publishes; replay and rotation;
//! * [`frame`]: events between processes of one host.
//!
//! A minion calls [`signin::minion::SignIn`], then [`session::MinionSession`] and
//! [`session::Subscriber`]. A master calls [`envelope::Envelope::parse`]; an unsealed load goes to
//! [`load::ClearCommand::parse`] and, for `_auth`, to [`signin::master`]; a sealed one to the
//! [`session::MasterSession`] of the envelope's id. [`session::Publisher`] seals jobs.

#![forbid(unsafe_code)]

pub mod crypto;
pub mod entropy;
pub mod envelope;
pub mod error;
pub mod frame;
pub mod limits;
pub mod load;
pub mod msgpack;
pub mod nonce;
pub mod session;
pub mod signin;

pub use entropy::{Entropy, OsEntropy};
pub use error::{OpenError, Refused};
pub use nonce::Nonce;
