//! `file.manage_file`: puts a fetched source in place.

use std::path::{Path, PathBuf};

use halite_core::diff::Ignore;
use halite_core::edit::Encoding;
use halite_core::signature::Signing;
use halite_core::{Apply, ExecModule, Map, Outcome, Result, Value, args, function, map};

use super::shared::{Owned, attr, clean, mode_of_source};
use crate::modules::file::content::{Content, Fetch, Want};
use crate::modules::file::place::{Seen, put};
use crate::support::expand_user;
use crate::support::perms::Perms;

/// The module.
pub static MODULE: ExecModule = ExecModule::new("file", &[&MANAGE_FILE]);

/// A return with what an outcome says.
fn told(mut ret: Map, outcome: Outcome) -> Map {
    let mut changes = match ret.get("changes") {
        Some(Value::Map(changes)) => (**changes).clone(),
        _ => Map::new(),
    };
    changes.extend(outcome.changes);
    ret.insert("changes".into(), changes.into());
    ret.insert("comment".into(), outcome.comment.into());
    ret.insert("result".into(), outcome.result.map_or(Value::Null, Value::Bool));
    ret.extend(outcome.extra);
    ret
}

fn failed(ret: Map, comment: impl Into<String>) -> Map {
    told(ret, Outcome::new(Some(false), comment))
}

/// What is to be put in place.
struct Task {
    sfn: String,
    source: String,
    sum: Map,
    contents: Value,
    encoding: Option<String>,
    encoding_errors: String,
    saltenv: String,
    skip_verify: bool,
}

impl Task {
    /// The content; the inner error is the comment.
    fn content(&mut self, apply: &Apply<'_>, want: &Want, seen: &Seen) -> Result<Fetched> {
        match &self.contents {
            Value::Null => {}
            Value::Bytes(bytes) => return Ok(Ok(plain(bytes.to_vec()))),
            text => {
                let encoding = Encoding::parse(self.encoding.as_deref().unwrap_or("utf-8"))?;
                let bytes = encoding.encode(&text.to_string(), &self.encoding_errors)?;
                return Ok(Ok(plain(bytes)));
            }
        }
        if self.source.is_empty() {
            return Ok(Ok(Content::default()));
        }
        if self.sfn.is_empty() {
            let call = args![&self.source, &self.saltenv; verify_ssl = want.fetch.verify_ssl];
            let copy = apply.call_value("cp.cache_file", call)?;
            if !copy.truthy() {
                return Ok(Err(format!("Source file '{}' not found", self.source)));
            }
            self.sfn = copy.to_string();
            // What has just come has the digest that it has.
            self.sum.shift_remove("hsum");
        }
        let wanted = self.sum.get("hsum").map(|sum| sum.to_string().to_lowercase());
        let kind = self.sum.get("hash_type").map_or("sha256".to_owned(), Value::to_string);
        if let Some(wanted) = wanted {
            let hash = |path: &Path| apply.call_value("file.get_hash", args![path, &kind]);
            let in_place = seen.is_file() && (want.follow || !seen.is_link());
            if in_place && hash(&want.path)?.as_str() == Some(wanted.as_str()) {
                return Ok(Ok(Content::default()));
            }
            let from_elsewhere = !self.source.starts_with("salt://");
            if from_elsewhere && !self.skip_verify && !want.fetch.use_etag {
                let actual = hash(Path::new(&self.sfn))?.to_string();
                if actual != wanted {
                    return Ok(Err(self.mismatch(want, seen, &kind, &wanted, &actual)));
                }
            }
        }
        let path = PathBuf::from(&self.sfn);
        let bytes = Some(apply.host.read(&path)?);
        Ok(Ok(Content { bytes, from_source: true, path: Some(path), ..Content::default() }))
    }

    fn mismatch(&self, want: &Want, seen: &Seen, kind: &str, wanted: &str, has: &str) -> String {
        let of = if seen.exists() { &self.source } else { &want.name };
        let text = format!(
            "Specified {kind} checksum for {of} ({wanted}) does not match actual checksum ({has})"
        );
        match seen.exists() {
            true => {
                text + ". If the 'source_hash' value refers to a remote file with multiple \
                            possible matches, then it may be necessary to set \
                            'source_hash_name'."
            }
            false => text,
        }
    }
}

type Fetched = Result<Content, String>;

fn plain(bytes: Vec<u8>) -> Content {
    Content { bytes: Some(bytes), ..Content::default() }
}

/// Puts what `file.get_managed` gave in place; gives what a state gives.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.manage_file /etc/httpd/conf.d/httpd.conf '' '{}' salt://http/httpd.conf \
///     '{hash_type: md5, hsum: <md5sum>}' root root '755' '' base ''
/// ```
#[function]
fn manage_file(
    apply: &Apply<'_>,
    name: String,
    /// The path of the fetched source.
    sfn: Option<String>,
    /// The return to add to.
    ret: Value,
    source: Value,
    source_sum: Value,
    user: Value,
    group: Value,
    mode: Value,
    attrs: Value,
    saltenv: String,
    backup: Value,
    #[default(false)] makedirs: bool,
    #[default(Value::Null)] _template: Value,
    #[default(true)] show_changes: bool,
    #[default(Value::Null)] contents: Value,
    #[default(Value::Null)] dir_mode: Value,
    #[default(true)] follow_symlinks: bool,
    #[default(false)] skip_verify: bool,
    #[default(false)] keep_mode: bool,
    #[default(None)] encoding: Option<String>,
    #[default("strict".into())] encoding_errors: String,
    #[default(Value::Null)] _seuser: Value,
    #[default(Value::Null)] _serole: Value,
    #[default(Value::Null)] _setype: Value,
    #[default(Value::Null)] _serange: Value,
    #[default(true)] verify_ssl: bool,
    #[default(false)] use_etag: bool,
    #[default(Value::Null)] signature: Value,
    #[default(Value::Null)] source_hash_sig: Value,
    #[default(Value::Null)] signed_by_any: Value,
    #[default(Value::Null)] signed_by_all: Value,
    #[default(Value::Null)] keyring: Value,
    #[default(Value::Null)] gnupghome: Value,
    #[default(false)] ignore_ordering: bool,
    #[default(false)] ignore_whitespace: bool,
    #[default(Value::Null)] ignore_comment_characters: Value,
    #[default(false)] new_file_diff: bool,
    #[default("gpg".into())] sig_backend: String,
    #[kwargs] _kwargs: Map,
) -> Result<Map> {
    let name = expand_user(apply.cx, &name);
    let source = if source.truthy() { source.to_string() } else { String::new() };
    let mut owned = Owned { user, group, mode, attrs };
    if keep_mode && !source.is_empty() {
        owned.mode = mode_of_source(apply, &source, &saltenv).unwrap_or(owned.mode);
    }
    let signing = Signing {
        signature,
        source_hash_sig,
        signed_by_any,
        signed_by_all,
        keyring,
        gnupghome,
        sig_backend,
    };
    let want = Want {
        path: PathBuf::from(&name),
        name,
        replace: true,
        fetch: Fetch { verify_ssl, use_etag },
        signing,
        attrs: attr(&owned.attrs),
        perms: Perms::new(owned.user, owned.group, &owned.mode),
        makedirs,
        dir_mode,
        show_changes,
        new_file_diff,
        backup,
        follow: follow_symlinks,
        ignore: Ignore::new(ignore_ordering, ignore_whitespace, &ignore_comment_characters),
        ..Want::default()
    };
    let task = Task {
        sfn: sfn.unwrap_or_default(),
        source,
        sum: source_sum.as_map().cloned().unwrap_or_default(),
        contents,
        encoding,
        encoding_errors,
        saltenv,
        skip_verify,
    };
    let ret = match ret.as_map().filter(|ret| !ret.is_empty()) {
        Some(ret) => ret.clone(),
        None => {
            let name = want.name.as_str();
            map! { "name" => name, "changes" => Map::new(), "comment" => "", "result" => true }
        }
    };
    manage(apply, &want, task, ret)
}

fn manage(apply: &Apply<'_>, want: &Want, mut task: Task, ret: Map) -> Result<Map> {
    let seen = Seen::at(apply.host, &want.path)?;
    let content = match task.content(apply, want, &seen)? {
        Ok(content) => content,
        Err(comment) => return Ok(failed(ret, comment)),
    };
    if apply.test() {
        clean(apply, &task.sfn)?;
        let comment = format!("File {} not updated", want.name);
        return Ok(told(ret, Outcome::new(None, comment)));
    }
    let outcome = put(apply, want, &content, &seen);
    clean(apply, &task.sfn)?;
    let mut outcome = outcome?;
    // Of a new file the caller's own words stay.
    let words = ret.get("comment").and_then(Value::as_str).filter(|words| !words.is_empty());
    if let Some(words) = words.filter(|_| seen.lstat.is_none() && outcome.result == Some(true)) {
        outcome.comment = words.to_owned();
    }
    Ok(told(ret, outcome))
}
