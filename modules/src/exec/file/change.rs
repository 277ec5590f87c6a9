//! `file.copy`, `file.remove`, `file.mkdir` and other changes to the tree.

use std::path::{Path, PathBuf};

use halite_core::host::{Read, Write};
use halite_core::{Apply, Error, ExecModule, Map, Result, Value, function, map};

use super::shared::{
    absolute, expand, gid_of, is_dir, is_link as link_at, normal, parse_mode, stat, uid_of,
};

/// The module.
pub static MODULE: ExecModule = ExecModule::new(
    "file",
    &[&LINK, &SYMLINK, &RENAME, &MOVE, &COPY, &REMOVE, &RMDIR, &MKDIR, &MAKEDIRS, &MAKEDIRS_PERMS],
);

/// Makes a hard link.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.link /path/to/file /path/to/link
/// ```
#[function]
fn link(apply: &Apply<'_>, src: String, path: String) -> Result<bool> {
    let src = absolute(apply.cx.host, &src, "File path must be absolute.")?;
    apply.host.hard_link(&src, Path::new(&path))?;
    Ok(true)
}

/// Makes a symbolic link.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.symlink /path/to/file /path/to/link
/// ```
#[function]
fn symlink(
    apply: &Apply<'_>,
    /// Where it is to point.
    src: String,
    /// Where it is to be.
    path: String,
    /// Remove what is there.
    #[default(false)]
    force: bool,
    /// Replace what is there in one step.
    #[default(false)]
    atomic: bool,
    #[default(true)] follow_symlinks: bool,
) -> Result<bool> {
    let text = format!("Link path must be absolute: {path}");
    let place = absolute(apply.cx.host, &path, &text)?;
    let linked = link_at(apply.cx.host, &place);
    if linked {
        let held = apply.host.read_link(&place)?.to_string_lossy().into_owned();
        if normal(&held) == normal(&src) {
            return Ok(true);
        }
        if !force && !atomic {
            let what = format!("Found existing symlink: {}", place.display());
            return Err(Error::execution(what));
        }
    }
    let there = if follow_symlinks {
        apply.host.exists(&place)
    } else {
        apply.host.symlink_metadata(&place)?.is_some()
    };
    if there && !force && !atomic {
        let what = format!("Existing path is not a symlink: {}", place.display());
        return Err(Error::execution(what));
    }
    let failed = |_| Error::execution(format!("Could not create '{}'", place.display()));
    if atomic {
        let token = crate::support::token(apply.host.now_micros());
        let temp = place.with_file_name(format!(".{token}.tmp"));
        apply.host.symlink(Path::new(&src), &temp).map_err(failed)?;
        apply.host.rename(&temp, &place).map_err(failed)?;
        return Ok(true);
    }
    if linked || there {
        apply.host.remove_file(&place)?;
    }
    apply.host.symlink(Path::new(&src), &place).map_err(failed)?;
    Ok(true)
}

/// Renames a file or folder.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.rename /path/to/src /path/to/dst
/// ```
#[function]
fn rename(apply: &Apply<'_>, src: String, dst: String) -> Result<bool> {
    let from = absolute(apply.cx.host, &src, "File path must be absolute.")?;
    let to = expand(apply.cx.host, &dst);
    apply.host.rename(&from, &to).map_err(|_| {
        let (from, to) = (from.display(), to.display());
        Error::execution(format!("Could not rename '{from}' to '{to}'"))
    })?;
    Ok(true)
}

/// Moves a file or folder; into a folder, if the destination is one.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.move /path/to/src /path/to/dst
/// ```
#[function]
fn move_(
    apply: &Apply<'_>,
    src: String,
    dst: String,
    /// Refuse to move across file systems.
    #[default(false)]
    disallow_copy_and_unlink: bool,
) -> Result<Value> {
    if disallow_copy_and_unlink {
        return Ok(rename(apply, src, dst)?.into());
    }
    let from = absolute(apply.cx.host, &src, "Source path must be absolute.")?;
    let to = absolute(apply.cx.host, &dst, "Destination path must be absolute.")?;
    let end = match from.file_name() {
        Some(name) if is_dir(apply.cx.host, &to) => to.join(name),
        _ => to.clone(),
    };
    let (shown, target) = (from.display(), to.display());
    let across = match apply.host.rename(&from, &end) {
        Ok(()) => None,
        Err(_) if is_dir(apply.cx.host, &from) => Some(copy_tree(apply, &from, &end)),
        Err(error) => Some(Err(error)),
    };
    match across {
        None => {}
        Some(Ok(())) => apply.host.remove_dir_all(&from)?,
        Some(Err(error)) => {
            let what = format!("Unable to move '{shown}' to '{target}': {error}");
            return Err(Error::execution(what));
        }
    }
    Ok(map! { "result" => true, "comment" => format!("'{shown}' moved to '{target}'") }.into())
}

/// Copies a file, or a folder and all below it. Owner and mode are kept.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.copy /path/to/src /path/to/dst
/// salt '*' file.copy /path/to/src_dir /path/to/dst_dir recurse=True remove_existing=True
/// ```
#[function]
fn copy(
    apply: &Apply<'_>,
    src: String,
    dst: String,
    /// Allow folders.
    #[default(false)]
    recurse: bool,
    /// Remove a folder that is there first.
    #[default(false)]
    remove_existing: bool,
) -> Result<bool> {
    let from = absolute(apply.cx.host, &src, "File path must be absolute.")?;
    let to = expand(apply.cx.host, &dst);
    if !apply.host.exists(&from) {
        return Err(Error::execution(format!("No such file or directory '{}'", from.display())));
    }
    if is_dir(apply.cx.host, &to) || is_dir(apply.cx.host, &from) {
        if !recurse {
            let what = "Cannot copy overwriting a directory without recurse flag set to true!";
            return Err(Error::usage("file.copy", what));
        }
        if remove_existing && apply.host.exists(&to) {
            apply.host.remove_dir_all(&to)?;
        }
        copy_tree(apply, &from, &to)?;
    } else {
        copy_file(apply, &from, &to).map_err(|_| {
            let (from, to) = (from.display(), to.display());
            Error::execution(format!("Could not copy '{from}' to '{to}'"))
        })?;
    }
    Ok(true)
}

fn copy_file(apply: &Apply<'_>, from: &Path, to: &Path) -> Result<()> {
    let stat = stat(apply.cx.host, from, true)?;
    let content = apply.host.read(from)?;
    apply.host.write_atomic(to, &content, Some(stat.mode))?;
    // Only root may give files away.
    if stat.uid != 0 || apply.host.metadata(to)?.is_some_and(|new| new.uid != stat.uid) {
        apply.host.chown(to, Some(stat.uid), Some(stat.gid), true)?;
    }
    Ok(())
}

fn copy_tree(apply: &Apply<'_>, from: &Path, to: &Path) -> Result<()> {
    let mut todo: Vec<(PathBuf, PathBuf)> = vec![(from.into(), to.into())];
    while let Some((from, to)) = todo.pop() {
        if !is_dir(apply.cx.host, &from) && !link_at(apply.cx.host, &from) {
            copy_file(apply, &from, &to)?;
            continue;
        }
        if link_at(apply.cx.host, &from) {
            let target = apply.host.read_link(&from)?;
            apply.host.symlink(&target, &to)?;
            continue;
        }
        let stat = stat(apply.cx.host, &from, true)?;
        if !is_dir(apply.cx.host, &to) {
            apply.host.create_dir(&to, Some(stat.mode))?;
            apply.host.chown(&to, Some(stat.uid), Some(stat.gid), true)?;
        }
        for name in apply.host.read_dir(&from)? {
            todo.push((from.join(&name), to.join(&name)));
        }
    }
    Ok(())
}

/// Removes a file, a link, or a folder and all below it.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.remove /tmp/foo
/// ```
#[function]
fn remove(apply: &Apply<'_>, path: String, #[kwargs] _kwargs: Map) -> Result<bool> {
    let text = format!("File path must be absolute: {path}");
    let place = absolute(apply.cx.host, &path, &text)?;
    let failed =
        |error: Error| Error::execution(format!("Could not remove '{}': {error}", place.display()));
    match apply.host.symlink_metadata(&place)? {
        None => return Ok(false),
        Some(stat) if stat.is_dir() => apply.host.remove_dir_all(&place).map_err(failed)?,
        Some(_) => apply.host.remove_file(&place).map_err(failed)?,
    }
    Ok(true)
}

/// Removes a folder that is empty.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.rmdir /tmp/foo/
/// ```
#[function]
fn rmdir(
    apply: &Apply<'_>,
    path: String,
    /// Remove empty folders below it too.
    #[default(false)]
    recurse: bool,
    /// Tell which were removed and which not.
    #[default(false)]
    verbose: bool,
    /// Only folders whose last change is more days ago than this.
    #[default(Value::Null)]
    older_than: Value,
) -> Result<Value> {
    let place = absolute(apply.cx.host, &path, "File path must be absolute.")?;
    if !is_dir(apply.cx.host, &place) {
        let what = format!("A valid directory was not specified: {}", place.display());
        return Err(Error::usage("file.rmdir", what));
    }
    let days = older_than.as_i64().or_else(|| older_than.as_str()?.parse().ok()).unwrap_or(0);
    let now = apply.cx.host.now_micros() as f64 / 1e6;
    let mut sweep = Sweep {
        look: apply.cx.host,
        host: apply.host,
        before: (days != 0).then_some(now - days as f64 * 86_400.0),
        deleted: Vec::new(),
        errors: Vec::new(),
    };
    if recurse {
        sweep.below(&place)?;
    }
    let below = !recurse || sweep.errors.is_empty();
    let gone = sweep.remove(&place)?;
    // A folder that is too young is left alone, which counts for nothing by itself.
    let result = match gone {
        Some(gone) => gone && below,
        None => recurse && below,
    };
    Ok(match verbose {
        true => {
            map! {"deleted" => sweep.deleted, "errors" => sweep.errors, "result" => result}.into()
        }
        false => result.into(),
    })
}

/// A walk that removes empty folders.
struct Sweep<'a> {
    look: &'a dyn Read,
    host: &'a dyn Write,
    before: Option<f64>,
    deleted: Vec<Value>,
    errors: Vec<Value>,
}

impl Sweep<'_> {
    /// Removes what is below, the deepest first.
    fn below(&mut self, folder: &Path) -> Result<()> {
        for name in self.look.read_dir(folder)? {
            let place = folder.join(name);
            if stat(self.look, &place, false)?.is_dir() {
                self.below(&place)?;
                self.remove(&place)?;
            }
        }
        Ok(())
    }

    /// Removes one folder; `None` if it is too young.
    fn remove(&mut self, folder: &Path) -> Result<Option<bool>> {
        let changed = stat(self.look, folder, true)?.mtime;
        if self.before.is_some_and(|before| changed >= before) {
            return Ok(None);
        }
        let shown = folder.display().to_string();
        if !self.look.read_dir(folder)?.is_empty() {
            let why = format!("[Errno 39] Directory not empty: {}", Value::str(&shown).repr());
            tracing::error!("Could not remove '{shown}': {why}");
            self.errors.push(Value::list([Value::str(shown), why.into()]));
            return Ok(Some(false));
        }
        self.host.remove_dir_all(folder)?;
        self.deleted.push(shown.into());
        Ok(Some(true))
    }
}

/// Sets owner, group and mode of what was just made.
pub(super) fn dress(
    apply: &Apply<'_>,
    path: &Path,
    user: &Value,
    group: &Value,
    mode: &Value,
) -> Result<()> {
    let uid = if user.truthy() { uid_of(apply.cx.host, user)? } else { None };
    let gid = if group.truthy() { gid_of(apply.cx.host, group)? } else { None };
    if uid.is_some() || gid.is_some() {
        apply.host.chown(path, uid, gid, true)?;
    }
    if mode.truthy() { apply.host.chmod(path, parse_mode(mode)?) } else { Ok(()) }
}

/// Makes a folder, and those above it that are missing.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.mkdir /opt/jetty/context
/// ```
#[function]
fn mkdir(
    apply: &Apply<'_>,
    dir_path: String,
    #[default(Value::Null)] user: Value,
    #[default(Value::Null)] group: Value,
    #[default(Value::Null)] mode: Value,
) -> Result<bool> {
    let place = normal(&expand(apply.cx.host, &dir_path).to_string_lossy());
    if !is_dir(apply.cx.host, Path::new(&place)) {
        make_folders(apply, Path::new(&place), &user, &group, &mode)?;
    }
    Ok(true)
}

fn make_folders(
    apply: &Apply<'_>,
    path: &Path,
    user: &Value,
    group: &Value,
    mode: &Value,
) -> Result<()> {
    let missing: Vec<&Path> = path
        .ancestors()
        .filter(|folder| !folder.as_os_str().is_empty())
        .take_while(|folder| !apply.host.exists(folder))
        .collect();
    for folder in missing.into_iter().rev() {
        apply.host.create_dir(folder, None)?;
        dress(apply, folder, user, group, mode)?;
    }
    Ok(())
}

/// Makes the folders above a path; a path that ends in `/` is made itself.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.makedirs /opt/code/
/// ```
#[function]
fn makedirs(
    apply: &Apply<'_>,
    path: String,
    #[default(Value::Null)] user: Value,
    #[default(Value::Null)] group: Value,
    #[default(Value::Null)] mode: Value,
) -> Result<Option<String>> {
    let path = expand(apply.cx.host, &path).to_string_lossy().into_owned();
    let folder = normal(
        path.rsplit_once('/').map_or("", |(head, _)| if head.is_empty() { "/" } else { head }),
    );
    let place = Path::new(&folder);
    if is_dir(apply.cx.host, place) {
        return Ok(Some(format!("Directory '{folder}' already exists")));
    }
    if apply.host.exists(place) {
        return Ok(Some(format!("The path '{folder}' already exists and is not a directory")));
    }
    if !place.is_absolute() {
        let what = format!(
            "Recursive creation for path '{folder}' would result in an infinite loop. Please use \
             an absolute path."
        );
        return Err(Error::usage("file.makedirs", what));
    }
    make_folders(apply, place, &user, &group, &mode)?;
    Ok(None)
}

/// Makes a folder and those above it, all with the same owner and mode.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.makedirs_perms /opt/code
/// ```
#[function]
fn makedirs_perms(
    apply: &Apply<'_>,
    name: String,
    #[default(Value::Null)] user: Value,
    #[default(Value::Null)] group: Value,
    #[default("0755".into())] mode: Value,
) -> Result<()> {
    let place = expand(apply.cx.host, &name);
    make_folders(apply, &place, &user, &group, &mode)
}
