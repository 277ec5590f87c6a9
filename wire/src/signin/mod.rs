//! Sign-in from both ends, as pure functions of what arrived.
//!
//! A minion offers its key and gets two symmetric keys: one for publishes, which the whole fleet
//! shares, one for its own requests. Own peers agree on AES-256-GCM for the requests on the way.

pub mod master;
pub mod minion;
