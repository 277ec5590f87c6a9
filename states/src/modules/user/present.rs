//! `user.present` and `user.absent`.

use halite_core::{
    Apply, Args, Context, Map, Outcome, Result, StateModule, Value, Verdict, args, map, state,
};

use super::shared::{DAYS, GECOS, HIDDEN, Wanted, given, info, refused, shadow};

/// The module.
pub static MODULE: StateModule = StateModule::new("user", &[&PRESENT, &ABSENT]);

/// What making a user takes beside what it is to be.
struct Making {
    persist_home: bool,
    unique: bool,
    system: bool,
    nologinit: bool,
    loginclass: Value,
    usergroup: Option<bool>,
}

/// Sees to it that a user is there.
///
/// ```yaml
/// fred:
///   user.present:
///     - fullname: Fred Jones
///     - shell: /bin/zsh
///     - home: /home/fred
///     - uid: 4000
///     - groups: [wheel, storage]
/// ```
#[state]
fn present<'a>(
    cx: &Context<'a>,
    name: String,
    #[default(Value::Null)] uid: Value,
    /// Primary group.
    #[default(Value::Null)]
    gid: Value,
    /// Whether the user gets a group of its own name.
    #[default(None)]
    usergroup: Option<bool>,
    /// Groups beside the primary one; they have to be there.
    #[default(None)]
    groups: Option<Vec<String>>,
    /// Groups that need not be there.
    #[default(None)]
    optional_groups: Option<Vec<String>>,
    /// Take the user out of groups that are not named.
    #[default(true)]
    remove_groups: bool,
    #[default(None)] home: Option<String>,
    #[default(true)] createhome: bool,
    /// Move the files when the home changes.
    #[default(false)]
    persist_home: bool,
    /// The hash, or (with `hash_password`) the password itself.
    #[default(None)]
    password: Option<String>,
    #[default(false)] hash_password: bool,
    /// Also set the password of users that have one.
    #[default(true)]
    enforce_password: bool,
    #[default(false)] empty_password: bool,
    #[default(None)] shell: Option<String>,
    #[default(true)] unique: bool,
    #[default(false)] system: bool,
    #[default(Value::Null)] fullname: Value,
    #[default(Value::Null)] roomnumber: Value,
    #[default(Value::Null)] workphone: Value,
    #[default(Value::Null)] homephone: Value,
    #[default(Value::Null)] other: Value,
    #[default(Value::Null)] loginclass: Value,
    #[default(Value::Null)] date: Value,
    #[default(Value::Null)] mindays: Value,
    #[default(Value::Null)] maxdays: Value,
    #[default(Value::Null)] inactdays: Value,
    #[default(Value::Null)] warndays: Value,
    #[default(Value::Null)] expire: Value,
    #[default(Value::Null)] _win_homedrive: Value,
    #[default(Value::Null)] _win_profile: Value,
    #[default(Value::Null)] _win_logonscript: Value,
    #[default(Value::Null)] _win_description: Value,
    #[default(false)] nologinit: bool,
    #[default(false)] allow_uid_change: bool,
    #[default(false)] allow_gid_change: bool,
    #[default(None)] password_lock: Option<bool>,
    #[default(false)] local: bool,
) -> Result<Verdict<'a>> {
    let password = match password.filter(|password| !password.is_empty()) {
        Some(plain) if hash_password => Some(hashed(cx, &name, &plain)?),
        other => other,
    };
    let mut gecos = Map::new();
    for (key, value) in GECOS.iter().zip([fullname, roomnumber, workphone, homephone, other]) {
        let text = if value.is_null() { Value::Null } else { value.to_string().into() };
        if matches!(*key, "fullname" | "roomnumber" | "workphone")
            && text.as_str().is_some_and(|text| text.contains(','))
        {
            return Ok(Verdict::fail(format!("Unsupported char ',' in {text}")));
        }
        given(&mut gecos, key, text);
    }
    let mut days = Map::new();
    let all = [date, mindays, maxdays, inactdays, warndays, expire];
    for ((key, ..), value) in DAYS.iter().zip(all) {
        given(&mut days, key, value);
    }
    let there = |group: &String| cx.host.group(group).ok().flatten().is_some();
    let (groups, missing) = match groups {
        None => (None, Vec::new()),
        Some(groups) => {
            let (held, missing): (Vec<String>, Vec<String>) = groups.into_iter().partition(there);
            (Some(held), missing)
        }
    };
    if !missing.is_empty() && !cx.test() {
        let list = missing.join(",");
        return Ok(Verdict::fail(format!("The following group(s) are not present: {list}")));
    }
    let optional = optional_groups.filter(|list| !list.is_empty());
    let optional_groups = optional.map(|list| list.into_iter().filter(there).collect());
    let own_group = usergroup == Some(true) && cx.host.group(&name)?.is_some();
    let compared_gid = if own_group { Value::from(name.as_str()) } else { gid.clone() };
    let wanted = Wanted {
        name,
        uid,
        gid,
        compared_gid,
        groups,
        optional_groups,
        remove_groups,
        home,
        createhome,
        password,
        enforce_password,
        empty_password,
        password_lock,
        shell,
        gecos,
        days,
        local,
    };
    let making = Making { persist_home, unique, system, nologinit, loginclass, usergroup };
    judge(cx, wanted, making, &missing, (allow_uid_change, allow_gid_change))
}

/// The hash of a password, made with the salt of the one that is set: it has to come out the same.
fn hashed(cx: &Context<'_>, name: &str, plain: &str) -> Result<String> {
    let held = shadow(cx, name)?.get("passwd").map(Value::to_string).unwrap_or_default();
    let parts: Vec<&str> = held.splitn(5, '$').collect();
    if let [_, kind, salt, _] = parts[..] {
        let algorithm = match kind {
            "1" => "md5",
            "2a" => "blowfish",
            "5" => "sha256",
            _ => "sha512",
        };
        let args = args![plain; crypt_salt = salt, algorithm = algorithm];
        return cx.call("shadow.gen_password", args);
    }
    cx.call("shadow.gen_password", args![plain])
}

fn judge<'a>(
    cx: &Context<'a>,
    wanted: Wanted,
    making: Making,
    missing: &[String],
    allowed: (bool, bool),
) -> Result<Verdict<'a>> {
    let name = &wanted.name;
    let Some(changes) = wanted.differences(cx)? else {
        let mut text = format!("User {name} set to be added");
        if !missing.is_empty() {
            text.push_str(&format!(" (pending groups: {})", missing.join(",")));
        }
        let would = Outcome::new(None, text);
        return Ok(Verdict::change(would, move |apply| create(apply, &wanted, &making)));
    };
    if let Some(text) = refused(cx, &wanted, &changes, allowed)? {
        return Ok(Verdict::fail(text));
    }
    if changes.is_empty() {
        return Ok(Verdict::correct(format!("User {name} is present and up to date")));
    }
    let mut text = "The following user attributes are set to be changed:\n".to_owned();
    for (key, value) in &changes {
        let value = if key.as_str() == Some("passwd") { &HIDDEN.into() } else { value };
        text.push_str(&format!("{key}: {value}\n"));
    }
    if !missing.is_empty() {
        text.push_str(&format!("groups (pending creation): {}\n", missing.join(",")));
    }
    let would = Outcome::new(None, text);
    Ok(Verdict::change(would, move |apply| update(apply, &wanted, &making, changes)))
}

/// Changes a user that is there.
fn update(
    apply: &Apply<'_>,
    wanted: &Wanted,
    making: &Making,
    mut changes: Map,
) -> Result<Outcome> {
    let name = wanted.name.as_str();
    let before = (info(apply.cx, name, wanted.local)?, shadow(apply.cx, name)?);
    if let (Some(password), Some(_)) = (wanted.password(), changes.shift_remove("passwd")) {
        apply.call_value("shadow.set_password", args![name, password])?;
    }
    if changes.shift_remove("empty_password").is_some() {
        apply.call_value("shadow.del_password", args![name])?;
    }
    if let Some(lock) = changes.shift_remove("password_lock") {
        let fun = if lock.truthy() { "shadow.lock_password" } else { "shadow.unlock_password" };
        apply.call_value(fun, args![name])?;
    }
    let home = changes.shift_remove("home");
    let missing_home = changes.shift_remove("homeDoesNotExist");
    if let Some(home) = home.as_ref().filter(|_| missing_home.is_none()).or(missing_home.as_ref()) {
        apply.call_value("user.chhome", args![name, home; persist = making.persist_home])?;
    }
    if let Some(home) = missing_home {
        let path = home.to_string();
        if !apply.cx.host.exists(std::path::Path::new(&path)) {
            let owner = |key: &str| before.0.get(key).cloned().unwrap_or_default();
            let args = args![path, owner("uid"), owner("gid"), "0755"];
            apply.call_value("file.mkdir", args)?;
        }
    }
    for (argument, _, fun, _) in DAYS {
        if let Some(value) = changes.shift_remove(*argument) {
            apply.call_value(fun, args![name, value])?;
        }
    }
    let groups = changes.shift_remove("groups");
    for (key, value) in &changes {
        apply.call_value(&format!("user.ch{key}"), args![name, value])?;
    }
    if let Some(groups) = groups {
        apply.call_value("user.chgroups", args![name, groups, !wanted.remove_groups])?;
    }
    updated(apply, wanted, &before)
}

/// Says what has changed, and what should have but has not.
fn updated(apply: &Apply<'_>, wanted: &Wanted, before: &(Map, Map)) -> Result<Outcome> {
    let name = wanted.name.as_str();
    let mut made = Map::new();
    for (key, value) in &info(apply.cx, name, wanted.local)? {
        if before.0.get(key) != Some(value) {
            made.insert(key.clone(), value.clone());
        }
    }
    if before.1.get("passwd").and_then(Value::as_str) != wanted.password.as_deref() {
        for (key, value) in &shadow(apply.cx, name)? {
            if before.1.get(key) != Some(value) {
                let hide = key.as_str() == Some("passwd");
                made.insert(key.clone(), if hide { HIDDEN.into() } else { value.clone() });
            }
        }
    }
    let said = match made.is_empty() {
        true => format!("User {name} is present and up to date"),
        false => format!("Updated user {name}"),
    };
    let again = Wanted { compared_gid: wanted.gid.clone(), ..wanted.clone() };
    Ok(match again.differences(apply.cx)? {
        Some(left) if left.is_empty() => Outcome::done(said, made),
        left => {
            let mut left = left.unwrap_or_default();
            if let Some(password) = left.get_mut("passwd") {
                *password = HIDDEN.into();
            }
            let left = Value::from(left);
            Outcome::failed(format!("These values could not be changed: {left}"), made)
        }
    })
}

/// Makes a user.
fn create(apply: &Apply<'_>, wanted: &Wanted, making: &Making) -> Result<Outcome> {
    let name = wanted.name.as_str();
    let optional = wanted.optional_groups.clone().filter(|list| !list.is_empty());
    let groups = match (wanted.groups.clone().filter(|list| !list.is_empty()), optional) {
        (Some(groups), Some(optional)) => Some([groups, optional].concat()),
        (groups, optional) => groups.or(optional).or_else(|| wanted.groups.clone()),
    };
    let mut named = map! {
        "name" => name, "uid" => &wanted.uid, "gid" => &wanted.gid, "groups" => groups,
        "home" => wanted.home.clone(), "shell" => wanted.shell.clone(), "unique" => making.unique,
        "system" => making.system, "createhome" => wanted.createhome,
        "nologinit" => making.nologinit, "loginclass" => &making.loginclass,
        "local" => wanted.local, "usergroup" => making.usergroup,
    };
    named.extend(wanted.gecos.clone());
    if !apply.call_value("user.add", Args::named(named))?.truthy() {
        return Ok(Outcome::failed(format!("Failed to create new user {name}"), Map::new()));
    }
    let mut outcome =
        Outcome::done(format!("New user {name} created"), info(apply.cx, name, wanted.local)?);
    if !wanted.createhome {
        outcome.changes.insert("home".into(), "".into());
    }
    if apply.exec.contains("shadow.info") {
        first_shadow(apply, wanted, &mut outcome)?;
    }
    Ok(outcome)
}

/// Sets password and days of a user just made.
fn first_shadow(apply: &Apply<'_>, wanted: &Wanted, outcome: &mut Outcome) -> Result<()> {
    let name = wanted.name.as_str();
    let held = |key: &str| -> Result<Value> {
        Ok(shadow(apply.cx, name)?.get(key).cloned().unwrap_or_default())
    };
    let fail = |outcome: &mut Outcome, what: String| {
        outcome.comment = format!("User {name} created but failed to {what}");
        outcome.result = Some(false);
    };
    match wanted.password() {
        Some(password) if !wanted.empty_password => {
            apply.call_value("shadow.set_password", args![name, password])?;
            if held("passwd")?.as_str() != Some(password) {
                fail(outcome, format!("set password to {HIDDEN}"));
            }
            outcome.changes.insert("password".into(), HIDDEN.into());
        }
        None if wanted.empty_password => {
            apply.call_value("shadow.del_password", args![name])?;
            if held("passwd")?.as_str() != Some("") {
                fail(outcome, "empty password".into());
            }
            outcome.changes.insert("password".into(), "".into());
        }
        _ => {}
    }
    for (argument, key, fun, words) in DAYS {
        let counts = |value: &&Value| value.truthy() || *argument == "date";
        let Some(value) = wanted.days.get(*argument).filter(counts) else { continue };
        apply.call_value(fun, args![name, value])?;
        if held(key)? != *value {
            fail(outcome, format!("set {words} {value}"));
        }
        outcome.changes.insert((*argument).into(), value.clone());
    }
    Ok(())
}

/// Sees to it that a user is not there.
#[state]
fn absent<'a>(
    cx: &Context<'a>,
    name: String,
    /// Remove home and mail too.
    #[default(false)]
    purge: bool,
    /// Even if the user is logged in.
    #[default(false)]
    force: bool,
    #[default(false)] local: bool,
) -> Result<Verdict<'a>> {
    if info(cx, &name, local)?.is_empty() {
        return Ok(Verdict::correct(format!("User {name} is not present")));
    }
    let would = Outcome::new(None, format!("User {name} set for removal"));
    Ok(Verdict::change(would, move |apply| {
        let groups: Vec<String> = apply.call("user.list_groups", args![name.as_str()])?;
        let args = args![name.as_str(), purge, force; local = local];
        if !apply.call_value("user.delete", args)?.truthy() {
            let text = format!("Failed to remove user {name}");
            return Ok(Outcome::failed(text, Map::new()));
        }
        let mut changes = Map::new();
        for group in groups {
            if apply.cx.host.group(&group)?.is_none() {
                changes.insert(format!("{group} group").into(), "removed".into());
            }
        }
        changes.insert(name.as_str().into(), "removed".into());
        Ok(Outcome::done(format!("Removed user {name}"), changes))
    }))
}
