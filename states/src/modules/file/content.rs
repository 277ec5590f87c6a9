//! What a managed file is to hold: arguments, sources, templates, encodings.

use std::path::{Path, PathBuf};

use halite_core::diff::Ignore;
use halite_core::edit::{Encoding, Text};
use halite_core::outside::http::redacted;
use halite_core::signature::Signing;
use halite_core::value::SubPath;
use halite_core::{Apply, Context, Error, Map, Result, Value, args};

use super::shared::{split_lines, texts};
use crate::support::perms::Perms;
use crate::support::saltenv;
use crate::support::source::{self, TemplateArgs};

/// What a managed file is to be.
#[derive(Default)]
pub(crate) struct Want {
    pub(crate) path: PathBuf,
    pub(crate) name: String,
    pub(crate) source: Value,
    pub(crate) source_hash: Value,
    pub(crate) source_hash_name: Value,
    pub(crate) skip_verify: bool,
    pub(crate) fetch: Fetch,
    pub(crate) signing: Signing,
    pub(crate) keep_source: bool,
    /// Lines, or bytes as they are.
    pub(crate) contents: Option<Value>,
    pub(crate) newline: bool,
    pub(crate) template: Option<TemplateArgs>,
    pub(crate) encoding: Option<String>,
    pub(crate) encoding_errors: String,
    pub(crate) perms: Perms,
    pub(crate) attrs: Option<String>,
    pub(crate) keep_mode: bool,
    pub(crate) makedirs: bool,
    pub(crate) dir_mode: Value,
    pub(crate) replace: bool,
    pub(crate) show_changes: bool,
    pub(crate) new_file_diff: bool,
    pub(crate) backup: Value,
    pub(crate) follow: bool,
    pub(crate) check_cmd: Value,
    pub(crate) tmp_dir: Option<String>,
    pub(crate) tmp_ext: String,
    pub(crate) ignore: Ignore,
    /// Further variables of the template.
    pub(crate) more: Map,
}

/// How a source of another machine is fetched.
pub(crate) struct Fetch {
    pub(crate) verify_ssl: bool,
    pub(crate) use_etag: bool,
}

impl Default for Fetch {
    fn default() -> Fetch {
        Fetch { verify_ssl: true, use_etag: false }
    }
}

/// The content that is wanted, with the mode of its source.
#[derive(Default)]
pub(crate) struct Content {
    /// `None`: whatever is there.
    pub(crate) bytes: Option<Vec<u8>>,
    pub(crate) from_source: bool,
    pub(crate) mode: Option<u32>,
    /// A copy that nobody needs when the file is in place.
    pub(crate) spare: Option<PathBuf>,
    /// The source as it was fetched, for whoever looks at its signature.
    pub(crate) path: Option<PathBuf>,
}

/// Why there is no content, as a comment.
pub(crate) enum NoContent {
    /// Said with "Unable to manage file: " before it when the state is applied.
    Unable(String),
    /// Said as it is.
    Plain(String),
}

use NoContent::{Plain, Unable};

pub(crate) fn template_args(
    template: Option<String>,
    defaults: &Value,
    context: &Value,
) -> Result<Option<TemplateArgs>, &'static str> {
    let map = |value: &Value, fault| match value {
        Value::Map(map) => Ok((**map).clone()),
        other if !other.truthy() => Ok(Map::new()),
        _ => Err(fault),
    };
    let mut all = map(defaults, "Defaults must be formed as a dict")?;
    all.extend(map(context, "Context must be formed as a dict")?);
    let template = template.filter(|template| !template.is_empty());
    Ok(template.map(|template| TemplateArgs { template, context: all }))
}

/// The arguments that say what the content is.
pub(crate) struct Given {
    pub(crate) contents: Value,
    pub(crate) contents_pillar: Value,
    pub(crate) contents_grains: Value,
    pub(crate) allow_empty: bool,
}

impl Given {
    /// The content, if one of them is given. The fault is a comment.
    pub(crate) fn find(
        &self,
        cx: &Context<'_>,
        source: &Value,
        keep_mode: bool,
        delimiter: &str,
    ) -> Result<Option<Value>, String> {
        let all = "'contents', 'contents_pillar', or 'contents_grains'";
        let sources = [&self.contents, &self.contents_pillar, &self.contents_grains];
        let count = sources.iter().filter(|value| !value.is_null()).count();
        if source.truthy() && count > 0 {
            return Err(format!("'source' cannot be used in combination with {all}"));
        }
        if keep_mode && count > 0 {
            return Err(format!("Mode preservation cannot be used in combination with {all}"));
        }
        if count > 1 {
            return Err(
                "Only one of 'contents', 'contents_pillar', and 'contents_grains' is permitted"
                    .into(),
            );
        }
        let (found, id) = if !self.contents_pillar.is_null() {
            let data = Value::from(std::sync::Arc::clone(cx.pillar));
            let found = look_up(&data, &self.contents_pillar, delimiter);
            let fault = |path| format!("Pillar {path} does not exist");
            (Some(found.map_err(fault)?), format!("contents_pillar {}", self.contents_pillar))
        } else if !self.contents_grains.is_null() {
            let data = Value::from(std::sync::Arc::clone(cx.grains));
            let found = look_up(&data, &self.contents_grains, delimiter);
            let fault = |path| format!("Grain {path} does not exist");
            (Some(found.map_err(fault)?), format!("contents_grains {}", self.contents_grains))
        } else {
            let given = Some(self.contents.clone()).filter(|contents| !contents.is_null());
            (given, "'contents'".into())
        };
        match &found {
            Some(value) if !self.allow_empty && !value.truthy() => Err(format!(
                "{id} value would result in empty contents. Set allow_empty to True to allow the \
                 managed file to be empty."
            )),
            Some(Value::List(items)) if items.is_empty() => Err(
                "Contents specified by contents/contents_pillar/contents_grains is not a string \
                 or list of strings, and is not binary data. SLS is likely malformed."
                    .into(),
            ),
            _ => Ok(found),
        }
    }
}

/// One path or several, joined by line ends. The fault is the path that is not there.
fn look_up(data: &Value, paths: &Value, delimiter: &str) -> Result<Value, String> {
    let get = |path: &str| data.traverse(path, delimiter).cloned().ok_or_else(|| path.to_owned());
    match paths {
        Value::List(paths) => {
            let parts = paths.iter().map(|path| get(&path.to_string()).map(|v| v.to_string()));
            Ok(parts.collect::<Result<Vec<_>, _>>()?.join("\n").into())
        }
        path => get(&path.to_string()),
    }
}

/// The content from `contents` or from the source, rendered.
///
/// # Errors
/// What the source or the template raises.
pub(crate) fn content(apply: &Apply<'_>, want: &Want) -> Result<Result<Content, NoContent>> {
    if let Some(given) = &want.contents {
        return Ok(from_contents(apply, want, given)?.map_err(Plain));
    }
    if !want.source.truthy() {
        return Ok(Ok(Content::default()));
    }
    let (url, hash) = source::choose(apply.cx, &want.source, &want.source_hash)?;
    let is_remote = source::is_remote(&url);
    let checked = !want.skip_verify && hash.truthy() && !url.starts_with("salt://");
    let sum_of = || match checked.then(|| source_sum(apply, want, &url, &hash)).transpose() {
        Ok(sum) => Ok(sum),
        Err(error) => Err(Unable(format!("Unable to manage file: {error}"))),
    };
    let mut sum = None;
    let found = if is_remote {
        sum = match sum_of() {
            Ok(sum) => sum,
            Err(fault) => return Ok(Err(fault)),
        };
        match remote(apply, want, &url, sum.as_ref())? {
            Ok(found) => found,
            Err(fault) => return Ok(Err(fault)),
        }
    } else {
        match source::fetch(apply.cx, &url, &hash, want.skip_verify)? {
            Ok(found) => found,
            Err(fault) => return Ok(Err(Unable(fault))),
        }
    };
    if found.path == want.path {
        return Err(Error::execution("Source file cannot be the same as destination"));
    }
    let mut bytes = apply.host.read(&found.path)?;
    if !is_remote {
        sum = match sum_of() {
            Ok(sum) => sum,
            Err(fault) => return Ok(Err(fault)),
        };
    }
    if let Some(fault) = wrong_hash(apply, want, &found, sum.filter(|_| !want.fetch.use_etag))? {
        return Ok(Err(fault));
    }
    if let Some(with) = &want.template {
        match std::str::from_utf8(&bytes) {
            Ok(text) => {
                let own = own_names(apply, want, &url);
                match source::render(apply, text, Some(&found.path), with, own)? {
                    Ok(rendered) => bytes = rendered.into_bytes(),
                    Err(fault) => return Ok(Err(Unable(fault))),
                }
            }
            // Programs pass through templates as they are.
            Err(_) if !Text::looks_like(&bytes) => {}
            Err(error) => {
                let path = found.path.display();
                return Err(Error::execution(format!("`{path}` is no UTF-8 text: {error}")));
            }
        }
    }
    // Files are never removed from the roots themselves, only copies of them.
    let cached = found.path.starts_with(apply.files.cache_dir());
    let spare = Some(found.path.clone()).filter(|_| !want.keep_source && cached);
    let path = Some(found.path);
    Ok(Ok(Content { bytes: Some(bytes), from_source: true, mode: found.mode, spare, path }))
}

fn from_contents(apply: &Apply<'_>, want: &Want, given: &Value) -> Result<Result<Content, String>> {
    if let Value::Bytes(bytes) = given {
        return Ok(Ok(Content { bytes: Some(bytes.to_vec()), ..Content::default() }));
    }
    let mut text = String::new();
    for line in texts(given).iter().flat_map(|part| split_lines(part)) {
        text += line;
        text.push('\n');
    }
    if !want.newline {
        text.truncate(text.trim_end_matches('\n').trim_end_matches('\r').len());
    }
    if let Some(with) = &want.template {
        match source::render(apply, &text, None, with, own_names(apply, want, ""))? {
            Ok(rendered) => text = rendered,
            Err(fault) => return Ok(Err(fault)),
        }
    }
    let bytes = match want.encoding.as_deref() {
        Some(name) => Encoding::parse(name)?.encode(&text, &want.encoding_errors)?,
        None => text.into_bytes(),
    };
    Ok(Ok(Content { bytes: Some(bytes), ..Content::default() }))
}

fn own_names(apply: &Apply<'_>, want: &Want, url: &str) -> Map {
    let mut own = want.more.clone();
    own.extend(source::own_names(&want.name, url, &want.perms));
    let texts = apply.job.note(super::accumulated::NOTE);
    if let Some(texts) = texts.as_ref().and_then(|all| all.get(&want.name)) {
        own.insert("accumulator".into(), texts.clone());
    }
    own
}

/// What a `source_hash` says, as (type, digest).
fn source_sum(apply: &Apply<'_>, want: &Want, url: &str, hash: &Value) -> Result<(String, String)> {
    if let Some(sum) = source::parse_hash(&hash.to_string()) {
        return Ok(sum);
    }
    let mut call = args![;
        file_name = want.name.as_str(), source = url, source_hash = hash,
        source_hash_name = &want.source_hash_name, saltenv = saltenv(apply.cx),
        verify_ssl = want.fetch.verify_ssl];
    call.named.extend(want.signing.hash_args());
    let sum: Map = apply.call("file.get_source_sum", call)?;
    let get = |key: &str| sum.get(key).map(Value::to_string).unwrap_or_default();
    Ok((get("hash_type"), get("hsum")))
}

/// Fetches a file of another machine, unless the copy here is the one wanted.
fn remote(
    apply: &Apply<'_>,
    want: &Want,
    url: &str,
    sum: Option<&(String, String)>,
) -> Result<Result<source::Source, NoContent>> {
    let shown = redacted(url);
    if !want.skip_verify && !want.fetch.use_etag && sum.is_none() {
        return Ok(Err(Unable(format!(
            "Unable to verify upstream hash of source file {shown}, please set source_hash or set \
             skip_verify to True"
        ))));
    }
    let env = saltenv(apply.cx);
    let at = |path: &Value| {
        let path = path.as_str().filter(|path| !path.is_empty())?;
        Some(source::Source { url: url.into(), path: path.into(), mode: None })
    };
    let copy = at(&apply.call_value("cp.is_cached", args![url, env.as_str()])?);
    if let Some(copy) = copy {
        if want.skip_verify {
            return Ok(Ok(copy));
        }
        if let Some((kind, wanted)) = sum.filter(|_| !want.fetch.use_etag)
            && digest(apply, &copy.path, kind)? == *wanted
        {
            return Ok(Ok(copy));
        }
    }
    let call = args![url, env; verify_ssl = want.fetch.verify_ssl, use_etag = want.fetch.use_etag];
    match apply.call_value("cp.cache_file", call) {
        Ok(path) => Ok(at(&path).ok_or_else(|| Unable(format!("Source file '{shown}' not found")))),
        Err(Error::Cancelled) => Err(Error::Cancelled),
        Err(error) => Ok(Err(Unable(format!("Failed to cache {shown}: {error}")))),
    }
}

fn digest(apply: &Apply<'_>, path: &Path, kind: &str) -> Result<String> {
    apply.call("file.get_hash", args![path, kind])
}

/// The complaint about a source from elsewhere whose digest is not the given one.
fn wrong_hash(
    apply: &Apply<'_>,
    want: &Want,
    found: &source::Source,
    sum: Option<(String, String)>,
) -> Result<Option<NoContent>> {
    let Some((kind, wanted)) = sum else { return Ok(None) };
    let actual = digest(apply, &found.path, &kind)?;
    if actual == wanted {
        return Ok(None);
    }
    let there = apply.host.symlink_metadata(&want.path)?.is_some();
    let (of, advice) = match there {
        false => (want.name.as_str(), ""),
        true => (
            found.url.as_str(),
            ". If the 'source_hash' value refers to a remote file with multiple possible matches, \
             then it may be necessary to set 'source_hash_name'.",
        ),
    };
    Ok(Some(Plain(format!(
        "Specified {kind} checksum for {of} ({wanted}) does not match actual checksum \
         ({actual}){advice}"
    ))))
}

/// Whether the file that is there has the digest of a source elsewhere, so that the source need
/// not be fetched.
pub(crate) fn is_there_already(apply: &Apply<'_>, want: &Want) -> bool {
    if want.contents.is_some() || want.template.is_some() || want.skip_verify || !want.replace {
        return false;
    }
    let Ok((url, hash)) = source::choose(apply.cx, &want.source, &want.source_hash) else {
        return false;
    };
    if !hash.truthy() || !source::is_remote(&url) {
        return false;
    }
    let same = || -> Result<bool> {
        let (kind, wanted) = source_sum(apply, want, &url, &hash)?;
        Ok(digest(apply, &want.path, &kind)? == wanted)
    };
    same().unwrap_or_else(|error| {
        tracing::error!(
            "Failed checking existing file's hash against specified source_hash: {error}"
        );
        false
    })
}
