//! The minion: the engine that runs functions (also behind `salt-call`) and the daemon around it.

mod asker;
mod beacons;
mod blackout;
mod bus;
pub mod caller;
pub mod config;
pub mod core;
pub mod daemon;
pub mod engine;
mod helpers;
mod id;
pub mod input;
mod job_queue;
mod keeper;
mod keys;
pub mod limits;
mod links;
mod local;
mod proc;
mod reactor;
mod remote_files;
mod returners;
mod run;
mod services;
mod shared;
mod shell;
mod snapshot;
mod start;
mod store;
mod timetable;
mod worker;

pub use caller::{Call, Caller, Watcher};
pub use engine::{Engine, Machine};
pub use run::{Done, Failure, check_keywords, run};
pub use shared::MasterDoor;
