//! Arbitrary text through the YAML loader and dumper: `cargo fuzz run yaml`.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../render/tests/common/property.rs"]
mod property;

fuzz_target!(|text: &str| property::holds(text));
