//! `http`: requests to web servers from the master. Salt: `salt/runners/http.py` behaviour.

use halite_core::{Apply, Args, ExecModule, Map, Result, Value, function};

use crate::services::MasterServices;

/// The module.
pub static MODULE: ExecModule = ExecModule::new("http", &[&QUERY, &UPDATE_CA_BUNDLE]);

/// Asks a web server; takes what the execution function `http.query` takes.
///
/// CLI Example:
///
/// ```text
/// salt-run http.query http://somelink.com/
/// salt-run http.query http://somelink.com/ method=POST params='key1=val1&key2=val2'
/// ```
#[function]
fn query(
    apply: &Apply<'_>,
    url: String,
    /// Has no meaning any more; `--quiet` prints nothing.
    #[default(true)]
    output: bool,
    #[kwargs] kwargs: Map,
) -> Result<Value> {
    if !output {
        tracing::warn!("Output option has been deprecated. Please use --quiet.");
    }
    call(apply, "http.query", vec![url.into()], kwargs)
}

/// Fetches the certificates that others are trusted by into a file.
///
/// CLI Example:
///
/// ```text
/// salt-run http.update_ca_bundle
/// salt-run http.update_ca_bundle target=/path/to/cacerts.pem
/// ```
#[function]
fn update_ca_bundle(apply: &Apply<'_>, #[kwargs] kwargs: Map) -> Result<Value> {
    call(apply, "http.update_ca_bundle", Vec::new(), kwargs)
}

fn call(apply: &Apply<'_>, fun: &str, positional: Vec<Value>, named: Map) -> Result<Value> {
    MasterServices::of(apply.cx)?.call_here(apply.cx, fun, Args { positional, named })
}
