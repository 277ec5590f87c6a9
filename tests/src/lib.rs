//! Tests of the whole: tidy, programs, peers.
