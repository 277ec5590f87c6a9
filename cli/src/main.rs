//! The `salt` binary: every program in one file, chosen by the name it is called by.

mod exit;
mod links;
mod log;
mod options;
mod output;
mod programs;

fn main() -> std::process::ExitCode {
    programs::dispatch(std::env::args_os().collect())
}
