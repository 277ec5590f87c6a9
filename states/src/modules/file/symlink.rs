//! `file.symlink`: a symbolic link, its target and its owner.

use std::path::{Path, PathBuf};

use halite_core::host::Read;
use halite_core::{
    Apply, Changes, Context, Map, Outcome, Result, StateModule, Value, Verdict, map, state,
};

use super::shared::{
    Owner, default_owner, failed, folder_of, is_dir, is_file, is_link, lexists, owner, refuse,
    remove,
};
use crate::support::expand_user;
use crate::support::perms::{Perms, make_dirs};

/// The module.
pub static MODULE: StateModule = StateModule::new("file", &[&SYMLINK]);

/// What the link is to be.
struct Want {
    name: String,
    path: PathBuf,
    target: String,
    owner: Owner,
    force: bool,
    backup: Option<String>,
    makedirs: bool,
    mode: Value,
    atomic: bool,
    follow: bool,
}

/// Sees to it that a symbolic link is there and leads to a target.
///
/// ```yaml
/// /etc/grub.conf:
///   file.symlink:
///     - target: /boot/grub/grub.conf
/// ```
#[state]
fn symlink<'a>(
    cx: &Context<'a>,
    /// Path of the link.
    name: String,
    /// What it leads to, as it stands in the link.
    target: String,
    /// Replace what is no link.
    #[default(false)]
    force: bool,
    /// Where what is no link is moved to.
    #[default(None)]
    backupname: Option<String>,
    #[default(false)] makedirs: bool,
    #[default(Value::Null)] user: Value,
    #[default(Value::Null)] group: Value,
    /// Mode of folders made on the way.
    #[default(Value::Null)]
    mode: Value,
    /// Put the link in place in one step.
    #[default(false)]
    atomic: bool,
    #[default(false)] _disallow_copy_and_unlink: bool,
    /// Keep the owner that the link has.
    #[default(false)]
    inherit_user_and_group: bool,
    #[default(true)] follow_symlinks: bool,
    #[kwargs] kwargs: Map,
) -> Result<Verdict<'a>> {
    let name = expand_user(cx, &name);
    if name.is_empty() {
        return refuse("Must provide name to file.symlink");
    }
    let path = PathBuf::from(&name);
    let (mut user, mut group) = (owner(user, &kwargs), group);
    if inherit_user_and_group && is_link(cx.host, &path) {
        let now = Owner::of(cx.host, &path)?;
        user = if user.is_null() { now.user } else { user };
        group = if group.is_null() { now.group } else { group };
    }
    let (user, group) = default_owner(cx, user, group);
    let owner = Owner { user, group };
    let mut faults = owner.unknown(cx.host);
    if !path.is_absolute() {
        faults.push(format!("Specified file {name} is not an absolute path"));
    }
    if !faults.is_empty() {
        let end = if faults.len() > 1 { "." } else { "" };
        return refuse(format!("{}{end}", faults.join(". ")));
    }
    let want = Want {
        name,
        path,
        target,
        owner,
        force,
        backup: backupname,
        makedirs,
        mode,
        atomic,
        follow: follow_symlinks,
    };
    judge(cx, want)
}

fn judge<'a>(cx: &Context<'a>, want: Want) -> Result<Verdict<'a>> {
    let would = predict(cx.host, &want)?;
    if cx.test() {
        return Ok(Verdict::Settled(would));
    }
    let folder = folder_of(&want.path);
    if !is_dir(cx.host, folder) && !want.makedirs {
        let folder = folder.display();
        return refuse(format!("Directory {folder} for symlink is not present"));
    }
    let name = &want.name;
    if is_link(cx.host, &want.path) && leads_right(cx.host, &want)? {
        if Owner::of(cx.host, &want.path)? == want.owner {
            let owner = &want.owner;
            return Ok(Verdict::correct(format!("Symlink {name} is present and owned by {owner}")));
        }
    } else if let Some(fault) = in_the_way(cx.host, &want) {
        return refuse(fault);
    }
    Ok(Verdict::change(would, move |apply| make(apply, &want)))
}

/// Whether the link leads to its target, however the two are written.
fn leads_right(host: &dyn Read, want: &Want) -> Result<bool> {
    let now = host.read_link(&want.path)?;
    Ok(normal(&now.to_string_lossy()) == normal(&want.target))
}

/// Python: `os.path.normpath`.
fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    let rooted = path.starts_with('/');
    for part in path.split('/').filter(|part| !part.is_empty() && *part != ".") {
        match (part, parts.last()) {
            ("..", Some(last)) if *last != ".." => drop(parts.pop()),
            ("..", None) if rooted => {}
            _ => parts.push(part),
        }
    }
    match (rooted, parts.join("/")) {
        (true, rest) => format!("/{rest}"),
        (false, rest) if rest.is_empty() => ".".into(),
        (false, rest) => rest,
    }
}

fn there(host: &dyn Read, want: &Want) -> bool {
    if want.follow { host.exists(&want.path) } else { lexists(host, &want.path) }
}

/// The complaint about what stands where the link should be.
fn in_the_way(host: &dyn Read, want: &Want) -> Option<String> {
    let name = &want.name;
    if is_link(host, &want.path) || !there(host, want) {
        return None;
    }
    if let Some(given) = &want.backup {
        let Some(backup) = backup_path(want) else {
            return Some(format!("Backupname must be an absolute path or a file name: {given}"));
        };
        return (lexists(host, &backup) && !want.force).then(|| {
            format!(
                "Symlink & backup dest exists and Force not set. {name} -> {} - backup: {}",
                want.target,
                backup.display()
            )
        });
    }
    if want.force || want.atomic {
        return None;
    }
    let kind = if is_file(host, &want.path) {
        "File"
    } else if is_dir(host, &want.path) {
        "Directory"
    } else {
        "File system entry"
    };
    Some(format!("{kind} exists where the symlink {name} should be"))
}

fn backup_path(want: &Want) -> Option<PathBuf> {
    let given = want.backup.as_deref()?;
    if given.starts_with('/') {
        return Some(PathBuf::from(given));
    }
    (!given.contains('/')).then(|| folder_of(Path::new(&normal(&want.name))).join(given))
}

/// What test mode says. Salt: `_symlink_check`.
fn predict(host: &dyn Read, want: &Want) -> Result<Outcome> {
    let (name, target) = (&want.name, &want.target);
    let link = is_link(host, &want.path);
    let mut outcome = if !link && !there(host, want) {
        let comment = format!("Symlink {name} to {target} is set for creation");
        Outcome::would(comment, map! {"new" => name.as_str()})
    } else if !link && want.force {
        let comment = format!(
            "The file or directory {name} is set for removal to make way for a new symlink \
             targeting {target}"
        );
        Outcome::would(comment, Changes::new())
    } else if !link {
        failed(format!(
            "File or directory exists where the symlink {name} should be. Did you mean to use \
             force?"
        ))
    } else if host.read_link(&want.path)?.to_string_lossy() != **target {
        let comment = format!("Link {name} target is set to be changed to {target}");
        Outcome::would(comment, map! {"change" => name.as_str()})
    } else {
        let now = Owner::of(host, &want.path)?;
        let comment = format!("The symlink {name} is present");
        if now == want.owner {
            Outcome::new(Some(true), comment)
        } else {
            let comment = format!(
                "{comment}, but the ownership of the symlink would be changed from {now} to {}",
                want.owner
            );
            Outcome::would(comment, map! {"ownership" => now.to_string()})
        }
    };
    let folder = folder_of(&want.path);
    if !is_dir(host, folder) {
        let folder = folder.display();
        outcome.comment += &if want.makedirs {
            format!("\n{folder} will be created")
        } else {
            format!("\nDirectory {folder} for symlink is not present")
        };
    }
    Ok(outcome)
}

fn make(apply: &Apply<'_>, want: &Want) -> Result<Outcome> {
    let (host, name, target) = (apply.host, &want.name, &want.target);
    let perms = Perms::new(want.owner.user.clone(), want.owner.group.clone(), &want.mode);
    make_dirs(host, folder_of(&want.path), &perms)?;
    let set_owner = || want.owner.set(host, &want.path);
    if is_link(host, &want.path) && leads_right(host, want)? {
        return Ok(match set_owner() {
            Ok(()) => Outcome::done(
                format!("Set ownership of symlink {name} to {}", want.owner),
                map! {"ownership" => want.owner.to_string()},
            ),
            Err(_) => {
                failed(format!("Failed to set ownership of symlink {name} to {}", want.owner))
            }
        });
    }
    if let Some(backup) = backup_path(want).filter(|_| there(host, want))
        && !is_link(host, &want.path)
    {
        remove(host, &backup)?;
        if let Err(error) = host.rename(&want.path, &backup) {
            let backup = backup.display();
            return Ok(failed(format!("Unable to rename {name} to backup {backup} -> : {error}")));
        }
    }
    if let Err(error) = place(apply, want) {
        return Ok(failed(format!("Unable to create new symlink {name} -> {target}: {error}")));
    }
    let mut outcome = Outcome::done(
        format!("Created new symlink {name} -> {target}"),
        map! {"new" => name.as_str()},
    );
    if Owner::of(host, &want.path)? != want.owner && set_owner().is_err() {
        outcome.result = Some(false);
        outcome.comment += &format!(", but was unable to set ownership to {}", want.owner);
    }
    Ok(outcome)
}

/// Puts the link in place. Over another link or a file it goes in one step, so that there is no
/// moment without it.
fn place(apply: &Apply<'_>, want: &Want) -> Result<()> {
    let host = apply.host;
    let target = Path::new(&want.target);
    match host.symlink_metadata(&want.path)? {
        None => return host.symlink(target, &want.path),
        Some(stat) if stat.is_dir() => {
            host.remove_dir_all(&want.path)?;
            return host.symlink(target, &want.path);
        }
        Some(_) => {}
    }
    let stem = want.path.file_name().unwrap_or_default().to_string_lossy();
    let temp = folder_of(&want.path).join(format!(".{stem}.{:x}.tmp", host.now_micros()));
    host.symlink(target, &temp)?;
    host.rename(&temp, &want.path).inspect_err(|_| {
        // The first error is the one worth telling.
        let _ = host.remove_file(&temp);
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_made_normal_as_python_does() {
        for (path, want) in
            [("/a//b/../c/.", "/a/c"), ("../x", "../x"), ("a/..", "."), ("/..", "/"), ("./t", "t")]
        {
            assert_eq!(normal(path), want);
        }
    }
}
