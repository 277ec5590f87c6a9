//! `shadow` on Linux: passwords and their age. Salt: `salt/modules/linux_shadow.py` behaviour.

use std::path::PathBuf;

use halite_core::host::Command;
use halite_core::{Apply, Available, Context, ExecModule, Map, Result, Value, function, map};

/// The module.
pub static MODULE: ExecModule = ExecModule::new(
    "shadow",
    &[
        &DEFAULT_HASH,
        &INFO,
        &LIST_USERS,
        &SET_PASSWORD,
        &DEL_PASSWORD,
        &LOCK_PASSWORD,
        &UNLOCK_PASSWORD,
        &SET_INACTDAYS,
        &SET_MAXDAYS,
        &SET_MINDAYS,
        &SET_WARNDAYS,
        &SET_DATE,
        &SET_EXPIRE,
    ],
)
.available(|grains, _| match grains.get("kernel").and_then(Value::as_str) {
    Some("Linux") | None => Available::Yes,
    Some(_) => Available::No("only on Linux".into()),
});

/// Names of the fields after name and password.
const FIELDS: [&str; 6] = ["lstchg", "min", "max", "warn", "inact", "expire"];

fn file(root: Option<&str>) -> PathBuf {
    PathBuf::from(root.unwrap_or("/")).join("etc/shadow")
}

fn text(cx: &Context<'_>, root: Option<&str>) -> Option<String> {
    cx.host.read(&file(root)).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

/// Gives the hash of an account without password: nobody can log in.
///
/// CLI Example:
///
/// ```text
/// salt '*' shadow.default_hash
/// ```
#[function]
fn default_hash() -> &'static str {
    "!"
}

/// Gives a user's line of the shadow file; empty fields if there is none.
///
/// CLI Example:
///
/// ```text
/// salt '*' shadow.info root
/// ```
#[function]
fn info(cx: &Context<'_>, name: String, #[default(None)] root: Option<String>) -> Map {
    let text = text(cx, root.as_deref()).unwrap_or_default();
    let line = text.lines().find(|line| line.split(':').next() == Some(&name));
    let Some(line) = line else {
        let mut empty = map! { "name" => "", "passwd" => "" };
        empty.extend(FIELDS.iter().map(|field| (Value::str(field), "".into())));
        return empty;
    };
    let parts: Vec<&str> = line.split(':').collect();
    let mut found = map! { "name" => name, "passwd" => parts.get(1).copied().unwrap_or_default() };
    for (index, field) in FIELDS.iter().enumerate() {
        let number = parts.get(index + 2).and_then(|part| part.parse::<i64>().ok());
        found.insert((*field).into(), number.unwrap_or(-1).into());
    }
    found
}

/// Lists the users of the shadow file.
///
/// CLI Example:
///
/// ```text
/// salt '*' shadow.list_users
/// ```
#[function]
fn list_users(cx: &Context<'_>, #[default(None)] root: Option<String>) -> Vec<String> {
    let text = text(cx, root.as_deref()).unwrap_or_default();
    let mut names: Vec<String> =
        text.lines().filter_map(|line| line.split(':').next()).map(str::to_owned).collect();
    names.sort();
    names
}

fn field(cx: &Context<'_>, name: &str, key: &str, root: Option<&str>) -> Value {
    let found = info(cx, name.to_owned(), root.map(str::to_owned));
    found.get(key).cloned().unwrap_or_default()
}

fn run(apply: &Apply<'_>, program: &str, root: Option<&str>, rest: &[&str]) -> Result<bool> {
    let mut argv = vec![program];
    if let Some(root) = root {
        argv.extend(["-R", root]);
    }
    argv.extend(rest);
    Ok(apply.host.run(&Command::new(argv))?.success())
}

/// Sets the hash of a user's password. The clear text is not for this function.
///
/// CLI Example:
///
/// ```text
/// salt '*' shadow.set_password root '$1$UYCIxa628.9qXjpQCjM4a..'
/// ```
#[function]
fn set_password(
    apply: &Apply<'_>,
    name: String,
    /// The hash.
    password: String,
    /// Leave it to `usermod`.
    #[default(false)]
    use_usermod: bool,
    #[default(None)] root: Option<String>,
) -> Result<bool> {
    if apply.host.user(&name)?.is_none() && root.is_none() {
        tracing::warn!("user {name} does not exist, cannot set password");
        return Ok(false);
    }
    if password.contains([':', '\n']) || name.contains([':', '\n']) {
        let what = "it would break the line of the shadow file";
        return Err(halite_core::Error::bad_name("password hash", "(hidden)", what));
    }
    if use_usermod {
        run(apply, "usermod", root.as_deref(), &["-p", &password, &name])?;
    } else {
        let Some(old) = text(apply, root.as_deref()) else { return Ok(false) };
        let today = apply.host.now_micros().div_euclid(86_400_000_000);
        let new = with_password(&old, &name, &password, today);
        apply.host.write_atomic(&file(root.as_deref()), new.as_bytes(), Some(0o640))?;
    }
    Ok(field(apply, &name, "passwd", root.as_deref()).as_str() == Some(&password))
}

/// The shadow file with one password changed today (a count of days since 1970).
fn with_password(old: &str, name: &str, password: &str, today: i64) -> String {
    let mut found = false;
    let mut lines: Vec<String> = Vec::new();
    for line in old.lines() {
        let mut parts: Vec<&str> = line.trim().split(':').take(9).collect();
        if parts.first() != Some(&name) {
            lines.push(line.to_owned());
            continue;
        }
        found = true;
        parts.resize(9, "");
        let day = today.to_string();
        parts[1] = password;
        parts[2] = &day;
        lines.push(parts.join(":"));
    }
    if !found {
        lines.push(format!("{name}:{password}:{today}::::::"));
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// Removes a user's password: the user can log in without one.
///
/// CLI Example:
///
/// ```text
/// salt '*' shadow.del_password username
/// ```
#[function]
fn del_password(
    apply: &Apply<'_>,
    name: String,
    #[default(None)] root: Option<String>,
) -> Result<bool> {
    run(apply, "passwd", root.as_deref(), &["-d", &name])?;
    let now = info(apply, name.clone(), root);
    let is = |key: &str, text: &str| now.get(key).and_then(Value::as_str) == Some(text);
    Ok(is("passwd", "") && is("name", &name))
}

fn locked(cx: &Context<'_>, name: &str, root: Option<&str>) -> Option<bool> {
    let name_held = field(cx, name, "name", root);
    name_held.truthy().then(|| field(cx, name, "passwd", root).to_string().starts_with('!'))
}

/// Locks a user's password.
///
/// CLI Example:
///
/// ```text
/// salt '*' shadow.lock_password username
/// ```
#[function]
fn lock_password(
    apply: &Apply<'_>,
    name: String,
    #[default(None)] root: Option<String>,
) -> Result<bool> {
    match locked(apply, &name, root.as_deref()) {
        None => return Ok(false),
        Some(true) => return Ok(true),
        Some(false) => run(apply, "passwd", root.as_deref(), &["-l", &name])?,
    };
    Ok(locked(apply, &name, root.as_deref()) == Some(true))
}

/// Unlocks a user's password.
///
/// CLI Example:
///
/// ```text
/// salt '*' shadow.unlock_password username
/// ```
#[function]
fn unlock_password(
    apply: &Apply<'_>,
    name: String,
    #[default(None)] root: Option<String>,
) -> Result<bool> {
    match locked(apply, &name, root.as_deref()) {
        None => return Ok(false),
        Some(false) => return Ok(true),
        Some(true) => run(apply, "passwd", root.as_deref(), &["-u", &name])?,
    };
    Ok(locked(apply, &name, root.as_deref()) == Some(false))
}

/// Sets one field with `chage`; `check` says whether to read it again afterwards.
fn chage(
    apply: &Apply<'_>,
    name: &str,
    key: &str,
    value: &Value,
    flag: &str,
    root: Option<&str>,
    check: bool,
) -> Result<bool> {
    if !field(apply, name, "name", root).truthy() {
        return Ok(false);
    }
    if field(apply, name, key, root) == *value {
        return Ok(true);
    }
    let done = run(apply, "chage", root, &[flag, &value.to_string(), name])?;
    Ok(if check { field(apply, name, key, root) == *value } else { done })
}

/// Sets how many days after a password's end the account is closed.
///
/// CLI Example:
///
/// ```text
/// salt '*' shadow.set_inactdays username 7
/// ```
#[function]
fn set_inactdays(
    apply: &Apply<'_>,
    name: String,
    inactdays: i64,
    #[default(None)] root: Option<String>,
) -> Result<bool> {
    chage(apply, &name, "inact", &inactdays.into(), "-I", root.as_deref(), true)
}

/// Sets how many days a password is good for.
///
/// CLI Example:
///
/// ```text
/// salt '*' shadow.set_maxdays username 90
/// ```
#[function]
fn set_maxdays(
    apply: &Apply<'_>,
    name: String,
    maxdays: i64,
    #[default(None)] root: Option<String>,
) -> Result<bool> {
    chage(apply, &name, "max", &maxdays.into(), "-M", root.as_deref(), true)
}

/// Sets how many days must pass between two changes of a password.
///
/// CLI Example:
///
/// ```text
/// salt '*' shadow.set_mindays username 7
/// ```
#[function]
fn set_mindays(
    apply: &Apply<'_>,
    name: String,
    mindays: i64,
    #[default(None)] root: Option<String>,
) -> Result<bool> {
    chage(apply, &name, "min", &mindays.into(), "-m", root.as_deref(), true)
}

/// Sets how many days before a password's end its user is warned.
///
/// CLI Example:
///
/// ```text
/// salt '*' shadow.set_warndays username 7
/// ```
#[function]
fn set_warndays(
    apply: &Apply<'_>,
    name: String,
    warndays: i64,
    #[default(None)] root: Option<String>,
) -> Result<bool> {
    chage(apply, &name, "warn", &warndays.into(), "-W", root.as_deref(), true)
}

/// Sets the day of a password's last change, as days since 1970 or `YYYY-MM-DD`.
///
/// CLI Example:
///
/// ```text
/// salt '*' shadow.set_date username 0
/// ```
#[function]
fn set_date(
    apply: &Apply<'_>,
    name: String,
    date: Value,
    #[default(None)] root: Option<String>,
) -> Result<bool> {
    chage(apply, &name, "lstchg", &date, "-d", root.as_deref(), false)
}

/// Sets the day on which an account ends, as days since 1970 or `YYYY-MM-DD`; -1 is never.
///
/// CLI Example:
///
/// ```text
/// salt '*' shadow.set_expire username -1
/// ```
#[function]
fn set_expire(
    apply: &Apply<'_>,
    name: String,
    expire: Value,
    #[default(None)] root: Option<String>,
) -> Result<bool> {
    chage(apply, &name, "expire", &expire, "-E", root.as_deref(), false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_changes() {
        let old = "root:*:1:0:99999:7:::\na:x:2\n";
        assert_eq!(with_password(old, "a", "$6$h", 20), "root:*:1:0:99999:7:::\na:$6$h:20::::::\n");
        assert_eq!(with_password("", "b", "!", 3), "b:!:3::::::\n");
    }
}
