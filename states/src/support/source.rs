//! Where a managed file's content comes from: `source`, `source_hash`, templates.

use std::path::{Path, PathBuf};

use halite_core::files::SaltUrl;
use halite_core::outside::http::redacted;
use halite_core::{Apply, Context, Error, Map, Result, SaltEnv, Value, args, map};
use halite_render::pipe::Pipe;
use halite_render::{TemplateEngine, TemplateRequest};

use super::{look_only::LookOnly, saltenv, templates};

/// A source made readable on this machine.
#[derive(Clone, Debug)]
pub struct Source {
    /// The URL or path as given.
    pub url: String,
    /// The file to read.
    pub path: PathBuf,
    /// Its mode, where `mode: keep` can know it.
    pub mode: Option<u32>,
}

/// What a template sees beside the standard names.
#[derive(Clone, Debug, Default)]
pub struct TemplateArgs {
    /// The renderer's name: `jinja`.
    pub template: String,
    /// `defaults`, `context` over them.
    pub context: Map,
}

/// Whether the text is a URL of another machine.
pub fn is_remote(source: &str) -> bool {
    ["http://", "https://", "ftp://", "s3://", "swift://"].iter().any(|p| source.starts_with(p))
}

/// The environment and the path of a `salt://` URL; `env` unless the URL names one.
///
/// # Errors
/// If an environment is none.
pub fn salt_path(source: &str, env: &str) -> Result<Option<(SaltEnv, String)>> {
    let Some(url) = SaltUrl::parse(source)? else { return Ok(None) };
    let env = match url.saltenv {
        Some(env) => env,
        None => SaltEnv::parse(env)?,
    };
    Ok(Some((env, url.path)))
}

/// The first of several sources that exists, with its hash. Salt: `file.source_list`.
///
/// # Errors
/// If none exists.
pub fn choose(cx: &Context<'_>, source: &Value, source_hash: &Value) -> Result<(String, Value)> {
    let Some(candidates) = source.as_list() else {
        return Ok((source.to_string(), source_hash.clone()));
    };
    let env = saltenv(cx);
    for candidate in candidates {
        let (url, hash) = match candidate.as_map().and_then(Map::first) {
            Some((url, hash)) if hash.truthy() => (url.to_string(), hash.clone()),
            Some((url, _)) => (url.to_string(), source_hash.clone()),
            None => (candidate.to_string(), source_hash.clone()),
        };
        let there = match salt_path(&url, &env)? {
            Some((env, path)) => cx.files.hash_file(&path, &env)?.is_some(),
            None if is_remote(&url) => true,
            None => cx.host.exists(Path::new(url.strip_prefix("file://").unwrap_or(&url))),
        };
        if there {
            return Ok((url, hash));
        }
    }
    Err(Error::execution("none of the specified sources were found"))
}

/// Makes a source readable. `Err` inside is the comment of a source that is not there.
///
/// # Errors
/// If the file client cannot be asked.
pub fn fetch(
    cx: &Context<'_>,
    url: &str,
    source_hash: &Value,
    skip_verify: bool,
) -> Result<Result<Source, String>> {
    let env = saltenv(cx);
    if let Some((env, path)) = salt_path(url, &env)? {
        return Ok(match cx.files.cache_file(&path, &env)? {
            Some(found) => {
                let mode = match found.mode {
                    Some(mode) => Some(mode),
                    None => cx.host.metadata(&found.path)?.map(|stat| stat.mode),
                };
                Ok(Source { url: url.into(), path: found.path, mode })
            }
            None => Err(format!("Source file {url} not found in saltenv '{env}'")),
        });
    }
    if is_remote(url) {
        return remote(cx, url, source_hash, skip_verify);
    }
    let path = PathBuf::from(url.strip_prefix("file://").unwrap_or(url));
    if !cx.host.exists(&path) {
        return Ok(Err(format!("Local file source {} does not exist", path.display())));
    }
    let mode = cx.host.metadata(&path)?.map(|stat| stat.mode);
    Ok(Ok(Source { url: url.into(), path, mode }))
}

fn remote(
    cx: &Context<'_>,
    url: &str,
    source_hash: &Value,
    skip_verify: bool,
) -> Result<Result<Source, String>> {
    if !skip_verify && !source_hash.truthy() {
        return Ok(Err(format!(
            "Unable to verify upstream hash of source file {url}, please set source_hash or set \
             skip_verify to True"
        )));
    }
    let env = saltenv(cx);
    let host = LookOnly(cx.host);
    let apply = Apply { cx, host: &host };
    let cached = match apply.call_value("cp.cache_file", args![url, env]) {
        Ok(cached) => cached,
        Err(Error::Cancelled) => return Err(Error::Cancelled),
        Err(why) => return Ok(Err(format!("Failed to cache {}: {why}", redacted(url)))),
    };
    Ok(match cached.as_str().filter(|path| !path.is_empty()) {
        Some(path) => Ok(Source { url: url.into(), path: path.into(), mode: None }),
        None => Err(format!("Source file '{url}' not found")),
    })
}

/// A `source_hash` such as `sha256=..` or a bare digest, as (type, digest); `None` for others (a
/// URL of a list of hashes).
pub fn parse_hash(text: &str) -> Option<(String, String)> {
    let (kind, digest) = match text.split_once(['=', ':']) {
        Some((kind, digest)) => (kind.trim().to_lowercase(), digest.trim()),
        None => (String::new(), text.trim()),
    };
    let by_length = match digest.len() {
        32 => "md5",
        40 => "sha1",
        56 => "sha224",
        64 => "sha256",
        96 => "sha384",
        128 => "sha512",
        _ => return None,
    };
    let known =
        digest.bytes().all(|b| b.is_ascii_hexdigit()) && (kind.is_empty() || kind == by_length);
    known.then(|| (by_length.to_owned(), digest.to_lowercase()))
}

/// Renders the template of a managed file. Salt: the template half of `file.get_managed`.
///
/// # Errors
/// Unknown template languages are the inner `Err`: a comment. What the template does wrong is
/// raised.
pub fn render(
    apply: &Apply<'_>,
    text: &str,
    path: Option<&Path>,
    with: &TemplateArgs,
    own: Map,
) -> Result<Result<String, String>> {
    let engine = templates::engine();
    let mut context = own;
    context.extend(with.context.clone());
    let env = saltenv(apply.cx);
    let request = TemplateRequest {
        apply,
        files: apply.files,
        saltenv: &env,
        sls: "",
        path,
        context: &context,
    };
    match with.template.as_str() {
        "jinja" => {
            let rendered = engine.render(text, &request);
            rendered.map(Ok).map_err(|error| Error::execution(error.to_salt_text()))
        }
        "gpg" | "py" | "mako" | "cheetah" | "genshi" | "wempy" | "py_jinja" => {
            let pipe = Pipe::new(apply.opts, &engine).with_default(&with.template);
            let rendered = pipe.compile(text, &request);
            let text = rendered.map(|rendered| rendered.into_value().to_string());
            text.map(Ok).map_err(|error| Error::execution(error.to_salt_text()))
        }
        other => Ok(Err(format!("Specified template format {other} is not supported"))),
    }
}

/// The names that a managed file's template sees of its state.
pub fn own_names(name: &str, source: &str, perms: &super::perms::Perms) -> Map {
    map! {
        "name" => name, "source" => source, "user" => &perms.user, "group" => &perms.group,
        "mode" => perms.mode.clone(), "attrs" => (),
    }
}
