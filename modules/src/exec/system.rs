//! `system`: halt, reboot, the clock, the machine's name. Salt: `salt/modules/system.py`.

use halite_core::host::Command;
use halite_core::{Apply, Context, ExecModule, Result, Value, args, function};

/// The module.
pub static MODULE: ExecModule = ExecModule::new(
    "system",
    &[
        &HALT,
        &POWEROFF,
        &REBOOT,
        &SHUTDOWN,
        &INIT,
        &GET_SYSTEM_DATE,
        &GET_SYSTEM_TIME,
        &GET_SYSTEM_DATE_TIME,
        &GET_COMPUTER_NAME,
        &SET_COMPUTER_NAME,
        &GET_COMPUTER_DESC,
        &HAS_SETTABLE_HWCLOCK,
        &GET_REBOOT_REQUIRED_WITNESSED,
    ],
);

fn run(apply: &Apply<'_>, argv: &[&str]) -> Result<String> {
    let mut command = Command::new(argv.iter().copied());
    command.merge_stderr = true;
    Ok(apply.host.run(&command)?.stdout_text().trim_end().to_owned())
}

/// Halts the machine.
///
/// CLI Example:
///
/// ```text
/// salt '*' system.halt
/// ```
#[function]
fn halt(apply: &Apply<'_>) -> Result<String> {
    run(apply, &["halt"])
}

/// Switches the machine off.
///
/// CLI Example:
///
/// ```text
/// salt '*' system.poweroff
/// ```
#[function]
fn poweroff(apply: &Apply<'_>) -> Result<String> {
    run(apply, &["poweroff"])
}

/// Starts the machine anew, now or after some minutes.
///
/// CLI Example:
///
/// ```text
/// salt '*' system.reboot
/// salt '*' system.reboot 5
/// ```
#[function]
fn reboot(
    apply: &Apply<'_>,
    /// Minutes.
    #[default(None)]
    at_time: Option<i64>,
) -> Result<String> {
    let at = at_time.map_or_else(|| "now".to_owned(), |minutes| format!("+{minutes}"));
    run(apply, &["shutdown", "-r", &at])
}

/// Switches the machine off, now or after some minutes.
///
/// CLI Example:
///
/// ```text
/// salt '*' system.shutdown
/// salt '*' system.shutdown 5
/// ```
#[function]
fn shutdown(
    apply: &Apply<'_>,
    /// Minutes.
    #[default(None)]
    at_time: Option<i64>,
) -> Result<String> {
    let at = at_time.map_or_else(|| "now".to_owned(), |minutes| format!("+{minutes}"));
    run(apply, &["shutdown", "-h", &at])
}

/// Changes the run level.
///
/// CLI Example:
///
/// ```text
/// salt '*' system.init 3
/// ```
#[function]
fn init(apply: &Apply<'_>, runlevel: Value) -> Result<String> {
    run(apply, &["init", &runlevel.to_string()])
}

/// The local time in a form as `strftime` takes it.
fn now(cx: &Context<'_>, format: &str) -> String {
    let now = jiff::Timestamp::from_microsecond(cx.host.now_micros()).unwrap_or_default();
    now.to_zoned(jiff::tz::TimeZone::system()).strftime(format).to_string()
}

/// Gives the date: day of the week and `mm/dd/yyyy`.
///
/// CLI Example:
///
/// ```text
/// salt '*' system.get_system_date
/// ```
#[function]
fn get_system_date(cx: &Context<'_>, #[default(None)] _utc_offset: Option<String>) -> String {
    now(cx, "%a %m/%d/%Y")
}

/// Gives the time, `hh:mm:ss AM/PM`.
///
/// CLI Example:
///
/// ```text
/// salt '*' system.get_system_time
/// ```
#[function]
fn get_system_time(cx: &Context<'_>, #[default(None)] _utc_offset: Option<String>) -> String {
    now(cx, "%I:%M:%S %p")
}

/// Gives date and time, `YYYY-MM-DD hh:mm:ss`.
///
/// CLI Example:
///
/// ```text
/// salt '*' system.get_system_date_time
/// ```
#[function]
fn get_system_date_time(cx: &Context<'_>, #[default(None)] _utc_offset: Option<String>) -> String {
    now(cx, "%Y-%m-%d %H:%M:%S")
}

/// Gives the machine's name.
///
/// CLI Example:
///
/// ```text
/// salt '*' system.get_computer_name
/// ```
#[function]
fn get_computer_name(cx: &Context<'_>) -> Result<Value> {
    cx.call("network.get_hostname", args![])
}

/// Sets the machine's name.
///
/// CLI Example:
///
/// ```text
/// salt '*' system.set_computer_name master.saltstack.com
/// ```
#[function]
fn set_computer_name(apply: &Apply<'_>, hostname: String) -> Result<Value> {
    apply.call_value("network.mod_hostname", args![hostname])
}

/// Gives the pretty name that `/etc/machine-info` has.
///
/// CLI Example:
///
/// ```text
/// salt '*' system.get_computer_desc
/// ```
#[function]
fn get_computer_desc(cx: &Context<'_>) -> Value {
    let bytes = cx.host.read(std::path::Path::new("/etc/machine-info")).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let line = text.lines().find_map(|line| line.strip_prefix("PRETTY_HOSTNAME="));
    line.map_or_else(|| false.into(), |name| name.trim_matches('"').into())
}

/// Whether the machine has a clock that can be set.
///
/// CLI Example:
///
/// ```text
/// salt '*' system.has_settable_hwclock
/// ```
#[function]
fn has_settable_hwclock(cx: &Context<'_>) -> Result<bool> {
    if cx.host.which("hwclock").is_none() {
        return Ok(false);
    }
    let test = Command::new(["hwclock", "--test", "--systohc"]);
    Ok(cx.host.query(&test)?.success())
}

/// Whether somebody has noted that a reboot is needed.
///
/// CLI Example:
///
/// ```text
/// salt '*' system.get_reboot_required_witnessed
/// ```
#[function]
fn get_reboot_required_witnessed(cx: &Context<'_>) -> bool {
    let noted = ["/var/run/salt/minion/reboot-required", "/var/run/reboot-required"];
    noted.iter().any(|path| cx.host.exists(std::path::Path::new(path)))
}
