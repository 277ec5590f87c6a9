//! Salt's YAML: YAML 1.1 as PyYAML's C loader reads it, with Salt's rules for numbers, duplicate
//! keys and merges.
//!
//! Configuration, pillar, states and `key=value` arguments all go through [`load`]. A document is
//! parsed to events, composed to nodes, and constructed into [`halite_core::Value`].

mod compose;
mod construct;
mod doubled;
mod dump;
mod error;
mod hint;
mod marked;
mod merge;
mod node;
mod represent;
mod resolve;
mod scalar;
mod yamlex;

use halite_core::Value;

pub(crate) use doubled::{DUPLICATE, doubled_hint, duplicates};
pub use dump::{DumpStyle, dump};
pub use error::{Mark, YamlError, YamlErrorKind};
pub use marked::{Marked, Marks, load_marked};
pub use yamlex::load_aggregated;

/// The longest document that is read, in bytes.
pub const DOCUMENT_BYTES_MAX: usize = 64 * 1024 * 1024;
/// How deep containers may nest.
pub const DEPTH_MAX: usize = 256;
/// How many nodes aliases and merges may add to those written in the document.
pub const ALIAS_NODES_MAX: usize = 1_000_000;

/// Reads one document; an empty one is `None`.
///
/// Errors: whatever `salt.utils.yamlloader` refuses, and documents over the limits of this module.
/// Salt: `salt/utils/yamlloader.py` behaviour.
pub fn load(text: &str) -> Result<Value, YamlError> {
    match compose::compose(text)? {
        Some(mut document) => construct::construct(&mut document, text),
        None => Ok(Value::Null),
    }
}
