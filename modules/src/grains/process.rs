//! This process: who runs it, where, with which search path and locale.

use std::path::Path;

use halite_core::{Map, Value, map};

use crate::gather::{GrainModule, Look};

/// The family.
pub static MODULE: GrainModule = GrainModule { name: "process", collect };

fn collect(look: &Look<'_>) -> Map {
    let status = look.text("/proc/self/status").unwrap_or_default();
    let id = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        // Real, effective, saved, file system: Salt shows the effective one.
        line.and_then(|rest| rest.split_whitespace().nth(1)?.parse::<u32>().ok()).unwrap_or(0)
    };
    let (uid, gid) = (id("Uid"), id("Gid"));
    let user = look.host.user_of(uid).ok().flatten();
    let group = user.as_ref().and_then(|user| look.host.group_of(user.gid).ok().flatten());
    let cwd = look.host.read_link(Path::new("/proc/self/cwd")).unwrap_or_default();
    let path = look.host.env("PATH").unwrap_or_default().trim().to_owned();
    map! {
        "uid" => uid,
        "gid" => gid,
        "username" => user.map(|user| user.name).unwrap_or_default(),
        "groupname" => group.map(|group| group.name).unwrap_or_default(),
        "pid" => std::process::id(),
        "cwd" => cwd,
        "shell" => look.host.env("SHELL").unwrap_or_else(|| "/bin/sh".into()),
        "systempath" => path.split(':').collect::<Vec<_>>(),
        "path" => path,
        "ps" => "ps -efHww",
        "locale_info" => locale(look),
    }
}

/// Language, encoding and time zone. Python: `locale.getlocale()`.
fn locale(look: &Look<'_>) -> Map {
    let set = ["LC_ALL", "LC_CTYPE", "LANG"];
    let set = set.iter().find_map(|name| look.host.env(name).filter(|value| !value.is_empty()));
    let set = set.unwrap_or_else(|| "C".into());
    let (language, encoding) = set.split_once('.').unwrap_or((&set, ""));
    let utf8 = encoding.to_ascii_lowercase().replace('-', "") == "utf8";
    // Python calls the C locale with UTF-8 American, and the bare C locale nothing.
    let (language, encoding) = match (language, utf8) {
        ("C" | "POSIX", true) => (Value::str("en_US"), Value::str("UTF-8")),
        // PEP 538: Python changes the bare C locale to C.UTF-8.
        ("C" | "POSIX", false) => (Value::str("en_US"), Value::str("UTF-8")),
        (language, true) => (Value::str(language), Value::str("UTF-8")),
        (language, false) if encoding.is_empty() => (Value::str(language), Value::str("ISO8859-1")),
        (language, false) => (Value::str(language), Value::str(encoding)),
    };
    let now = jiff::Timestamp::from_microsecond(look.host.now_micros()).unwrap_or_default();
    let zone = match look.host.env("TZ").filter(|name| !name.is_empty()) {
        Some(name) => jiff::tz::TimeZone::get(&name).unwrap_or(jiff::tz::TimeZone::UTC),
        None => jiff::tz::TimeZone::system(),
    };
    map! {
        "defaultlanguage" => language,
        "defaultencoding" => encoding,
        "detectedencoding" => "utf-8",
        "timezone" => zone.to_offset_info(now).abbreviation().to_string(),
    }
}
