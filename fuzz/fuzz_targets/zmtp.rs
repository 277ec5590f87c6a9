//! Arbitrary bytes through the ZMTP codec: `cargo fuzz run zmtp`.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../wire/net/tests/common/property.rs"]
mod property;

fuzz_target!(|data: &[u8]| property::holds(data));
