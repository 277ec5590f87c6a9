//! The sockets: ZMTP over tokio, local event and request sockets. Nothing here knows what bytes
//! mean.
#![forbid(unsafe_code)]

mod addr;
mod error;
pub mod ipc;
mod jitter;
pub mod limits;
mod log_once;
mod outbox;
mod pending;
pub mod signal;
mod stream;
pub mod zmtp;

pub use addr::Endpoint;
pub use error::NetError;
pub use jitter::random_between;
pub use outbox::Overflow;
pub use zmtp::conn::ConnId;
