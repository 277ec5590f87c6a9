//! `service` on Debian where systemd does not run (containers, images being made): through `service`,
//! `update-rc.d` and the links below `/etc/rc?.d`. Salt: `salt/modules/debian_service.py` behaviour.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use halite_core::host::Command;
use halite_core::{
    Apply, Available, Context, ExecModule, Map, Result, Value, args, function, host,
};

/// The module. What is not in it (`service.offline`, `service.masked`) is taken from `systemd_service`.
pub static MODULE: ExecModule = ExecModule::new(
    "service",
    &[
        &GET_ALL,
        &GET_ENABLED,
        &GET_DISABLED,
        &AVAILABLE,
        &MISSING,
        &STATUS,
        &START,
        &STOP,
        &RESTART,
        &RELOAD,
        &FORCE_RELOAD,
        &ENABLE,
        &DISABLE,
        &ENABLED,
        &DISABLED,
    ],
)
.available(usable);

/// How long a service's script may take.
const WAIT: Duration = Duration::from_secs(600);
/// What `runlevel` is where it cannot be told: Debian's default.
const USUAL_LEVEL: &str = "2";

fn usable(grains: &Map, host: &dyn host::Read) -> Available {
    let os = grains.get("os").and_then(Value::as_str).unwrap_or_default();
    let debian = matches!(os, "Debian" | "Raspbian" | "Devuan" | "NILinuxRT");
    match debian && !host.exists(Path::new("/run/systemd/system")) {
        true => Available::Yes,
        false => Available::No("it is for Debian where systemd does not run".into()),
    }
}

fn command(words: &[&str]) -> Command {
    Command { timeout: Some(WAIT), ..Command::new(words.iter().copied()) }
}

/// Runs a command; whether it ended well. One that is not there did not.
fn act(apply: &Apply<'_>, words: &[&str]) -> Result<bool> {
    match apply.cx.host.which(words[0]) {
        Some(_) => Ok(apply.host.run(&command(words))?.success()),
        None => Ok(false),
    }
}

fn runlevel(host: &dyn host::Read) -> String {
    let said = match host.which("runlevel") {
        Some(_) => host.query(&command(&["runlevel"])).map(|out| out.stdout_text()),
        None => return USUAL_LEVEL.into(),
    };
    let level = said.ok().and_then(|text| text.split_whitespace().nth(1).map(str::to_owned));
    level.filter(|level| level.len() == 1).unwrap_or_else(|| USUAL_LEVEL.into())
}

/// The service that a link such as `S01cron` starts.
fn started_by(link: &str) -> Option<&str> {
    let name = link.strip_prefix('S')?;
    let last = name.rfind(|c: char| c.is_ascii_digit()).map_or(0, |at| at + 1);
    Some(&name[last..])
}

fn at_boot(host: &dyn host::Read) -> BTreeSet<String> {
    let folders = ["/etc/rcS.d".to_owned(), format!("/etc/rc{}.d", runlevel(host))];
    let links =
        folders.iter().flat_map(|folder| host.read_dir(Path::new(folder)).unwrap_or_default());
    links.filter_map(|link| started_by(&link).map(str::to_owned)).collect()
}

fn all(host: &dyn host::Read) -> BTreeSet<String> {
    let scripts = host.read_dir(Path::new("/etc/init.d")).unwrap_or_default().into_iter();
    let scripts = scripts.filter(|name| name != "README" && !name.starts_with('.'));
    scripts.chain(at_boot(host)).collect()
}

/// Lists all services.
///
/// CLI Example:
///
/// ```text
/// salt '*' service.get_all
/// ```
#[function]
fn get_all(cx: &Context<'_>) -> Vec<String> {
    all(cx.host).into_iter().collect()
}

/// Lists the services that start at boot.
///
/// CLI Example:
///
/// ```text
/// salt '*' service.get_enabled
/// ```
#[function]
fn get_enabled(cx: &Context<'_>) -> Vec<String> {
    at_boot(cx.host).into_iter().collect()
}

/// Lists the services that do not start at boot.
///
/// CLI Example:
///
/// ```text
/// salt '*' service.get_disabled
/// ```
#[function]
fn get_disabled(cx: &Context<'_>) -> Vec<String> {
    let enabled = at_boot(cx.host);
    all(cx.host).into_iter().filter(|name| !enabled.contains(name)).collect()
}

/// Whether there is such a service.
///
/// CLI Example:
///
/// ```text
/// salt '*' service.available sshd
/// ```
#[function]
fn available(cx: &Context<'_>, name: String) -> bool {
    all(cx.host).contains(&name)
}

/// Whether there is no such service.
///
/// CLI Example:
///
/// ```text
/// salt '*' service.missing sshd
/// ```
#[function]
fn missing(cx: &Context<'_>, name: String) -> bool {
    !all(cx.host).contains(&name)
}

/// Whether a service runs; for a glob, a map of all that match.
///
/// CLI Example:
///
/// ```text
/// salt '*' service.status cron
/// ```
#[function]
fn status(
    cx: &Context<'_>,
    name: String,
    /// What to look for in the process list instead.
    #[default(None)]
    sig: Option<String>,
) -> Result<Value> {
    if let Some(sig) = sig.filter(|sig| !sig.is_empty()) {
        return Ok(cx.call::<Value>("status.pid", args![sig])?.truthy().into());
    }
    let up = |name: &str| match cx.host.which("service") {
        Some(_) => Ok(cx.host.query(&command(&["service", name, "status"]))?.success()),
        None => Ok(false),
    };
    if !halite_core::glob::is_glob(&name) {
        return up(&name).map(Value::from);
    }
    let matching = all(cx.host).into_iter().filter(|one| halite_core::glob::fnmatch(one, &name));
    matching
        .map(|one| Ok((Value::from(one.as_str()), up(&one)?.into())))
        .collect::<Result<Map>>()
        .map(Value::from)
}

/// Starts a service.
///
/// CLI Example:
///
/// ```text
/// salt '*' service.start cron
/// ```
#[function]
fn start(apply: &Apply<'_>, name: String) -> Result<bool> {
    act(apply, &["service", &name, "start"])
}

/// Stops a service.
///
/// CLI Example:
///
/// ```text
/// salt '*' service.stop cron
/// ```
#[function]
fn stop(apply: &Apply<'_>, name: String) -> Result<bool> {
    act(apply, &["service", &name, "stop"])
}

/// Restarts a service.
///
/// CLI Example:
///
/// ```text
/// salt '*' service.restart cron
/// ```
#[function]
fn restart(apply: &Apply<'_>, name: String) -> Result<bool> {
    act(apply, &["service", &name, "restart"])
}

/// Has a service read its configuration again.
///
/// CLI Example:
///
/// ```text
/// salt '*' service.reload cron
/// ```
#[function]
fn reload(apply: &Apply<'_>, name: String) -> Result<bool> {
    act(apply, &["service", &name, "reload"])
}

/// Has a service read its configuration again, or restarts it if it cannot.
///
/// CLI Example:
///
/// ```text
/// salt '*' service.force_reload cron
/// ```
#[function]
fn force_reload(apply: &Apply<'_>, name: String) -> Result<bool> {
    act(apply, &["service", &name, "force-reload"])
}

/// Has a service start at boot.
///
/// CLI Example:
///
/// ```text
/// salt '*' service.enable cron
/// ```
#[function]
fn enable(apply: &Apply<'_>, name: String, #[kwargs] _rest: Map) -> Result<bool> {
    Ok(act(apply, &["insserv", &name])? && act(apply, &["update-rc.d", &name, "enable"])?)
}

/// Has a service not start at boot.
///
/// CLI Example:
///
/// ```text
/// salt '*' service.disable cron
/// ```
#[function]
fn disable(apply: &Apply<'_>, name: String, #[kwargs] _rest: Map) -> Result<bool> {
    act(apply, &["update-rc.d", &name, "disable"])
}

/// Whether a service starts at boot.
///
/// CLI Example:
///
/// ```text
/// salt '*' service.enabled cron
/// ```
#[function]
fn enabled(cx: &Context<'_>, name: String, #[kwargs] _rest: Map) -> bool {
    at_boot(cx.host).contains(&name)
}

/// Whether a service does not start at boot.
///
/// CLI Example:
///
/// ```text
/// salt '*' service.disabled cron
/// ```
#[function]
fn disabled(cx: &Context<'_>, name: String) -> bool {
    all(cx.host).contains(&name) && !at_boot(cx.host).contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_names_the_service_that_it_starts() {
        let links = [
            ("S01cron", Some("cron")),
            ("S20-x11", Some("")),
            ("K01cron", None),
            ("Sx", Some("x")),
        ];
        for (link, service) in links {
            assert_eq!(started_by(link), service, "{link}");
        }
    }
}
