//! Runs low chunks: requisites decided, states called, verdicts settled into returns.
//!
//! The one place in this crate that makes an [`halite_core::Apply`] for states. State modules only
//! look; what they would change comes back as a plan and is carried out here, or not.

mod attempt;
pub mod call;
pub mod conditions;
pub mod events;
pub mod highstate;
pub mod listen;
pub mod parallel;
pub mod pause;
pub mod record;
pub mod requisites;
pub mod result;
pub mod retry;
pub mod run;
pub mod session;
pub mod slots;
pub mod status;
pub mod surroundings;
pub mod why;

pub use result::check_result;
pub use run::{Observer, Returns, RunSettings, run};
