//! The `salt` binary: every program in one file, chosen by the name it is called by.

mod board;
mod client;
mod config;
mod detach;
mod exit;
mod links;
mod log;
mod nodegroups;
mod options;
mod output;
mod parse;
mod programs;
mod stamp;
mod syslog;
mod targets;
mod version;

fn main() -> std::process::ExitCode {
    programs::dispatch(std::env::args_os().collect())
}
