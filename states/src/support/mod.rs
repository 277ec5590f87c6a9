//! What several state modules and the `state.*` functions share.

pub mod attrs;
pub mod beacon;
pub mod draw;
pub mod ini;
pub mod look_only;
pub mod matcher;
pub mod paths;
pub mod perms;
pub mod source;
pub mod templates;
pub mod walk;
pub mod words;

use halite_core::{Context, Value};

/// The note of a run that holds its low chunks of `file`, for `clean`. Salt: `__lowstate__`.
pub const LOWSTATE: &str = "file.lowstate";

/// The environment of the sls file that a state function was called for.
pub fn saltenv(cx: &Context<'_>) -> String {
    ["__env__", "saltenv"]
        .into_iter()
        .map(|name| cx.opts.str(name))
        .find(|env| !env.is_empty())
        .unwrap_or("base")
        .to_owned()
}

/// A path with `~` expanded, as text. Python: `os.path.expanduser`.
pub fn expand_user(cx: &Context<'_>, path: &str) -> String {
    let Some(rest) = path.strip_prefix('~') else { return path.to_owned() };
    let (who, tail) = rest.split_once('/').map_or((rest, ""), |(who, _)| (who, &rest[who.len()..]));
    let home = match who {
        "" => cx.host.env("HOME"),
        name => cx.host.user(name).ok().flatten().map(|user| user.home.display().to_string()),
    };
    home.map_or_else(|| path.to_owned(), |home| format!("{}{tail}", home.trim_end_matches('/')))
}

/// An argument that is one value or a list of them, as texts.
pub fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::List(items) => items.iter().map(Value::to_string).collect(),
        one => vec![one.to_string()],
    }
}
