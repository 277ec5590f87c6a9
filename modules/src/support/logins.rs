//! The kernel's records of logins (`utmp(5)`) for the beacons `btmp` and `wtmp`.

use std::path::Path;

use halite_core::{Args, Beacon, BeaconConfig, Error, Map, Result, Seen, Value, Watch, dates, map};
use jiff::civil::DateTime;

use super::beacon::{Tail, flat};

/// Size of a record on Linux, in bytes.
const RECORD_BYTES: usize = 384;
/// Most records that one look takes.
const RECORDS: usize = 4096;

/// Checks settings, in Salt's words.
///
/// # Errors
/// What is wrong with them.
pub fn validate(beacon: &str, settings: &Value) -> Result<(), String> {
    let settings = flat(beacon, settings)?;
    for (key, title) in [("users", "User"), ("groups", "Group")] {
        let Some(value) = settings.get(key) else { continue };
        let Some(all) = value.as_map() else {
            return Err(format!("{title} configuration for {beacon} beacon must be a dictionary."));
        };
        all.values().try_for_each(|options| check_range(beacon, options.get("time_range")))?;
    }
    match settings.get("defaults") {
        None => Ok(()),
        Some(Value::Map(defaults)) => check_range(beacon, defaults.get("time_range")),
        Some(_) => Err(format!("Defaults configuration for {beacon} beacon must be a dictionary.")),
    }
}

fn check_range(beacon: &str, range: Option<&Value>) -> Result<(), String> {
    let Some(range) = range.filter(|range| range.truthy()) else { return Ok(()) };
    let has = |end: &str| range.as_map().is_some_and(|ends| ends.contains_key(end));
    match has("start") && has("end") {
        true => Ok(()),
        // Also where it is no dictionary: Salt's later check replaces what its first one says.
        false => Err(format!(
            "The time_range parameter for {beacon} beacon must contain start & end options."
        )),
    }
}

/// One record, with Salt's names for its fields. They are off by one from `addr` on: Salt takes one
/// field too few for the exit status, and readers of its events know them so.
pub fn record(bytes: &[u8]) -> Option<Map> {
    let short =
        |at: usize| Some(i64::from(i16::from_ne_bytes(bytes.get(at..at + 2)?.try_into().ok()?)));
    let int =
        |at: usize| Some(i64::from(i32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?)));
    let text = |at: usize, len: usize| {
        let text = String::from_utf8_lossy(bytes.get(at..at + len)?).into_owned();
        Some(text.trim_matches('\0').to_owned())
    };
    Some(map! {
        "type" => short(0)?, "PID" => int(4)?, "line" => text(8, 32)?, "inittab" => text(40, 4)?,
        "user" => text(44, 32)?, "hostname" => text(76, 256)?, "exit_status" => short(332)?,
        "session" => short(334)?, "time" => int(336)?, "addr" => int(340)?,
    })
}

/// A file of records that is watched.
pub struct Logins {
    file: &'static str,
    tail: Tail,
    users: Map,
    groups: Map,
    defaults: Option<Value>,
    /// Types of login and logout, for `wtmp`; and who is at which line.
    actions: Option<(i64, i64, Map)>,
}

impl Logins {
    /// Watches `file`; with `actions`, records say whether they are a login or a logout.
    pub fn new(file: &'static str, config: &BeaconConfig, actions: bool) -> Logins {
        let kind = |key: &str, usual: i64| {
            let types = config.get("ut_type");
            types.and_then(|types| types.get(key)?.as_i64()).unwrap_or(usual)
        };
        Logins {
            file,
            tail: Tail::default(),
            users: config.map("users"),
            groups: config.map("groups"),
            defaults: config
                .get("defaults")
                .and_then(|defaults| defaults.get("time_range"))
                .cloned(),
            actions: actions.then(|| (kind("login", 7), kind("logout", 8), Map::new())),
        }
    }

    /// The users that are asked for, those of groups included.
    fn wanted(&self, watch: &Watch<'_>) -> Map {
        let mut users = self.users.clone();
        for (group, options) in &self.groups {
            let args = Args { positional: vec![group.clone()], named: Map::new() };
            let info: Result<Map> = watch.apply.call("group.info", args);
            let members = info.ok().and_then(|info| info.get("members").cloned());
            let Some(Value::List(members)) = members else {
                tracing::warn!("Group {group} does not exist, ignoring.");
                continue;
            };
            for member in members.iter() {
                users.entry(member.clone()).or_insert_with(|| options.clone());
            }
        }
        users
    }

    fn note_action(&mut self, event: &mut Map) {
        let Some((login, logout, lines)) = &mut self.actions else { return };
        let kind = event.get("type").and_then(Value::as_i64);
        let line = event.get("line").cloned().unwrap_or_default();
        if kind == Some(*login) {
            event.insert("action".into(), "login".into());
            lines.insert(line, event.get("user").cloned().unwrap_or_default());
        } else if kind == Some(*logout) {
            event.insert("action".into(), "logout".into());
            if let Some(user) = lines.shift_remove(&line) {
                event.insert("user".into(), user);
            }
        }
    }

    /// Whether an event is asked for at this time.
    fn wants(&self, event: &Map, users: &Map, now: DateTime) -> bool {
        let range = if users.is_empty() {
            self.defaults.clone()
        } else {
            let user = event.get("user").cloned().unwrap_or_default();
            let Some(options) = users.get(&user) else { return false };
            options.get("time_range").cloned().or_else(|| self.defaults.clone())
        };
        let Some(range) = range.filter(|range| range.truthy()) else { return true };
        let end = |key: &str| dates::parse(&range.get(key)?.to_string(), now);
        matches!((end("start"), end("end")), (Some(start), Some(end)) if start <= now && now <= end)
    }
}

impl Beacon for Logins {
    fn look(&mut self, watch: &mut Watch<'_>) -> Result<Seen> {
        let path = Path::new(self.file);
        let added = self.tail.read(watch, path, RECORD_BYTES * RECORDS);
        let added = added.map_err(|error| Error::file("read", path, error))?;
        self.tail.put_back(added.len() % RECORD_BYTES);
        let users = self.wanted(watch);
        let moment =
            jiff::Timestamp::from_microsecond((watch.now * 1e6) as i64).unwrap_or_default();
        let now = moment.to_zoned(jiff::tz::TimeZone::system()).datetime();
        let mut events = Vec::new();
        for mut event in added.chunks_exact(RECORD_BYTES).filter_map(record) {
            self.note_action(&mut event);
            if self.wants(&event, &users, now) {
                events.push(event);
            }
        }
        Ok(Seen { events, again: self.tail.again() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_have_salts_fields() {
        let mut bytes = vec![0u8; RECORD_BYTES];
        bytes[0] = 7;
        bytes[4..8].copy_from_slice(&1234i32.to_ne_bytes());
        bytes[8..13].copy_from_slice(b"pts/0");
        bytes[44..48].copy_from_slice(b"root");
        bytes[76..84].copy_from_slice(b"10.0.0.1");
        bytes[340..344].copy_from_slice(&1_700_000_000i32.to_ne_bytes());
        let want = "{'type': 7, 'PID': 1234, 'line': 'pts/0', 'inittab': '', 'user': 'root', \
                    'hostname': '10.0.0.1', 'exit_status': 0, 'session': 0, 'time': 0, \
                    'addr': 1700000000}";
        assert_eq!(record(&bytes).map(|map| Value::from(map).repr()).as_deref(), Some(want));
        assert_eq!(record(&bytes[..100]), None);
    }

    /// Records that Salt 3006.17 read from its own `/var/log/wtmp`, and what it told.
    #[test]
    fn logins_and_logouts_are_told_as_salt_tells_them() {
        let record = |kind: i16, pid: i32, line: &str, user: &str, host: &str, seconds: i32| {
            let mut bytes = vec![0u8; RECORD_BYTES];
            let mut put = |at: usize, what: &[u8]| bytes[at..at + what.len()].copy_from_slice(what);
            put(0, &kind.to_ne_bytes());
            put(4, &pid.to_ne_bytes());
            put(8, line.as_bytes());
            put(40, b"ts/0");
            put(44, user.as_bytes());
            put(76, host.as_bytes());
            put(332, &3i16.to_ne_bytes());
            put(334, &4i16.to_ne_bytes());
            put(336, &7i32.to_ne_bytes());
            put(340, &seconds.to_ne_bytes());
            super::record(&bytes).expect("is a record")
        };
        let mut logins = Logins::new("/x", &BeaconConfig::default(), true);
        let mut told = Vec::new();
        for mut event in [
            record(7, 4242, "pts/7", "ada", "10.0.0.9", 1_700_000_000),
            record(8, 4242, "pts/7", "", "", 1_700_000_100),
            record(2, 0, "~", "reboot", "6.1", 1_700_000_200),
        ] {
            logins.note_action(&mut event);
            told.push(Value::from(event).repr());
        }
        let want = [
            "{'type': 7, 'PID': 4242, 'line': 'pts/7', 'inittab': 'ts/0', 'user': 'ada', 'hostname': '10.0.0.9', \
             'exit_status': 3, 'session': 4, 'time': 7, 'addr': 1700000000, 'action': 'login'}",
            "{'type': 8, 'PID': 4242, 'line': 'pts/7', 'inittab': 'ts/0', 'user': 'ada', 'hostname': '', \
             'exit_status': 3, 'session': 4, 'time': 7, 'addr': 1700000100, 'action': 'logout'}",
            "{'type': 2, 'PID': 0, 'line': '~', 'inittab': 'ts/0', 'user': 'reboot', 'hostname': '6.1', \
             'exit_status': 3, 'session': 4, 'time': 7, 'addr': 1700000200}",
        ];
        assert_eq!(told, want);
    }

    #[test]
    fn users_and_times_are_kept_apart() {
        let range = map! { "start" => "8am", "end" => "4pm" };
        let users = map! { "ada" => Map::new(), "bob" => map! { "time_range" => range.clone() } };
        let settings = Value::list([map! { "users" => users.clone() }.into()]);
        let logins = Logins::new("/x", &BeaconConfig::new("btmp", &settings), false);
        let noon = "2026-11-27T12:00:00".parse().expect("is a time");
        let night = "2026-11-27T23:00:00".parse().expect("is a time");
        let cases = [
            ("ada", night, true),
            ("bob", noon, true),
            ("bob", night, false),
            ("eve", noon, false),
        ];
        for (user, now, want) in cases {
            assert_eq!(logins.wants(&map! { "user" => user }, &users, now), want, "{user} {now}");
        }
    }
}
