//! The minion: the engine that runs functions (also behind `salt-call`) and the daemon around it.

pub mod caller;
pub mod config;
pub mod engine;
mod id;
mod local;
mod run;

pub use caller::{Call, Caller};
pub use engine::{Engine, Machine};
pub use run::{Done, Failure, check_keywords, run};
