//! What `clean` keeps in a folder: the files of states that it requires.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use halite_core::{Context, Map, Result, Value};

use super::shared::is_dir;
use crate::support::walk::{kept, walk};
use crate::support::{LOWSTATE, expand_user};

/// What is cleaned and what stays.
pub(crate) struct Cleaning {
    /// Paths that stay, with the folders above them.
    pub(crate) keep: BTreeSet<PathBuf>,
    /// Patterns of what is left alone.
    pub(crate) exclude: Value,
}

/// What stays in `folder` for the sake of the states in `require`. Salt: `_gen_keep_files`.
///
/// # Errors
/// If sources of a required `file.recurse` cannot be listed.
pub(crate) fn keep_files(
    cx: &Context<'_>,
    folder: &Path,
    require: &Value,
) -> Result<BTreeSet<PathBuf>> {
    Ok(kept(folder, required(cx, folder, require)?))
}

/// The files of required states, without the folders above them.
///
/// # Errors
/// As [`keep_files`].
pub(crate) fn required(
    cx: &Context<'_>,
    folder: &Path,
    require: &Value,
) -> Result<BTreeSet<PathBuf>> {
    let mut keep = BTreeSet::new();
    let chunks = cx.job.note(LOWSTATE).unwrap_or_default();
    let wanted = require.as_list().unwrap_or_default().iter().filter_map(|item| item.get("file"));
    for wanted in wanted {
        let lows = chunks.as_list().unwrap_or_default().iter().filter_map(Value::as_map);
        let lows = lows.filter(|low| [low.get("name"), low.get("__id__")].contains(&Some(wanted)));
        for low in lows {
            add(cx, folder, low, &mut keep)?;
        }
    }
    Ok(keep)
}

fn add(cx: &Context<'_>, folder: &Path, low: &Map, keep: &mut BTreeSet<PathBuf>) -> Result<()> {
    let name = low.get("name").map(Value::to_string).unwrap_or_default();
    let path = PathBuf::from(expand_user(cx, &name));
    if !is_dir(cx.host, &path) {
        keep.insert(path);
    } else if path.starts_with(folder) {
        if low.get("fun").and_then(Value::as_str) == Some("recurse") {
            keep.extend(super::recurse::files_of(cx, low)?);
        } else {
            for level in walk(cx.host, &path, None) {
                let names = level.dirs.iter().chain(&level.files);
                keep.extend(names.map(|name| level.path.join(name)));
                keep.insert(level.path);
            }
        }
    }
    Ok(())
}
