//! The `salt` binary.
fn main() {}
