//! What the functions of `cp` share: environments, URLs, downloads.

use std::path::{Path, PathBuf};
use std::time::Duration;

use halite_core::files::SaltUrl;
use halite_core::host::Command;
use halite_core::{Context, Error, Result, SaltEnv};

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
    Ok(download(cx, source, &place)?.then_some(place))
}

/// Where the copy of a URL stands in the cache.
fn extern_place(cx: &Context<'_>, url: &str, saltenv: Option<&str>) -> Result<PathBuf> {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let rest = rest.split(['?', '#']).next().unwrap_or(rest);
    // Names and passwords of the URL do not belong in a path; nor does `..`.
    let rest = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    let parts = rest.split('/').filter(|part| !matches!(*part, "" | "." | ".."));
    let base = cx.files.cache_dir().join("extrn_files").join(env_of(cx, saltenv)?);
    Ok(parts.fold(base, |path, part| path.join(part)))
}

/// Fetches a URL with `curl` or `wget`; false if there is nothing.
pub(super) fn download(cx: &Context<'_>, url: &str, place: &Path) -> Result<bool> {
    let target = place.to_string_lossy();
    let folder = place.parent().map(|p| p.to_string_lossy().into_owned()).unwrap_or_default();
    let mut make = Command::new(["mkdir", "-p", "--", &folder]);
    make.timeout = Some(DOWNLOAD_MAX);
    cx.host.query(&make)?;
    let mut command = if cx.host.which("curl").is_some() {
        Command::new(["curl", "-fsSL", "-o", &target, "--", url])
    } else if cx.host.which("wget").is_some() {
        Command::new(["wget", "-q", "-O", &target, "--", url])
    } else {
        let what = format!("cannot fetch {url}: neither curl nor wget is installed");
        return Err(Error::execution(what));
    };
    command.timeout = Some(DOWNLOAD_MAX);
    let output = cx.host.query(&command)?;
    if !output.success() {
        tracing::error!("Unable to fetch {url}: {}", output.stderr_text().trim());
    }
    Ok(output.success())
}
