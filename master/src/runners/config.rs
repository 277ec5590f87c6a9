//! `config`: the master's options.

use halite_core::value::SubPath;
use halite_core::{Context, ExecModule, Value, function};

/// The module.
pub static MODULE: ExecModule = ExecModule::new("config", &[&GET]);

/// Looks up an option; parts of a path are separated by `:`.
///
/// CLI Example:
///
/// ```text
/// salt-run config.get file_roots
/// salt-run config.get file_roots:base
/// ```
#[function]
fn get(
    cx: &Context<'_>,
    key: String,
    #[default("".into())] default: Value,
    #[default(":".into())] delimiter: String,
) -> Value {
    let all = Value::from(cx.opts.values().clone());
    all.traverse(&key, &delimiter).cloned().unwrap_or(default)
}
