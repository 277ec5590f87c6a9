//! `ssh`: what needs salt-ssh says so.

use halite_core::{Error, ExecModule, Map, Result, Value, function};

/// The module.
pub static MODULE: ExecModule = ExecModule::new("ssh", &[&CMD]);

/// Runs a function over salt-ssh, which is not there.
///
/// CLI Example:
///
/// ```text
/// salt-run ssh.cmd '*' test.ping
/// ```
#[function]
fn cmd(#[args] args: Vec<Value>, #[kwargs] kwargs: Map) -> Result<Value> {
    let _ = (args, kwargs);
    Err(Error::execution(
        "ssh.cmd needs salt-ssh, which is not there; reach minions with `salt-run salt.execute`",
    ))
}
