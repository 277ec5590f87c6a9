//! `journald`: entries of systemd's journal, as they are written. Salt: `salt/beacons/journald.py`.

use halite_core::beacon::Again;
use halite_core::host::Read;
use halite_core::value::parse_json;
use halite_core::{Available, Beacon, BeaconModule, Error, Map, Result, Seen, Value, Watch};

use crate::support::beacon::flat;

/// The beacon.
pub static MODULE: BeaconModule = BeaconModule::new("journald", validate, |config| {
    Box::new(Journal { services: config.map("services") })
})
.available(available);

fn available(_grains: &Map, host: &dyn Read) -> Available {
    match host.which("journalctl") {
        Some(_) => Available::Yes,
        None => Available::No("journalctl is missing.".into()),
    }
}

fn validate(settings: &Value) -> Result<(), String> {
    let settings = flat("journald", settings)?;
    let services = settings.get("services").and_then(Value::as_map).cloned().unwrap_or_default();
    match services.values().all(|fields| matches!(fields, Value::Map(_))) {
        true => Ok(()),
        false => {
            Err("Services configuration for journald beacon must be a list of dictionaries.".into())
        }
    }
}

/// Fields that the systemd library gives as numbers.
const NUMBERS: &[&str] = &[
    "PRIORITY",
    "SYSLOG_FACILITY",
    "SYSLOG_PID",
    "_PID",
    "_UID",
    "_GID",
    "_AUDIT_LOGINUID",
    "_AUDIT_SESSION",
    "CODE_LINE",
    "ERRNO",
    "LEADER",
    "COREDUMP_PID",
    "COREDUMP_UID",
    "COREDUMP_GID",
    "COREDUMP_SIGNAL",
    "EXIT_STATUS",
    "INITRD_USEC",
    "KERNEL_USEC",
    "USERSPACE_USEC",
];

/// An entry of `journalctl -o json` as the systemd library gives it.
fn entry(line: &str) -> Option<Map> {
    let read = parse_json(line).ok()?;
    let fields = read.as_map()?;
    let typed = |(key, value): (&Value, &Value)| {
        let name = key.as_str().unwrap_or_default();
        let number = value.as_str().and_then(|text| text.parse::<i64>().ok());
        match number.filter(|_| NUMBERS.contains(&name)) {
            Some(number) => (key.clone(), number.into()),
            None => (key.clone(), value.clone()),
        }
    };
    Some(fields.iter().map(typed).collect())
}

/// Whether an entry has all the fields of a service.
fn matches(entry: &Map, fields: &Value) -> bool {
    let fields = fields.as_map().cloned().unwrap_or_default();
    fields.iter().all(|(key, value)| entry.get(key) == Some(value))
}

struct Journal {
    services: Map,
}

impl Beacon for Journal {
    fn look(&mut self, watch: &mut Watch<'_>) -> Result<Seen> {
        let command = ["journalctl", "--follow", "--lines=0", "--output=json", "--quiet"];
        let started = watch.sources.watch_command("journal", &command, false);
        started.map_err(|error| Error::file("start", "journalctl", error))?;
        let (lines, runs) = watch.sources.command_lines("journal");
        let mut events = Vec::new();
        for entry in lines.iter().filter_map(|line| entry(line)) {
            for (name, fields) in &self.services {
                if matches(&entry, fields) {
                    let mut event = entry.clone();
                    event.insert("tag".into(), name.clone());
                    events.push(event);
                }
            }
        }
        // It ends at once where there is no journal.
        Ok(Seen { events, again: if runs { Again::WhenWoken } else { Again::After(30_000) } })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use halite_core::map;

    #[test]
    fn entries_match_by_all_their_fields() {
        let line = r#"{"SYSLOG_IDENTIFIER":"sshd","PRIORITY":"6","MESSAGE":"hello","_PID":"7"}"#;
        let entry = entry(line).expect("is an entry");
        assert_eq!(entry.get("PRIORITY"), Some(&Value::Int(6)));
        let cases = [
            (map! { "SYSLOG_IDENTIFIER" => "sshd", "PRIORITY" => 6 }, true),
            (map! { "SYSLOG_IDENTIFIER" => "sshd", "PRIORITY" => 5 }, false),
            (map! { "UNIT" => "sshd" }, false),
            (map! {}, true),
        ];
        for (fields, want) in cases {
            assert_eq!(matches(&entry, &fields.clone().into()), want, "{fields:?}");
        }
    }
}
