//! What is known of users: the shape of `user.info`, the groups somebody is in.

use std::path::Path;

use halite_core::host::{Command, Output, Read, User};
use halite_core::{Apply, Error, Map, Result, map};

/// Names of the parts of the comment field, in order.
pub(super) const GECOS: [&str; 5] = ["fullname", "roomnumber", "workphone", "homephone", "other"];

/// The comment field in its five parts.
pub(super) fn gecos_parts(gecos: &str) -> [String; 5] {
    let mut parts = gecos.splitn(5, ',').map(str::to_owned);
    std::array::from_fn(|_| parts.next().unwrap_or_default())
}

/// Names of all groups that `user` is in, its primary one included, sorted.
pub(super) fn groups_of(host: &dyn Read, user: &User) -> Result<Vec<String>> {
    let groups = host.groups()?.into_iter();
    let own = groups.filter(|g| g.gid == user.gid || g.members.contains(&user.name));
    let mut names: Vec<String> = own.map(|group| group.name).collect();
    names.sort();
    names.dedup();
    Ok(names)
}

/// The map that `user.info` gives.
pub(super) fn info_map(host: &dyn Read, user: &User) -> Result<Map> {
    let mut info = map! {
        "gid" => user.gid, "groups" => groups_of(host, user)?, "home" => user.home.clone(),
        "name" => user.name.as_str(), "passwd" => "x", "shell" => user.shell.as_str(),
        "uid" => user.uid,
    };
    for (name, part) in GECOS.iter().zip(gecos_parts(&user.gecos)) {
        info.insert((*name).into(), part.into());
    }
    Ok(info)
}

/// Runs a program of the shadow suite, whose path it finds.
///
/// # Errors
/// Salt's line if it is not installed.
pub(super) fn shadow_tool(apply: &Apply<'_>, argv: &[String]) -> Result<Output> {
    let Some((name, rest)) = argv.split_first() else {
        return Err(Error::execution("no command to run"));
    };
    let Some(path) = apply.host.which(name) else {
        return Err(Error::execution(format!("Command '{name}' cannot be found")));
    };
    let mut full = vec![path.to_string_lossy().into_owned()];
    full.extend(rest.iter().cloned());
    apply.host.run(&Command::new(full))
}

/// Whether a name could be taken for an option or a line of the database.
pub(super) fn check_name(name: &str) -> Result<()> {
    if name.is_empty() || name.starts_with('-') || name.contains([':', '\n', '/']) {
        return Err(Error::bad_name("user or group name", name, "it cannot stand in the database"));
    }
    Ok(())
}

/// `/etc/passwd` below another root.
pub(super) fn users_below(host: &dyn Read, root: &str) -> Result<Vec<User>> {
    let text = host.read(&Path::new(root).join("etc/passwd"))?;
    let text = String::from_utf8_lossy(&text).into_owned();
    let parse = |line: &str| {
        let fields: Vec<&str> = line.split(':').collect();
        let [name, _, uid, gid, gecos, home, shell] = fields[..] else { return None };
        Some(User {
            name: name.into(),
            uid: uid.parse().ok()?,
            gid: gid.parse().ok()?,
            gecos: gecos.into(),
            home: home.into(),
            shell: shell.into(),
        })
    };
    Ok(text.lines().filter_map(parse).collect())
}
