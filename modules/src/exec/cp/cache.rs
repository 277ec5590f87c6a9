//! `cp.cache_file` and its kin: files of the file server, made readable here.

use std::path::{Path, PathBuf};

use halite_core::files::Listing;
use halite_core::{Context, Error, ExecModule, Map, Result, Value, function, map};

use super::shared::{How, cached, cached_as, env_of, extern_place, has_digest, salt_path};
use crate::support::digest;

/// The module.
pub static MODULE: ExecModule = ExecModule::new(
    "cp",
    &[
        &CACHE_FILE,
        &CACHE_FILES,
        &CACHE_DIR,
        &CACHE_MASTER,
        &CACHE_LOCAL_FILE,
        &CACHE_DEST,
        &IS_CACHED,
        &HASH_FILE,
        &HASH_FILE_STR,
        &STAT_FILE,
        &ENVS,
        &LIST_MASTER,
        &LIST_MASTER_DIRS,
        &LIST_MASTER_SYMLINKS,
        &LIST_STATES,
        &LIST_MINION,
        &GET_FILE_STR,
    ],
);

fn or_empty(path: Option<PathBuf>) -> Value {
    path.map_or_else(|| "".into(), Value::from)
}

/// Makes one file readable on the minion and gives its path; empty if there is none.
///
/// CLI Example:
///
/// ```text
/// salt '*' cp.cache_file salt://path/to/file
/// salt '*' cp.cache_file 'salt://foo/bar.conf?saltenv=config'
/// ```
#[function]
fn cache_file(
    cx: &Context<'_>,
    path: String,
    #[default(None)] saltenv: Option<String>,
    /// The digest that a file from elsewhere must have.
    #[default(Value::Null)]
    source_hash: Value,
    /// Whether the certificate of a server must be trusted.
    #[default(true)]
    verify_ssl: bool,
    /// Whether a server is asked only for what changed.
    #[default(false)]
    use_etag: bool,
) -> Result<Value> {
    let how = How { verify: verify_ssl, etag: use_etag };
    let sum = source_hash.as_str().unwrap_or_default();
    let found = cached_as(cx, &path, saltenv.as_deref(), sum, how)?;
    if found.is_none() {
        let env = env_of(cx, saltenv.as_deref())?;
        tracing::error!("Unable to cache file '{path}' from saltenv '{env}'.");
    }
    if let (Some(found), Some(wanted)) = (&found, source_hash.as_str()) {
        if !path.starts_with("salt://") && !has_digest(cx, found, wanted) {
            tracing::error!("the digest of '{path}' is not {wanted}");
            return Ok("".into());
        }
    }
    Ok(or_empty(found))
}

/// Makes several files readable on the minion and gives their paths.
///
/// CLI Example:
///
/// ```text
/// salt '*' cp.cache_files salt://pathto/file1,salt://pathto/file1
/// ```
#[function]
fn cache_files(
    cx: &Context<'_>,
    paths: Vec<String>,
    #[default(None)] saltenv: Option<String>,
) -> Result<Vec<Value>> {
    paths.iter().map(|path| Ok(or_empty(cached(cx, path, saltenv.as_deref())?))).collect()
}

/// Makes all files below a folder readable on the minion and gives their paths.
///
/// CLI Example:
///
/// ```text
/// salt '*' cp.cache_dir salt://path/to/dir
/// salt '*' cp.cache_dir salt://path/to/dir include_pat='E@*.py$'
/// ```
#[function]
fn cache_dir(
    cx: &Context<'_>,
    path: String,
    #[default(None)] saltenv: Option<String>,
    #[default(false)] _include_empty: bool,
    /// A glob, or `E@` and a pattern: only these.
    #[default(None)]
    include_pat: Option<String>,
    /// A glob, or `E@` and a pattern: all but these.
    #[default(None)]
    exclude_pat: Option<String>,
) -> Result<Vec<Value>> {
    let Some((folder, env)) = salt_path(cx, &path, saltenv.as_deref())? else {
        return Err(Error::execution(format!("Unsupported path: {path}")));
    };
    let prefix = if folder.is_empty() { folder } else { format!("{}/", folder.trim_matches('/')) };
    let mut found = Vec::new();
    for name in cx.files.list(&env, Listing::Files, &prefix)? {
        let Some(below) = name.strip_prefix(&prefix) else { continue };
        let wanted = include_pat.as_ref().is_none_or(|pattern| fits(below, pattern));
        let refused = exclude_pat.as_ref().is_some_and(|pattern| fits(below, pattern));
        if wanted && !refused {
            found.extend(cx.files.cache_file(&name, &env)?.map(|file| Value::from(file.path)));
        }
    }
    Ok(found)
}

/// Salt: `salt.utils.stringutils.check_include_exclude`: `E@` begins a pattern.
fn fits(name: &str, pattern: &str) -> bool {
    match pattern.strip_prefix("E@") {
        Some(pattern) => {
            let flags = halite_core::pyre::Flags::default();
            halite_core::pyre::compile(pattern, flags)
                .is_ok_and(|regex| regex.is_match(name).unwrap_or(false))
        }
        None => halite_core::glob::fnmatch(name, pattern),
    }
}

/// Makes all files of an environment readable on the minion and gives their paths.
///
/// CLI Example:
///
/// ```text
/// salt '*' cp.cache_master
/// ```
#[function]
fn cache_master(cx: &Context<'_>, #[default(None)] saltenv: Option<String>) -> Result<Vec<Value>> {
    cache_dir(cx, "salt://".into(), saltenv, false, None, None)
}

/// Gives the path of a file of the minion itself, as if it were cached.
///
/// CLI Example:
///
/// ```text
/// salt '*' cp.cache_local_file /etc/hosts
/// ```
#[function]
fn cache_local_file(cx: &Context<'_>, path: String) -> String {
    if cx.host.exists(Path::new(&path)) { path } else { String::new() }
}

/// Gives the path that a file has, or would have, on the minion.
///
/// CLI Example:
///
/// ```text
/// salt '*' cp.cache_dest https://foo.com/bar.rpm
/// salt '*' cp.cache_dest salt://my/file
/// ```
#[function]
fn cache_dest(
    cx: &Context<'_>,
    url: String,
    #[default(None)] saltenv: Option<String>,
) -> Result<Value> {
    match salt_path(cx, &url, saltenv.as_deref())? {
        Some((path, env)) => {
            Ok(Value::from(cx.files.cache_dir().join("files").join(env).join(path)))
        }
        None => Ok(or_empty(cached(cx, &url, saltenv.as_deref())?)),
    }
}

/// Gives the path of a file if it is on the minion already; empty if not.
///
/// CLI Example:
///
/// ```text
/// salt '*' cp.is_cached salt://path/to/file
/// ```
#[function]
fn is_cached(
    cx: &Context<'_>,
    path: String,
    #[default(None)] saltenv: Option<String>,
) -> Result<Value> {
    let (path, env) = match salt_path(cx, &path, saltenv.as_deref())? {
        Some(found) => found,
        None => (path, env_of(cx, saltenv.as_deref())?),
    };
    let place = match path.contains("://") {
        true => extern_place(cx, &path, Some(env.as_str()))?,
        false => cx.files.cache_dir().join("files").join(env).join(path.trim_start_matches('/')),
    };
    Ok(if cx.host.exists(&place) { Value::from(place) } else { "".into() })
}

/// Gives the digest of a file of the file server, as `{hsum, hash_type}`; empty if there is none.
///
/// CLI Example:
///
/// ```text
/// salt '*' cp.hash_file salt://path/to/file
/// ```
#[function]
fn hash_file(
    cx: &Context<'_>,
    path: String,
    #[default(None)] saltenv: Option<String>,
) -> Result<Map> {
    let Some((path, env)) = salt_path(cx, &path, saltenv.as_deref())? else {
        let Ok(content) = cx.host.read(Path::new(&path)) else {
            tracing::warn!("specified file {path} is not present to generate hash");
            return Ok(Map::new());
        };
        let kind = match cx.opts.str("hash_type") {
            "" => "sha256",
            set => set,
        };
        let sum = digest::hex_digest(kind, &content);
        return Ok(map! { "hsum" => sum, "hash_type" => kind });
    };
    let found = cx.files.hash_file(&path, &env)?;
    Ok(found.map(|(kind, sum)| map! { "hsum" => sum, "hash_type" => kind }).unwrap_or_default())
}

/// Gives the digest of a file of the file server as text; empty if there is none.
///
/// CLI Example:
///
/// ```text
/// salt '*' cp.hash_file_str salt://path/to/file
/// ```
#[function]
fn hash_file_str(
    cx: &Context<'_>,
    path: String,
    #[default(None)] saltenv: Option<String>,
) -> Result<Value> {
    Ok(hash_file(cx, path, saltenv)?.get("hsum").cloned().unwrap_or_else(|| "".into()))
}

/// Gives the mode of a file of the file server.
///
/// CLI Example:
///
/// ```text
/// salt '*' cp.stat_file salt://path/to/file
/// ```
#[function]
fn stat_file(
    cx: &Context<'_>,
    path: String,
    #[default(None)] saltenv: Option<String>,
    /// Give digits as `ls` would, and not the number.
    #[default(true)]
    octal: bool,
) -> Result<Value> {
    let Some((path, env)) = salt_path(cx, &path, saltenv.as_deref())? else {
        return Ok(Value::Null);
    };
    let mode = cx.files.cache_file(&path, &env)?.and_then(|found| {
        let stat = || cx.host.metadata(&found.path).ok().flatten().map(|stat| stat.mode);
        found.mode.map(|mode| mode & 0o7777).or_else(stat)
    });
    Ok(match mode {
        Some(mode) if octal => format!("{mode:04o}").into(),
        Some(mode) => (0o100_000 | mode).into(),
        None => Value::Null,
    })
}

/// Lists the environments that the file server has.
///
/// CLI Example:
///
/// ```text
/// salt '*' cp.envs
/// ```
#[function]
fn envs(cx: &Context<'_>) -> Result<Vec<String>> {
    Ok(cx.files.envs()?.iter().map(ToString::to_string).collect())
}

/// Lists the files of an environment.
///
/// CLI Example:
///
/// ```text
/// salt '*' cp.list_master
/// ```
#[function]
fn list_master(
    cx: &Context<'_>,
    #[default(None)] saltenv: Option<String>,
    #[default(String::new())] prefix: String,
) -> Result<Vec<String>> {
    cx.files.list(&env_of(cx, saltenv.as_deref())?, Listing::Files, &prefix)
}

/// Lists the folders of an environment.
///
/// CLI Example:
///
/// ```text
/// salt '*' cp.list_master_dirs
/// ```
#[function]
fn list_master_dirs(
    cx: &Context<'_>,
    #[default(None)] saltenv: Option<String>,
    #[default(String::new())] prefix: String,
) -> Result<Vec<String>> {
    cx.files.list(&env_of(cx, saltenv.as_deref())?, Listing::Dirs, &prefix)
}

/// Lists the symbolic links of an environment and where they point to.
///
/// CLI Example:
///
/// ```text
/// salt '*' cp.list_master_symlinks
/// ```
#[function]
fn list_master_symlinks(
    cx: &Context<'_>,
    #[default(None)] saltenv: Option<String>,
    #[default(String::new())] prefix: String,
) -> Result<Map> {
    cx.files.symlinks(&env_of(cx, saltenv.as_deref())?, &prefix)
}

/// Lists the states of an environment, as they are named in a top file.
///
/// CLI Example:
///
/// ```text
/// salt '*' cp.list_states
/// ```
#[function]
fn list_states(cx: &Context<'_>, #[default(None)] saltenv: Option<String>) -> Result<Vec<String>> {
    let mut names: Vec<String> = list_master(cx, saltenv, String::new())?
        .iter()
        .filter_map(|path| path.strip_suffix(".sls"))
        .map(|path| path.strip_suffix("/init").unwrap_or(path).replace('/', "."))
        .collect();
    names.sort();
    Ok(names)
}

/// Lists the files that are on the minion already.
///
/// CLI Example:
///
/// ```text
/// salt '*' cp.list_minion
/// ```
#[function]
fn list_minion(cx: &Context<'_>, #[default(None)] saltenv: Option<String>) -> Result<Vec<String>> {
    let root = cx.files.cache_dir().join("files").join(env_of(cx, saltenv.as_deref())?);
    let mut found = Vec::new();
    let mut todo = vec![root.clone()];
    while let Some(folder) = todo.pop() {
        for name in cx.host.read_dir(&folder).unwrap_or_default() {
            let place = folder.join(name);
            match cx.host.symlink_metadata(&place)? {
                Some(stat) if stat.is_dir() => todo.push(place),
                Some(_) => {
                    let below = place.strip_prefix(&root).unwrap_or(&place);
                    found.push(below.to_string_lossy().into_owned());
                }
                None => {}
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Gives the content of a file of the file server.
///
/// CLI Example:
///
/// ```text
/// salt '*' cp.get_file_str salt://my/file
/// ```
#[function]
fn get_file_str(
    cx: &Context<'_>,
    path: String,
    #[default(None)] saltenv: Option<String>,
) -> Result<Value> {
    let Some(found) = cached(cx, &path, saltenv.as_deref())? else { return Ok(false.into()) };
    match cx.host.read(&found) {
        Ok(content) => Ok(String::from_utf8_lossy(&content).into_owned().into()),
        Err(_) => Ok(false.into()),
    }
}
