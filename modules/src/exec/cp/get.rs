//! `cp.get_file`, `cp.push`, `cp.recv`: files copied to a place, to the master, from salt-cp.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use halite_core::files::Listing;
use halite_core::{Apply, Context, Error, ExecModule, Map, Result, Value, args, function, map};

use super::shared::{How, cached_as, download, salt_path};

/// The module.
pub static MODULE: ExecModule =
    ExecModule::new("cp", &[&GET_FILE, &GET_DIR, &GET_URL, &RECV, &RECV_CHUNKED, &PUSH, &PUSH_DIR]);

/// Bytes of a file that go to the master in one message, unless `file_buffer_size` says otherwise.
const CHUNK_BYTES: i64 = 262_144;
/// Most bytes that one compressed chunk may unpack to.
const UNPACKED_MAX: u64 = 256 * 1024 * 1024;

/// Copies a file to a path, or under its name where the path is a folder; the folder above is made if `makedirs` says so.
fn place(apply: &Apply<'_>, from: &Path, dest: &str, makedirs: bool) -> Result<Option<PathBuf>> {
    let content = apply.host.read(from)?;
    let mut to = PathBuf::from(dest);
    let folder = matches!(apply.host.metadata(&to), Ok(Some(stat)) if stat.is_dir());
    if dest.ends_with('/') || folder {
        to.push(from.file_name().unwrap_or_default());
    }
    let above = to.parent().unwrap_or(Path::new("/"));
    if !apply.host.exists(above) {
        if !makedirs {
            return Ok(None);
        }
        apply.call_value("file.mkdir", args![above])?;
    }
    apply.host.write_atomic(&to, &content, None)?;
    Ok(Some(to))
}

/// A path of which parts may be templates.
fn rendered(cx: &Context<'_>, text: String, template: Option<&str>) -> Result<String> {
    let Some(engine) = template else { return Ok(text) };
    crate::support::rendered(cx, text, engine, "base").map_err(|error| {
        Error::execution(format!("Failed to render file path with error: {error}"))
    })
}

/// Copies a file of the file server to a path; gives the path, empty if there is no such file.
///
/// CLI Example:
///
/// ```text
/// salt '*' cp.get_file salt://path/to/file /minion/dest
/// salt '*' cp.get_file "salt://{{grains.os}}/vimrc" /etc/vimrc template=jinja
/// ```
#[function]
fn get_file(
    apply: &Apply<'_>,
    path: String,
    dest: String,
    #[default(None)] saltenv: Option<String>,
    /// Make the folders above the path.
    #[default(false)]
    makedirs: bool,
    /// Render source and destination with this engine.
    #[default(None)]
    template: Option<String>,
    #[default(Value::Null)] _gzip: Value,
    #[kwargs] _kwargs: Map,
) -> Result<Value> {
    let path = rendered(apply, path, template.as_deref())?;
    let dest = rendered(apply, dest, template.as_deref())?;
    let Some((path, env)) = salt_path(apply, &path, saltenv.as_deref())? else {
        return Err(Error::execution(format!("Unsupported path: {path}")));
    };
    let Some(found) = apply.files.cache_file(&path, &env)? else { return Ok("".into()) };
    Ok(match place(apply, &found.path, &dest, makedirs)? {
        Some(to) => Value::from(to),
        None => false.into(),
    })
}

/// Copies a folder of the file server below a path; gives the paths of the copies.
///
/// CLI Example:
///
/// ```text
/// salt '*' cp.get_dir salt://path/to/dir/ /minion/dest
/// ```
#[function]
fn get_dir(
    apply: &Apply<'_>,
    path: String,
    dest: String,
    #[default(None)] saltenv: Option<String>,
    #[default(None)] template: Option<String>,
    #[default(Value::Null)] _gzip: Value,
    #[kwargs] _kwargs: Map,
) -> Result<Vec<Value>> {
    let path = rendered(apply, path, template.as_deref())?;
    let dest = rendered(apply, dest, template.as_deref())?;
    let Some((folder, env)) = salt_path(apply, &path, saltenv.as_deref())? else {
        return Err(Error::execution(format!("Unsupported path: {path}")));
    };
    let folder = folder.trim_end_matches('/');
    let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
    // What is copied is the folder itself: its name stays a part of the path.
    let cut = folder.rfind('/').map_or(0, |at| at + 1);
    let mut copies = Vec::new();
    for name in apply.files.list(&env, Listing::Files, &prefix)? {
        let Some(found) = apply.files.cache_file(&name, &env)? else { continue };
        let to = Path::new(&dest).join(name.get(cut..).unwrap_or(&name));
        copies.extend(place(apply, &found.path, &to.to_string_lossy(), true)?.map(Value::from));
    }
    copies.sort_by_key(Value::to_string);
    Ok(copies)
}

/// Copies a file from any URL to a path; without a path, to the cache. Gives the path.
///
/// CLI Example:
///
/// ```text
/// salt '*' cp.get_url salt://my/file /tmp/this_file_is_mine
/// salt '*' cp.get_url http://www.slashdot.org /tmp/index.html
/// ```
#[function]
fn get_url(
    apply: &Apply<'_>,
    path: String,
    /// Empty: the cache. `None`: give the content.
    #[default(Value::str(""))]
    dest: Value,
    #[default(None)] saltenv: Option<String>,
    #[default(false)] makedirs: bool,
    /// The digest with which a copy in the cache is not fetched again.
    #[default(Value::Null)]
    source_hash: Value,
) -> Result<Value> {
    let target = dest.as_str().unwrap_or_default();
    let remote = crate::exec::config::is_file_proto(&path)
        && !path.starts_with("salt://")
        && !path.starts_with("file://");
    if remote && !target.is_empty() {
        return fetched(apply, &path, target, makedirs);
    }
    let sum = source_hash.as_str().unwrap_or_default();
    let found = cached_as(apply, &path, saltenv.as_deref(), sum, How::default())?;
    let Some(found) = found.filter(|found| apply.host.exists(found)) else {
        tracing::error!("Unable to fetch file {path}.");
        return Ok(false.into());
    };
    if dest.is_null() {
        return Ok(String::from_utf8_lossy(&apply.host.read(&found)?).into_owned().into());
    }
    if target.is_empty() {
        return Ok(Value::from(found));
    }
    Ok(place(apply, &found, target, makedirs)?.map_or_else(|| false.into(), Value::from))
}

/// Fetches a URL into a file, or into a folder under the URL's last name.
fn fetched(apply: &Apply<'_>, url: &str, target: &str, makedirs: bool) -> Result<Value> {
    let mut to = PathBuf::from(target);
    if target.ends_with('/') || matches!(apply.host.metadata(&to), Ok(Some(stat)) if stat.is_dir())
    {
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        let name = rest.split_once('/').map_or("", |(_, path)| path).rsplit('/').next();
        to.push(name.filter(|name| !name.is_empty()).unwrap_or("index.html"));
    }
    if !makedirs && to.parent().is_some_and(|above| !apply.host.exists(above)) {
        return Ok("".into());
    }
    download(apply, url, &to, How::default())?;
    Ok(Value::from(to))
}

/// Writes files that salt-cp sends.
///
/// CLI Example:
///
/// ```text
/// salt '*' cp.recv '{/etc/motd: "hello"}' /etc/motd
/// ```
#[function]
fn recv(apply: &Apply<'_>, files: Map, dest: String) -> Result<Value> {
    let target = Path::new(&dest);
    let is_dir = |path: &Path| matches!(apply.host.metadata(path), Ok(Some(s)) if s.is_dir());
    let mut done = Map::new();
    for (path, content) in &files {
        let name = Path::new(path.as_str().unwrap_or_default()).file_name().unwrap_or_default();
        let end = if is_dir(target) {
            target.join(name)
        } else if target.file_name() == Some(name) || target.parent().is_some_and(is_dir) {
            target.to_owned()
        } else {
            return Ok("Destination unavailable".into());
        };
        let bytes = content.as_bytes().unwrap_or_default();
        let written = apply.host.write_atomic(&end, bytes, None).is_ok();
        done.insert(Value::from(end), written.into());
    }
    Ok(done.into())
}

/// Writes a part of a file that salt-cp sends in chunks.
///
/// CLI Example:
///
/// ```text
/// salt '*' cp.recv_chunked /tmp/file 'H4sIAAAAAAAA...' append=False
/// ```
#[function]
fn recv_chunked(
    apply: &Apply<'_>,
    dest: String,
    /// Base64; `None` makes a folder.
    chunk: Value,
    #[default(false)] append: bool,
    #[default(true)] compressed: bool,
    #[default(None)] mode: Option<i64>,
) -> Result<Value> {
    let refused = |what: String| {
        apply.job.set_retcode(1);
        Ok(what.into())
    };
    let path = Path::new(&dest);
    if chunk.is_null() {
        if matches!(apply.host.metadata(path), Ok(Some(stat)) if stat.is_file()) {
            return Ok("Path exists and is a file".into());
        }
        return match apply.call_value("file.mkdir", args![path]) {
            Ok(_) => Ok(true.into()),
            Err(error) => refused(error.to_string()),
        };
    }
    let text: Vec<u8> = (chunk.as_bytes().unwrap_or_default().iter().copied())
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    let decoded = base64::engine::general_purpose::STANDARD.decode(text);
    let bytes = match decoded {
        Ok(bytes) if !compressed => bytes,
        Ok(bytes) => {
            let mut out = Vec::new();
            let mut unpack = flate2::read::MultiGzDecoder::new(&bytes[..]).take(UNPACKED_MAX);
            match unpack.read_to_end(&mut out) {
                Ok(_) => out,
                Err(error) => return refused(error.to_string()),
            }
        }
        Err(error) => return refused(error.to_string()),
    };
    let mut content = if append { apply.host.read(path).unwrap_or_default() } else { Vec::new() };
    content.extend(bytes);
    if let Some(above) = path.parent().filter(|above| !apply.host.exists(above)) {
        apply.call_value("file.mkdir", args![above])?;
    }
    let mode = mode.and_then(|mode| u32::try_from(mode & 0o7777).ok()).filter(|_| !append);
    match apply.host.write_atomic(path, &content, mode) {
        Ok(()) => Ok(true.into()),
        Err(error) => refused(error.to_string()),
    }
}

/// Sends a file of the minion to the master, which must allow it (`file_recv`).
///
/// CLI Example:
///
/// ```text
/// salt '*' cp.push /etc/fstab
/// salt '*' cp.push /etc/system-release keep_symlinks=True upload_path='/new/path/fstab'
/// ```
#[function]
fn push(
    apply: &Apply<'_>,
    path: String,
    #[default(false)] _keep_symlinks: bool,
    /// The path under which the master keeps it.
    #[default(None)]
    upload_path: Option<String>,
    /// Remove the file afterwards.
    #[default(false)]
    remove_source: bool,
) -> Result<Value> {
    let place = Path::new(&path);
    let is_file = matches!(apply.host.metadata(place), Ok(Some(stat)) if stat.is_file());
    let kept = upload_path.unwrap_or_else(|| path.clone());
    if !path.starts_with('/') || path.contains("../") || kept.contains("../") || !is_file {
        return Ok(false.into());
    }
    let content = apply.host.read(place)?;
    let parts: Vec<&str> = kept.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    let size = apply.opts.int("file_buffer_size", CHUNK_BYTES).max(1);
    let size = usize::try_from(size).unwrap_or(1);
    let mut at = 0;
    loop {
        let end = content.len().min(at + size);
        let load = map! {
            "id" => apply.opts.str("id"), "path" => parts.clone(), "size" => content.len(),
            "loc" => at, "data" => &content[at..end],
        };
        if !apply.services.ask_master("_file_recv", load)?.truthy() {
            tracing::error!(
                "cp.push Failed transfer failed. Ensure master has 'file_recv' set to 'True' and \
                 that the file is not larger than the 'file_recv_max_size' setting on the master."
            );
            return Ok(false.into());
        }
        at = end;
        if at >= content.len() {
            break;
        }
    }
    if remove_source {
        apply.host.remove_file(place)?;
    }
    Ok(true.into())
}

/// Sends all files below a folder of the minion to the master.
///
/// CLI Example:
///
/// ```text
/// salt '*' cp.push_dir /usr/lib/mysql
/// salt '*' cp.push_dir /etc/modprobe.d/ glob='*.conf'
/// ```
#[function]
fn push_dir(
    apply: &Apply<'_>,
    path: String,
    /// Only files whose name matches.
    #[default(None)]
    glob: Option<String>,
    #[default(None)] upload_path: Option<String>,
) -> Result<Value> {
    let root = Path::new(&path);
    if !path.starts_with('/') || path.contains("../") {
        return Ok(false.into());
    }
    if matches!(apply.host.metadata(root), Ok(Some(stat)) if stat.is_file()) {
        return push(apply, path, false, upload_path, false);
    }
    let mut files = Vec::new();
    let mut todo = vec![root.to_owned()];
    while let Some(folder) = todo.pop() {
        for name in apply.host.read_dir(&folder).unwrap_or_default() {
            let place = folder.join(&name);
            match apply.host.symlink_metadata(&place)? {
                Some(stat) if stat.is_dir() => todo.push(place),
                Some(_) if glob.as_ref().is_none_or(|g| halite_core::glob::fnmatch(&name, g)) => {
                    files.push(place);
                }
                _ => {}
            }
        }
    }
    for file in &files {
        let below = file.strip_prefix(root).unwrap_or(file);
        let kept = upload_path.as_ref().map(|up| {
            Path::new("/").join(up.trim_matches('/')).join(below).to_string_lossy().into_owned()
        });
        let sent = push(apply, file.to_string_lossy().into_owned(), false, kept, false)?;
        if !sent.truthy() {
            return Ok(sent);
        }
    }
    Ok((!files.is_empty()).into())
}
