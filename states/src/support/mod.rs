//! What several state modules and the `state.*` functions share.

pub mod matcher;
pub mod templates;
