//! What `archive.extracted` wants, and what its parts share. Salt: `salt/states/archive.py` behaviour.

use std::path::Path;

use halite_core::outside::http::redacted;
use halite_core::signature::Signing;
use halite_core::{Apply, Changes, Error, Map, Outcome, Result, Value, args};

use crate::support::saltenv;

/// All that the state was told.
#[derive(Clone, Default)]
pub(super) struct Want {
    /// The folder, with a `/` at its end.
    pub(super) name: String,
    pub(super) source: Value,
    pub(super) source_hash: Value,
    pub(super) source_hash_name: Value,
    pub(super) signing: Signing,
    pub(super) source_hash_update: bool,
    pub(super) skip_files_list_verify: bool,
    pub(super) skip_verify: bool,
    pub(super) password: Value,
    pub(super) options: Option<String>,
    pub(super) list_options: Value,
    pub(super) force: bool,
    pub(super) overwrite: bool,
    pub(super) clean: bool,
    pub(super) clean_parent: bool,
    pub(super) user: Value,
    pub(super) group: Value,
    pub(super) if_missing: Value,
    pub(super) trim_output: Value,
    pub(super) use_cmd_unzip: Value,
    pub(super) extract_perms: bool,
    pub(super) enforce_toplevel: bool,
    pub(super) enforce_ownership_on: Value,
    pub(super) archive_format: Value,
    pub(super) use_etag: bool,
    pub(super) keep_source: bool,
    /// Further arguments, for the function that extracts.
    pub(super) more: Map,
}

/// A state that is done before its end: a comment, or a whole outcome.
pub(super) enum Stop {
    /// It failed.
    Failed(String),
    /// Something else.
    Done(Outcome),
    /// It cannot be told at all.
    Error(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Stop {
        Stop::Error(error)
    }
}

/// A step on the way.
pub(super) type Step<T> = Result<T, Stop>;

/// Ends the state with this comment.
pub(super) fn stop<T>(comment: impl Into<String>) -> Step<T> {
    Err(Stop::Failed(comment.into()))
}

/// The archive, found and looked into.
pub(super) struct Found {
    /// Its URL or path, without a password.
    pub(super) shown: String,
    /// Its URL or path.
    pub(super) source: String,
    pub(super) is_local: bool,
    /// The file on this machine.
    pub(super) cached: String,
    pub(super) format: String,
    /// Type and digest that it is to have.
    pub(super) sum: Map,
    /// `dirs`, `files`, `links` and those at the top.
    pub(super) contents: Map,
}

impl Found {
    /// Paths of one kind.
    pub(super) fn list(&self, kind: &str) -> Vec<String> {
        let list = self.contents.get(kind).and_then(Value::as_list);
        list.unwrap_or_default().iter().map(Value::to_string).collect()
    }
}

/// A state function of another module, carried out.
pub(super) fn other_state(apply: &Apply<'_>, fun: &str, call: Map) -> Result<Outcome> {
    let call = halite_core::Args::named(call);
    (apply.states.get(fun)?.call)(apply.cx, call)?.settle(apply.cx.test(), apply)
}

/// A URL without its password.
pub(super) fn shown(url: &str) -> String {
    if url.contains("://") { redacted(url) } else { url.to_owned() }
}

/// Digests of archives, remembered from one run to the next, below `cachedir/archive_hash`.
pub(super) struct Sums<'a> {
    pub(super) apply: &'a Apply<'a>,
    /// The archive.
    pub(super) path: &'a str,
}

impl Sums<'_> {
    fn kind(&self) -> &str {
        match self.apply.opts.str("hash_type") {
            "" => "sha256",
            kind => kind,
        }
    }

    /// The file that the digest is kept in.
    fn place(&self) -> std::path::PathBuf {
        let cachedir = Path::new(self.apply.opts.str("cachedir"));
        let path = Path::new(self.path);
        let root = cachedir.join("archive_hash");
        match path.strip_prefix(cachedir) {
            Ok(below) => root.join(format!("{}.hash", below.display())),
            Err(_) => root.join("local").join(self.path.trim_start_matches('/')),
        }
    }

    /// What was remembered.
    pub(super) fn remembered(&self) -> Option<String> {
        let text = self.apply.host.read(&self.place()).ok()?;
        let text = String::from_utf8_lossy(&text).into_owned();
        let mut pairs = text.lines().filter_map(|line| line.split_once(':'));
        pairs.find(|(kind, _)| *kind == self.kind()).map(|(_, sum)| sum.to_owned())
    }

    /// Remembers what the archive has now.
    ///
    /// # Errors
    /// If it cannot be read or the cache cannot be written.
    pub(super) fn remember(&self) -> Result<()> {
        let sum: String = self.apply.call("file.get_hash", args![self.path, self.kind()])?;
        let place = self.place();
        let old = self.apply.host.read(&place).unwrap_or_default();
        let own = format!("{}:", self.kind());
        let text = String::from_utf8_lossy(&old).into_owned();
        let mut lines: Vec<String> =
            text.lines().filter(|line| !line.starts_with(&own)).map(str::to_owned).collect();
        lines.push(format!("{own}{sum}"));
        let folder = crate::support::paths::folder_of(&place);
        crate::support::perms::make_dirs(self.apply.host, folder, &Default::default())?;
        self.apply.host.write_atomic(&place, format!("{}\n", lines.join("\n")).as_bytes(), None)
    }
}

/// Type and digest of `source_hash`.
pub(super) fn source_sum(apply: &Apply<'_>, want: &Want, source: &str) -> Step<Map> {
    if !want.source_hash.truthy() {
        return Ok(Map::new());
    }
    let mut call = args![;
        source = source, source_hash = &want.source_hash,
        source_hash_name = &want.source_hash_name, saltenv = saltenv(apply.cx)];
    call.named.extend(want.signing.hash_args());
    apply.call("file.get_source_sum", call).or_else(comment_of)
}

/// A function's failure as the state's comment.
pub(super) fn comment_of<T>(error: Error) -> Step<T> {
    match error {
        Error::Cancelled => Err(Stop::Error(Error::Cancelled)),
        other => stop(other.to_string()),
    }
}

/// Adds to a list in the changes.
pub(super) fn note(changes: &mut Changes, key: &str, path: String) {
    let mut list = changes.get(key).and_then(Value::as_list).unwrap_or_default().to_vec();
    list.push(path.into());
    changes.insert(key.into(), list.into());
}

/// The arguments of an extracting function, with the state's further ones.
pub(super) fn with_more(mut call: halite_core::Args, want: &Want) -> halite_core::Args {
    call.named.extend(want.more.clone());
    call
}
