//! `user` on Linux: the tools of the shadow suite. Salt: `salt/modules/useradd.py` behaviour.

use halite_core::host::User;
use halite_core::{Apply, Available, Context, Error, ExecModule, Map, Result, Value, function};

use super::shared::{GECOS, check_name, groups_of, info_map, shadow_tool, users_below};

/// The module.
pub static MODULE: ExecModule = ExecModule::new(
    "user",
    &[
        &ADD,
        &DELETE,
        &GETENT,
        &CHUID,
        &CHGID,
        &CHSHELL,
        &CHHOME,
        &CHGROUPS,
        &CHLOGINCLASS,
        &GET_LOGINCLASS,
        &INFO,
        &PRIMARY_GROUP,
        &LIST_GROUPS,
        &LIST_USERS,
        &RENAME,
    ],
)
.available(|grains, _| match grains.get("kernel").and_then(Value::as_str) {
    Some("Linux") | None => Available::Yes,
    Some(_) => Available::No("the shadow suite is only on Linux".into()),
});

/// The user of that name, of this system or the one below `root`.
pub(super) fn find(cx: &Context<'_>, name: &str, root: Option<&str>) -> Result<Option<User>> {
    match root {
        Some(root) => Ok(users_below(cx.host, root)?.into_iter().find(|user| user.name == name)),
        None => cx.host.user(name),
    }
}

/// A command with the option for another root.
pub(super) fn with_root(mut argv: Vec<String>, root: Option<&str>) -> Vec<String> {
    if let Some(root) = root {
        argv.splice(1..1, ["-R".to_owned(), root.to_owned()]);
    }
    argv
}

/// Adds a user.
///
/// CLI Example:
///
/// ```text
/// salt '*' user.add name <uid> <gid> <groups> <home> <shell>
/// ```
#[function]
fn add(
    apply: &Apply<'_>,
    name: String,
    #[default(Value::Null)] uid: Value,
    /// Primary group, by name or number.
    #[default(Value::Null)]
    gid: Value,
    #[default(None)] groups: Option<Vec<String>>,
    #[default(None)] home: Option<String>,
    #[default(None)] shell: Option<String>,
    #[default(true)] unique: bool,
    #[default(false)] system: bool,
    #[default(String::new())] fullname: String,
    #[default(String::new())] roomnumber: String,
    #[default(String::new())] workphone: String,
    #[default(String::new())] homephone: String,
    #[default(String::new())] other: String,
    #[default(true)] createhome: bool,
    #[default(None)] _loginclass: Option<String>,
    #[default(None)] root: Option<String>,
    #[default(false)] nologinit: bool,
    /// Use libuser's tools, which know local accounts only.
    #[default(false)]
    local: bool,
    /// Make a group of the user's name, or do not.
    #[default(None)]
    usergroup: Option<bool>,
) -> Result<bool> {
    check_name(&name)?;
    let set =
        |value: &Value| (!value.is_null() && value.as_str() != Some("")).then(|| value.to_string());
    let own = groups.as_ref().is_some_and(|list| list.contains(&name)) && usergroup.is_none();
    let primary = match set(&gid) {
        None if own && user_groups_enabled(apply) => {
            apply.host.group(&name)?.map(|group| group.gid.to_string())
        }
        given => given,
    };
    let options = [
        ("-s", shell.filter(|shell| !shell.is_empty())),
        ("-u", set(&uid)),
        ("-g", primary.clone()),
        ("-d", home),
    ];
    let switches = [
        (primary.is_none() && usergroup == Some(true) && !local, "-U"),
        (usergroup == Some(false), if local { "-n" } else { "-N" }),
        (createhome && !local, "-m"),
        (!createhome, "-M"),
        (nologinit, "-l"),
        (!unique, "-o"),
        (system, "-r"),
    ];
    let argv = command_line(if local { "luseradd" } else { "useradd" }, options, &switches, &name);
    let root_of_tool = root.as_deref().filter(|_| !local);
    if !shadow_tool(apply, &with_root(argv, root_of_tool))?.success() {
        return Ok(false);
    }
    if let Some(groups) = groups.filter(|groups| !groups.is_empty()) {
        chgroups(apply, name.clone(), groups, false, root.clone())?;
    }
    let parts = [fullname, roomnumber, workphone, homephone, other];
    for (key, part) in GECOS.iter().zip(parts).filter(|(_, part)| !part.is_empty()) {
        super::gecos::set(apply, &name, key, &part, root.as_deref())?;
    }
    Ok(true)
}

/// A program with those options that have a value, those switches that are on, and a name.
fn command_line(
    program: &str,
    options: [(&str, Option<String>); 4],
    switches: &[(bool, &str)],
    name: &str,
) -> Vec<String> {
    let mut argv = vec![program.to_owned()];
    for (flag, value) in options {
        if let Some(value) = value {
            argv.extend([flag.to_owned(), value]);
        }
    }
    argv.extend(switches.iter().filter(|(on, _)| *on).map(|(_, flag)| (*flag).to_owned()));
    argv.push(name.to_owned());
    argv
}

/// Whether `login.defs` gives each user a group of its own.
fn user_groups_enabled(cx: &Context<'_>) -> bool {
    let text = cx.host.read(std::path::Path::new("/etc/login.defs")).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    text.lines().any(|line| line.starts_with("USERGROUPS_ENAB") && line.contains("yes"))
}

/// Removes a user.
///
/// CLI Example:
///
/// ```text
/// salt '*' user.delete name remove=True force=True
/// ```
#[function]
fn delete(
    apply: &Apply<'_>,
    name: String,
    /// Remove home and mail too.
    #[default(false)]
    remove: bool,
    /// Even if the user is logged in.
    #[default(false)]
    force: bool,
    #[default(None)] root: Option<String>,
    #[default(false)] local: bool,
) -> Result<bool> {
    check_name(&name)?;
    let mut argv: Vec<String> = vec![if local { "luserdel" } else { "userdel" }.into()];
    if remove {
        argv.push("-r".into());
    }
    if force && !local {
        argv.push("-f".into());
    }
    argv.push(name);
    let output = shadow_tool(apply, &with_root(argv, root.as_deref().filter(|_| !local)))?;
    // Debian's userdel complains of a mail spool that was never there, after all else is done.
    let no_spool = output.retcode == 12 && output.stderr_text().contains("var/mail");
    Ok(output.success() || no_spool)
}

/// Gives all users, as `user.info` gives one.
///
/// CLI Example:
///
/// ```text
/// salt '*' user.getent
/// ```
#[function]
fn getent(
    cx: &Context<'_>,
    #[default(false)] _refresh: bool,
    #[default(None)] root: Option<String>,
) -> Result<Vec<Map>> {
    let users = match root {
        Some(root) => users_below(cx.host, &root)?,
        None => cx.host.users()?,
    };
    users.iter().map(|user| info_map(cx.host, user)).collect()
}

/// Sets one thing with `usermod` and says whether it is so now.
fn change(
    apply: &Apply<'_>,
    name: &str,
    key: &str,
    value: &Value,
    options: &[&str],
    root: Option<&str>,
) -> Result<bool> {
    check_name(name)?;
    let read = |name: &str| -> Result<Option<Value>> {
        let user = find(apply, name, root)?;
        user.map(|user| Ok(info_map(apply.cx.host, &user)?.get(key).cloned().unwrap_or_default()))
            .transpose()
    };
    match read(name)? {
        None => return Err(Error::execution(format!("User '{name}' does not exist"))),
        Some(held) if held == *value => return Ok(true),
        Some(_) => {}
    }
    let mut argv = vec!["usermod".to_owned()];
    argv.extend(options.iter().map(|option| (*option).to_owned()));
    argv.extend([value.to_string(), name.to_owned()]);
    shadow_tool(apply, &with_root(argv, root))?;
    let name = if key == "name" { value.to_string() } else { name.to_owned() };
    Ok(read(&name)?.is_some_and(|held| held == *value))
}

/// Changes a user's number.
///
/// CLI Example:
///
/// ```text
/// salt '*' user.chuid foo 4376
/// ```
#[function]
fn chuid(
    apply: &Apply<'_>,
    name: String,
    uid: i64,
    #[default(None)] root: Option<String>,
) -> Result<bool> {
    change(apply, &name, "uid", &uid.into(), &["-u"], root.as_deref())
}

/// Changes a user's primary group.
///
/// CLI Example:
///
/// ```text
/// salt '*' user.chgid foo 4376
/// ```
#[function]
fn chgid(
    apply: &Apply<'_>,
    name: String,
    gid: Value,
    #[default(None)] root: Option<String>,
) -> Result<bool> {
    let gid = match gid.to_string().parse::<i64>() {
        Ok(number) => Value::Int(number),
        Err(_) => apply.host.group(&gid.to_string())?.map_or(gid, |group| group.gid.into()),
    };
    change(apply, &name, "gid", &gid, &["-g"], root.as_deref())
}

/// Changes a user's login shell.
///
/// CLI Example:
///
/// ```text
/// salt '*' user.chshell foo /bin/zsh
/// ```
#[function]
fn chshell(
    apply: &Apply<'_>,
    name: String,
    shell: String,
    #[default(None)] root: Option<String>,
) -> Result<bool> {
    change(apply, &name, "shell", &shell.into(), &["-s"], root.as_deref())
}

/// Changes a user's home folder.
///
/// CLI Example:
///
/// ```text
/// salt '*' user.chhome foo /home/users/foo True
/// ```
#[function]
fn chhome(
    apply: &Apply<'_>,
    name: String,
    home: String,
    /// Move what is in it.
    #[default(false)]
    persist: bool,
    #[default(None)] root: Option<String>,
) -> Result<bool> {
    let options: &[&str] = if persist { &["-m", "-d"] } else { &["-d"] };
    change(apply, &name, "home", &home.into(), options, root.as_deref())
}

/// Sets the groups that a user is in, beside the primary one.
///
/// CLI Example:
///
/// ```text
/// salt '*' user.chgroups foo wheel,root
/// salt '*' user.chgroups foo wheel,root append=True
/// ```
#[function]
fn chgroups(
    apply: &Apply<'_>,
    name: String,
    groups: Vec<String>,
    /// Keep the groups the user is in.
    #[default(false)]
    append: bool,
    #[default(None)] root: Option<String>,
) -> Result<bool> {
    check_name(&name)?;
    let user = find(apply, &name, root.as_deref())?;
    let mut held =
        user.map(|user| groups_of(apply.cx.host, &user)).transpose()?.unwrap_or_default();
    let mut wanted: Vec<String> = groups.iter().filter(|g| !g.is_empty()).cloned().collect();
    held.sort();
    wanted.sort();
    if held == wanted {
        return Ok(true);
    }
    let mut argv = vec!["usermod".to_owned()];
    if append {
        argv.push("-a".into());
    }
    argv.extend(["-G".to_owned(), wanted.join(","), name.clone()]);
    let output = shadow_tool(apply, &with_root(argv, root.as_deref()))?;
    if output.success() || !output.stderr_text().contains("not found in") {
        return Ok(output.success());
    }
    // The user is known elsewhere than in the file; groups are changed one by one.
    let mut fine = true;
    for group in &wanted {
        let argv = ["gpasswd", "-a", &name, group].map(str::to_owned);
        fine &= shadow_tool(apply, &argv)?.success();
    }
    Ok(fine)
}

/// Says that there are no login classes: they are OpenBSD's.
///
/// CLI Example:
///
/// ```text
/// salt '*' user.chloginclass foo staff
/// ```
#[function]
fn chloginclass(
    _name: String,
    _loginclass: String,
    #[default(None)] _root: Option<String>,
) -> bool {
    false
}

/// Says that there are no login classes: they are OpenBSD's.
///
/// CLI Example:
///
/// ```text
/// salt '*' user.get_loginclass foo
/// ```
#[function]
fn get_loginclass(_name: String) -> bool {
    false
}

/// Gives what is known of a user; empty if there is none.
///
/// CLI Example:
///
/// ```text
/// salt '*' user.info root
/// ```
#[function]
fn info(cx: &Context<'_>, name: String, #[default(None)] root: Option<String>) -> Result<Map> {
    match find(cx, &name, root.as_deref())? {
        Some(user) => info_map(cx.host, &user),
        None => Ok(Map::new()),
    }
}

/// Gives the name of a user's primary group.
///
/// CLI Example:
///
/// ```text
/// salt '*' user.primary_group saltadmin
/// ```
#[function]
fn primary_group(cx: &Context<'_>, name: String) -> Result<Option<String>> {
    let Some(user) = cx.host.user(&name)? else { return Ok(None) };
    Ok(cx.host.group_of(user.gid)?.map(|group| group.name))
}

/// Lists the groups that a user is in.
///
/// CLI Example:
///
/// ```text
/// salt '*' user.list_groups foo
/// ```
#[function]
fn list_groups(cx: &Context<'_>, name: String) -> Result<Vec<String>> {
    match cx.host.user(&name)? {
        Some(user) => groups_of(cx.host, &user),
        None => Ok(Vec::new()),
    }
}

/// Lists all users.
///
/// CLI Example:
///
/// ```text
/// salt '*' user.list_users
/// ```
#[function]
fn list_users(cx: &Context<'_>, #[default(None)] root: Option<String>) -> Result<Vec<String>> {
    let users = match root {
        Some(root) => users_below(cx.host, &root)?,
        None => cx.host.users()?,
    };
    let mut names: Vec<String> = users.into_iter().map(|user| user.name).collect();
    names.sort();
    Ok(names)
}

/// Changes a user's name.
///
/// CLI Example:
///
/// ```text
/// salt '*' user.rename name new_name
/// ```
#[function]
fn rename(
    apply: &Apply<'_>,
    name: String,
    new_name: String,
    #[default(None)] root: Option<String>,
) -> Result<bool> {
    check_name(&new_name)?;
    if find(apply, &new_name, root.as_deref())?.is_some() {
        return Err(Error::execution(format!("User '{new_name}' already exists")));
    }
    change(apply, &name, "name", &new_name.into(), &["-l"], root.as_deref())
}
