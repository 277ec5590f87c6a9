//! What loads mean: each command, publish, return and sign-in as a type.
//!
//! A handler never sees the raw map of a peer. Commands are closed enums, one per level of trust:
//! [`ClearCommand`] for what comes unsealed, [`MinionCommand`] for what an accepted minion sends.

pub(crate) mod auth;
mod clear;
mod fields;
mod files;
mod publish;
mod request;
mod ret;

pub use auth::{AuthRequest, Grant};
pub use clear::ClearCommand;
pub(crate) use fields::Fields;
pub use fields::LoadError;
pub use files::{FileRequest, Upload};
pub use publish::{Fun, PublishLoad};
pub use request::{
    FILE_MANIFEST, Listing, MINE_MARKS, MinionCommand, MinionEvents, PeerPublish, PillarRequest,
};
pub use ret::Return;
