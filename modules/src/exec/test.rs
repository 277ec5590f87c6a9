//! `test`: small functions to try out the bus with.

use halite_core::{ExecModule, Value, function};

/// The module.
pub static MODULE: ExecModule = ExecModule::new("test", &[&ECHO, &PING]);

/// Says that the minion is up and answers.
///
/// CLI Example:
///
/// ```text
/// salt '*' test.ping
/// ```
#[function]
fn ping() -> bool {
    true
}

/// Gives back what it was given.
///
/// CLI Example:
///
/// ```text
/// salt '*' test.echo 'foo bar baz quo qux'
/// ```
#[function(outputter = "txt")]
fn echo(text: Value) -> Value {
    text
}
