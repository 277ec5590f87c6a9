//! `ps`: processes, memory, processors. Salt: `salt/modules/ps.py` behaviour, without psutil.

use std::path::Path;

use halite_core::host::Command;
use halite_core::{Apply, Context, ExecModule, Map, Result, Value, function, map};

use super::status::processes;

/// The module.
pub static MODULE: ExecModule = ExecModule::new(
    "ps",
    &[
        &GET_PID_LIST,
        &PROC_INFO,
        &PGREP,
        &PKILL,
        &KILL_PID,
        &VIRTUAL_MEMORY,
        &SWAP_MEMORY,
        &TOTAL_PHYSICAL_MEMORY,
        &NUM_CPUS,
        &BOOT_TIME,
        &CPU_TIMES,
        &DISK_USAGE,
        &DISK_PARTITIONS,
        &PSAUX,
    ],
);

/// Ticks of the kernel's clock in a second, as `/proc/stat` counts them: fixed on Linux.
const TICKS: f64 = 100.0;

fn text(cx: &Context<'_>, path: &str) -> String {
    let bytes = cx.host.read(Path::new(path)).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A figure of `/proc/meminfo`, in bytes.
fn memory(text: &str, name: &str) -> i64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let kib = line.and_then(|rest| rest.split_whitespace().next()?.parse::<i64>().ok());
    kib.unwrap_or(0) * 1024
}

fn percent(used: i64, total: i64) -> f64 {
    if total == 0 { 0.0 } else { (used as f64 / total as f64 * 1000.0).round() / 10.0 }
}

/// Lists the numbers of all processes.
///
/// CLI Example:
///
/// ```text
/// salt '*' ps.get_pid_list
/// ```
#[function]
fn get_pid_list(cx: &Context<'_>) -> Vec<i64> {
    processes(cx).into_iter().map(|(pid, _)| pid).collect()
}

/// Gives what is known of a process.
///
/// CLI Example:
///
/// ```text
/// salt '*' ps.proc_info 2322
/// salt '*' ps.proc_info 2322 attrs='["pid", "name"]'
/// ```
#[function]
fn proc_info(
    cx: &Context<'_>,
    pid: i64,
    /// Only these.
    #[default(None)]
    attrs: Option<Vec<String>>,
) -> Result<Map> {
    let folder = format!("/proc/{pid}");
    let Some(stat) = cx.host.metadata(Path::new(&folder))? else {
        let what = format!("process PID not found (pid={pid})");
        return Err(halite_core::Error::execution(what));
    };
    let status = text(cx, &format!("{folder}/status"));
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.map(str::trim).unwrap_or_default().to_owned()
    };
    let line = text(cx, &format!("{folder}/cmdline"));
    let words: Vec<&str> = line.split('\0').filter(|word| !word.is_empty()).collect();
    let link = |name: &str| cx.host.read_link(Path::new(&format!("{folder}/{name}"))).ok();
    let user = cx.host.user_of(stat.uid)?.map(|user| user.name);
    let mut info = map! {
        "pid" => pid, "ppid" => field("PPid").parse::<i64>().unwrap_or(0), "name" => field("Name"),
        "cmdline" => words, "username" => user, "exe" => link("exe"), "cwd" => link("cwd"),
        "num_threads" => field("Threads").parse::<i64>().unwrap_or(0),
        "status" => field("State").split(['(', ')']).nth(1).unwrap_or_default(),
    };
    if let Some(attrs) = attrs {
        info.retain(|key, _| attrs.contains(&key.to_string()));
    }
    Ok(info)
}

/// The processes whose name (or whole command line, or user) fits.
fn hits(cx: &Context<'_>, wanted: &str, user: Option<&str>, full: bool, exact: bool) -> Vec<i64> {
    let fits = |pid: i64, line: &str| {
        let name = text(cx, &format!("/proc/{pid}/comm"));
        let held = if full { line } else { name.trim() };
        let named = if exact { held == wanted } else { held.contains(wanted) };
        let owner = || {
            let stat = cx.host.metadata(Path::new(&format!("/proc/{pid}"))).ok().flatten()?;
            cx.host.user_of(stat.uid).ok().flatten().map(|user| user.name)
        };
        named && user.is_none_or(|user| owner().as_deref() == Some(user))
    };
    let all = processes(cx).into_iter();
    all.filter(|(pid, line)| fits(*pid, line)).map(|(pid, _)| pid).collect()
}

/// Lists the processes with a name; nothing if there are none.
///
/// CLI Example:
///
/// ```text
/// salt '*' ps.pgrep httpd user=www-data
/// ```
#[function]
fn pgrep(
    cx: &Context<'_>,
    pattern: String,
    #[default(None)] user: Option<String>,
    /// Look at the whole command line.
    #[default(false)]
    full: bool,
    /// The name must be this and not only hold it.
    #[default(false)]
    pattern_is_regex: bool,
) -> Value {
    let found = hits(cx, &pattern, user.as_deref(), full, pattern_is_regex);
    if found.is_empty() { Value::Null } else { found.into() }
}

fn send(apply: &Apply<'_>, pid: i64, signal: i64) -> Result<bool> {
    let argv = ["kill".to_owned(), format!("-{signal}"), "--".into(), pid.to_string()];
    Ok(apply.host.run(&Command::new(argv))?.success())
}

/// Sends a signal to all processes with a name; gives those it was sent to.
///
/// CLI Example:
///
/// ```text
/// salt '*' ps.pkill httpd signal=2
/// ```
#[function]
fn pkill(
    apply: &Apply<'_>,
    pattern: String,
    #[default(None)] user: Option<String>,
    #[default(15)] signal: i64,
    #[default(false)] full: bool,
) -> Result<Value> {
    let own = i64::from(std::process::id());
    let mut killed = Vec::new();
    for pid in hits(apply, &pattern, user.as_deref(), full, false) {
        if pid != own && send(apply, pid, signal)? {
            killed.push(pid);
        }
    }
    Ok(if killed.is_empty() { Value::Null } else { map! { "killed" => killed }.into() })
}

/// Sends a signal to a process.
///
/// CLI Example:
///
/// ```text
/// salt 'minion' ps.kill_pid 2000 signal=9
/// ```
#[function]
fn kill_pid(apply: &Apply<'_>, pid: i64, #[default(15)] signal: i64) -> Result<bool> {
    if pid <= 0 {
        return Ok(false);
    }
    send(apply, pid, signal)
}

/// Gives figures of memory, in bytes.
///
/// CLI Example:
///
/// ```text
/// salt '*' ps.virtual_memory
/// ```
#[function]
fn virtual_memory(cx: &Context<'_>) -> Map {
    let text = text(cx, "/proc/meminfo");
    let of = |name: &str| memory(&text, name);
    let (total, available) = (of("MemTotal"), of("MemAvailable"));
    let cached = of("Cached") + of("SReclaimable");
    map! {
        "total" => total, "available" => available, "percent" => percent(total - available, total),
        "used" => total - available, "free" => of("MemFree"), "active" => of("Active"),
        "inactive" => of("Inactive"), "buffers" => of("Buffers"), "cached" => cached,
        "shared" => of("Shmem"), "slab" => of("Slab"),
    }
}

/// Gives figures of swap, in bytes.
///
/// CLI Example:
///
/// ```text
/// salt '*' ps.swap_memory
/// ```
#[function]
fn swap_memory(cx: &Context<'_>) -> Map {
    let info = text(cx, "/proc/meminfo");
    let stat = text(cx, "/proc/vmstat");
    let (total, free) = (memory(&info, "SwapTotal"), memory(&info, "SwapFree"));
    let pages = |name: &str| {
        let line = stat.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.and_then(|n| n.trim().parse::<i64>().ok()).unwrap_or(0) * 4096
    };
    map! {
        "total" => total, "used" => total - free, "free" => free,
        "percent" => percent(total - free, total), "sin" => pages("pswpin"),
        "sout" => pages("pswpout"),
    }
}

/// Gives the bytes of memory that the machine has.
///
/// CLI Example:
///
/// ```text
/// salt '*' ps.total_physical_memory
/// ```
#[function]
fn total_physical_memory(cx: &Context<'_>) -> i64 {
    memory(&text(cx, "/proc/meminfo"), "MemTotal")
}

/// Gives the number of processors.
///
/// CLI Example:
///
/// ```text
/// salt '*' ps.num_cpus
/// ```
#[function]
fn num_cpus(cx: &Context<'_>) -> usize {
    text(cx, "/proc/cpuinfo").lines().filter(|line| line.starts_with("processor")).count()
}

/// Gives when the machine was started, in seconds since 1970 or in a form as `strftime` takes it.
///
/// CLI Example:
///
/// ```text
/// salt '*' ps.boot_time
/// salt '*' ps.boot_time time_format='%F %T'
/// ```
#[function]
fn boot_time(cx: &Context<'_>, #[default(None)] time_format: Option<String>) -> Result<Value> {
    let text = text(cx, "/proc/stat");
    let line = text.lines().find_map(|line| line.strip_prefix("btime "));
    let seconds: i64 = line.and_then(|n| n.trim().parse().ok()).unwrap_or(0);
    let Some(format) = time_format else { return Ok(seconds.into()) };
    let moment = jiff::Timestamp::from_second(seconds).unwrap_or_default();
    let local = moment.to_zoned(jiff::tz::TimeZone::system());
    let shown = jiff::fmt::strtime::format(&format, &local);
    Ok(shown.map_err(|error| halite_core::Error::execution(error.to_string()))?.into())
}

/// Gives how many seconds the processors have spent on what.
///
/// CLI Example:
///
/// ```text
/// salt '*' ps.cpu_times
/// ```
#[function]
fn cpu_times(cx: &Context<'_>, #[default(false)] _per_cpu: bool) -> Map {
    let names = [
        "user",
        "nice",
        "system",
        "idle",
        "iowait",
        "irq",
        "softirq",
        "steal",
        "guest",
        "guest_nice",
    ];
    let text = text(cx, "/proc/stat");
    let line = text.lines().next().unwrap_or_default();
    let figures = line.split_whitespace().skip(1).map(|n| n.parse::<f64>().unwrap_or(0.0) / TICKS);
    names.iter().zip(figures).map(|(name, figure)| ((*name).into(), figure.into())).collect()
}

/// Gives used and free bytes of the file system that a path is on.
///
/// CLI Example:
///
/// ```text
/// salt '*' ps.disk_usage /home
/// ```
#[function]
fn disk_usage(path: String) -> Result<Map> {
    let figures = rustix::fs::statvfs(path.as_str())
        .map_err(|error| halite_core::Error::file("look at", &path, error.into()))?;
    let bytes = |blocks: u64| i64::try_from(blocks * figures.f_frsize).unwrap_or(i64::MAX);
    let (total, free) = (bytes(figures.f_blocks), bytes(figures.f_bavail));
    let used = total - bytes(figures.f_bfree);
    Ok(
        map! { "total" => total, "used" => used, "free" => free, "percent" => percent(used, used + free) },
    )
}

/// Lists the mounted file systems of real devices.
///
/// CLI Example:
///
/// ```text
/// salt '*' ps.disk_partitions
/// ```
#[function]
fn disk_partitions(cx: &Context<'_>, #[default(false)] all: bool) -> Vec<Map> {
    let text = text(cx, "/proc/mounts");
    let mut found = Vec::new();
    for line in text.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let [device, place, kind, options, ..] = words[..] else { continue };
        if all || device.starts_with('/') {
            found.push(map! {
                "device" => device, "mountpoint" => place, "fstype" => kind, "opts" => options,
            });
        }
    }
    found
}

/// Lists the processes whose command line holds a text: the text, the lines, and how many there are.
///
/// CLI Example:
///
/// ```text
/// salt '*' ps.psaux www-data.+apache2
/// ```
#[function]
fn psaux(cx: &Context<'_>, name: String) -> Result<Vec<Value>> {
    let flags = halite_core::pyre::Flags::default();
    let regex = halite_core::pyre::compile(&name, flags)
        .map_err(|error| halite_core::Error::execution(error.to_string()))?;
    let own = i64::from(std::process::id());
    let lines: Vec<String> = (processes(cx).into_iter())
        .filter(|(pid, line)| *pid != own && regex.is_match(line).unwrap_or(false))
        .map(|(pid, line)| format!("{pid} {line}"))
        .collect();
    let count = match lines.len() {
        0 => "No occurrence of".to_owned(),
        1 => "1 occurrence of".to_owned(),
        many => format!("{many} occurrence(s) of"),
    };
    let summary = format!("{count} '{name}'.");
    Ok(vec![name.into(), lines.into(), summary.into()])
}
