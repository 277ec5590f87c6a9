//! `process` and `status`: processes by their command lines.

use std::path::Path;

use halite_core::host::{Command, Read};
use halite_core::{Context, Map, Outcome, Result, StateModule, Value, Verdict, map, state};

/// The module.
pub static MODULE: StateModule = StateModule::new("process", &[&ABSENT]);

/// Process ids whose command line has the text in it, of one user if one is named.
///
/// # Errors
/// If processes cannot be listed.
pub(crate) fn find(host: &dyn Read, text: &str, user: Option<&str>) -> Result<Vec<String>> {
    let wanted = user.and_then(|user| host.user(user).ok().flatten()).map(|user| user.uid);
    let own = std::process::id().to_string();
    let mut found = Vec::new();
    for pid in host.read_dir(Path::new("/proc"))? {
        if !pid.bytes().all(|b| b.is_ascii_digit()) || pid == own {
            continue;
        }
        let folder = Path::new("/proc").join(&pid);
        // It may have ended since it was listed.
        let Ok(line) = host.read(&folder.join("cmdline")) else { continue };
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        let owner = || host.metadata(&folder).ok().flatten().map(|stat| stat.uid);
        if line.contains(text) && (user.is_none() || owner() == wanted) {
            found.push(pid);
        }
    }
    Ok(found)
}

/// Ends all processes whose command line has a text in it.
#[state]
fn absent<'a>(
    cx: &Context<'a>,
    /// The text.
    name: String,
    #[default(None)] user: Option<String>,
    /// The signal; TERM if none is named.
    #[default(Value::Null)]
    signal: Value,
) -> Result<Verdict<'a>> {
    let pids = find(cx.host, &name, user.as_deref())?;
    if pids.is_empty() {
        let none = "No matching processes running";
        return Ok(Verdict::change(Outcome::would(none, Map::new()), move |_| {
            Ok(Outcome::done(none, Map::new()))
        }));
    }
    let would = Outcome::would(format!("{} processes will be killed", pids.len()), Map::new());
    Ok(Verdict::change(would, move |apply| {
        let signal = if signal.is_null() { "TERM".to_owned() } else { signal.to_string() };
        let mut killed = Vec::new();
        for pid in pids {
            let command = Command::new(["kill", "-s", signal.as_str(), pid.as_str()]);
            if apply.host.run(&command)?.success() {
                killed.push(Value::from(pid.parse::<i64>().unwrap_or_default()));
            }
        }
        let comment = format!("Killed {} processes", killed.len());
        Ok(Outcome::done(comment, map! {"killed" => killed}))
    }))
}
