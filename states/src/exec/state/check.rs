//! `state`: checking trees of states and pillar without running them.

use std::path::{Path, PathBuf};

use halite_core::{Apply, ExecModule, Map, Result, Value, function};

use super::shared::COMPILE;
use crate::lint::{Diagnostic, Lint, Roots, Severity, check};

/// The module.
pub static MODULE: ExecModule = ExecModule::new("state", &[&CHECK]);

/// The largest file that is looked at, in bytes.
const FILE_BYTES_MAX: u64 = 16 << 20;

/// Checks states, pillar and top files for faults, all at once and without running anything.
///
/// Without a path, the configured file and pillar roots are checked. The result is one diagnostic
/// each; there is an error if the return code is 1.
///
/// CLI Example:
///
/// ```text
/// salt-call --local state.check
/// salt-call --local state.check /srv/salt/web --out=json
/// ```
#[function(outputter = "check")]
fn check_(
    apply: &Apply<'_>,
    /// Files and folders; the roots they stand in are found by their top file.
    #[args]
    paths: Vec<Value>,
    #[kwargs] _kwargs: Map,
) -> Result<Value> {
    let cwd = std::env::current_dir().unwrap_or_default();
    let paths: Vec<PathBuf> =
        paths.iter().map(|path| cwd.join(path.to_string())).map(|path| tidy(&path)).collect();
    for path in &paths {
        if !apply.host.exists(path) {
            return Err(halite_core::Error::execution(format!("{} is not there", path.display())));
        }
    }
    let roots = Roots::new(apply.opts, &paths);
    let lint = Lint { apply, roots: &roots, texts: &|path| text(apply, path) };
    let found = check(&lint, &paths);
    if found.iter().any(|diagnostic| diagnostic.severity == Severity::Error) {
        apply.job.set_retcode(COMPILE);
    }
    Ok(found.iter().map(Diagnostic::to_map).map(Value::from).collect::<Vec<_>>().into())
}

/// A path without `.` and `..`.
fn tidy(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::CurDir => {}
            std::path::Component::ParentDir => drop(out.pop()),
            part => out.push(part),
        }
    }
    out
}

fn text(apply: &Apply<'_>, path: &Path) -> Option<String> {
    let size = apply.host.metadata(path).ok()??.size;
    if size > FILE_BYTES_MAX {
        return None;
    }
    String::from_utf8(apply.host.read(path).ok()?).ok()
}
