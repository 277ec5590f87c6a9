//! `syslog`: each return as JSON in the system's log, through `logger`. Salt: `salt/returners/syslog_return.py`.

use halite_core::host::Command;
use halite_core::returner::{kept, text_option};
use halite_core::value::to_json;
use halite_core::{Apply, Error, Map, Result, Returner};

/// The returner.
pub static MODULE: Returner =
    Returner { event_return: Some(event_return), ..Returner::new("syslog", returner) };

/// Longest line, bytes: what rsyslog and journald take whole. A longer one is cut.
const LINE_BYTES: usize = 8 * 1024;
/// Salt's names of levels are those of syslog in capitals.
const LEVELS: [&str; 8] = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];

fn returner(apply: &Apply<'_>, ret: &Map) -> Result<()> {
    log(apply, ret, to_json(&kept(ret).into(), Default::default()))
}

fn event_return(apply: &Apply<'_>, events: &[Map]) -> Result<()> {
    events.iter().try_for_each(|event| {
        log(apply, &Map::new(), to_json(&event.clone().into(), Default::default()))
    })
}

fn log(apply: &Apply<'_>, ret: &Map, mut line: String) -> Result<()> {
    let get = |name, default| text_option(apply.cx, "syslog", ret, (name, default));
    let level = get("level", "LOG_INFO").to_lowercase();
    let level = level.trim_start_matches("log_");
    let facility = get("facility", "LOG_USER").to_lowercase();
    let facility = facility.trim_start_matches("log_");
    if !LEVELS.contains(&level) {
        return Err(Error::execution(format!(
            "syslog.level: `{level}` is none of LOG_{}",
            LEVELS.join(", LOG_").to_uppercase()
        )));
    }
    while line.len() > LINE_BYTES || !line.is_char_boundary(line.len()) {
        line.truncate(line.floor_char_boundary(LINE_BYTES));
    }
    let (tag, priority) = (get("tag", "salt-minion"), format!("{facility}.{level}"));
    let command = Command::new(["logger", "-t", &tag, "-p", &priority, "--", &line]);
    let output = apply.host.run(&command)?;
    match output.retcode {
        0 => Ok(()),
        code => {
            let why = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            Err(Error::execution(format!("logger ended with {code}: {why}")))
        }
    }
}
