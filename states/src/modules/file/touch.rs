//! `file.touch`, `file.hardlink`, `file.mknod`: what is there, without its content.

use std::path::PathBuf;

use halite_core::host::{FileKind, Read};
use halite_core::{
    Changes, Context, Error, Map, Outcome, Result, StateModule, Value, Verdict, map, state,
};

use super::shared::{
    Owner, default_owner, failed, folder_of, is_dir, is_file, owner, real_path, refuse,
};
use crate::support::expand_user;
use crate::support::perms::{Perms, make_dirs, mode_bits};

/// The module.
pub static MODULE: StateModule = StateModule::new("file", &[&TOUCH, &HARDLINK, &MKNOD]);

fn seconds(value: &Value) -> Result<Option<f64>> {
    match value {
        Value::Null => Ok(None),
        Value::Str(text) => match text.trim().parse() {
            Ok(seconds) => Ok(Some(seconds)),
            Err(_) => Err(Error::usage("file.touch", "atime and mtime must be integers")),
        },
        other => other
            .as_f64()
            .map(Some)
            .ok_or_else(|| Error::usage("file.touch", "atime and mtime must be integers")),
    }
}

/// Makes an empty file, or sets the times of what is there.
#[state]
fn touch<'a>(
    cx: &Context<'a>,
    /// Path of the file.
    name: String,
    /// Time of last access, seconds since 1970.
    #[default(Value::Null)]
    atime: Value,
    /// Time of last change, seconds since 1970.
    #[default(Value::Null)]
    mtime: Value,
    #[default(false)] makedirs: bool,
) -> Result<Verdict<'a>> {
    let name = expand_user(cx, &name);
    if name.is_empty() {
        return refuse("Must provide name to file.touch");
    }
    let path = PathBuf::from(&name);
    if !path.is_absolute() {
        return refuse(format!("Specified file {name} is not an absolute path"));
    }
    if cx.test() {
        return Ok(Verdict::Settled(predict_touch(cx.host, &name, &atime, &mtime)?));
    }
    if !makedirs && !is_dir(cx.host, folder_of(&path)) {
        return refuse(format!("Directory not present to touch file {name}"));
    }
    let (accessed, changed) = (seconds(&atime)?, seconds(&mtime)?);
    Ok(Verdict::change(Outcome::default(), move |apply| {
        let host = apply.host;
        if makedirs {
            make_dirs(host, folder_of(&path), &Perms::default())?;
        }
        let there = host.exists(&path);
        if !there {
            // Where a link leads is made, the link stays.
            host.write_atomic(&real_path(host, &path), b"", None)?;
        }
        let now = host.now_micros() as f64 / 1e6;
        if there || accessed.is_some() || changed.is_some() {
            host.set_times(&path, accessed.unwrap_or(now), changed.unwrap_or(now))?;
        }
        if !there {
            let comment = format!("Created empty file {name}");
            return Ok(Outcome::done(comment, map! {"new" => name.as_str()}));
        }
        let kind = if is_dir(host, &path) { "directory" } else { "file" };
        let comment = format!("Updated times on {kind} {name}");
        Ok(Outcome::done(comment, map! {"touched" => name.as_str()}))
    }))
}

/// What test mode says. Salt: `_check_touch`, which compares what is given with floats as texts and
/// names the file as new where it is right.
fn predict_touch(host: &dyn Read, name: &str, atime: &Value, mtime: &Value) -> Result<Outcome> {
    let path = PathBuf::from(name);
    let new = map! {"new" => name};
    if !host.exists(&path) {
        return Ok(Outcome::would(format!("File {name} is set to be created"), new));
    }
    let Some(stat) = host.symlink_metadata(&path)? else { return Ok(Outcome::default()) };
    let differs = |given: &Value, has: f64| {
        !given.is_null() && given.to_string() != Value::Float(has).to_string()
    };
    if differs(atime, stat.atime) || differs(mtime, stat.mtime) {
        let comment = format!("Times set to be updated on file {name}");
        return Ok(Outcome::would(comment, map! {"touched" => name}));
    }
    Ok(Outcome::done(format!("File {name} exists and has the correct times"), new))
}

/// Sees to it that a name is a hard link to a file.
#[state]
fn hardlink<'a>(
    cx: &Context<'a>,
    /// Path of the link.
    name: String,
    /// Path of the file.
    target: String,
    /// Replace a file that is something else.
    #[default(false)]
    force: bool,
    #[default(false)] makedirs: bool,
    #[default(Value::Null)] user: Value,
    #[default(Value::Null)] group: Value,
    #[default(Value::Null)] dir_mode: Value,
    #[kwargs] kwargs: Map,
) -> Result<Verdict<'a>> {
    let name = expand_user(cx, &name);
    if name.is_empty() {
        return refuse("Must provide name to file.hardlink");
    }
    let (user, group) = default_owner(cx, owner(user, &kwargs), group);
    let perms = Perms::new(user.clone(), group.clone(), &dir_mode);
    let mut faults = Owner { user, group }.unknown(cx.host);
    let (path, to) = (PathBuf::from(&name), PathBuf::from(&target));
    if !path.is_absolute() {
        faults.push(format!("Specified file {name} is not an absolute path"));
    }
    if !to.is_absolute() {
        faults.push(format!("Specified target {target} is not an absolute path"));
    }
    if !faults.is_empty() {
        let end = if faults.len() > 1 { "." } else { "" };
        return refuse(format!("{}{end}", faults.join(". ")));
    }
    if cx.test() {
        return Ok(Verdict::Settled(predict_link(cx.host, &name, &target, force)?));
    }
    for (way, item) in [("to", &path), ("from", &to)] {
        if is_dir(cx.host, item) {
            return refuse(format!("Unable to hard link {way} directory {}", item.display()));
        }
    }
    if !cx.host.exists(&to) {
        return refuse(format!("Target {target} for hard link does not exist"));
    }
    let folder = folder_of(&path).to_path_buf();
    if !is_dir(cx.host, &folder) && !makedirs {
        return refuse(format!("Directory {} for hard link is not present", folder.display()));
    }
    let now = cx.host.symlink_metadata(&path)?;
    let linked = now.as_ref().is_some_and(|stat| stat.links > 1);
    let mut changes = Changes::new();
    if is_file(cx.host, &path) && !linked {
        if !force {
            return refuse(format!("File exists where the hard link {name} should be"));
        }
        let what = "File for hard link was forcibly replaced";
        changes.insert("forced".into(), what.into());
    }
    if linked && same_file(cx.host, &name, &target)? {
        let comment = format!("Target of hard link {name} is already pointing to {target}");
        return Ok(Verdict::correct(comment));
    }
    Ok(Verdict::change(Outcome::default(), move |apply| {
        let host = apply.host;
        make_dirs(host, &folder, &perms)?;
        if now.is_some() {
            host.remove_file(&path)?;
        }
        let (doing, done) = match linked {
            true => ("set target of", "Set target of"),
            false => ("create new", "Created new"),
        };
        if let Err(error) = host.hard_link(&to, &path) {
            let what = format!("Unable to {doing} hard link {name} -> {target}: {error}");
            return Ok(failed(what));
        }
        changes.insert("new".into(), name.as_str().into());
        Ok(Outcome::done(format!("{done} hard link {name} -> {target}"), changes))
    }))
}

fn same_file(host: &dyn Read, a: &str, b: &str) -> Result<bool> {
    let key = |path: &str| -> Result<_> {
        let stat = host.symlink_metadata(path.as_ref())?;
        Ok(stat.map(|stat| (stat.device, stat.inode)))
    };
    Ok(key(a)? == key(b)?)
}

/// What test mode says. Salt: `_hardlink_check`.
fn predict_link(host: &dyn Read, name: &str, target: &str, force: bool) -> Result<Outcome> {
    let (path, to) = (PathBuf::from(name), PathBuf::from(target));
    if !host.exists(&to) {
        return Ok(failed(format!("Target {target} for hard link does not exist")));
    }
    if is_dir(host, &to) {
        return Ok(failed(format!("Unable to hard link from directory {target}")));
    }
    if is_dir(host, &path) {
        return Ok(failed(format!("Unable to hard link to directory {name}")));
    }
    if !host.exists(&path) {
        let comment = format!("Hard link {name} to {target} is set for creation");
        return Ok(Outcome::would(comment, map! {"new" => name}));
    }
    if host.symlink_metadata(&path)?.is_some_and(|stat| stat.links > 1) {
        if same_file(host, name, target)? {
            let comment = format!("The hard link {name} is presently targetting {target}");
            return Ok(Outcome::new(Some(true), comment));
        }
        let comment = format!("Link {name} target is set to be changed to {target}");
        return Ok(Outcome::would(comment, map! {"change" => name}));
    }
    if force {
        let comment = format!(
            "The file or directory {name} is set for removal to make way for a new hard link \
             targeting {target}"
        );
        return Ok(Outcome::would(comment, Map::new()));
    }
    Ok(failed(format!(
        "File or directory exists where the hard link {name} should be. Did you mean to use force?"
    )))
}

/// Major and minor number, as Linux packs them.
fn device_numbers(device: u64) -> (u32, u32) {
    let major = (device >> 8) & 0xfff | (device >> 32) & 0xffff_f000;
    let minor = device & 0xff | (device >> 12) & 0xffff_ff00;
    // Both are 32 bits at most by their masks.
    (u32::try_from(major).unwrap_or(u32::MAX), u32::try_from(minor).unwrap_or(u32::MAX))
}

/// Makes a device or a FIFO.
#[state]
fn mknod<'a>(
    cx: &Context<'a>,
    /// Path of the file.
    name: String,
    /// `c`, `b` or `p`: character device, block device, FIFO.
    ntype: String,
    #[default(0)] major: i64,
    #[default(0)] minor: i64,
    #[default(Value::Null)] user: Value,
    #[default(Value::Null)] group: Value,
    #[default(Value::str("0600"))] mode: Value,
) -> Result<Verdict<'a>> {
    let name = expand_user(cx, &name);
    if name.is_empty() {
        return refuse("Must provide name to file.mknod");
    }
    let (kind, word) = match ntype.as_str() {
        "c" => (FileKind::Char, "character"),
        "b" => (FileKind::Block, "block"),
        "p" => (FileKind::Fifo, "fifo"),
        _ => {
            return refuse(format!(
                "Node type unavailable: '{ntype}'. Available node types are character ('c'), \
                 block ('b'), and pipe ('p')"
            ));
        }
    };
    let path = PathBuf::from(&name);
    let perms = Perms::new(user, group, &mode);
    let thing = if kind == FileKind::Fifo {
        "Fifo pipe".to_owned()
    } else {
        format!("{}{} device", word[..1].to_uppercase(), &word[1..])
    };
    let dev = |n: i64| u32::try_from(n).map_err(|_| Error::usage("file.mknod", "no device number"));
    let (major, minor) = (dev(major)?, dev(minor)?);
    let Some(stat) = cx.host.symlink_metadata(&path)? else {
        let comment = format!("{thing} {name} is set to be created");
        let created = format!("{thing} {name} created.");
        let would = Outcome::would(comment, Map::new());
        return Ok(Verdict::change(would, move |apply| {
            let bits = mode_bits(perms.mode.as_deref().unwrap_or("0600"))?;
            apply.host.mknod(&path, kind, bits, major, minor)?;
            apply.host.chmod(&path, bits)?;
            let (_, faults) = perms.enforce(apply.host, &path, false)?;
            let result = Some(faults.is_empty());
            let comment = faults.join("; ");
            let changes = map! {"new" => created};
            Ok(Outcome { result, comment, changes, ..Outcome::default() })
        }));
    };
    if stat.kind != kind {
        let what = thing.to_lowercase();
        return refuse(format!("File {name} exists and is not a {what}. Refusing to continue"));
    }
    let (has_major, has_minor) = device_numbers(stat.rdev);
    if kind != FileKind::Fifo && (has_major, has_minor) != (major, minor) {
        return refuse(format!(
            "{thing} {name} exists and has a different major/minor {has_major}/{has_minor}. \
             Refusing to continue"
        ));
    }
    let differs = perms.differing(cx.host, &path, false)?;
    if differs.is_empty() {
        return Ok(Verdict::correct(format!("{thing} {name} is in the correct state")));
    }
    let would = Outcome::would("", differs);
    Ok(Verdict::change(would, move |apply| {
        let (changes, faults) = perms.enforce(apply.host, &path, false)?;
        let result = Some(faults.is_empty());
        Ok(Outcome { result, comment: faults.join("; "), changes, ..Outcome::default() })
    }))
}
