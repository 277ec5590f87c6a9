//! `file.directory`: a folder, its owner and modes, and what may be in it.

use std::path::{Path, PathBuf};

use halite_core::host::Read;
use halite_core::{
    Apply, Changes, Context, Map, Outcome, Result, StateModule, Value, Verdict, map, state,
};

use super::clean::{Cleaning, keep_files};
use super::shared::{failed, folder_of, is_dir, is_file, is_link, lexists, owner, refuse, remove};
use crate::support::expand_user;
use crate::support::perms::{Perms, make_dirs, normalize_mode};
use crate::support::walk::{Level, listed, strays, walk};

/// The module.
pub static MODULE: StateModule = StateModule::new("file", &[&DIRECTORY]);

/// What `recurse` may name.
const RECURSE: [&str; 6] = ["user", "group", "mode", "ignore_files", "ignore_dirs", "silent"];

/// What the folder is to be.
struct Want {
    name: String,
    path: PathBuf,
    /// Owner, and mode of folders.
    perms: Perms,
    file_mode: Option<String>,
    recurse: Value,
    max_depth: Option<i64>,
    makedirs: bool,
    clean: Option<Cleaning>,
    follow: bool,
    force: bool,
    backup: Option<PathBuf>,
    allow_symlink: bool,
    children_only: bool,
}

/// Sees to it that a folder is there, with its owner and mode.
///
/// ```yaml
/// /srv/stuff/substuf:
///   file.directory:
///     - user: fred
///     - group: users
///     - mode: "0755"
///     - makedirs: True
/// ```
#[state]
fn directory<'a>(
    cx: &Context<'a>,
    /// Path of the folder.
    name: String,
    #[default(Value::Null)] user: Value,
    #[default(Value::Null)] group: Value,
    /// What to set on everything below: `user`, `group`, `mode`; and what to leave out.
    #[default(Value::Null)]
    recurse: Value,
    /// How deep `recurse` goes.
    #[default(None)]
    max_depth: Option<i64>,
    #[default(Value::Null)] dir_mode: Value,
    #[default(Value::Null)] file_mode: Value,
    /// Make missing parents.
    #[default(false)]
    makedirs: bool,
    /// Remove what no required state manages.
    #[default(false)]
    clean: bool,
    #[default(Value::Null)] require: Value,
    /// What cleaning leaves alone.
    #[default(Value::Null)]
    exclude_pat: Value,
    #[default(false)] follow_symlinks: bool,
    /// Replace what is no folder.
    #[default(false)]
    force: bool,
    /// Where what is no folder is moved to.
    #[default(None)]
    backupname: Option<String>,
    #[default(true)] allow_symlink: bool,
    #[default(false)] children_only: bool,
    #[kwargs] kwargs: Map,
) -> Result<Verdict<'a>> {
    let mut name = expand_user(cx, &name);
    if name.is_empty() {
        return refuse("Must provide name to file.directory");
    }
    if name.ends_with('/') && name != "/" {
        name.pop();
    }
    if max_depth.is_some() && clean {
        return refuse("Cannot specify both max_depth and clean");
    }
    let given = kwargs.get("mode").filter(|_| !dir_mode.truthy()).cloned();
    let dir_mode = given.unwrap_or(dir_mode);
    let file_mode = if file_mode.truthy() { file_mode } else { dir_mode.clone() };
    let perms = Perms::new(owner(user, &kwargs), group, &dir_mode);
    if let Some(fault) = perms.unknown_owner(cx.host).filter(|_| !cx.test()) {
        return refuse(fault);
    }
    let path = PathBuf::from(&name);
    if !path.is_absolute() {
        return refuse(format!("Specified file {name} is not an absolute path"));
    }
    let cleaning = match clean {
        true => Some(Cleaning { keep: keep_files(cx, &path, &require)?, exclude: exclude_pat }),
        false => None,
    };
    let want = Want {
        path,
        perms,
        file_mode: normalize_mode(&file_mode),
        recurse,
        max_depth,
        makedirs,
        clean: cleaning,
        follow: follow_symlinks,
        force,
        backup: backupname.map(PathBuf::from),
        allow_symlink,
        children_only,
        name,
    };
    judge(cx, want)
}

fn judge<'a>(cx: &Context<'a>, want: Want) -> Result<Verdict<'a>> {
    let (host, name) = (cx.host, &want.name);
    let mut forced = Changes::new();
    let way = match in_the_way(host, &want) {
        Way::Free => false,
        Way::Refused(fault) => return refuse(fault),
        Way::Backup => {
            let backup = want.backup.as_ref().map(|path| path.display().to_string());
            let backup = backup.unwrap_or_default();
            if want.force && lexists(host, Path::new(&backup)) {
                let what = format!("Existing file at backup path {backup} would be removed");
                forced.insert("forced".into(), what.into());
            }
            forced.insert("backup".into(), format!("{name} would be renamed to {backup}").into());
            forced.insert(name.as_str().into(), map! {"directory" => "new"}.into());
            let comment = format!("{name} would be backed up and replaced with a new directory");
            let would = Outcome::would(comment, forced);
            return Ok(Verdict::change(would, move |apply| make_way(apply, want)));
        }
        Way::Force(what) => {
            let would = format!("{what} would be forcibly replaced");
            forced.insert("forced".into(), would.into());
            true
        }
    };
    let (result, comment, changes) = examine(host, &want)?;
    forced.extend(changes);
    let would = Outcome { result, comment, changes: forced, ..Outcome::default() };
    if !way && (would.changes.is_empty() || would.result == Some(false)) {
        return Ok(Verdict::Settled(would));
    }
    Ok(Verdict::change(would, move |apply| make_way(apply, want)))
}

/// What is at the path and is no folder.
enum Way {
    Free,
    Refused(String),
    Backup,
    Force(&'static str),
}

fn in_the_way(host: &dyn Read, want: &Want) -> Way {
    let (file, link) = (is_file(host, &want.path), is_link(host, &want.path));
    if !(file || link && (!want.allow_symlink || want.force)) {
        return Way::Free;
    }
    let name = &want.name;
    match &want.backup {
        Some(backup) if lexists(host, backup) && !want.force => Way::Refused(format!(
            "File exists where the backup target {} should go",
            backup.display()
        )),
        Some(_) => Way::Backup,
        None if want.force && file => Way::Force("File"),
        None if want.force => Way::Force("Symlink"),
        None if file => Way::Refused(format!("Specified location {name} exists and is a file")),
        None => Way::Refused(format!("Specified location {name} exists and is a symlink")),
    }
}

/// Takes away what is no folder, then makes the folder right.
fn make_way(apply: &Apply<'_>, want: Want) -> Result<Outcome> {
    let host = apply.host;
    let mut changes = Changes::new();
    match in_the_way(host, &want) {
        Way::Free => {}
        Way::Refused(fault) => return Ok(failed(fault)),
        Way::Backup => {
            let Some(backup) = &want.backup else { return Ok(Outcome::default()) };
            remove(host, backup)?;
            host.rename(&want.path, backup)?;
        }
        Way::Force(what) => {
            remove(host, &want.path)?;
            changes.insert("forced".into(), format!("{what} was forcibly replaced").into());
        }
    }
    let (result, comment, more) = examine(host, &want)?;
    changes.extend(more);
    if changes.is_empty() {
        return Ok(Outcome { result, comment, changes, ..Outcome::default() });
    }
    if is_dir(host, &want.path) {
        update(apply, &want, changes)
    } else {
        make(apply, &want, changes)
    }
}

fn make(apply: &Apply<'_>, want: &Want, mut changes: Changes) -> Result<Outcome> {
    let (host, name) = (apply.host, &want.name);
    let parent = folder_of(&want.path);
    if !is_dir(host, parent) {
        if !want.makedirs {
            return Ok(Outcome::failed(format!("No directory to create {name} in"), changes));
        }
        make_dirs(host, parent, &want.perms)?;
    }
    make_dirs(host, &want.path, &want.perms)?;
    if !is_dir(host, &want.path) {
        return Ok(Outcome::failed(format!("Failed to create directory {name}"), changes));
    }
    changes.insert(name.as_str().into(), map! {"directory" => "new"}.into());
    Ok(Outcome::done("", changes))
}

/// What `recurse` names, and what that leaves to set on files and folders below.
struct Below {
    files: Option<Perms>,
    dirs: Option<Perms>,
    silent: bool,
    faults: Vec<String>,
}

/// Reads `recurse`. The fault is a comment. Salt: `_get_recurse_set`.
fn below(want: &Want) -> Result<Option<Below>, String> {
    if !want.recurse.truthy() {
        return Ok(None);
    }
    let Some(items) = want.recurse.as_list() else {
        return Err("\"recurse\" must be formed as a list of strings".into());
    };
    let has = |name: &str| items.iter().any(|item| item.as_str() == Some(name));
    if !items.iter().all(|item| item.as_str().is_some_and(|item| RECURSE.contains(&item))) {
        let names: Vec<String> = RECURSE.iter().map(|name| format!("\"{name}\"")).collect();
        return Err(format!("Types for \"recurse\" limited to {}.", names.join(", ")));
    }
    if has("ignore_files") && has("ignore_dirs") {
        return Err(
            "Must not specify \"recurse\" options \"ignore_files\" and \"ignore_dirs\" at \
                    the same time."
                .into(),
        );
    }
    let mut faults = Vec::new();
    let mut pick = |what: &str, value: &Value| {
        if !has(what) {
            return Value::Null;
        }
        if !value.truthy() && value.as_i64().is_none() {
            faults.push(format!(
                "{what} not specified, but configured as a target for recursive ownership \
                 management"
            ));
        }
        value.clone()
    };
    let user = pick("user", &want.perms.user);
    let group = pick("group", &want.perms.group);
    let with = |mode: &Option<String>| Perms {
        user: user.clone(),
        group: group.clone(),
        mode: mode.clone().filter(|_| has("mode")),
    };
    Ok(Some(Below {
        files: (!has("ignore_files")).then(|| with(&want.file_mode)),
        dirs: (!has("ignore_dirs")).then(|| with(&want.perms.mode)),
        silent: has("silent"),
        faults,
    }))
}

type Examined = (Option<bool>, String, Changes);

/// What would change, as test mode says it. Salt: `_check_directory`.
fn examine(host: &dyn Read, want: &Want) -> Result<Examined> {
    let mut changes = Changes::new();
    let below = match below(want) {
        Ok(below) => below,
        Err(fault) => return Ok((Some(false), fault, changes)),
    };
    if let Some(below) = &below {
        for level in walk(host, &want.path, want.max_depth) {
            for (path, perms) in members(&level, below) {
                let differs = perms.differing(host, &path, want.follow)?;
                if !differs.is_empty() {
                    changes.insert(Value::from_os(path.as_os_str()), differs.into());
                }
            }
        }
    }
    let there = is_dir(host, &want.path);
    if !want.children_only {
        let differs = want.perms.differing(host, &want.path, want.follow)?;
        if !differs.is_empty() {
            changes.insert(want.name.as_str().into(), differs.into());
        }
    }
    if let Some(clean) = want.clean.as_ref().filter(|_| there) {
        for path in strays(host, &want.path, &clean.keep, &clean.exclude, true)? {
            let removed = map! {"removed" => "Removed due to clean"};
            changes.insert(Value::from_os(path.as_os_str()), removed.into());
        }
    }
    if !there {
        changes.insert(want.name.as_str().into(), map! {"directory" => "new"}.into());
    }
    if changes.is_empty() {
        let comment = format!("The directory {} is in the correct state", want.name);
        return Ok((Some(true), comment, changes));
    }
    let mut comment = String::from("The following files will be changed:\n");
    for (path, what) in &changes {
        for (key, value) in what.as_map().into_iter().flatten() {
            comment += &format!("{path}: {key} - {value}\n");
        }
    }
    Ok((None, comment, changes))
}

/// Files and folders of one level, each with what is to be set on it.
fn members<'b>(level: &'b Level, below: &'b Below) -> impl Iterator<Item = (PathBuf, &'b Perms)> {
    let files = below.files.iter().flat_map(|perms| level.files.iter().map(move |n| (n, perms)));
    let dirs = below.dirs.iter().flat_map(|perms| level.dirs.iter().map(move |n| (n, perms)));
    files.chain(dirs).map(|(name, perms)| (level.path.join(name), perms))
}

fn update(apply: &Apply<'_>, want: &Want, mut changes: Changes) -> Result<Outcome> {
    let (host, name) = (apply.host, &want.name);
    let mut faults = Vec::new();
    let mut set = |path: &Path, perms: &Perms, changes: &mut Changes| -> Result<()> {
        let (done, failed) = perms.enforce(host, path, want.follow)?;
        changes.extend(done);
        faults.extend(failed);
        Ok(())
    };
    if !want.children_only {
        set(&want.path, &want.perms, &mut changes)?;
    }
    let mut wrong = Vec::new();
    if let Ok(Some(below)) = below(want) {
        if below.silent {
            changes = map! {"recursion" => "Changes silenced"};
        }
        for level in walk(host, &want.path, want.max_depth) {
            for (path, perms) in members(&level, &below) {
                set(&path, perms, &mut changes)?;
            }
        }
        wrong = below.faults;
    }
    let mut comment = faults.join("; ");
    let result = faults.is_empty() && wrong.is_empty();
    comment = wrong.pop().unwrap_or(comment);
    if let Some(clean) = &want.clean {
        let gone = strays(host, &want.path, &clean.keep, &clean.exclude, false)?;
        for path in &gone {
            remove(host, path)?;
        }
        if !gone.is_empty() {
            changes.insert("removed".into(), listed(&gone));
            comment = format!("Files cleaned from directory {name}");
        }
    }
    if comment.is_empty() {
        let what = if want.children_only { "/*" } else { "" };
        comment = format!("Directory {name}{what} updated");
    }
    Ok(Outcome { result: Some(result), comment, changes, ..Outcome::default() })
}
