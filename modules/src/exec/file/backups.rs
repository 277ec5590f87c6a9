//! `file.list_backups`, `file.restore_backup`: copies that states keep of what they change
//! (`backup: minion`).

use std::path::{Path, PathBuf};

use halite_core::edit::{keep_copy, kept_at, kept_folder};
use halite_core::{Apply, Context, ExecModule, Map, Result, Value, function, map};
use jiff::civil::DateTime;

use super::shared::{expand, is_file, real};

/// The module.
pub static MODULE: ExecModule = ExecModule::new(
    "file",
    &[
        &LIST_BACKUPS,
        &LIST_BACKUP,
        &LIST_BACKUPS_DIR,
        &RESTORE_BACKUP,
        &DELETE_BACKUP,
        &REMOVE_BACKUP,
    ],
);

/// A copy: when it was made, and where it is.
type Copy = (DateTime, PathBuf);

/// The copies of a file, the newest first.
fn copies(cx: &Context<'_>, path: &Path) -> Result<Vec<Copy>> {
    let folder = kept_folder(&cx.opts.path("cachedir"), path.parent().unwrap_or(Path::new("/")));
    if !cx.host.exists(&folder) {
        return Ok(Vec::new());
    }
    let base = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut found: Vec<Copy> = cx
        .host
        .read_dir(&folder)?
        .into_iter()
        .filter_map(|name| Some((kept_at(&name, &base)?, folder.join(name))))
        .filter(|(_, place)| is_file(cx.host, place))
        .collect();
    found.sort_by(|a, b| b.cmp(a));
    Ok(found)
}

fn limit_of(limit: &Value) -> usize {
    let number = match limit {
        Value::Str(text) => text.trim().parse().ok(),
        other => other.as_i64(),
    };
    number.and_then(|number| usize::try_from(number).ok()).unwrap_or(usize::MAX)
}

fn numbered(cx: &Context<'_>, copies: &[Copy], limit: &Value) -> Result<Map> {
    let mut all = Map::new();
    for (number, (at, place)) in copies.iter().take(limit_of(limit)).enumerate() {
        let size = cx.host.metadata(place)?.map_or(0, |stat| stat.size);
        let one = map! {
            "Backup Time" => at.strftime("%a %b %d %Y %H:%M:%S.%6f").to_string(),
            "Size" => size, "Location" => place.as_path(),
        };
        all.insert(Value::from(number as i64), one.into());
    }
    Ok(all)
}

/// Lists the copies that were kept of a file, the newest first.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.list_backups /foo/bar/baz.txt
/// ```
#[function]
fn list_backups(
    cx: &Context<'_>,
    path: String,
    /// Most copies to list.
    #[default(Value::Null)]
    limit: Value,
) -> Result<Map> {
    numbered(cx, &copies(cx, &expand(cx.host, &path))?, &limit)
}

/// The same as `file.list_backups`.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.list_backup /foo/bar/baz.txt
/// ```
#[function]
fn list_backup(
    cx: &Context<'_>,
    path: String,
    #[default(Value::Null)] limit: Value,
) -> Result<Map> {
    numbered(cx, &copies(cx, &expand(cx.host, &path))?, &limit)
}

/// Lists the copies of all files of a folder, by the file's name up to its first `_`.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.list_backups_dir /foo/bar/baz/
/// ```
#[function]
fn list_backups_dir(
    cx: &Context<'_>,
    /// The folder, with a slash at its end.
    path: String,
    /// Most copies of each file to list.
    #[default(Value::Null)]
    limit: Value,
) -> Result<Map> {
    let place = expand(cx.host, &path);
    let whole = path.ends_with('/');
    let folder = if whole { place.as_path() } else { place.parent().unwrap_or(Path::new("/")) };
    let kept = kept_folder(&cx.opts.path("cachedir"), folder);
    let mut all = Map::new();
    if !cx.host.exists(&kept) {
        return Ok(all);
    }
    let mut names = cx.host.read_dir(&kept)?;
    names.sort();
    let first = |name: &str| name.split('_').next().unwrap_or_default().to_owned();
    let mut bases: Vec<String> = names.iter().map(|name| first(name)).collect();
    bases.dedup();
    for base in bases {
        let mut found: Vec<Copy> = names
            .iter()
            .filter_map(|name| Some((kept_at(name, &base)?, kept.join(name))))
            .collect();
        found.sort_by(|a, b| b.cmp(a));
        all.insert(base.into(), numbered(cx, &found, &limit)?.into());
    }
    Ok(all)
}

/// The copy of this number; the inner error is the comment.
fn copy_of(cx: &Context<'_>, path: &Path, id: &Value) -> Result<Result<PathBuf, String>> {
    let text = id.to_string();
    let Some(number) = text.parse::<i64>().ok().filter(|number| number.to_string() == text) else {
        return Ok(Err(format!("Invalid backup_id '{text}'")));
    };
    let all = copies(cx, path)?;
    let found = usize::try_from(number).ok().and_then(|number| all.into_iter().nth(number));
    let missing = || format!("backup_id '{text}' does not exist for {}", path.display());
    Ok(found.map(|(_, place)| place).ok_or_else(missing))
}

fn verdict(result: bool, comment: String) -> Map {
    map! { "result" => result, "comment" => comment }
}

/// Puts a copy back, after a copy of what is there now.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.restore_backup /foo/bar/baz.txt 0
/// ```
#[function]
fn restore_backup(
    apply: &Apply<'_>,
    path: String,
    /// The number that `file.list_backups` shows.
    backup_id: Value,
) -> Result<Map> {
    let place = expand(apply.cx.host, &path);
    let copy = match copy_of(apply, &place, &backup_id)? {
        Ok(copy) => copy,
        Err(fault) => return Ok(verdict(false, fault)),
    };
    let target = real(apply.cx.host, &place);
    let words = format!("{} to {}", copy.display(), place.display());
    let content = apply.host.read(&copy)?;
    if apply.host.exists(&place) {
        keep_copy(apply.host, &apply.opts.path("cachedir"), &place)?;
    }
    Ok(match apply.host.write_atomic(&target, &content, None) {
        Ok(()) => verdict(true, format!("Successfully restored {words}")),
        Err(error) => verdict(false, format!("Unable to restore {words}: {error}")),
    })
}

fn removed(apply: &Apply<'_>, path: &str, id: &Value) -> Result<Map> {
    let copy = match copy_of(apply, &expand(apply.cx.host, path), id)? {
        Ok(copy) => copy,
        Err(fault) => return Ok(verdict(false, fault)),
    };
    let place = copy.display();
    Ok(match apply.host.remove_file(&copy) {
        Ok(()) => verdict(true, format!("Successfully removed {place}")),
        Err(error) => verdict(false, format!("Unable to remove {place}: {error}")),
    })
}

/// Removes a copy that was kept of a file.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.delete_backup /var/cache/salt/minion/file_backup/home/foo/bar/baz.txt 0
/// ```
#[function]
fn delete_backup(apply: &Apply<'_>, path: String, backup_id: Value) -> Result<Map> {
    removed(apply, &path, &backup_id)
}

/// The same as `file.delete_backup`.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.remove_backup /foo/bar/baz.txt 0
/// ```
#[function]
fn remove_backup(apply: &Apply<'_>, path: String, backup_id: Value) -> Result<Map> {
    removed(apply, &path, &backup_id)
}
