//! `file.copy` and `file.rename`.

use std::path::{Path, PathBuf};

use halite_core::host::Write;
use halite_core::{
    Apply, Context, Error, Map, Outcome, Result, StateModule, Value, Verdict, map, state,
};

use super::shared::{
    Owner, default_owner, failed, folder_of, is_dir, is_file, lexists, owner, refuse, remove,
};
use crate::support::expand_user;
use crate::support::perms::{Perms, make_dirs, searchable};
use crate::support::walk::walk;

/// The module.
pub static MODULE: StateModule = StateModule::new("file", &[&COPY, &RENAME]);

/// What is to be copied where.
struct Want {
    /// The name as given; the copy may go into the folder that it is.
    asked: String,
    name: String,
    path: PathBuf,
    source: String,
    from: PathBuf,
    perms: Perms,
    dir_mode: Option<String>,
    preserve: bool,
    force: bool,
    makedirs: bool,
}

/// Copies a file or a folder of this machine, unless something is there already.
///
/// ```yaml
/// /etc/example.conf:
///   file.copy:
///     - source: /tmp/example.conf
/// ```
#[state]
fn copy_<'a>(
    cx: &Context<'a>,
    /// Path of the copy.
    name: String,
    /// Path of what is copied.
    source: String,
    /// Copy over what is there.
    #[default(false)]
    force: bool,
    #[default(false)] makedirs: bool,
    /// Take over owner and mode of the source.
    #[default(false)]
    preserve: bool,
    #[default(Value::Null)] user: Value,
    #[default(Value::Null)] group: Value,
    #[default(Value::Null)] mode: Value,
    #[default(Value::Null)] dir_mode: Value,
    /// Copy into the folder that the name is.
    #[default(false)]
    subdir: bool,
    #[kwargs] kwargs: Map,
) -> Result<Verdict<'a>> {
    let (mut name, source) = (expand_user(cx, &name), expand_user(cx, &source));
    if name.is_empty() {
        return refuse("Must provide name to file.copy");
    }
    if !Path::new(&name).is_absolute() {
        return refuse(format!("Specified file {name} is not an absolute path"));
    }
    let from = PathBuf::from(&source);
    let Some(stat) = cx.host.metadata(&from)? else {
        return refuse(format!("Source file \"{source}\" is not present"));
    };
    let own_mode = Value::from(format!("{:04o}", stat.mode));
    let perms = if preserve {
        Perms::new(stat.uid.into(), stat.gid.into(), &own_mode)
    } else {
        let (user, group) = default_owner(cx, owner(user, &kwargs), group);
        Perms::new(user, group, if mode.is_null() { &own_mode } else { &mode })
    };
    if let Some(fault) = perms.unknown_owner(cx.host).filter(|_| !cx.test()) {
        return refuse(fault);
    }
    let asked = name.clone();
    if subdir && is_dir(cx.host, Path::new(&name)) {
        let base = from.file_name().unwrap_or_default().to_string_lossy();
        name = format!("{}/{base}", name.trim_end_matches('/'));
    }
    let path = PathBuf::from(&name);
    if lexists(cx.host, &path) && !force {
        let comment = format!("The target file \"{name}\" exists and will not be overwritten");
        return Ok(Verdict::correct(comment));
    }
    let dir_mode = crate::support::perms::normalize_mode(&dir_mode)
        .or_else(|| perms.mode.as_deref().map(searchable));
    let want = Want { asked, name, path, source, from, perms, dir_mode, preserve, force, makedirs };
    let comment = format!("File \"{}\" is set to be copied to \"{}\"", want.source, want.name);
    let would = Outcome::would(comment, Map::new());
    Ok(Verdict::change(would, move |apply| copy_it(apply, &want)))
}

fn copy_it(apply: &Apply<'_>, want: &Want) -> Result<Outcome> {
    let (host, name, source) = (apply.host, &want.name, &want.source);
    let mut comment = format!("Copied \"{source}\" to \"{}\"", want.asked);
    let folder = folder_of(&want.path);
    if lexists(host, &want.path) && want.force {
        if is_file(host, &want.path)
            && is_file(host, &want.from)
            && host.read(&want.path)? == host.read(&want.from)?
        {
            comment += " - files are identical but force flag is set";
        }
        if remove(host, &want.path).is_err() {
            let what = format!("Failed to delete \"{name}\" in preparation for forced move");
            return Ok(failed(what));
        }
    }
    if !is_dir(host, folder) {
        if !want.makedirs {
            let folder = folder.display();
            return Ok(failed(format!("The target directory {folder} is not present")));
        }
        let perms = Perms { mode: want.dir_mode.clone(), ..want.perms.clone() };
        make_dirs(host, folder, &perms)?;
    }
    let done = if is_dir(host, &want.from) { tree(host, want) } else { one(host, want) };
    if let Err(error) = done {
        let what = format!("Failed to copy \"{source}\" to \"{name}\": {error}");
        return Ok(failed(what));
    }
    let mut outcome = Outcome::done(comment, map! {name.as_str() => source.as_str()});
    if !want.preserve {
        let (more, faults) = want.perms.enforce(host, &want.path, false)?;
        outcome.changes.extend(more);
        // The mode is the source's own, unless one was asked for.
        if !faults.is_empty() {
            outcome.result = Some(false);
            outcome.comment = format!("{}; {}", outcome.comment, faults.join("; "));
        }
    }
    Ok(outcome)
}

/// One file, with the mode of its source.
fn one(host: &dyn Write, want: &Want) -> Result<()> {
    let mode = host.metadata(&want.from)?.map(|stat| stat.mode);
    host.write_atomic(&want.path, &host.read(&want.from)?, mode)
}

/// A folder with all that is in it; links stay links.
fn tree(host: &dyn Write, want: &Want) -> Result<()> {
    let owner = Owner { user: want.perms.user.clone(), group: want.perms.group.clone() };
    for level in walk(host, &want.from, None) {
        let below = level.path.strip_prefix(&want.from).unwrap_or(Path::new(""));
        let to =
            if below.as_os_str().is_empty() { want.path.clone() } else { want.path.join(below) };
        let mode = host.metadata(&level.path)?.map(|stat| stat.mode);
        host.create_dir(&to, mode)?;
        if to != want.path {
            owner.set(host, &to)?;
        }
        for name in level.dirs.iter().chain(&level.files) {
            let (from, to) = (level.path.join(name), to.join(name));
            match host.symlink_metadata(&from)? {
                Some(stat) if stat.is_symlink() => host.symlink(&host.read_link(&from)?, &to)?,
                Some(stat) if stat.is_file() => {
                    host.write_atomic(&to, &host.read(&from)?, Some(stat.mode))?;
                }
                // Folders come with their own level.
                Some(stat) if stat.is_dir() => continue,
                _ => {
                    let from = from.display();
                    let what = format!("`{from}` is neither file, folder nor link");
                    return Err(Error::execution(what));
                }
            }
            owner.set(host, &to)?;
        }
    }
    Ok(())
}

/// `$NAME` and `${NAME}` of the environment; what is not set stays. Python: `os.path.expandvars`.
fn expand_vars(cx: &Context<'_>, path: &str) -> String {
    let mut out = String::new();
    let mut rest = path;
    while let Some(at) = rest.find('$') {
        out += &rest[..at];
        let tail = &rest[at + 1..];
        let (name, length) = match tail.strip_prefix('{').and_then(|t| Some((t, t.find('}')?))) {
            Some((braced, end)) => (&braced[..end], end + 2),
            None => {
                let end = tail.find(|c: char| c != '_' && !c.is_ascii_alphanumeric());
                let end = end.unwrap_or(tail.len());
                (&tail[..end], end)
            }
        };
        match cx.host.env(name).filter(|_| !name.is_empty()) {
            Some(value) => out += &value,
            None => out += &rest[at..at + 1 + length],
        }
        rest = &tail[length..];
    }
    out + rest
}

/// Moves a file or folder, unless it has been moved already.
#[state]
fn rename<'a>(
    cx: &Context<'a>,
    /// Where it is to be.
    name: String,
    /// Where it is now.
    source: String,
    /// Move over what is there.
    #[default(false)]
    force: bool,
    #[default(false)] makedirs: bool,
    #[kwargs] _kwargs: Map,
) -> Result<Verdict<'a>> {
    let name = expand_vars(cx, &expand_user(cx, &name));
    let source = expand_vars(cx, &expand_user(cx, &source));
    if name.is_empty() {
        return refuse("Must provide name to file.rename");
    }
    let (path, from) = (PathBuf::from(&name), PathBuf::from(&source));
    if !path.is_absolute() {
        return refuse(format!("Specified file {name} is not an absolute path"));
    }
    if !lexists(cx.host, &from) {
        let comment = format!("Source file \"{source}\" has already been moved out of place");
        return Ok(Verdict::correct(comment));
    }
    if lexists(cx.host, &path) && !force {
        let comment = format!("The target file \"{name}\" exists and will not be overwritten");
        return Ok(Verdict::correct(comment));
    }
    let comment = format!("File \"{source}\" is set to be moved to \"{name}\"");
    Ok(Verdict::change(Outcome::would(comment, Map::new()), move |apply| {
        let host = apply.host;
        let folder = folder_of(&path);
        if !is_dir(host, folder) {
            if !makedirs {
                let folder = folder.display();
                return Ok(failed(format!("The target directory {folder} is not present")));
            }
            make_dirs(host, folder, &Perms::default())?;
        }
        if remove(host, &path).is_err() {
            let what = format!("Failed to delete \"{name}\" in preparation for forced move");
            return Ok(failed(what));
        }
        if let Err(error) = host.rename(&from, &path) {
            return Ok(failed(format!("Failed to move \"{source}\" to \"{name}\": {error}")));
        }
        let comment = format!("Moved \"{source}\" to \"{name}\"");
        Ok(Outcome::done(comment, map! {name.as_str() => source.as_str()}))
    }))
}
