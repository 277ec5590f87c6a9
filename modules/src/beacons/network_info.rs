//! `network_info`: counters of network interfaces at or beyond a figure. Salt:
//! `salt/beacons/network_info.py`.

use halite_core::{Beacon, BeaconModule, Map, Result, Seen, Value, Watch, map};

use crate::support::beacon::{flat, text};

/// The beacon.
pub static MODULE: BeaconModule = BeaconModule::new("network_info", validate, |config| {
    Box::new(NetworkInfo { interfaces: config.map("interfaces") })
});

/// Counters, and their column in `/proc/net/dev`.
const COUNTERS: &[(&str, usize)] = &[
    ("bytes_sent", 8),
    ("bytes_recv", 0),
    ("packets_sent", 9),
    ("packets_recv", 1),
    ("errin", 2),
    ("errout", 10),
    ("dropin", 3),
    ("dropout", 11),
];

fn validate(settings: &Value) -> Result<(), String> {
    let settings = flat("network_info", settings)?;
    let interfaces = settings.get("interfaces").and_then(Value::as_map).cloned();
    for item in interfaces.unwrap_or_default().values() {
        let Some(item) = item.as_map() else {
            return Err(
                "Configuration for network_info beacon must be a list of dictionaries.".into()
            );
        };
        let known = |key: &Value| {
            key.as_str() == Some("type")
                || COUNTERS.iter().any(|(name, _)| key.as_str() == Some(name))
        };
        if !item.keys().any(known) {
            return Err("Invalid configuration item in Beacon configuration.".into());
        }
    }
    Ok(())
}

struct NetworkInfo {
    interfaces: Map,
}

/// The counters of one interface.
fn counters(table: &str, interface: &str) -> Option<Vec<(&'static str, i64)>> {
    let line =
        table.lines().find_map(|line| line.trim().strip_prefix(interface)?.strip_prefix(':'))?;
    let figures: Vec<i64> = line.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    let all = COUNTERS.iter().map(|(name, column)| Some((*name, *figures.get(*column)?)));
    all.collect()
}

/// Whether one of the counters is what is waited for.
fn hit(counters: &[(&'static str, i64)], wanted: &Value) -> bool {
    let greater = wanted.get("type").and_then(Value::as_str) == Some("greater");
    counters.iter().any(|(name, figure)| {
        let limit = wanted.get(name);
        let limit = limit.and_then(|n| n.as_i64().or_else(|| n.to_string().trim().parse().ok()));
        limit.is_some_and(|limit| if greater { *figure > limit } else { *figure == limit })
    })
}

impl Beacon for NetworkInfo {
    fn look(&mut self, watch: &mut Watch<'_>) -> Result<Seen> {
        let read = watch.round.once("net/dev", || text(watch.apply, "/proc/net/dev").into());
        let mut events = Vec::new();
        for (interface, wanted) in &self.interfaces {
            let name = interface.to_string();
            let Some(found) = counters(read.as_str().unwrap_or_default(), &name) else { continue };
            if hit(&found, wanted) {
                let info: Map =
                    found.iter().map(|(name, n)| ((*name).into(), (*n).into())).collect();
                events.push(map! { "interface" => name, "network_info" => info });
            }
        }
        Ok(Seen::polled(events))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_compared() {
        let table =
            "Inter-|   Receive\n face |bytes\n    lo: 100 2 0 0 0 0 0 0 200 3 0 0 0 0 0 0\n";
        let found = counters(table, "lo").expect("is there");
        assert_eq!(found[0], ("bytes_sent", 200));
        assert_eq!(found[1], ("bytes_recv", 100));
        let cases = [
            (map! { "type" => "greater", "bytes_sent" => 199 }, true),
            (map! { "type" => "greater", "bytes_sent" => 200 }, false),
            (map! { "type" => "equal", "bytes_sent" => 200 }, true),
            (map! { "bytes_sent" => "200" }, true),
            (map! { "errin" => 1 }, false),
        ];
        for (wanted, want) in cases {
            assert_eq!(hit(&found, &wanted.clone().into()), want, "{wanted:?}");
        }
        assert_eq!(counters(table, "eth0"), None);
    }
}
