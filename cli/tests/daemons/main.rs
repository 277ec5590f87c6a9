//! The daemons as they are started, on loopback: what they stand, and what they keep.

#![allow(clippy::print_stderr, reason = "a test that cannot run here says so")]

mod batches;
mod bus;
mod disk;
mod fleet;
mod hostile;
mod returners;
mod secrets;
mod thorium;
mod trees;
