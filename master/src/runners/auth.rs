//! `auth`: tokens of external authentication. Salt: `salt/runners/auth.py` behaviour.

use halite_core::{Context, Error, ExecModule, Map, Result, Value, function};

use crate::private_file;

/// The module.
pub static MODULE: ExecModule = ExecModule::new("auth", &[&MK_TOKEN, &DEL_TOKEN]);

/// Makes a token, which needs external authentication; there is none yet.
///
/// CLI Example:
///
/// ```text
/// salt-run auth.mk_token username=saltdev password=saltdev eauth=auto
/// ```
#[function]
fn mk_token(#[kwargs] load: Map) -> Result<Value> {
    let eauth = load.get("eauth").map(Value::to_string).unwrap_or_default();
    Err(Error::execution(format!(
        "no token is made: external authentication (eauth {eauth}) is not there; give users rights by publisher_acl"
    )))
}

/// Removes a token. Whether there was one.
///
/// CLI Example:
///
/// ```text
/// salt-run auth.del_token 6556760736e4077daa601baec2b67c24
/// ```
#[function]
fn del_token(cx: &Context<'_>, token: Value) -> Result<bool> {
    let token = token.to_string();
    if token.is_empty() || !token.chars().all(|c| c.is_ascii_alphanumeric()) {
        return Ok(false);
    }
    private_file::remove(&cx.opts.path("token_dir").join(token))
}
