//! ZMTP 3.1 (and 3.0) with the NULL mechanism: what Salt's ports 4505 and 4506 speak.

pub(crate) mod accept;
mod budget;
pub mod codec;
pub mod command;
pub mod conn;
pub mod greeting;
pub(crate) mod heartbeat;
pub(crate) mod link;
pub mod publisher;
mod publisher_peer;
pub mod req;
mod req_worker;
pub mod router;
mod router_peer;
pub mod sub;
mod subscriptions;
