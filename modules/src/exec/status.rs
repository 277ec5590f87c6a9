//! `status`: load, memory, uptime, processes. Salt: `salt/modules/status.py` behaviour, on Linux.

use std::path::Path;

use halite_core::host::Command;
use halite_core::{Context, ExecModule, Map, Result, Value, function, map};

/// The module.
pub static MODULE: ExecModule = ExecModule::new(
    "status",
    &[
        &LOADAVG,
        &UPTIME,
        &MEMINFO,
        &CPUINFO,
        &NPROC,
        &VERSION,
        &VMSTATS,
        &DISKUSAGE,
        &PID,
        &PROCS,
        &TIME,
        &ALL_STATUS,
    ],
);

fn text(cx: &Context<'_>, path: &str) -> String {
    let bytes = cx.host.read(Path::new(path)).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Gives the load averages.
///
/// CLI Example:
///
/// ```text
/// salt '*' status.loadavg
/// ```
#[function]
fn loadavg(cx: &Context<'_>) -> Map {
    let line = text(cx, "/proc/loadavg");
    let mut loads = line.split_whitespace().map(|word| word.parse::<f64>().unwrap_or(0.0));
    let mut next = || loads.next().unwrap_or(0.0);
    map! { "1-min" => next(), "5-min" => next(), "15-min" => next() }
}

/// Gives how long the machine has been up, and since when.
///
/// CLI Example:
///
/// ```text
/// salt '*' status.uptime
/// ```
#[function]
fn uptime(cx: &Context<'_>) -> Result<Map> {
    let line = text(cx, "/proc/uptime");
    let seconds: f64 = line.split_whitespace().next().and_then(|w| w.parse().ok()).unwrap_or(0.0);
    let up = seconds as i64;
    let since = cx.host.now_micros() - (seconds * 1e6) as i64;
    let moment = jiff::Timestamp::from_microsecond(since).unwrap_or_default();
    let users = match cx.host.which("who") {
        Some(_) => cx.host.query(&Command::new(["who", "-s"]))?.stdout_text().lines().count(),
        None => 0,
    };
    Ok(map! {
        "seconds" => up, "since_iso" => moment.strftime("%Y-%m-%dT%H:%M:%S%.6f").to_string(),
        "since_t" => since / 1_000_000, "days" => up / 86_400,
        "time" => format!("{}:{}", up % 86_400 / 3600, up % 3600 / 60), "users" => users,
    })
}

/// Gives the kernel's figures of memory.
///
/// CLI Example:
///
/// ```text
/// salt '*' status.meminfo
/// ```
#[function]
fn meminfo(cx: &Context<'_>) -> Map {
    let mut found = Map::new();
    for line in text(cx, "/proc/meminfo").lines() {
        let Some((name, rest)) = line.split_once(':') else { continue };
        let mut words = rest.split_whitespace();
        let mut entry = map! { "value" => words.next().unwrap_or_default() };
        if let Some(unit) = words.next() {
            entry.insert("unit".into(), unit.into());
        }
        found.insert(name.trim().into(), entry.into());
    }
    found
}

/// Gives what the kernel says of the last processor.
///
/// CLI Example:
///
/// ```text
/// salt '*' status.cpuinfo
/// ```
#[function]
fn cpuinfo(cx: &Context<'_>) -> Map {
    let mut found = Map::new();
    for line in text(cx, "/proc/cpuinfo").lines() {
        let Some((name, rest)) = line.split_once(':') else { continue };
        let (name, rest) = (name.trim(), rest.trim());
        let value: Value = if matches!(name, "flags" | "Features") {
            rest.split_whitespace().collect::<Vec<_>>().into()
        } else {
            rest.into()
        };
        found.insert(name.into(), value);
    }
    found
}

/// Gives the number of processors.
///
/// CLI Example:
///
/// ```text
/// salt '*' status.nproc
/// ```
#[function]
fn nproc(cx: &Context<'_>) -> Value {
    cx.grains.get("num_cpus").cloned().unwrap_or_default()
}

/// Gives the kernel's version line.
///
/// CLI Example:
///
/// ```text
/// salt '*' status.version
/// ```
#[function]
fn version(cx: &Context<'_>) -> String {
    text(cx, "/proc/version").trim().to_owned()
}

/// Gives the kernel's figures of virtual memory.
///
/// CLI Example:
///
/// ```text
/// salt '*' status.vmstats
/// ```
#[function]
fn vmstats(cx: &Context<'_>) -> Map {
    let text = text(cx, "/proc/vmstat");
    let pairs = text.lines().filter_map(|line| line.split_once(' '));
    pairs
        .filter_map(|(name, n)| Some((name.into(), n.trim().parse::<i64>().ok()?.into())))
        .collect()
}

/// Gives total and free bytes of file systems: all, or those of the paths or kinds named.
///
/// CLI Example:
///
/// ```text
/// salt '*' status.diskusage
/// salt '*' status.diskusage /tmp ext4
/// ```
#[function]
fn diskusage(cx: &Context<'_>, #[args] wanted: Vec<Value>) -> Map {
    let names: Vec<String> = wanted.iter().map(Value::to_string).collect();
    let mut paths: Vec<String> = names.iter().filter(|n| n.starts_with('/')).cloned().collect();
    for line in text(cx, "/proc/mounts").lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let [_, place, kind, ..] = words[..] else { continue };
        let asked =
            names.is_empty() || names.iter().any(|name| halite_core::glob::fnmatch(kind, name));
        let place = place.replace("\\040", " ");
        if asked && !paths.contains(&place) {
            paths.push(place);
        }
    }
    let mut found = Map::new();
    for path in paths {
        if let Ok(figures) = rustix::fs::statvfs(path.as_str()) {
            let usage = map! {
                "available" => figures.f_bavail * figures.f_frsize,
                "total" => figures.f_blocks * figures.f_frsize,
            };
            found.insert(path.into(), usage.into());
        }
    }
    found
}

/// Command lines of all processes, by number; kernel threads in brackets.
pub(super) fn processes(cx: &Context<'_>) -> Vec<(i64, String)> {
    let names = cx.host.read_dir(Path::new("/proc")).unwrap_or_default();
    let mut found: Vec<(i64, String)> = Vec::new();
    for pid in names.iter().filter_map(|name| name.parse::<i64>().ok()) {
        let line = text(cx, &format!("/proc/{pid}/cmdline")).replace('\0', " ");
        let line = match line.trim() {
            "" => format!("[{}]", text(cx, &format!("/proc/{pid}/comm")).trim()),
            line => line.to_owned(),
        };
        found.push((pid, line));
    }
    found.sort();
    found
}

/// Gives the numbers of the processes whose command line holds a text, one a line.
///
/// CLI Example:
///
/// ```text
/// salt '*' status.pid <sig>
/// ```
#[function]
fn pid(cx: &Context<'_>, sig: String) -> String {
    let own = i64::from(std::process::id());
    let hits = processes(cx).into_iter().filter(|(pid, line)| *pid != own && line.contains(&sig));
    hits.map(|(pid, _)| pid.to_string()).collect::<Vec<_>>().join("\n")
}

/// Lists all processes: number, user and command line.
///
/// CLI Example:
///
/// ```text
/// salt '*' status.procs
/// ```
#[function]
fn procs(cx: &Context<'_>) -> Map {
    let mut found = Map::new();
    for (pid, line) in processes(cx) {
        let stat = cx.host.metadata(Path::new(&format!("/proc/{pid}")));
        let Ok(Some(stat)) = stat else { continue };
        let user = cx.host.user_of(stat.uid).ok().flatten();
        let user = user.map_or_else(|| stat.uid.to_string(), |user| user.name);
        found.insert(pid.into(), map! { "user" => user, "cmd" => line }.into());
    }
    found
}

/// Gives the time, in a form as `strftime` takes it.
///
/// CLI Example:
///
/// ```text
/// salt '*' status.time
/// salt '*' status.time '%s'
/// ```
#[function]
fn time(
    cx: &Context<'_>,
    #[default("%A, %d. %B %Y %I:%M%p".into())] format: String,
) -> Result<String> {
    let now = jiff::Timestamp::from_microsecond(cx.host.now_micros()).unwrap_or_default();
    let local = now.to_zoned(jiff::tz::TimeZone::system());
    jiff::fmt::strtime::format(&format, &local)
        .map_err(|error| halite_core::Error::execution(format!("'{format}': {error}")))
}

/// Gives most of what this module knows, at once.
///
/// CLI Example:
///
/// ```text
/// salt '*' status.all_status
/// ```
#[function]
fn all_status(cx: &Context<'_>) -> Result<Map> {
    Ok(map! {
        "cpuinfo" => cpuinfo(cx), "diskusage" => diskusage(cx, Vec::new()),
        "loadavg" => loadavg(cx), "meminfo" => meminfo(cx), "uptime" => uptime(cx)?,
        "vmstats" => vmstats(cx),
    })
}
