//! `network_settings`: interfaces whose settings change. Salt: `salt/beacons/network_settings.py`; here the
//! kernel's news of links and addresses wake it.

use std::collections::BTreeMap;

use halite_core::beacon::Again;
use halite_core::{Beacon, BeaconConfig, BeaconModule, Map, Result, Seen, Value, Watch, map, pyre};

use crate::support::beacon::{flat, text};
use crate::support::netlink;

/// The beacon.
pub static MODULE: BeaconModule = BeaconModule::new("network_settings", validate, |config| {
    Box::new(NetworkSettings::new(config))
});

/// What Salt knows of an interface.
const ATTRIBUTES: &[&str] = &[
    "family",
    "txqlen",
    "ipdb_scope",
    "index",
    "operstate",
    "group",
    "carrier_changes",
    "ipaddr",
    "neighbours",
    "ifname",
    "promiscuity",
    "linkmode",
    "broadcast",
    "address",
    "num_tx_queues",
    "ipdb_priority",
    "kind",
    "qdisc",
    "mtu",
    "num_rx_queues",
    "carrier",
    "flags",
    "ifi_type",
    "ports",
];
/// Attributes and the files of `/sys/class/net/NAME` that hold them.
const FILES: &[(&str, &str)] = &[
    ("txqlen", "tx_queue_len"),
    ("index", "ifindex"),
    ("operstate", "operstate"),
    ("group", "netdev_group"),
    ("carrier_changes", "carrier_changes"),
    ("linkmode", "link_mode"),
    ("broadcast", "broadcast"),
    ("address", "address"),
    ("mtu", "mtu"),
    ("carrier", "carrier"),
    ("flags", "flags"),
    ("ifi_type", "type"),
];
/// `IFF_PROMISC`.
const PROMISCUOUS: i64 = 0x100;

fn validate(settings: &Value) -> Result<(), String> {
    let settings = flat("network_settings", settings)?;
    let interfaces = match settings.get("interfaces") {
        Some(Value::Map(interfaces)) => (**interfaces).clone(),
        None => Map::new(),
        Some(_) => {
            let what = "interfaces section for network_settings beacon must be a dictionary.";
            return Err(what.into());
        }
    };
    for attributes in interfaces.values() {
        let Some(attributes) = attributes.as_map() else {
            return Err(
                "Interface attributes for network_settings beacon must be a dictionary.".into()
            );
        };
        let known = |key: &Value| ATTRIBUTES.iter().any(|name| key.as_str() == Some(name));
        if !attributes.keys().all(known) {
            return Err("Invalid attributes in beacon configuration.".into());
        }
    }
    Ok(())
}

type Interfaces = BTreeMap<String, Map>;

struct NetworkSettings {
    wanted: Map,
    coalesce: bool,
    last: Option<Interfaces>,
    watches: bool,
}

/// A file's value: a number, a hexadecimal number, or text.
fn value(name: &str, raw: &str) -> Value {
    let raw = raw.trim();
    let hex = raw.strip_prefix("0x").and_then(|digits| i64::from_str_radix(digits, 16).ok());
    match hex.or_else(|| raw.parse().ok()) {
        Some(number) => number.into(),
        None if name == "operstate" => raw.to_uppercase().into(),
        None => raw.into(),
    }
}

/// The interfaces as they are now.
fn interfaces(watch: &Watch<'_>) -> Result<Interfaces> {
    let fail = |error| halite_core::Error::file("ask for", "addresses", error);
    let addresses = netlink::addresses().map_err(fail)?;
    let mut found = Interfaces::new();
    for link in netlink::links().map_err(fail)? {
        let mut attributes = map! { "ifname" => link.name.as_str(), "family" => 0 };
        for (attribute, file) in FILES {
            let raw = text(watch.apply, &format!("/sys/class/net/{}/{file}", link.name));
            if !raw.trim().is_empty() {
                attributes.insert((*attribute).into(), value(attribute, &raw));
            }
        }
        let flags = attributes.get("flags").and_then(Value::as_i64).unwrap_or(0);
        attributes.insert("promiscuity".into(), i64::from(flags & PROMISCUOUS != 0).into());
        let own = addresses.iter().filter(|address| address.index == link.index);
        let own =
            own.map(|a| Value::list([a.address.to_string().into(), i64::from(a.prefix).into()]));
        attributes.insert("ipaddr".into(), Value::list(own));
        found.insert(link.name, attributes);
    }
    Ok(found)
}

impl NetworkSettings {
    fn new(config: &BeaconConfig) -> NetworkSettings {
        NetworkSettings {
            wanted: config.map("interfaces"),
            coalesce: config.get("coalesce").is_some_and(Value::truthy),
            last: None,
            watches: false,
        }
    }

    /// What an interface is looked at for: by its name, or by a pattern that fits.
    fn wanted_of(&self, name: &str) -> Option<&Map> {
        let fits = |key: &Value| {
            let regex = pyre::compile(&key.to_string(), pyre::Flags::default());
            regex.is_ok_and(|regex| regex.is_match(name).unwrap_or(false))
        };
        let found = self.wanted.get(name).or_else(|| {
            self.wanted.iter().find(|(key, _)| fits(key)).map(|(_, attributes)| attributes)
        });
        found.and_then(Value::as_map)
    }

    /// The changes since the last look, by interface.
    fn changes(&mut self, now: Interfaces) -> Vec<(String, Map)> {
        let Some(last) = self.last.replace(now) else { return Vec::new() };
        let mut changes = Vec::new();
        for (name, attributes) in self.last.iter().flatten() {
            let Some(wanted) = self.wanted_of(name) else { continue };
            let before = last.get(name).cloned().unwrap_or_default();
            let mut changed = Map::new();
            for (attribute, options) in wanted {
                let new = attributes.get(attribute);
                let Some(new) = new.filter(|new| before.get(attribute) != Some(new)) else {
                    continue;
                };
                let onvalue = options.get("onvalue").filter(|value| value.truthy());
                if onvalue.is_none_or(|value| value == new) {
                    changed.insert(attribute.clone(), new.clone());
                }
            }
            if !changed.is_empty() {
                changes.push((name.clone(), changed));
            }
        }
        changes
    }
}

impl Beacon for NetworkSettings {
    fn look(&mut self, watch: &mut Watch<'_>) -> Result<Seen> {
        if !self.watches {
            self.watches = watch.sources.watch_network().is_ok();
        }
        let changes = self.changes(interfaces(watch)?);
        let events = if self.coalesce && !changes.is_empty() {
            let changes = changes.into_iter().map(|(name, change)| (name, Value::from(change)));
            vec![map! { "tag" => "result", "changes" => Value::map(changes) }]
        } else {
            let event = |(name, change): (String, Map)| {
                map! { "tag" => name.as_str(), "interface" => name, "change" => change }
            };
            changes.into_iter().map(event).collect()
        };
        Ok(Seen { events, again: if self.watches { Again::WhenWoken } else { Again::NextRound } })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_of_what_is_asked_for_are_told() {
        let wanted = map! {
            "eth*" => map! { "mtu" => (), "promiscuity" => map! { "onvalue" => 1 } },
        };
        let settings = Value::list([map! { "interfaces" => wanted }.into()]);
        assert_eq!(validate(&settings), Ok(()));
        let mut beacon = NetworkSettings::new(&BeaconConfig::new("n", &settings));
        let state = |mtu: i64, promiscuity: i64| {
            let attributes = map! { "mtu" => mtu, "promiscuity" => promiscuity, "flags" => mtu };
            Interfaces::from([
                ("eth0".to_owned(), attributes.clone()),
                ("lo".to_owned(), attributes),
            ])
        };
        let mut told = |now: Interfaces| {
            let changes = beacon.changes(now);
            changes
                .into_iter()
                .map(|(n, c)| format!("{n} {}", Value::from(c).repr()))
                .collect::<Vec<_>>()
        };
        assert_eq!(told(state(1500, 0)), [""; 0], "the first look only learns");
        assert_eq!(told(state(1500, 0)), [""; 0]);
        assert_eq!(told(state(9000, 0)), ["eth0 {'mtu': 9000}"]);
        assert_eq!(told(state(9000, 1)), ["eth0 {'promiscuity': 1}"]);
        assert_eq!(told(state(9000, 0)), [""; 0], "only on the value");
    }
}
