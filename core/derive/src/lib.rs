//! `#[function]` and `#[state]`.
