//! The core with a clock of its own.
