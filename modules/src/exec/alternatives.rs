//! `alternatives`: which of several programs a name in `/etc/alternatives` stands for. Salt: `salt/modules/alternatives.py`.

use std::path::Path;

use halite_core::host::Command;
use halite_core::{Apply, Available, Context, ExecModule, Result, Value, function};

use crate::support::programs::{Said, ask, tell};

/// The module.
pub static MODULE: ExecModule = ExecModule::new(
    "alternatives",
    &[
        &DISPLAY,
        &SHOW_LINK,
        &SHOW_CURRENT,
        &CHECK_EXISTS,
        &CHECK_INSTALLED,
        &INSTALL,
        &REMOVE,
        &AUTO,
        &SET,
    ],
)
.available(|_, host| match host.exists(Path::new("/etc/alternatives")) {
    true => Available::Yes,
    false => {
        Available::No("Cannot load alternatives module: /etc/alternatives dir not found".into())
    }
});

fn family<'c>(cx: &'c Context<'_>) -> &'c str {
    cx.grains.get("os_family").and_then(Value::as_str).unwrap_or_default()
}

fn command(cx: &Context<'_>, words: &[&str]) -> Command {
    let program = if family(cx) == "RedHat" { "alternatives" } else { "update-alternatives" };
    Command::new(std::iter::once(program).chain(words.iter().copied()))
}

fn shown(cx: &Context<'_>, name: &str) -> Result<Said> {
    ask(cx.host, command(cx, &["--display", name]))
}

/// Tells what is known about an alternative.
///
/// CLI Example:
///
/// ```text
/// salt '*' alternatives.display editor
/// ```
#[function]
fn display(cx: &Context<'_>, name: String) -> Result<String> {
    let said = shown(cx, &name)?;
    let complaint = !said.success() && !said.stderr.is_empty();
    Ok(if complaint { said.stderr } else { said.stdout })
}

/// The second line of a file that describes an alternative.
fn link_in(cx: &Context<'_>, folder: &str, name: &str) -> Value {
    let Ok(text) = cx.host.read(&Path::new(folder).join(name)) else { return false.into() };
    let text = String::from_utf8_lossy(&text).into_owned();
    text.lines().nth(1).map_or(Value::Bool(false), Value::from)
}

/// Gives the link of an alternative; false if there is none.
///
/// CLI Example:
///
/// ```text
/// salt '*' alternatives.show_link editor
/// ```
#[function]
fn show_link(cx: &Context<'_>, name: String) -> Result<Value> {
    match family(cx) {
        "RedHat" => return Ok(link_in(cx, "/var/lib/alternatives", &name)),
        "Suse" => return Ok(link_in(cx, "/var/lib/rpm/alternatives", &name)),
        _ => {}
    }
    let said = ask(cx.host, command(cx, &["--query", &name]))?;
    if !said.success() && !said.stderr.is_empty() {
        return Ok(false.into());
    }
    let first = said.stdout.split("\n\n").next().unwrap_or_default();
    let link = first.lines().find_map(|line| line.strip_prefix("Link:"));
    Ok(link.map_or(Value::Bool(false), |link| link.trim().into()))
}

fn current(cx: &Context<'_>, name: &str) -> Option<String> {
    let link = cx.host.read_link(&Path::new("/etc/alternatives").join(name)).ok()?;
    Some(link.display().to_string())
}

/// Gives the path that an alternative leads to now; false if there is none.
///
/// CLI Example:
///
/// ```text
/// salt '*' alternatives.show_current editor
/// ```
#[function]
fn show_current(cx: &Context<'_>, name: String) -> Result<Value> {
    Ok(current(cx, &name).map_or(Value::Bool(false), Value::from))
}

/// Whether a path is one of the choices of an alternative.
///
/// CLI Example:
///
/// ```text
/// salt '*' alternatives.check_exists editor /usr/bin/nano
/// ```
#[function]
fn check_exists(cx: &Context<'_>, name: String, path: String) -> Result<bool> {
    let said = shown(cx, &name)?;
    let complaint = !said.success() && !said.stderr.is_empty();
    Ok(!complaint && said.stdout.lines().any(|line| line.starts_with(&path)))
}

/// Whether an alternative leads to a path now.
///
/// CLI Example:
///
/// ```text
/// salt '*' alternatives.check_installed editor /usr/bin/nano
/// ```
#[function]
fn check_installed(cx: &Context<'_>, name: String, path: String) -> Result<bool> {
    Ok(current(cx, &name) == Some(path))
}

/// Adds a choice to an alternative.
///
/// CLI Example:
///
/// ```text
/// salt '*' alternatives.install editor /usr/bin/editor /usr/bin/nano 50
/// ```
#[function]
fn install(
    apply: &Apply<'_>,
    name: String,
    link: String,
    path: String,
    priority: Value,
) -> Result<String> {
    let priority = priority.to_string();
    let words = ["--install", &link, &name, &path, &priority];
    let said = tell(apply, command(apply, &words))?;
    let complaint = !said.success() && !said.stderr.is_empty();
    Ok(if complaint { said.stderr } else { said.stdout })
}

fn change(apply: &Apply<'_>, words: &[&str]) -> Result<String> {
    let said = tell(apply, command(apply, words))?;
    Ok(if said.retcode > 0 { said.stderr } else { said.stdout })
}

/// Takes a choice from an alternative.
///
/// CLI Example:
///
/// ```text
/// salt '*' alternatives.remove editor /usr/bin/nano
/// ```
#[function]
fn remove(apply: &Apply<'_>, name: String, path: String) -> Result<String> {
    change(apply, &["--remove", &name, &path])
}

/// Lets the priorities decide.
///
/// CLI Example:
///
/// ```text
/// salt '*' alternatives.auto editor
/// ```
#[function]
fn auto(apply: &Apply<'_>, name: String) -> Result<String> {
    change(apply, &["--auto", &name])
}

/// Chooses one path.
///
/// CLI Example:
///
/// ```text
/// salt '*' alternatives.set editor /usr/bin/nano
/// ```
#[function]
fn set(apply: &Apply<'_>, name: String, path: String) -> Result<String> {
    change(apply, &["--set", &name, &path])
}
