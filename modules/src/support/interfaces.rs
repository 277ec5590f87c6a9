//! Network interfaces in the shape of `network.interfaces`. Salt: `salt.utils.network.interfaces`.

use std::net::IpAddr;

use halite_core::{Map, Value, map};

use super::netlink::{self, Address, Link};

/// `{name: {up, hwaddr, inet: [..], inet6: [..], secondary: [..]}}`; empty if the kernel cannot be
/// asked.
pub fn interfaces() -> Map {
    let links = netlink::links().unwrap_or_default();
    let addresses = netlink::addresses().unwrap_or_default();
    let mut all = Map::new();
    for link in &links {
        let own = addresses.iter().filter(|address| address.index == link.index);
        all.insert(Value::str(&link.name), interface(link, &links, own).into());
    }
    all
}

fn interface<'a>(link: &Link, links: &[Link], own: impl Iterator<Item = &'a Address>) -> Map {
    let mut data = map! { "up" => link.up };
    if let Some(parent) = link.parent.and_then(|index| links.iter().find(|l| l.index == index)) {
        data.insert("parent".into(), Value::str(&parent.name));
    }
    if let Some(hwaddr) = &link.hwaddr {
        data.insert("hwaddr".into(), Value::str(hwaddr));
    }
    let (mut inet, mut inet6, mut secondary) = (Vec::new(), Vec::new(), Vec::new());
    for item in own {
        match (item.address, item.secondary) {
            (IpAddr::V4(_), false) => inet.push(inet_of(item)),
            (IpAddr::V4(_), true) => {
                let mut entry = map! { "type" => "inet" };
                entry.extend(inet_of(item));
                secondary.push(entry);
            }
            (IpAddr::V6(_), _) => inet6.push(map! {
                "address" => item.address.to_string(),
                "prefixlen" => item.prefix.to_string(),
                "scope" => item.scope,
            }),
        }
    }
    for (key, list) in [("inet", inet), ("inet6", inet6), ("secondary", secondary)] {
        if !list.is_empty() {
            data.insert(key.into(), list.into());
        }
    }
    data
}

fn inet_of(item: &Address) -> Map {
    map! {
        "address" => item.address.to_string(),
        "netmask" => netlink::netmask(item.prefix).to_string(),
        "broadcast" => item.broadcast.map(|address| address.to_string()),
        "label" => item.label.clone(),
    }
}

/// All addresses of `family` (`inet` or `inet6`) in [`interfaces`]' shape, as text, sorted by number and each once.
pub fn addresses_of(
    all: &Map,
    family: &str,
    interface: Option<&str>,
    loopback: bool,
) -> Vec<String> {
    let mut found: Vec<IpAddr> = Vec::new();
    for (name, data) in all {
        if interface.is_some_and(|wanted| name.as_str() != Some(wanted)) {
            continue;
        }
        let lists = [data.get(family), data.get("secondary")];
        for entry in lists.into_iter().flatten().filter_map(Value::as_list).flatten() {
            let of_kind = entry.get("type").is_none_or(|kind| kind.as_str() == Some(family));
            let address = entry.get("address").and_then(Value::as_str).and_then(|a| a.parse().ok());
            if let (true, Some(address)) = (of_kind, address) {
                let address: IpAddr = address;
                if (loopback || !address.is_loopback()) && !found.contains(&address) {
                    found.push(address);
                }
            }
        }
    }
    found.sort();
    found.iter().map(ToString::to_string).collect()
}

/// Addresses of each interface: the families asked for, secondary ones last.
pub fn by_interface(all: &Map, families: &[&str]) -> Map {
    let mut out = Map::new();
    for (name, data) in all {
        let mut list: Vec<Value> = Vec::new();
        for family in families.iter().copied().chain(["secondary"]) {
            for entry in data.get(family).and_then(Value::as_list).unwrap_or_default() {
                let kind = entry.get("type").and_then(Value::as_str);
                if kind.is_none_or(|kind| families.contains(&kind)) {
                    list.extend(entry.get("address").cloned());
                }
            }
        }
        out.insert(name.clone(), list.into());
    }
    out
}
