//! `group` on Linux: the tools of the shadow suite. Salt: `salt/modules/groupadd.py` behaviour.

use std::path::Path;

use halite_core::host::{Command, Group};
use halite_core::{
    Apply, Available, Context, Error, ExecModule, Map, Result, Value, function, map,
};

/// The module.
pub static MODULE: ExecModule = ExecModule::new(
    "group",
    &[&ADD, &DELETE, &INFO, &GETENT, &CHGID, &ADDUSER, &DELUSER, &MEMBERS, &LIST_GROUPS],
)
.available(|grains, _| match grains.get("kernel").and_then(Value::as_str) {
    Some("Linux") | None => Available::Yes,
    Some(_) => Available::No("the shadow suite is only on Linux".into()),
});

fn groups(cx: &Context<'_>, root: Option<&str>) -> Result<Vec<Group>> {
    let Some(root) = root else { return cx.host.groups() };
    let text = cx.host.read(&Path::new(root).join("etc/group"))?;
    let text = String::from_utf8_lossy(&text).into_owned();
    let parse = |line: &str| {
        let fields: Vec<&str> = line.trim().split(':').collect();
        let [name, _, gid, members] = fields[..] else { return None };
        let members = members.split(',').filter(|m| !m.is_empty()).map(str::to_owned).collect();
        Some(Group { name: name.into(), gid: gid.parse().ok()?, members })
    };
    Ok(text.lines().filter_map(parse).collect())
}

fn find(cx: &Context<'_>, name: &str, root: Option<&str>) -> Result<Option<Group>> {
    match root {
        Some(_) => Ok(groups(cx, root)?.into_iter().find(|group| group.name == name)),
        None => cx.host.group(name),
    }
}

fn info_map(group: Group) -> Map {
    map! { "name" => group.name, "passwd" => "x", "gid" => group.gid, "members" => group.members }
}

/// Runs a tool, whose path it finds, and says whether it worked.
fn tool(apply: &Apply<'_>, argv: &[&str]) -> Result<bool> {
    let name = argv.first().copied().unwrap_or_default();
    let Some(path) = apply.host.which(name) else {
        return Err(Error::execution(format!("Command '{name}' cannot be found")));
    };
    let path = path.to_string_lossy().into_owned();
    let rest = argv.iter().skip(1).map(|word| (*word).to_owned());
    let command = Command::new(std::iter::once(path).chain(rest));
    Ok(apply.host.run(&command)?.success())
}

fn check_name(name: &str) -> Result<()> {
    if name.is_empty() || name.starts_with('-') || name.contains([':', '\n']) {
        return Err(Error::bad_name("group name", name, "it cannot stand in the database"));
    }
    Ok(())
}

/// Adds a group.
///
/// CLI Example:
///
/// ```text
/// salt '*' group.add foo 3456
/// ```
#[function]
fn add(
    apply: &Apply<'_>,
    name: String,
    #[default(Value::Null)] gid: Value,
    /// Make a system group.
    #[default(false)]
    system: bool,
    #[default(None)] root: Option<String>,
    /// Allow a number that is taken.
    #[default(false)]
    non_unique: bool,
    #[default(false)] local: bool,
) -> Result<bool> {
    check_name(&name)?;
    let gid = gid.truthy().then(|| gid.to_string());
    let mut argv = vec![if local { "lgroupadd" } else { "groupadd" }];
    if let Some(gid) = &gid {
        argv.extend(["-g", gid]);
        if non_unique && !local {
            argv.push("-o");
        }
    }
    if system {
        argv.push("-r");
    }
    if let Some(root) = root.as_deref().filter(|_| !local) {
        argv.extend(["-R", root]);
    }
    argv.push(&name);
    tool(apply, &argv)
}

/// Removes a group.
///
/// CLI Example:
///
/// ```text
/// salt '*' group.delete foo
/// ```
#[function]
fn delete(
    apply: &Apply<'_>,
    name: String,
    #[default(None)] root: Option<String>,
    #[default(false)] local: bool,
) -> Result<bool> {
    check_name(&name)?;
    let mut argv = vec![if local { "lgroupdel" } else { "groupdel" }];
    if let Some(root) = root.as_deref().filter(|_| !local) {
        argv.extend(["-R", root]);
    }
    argv.push(&name);
    tool(apply, &argv)
}

/// Gives what is known of a group; empty if there is none.
///
/// CLI Example:
///
/// ```text
/// salt '*' group.info foo
/// ```
#[function]
fn info(cx: &Context<'_>, name: String, #[default(None)] root: Option<String>) -> Result<Map> {
    Ok(find(cx, &name, root.as_deref())?.map(info_map).unwrap_or_default())
}

/// Gives all groups, as `group.info` gives one.
///
/// CLI Example:
///
/// ```text
/// salt '*' group.getent
/// ```
#[function]
fn getent(
    cx: &Context<'_>,
    #[default(false)] _refresh: bool,
    #[default(None)] root: Option<String>,
) -> Result<Vec<Map>> {
    Ok(groups(cx, root.as_deref())?.into_iter().map(info_map).collect())
}

/// Lists the names of all groups.
///
/// CLI Example:
///
/// ```text
/// salt '*' group.list_groups
/// ```
#[function]
fn list_groups(cx: &Context<'_>) -> Result<Vec<String>> {
    let mut names: Vec<String> = cx.host.groups()?.into_iter().map(|group| group.name).collect();
    names.sort();
    Ok(names)
}

/// Changes a group's number.
///
/// CLI Example:
///
/// ```text
/// salt '*' group.chgid foo 4376
/// ```
#[function]
fn chgid(
    apply: &Apply<'_>,
    name: String,
    gid: i64,
    #[default(None)] root: Option<String>,
    #[default(false)] non_unique: bool,
) -> Result<bool> {
    check_name(&name)?;
    let held = |apply: &Apply<'_>| -> Result<Option<i64>> {
        Ok(find(apply, &name, root.as_deref())?.map(|group| i64::from(group.gid)))
    };
    match held(apply)? {
        None => return Ok(false),
        Some(now) if now == gid => return Ok(true),
        Some(_) => {}
    }
    let number = gid.to_string();
    let mut argv = vec!["groupmod"];
    if let Some(root) = root.as_deref() {
        argv.extend(["-R", root]);
    }
    argv.extend([if non_unique { "-og" } else { "-g" }, &number, &name]);
    tool(apply, &argv)?;
    Ok(held(apply)? == Some(gid))
}

/// Adds a user to a group.
///
/// CLI Example:
///
/// ```text
/// salt '*' group.adduser foo bar
/// ```
#[function]
fn adduser(
    apply: &Apply<'_>,
    /// The group.
    name: String,
    username: String,
    #[default(None)] root: Option<String>,
) -> Result<bool> {
    check_name(&name)?;
    let mut argv = vec!["gpasswd", "--add", &username, &name];
    if let Some(root) = root.as_deref() {
        argv.extend(["--root", root]);
    }
    tool(apply, &argv)
}

/// Removes a user from a group.
///
/// CLI Example:
///
/// ```text
/// salt '*' group.deluser foo bar
/// ```
#[function]
fn deluser(
    apply: &Apply<'_>,
    /// The group.
    name: String,
    username: String,
    #[default(None)] root: Option<String>,
) -> Result<bool> {
    check_name(&name)?;
    let group = find(apply, &name, root.as_deref())?;
    if !group.is_some_and(|group| group.members.contains(&username)) {
        return Ok(true);
    }
    let mut argv = vec!["gpasswd", "--del", &username, &name];
    if let Some(root) = root.as_deref() {
        argv.extend(["--root", root]);
    }
    tool(apply, &argv)
}

/// Sets the members of a group.
///
/// CLI Example:
///
/// ```text
/// salt '*' group.members foo 'user1,user2,user3,...'
/// ```
#[function]
fn members(
    apply: &Apply<'_>,
    name: String,
    /// Users, with commas between them.
    members_list: String,
    #[default(None)] root: Option<String>,
) -> Result<bool> {
    check_name(&name)?;
    let mut argv = vec!["gpasswd", "--members", &members_list, &name];
    if let Some(root) = root.as_deref() {
        argv.extend(["--root", root]);
    }
    tool(apply, &argv)
}
