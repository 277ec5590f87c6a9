//! The reactor: which SLS files an event calls for, and what they ask to be done. Pure: rules, limits and the watch
//! for loops take the time as an argument; whoever runs it does what the reactions say.
//!
//! Salt: `salt.utils.reactor` behaviour.

mod chain;
mod gate;
mod limits;
mod reaction;
mod rules;
mod sls;

pub use chain::{Chain, Chains, Echo};
pub use gate::{Gate, Verdict};
pub use limits::{LimitFault, Limits};
pub use reaction::{Bad, Kind, Reaction};
pub use rules::{Rule, Rules};
pub use sls::{Sls, compile};
