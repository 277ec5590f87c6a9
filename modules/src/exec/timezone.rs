//! `timezone`: the time zone of the system. Salt: `salt/modules/timezone.py` behaviour, for Linux.

use std::path::Path;

use halite_core::host::{Command, Read};
use halite_core::{Apply, Context, Error, ExecModule, Result, Value, args, function};

/// The module.
pub static MODULE: ExecModule = ExecModule::new(
    "timezone",
    &[&GET_ZONE, &GET_ZONECODE, &GET_OFFSET, &SET_ZONE, &ZONE_COMPARE, &GET_HWCLOCK, &SET_HWCLOCK],
);

const LOCALTIME: &str = "/etc/localtime";
const ZONES: &str = "/usr/share/zoneinfo/";

/// What `timedatectl` says; `None` if it is not there.
fn timedatectl(host: &dyn Read) -> Result<Option<String>> {
    if host.which("timedatectl").is_none() {
        return Ok(None);
    }
    let output = host.query(&Command::new(["timedatectl"]).c_locale())?;
    match output.success() {
        true => Ok(Some(output.stdout_text())),
        false => {
            let why = output.stderr_text();
            Err(Error::execution(format!("timedatectl failed: {}", why.trim_end())))
        }
    }
}

fn unread(text: &str) -> Error {
    let text = text.trim_end();
    Error::execution(format!(
        "Failed to parse timedatectl output: {text}\nPlease file an issue with SaltStack"
    ))
}

fn family<'c>(cx: &'c Context<'_>) -> &'c str {
    cx.grains.get("os_family").and_then(Value::as_str).unwrap_or_default()
}

fn lines(host: &dyn Read, path: &str) -> Option<String> {
    host.read(Path::new(path)).ok().map(|text| String::from_utf8_lossy(&text).into_owned())
}

fn zone(cx: &Context<'_>) -> Result<String> {
    if let Some(text) = timedatectl(cx.host)? {
        let found = text.lines().map(str::trim).find_map(|line| {
            let rest =
                line.strip_prefix("Time zone:").or_else(|| line.strip_prefix("Timezone:"))?;
            rest.split_whitespace().next()
        });
        return found.map(str::to_owned).ok_or_else(|| unread(&text));
    }
    match family(cx) {
        "Debian" | "Gentoo" => match lines(cx.host, "/etc/timezone") {
            Some(text) => Ok(text.trim().to_owned()),
            None => Err(Error::execution(
                "Problem reading timezone file /etc/timezone: No such file or directory",
            )),
        },
        "RedHat" | "Suse" | "Slackware" => {
            let target = cx.host.read_link(Path::new(LOCALTIME)).ok();
            let target = target.map(|target| target.display().to_string());
            let name = target.as_deref().and_then(|target| target.split_once("zoneinfo/"));
            let unknown = || Error::execution("Unable to determine timezone");
            name.map(|(_, name)| name.to_owned()).ok_or_else(unknown)
        }
        _ => Err(Error::execution("Unable to get timezone")),
    }
}

/// Gives the name of the time zone.
///
/// CLI Example:
///
/// ```text
/// salt '*' timezone.get_zone
/// ```
#[function]
fn get_zone(cx: &Context<'_>) -> Result<String> {
    zone(cx)
}

fn date(cx: &Context<'_>, format: &str) -> Result<String> {
    let output = cx.host.query(&Command::new(["date", format]))?;
    Ok(output.stdout_text().trim_end().to_owned())
}

/// Gives the short name of the time zone, such as `CET`.
///
/// CLI Example:
///
/// ```text
/// salt '*' timezone.get_zonecode
/// ```
#[function]
fn get_zonecode(cx: &Context<'_>) -> Result<String> {
    date(cx, "+%Z")
}

/// Gives the distance from UTC, such as `+0100`.
///
/// CLI Example:
///
/// ```text
/// salt '*' timezone.get_offset
/// ```
#[function]
fn get_offset(cx: &Context<'_>) -> Result<String> {
    date(cx, "+%z")
}

/// Whether the system has this time zone.
///
/// CLI Example:
///
/// ```text
/// salt '*' timezone.zone_compare 'America/Denver'
/// ```
#[function]
fn zone_compare(cx: &Context<'_>, timezone: String) -> Result<bool> {
    if let Ok(zone) = zone(cx) {
        return Ok(zone == timezone);
    }
    let Ok(own) = cx.host.read(Path::new(LOCALTIME)) else {
        return Err(Error::execution(format!(
            "Failed to read {LOCALTIME} to determine current timezone: No such file or directory"
        )));
    };
    match cx.host.read(Path::new(&format!("{ZONES}{timezone}"))) {
        Ok(wanted) => Ok(own == wanted),
        Err(_) => {
            let what = format!("Can't find a local timezone \"{timezone}\"");
            Err(Error::usage("timezone.zone_compare", what))
        }
    }
}

/// Sets the time zone. Gives a text if there is no such zone.
///
/// CLI Example:
///
/// ```text
/// salt '*' timezone.set_zone 'America/Denver'
/// ```
#[function]
fn set_zone(apply: &Apply<'_>, timezone: String) -> Result<Value> {
    if apply.cx.host.which("timedatectl").is_some() {
        apply.host.run(&Command::new(["timedatectl", "set-timezone", timezone.as_str()]))?;
    }
    let file = format!("{ZONES}{timezone}");
    if timezone.split('/').any(|part| part == "..") || !apply.cx.host.exists(Path::new(&file)) {
        return Ok(format!("Zone does not exist: {file}").into());
    }
    let link = Path::new(LOCALTIME);
    if apply.cx.host.symlink_metadata(link)?.is_some() {
        apply.host.remove_file(link)?;
    }
    apply.host.symlink(Path::new(&file), link)?;
    match family(apply.cx) {
        "RedHat" => sed(apply, "/etc/sysconfig/clock", "^ZONE=.*", format!("ZONE=\"{timezone}\""))?,
        "Suse" => {
            sed(apply, "/etc/sysconfig/clock", "^TIMEZONE=.*", format!("TIMEZONE=\"{timezone}\""))?;
        }
        "Debian" | "Gentoo" => {
            let text = format!("{}\n", timezone.trim());
            apply.host.write_atomic(Path::new("/etc/timezone"), text.as_bytes(), Some(0o644))?;
        }
        _ => {}
    }
    Ok(true.into())
}

fn sed(apply: &Apply<'_>, file: &str, before: &str, after: String) -> Result<()> {
    if apply.cx.host.exists(Path::new(file)) {
        apply.call_value("file.sed", args![file, before, after])?;
    }
    Ok(())
}

/// Gives whether the hardware clock runs by `UTC` or `localtime`.
///
/// CLI Example:
///
/// ```text
/// salt '*' timezone.get_hwclock
/// ```
#[function]
fn get_hwclock(cx: &Context<'_>) -> Result<String> {
    if let Some(text) = timedatectl(cx.host)? {
        let line = text.lines().find(|line| line.to_lowercase().contains("rtc in local tz"));
        let Some(line) = line else { return Err(unread(&text)) };
        let local =
            line.rsplit(':').next().is_some_and(|word| word.trim().eq_ignore_ascii_case("yes"));
        return Ok(if local { "localtime" } else { "UTC" }.into());
    }
    if family(cx) == "Debian"
        && let Some(text) = lines(cx.host, "/etc/default/rcS")
        && let Some(line) =
            text.lines().find(|l| !l.trim_start().starts_with('#') && l.contains("UTC="))
    {
        let utc = line.rsplit('=').next().is_some_and(|word| word.eq_ignore_ascii_case("yes"));
        return Ok(if utc { "UTC" } else { "localtime" }.into());
    }
    let Some(text) = lines(cx.host, "/etc/adjtime") else {
        return Err(Error::execution(
            "Problem reading hwclock file /etc/adjtime: No such file or directory",
        ));
    };
    let set = text.lines().map(str::trim).find(|line| ["UTC", "LOCAL"].contains(line));
    match set {
        Some("UTC") => Ok("UTC".into()),
        Some(_) => Ok("LOCAL".into()),
        None => Err(Error::execution("Failed to get timezone from /etc/adjtime")),
    }
}

/// Sets whether the hardware clock runs by `UTC` or `localtime`.
///
/// CLI Example:
///
/// ```text
/// salt '*' timezone.set_hwclock UTC
/// ```
#[function]
fn set_hwclock(apply: &Apply<'_>, clock: String) -> Result<bool> {
    if apply.cx.host.which("timedatectl").is_some() {
        let local = if clock == "localtime" { "true" } else { "false" };
        return Ok(apply
            .host
            .run(&Command::new(["timedatectl", "set-local-rtc", local]))?
            .success());
    }
    if family(apply.cx) == "Debian" {
        let word = if clock == "UTC" { "UTC=yes" } else { "UTC=no" };
        sed(apply, "/etc/default/rcS", "^UTC=.*", word.into())?;
    }
    Ok(true)
}
