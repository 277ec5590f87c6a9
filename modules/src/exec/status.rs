//! `status`: load, memory, uptime, processes. Salt: `salt/modules/status.py` behaviour, on Linux.

use std::path::Path;

use halite_core::host::Command;
use halite_core::{Args, Context, Error, ExecModule, Map, Result, Value, function, map};

/// The module.
pub static MODULE: ExecModule = ExecModule::new(
    "status",
    &[
        &LOADAVG,
        &UPTIME,
        &MEMINFO,
        &CPUINFO,
        &CPUSTATS,
        &CUSTOM,
        &NPROC,
        &VERSION,
        &VMSTATS,
        &DISKUSAGE,
        &PID,
        &PROCS,
        &TIME,
        &W,
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

/// Gives the kernel's figures of its processors, interrupts and processes.
///
/// CLI Example:
///
/// ```text
/// salt '*' status.cpustats
/// ```
#[function]
fn cpustats(cx: &Context<'_>) -> Map {
    let text = text(cx, "/proc/stat");
    let mut found = Map::new();
    for line in text.lines() {
        let mut words = line.split_whitespace();
        let Some(name) = words.next() else { continue };
        let figures: Vec<Value> = words.map(number).collect();
        let at = |index: usize| figures.get(index).cloned().unwrap_or_default();
        let rest = || Value::list(figures.iter().skip(1).cloned());
        let value = match name {
            "cpu" => map! {
                "idle" => at(3), "iowait" => at(4), "irq" => at(5), "nice" => at(1), "softirq" => at(6),
                "steal" => at(7), "system" => at(2), "user" => at(0),
            }
            .into(),
            "intr" => map! {"total" => at(0), "irqs" => rest()}.into(),
            _ => at(0),
        };
        found.insert(name.into(), value);
    }
    found
}

/// A figure as Salt's `_number` reads it.
fn number(word: &str) -> Value {
    match (word.parse::<i64>(), word.parse::<f64>()) {
        (Ok(whole), _) => whole.into(),
        (_, Ok(float)) => float.into(),
        _ => word.into(),
    }
}

/// Gives the figures that the configuration chooses: `status.cpustats.custom: [cpu, ctxt]`.
///
/// CLI Example:
///
/// ```text
/// salt '*' status.custom
/// ```
#[function]
fn custom(cx: &Context<'_>) -> Map {
    let mut found = Map::new();
    for (key, items) in cx.opts.values().iter() {
        let key = key.to_string();
        let Some((fun, _)) = key.rsplit_once('.').filter(|_| key.starts_with("status.")) else {
            continue;
        };
        if fun == "status.custom" {
            continue;
        }
        let Ok(all) = cx.call::<Map>(fun, Args::default()) else {
            tracing::warn!("custom status {fun} isn't loaded");
            continue;
        };
        for item in items.as_list().unwrap_or_default() {
            let value = all.get(item).cloned();
            found.insert(item.clone(), value.unwrap_or_else(|| "UNKNOWN".into()));
        }
    }
    found
}

/// Gives who is logged in, as the program `w` has it.
///
/// CLI Example:
///
/// ```text
/// salt '*' status.w
/// ```
#[function]
fn w(cx: &Context<'_>) -> Result<Value> {
    let output = cx.host.query(&Command::new(["w", "-fh"]).c_locale())?;
    if output.retcode != 0 {
        let why = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(Error::execution(format!("w ended with {}: {why}", output.retcode)));
    }
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let rows = text.lines().map(|row| row.split_whitespace().collect::<Vec<_>>());
    Ok(Value::list(rows.filter(|words| words.len() >= 6).map(|words| {
        let what = words[6..].join(" ");
        map! {
            "idle" => words[3], "jcpu" => words[4], "login" => words[2], "pcpu" => words[5], "tty" => words[1],
            "user" => words[0], "what" => what,
        }
        .into()
    })))
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
