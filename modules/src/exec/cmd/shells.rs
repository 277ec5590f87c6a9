//! `cmd.which` and other questions about programs and shells.

use halite_core::host::Command;
use halite_core::{Apply, Context, ExecModule, Map, Result, Value, function, map};

/// The module.
pub static MODULE: ExecModule =
    ExecModule::new("cmd", &[&WHICH, &WHICH_BIN, &HAS_EXEC, &SHELLS, &SHELL_INFO, &TTY]);

/// Gives the path of a program, or nothing if there is none.
///
/// CLI Example:
///
/// ```text
/// salt '*' cmd.which cat
/// ```
#[function]
fn which(cx: &Context<'_>, cmd: String) -> Option<String> {
    cx.host.which(&cmd).map(|path| path.to_string_lossy().into_owned())
}

/// Gives the path of the first of several programs that is there.
///
/// CLI Example:
///
/// ```text
/// salt '*' cmd.which_bin '[pip3, pip, pip-python]'
/// ```
#[function]
fn which_bin(cx: &Context<'_>, cmds: Value) -> Option<String> {
    let names = cmds.as_list()?;
    let path = names.iter().find_map(|name| cx.host.which(name.as_str()?))?;
    Some(path.to_string_lossy().into_owned())
}

/// Whether a program is there.
///
/// CLI Example:
///
/// ```text
/// salt '*' cmd.has_exec cat
/// ```
#[function]
fn has_exec(cx: &Context<'_>, cmd: String) -> bool {
    cx.host.which(&cmd).is_some()
}

/// Lists the login shells that `/etc/shells` names.
///
/// CLI Example:
///
/// ```text
/// salt '*' cmd.shells
/// ```
#[function]
fn shells(cx: &Context<'_>) -> Vec<String> {
    let text = cx.host.read(std::path::Path::new("/etc/shells")).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines = text.lines().map(str::trim);
    lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).collect()
}

/// Shell, pattern of its version, and the command that prints it.
const VERSIONS: &[(&str, &str, &[&str])] = &[
    ("bash", r"(?i)version (\d\S*)", &["bash", "--version"]),
    ("zsh", r"(?i)^zsh (\d\S*)", &["zsh", "--version"]),
    ("tcsh", r"(?i)^tcsh (\d\S*)", &["tcsh", "--version"]),
    ("perl", r"^(\d\S*)", &["perl", "-e", "printf \"%vd\\n\", $^V;"]),
    ("python", r"(?i)^Python (\d\S*)", &["python", "-V"]),
    ("ruby", r"(?i)^ruby (\d\S*)", &["ruby", "-v"]),
    ("php", r"(?i)^PHP (\d\S*)", &["php", "-v"]),
];

/// Describes a shell or script language: whether it is installed, its path and version.
///
/// CLI Example:
///
/// ```text
/// salt '*' cmd.shell_info bash
/// ```
#[function]
fn shell_info(
    cx: &Context<'_>,
    /// `bash`, `zsh`, `tcsh`, `perl`, `python`, `ruby` or `php`.
    shell: String,
    #[default(false)] _list_modules: bool,
) -> Result<Map> {
    let Some((_, pattern, argv)) = VERSIONS.iter().find(|(name, _, _)| *name == shell) else {
        let what = format!("Salt does not know how to get the version number for {shell}");
        return Ok(map! { "error" => what, "installed" => () });
    };
    let Some(path) = cx.host.which(argv[0]) else {
        let (line, program) = (argv.join(" "), Value::str(argv[0]).repr());
        let reason = format!("[Errno 2] No such file or directory: {program}");
        let what = format!("Unable to run command '{line}' Reason: {reason}");
        return Ok(map! { "error" => what, "installed" => false });
    };
    let mut command = Command::new(argv.iter().copied());
    command.merge_stderr = true;
    command.timeout = Some(std::time::Duration::from_secs(10));
    let output = cx.host.query(&command)?.stdout_text();
    let raw = regex::Regex::new(pattern)
        .ok()
        .and_then(|regex| Some(regex.captures(&output)?.get(1)?.as_str().to_owned()));
    let mut info = map! { "installed" => (), "path" => path };
    let Some(raw) = raw else {
        let what = format!(
            "The version regex pattern for shell {shell}, could not find the version string"
        );
        info.insert("error".into(), what.into());
        info.insert("stdout".into(), output.into());
        return Ok(info);
    };
    let end = raw.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(raw.len());
    let mut parts: Vec<&str> = raw[..end].split('.').take(3).collect();
    if parts.len() == 1 {
        parts.push("0");
    }
    info.insert("installed".into(), true.into());
    info.insert("version".into(), parts.join(".").into());
    info.insert("version_raw".into(), raw.into());
    Ok(info)
}

/// Writes a text to a terminal.
///
/// CLI Example:
///
/// ```text
/// salt '*' cmd.tty tty0 'This is a test'
/// salt '*' cmd.tty pts3 'This is a test'
/// ```
#[function]
fn tty(
    apply: &Apply<'_>,
    /// `ttyN` or `ptsN`.
    device: String,
    /// The text.
    #[default(String::new())]
    echo: String,
) -> Result<Map> {
    let path = match device.strip_prefix("pts") {
        _ if device.contains('.') => None,
        Some(number) => Some(format!("/dev/pts/{number}")),
        None if device.starts_with("tty") => Some(format!("/dev/{device}")),
        None => None,
    };
    let Some(path) = path else {
        return Ok(map! { "Error" => "The specified device is not a valid TTY" });
    };
    // A device is written to, not replaced: the shell opens it.
    let mut command = Command::new(["/bin/sh", "-c", "cat > \"$0\"", &path]);
    command.stdin = Some(echo.into_bytes());
    if apply.host.exists(std::path::Path::new(&path)) && apply.host.run(&command)?.success() {
        return Ok(map! { "Success" => format!("Message was successfully echoed to {path}") });
    }
    Ok(map! { "Error" => format!("Echoing to {path} returned error") })
}
