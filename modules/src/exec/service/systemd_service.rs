//! `service` where systemd is: through `systemctl`.

use std::path::Path;
use std::time::Duration;

use halite_core::host::{Command, Output};
use halite_core::{
    Apply, Available, Context, Error, ExecModule, Map, Result, Value, function, host,
};

/// The module.
pub static MODULE: ExecModule = ExecModule::new(
    "service",
    &[
        &GET_ALL,
        &GET_RUNNING,
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
        &MASK,
        &UNMASK,
        &MASKED,
        &SHOW,
        &SYSTEMCTL_RELOAD,
        &OFFLINE,
    ],
)
.available(usable);

/// How long one systemctl call may take; starting a service may wait for it.
const WAIT: Duration = Duration::from_secs(600);
/// Unit kinds; a name without one of them is a service.
const UNIT_KINDS: &[&str] = &[
    "service",
    "socket",
    "device",
    "mount",
    "automount",
    "swap",
    "target",
    "path",
    "timer",
    "snapshot",
    "slice",
    "scope",
];

fn usable(grains: &Map, host: &dyn host::Read) -> Available {
    let linux = grains.get("kernel").and_then(Value::as_str) == Some("Linux");
    match host.which("systemctl") {
        Some(_) if linux => Available::Yes,
        _ => Available::No("it is for Linux with systemctl".into()),
    }
}

fn booted(host: &dyn host::Read) -> bool {
    host.exists(Path::new("/run/systemd/system"))
}

/// The unit's full name.
fn unit(name: &str) -> String {
    let kind = name.rsplit_once('.').map(|(_, kind)| kind);
    match kind.filter(|kind| UNIT_KINDS.contains(kind)) {
        Some(_) => name.to_owned(),
        None => format!("{name}.service"),
    }
}

fn command(words: &[&str]) -> Command {
    let mut command = Command::new(std::iter::once("systemctl").chain(words.iter().copied()));
    command.timeout = Some(WAIT);
    command.c_locale()
}

fn ask(cx: &Context<'_>, words: &[&str]) -> Result<Output> {
    cx.host.query(&command(words))
}

/// Runs systemctl on a unit; a failure carries what it said.
fn act(apply: &Apply<'_>, words: &[&str], name: &str) -> Result<bool> {
    let unit = unit(name);
    let mut all = words.to_vec();
    all.push(&unit);
    let out = apply.host.run(&command(&all))?;
    if out.success() {
        return Ok(true);
    }
    let text = out.stderr_text();
    let text = text.lines().filter(|line| !line.starts_with("Running scope as unit"));
    Err(Error::execution(text.collect::<Vec<_>>().join("\n").trim().to_owned()))
}

/// Unit files with their state, by short name.
fn unit_files(cx: &Context<'_>) -> Result<Vec<(String, String)>> {
    let out = ask(cx, &["--full", "--no-legend", "--no-pager", "list-unit-files"])?.stdout_text();
    let rows = out.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let (name, state) = (words.next()?, words.next()?);
        let short = name.strip_suffix(".service").unwrap_or(name);
        let kind = short.rsplit_once('.').map(|(_, kind)| kind);
        let known = short != name || kind.is_some_and(|kind| UNIT_KINDS.contains(&kind));
        known.then(|| (short.to_owned(), state.to_owned()))
    });
    let mut rows: Vec<_> = rows.collect();
    rows.sort();
    Ok(rows)
}

fn in_state(cx: &Context<'_>, wanted: impl Fn(&str) -> bool) -> Result<Vec<String>> {
    let files = unit_files(cx)?.into_iter();
    Ok(files.filter(|(_, state)| wanted(state)).map(|(name, _)| name).collect())
}

/// Lists all services.
///
/// CLI Example:
///
/// ```text
/// salt '*' service.get_all
/// ```
#[function]
fn get_all(cx: &Context<'_>) -> Result<Vec<String>> {
    in_state(cx, |_| true)
}

/// Lists the services that run.
///
/// CLI Example:
///
/// ```text
/// salt '*' service.get_running
/// ```
#[function]
fn get_running(cx: &Context<'_>) -> Result<Vec<String>> {
    let out = ask(cx, &["--full", "--no-legend", "--no-pager", "list-units", "--state=active"])?;
    let text = out.stdout_text();
    let names =
        text.lines().filter_map(|line| line.trim_start_matches(['●', ' ']).split(' ').next());
    let names = names.filter_map(|name| name.strip_suffix(".service")).map(str::to_owned);
    let mut names: Vec<String> = names.collect();
    names.sort();
    Ok(names)
}

/// Lists the services that start at boot.
///
/// CLI Example:
///
/// ```text
/// salt '*' service.get_enabled
/// ```
#[function]
fn get_enabled(cx: &Context<'_>) -> Result<Vec<String>> {
    in_state(cx, |state| state == "enabled")
}

/// Lists the services that do not start at boot.
///
/// CLI Example:
///
/// ```text
/// salt '*' service.get_disabled
/// ```
#[function]
fn get_disabled(cx: &Context<'_>) -> Result<Vec<String>> {
    in_state(cx, |state| matches!(state, "disabled" | "indirect" | "masked"))
}

/// Whether there is such a service.
///
/// CLI Example:
///
/// ```text
/// salt '*' service.available sshd
/// ```
#[function]
fn available(cx: &Context<'_>, name: String) -> Result<bool> {
    if !booted(cx.host) {
        let what =
            format!("Cannot run in offline mode. Failed to get information on unit '{name}'");
        return Err(Error::execution(what));
    }
    let code = ask(cx, &["status", &unit(&name), "-n", "0"])?.retcode;
    Ok((0..4).contains(&code))
}

/// Whether there is no such service.
///
/// CLI Example:
///
/// ```text
/// salt '*' service.missing sshd
/// ```
#[function]
fn missing(cx: &Context<'_>, name: String) -> Result<bool> {
    Ok(!available(cx, name)?)
}

/// Whether a service runs; for a glob, a map of all that match.
///
/// CLI Example:
///
/// ```text
/// salt '*' service.status sshd
/// ```
#[function]
fn status(
    cx: &Context<'_>,
    name: String,
    /// Taken for the sake of other providers.
    #[default(None)]
    _sig: Option<Value>,
) -> Result<Value> {
    let active = |name: &str| Ok::<bool, Error>(ask(cx, &["is-active", &unit(name)])?.success());
    if !halite_core::glob::is_glob(&name) {
        return Ok(active(&name)?.into());
    }
    let mut found = Map::new();
    for service in get_all(cx)?.into_iter().filter(|s| halite_core::glob::fnmatch(s, &name)) {
        let running = active(&service)?;
        found.insert(service.into(), running.into());
    }
    Ok(found.into())
}

/// Starts a service.
///
/// CLI Example:
///
/// ```text
/// salt '*' service.start sshd
/// ```
#[function]
fn start(
    apply: &Apply<'_>,
    name: String,
    /// Do not wait until it is up.
    #[default(false)]
    no_block: bool,
    /// Take off a mask first.
    #[default(false)]
    unmask: bool,
) -> Result<bool> {
    if unmask {
        act(apply, &["unmask"], &name)?;
    }
    act(apply, &with_block("start", no_block), &name)
}

fn with_block(action: &str, no_block: bool) -> Vec<&str> {
    if no_block { vec!["--no-block", action] } else { vec![action] }
}

/// Stops a service.
///
/// CLI Example:
///
/// ```text
/// salt '*' service.stop sshd
/// ```
#[function]
fn stop(apply: &Apply<'_>, name: String, #[default(false)] no_block: bool) -> Result<bool> {
    act(apply, &with_block("stop", no_block), &name)
}

/// Restarts a service.
///
/// CLI Example:
///
/// ```text
/// salt '*' service.restart sshd
/// ```
#[function]
fn restart(apply: &Apply<'_>, name: String, #[default(false)] no_block: bool) -> Result<bool> {
    act(apply, &with_block("restart", no_block), &name)
}

/// Has a service read its configuration again.
///
/// CLI Example:
///
/// ```text
/// salt '*' service.reload sshd
/// ```
#[function]
fn reload(apply: &Apply<'_>, name: String, #[default(false)] no_block: bool) -> Result<bool> {
    act(apply, &with_block("reload", no_block), &name)
}

/// Has a service read its configuration again, or restarts it if it cannot.
///
/// CLI Example:
///
/// ```text
/// salt '*' service.force_reload sshd
/// ```
#[function]
fn force_reload(apply: &Apply<'_>, name: String, #[default(false)] no_block: bool) -> Result<bool> {
    act(apply, &with_block("force-reload", no_block), &name)
}

/// Has a service start at boot.
///
/// CLI Example:
///
/// ```text
/// salt '*' service.enable sshd
/// ```
#[function]
fn enable(apply: &Apply<'_>, name: String, #[kwargs] _rest: Map) -> Result<bool> {
    act(apply, &["enable"], &name)
}

/// Has a service not start at boot.
///
/// CLI Example:
///
/// ```text
/// salt '*' service.disable sshd
/// ```
#[function]
fn disable(apply: &Apply<'_>, name: String, #[kwargs] _rest: Map) -> Result<bool> {
    act(apply, &["disable"], &name)
}

/// Whether a service starts at boot.
///
/// CLI Example:
///
/// ```text
/// salt '*' service.enabled sshd
/// ```
#[function]
fn enabled(cx: &Context<'_>, name: String, #[kwargs] _rest: Map) -> Result<bool> {
    let out = ask(cx, &["is-enabled", &unit(&name)])?;
    match out.stdout_text().trim() {
        "alias" => {
            let target = ask(cx, &["show", &unit(&name), "-P", "Id"])?.stdout_text();
            Ok(ask(cx, &["is-enabled", target.trim()])?.success())
        }
        _ => Ok(out.success()),
    }
}

/// Whether a service does not start at boot.
///
/// CLI Example:
///
/// ```text
/// salt '*' service.disabled sshd
/// ```
#[function]
fn disabled(cx: &Context<'_>, name: String) -> Result<bool> {
    Ok(!enabled(cx, name, Map::new())?)
}

/// Masks a unit: it cannot be started at all.
///
/// CLI Example:
///
/// ```text
/// salt '*' service.mask foo.service
/// ```
#[function]
fn mask(
    apply: &Apply<'_>,
    name: String,
    /// Only until the next boot.
    #[default(false)]
    runtime: bool,
) -> Result<bool> {
    act(apply, if runtime { &["mask", "--runtime"] } else { &["mask"] }, &name)
}

/// Takes the mask off a unit.
///
/// CLI Example:
///
/// ```text
/// salt '*' service.unmask foo.service
/// ```
#[function]
fn unmask(apply: &Apply<'_>, name: String, #[default(false)] runtime: bool) -> Result<bool> {
    act(apply, if runtime { &["unmask", "--runtime"] } else { &["unmask"] }, &name)
}

/// Whether a unit is masked.
///
/// CLI Example:
///
/// ```text
/// salt '*' service.masked foo
/// ```
#[function]
fn masked(cx: &Context<'_>, name: String, #[default(false)] runtime: bool) -> Result<bool> {
    let folder = if runtime { "/run/systemd/system" } else { "/etc/systemd/system" };
    let link = Path::new(folder).join(unit(&name));
    Ok(cx.host.read_link(&link).is_ok_and(|target| target == Path::new("/dev/null")))
}

/// Gives the properties of a unit.
///
/// CLI Example:
///
/// ```text
/// salt '*' service.show sshd
/// ```
#[function]
fn show(cx: &Context<'_>, name: String) -> Result<Map> {
    let text = ask(cx, &["show", &unit(&name)])?.stdout_text();
    let pairs = text.lines().filter_map(|line| line.split_once('='));
    Ok(pairs
        .map(|(key, value)| {
            let value = match value.strip_prefix("{ ").and_then(|rest| rest.strip_suffix(" }")) {
                Some(inner) => Value::from(braces(inner)),
                None => value.into(),
            };
            (key.into(), value)
        })
        .collect())
}

/// `a=1 ; b=2` as a map.
fn braces(text: &str) -> Map {
    let parts = text.split(" ; ").filter_map(|part| part.split_once('='));
    parts.map(|(key, value)| (key.into(), value.into())).collect()
}

/// Has systemd read its unit files again.
///
/// CLI Example:
///
/// ```text
/// salt '*' service.systemctl_reload
/// ```
#[function]
fn systemctl_reload(apply: &Apply<'_>) -> Result<bool> {
    let out = apply.host.run(&command(&["daemon-reload"]))?;
    match out.success() {
        true => Ok(true),
        false => {
            let why = out.stderr_text();
            let what = format!("Problem performing systemctl daemon-reload: {}", why.trim());
            Err(Error::execution(what))
        }
    }
}

/// Whether systemd is installed but does not run here (a container, an image being made).
///
/// CLI Example:
///
/// ```text
/// salt '*' service.offline
/// ```
#[function]
fn offline(cx: &Context<'_>) -> bool {
    !booted(cx.host)
}

#[cfg(test)]
mod tests {
    use super::*;
    use halite_core::map;

    #[test]
    fn names_without_a_kind_are_services() {
        assert_eq!(unit("sshd"), "sshd.service");
        assert_eq!(unit("foo.bar"), "foo.bar.service");
        assert_eq!(unit("x.timer"), "x.timer");
        assert_eq!(
            braces("path=/bin/x ; argv[]=x y"),
            map! {"path" => "/bin/x", "argv[]" => "x y"}
        );
    }
}
