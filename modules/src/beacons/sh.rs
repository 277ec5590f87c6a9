//! `sh`: commands that login shells run, seen with strace. Salt: `salt/beacons/sh.py`.

use std::collections::BTreeMap;

use halite_core::beacon::Again;
use halite_core::host::Read;
use halite_core::{Args, Available, Beacon, BeaconModule, Map, Result, Seen, Value, Watch, map};

use crate::support::beacon::flat;

/// The beacon.
pub static MODULE: BeaconModule =
    BeaconModule::new("sh", validate, |_| Box::new(Sh { traced: BTreeMap::new() }))
        .available(available);

fn available(_grains: &Map, host: &dyn Read) -> Available {
    match host.which("strace") {
        Some(_) => Available::Yes,
        None => Available::No("strace is missing.".into()),
    }
}

fn validate(settings: &Value) -> Result<(), String> {
    flat("sh", settings).map(drop)
}

/// Shells that are traced: process, user.
struct Sh {
    traced: BTreeMap<String, Value>,
}

/// The command and its arguments in a line of strace.
fn execve(line: &str) -> Option<(Option<&str>, Vec<&str>)> {
    let call = line.split("execve").nth(1)?;
    let fields: Vec<&str> = call.split('"').collect();
    let odd = fields.iter().enumerate().filter(|(index, _)| index % 2 == 1 && *index != 1);
    Some((fields.get(1).copied(), odd.map(|(_, field)| *field).collect()))
}

impl Beacon for Sh {
    fn look(&mut self, watch: &mut Watch<'_>) -> Result<Seen> {
        let shells: Vec<Value> = watch.apply.call("cmd.shells", Args::default())?;
        let processes: Map = watch.apply.call("status.procs", Args::default())?;
        for (pid, process) in &processes {
            let command = process.get("cmd").map(ToString::to_string).unwrap_or_default();
            let command = command.trim_start_matches('-');
            let pid = pid.to_string();
            if self.traced.contains_key(&pid)
                || !shells.iter().any(|shell| shell.to_string().contains(command))
            {
                continue;
            }
            let argv = ["strace", "-f", "-e", "execve", "-p", &pid];
            match watch.sources.watch_command(&pid, &argv, true) {
                Ok(()) => {
                    drop(self.traced.insert(pid, process.get("user").cloned().unwrap_or_default()))
                }
                Err(error) => tracing::warn!("the sh beacon cannot trace {pid}: {error}"),
            }
        }
        let mut events = Vec::new();
        self.traced.retain(|pid, user| {
            let (lines, runs) = watch.sources.command_lines(pid);
            for (command, arguments) in lines.iter().filter_map(|line| execve(line)) {
                let arguments = arguments.into_iter().map(Value::from);
                let mut event = map! { "args" => Value::list(arguments), "tag" => pid.as_str() };
                if let Some(command) = command {
                    event.insert("cmd".into(), command.into());
                }
                event.insert("user".into(), user.clone());
                events.push(event);
            }
            runs
        });
        Ok(Seen { events, again: Again::NextRound })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_strace_are_read() {
        let line = r#"[pid 7] execve("/bin/ls", ["ls", "-l"], 0x7ffe /* 20 vars */) = 0"#;
        assert_eq!(execve(line), Some((Some("/bin/ls"), vec!["ls", "-l"])));
        assert_eq!(execve("exited"), None);
    }
}
