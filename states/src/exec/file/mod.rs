//! What the functions behind `file.managed` share.

use std::path::{Path, PathBuf};

use halite_core::signature::Signing;
use halite_core::{Apply, Context, Map, Result, Value, args};

use crate::engine::call::ENV_OPTION;

/// How temporary files begin, so that whoever is handed one knows it. Salt: `TEMPFILE_PREFIX`.
const TEMPORARY: &str = "__salt.tmp.";

/// Owner, mode and attributes that a file is to have.
pub(super) struct Owned {
    pub(super) user: Value,
    pub(super) group: Value,
    pub(super) mode: Value,
    pub(super) attrs: Value,
}

/// What `get_managed` gives: a path, a digest, and why there is none.
#[derive(Default)]
pub(super) struct Got {
    pub(super) path: String,
    pub(super) sum: Map,
    pub(super) comment: String,
}

impl Got {
    pub(super) fn refused(comment: impl Into<String>) -> Got {
        Got { comment: comment.into(), ..Got::default() }
    }
}

/// What `get_managed` is asked for.
pub(super) struct Wanted {
    pub(super) name: String,
    pub(super) template: Option<String>,
    pub(super) source: Value,
    pub(super) source_hash: Value,
    pub(super) source_hash_name: Value,
    pub(super) owned: Owned,
    pub(super) saltenv: String,
    pub(super) context: Map,
    pub(super) skip_verify: bool,
    pub(super) verify_ssl: bool,
    pub(super) use_etag: bool,
    pub(super) signing: Signing,
    /// Further names for the template.
    pub(super) more: Map,
}

/// Attributes, if there are any.
pub(super) fn attr(attrs: &Value) -> Option<String> {
    attrs.truthy().then(|| attrs.to_string())
}

/// Calls with another file environment.
pub(super) fn within<T>(apply: &Apply<'_>, saltenv: &str, call: impl FnOnce(&Apply<'_>) -> T) -> T {
    let opts = apply.opts.with(ENV_OPTION, saltenv);
    let cx = Context { opts: &opts, ..*apply.cx };
    call(&Apply { cx: &cx, host: apply.host })
}

/// Writes a temporary file, readable by its owner only.
///
/// # Errors
/// If it cannot be written.
pub(super) fn temporary(apply: &Apply<'_>, content: &[u8]) -> Result<PathBuf> {
    let micros = apply.host.now_micros();
    let folder = std::env::temp_dir();
    let free = (0..1000)
        .map(|turn| folder.join(format!("{TEMPORARY}{:x}{turn:x}", micros & 0xffff_ffff_ffff)))
        .find(|place| matches!(apply.host.symlink_metadata(place), Ok(None)));
    let place = free.unwrap_or_else(|| folder.join(format!("{TEMPORARY}{micros:x}")));
    apply.host.write_atomic(&place, content, Some(0o600))?;
    Ok(place)
}

/// Removes a file if it is a temporary one.
///
/// # Errors
/// If it cannot be removed.
pub(super) fn clean(apply: &Apply<'_>, path: &str) -> Result<()> {
    let path = Path::new(path);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if name.starts_with(TEMPORARY)
        && path.parent() == Some(std::env::temp_dir().as_path())
        && apply.host.exists(path)
    {
        apply.host.remove_file(path)?;
    }
    Ok(())
}

/// The mode of a source of this machine or of the file server.
pub(super) fn mode_of_source(apply: &Apply<'_>, source: &str, saltenv: &str) -> Option<Value> {
    let near = ["salt://", "file://", "/"].iter().any(|begin| source.starts_with(begin));
    if !near {
        return None;
    }
    let mode = apply.call_value("cp.stat_file", args![source; saltenv = saltenv, octal = true]);
    mode.ok().filter(Value::truthy)
}
