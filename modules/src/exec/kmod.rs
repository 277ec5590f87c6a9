//! `kmod`: modules of the kernel. Salt: `salt/modules/kmod.py` behaviour.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use halite_core::host::{Command, Read};
use halite_core::{
    Apply, Available, Context, Error, ExecModule, Map, Result, Value, args, function, map,
};

/// The module.
pub static MODULE: ExecModule = ExecModule::new(
    "kmod",
    &[&AVAILABLE, &CHECK_AVAILABLE, &LSMOD, &MOD_LIST, &LOAD, &IS_LOADED, &REMOVE],
)
.available(|grains, _| match grains.get("kernel").and_then(Value::as_str) {
    Some("Linux") => Available::Yes,
    _ => Available::No("only available on Linux systems".into()),
});

/// How deep below the folder of modules files are looked for.
const DEPTH_MAX: usize = 16;

fn program(host: &dyn Read, name: &str) -> Result<String> {
    match host.which(name) {
        Some(path) => Ok(path.display().to_string()),
        None => Err(Error::execution(format!("Command '{name}' cannot be found"))),
    }
}

/// The file of modules that are loaded at each start.
fn conf(cx: &Context<'_>) -> PathBuf {
    match cx.grains.contains_key("systemd") {
        true => "/etc/modules-load.d/salt_managed.conf".into(),
        false => "/etc/modules".into(),
    }
}

fn collect(host: &dyn Read, folder: &Path, depth: usize, found: &mut Vec<String>) {
    let Ok(names) = host.read_dir(folder) else { return };
    for name in names {
        let path = folder.join(&name);
        let meta = host.symlink_metadata(&path).ok().flatten();
        if meta.as_ref().is_some_and(|meta| meta.is_dir()) && depth < DEPTH_MAX {
            collect(host, &path, depth + 1, found);
        } else if let Some(at) = name.find(".ko") {
            found.push(name[..at].replace('-', "_"));
        }
    }
}

/// Gives the modules that this kernel could load.
///
/// CLI Example:
///
/// ```text
/// salt '*' kmod.available
/// ```
#[function]
fn available(cx: &Context<'_>) -> Result<Vec<String>> {
    let release = cx.host.query(&Command::new(["uname", "-r"]))?.stdout_text();
    let folder = Path::new("/lib/modules").join(release.trim());
    let mut found = Vec::new();
    if let Ok(text) = cx.host.read(&folder.join("modules.builtin")) {
        for line in String::from_utf8_lossy(&text).lines() {
            let name = line.rsplit('/').next().unwrap_or_default();
            found.push(name.strip_suffix(".ko").unwrap_or(name).to_owned());
        }
    }
    collect(cx.host, &folder, 0, &mut found);
    found.sort();
    Ok(found)
}

/// Whether this kernel could load a module.
///
/// CLI Example:
///
/// ```text
/// salt '*' kmod.check_available kvm
/// ```
#[function]
fn check_available(cx: &Context<'_>, mod_: String) -> Result<bool> {
    Ok(available(cx)?.contains(&mod_))
}

/// Gives the loaded modules with their sizes and who needs them.
///
/// CLI Example:
///
/// ```text
/// salt '*' kmod.lsmod
/// ```
#[function]
fn lsmod(cx: &Context<'_>) -> Result<Vec<Value>> {
    let text = cx.host.query(&Command::new([program(cx.host, "lsmod")?]))?.stdout_text();
    let rows = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let rows = rows.filter(|words| words.len() > 2 && words[0] != "Module");
    let row = |words: Vec<&str>| {
        let deps: Vec<&str> =
            words.get(3).map(|deps| deps.split(',').collect()).unwrap_or_default();
        let row: Map = map! {
            "size" => words[1], "module" => words[0], "depcount" => words[2], "deps" => deps,
        };
        Value::from(row)
    };
    Ok(rows.map(row).collect())
}

fn loaded(cx: &Context<'_>) -> Result<BTreeSet<String>> {
    let rows = lsmod(cx)?;
    Ok(rows.iter().filter_map(|row| Some(row.get("module")?.to_string())).collect())
}

fn kept(cx: &Context<'_>) -> BTreeSet<String> {
    let text = cx.host.read(&conf(cx)).unwrap_or_default();
    let text = String::from_utf8_lossy(&text).into_owned();
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split_whitespace().next().map(str::to_owned)).collect()
}

/// Gives the names of the loaded modules, or of those that are loaded at each start.
///
/// CLI Example:
///
/// ```text
/// salt '*' kmod.mod_list
/// ```
#[function]
fn mod_list(cx: &Context<'_>, #[default(false)] only_persist: bool) -> Result<Vec<String>> {
    let names = if only_persist { kept(cx) } else { loaded(cx)? };
    Ok(names.into_iter().collect())
}

/// Whether a module is loaded.
///
/// CLI Example:
///
/// ```text
/// salt '*' kmod.is_loaded kvm
/// ```
#[function]
fn is_loaded(cx: &Context<'_>, mod_: String) -> Result<bool> {
    Ok(loaded(cx)?.contains(&mod_))
}

fn run(apply: &Apply<'_>, name: &str, module: &str) -> Result<Result<(), String>> {
    let mut argv = vec![program(apply.cx.host, name)?];
    argv.extend(module.split_whitespace().map(str::to_owned));
    let output = apply.host.run(&Command::new(argv))?;
    let err = output.stderr_text().trim_end().to_owned();
    Ok(if output.success() { Ok(()) } else { Err(err) })
}

/// Loads a module; gives the names of all that were loaded, or a text why not.
///
/// CLI Example:
///
/// ```text
/// salt '*' kmod.load kvm
/// ```
#[function]
fn load(
    apply: &Apply<'_>,
    mod_: String,
    /// Also at each start.
    #[default(false)]
    persist: bool,
) -> Result<Value> {
    let before = loaded(apply.cx)?;
    if let Err(error) = run(apply, "modprobe", &mod_)? {
        return Ok(format!("Error loading module {mod_}: {error}").into());
    }
    let mut new: BTreeSet<String> = loaded(apply.cx)?.difference(&before).cloned().collect();
    let name = mod_.split_whitespace().next().unwrap_or_default();
    if persist && !name.is_empty() && !kept(apply.cx).contains(name) {
        let path = conf(apply.cx);
        let held = apply.cx.host.read(&path).unwrap_or_default();
        let mut text = String::from_utf8_lossy(&held).into_owned();
        let commented = text
            .lines()
            .position(|line| line.strip_prefix('#').is_some_and(|line| line.trim() == mod_));
        if let Some(at) = commented {
            let lines = text.lines().enumerate();
            let lines =
                lines.map(
                    |(n, line)| {
                        if n == at { line.trim_start_matches(['#', ' ', '\t']) } else { line }
                    },
                );
            text = lines.map(|line| format!("{line}\n")).collect();
        } else {
            if !text.is_empty() && !text.ends_with('\n') {
                text.push('\n');
            }
            text.push_str(&format!("{}\n", mod_));
        }
        apply.host.write_atomic(&path, text.as_bytes(), None)?;
        new.insert(name.to_owned());
    }
    Ok(new.into_iter().collect::<Vec<_>>().into())
}

/// Unloads a module; gives the names of all that went, or a text why not.
///
/// CLI Example:
///
/// ```text
/// salt '*' kmod.remove kvm
/// ```
#[function]
fn remove(
    apply: &Apply<'_>,
    mod_: String,
    /// Also at each start.
    #[default(false)]
    persist: bool,
    /// Comment its line out in place of removing it.
    #[default(true)]
    comment: bool,
) -> Result<Value> {
    let before = loaded(apply.cx)?;
    if let Err(error) = run(apply, "rmmod", &mod_)? {
        return Ok(format!("Error removing module {mod_}: {error}").into());
    }
    let after = loaded(apply.cx)?;
    let mut gone: BTreeSet<String> = before.difference(&after).cloned().collect();
    let name = mod_.split_whitespace().next().unwrap_or_default();
    if persist && kept(apply.cx).contains(name) {
        let path = conf(apply.cx).display().to_string();
        let pattern = format!("^[\t ]*{}[\t ]?", mod_);
        match comment {
            true => apply.call_value("file.comment", args![path, pattern])?,
            false => apply.call_value("file.sed", args![path, pattern, ""])?,
        };
        gone.insert(name.to_owned());
    }
    Ok(gone.into_iter().collect::<Vec<_>>().into())
}
