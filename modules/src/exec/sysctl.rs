//! `sysctl`: kernel parameters. Salt: `salt/modules/linux_sysctl.py` behaviour.

use std::path::{Path, PathBuf};

use halite_core::host::{Command, Read};
use halite_core::{
    Apply, Available, Context, Error, ExecModule, Map, Result, Value, function, map,
};

/// The module.
pub static MODULE: ExecModule =
    ExecModule::new("sysctl", &[&DEFAULT_CONFIG, &SHOW, &GET, &ASSIGN, &PERSIST]).available(
        |grains, _| match grains.get("kernel").and_then(Value::as_str) {
            Some("Linux") => Available::Yes,
            _ => Available::No("only available on Linux systems".into()),
        },
    );

/// The head of a file that is made.
const HEAD: &str = "#\n# Kernel sysctl configuration\n#\n";

fn program(host: &dyn Read) -> Result<String> {
    match host.which("sysctl") {
        Some(path) => Ok(path.display().to_string()),
        None => Err(Error::execution("Command 'sysctl' cannot be found")),
    }
}

/// Gives the file in which values are kept.
///
/// CLI Example:
///
/// ```text
/// salt -G 'kernel:Linux' sysctl.default_config
/// ```
#[function]
fn default_config(cx: &Context<'_>) -> String {
    match cx.host.exists(Path::new("/run/systemd/system")) {
        true => "/etc/sysctl.d/99-salt.conf".into(),
        false => "/etc/sysctl.conf".into(),
    }
}

/// Gives the values of this system, or those of a file.
///
/// CLI Example:
///
/// ```text
/// salt '*' sysctl.show
/// ```
#[function]
fn show(cx: &Context<'_>, #[default(Value::Bool(false))] config_file: Value) -> Result<Value> {
    let mut values = Map::new();
    if config_file.truthy() {
        let path = PathBuf::from(config_file.to_string());
        if !cx.host.exists(&path) {
            return Ok(Value::list([]));
        }
        let Ok(text) = cx.host.read(&path) else { return Ok(Value::Null) };
        for line in String::from_utf8_lossy(&text).lines().map(str::trim) {
            if let (false, Some((key, value))) = (line.starts_with('#'), line.split_once('=')) {
                values.insert(key.trim_end().into(), value.trim_start().into());
            }
        }
        return Ok(values.into());
    }
    let output = cx.host.query(&Command::new([program(cx.host)?, "-a".into()]))?;
    for line in output.stdout_text().lines() {
        if let Some((key, value)) = line.split_once(" = ") {
            values.insert(key.into(), value.into());
        }
    }
    Ok(values.into())
}

fn current(host: &dyn Read, name: &str) -> Result<String> {
    let mut command = Command::new([program(host)?, "-n".into(), name.to_owned()]);
    command.merge_stderr = true;
    Ok(host.query(&command)?.stdout_text().trim_end().to_owned())
}

/// Gives the value of one parameter.
///
/// CLI Example:
///
/// ```text
/// salt '*' sysctl.get net.ipv4.ip_forward
/// ```
#[function]
fn get(cx: &Context<'_>, name: String) -> Result<String> {
    current(cx.host, &name)
}

/// Sets a parameter until the next start of the system.
///
/// CLI Example:
///
/// ```text
/// salt '*' sysctl.assign net.ipv4.ip_forward 1
/// ```
#[function]
fn assign(apply: &Apply<'_>, name: String, value: Value) -> Result<Map> {
    let value = value.to_string();
    let swapped = name.chars().map(|c| match c {
        '.' => '/',
        '/' => '.',
        other => other,
    });
    let file = format!("/proc/sys/{}", swapped.collect::<String>());
    if !apply.cx.host.exists(Path::new(&file)) {
        return Err(Error::execution(format!("sysctl {name} does not exist")));
    }
    let command = Command::new([program(apply.cx.host)?, "-w".into(), format!("{name}={value}")]);
    let output = apply.host.run(&command)?;
    let (out, err) = (output.stdout_text(), output.stderr_text());
    let (out, err) = (out.trim_end(), err.trim_end());
    let said = out.strip_prefix(name.as_str()).map(str::trim_start);
    let said = said.and_then(|rest| rest.strip_prefix('=')).map(str::trim_start);
    if said != Some(value.as_str()) || err.contains("Invalid argument") {
        let error = if output.retcode != 0 && !err.is_empty() { err } else { out };
        return Err(Error::execution(format!("sysctl -w failed: {error}")));
    }
    let (name, value) = out.split_once(" = ").unwrap_or((&name, &value));
    Ok(map! { name => value })
}

/// Blanks of any kind are one.
fn sanitized(value: &str) -> String {
    value.split_whitespace().collect::<Vec<_>>().join("\t")
}

/// Sets a parameter now and for later starts.
///
/// CLI Example:
///
/// ```text
/// salt '*' sysctl.persist net.ipv4.ip_forward 1
/// ```
#[function]
fn persist(
    apply: &Apply<'_>,
    name: String,
    value: Value,
    /// The file; by default that of `sysctl.default_config`.
    #[default(None)]
    config: Option<String>,
) -> Result<String> {
    let config = config.unwrap_or_else(|| default_config(apply.cx));
    let path = PathBuf::from(&config);
    let there = apply.cx.host.metadata(&path)?.is_some_and(|meta| meta.is_file());
    if !there {
        if let Some(parent) = path.parent().filter(|parent| !apply.cx.host.exists(parent)) {
            apply.host.create_dir(parent, None)?;
        }
        let failed = |_| Error::execution(format!("Could not write to file: {config}"));
        apply.host.write_atomic(&path, HEAD.as_bytes(), None).map_err(failed)?;
    }
    let text = String::from_utf8_lossy(&apply.cx.host.read(&path)?).into_owned();
    let wanted = sanitized(&value.to_string());
    let line = format!("{name} = {value}\n");
    let (mut out, mut edited) = (String::new(), false);
    for old in text.split_inclusive('\n') {
        match old.split_once('=').map(|(key, held)| (key.trim(), held.trim())) {
            Some((key, held)) if key == name => {
                if sanitized(held) == wanted {
                    if sanitized(&current(apply.cx.host, &name)?) == wanted {
                        return Ok("Already set".into());
                    }
                    assign(apply, name, value)?;
                    return Ok("Updated".into());
                }
                out.push_str(&line);
                edited = true;
            }
            _ => out.push_str(old),
        }
    }
    if !edited {
        out.push_str(&line);
    }
    let failed = |_| Error::execution(format!("Could not write to file: {config}"));
    apply.host.write_atomic(&path, out.as_bytes(), None).map_err(failed)?;
    assign(apply, name, value)?;
    Ok("Updated".into())
}
