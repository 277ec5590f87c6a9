//! `file.stats` and other ways to look at files.

use halite_core::host::FileKind;
use halite_core::{Context, Error, ExecModule, Map, Result, Value, function, map};

use super::shared::{
    absolute, expand, glob, is_dir, is_file, is_link as link_at, real, stat, stats_map,
};
use crate::support::digest;

/// The module.
pub static MODULE: ExecModule = ExecModule::new(
    "file",
    &[
        &STATS,
        &LSTAT,
        &ACCESS,
        &READLINK,
        &READDIR,
        &STATVFS,
        &DIRECTORY_EXISTS,
        &FILE_EXISTS,
        &PATH_EXISTS_GLOB,
        &IS_LINK,
        &IS_HARDLINK,
        &IS_CHRDEV,
        &IS_BLKDEV,
        &IS_FIFO,
        &GET_DEVMM,
        &DISKUSAGE,
    ],
);

/// Gives all that is known of a file: owner, mode, size, times, kind, target.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.stats /etc/passwd
/// ```
#[function]
fn stats(
    cx: &Context<'_>,
    path: String,
    /// Add the digest of this kind as `sum`.
    #[default(None)]
    hash_type: Option<String>,
    /// Look at what a link leads to.
    #[default(true)]
    follow_symlinks: bool,
) -> Result<Map> {
    let path = expand(cx.host, &path);
    let mut found = stats_map(cx.host, &path, follow_symlinks)?;
    if let Some(kind) = hash_type.filter(|kind| !kind.is_empty()) {
        let content = cx.host.read(&path)?;
        found.insert("sum".into(), digest::hex_digest(&kind, &content).into());
    }
    Ok(found)
}

/// Gives what `lstat` says of a file, by the names of the system; empty if there is none.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.lstat /path/to/file
/// ```
#[function]
fn lstat(cx: &Context<'_>, path: String) -> Result<Map> {
    let path = absolute(cx.host, &path, "Path to file must be absolute.")?;
    let Ok(Some(stat)) = cx.host.symlink_metadata(&path) else { return Ok(Map::new()) };
    let kind: u32 = match stat.kind {
        FileKind::Fifo => 0o010_000,
        FileKind::Char => 0o020_000,
        FileKind::Dir => 0o040_000,
        FileKind::Block => 0o060_000,
        FileKind::File => 0o100_000,
        FileKind::Symlink => 0o120_000,
        FileKind::Socket => 0o140_000,
    };
    Ok(map! {
        "st_atime" => stat.atime, "st_ctime" => stat.ctime, "st_gid" => stat.gid,
        "st_mode" => kind | stat.mode, "st_mtime" => stat.mtime, "st_nlink" => stat.links,
        "st_size" => stat.size, "st_uid" => stat.uid,
    })
}

/// Whether the minion may read, write or execute a path, or whether it exists.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.access /path/to/file f
/// salt '*' file.access /path/to/file x
/// ```
#[function]
fn access(
    cx: &Context<'_>,
    path: String,
    /// `f` (exists), `r`, `w` or `x`.
    mode: Value,
) -> Result<bool> {
    let path = absolute(cx.host, &path, "Path to link must be absolute.")?;
    let bit = match (mode.as_str(), mode.as_i64()) {
        (Some("f"), _) | (_, Some(0)) => 0,
        (Some("r"), _) | (_, Some(4)) => 4,
        (Some("w"), _) | (_, Some(2)) => 2,
        (Some("x"), _) | (_, Some(1)) => 1,
        _ => return Err(Error::usage("file.access", "Invalid mode specified.")),
    };
    let Ok(Some(stat)) = cx.host.metadata(&path) else { return Ok(false) };
    let own = |name: &str| cx.grains.get(name).and_then(Value::as_i64).unwrap_or(0);
    if own("uid") == 0 {
        // Root may all, but executes only what somebody may.
        return Ok(bit != 1 || stat.mode & 0o111 != 0 || stat.is_dir());
    }
    let shift = if own("uid") == i64::from(stat.uid) {
        6
    } else if own("gid") == i64::from(stat.gid) {
        3
    } else {
        0
    };
    Ok((stat.mode >> shift) & bit == bit)
}

/// Gives where a symbolic link points to.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.readlink /path/to/link
/// ```
#[function]
fn readlink(
    cx: &Context<'_>,
    path: String,
    /// Follow it to the end, and resolve all links on the way.
    #[default(false)]
    canonicalize: bool,
) -> Result<Value> {
    let text = format!("Path to link must be absolute: {path}");
    let path = absolute(cx.host, &path, &text)?;
    if !link_at(cx.host, &path) {
        let what = format!("A valid link was not specified: {}", path.display());
        return Err(Error::usage("file.readlink", what));
    }
    let target = if canonicalize { real(cx.host, &path) } else { cx.host.read_link(&path)? };
    Ok(Value::from(target))
}

/// Lists the names in a folder, `.` and `..` included.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.readdir /path/to/dir/
/// ```
#[function]
fn readdir(cx: &Context<'_>, path: String) -> Result<Vec<String>> {
    let path = absolute(cx.host, &path, "Dir path must be absolute.")?;
    if !is_dir(cx.host, &path) {
        let what = format!("A valid directory was not specified: {}", path.display());
        return Err(Error::usage("file.readdir", what));
    }
    let mut names = vec![".".to_owned(), "..".to_owned()];
    names.extend(cx.host.read_dir(&path)?);
    Ok(names)
}

/// Gives the figures of the file system on which a path is.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.statvfs /path/to/file
/// ```
#[function]
fn statvfs(cx: &Context<'_>, path: String) -> Result<Map> {
    let path = absolute(cx.host, &path, "File path must be absolute.")?;
    let figures = rustix::fs::statvfs(&path)
        .map_err(|_| Error::execution(format!("Could not statvfs '{}'", path.display())))?;
    Ok(map! {
        "f_bavail" => figures.f_bavail, "f_bfree" => figures.f_bfree,
        "f_blocks" => figures.f_blocks, "f_bsize" => figures.f_bsize,
        "f_favail" => figures.f_favail, "f_ffree" => figures.f_ffree,
        "f_files" => figures.f_files, "f_flag" => figures.f_flag.bits(),
        "f_frsize" => figures.f_frsize, "f_namemax" => figures.f_namemax,
    })
}

/// Whether a path is a folder.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.directory_exists /etc
/// ```
#[function]
fn directory_exists(cx: &Context<'_>, path: String) -> bool {
    is_dir(cx.host, &expand(cx.host, &path))
}

/// Whether a path is a regular file.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.file_exists /etc/passwd
/// ```
#[function]
fn file_exists(cx: &Context<'_>, path: String) -> bool {
    is_file(cx.host, &expand(cx.host, &path))
}

/// Whether a glob matches anything.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.path_exists_glob '/etc/pam*/pass*'
/// ```
#[function]
fn path_exists_glob(cx: &Context<'_>, path: String) -> bool {
    !glob(cx.host, &expand(cx.host, &path)).is_empty()
}

/// Whether a path is a symbolic link.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.is_link /path/to/link
/// ```
#[function]
fn is_link(cx: &Context<'_>, path: String, #[default(false)] _nostat: bool) -> bool {
    link_at(cx.host, &expand(cx.host, &path))
}

/// Whether a file has more than one name.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.is_hardlink /path/to/link
/// ```
#[function]
fn is_hardlink(cx: &Context<'_>, path: String) -> bool {
    let path = expand(cx.host, &path);
    matches!(cx.host.symlink_metadata(&path), Ok(Some(stat)) if stat.links > 1 && !stat.is_dir())
}

fn kind_is(cx: &Context<'_>, path: &str, kind: FileKind) -> Result<bool> {
    let path = expand(cx.host, path);
    match cx.host.metadata(&path)? {
        Some(stat) => Ok(stat.kind == kind),
        None => Ok(false),
    }
}

/// Whether a path is a character device.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.is_chrdev /dev/chr
/// ```
#[function]
fn is_chrdev(cx: &Context<'_>, name: String) -> Result<bool> {
    kind_is(cx, &name, FileKind::Char)
}

/// Whether a path is a block device.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.is_blkdev /dev/blk
/// ```
#[function]
fn is_blkdev(cx: &Context<'_>, name: String) -> Result<bool> {
    kind_is(cx, &name, FileKind::Block)
}

/// Whether a path is a named pipe.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.is_fifo /dev/fifo
/// ```
#[function]
fn is_fifo(cx: &Context<'_>, name: String) -> Result<bool> {
    kind_is(cx, &name, FileKind::Fifo)
}

/// Gives the numbers of a device, major and minor.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.get_devmm /dev/chr
/// ```
#[function]
fn get_devmm(cx: &Context<'_>, name: String) -> Result<Vec<u32>> {
    let path = expand(cx.host, &name);
    Ok(match cx.host.metadata(&path)? {
        Some(stat) if matches!(stat.kind, FileKind::Char | FileKind::Block) => {
            vec![rustix::fs::major(stat.rdev), rustix::fs::minor(stat.rdev)]
        }
        _ => vec![0, 0],
    })
}

/// Gives the bytes that a file, or all files below a folder, hold.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.diskusage /path/to/check
/// ```
#[function]
fn diskusage(cx: &Context<'_>, path: String) -> Result<u64> {
    let path = expand(cx.host, &path);
    if is_file(cx.host, &path) {
        return Ok(stat(cx.host, &path, true)?.size);
    }
    let mut seen = std::collections::BTreeSet::new();
    let mut total = 0;
    let mut todo = vec![path];
    while let Some(folder) = todo.pop() {
        for name in cx.host.read_dir(&folder).unwrap_or_default() {
            let place = folder.join(name);
            let Ok(Some(own)) = cx.host.symlink_metadata(&place) else { continue };
            if own.is_dir() {
                todo.push(place);
                continue;
            }
            let Ok(Some(stat)) = cx.host.metadata(&place) else { continue };
            if !stat.is_dir() && seen.insert((stat.device, stat.inode)) {
                total += stat.size;
            }
        }
    }
    Ok(total)
}
