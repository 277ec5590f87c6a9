//! `disk`: space and inodes of file systems, block devices. Salt: `salt/modules/disk.py`, on Linux.

use halite_core::host::Command;
use halite_core::{Context, Error, ExecModule, Map, Result, Value, function, map};

/// The module.
pub static MODULE: ExecModule =
    ExecModule::new("disk", &[&USAGE, &INODEUSAGE, &PERCENT, &BLKID, &FSTYPE]);

/// The lines of `df`, each as its columns, the mount point last and whole.
fn df(cx: &Context<'_>, options: &[&str]) -> Result<Vec<Vec<String>>> {
    let argv = std::iter::once("df").chain(options.iter().copied());
    let output = cx.host.query(&Command::new(argv).c_locale())?.stdout_text();
    let lines = output.lines().skip(1);
    Ok(lines
        .map(|line| {
            let mut words = line.split_whitespace();
            let mut columns: Vec<String> = words.by_ref().take(5).map(str::to_owned).collect();
            columns.push(words.collect::<Vec<_>>().join(" "));
            columns
        })
        .filter(|columns| columns.len() == 6 && !columns[5].is_empty())
        .collect())
}

/// Gives used and free space of file systems, in KiB, by mount point.
///
/// CLI Example:
///
/// ```text
/// salt '*' disk.usage
/// ```
#[function]
fn usage(
    cx: &Context<'_>,
    /// Options of `df`.
    #[default(None)]
    args: Option<String>,
) -> Result<Map> {
    let mut options = vec!["-P"];
    let extra = args.unwrap_or_default();
    let flag = format!("-{}", extra.trim_start_matches('-'));
    if !extra.is_empty() {
        if !extra.trim_start_matches('-').bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(Error::execution("Invalid flags passed to disk.usage"));
        }
        options.push(&flag);
    }
    let mut found = Map::new();
    for c in df(cx, &options)? {
        let entry = map! {
            "filesystem" => &c[0], "1K-blocks" => &c[1], "used" => &c[2], "available" => &c[3],
            "capacity" => &c[4],
        };
        found.insert((&c[5]).into(), entry.into());
    }
    Ok(found)
}

/// Gives used and free inodes of file systems, by mount point.
///
/// CLI Example:
///
/// ```text
/// salt '*' disk.inodeusage
/// ```
#[function]
fn inodeusage(cx: &Context<'_>, #[default(None)] _args: Option<String>) -> Result<Map> {
    let mut found = Map::new();
    for c in df(cx, &["-iP"])? {
        let entry = map! {
            "inodes" => &c[1], "used" => &c[2], "free" => &c[3], "use" => &c[4],
            "filesystem" => &c[0],
        };
        found.insert((&c[5]).into(), entry.into());
    }
    Ok(found)
}

/// Gives how full file systems are, or the one that a path is on.
///
/// CLI Example:
///
/// ```text
/// salt '*' disk.percent /var
/// ```
#[function]
fn percent(cx: &Context<'_>, #[default(None)] args: Option<String>) -> Result<Value> {
    if let Some(path) = args.filter(|path| !path.is_empty()) {
        let lines = df(cx, &["-P", "--", &path])?;
        return Ok(lines.first().map_or(Value::Null, |columns| (&columns[4]).into()));
    }
    let lines = df(cx, &["-P"])?;
    Ok(Value::map(lines.iter().map(|columns| (&columns[5], (&columns[4]).into()))))
}

/// Gives what `blkid` says of block devices: identifiers, labels, kinds.
///
/// CLI Example:
///
/// ```text
/// salt '*' disk.blkid
/// salt '*' disk.blkid /dev/sda
/// ```
#[function]
fn blkid(
    cx: &Context<'_>,
    #[default(None)] device: Option<String>,
    /// `NAME=value` to look for.
    #[default(None)]
    token: Option<String>,
) -> Result<Map> {
    let mut argv = vec!["blkid".to_owned()];
    match (device, token) {
        (Some(device), _) => argv.push(device),
        (None, Some(token)) => argv.extend(["-t".to_owned(), token]),
        (None, None) => {}
    }
    if cx.host.which("blkid").is_none() {
        return Ok(Map::new());
    }
    let output = cx.host.query(&Command::new(argv))?;
    let mut found = Map::new();
    for line in output.stdout_text().lines() {
        let Some((name, rest)) = line.split_once(':') else { continue };
        let mut entry = Map::new();
        let mut rest = rest.trim();
        while let Some((key, tail)) = rest.split_once("=\"") {
            let Some((value, next)) = tail.split_once('"') else { break };
            entry.insert(key.trim().into(), value.into());
            rest = next;
        }
        found.insert(name.into(), entry.into());
    }
    Ok(found)
}

/// Gives the kind of file system on a block device.
///
/// CLI Example:
///
/// ```text
/// salt '*' disk.fstype /dev/sdX1
/// ```
#[function]
fn fstype(cx: &Context<'_>, device: String) -> Result<String> {
    let argv = ["lsblk", "-o", "fstype", "--", &device];
    if cx.host.which("lsblk").is_some() {
        let output = cx.host.query(&Command::new(argv))?.stdout_text();
        let kind = output.lines().skip(1).map(str::trim).find(|line| !line.is_empty());
        if let Some(kind) = kind {
            return Ok(kind.to_owned());
        }
    }
    let output = cx.host.query(&Command::new(["df", "-T", "--", &device]).c_locale())?;
    let line = output.stdout_text().lines().nth(1).map(str::to_owned).unwrap_or_default();
    Ok(line.split_whitespace().nth(1).unwrap_or_default().to_owned())
}
