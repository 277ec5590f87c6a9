//! What the functions of `cp` share: environments, URLs, downloads.

use std::path::{Path, PathBuf};
use std::time::Duration;

use halite_core::files::SaltUrl;
use halite_core::host::Command;
use halite_core::outside::http::{Request, Trust, redacted};
use halite_core::{Context, Error, Result, SaltEnv, limits};

use crate::support::digest;

/// How long a download may take.
const DOWNLOAD_MAX: Duration = Duration::from_secs(3600);

/// The environment asked for, else the configured one, else `base`.
pub(super) fn env_of(cx: &Context<'_>, saltenv: Option<&str>) -> Result<SaltEnv> {
    match saltenv.filter(|env| !env.is_empty()).unwrap_or(cx.opts.str("saltenv")) {
        "" => Ok(SaltEnv::base()),
        name => SaltEnv::parse(name),
    }
}

/// A path of the file server and its environment, where `source` is a `salt://` URL.
pub(super) fn salt_path(
    cx: &Context<'_>,
    source: &str,
    saltenv: Option<&str>,
) -> Result<Option<(String, SaltEnv)>> {
    let Some(url) = SaltUrl::parse(source)? else { return Ok(None) };
    let env = match url.saltenv {
        Some(env) => env,
        None => env_of(cx, saltenv)?,
    };
    Ok(Some((url.path, env)))
}

/// Makes a file readable here and says where: `salt://` through the file client, URLs by download,
/// paths as they are. `None` if it is not to be had.
pub(super) fn cached(
    cx: &Context<'_>,
    source: &str,
    saltenv: Option<&str>,
) -> Result<Option<PathBuf>> {
    cached_as(cx, source, saltenv, "", How::default())
}

/// The same; a copy that is there already and has the digest `sum` is not fetched again.
pub(super) fn cached_as(
    cx: &Context<'_>,
    source: &str,
    saltenv: Option<&str>,
    sum: &str,
    how: How,
) -> Result<Option<PathBuf>> {
    if let Some((path, env)) = salt_path(cx, source, saltenv)? {
        return Ok(cx.files.cache_file(&path, &env)?.map(|found| found.path));
    }
    let local = source.strip_prefix("file://").unwrap_or(source);
    if local.starts_with('/') {
        return Ok(Some(local.into()));
    }
    if !crate::exec::config::is_file_proto(source) {
        return Err(Error::execution(format!("Path '{source}' is not absolute")));
    }
    let place = extern_place(cx, source, saltenv)?;
    if !has_digest(cx, &place, sum) {
        download(cx, source, &place, how)?;
    }
    Ok(Some(place))
}

/// Whether a file is there with the digest, which may have its kind before it (`sha256=..`).
pub(super) fn has_digest(cx: &Context<'_>, place: &Path, sum: &str) -> bool {
    let sum = sum.rsplit('=').next().unwrap_or(sum);
    if sum.is_empty() || !cx.host.exists(place) {
        return false;
    }
    let Ok(content) = cx.host.read(place) else { return false };
    let kinds = ["md5", "sha1", "sha224", "sha256", "sha384", "sha512"];
    kinds.iter().any(|kind| {
        digest::hex_digest(kind, &content).is_some_and(|own| own.eq_ignore_ascii_case(sum))
    })
}

/// Where the copy of a URL stands in the cache.
pub(super) fn extern_place(cx: &Context<'_>, url: &str, saltenv: Option<&str>) -> Result<PathBuf> {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let rest = rest.split('#').next().unwrap_or(rest);
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let name = if query.is_empty() { path.to_owned() } else { format!("{path}-{query}") };
    let rest = name.as_str();
    // Names and passwords of the URL do not belong in a path; nor does `..`.
    let end = rest.find('/').unwrap_or(rest.len());
    let rest = rest.get(..end).and_then(|host| host.rfind('@')).map_or(rest, |at| &rest[at + 1..]);
    // Salt leaves colons of the host out, ports and all.
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let rest = format!("{}/{path}", host.replace(':', ""));
    let parts = rest.split('/').filter(|part| !matches!(*part, "" | "." | ".."));
    let base = cx.files.cache_dir().join("extrn_files").join(env_of(cx, saltenv)?);
    Ok(parts.fold(base, |path, part| path.join(short(part))))
}

/// A name that file systems take. Salt: `MAX_FILENAME_LENGTH` in `salt.fileclient`.
fn short(name: &str) -> String {
    match name.len() {
        0..=200 => name.to_owned(),
        _ => digest::hex_digest("sha256", name.as_bytes()).unwrap_or_default(),
    }
}

/// Fetches a URL into a file.
///
/// # Errors
/// If the server cannot be asked or does not give it. Salt: `salt.fileclient.Client.get_url`.
pub(super) fn download(cx: &Context<'_>, url: &str, place: &Path, how: How) -> Result<()> {
    if !url.starts_with("http://") && !url.starts_with("https://") {
        return by_program(cx, url, place);
    }
    let mut request = Request::new("GET", url).with_opts(cx.opts);
    request.body_bytes_max = limits::DOWNLOAD_BYTES;
    request.etag = how.etag;
    request.cancel = Some(cx.job.cancel_switch());
    if !how.verify {
        request.trust = Trust::Anything;
    }
    let answer = cx.services.outside().download(&request, place)?;
    if answer.success() || (how.etag && answer.status == 304) {
        return Ok(());
    }
    let (status, reason) = (answer.status, answer.reason());
    let path = request.shown_url();
    let path = path.split_once("://").and_then(|(_, rest)| rest.find('/').map(|at| &rest[at..]));
    Err(Error::execution(format!(
        "Error: HTTP {status}: {reason} reading {}",
        path.unwrap_or_default()
    )))
}

/// What other schemes than HTTP need: `curl`.
fn by_program(cx: &Context<'_>, url: &str, place: &Path) -> Result<()> {
    if cx.host.which("curl").is_none() {
        let shown = redacted(url);
        return Err(Error::execution(format!("cannot fetch {shown}: curl is not installed")));
    }
    let target = place.to_string_lossy();
    let mut command = Command::new(["curl", "-fsSL", "--create-dirs", "-o", &target, "--", url]);
    command.timeout = Some(DOWNLOAD_MAX);
    let output = cx.host.query(&command)?;
    if output.success() {
        return Ok(());
    }
    let reason = output.stderr_text();
    Err(Error::execution(format!("Could not fetch from {}: {}", redacted(url), reason.trim())))
}

/// How a URL is fetched.
#[derive(Clone, Copy, Debug)]
pub(super) struct How {
    /// Whether the server's certificate must be trusted.
    pub(super) verify: bool,
    /// Whether an unchanged file is left as it is (`If-None-Match`).
    pub(super) etag: bool,
}

impl Default for How {
    fn default() -> How {
        How { verify: true, etag: false }
    }
}
