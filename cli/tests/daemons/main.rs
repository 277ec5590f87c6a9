//! The daemons as they are started, on loopback: what they stand, and what they keep.

mod disk;
mod fleet;
mod hostile;
