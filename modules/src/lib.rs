//! Everything loadable that looks at or acts on a machine. One file under `exec/` is one module,
//! one file under `grains/` is one family of grains.

pub mod gather;
pub mod support;

/// Execution modules.
pub mod exec {
    include!(concat!(env!("OUT_DIR"), "/exec.rs"));
}

pub mod give;

/// Returners.
pub mod returners {
    include!(concat!(env!("OUT_DIR"), "/returners.rs"));

    /// The returner of this name.
    pub fn find(name: &str) -> Option<&'static halite_core::Returner> {
        ALL.iter().copied().find(|returner| returner.name == name)
    }
}

/// Beacons.
pub mod beacons {
    include!(concat!(env!("OUT_DIR"), "/beacons.rs"));
}

/// Core grains, by family.
pub mod grains {
    pub use crate::gather::{collect, collect_with_file, static_file};
    include!(concat!(env!("OUT_DIR"), "/grains.rs"));
}
