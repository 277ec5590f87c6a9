//! `file.join` and other work on the text of paths.

use halite_core::{ExecModule, Value, function};

use super::shared::normal;

/// The module.
pub static MODULE: ExecModule =
    ExecModule::new("file", &[&BASENAME, &DIRNAME, &JOIN, &NORMPATH, &PARDIR]);

/// Gives the last part of a path.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.basename 'test/test.config'
/// ```
#[function]
fn basename(path: String) -> String {
    path.rsplit('/').next().unwrap_or_default().to_owned()
}

/// Gives a path without its last part.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.dirname 'test/path/filename.config'
/// ```
#[function]
fn dirname(path: String) -> String {
    let Some(at) = path.rfind('/') else { return String::new() };
    let head = &path[..=at];
    // Only slashes: the root, as it is written.
    if head.bytes().all(|byte| byte == b'/') {
        head.into()
    } else {
        head.trim_end_matches('/').into()
    }
}

/// Joins parts of a path; an absolute part begins anew.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.join '/' 'usr' 'local' 'bin'
/// ```
#[function]
fn join(#[args] args: Vec<Value>) -> String {
    let mut path = String::new();
    for (index, part) in args.iter().map(Value::to_string).enumerate() {
        if index == 0 || part.starts_with('/') {
            path = part;
        } else {
            if !path.is_empty() && !path.ends_with('/') {
                path.push('/');
            }
            path.push_str(&part);
        }
    }
    path
}

/// Gives a path without `.`, `..` and doubled slashes.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.normpath 'a/b/c/..'
/// ```
#[function]
fn normpath(path: String) -> String {
    normal(&path)
}

/// Gives the name of the folder above, for use in templates.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.pardir
/// ```
#[function]
fn pardir() -> &'static str {
    ".."
}
