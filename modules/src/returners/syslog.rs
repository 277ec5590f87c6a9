//! `syslog`: each return as JSON in the system's log, through `logger`. Salt: `salt/returners/syslog_return.py`.

use halite_core::host::Command;
use halite_core::returner::{kept, option, text_option};
use halite_core::value::to_json;
use halite_core::{Apply, Error, Map, Result, Returner, Value};

/// The returner.
pub static MODULE: Returner =
    Returner { event_return: Some(event_return), ..Returner::new("syslog", returner) };

/// Longest line, bytes: what rsyslog and journald take whole. A longer one is cut.
const LINE_BYTES: usize = 8 * 1024;
/// Salt's names of levels are those of syslog in capitals.
const LEVELS: [&str; 8] = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];
/// Longest tag that Salt takes, in characters.
const TAG_CHARS: usize = 32;
/// Options of `openlog(3)` and what they are for `logger`; those without an argument change nothing for one message.
const OPTIONS: [(&str, Option<&str>); 6] = [
    ("LOG_PID", Some("--id")),
    ("LOG_PERROR", Some("--stderr")),
    ("LOG_CONS", None),
    ("LOG_NDELAY", None),
    ("LOG_ODELAY", None),
    ("LOG_NOWAIT", None),
];

fn returner(apply: &Apply<'_>, ret: &Map) -> Result<()> {
    log(apply, ret, to_json(&kept(ret).into(), Default::default()))
}

fn event_return(apply: &Apply<'_>, events: &[Map]) -> Result<()> {
    events.iter().try_for_each(|event| {
        log(apply, &Map::new(), to_json(&event.clone().into(), Default::default()))
    })
}

/// Arguments of `logger` for Salt's `options`, which are those of `openlog(3)`.
fn options(given: Option<&Value>) -> Result<Vec<&'static str>> {
    let names = given.and_then(Value::as_list).unwrap_or_default().iter().map(Value::to_string);
    let known = |name: String| match OPTIONS.iter().find(|(option, _)| *option == name) {
        Some((_, argument)) => Ok(*argument),
        None => Err(Error::execution(format!("syslog has no attribute {name}"))),
    };
    names.map(known).filter_map(Result::transpose).collect()
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
    if tag.chars().count() > TAG_CHARS {
        return Err(Error::execution(format!(
            "syslog.tag: size is limited to {TAG_CHARS} characters"
        )));
    }
    let mut argv = vec!["logger", "-t", &tag, "-p", &priority];
    argv.extend(options(option(apply.cx, "syslog", ret, "options").as_ref())?);
    argv.extend(["--", &line]);
    let output = apply.host.run(&Command::new(argv))?;
    match output.retcode {
        0 => Ok(()),
        code => {
            let why = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            Err(Error::execution(format!("logger ended with {code}: {why}")))
        }
    }
}
