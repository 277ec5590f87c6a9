//! Arbitrary target expressions of every type: `cargo fuzz run target`.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../core/tests/common/target_property.rs"]
mod property;

fuzz_target!(|text: &str| property::holds(text));
