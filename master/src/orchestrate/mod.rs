//! Orchestration: state runs on the master whose states publish jobs, run runners and wait for events. What it has
//! done is written down as it goes, so that a run that was broken off can be taken up.

pub(crate) mod approval;
mod batch;
pub(crate) mod command;
pub mod journal;
pub(crate) mod run;
#[cfg(test)]
mod tests;

/// Execution functions that only the master has.
pub mod exec {
    include!(concat!(env!("OUT_DIR"), "/exec.rs"));
}

/// State modules that only the master has.
pub mod states {
    include!(concat!(env!("OUT_DIR"), "/states.rs"));
}
