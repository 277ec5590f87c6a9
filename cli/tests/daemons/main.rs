//! The daemons as they are started, on loopback: what they stand, and what they keep.

#![allow(clippy::print_stderr, reason = "a test that cannot run here says so")]

mod bad_input;
mod batches;
mod bus;
mod disk;
mod fleet;
mod hostile;
mod masters;
mod returners;
mod secrets;
mod thorium;
mod trees;
