//! Everything loadable that looks at or acts on a machine. One file under `exec/` is one module.

/// Execution modules.
pub mod exec {
    include!(concat!(env!("OUT_DIR"), "/exec.rs"));
}
