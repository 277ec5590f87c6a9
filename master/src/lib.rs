//! The master daemon.
//!
//! [`run`] starts it. `core` decides, without sockets, files or a clock; `shell` feeds it and does what it says;
//! `work` does what takes time; `requests` holds one file per command. Beside the daemon, for the programs:
//! [`client`] publishes jobs and collects returns, [`keys`] is the pki folder, [`runner`] runs runner and wheel
//! functions, [`store`] reads jobs and cached minion data.

pub mod acl;
pub mod autosign;
pub mod client;
pub mod config;
mod core;
pub mod events;
pub mod keys;
pub mod limits;
pub mod orchestrate;
pub mod private_file;
mod reactor;
mod requests;
mod root_files;
pub mod runner;
mod schedule;
mod sealer;
pub mod services;
mod shell;
#[cfg(test)]
mod simulation;
mod sinks;
pub mod store;
mod thorium;
pub mod user_keys;
mod work;

pub use runner::{runners, wheel};
pub use shell::run;
pub use work::job_folder;
