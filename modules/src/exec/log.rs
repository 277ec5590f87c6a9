//! `log`: lines in the minion's log, for templates. Salt: `salt/modules/logmod.py`.

use halite_core::{ExecModule, function};

/// The module.
pub static MODULE: ExecModule =
    ExecModule::new("log", &[&DEBUG, &INFO, &WARNING, &ERROR, &CRITICAL, &EXCEPTION]);

/// Logs a message at level debug.
///
/// CLI Example:
///
/// ```text
/// salt '*' log.debug 'message'
/// ```
#[function]
fn debug(message: String) -> bool {
    tracing::debug!("{message}");
    true
}

/// Logs a message at level info.
///
/// CLI Example:
///
/// ```text
/// salt '*' log.info 'message'
/// ```
#[function]
fn info(message: String) -> bool {
    tracing::info!("{message}");
    true
}

/// Logs a message at level warning.
///
/// CLI Example:
///
/// ```text
/// salt '*' log.warning 'message'
/// ```
#[function]
fn warning(message: String) -> bool {
    tracing::warn!("{message}");
    true
}

/// Logs a message at level error.
///
/// CLI Example:
///
/// ```text
/// salt '*' log.error 'message'
/// ```
#[function]
fn error(message: String) -> bool {
    tracing::error!("{message}");
    true
}

/// Logs a message at level critical, which here is error.
///
/// CLI Example:
///
/// ```text
/// salt '*' log.critical 'message'
/// ```
#[function]
fn critical(message: String) -> bool {
    tracing::error!("{message}");
    true
}

/// Logs a message at level error, as a caught exception would be.
///
/// CLI Example:
///
/// ```text
/// salt '*' log.exception 'message'
/// ```
#[function]
fn exception(message: String) -> bool {
    tracing::error!("{message}");
    true
}
