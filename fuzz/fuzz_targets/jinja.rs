//! Arbitrary templates: `cargo fuzz run jinja`.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../render/tests/common/template_property.rs"]
mod property;

fuzz_target!(|source: &str| property::holds(source));
