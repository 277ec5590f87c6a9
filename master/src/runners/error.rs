//! `error`: fails on purpose, to try out how callers take it.

use halite_core::{Error, ExecModule, Map, Result, function};

/// The module.
pub static MODULE: ExecModule = ExecModule::new("error", &[&ERROR]);

/// Fails with a message, if one is given.
///
/// CLI Example:
///
/// ```text
/// salt-run error.error name=Exception message='This is an error.'
/// ```
#[function]
fn error(
    #[default(None)] name: Option<String>,
    #[default(String::new())] message: String,
) -> Result<Map> {
    match name {
        Some(name) => Err(Error::execution(format!("{name}: {message}"))),
        None => Ok(Map::new()),
    }
}
