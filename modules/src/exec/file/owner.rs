//! `file.chown` and its kin: owners, groups, modes.

use halite_core::host::Command;
use halite_core::{Apply, Context, Error, ExecModule, Map, Result, Value, function};

use super::shared::{
    expand, gid_of, group_name, is_dir, is_link, mode_text, parse_mode, stat, stats_map, uid_of,
    user_name,
};

/// The module.
pub static MODULE: ExecModule = ExecModule::new(
    "file",
    &[
        &GID_TO_GROUP,
        &GROUP_TO_GID,
        &GET_GID,
        &GET_GROUP,
        &UID_TO_USER,
        &USER_TO_UID,
        &GET_UID,
        &GET_USER,
        &GET_MODE,
        &SET_MODE,
        &CHOWN,
        &LCHOWN,
        &CHGRP,
        &LSATTR,
        &CHATTR,
        &CHECK_PERMS,
    ],
);

/// Gives the name of a group by its number; a number without a name comes back.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.gid_to_group 0
/// ```
#[function]
fn gid_to_group(cx: &Context<'_>, gid: Value) -> Value {
    match gid.to_string().parse() {
        Ok(number) => group_name(cx.host, number),
        Err(_) => "".into(),
    }
}

/// Gives the number of a group by its name; empty if there is none.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.group_to_gid root
/// ```
#[function]
fn group_to_gid(cx: &Context<'_>, group: Value) -> Result<Value> {
    if group.is_null() {
        return Ok("".into());
    }
    Ok(gid_of(cx.host, &group)?.map_or_else(|| "".into(), Value::from))
}

/// Gives the name of a user by its number; a number without a name comes back.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.uid_to_user 0
/// ```
#[function]
fn uid_to_user(cx: &Context<'_>, uid: Value) -> Value {
    match uid.to_string().parse() {
        Ok(number) => user_name(cx.host, number),
        Err(_) => uid,
    }
}

/// Gives the number of a user by its name; empty if there is none.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.user_to_uid root
/// ```
#[function]
fn user_to_uid(
    cx: &Context<'_>,
    /// The name; the minion's own user without one.
    #[default(Value::Null)]
    user: Value,
) -> Result<Value> {
    if user.is_null() {
        return Ok(cx.grains.get("uid").cloned().unwrap_or_default());
    }
    Ok(uid_of(cx.host, &user)?.map_or_else(|| "".into(), Value::from))
}

fn member(cx: &Context<'_>, path: &str, follow: bool, key: &str) -> Result<Value> {
    let stats = stats_map(cx.host, &expand(cx.host, path), follow)?;
    Ok(stats.get(key).cloned().unwrap_or_default())
}

/// Gives the number of the group that owns a file.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.get_gid /etc/passwd
/// ```
#[function]
fn get_gid(
    cx: &Context<'_>,
    path: String,
    #[default(true)] follow_symlinks: bool,
) -> Result<Value> {
    member(cx, &path, follow_symlinks, "gid")
}

/// Gives the name of the group that owns a file.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.get_group /etc/passwd
/// ```
#[function]
fn get_group(
    cx: &Context<'_>,
    path: String,
    #[default(true)] follow_symlinks: bool,
) -> Result<Value> {
    member(cx, &path, follow_symlinks, "group")
}

/// Gives the number of the user who owns a file.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.get_uid /etc/passwd
/// ```
#[function]
fn get_uid(
    cx: &Context<'_>,
    path: String,
    #[default(true)] follow_symlinks: bool,
) -> Result<Value> {
    member(cx, &path, follow_symlinks, "uid")
}

/// Gives the name of the user who owns a file.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.get_user /etc/passwd
/// ```
#[function]
fn get_user(
    cx: &Context<'_>,
    path: String,
    #[default(true)] follow_symlinks: bool,
) -> Result<Value> {
    member(cx, &path, follow_symlinks, "user")
}

/// Gives the mode of a file, as four digits.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.get_mode /etc/passwd
/// ```
#[function]
fn get_mode(
    cx: &Context<'_>,
    path: String,
    #[default(true)] follow_symlinks: bool,
) -> Result<Value> {
    member(cx, &path, follow_symlinks, "mode")
}

/// Sets the mode of a file and gives it back.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.set_mode /etc/passwd 0644
/// ```
#[function]
fn set_mode(apply: &Apply<'_>, path: String, mode: Value) -> Result<Value> {
    let place = expand(apply.cx.host, &path);
    if !apply.host.exists(&place) {
        return Err(Error::execution(format!("{}: File not found", place.display())));
    }
    match parse_mode(&mode) {
        Ok(bits) => apply.host.chmod(&place, bits)?,
        Err(error) => return Ok(error.to_string().into()),
    }
    get_mode(apply, path, true)
}

/// Sets owner and group of a file; gives nothing, or what was wrong.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.chown /etc/passwd root root
/// ```
#[function]
fn chown(apply: &Apply<'_>, path: String, user: Value, group: Value) -> Result<Option<String>> {
    change_owner(apply, &path, &user, &group, true)
}

/// Sets owner and group of a link itself; gives nothing, or what was wrong.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.lchown /etc/alternatives/vi root root
/// ```
#[function]
fn lchown(apply: &Apply<'_>, path: String, user: Value, group: Value) -> Result<Option<String>> {
    change_owner(apply, &path, &user, &group, false)
}

fn change_owner(
    apply: &Apply<'_>,
    path: &str,
    user: &Value,
    group: &Value,
    follow: bool,
) -> Result<Option<String>> {
    let place = expand(apply.cx.host, path);
    let mut wrong = String::new();
    let uid = if user.is_null() { None } else { uid_of(apply.cx.host, user)? };
    let gid = if group.is_null() { None } else { gid_of(apply.cx.host, group)? };
    if uid.is_none() && user.truthy() {
        wrong += "User does not exist\n";
    }
    if gid.is_none() && group.truthy() {
        wrong += "Group does not exist\n";
    }
    if apply.host.symlink_metadata(&place)?.is_none() {
        wrong += "File not found";
    }
    if !wrong.is_empty() {
        return Ok(Some(wrong));
    }
    // A link that leads nowhere can only be changed itself.
    let follow = follow && apply.host.exists(&place);
    apply.host.chown(&place, uid, gid, follow)?;
    Ok(None)
}

/// Sets the group of a file; gives nothing, or what was wrong.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.chgrp /etc/passwd root
/// ```
#[function]
fn chgrp(
    apply: &Apply<'_>,
    path: String,
    group: Value,
    #[default(true)] follow_symlinks: bool,
) -> Result<Option<String>> {
    change_owner(apply, &path, &Value::Null, &group, follow_symlinks)
}

/// Lists the attributes of a file on an ext file system, as `lsattr` shows them.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.lsattr foo1.txt
/// ```
#[function]
fn lsattr(cx: &Context<'_>, path: String) -> Result<Value> {
    let Some(program) = cx.host.which("lsattr") else { return Ok(Value::Null) };
    let place = expand(cx.host, &path);
    if !cx.host.exists(&place) {
        return Err(Error::usage(
            "file.lsattr",
            format!("File or directory does not exist: {path}"),
        ));
    }
    let (program, shown) = (program.to_string_lossy(), place.to_string_lossy());
    let output = cx.host.query(&Command::new([&*program, "-d", &shown]))?;
    let mut found = Map::new();
    for line in output.stdout_text().lines() {
        if let Some((flags, name)) = line.split_once(' ') {
            let flags = flags.chars().filter(|c| *c != '-').map(|c| Value::from(c.to_string()));
            found.insert(name.trim().into(), Value::list(flags));
        }
    }
    Ok(found.into())
}

/// Changes the attributes of files on an ext file system.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.chattr foo1.txt foo2.txt operator=add attributes=ai
/// ```
#[function]
fn chattr(
    apply: &Apply<'_>,
    #[args] files: Vec<Value>,
    /// `operator` (`add` or `remove`), `attributes`, `flags`.
    #[kwargs]
    kwargs: Map,
) -> Result<bool> {
    let get = |name: &str| kwargs.get(name).map(Value::to_string).unwrap_or_default();
    let sign = match get("operator").as_str() {
        "add" => '+',
        "remove" => '-',
        _ => {
            let what = "Need an operator: 'add' or 'remove' to modify attributes.";
            return Err(Error::usage("file.chattr", what));
        }
    };
    let attributes = get("attributes");
    if attributes.is_empty() || !attributes.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        let what = format!("Invalid value passed for attributes '{attributes}'");
        return Err(Error::usage("file.chattr", what));
    }
    let mut argv = vec!["chattr".to_owned(), format!("{sign}{attributes}")];
    if !get("flags").is_empty() {
        argv.push(format!("-{}", get("flags")));
    }
    argv.extend(files.iter().map(Value::to_string));
    let output = apply.host.run(&Command::new(argv))?;
    if !output.success() {
        let said = output.stderr_text();
        return Err(Error::execution(format!("chattr failed to run, message follows: {said}")));
    }
    Ok(true)
}

/// The return of a state that has nothing to say yet.
fn fresh_return(name: &str) -> Map {
    let none = Vec::<Value>::new();
    halite_core::map! {
        "name" => name, "changes" => Map::new(), "comment" => none, "result" => true,
    }
}

/// Sees to owner, group and mode of a file; gives a state's return and what was found.
///
/// CLI Example:
///
/// ```text
/// salt '*' file.check_perms /etc/sudoers '{}' root root 400
/// ```
#[function]
fn check_perms(
    apply: &Apply<'_>,
    name: String,
    /// The return to add to; a new one without it.
    ret: Option<Map>,
    user: Value,
    group: Value,
    mode: Value,
    #[default(Value::Null)] _attrs: Value,
    #[default(false)] follow_symlinks: bool,
    #[kwargs] _selinux: Map,
) -> Result<Value> {
    let mut ret = ret.filter(|ret| !ret.is_empty()).unwrap_or_else(|| fresh_return(&name));
    let place = expand(apply.cx.host, &name);
    let mut said: Vec<Value> = match ret.get("comment") {
        Some(Value::List(items)) => items.to_vec(),
        Some(text) if text.truthy() => vec![text.clone()],
        _ => Vec::new(),
    };
    let as_text = ret.get("comment").is_some_and(|comment| comment.as_str().is_some());
    let mut changes = ret.get("changes").and_then(Value::as_map).cloned().unwrap_or_default();
    let before = stat(apply.cx.host, &place, follow_symlinks)?;
    let own_link = is_link(apply.cx.host, &place) && !follow_symlinks;
    let test = apply.test();
    let mut result = ret.get("result").cloned().unwrap_or(Value::Bool(true));
    for (key, wanted, number, held) in [
        ("user", &user, uid_of(apply.cx.host, &user)?, before.uid),
        ("group", &group, gid_of(apply.cx.host, &group)?, before.gid),
    ] {
        if !wanted.truthy() || number == Some(held) {
            continue;
        }
        let (user, group) =
            if key == "user" { (wanted, &Value::Null) } else { (&Value::Null, wanted) };
        let failed = if test { None } else { change_owner(apply, &name, user, group, !own_link)? };
        match failed {
            None => drop(changes.insert(key.into(), wanted.clone())),
            Some(text) => {
                result = false.into();
                said.push(text.into());
                said.push(format!("Failed to change {key} to {wanted}").into());
            }
        }
    }
    let wanted = if mode.is_null() || own_link { None } else { Some(parse_mode(&mode)?) };
    if let Some(bits) = wanted.filter(|bits| *bits != before.mode) {
        if !test {
            apply.host.chmod(&place, bits)?;
        }
        changes.insert("mode".into(), mode_text(bits).into());
    } else if !test && !own_link && !is_dir(apply.cx.host, &place) {
        // A change of owner drops set-id bits.
        if stat(apply.cx.host, &place, true)?.mode != before.mode {
            apply.host.chmod(&place, before.mode)?;
        }
    }
    if test && !changes.is_empty() {
        result = Value::Null;
    }
    let perms = halite_core::map! {
        "luser" => user_name(apply.cx.host, before.uid),
        "lgroup" => group_name(apply.cx.host, before.gid), "lmode" => mode_text(before.mode),
    };
    ret.insert("changes".into(), changes.into());
    ret.insert("result".into(), result);
    let text = |said: &[Value]| said.iter().map(Value::to_string).collect::<Vec<_>>().join("; ");
    let comment = if as_text { text(&said).into() } else { Value::from(said) };
    ret.insert("comment".into(), comment);
    Ok(Value::list([ret.into(), perms.into()]))
}
