//! `error`: fails on purpose, to try out how callers take it. Salt: `salt/wheel/error.py` behaviour.

use halite_core::{Error, ExecModule, Map, Result, function};

/// The module.
pub static MODULE: ExecModule = ExecModule::new("error", &[&ERROR]);

/// Fails with a message, if a name is given.
///
/// CLI Example:
///
/// ```text
/// salt-run salt.cmd saltutil.wheel error.error name=Exception message='This is an error.'
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
