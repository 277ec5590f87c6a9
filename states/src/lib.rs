//! The state compiler, the engine, the state modules and the `state.*` functions.

pub mod compiler;
pub mod engine;
pub mod lint;
pub mod reactor;
pub mod support;

/// Execution modules that are this engine's front door.
pub mod exec {
    include!(concat!(env!("OUT_DIR"), "/exec.rs"));
}

/// State modules.
pub mod modules {
    include!(concat!(env!("OUT_DIR"), "/modules.rs"));
}
