//! What the functions of `archive` share. Salt: `salt/modules/archive.py` behaviour.

use std::path::Path;

use halite_core::{Apply, Context, Error, Result, Value, args};

use crate::support::glob_regex;

/// How many members are told where `trim_output` is just `True`.
const TRIMMED: usize = 100;

/// A list that is given as texts, one text with commas, or a number.
pub(super) fn words(value: &Value) -> Vec<String> {
    match value {
        Value::Null => Vec::new(),
        Value::Str(text) => text.split(',').map(|word| word.trim().to_owned()).collect(),
        Value::List(items) => items.iter().map(Value::to_string).collect(),
        other => vec![other.to_string()],
    }
}

/// Sources of an archive, wildcards resolved. A pattern that fits nothing is nothing.
pub(super) fn sources(cx: &Context<'_>, value: &Value) -> Vec<String> {
    words(value).iter().flat_map(|source| matching(cx, source)).collect()
}

/// Python: `glob.glob`.
fn matching(cx: &Context<'_>, pattern: &str) -> Vec<String> {
    if !pattern.contains(['*', '?', '[']) {
        return vec![pattern.to_owned()];
    }
    let mut found = vec![if pattern.starts_with('/') { "/".to_owned() } else { String::new() }];
    for part in pattern.split('/').filter(|part| !part.is_empty()) {
        let regex = glob_regex(part).filter(|_| part.contains(['*', '?', '[']));
        let mut next = Vec::new();
        for base in found {
            let below = |name: &str| match base.as_str() {
                "" => name.to_owned(),
                base => format!("{}/{name}", base.trim_end_matches('/')),
            };
            let Some(regex) = &regex else {
                next.push(below(part));
                continue;
            };
            let folder = if base.is_empty() { "." } else { &base };
            let names = cx.host.read_dir(Path::new(folder)).unwrap_or_default();
            let shown = names.iter().filter(|name| part.starts_with('.') || !name.starts_with('.'));
            next.extend(shown.filter(|name| regex.is_match(name)).map(|name| below(name)));
        }
        found = next;
    }
    found.retain(|path| matches!(cx.host.symlink_metadata(Path::new(path)), Ok(Some(_))));
    found
}

/// The first members, and a line that says so, where fewer than all are wanted.
pub(super) fn trimmed(mut files: Vec<String>, trim_output: &Value) -> Vec<String> {
    let most = match trim_output {
        Value::Bool(true) => TRIMMED,
        Value::Int(most) => usize::try_from(*most).unwrap_or(0),
        _ => return files,
    };
    if files.len() > most {
        files.truncate(most);
        files.push(format!("List trimmed after {most} files."));
    }
    files
}

/// A path as a template of the language `template`.
pub(super) fn rendered(cx: &Context<'_>, path: String, template: Option<&str>) -> Result<String> {
    let Some(engine) = template.filter(|engine| !engine.is_empty()) else { return Ok(path) };
    let fail = |why| Error::execution(format!("Failed to render file path with error: {why}"));
    crate::support::rendered(cx, path, engine, "base").map_err(fail)
}

/// The file of a path or URL, in the cache if it is from elsewhere.
pub(super) fn cached(
    apply: &Apply<'_>,
    name: &str,
    saltenv: String,
    source_hash: Value,
    use_etag: bool,
) -> Result<String> {
    let call = args![name, saltenv; source_hash = source_hash, use_etag = use_etag];
    match apply.call_value("cp.cache_file", call)? {
        path if path.truthy() => Ok(path.to_string()),
        _ => Err(Error::execution(format!("Failed to cache {name}"))),
    }
}

/// The same fault, with the place of the archive. Salt: the `info` of its exceptions.
pub(super) fn located(error: Error, cached: &str) -> Error {
    match error {
        Error::Execution(what) => {
            let what = what.strip_suffix('.').unwrap_or(&what);
            Error::execution(format!(
                "{what}. Additional info follows:\n\narchive location:\n    {cached}"
            ))
        }
        other => other,
    }
}

/// Removes an archive that was looked at.
pub(super) fn clean_up(apply: &Apply<'_>, cached: &str) {
    if let Err(error) = apply.host.remove_file(Path::new(cached)) {
        tracing::warn!("Failed to clean cached archive {cached}: {error}");
    }
}

/// Number and group of the user that a function is to work as.
pub(super) fn owner(cx: &Context<'_>, runas: Option<&str>) -> Result<Option<(u32, u32)>> {
    let Some(name) = runas.filter(|name| !name.is_empty()) else { return Ok(None) };
    match cx.host.user(name)? {
        Some(user) => Ok(Some((user.uid, user.gid))),
        None => Err(Error::usage("archive", format!("User '{name}' does not exist"))),
    }
}
