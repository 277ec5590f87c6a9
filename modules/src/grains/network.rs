//! Interfaces, addresses, gateways, name servers. Salt: `ip_interfaces`, `ip_fqdn`,
//! `default_gateway`, `dns` of `salt/grains/core.py`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use halite_core::{Map, Value, map};

use crate::gather::{GrainModule, Look};
use crate::support::interfaces::{addresses_of, by_interface, interfaces};

/// The family.
pub static MODULE: GrainModule = GrainModule { name: "network", collect };

fn collect(look: &Look<'_>) -> Map {
    let all = interfaces();
    let mut hwaddrs = Map::new();
    for (name, data) in &all {
        if let Some(hwaddr) = data.get("hwaddr") {
            hwaddrs.insert(name.clone(), hwaddr.clone());
        }
    }
    let mut grains = map! {
        "ip_interfaces" => by_interface(&all, &["inet", "inet6"]),
        "ip4_interfaces" => by_interface(&all, &["inet"]),
        "ip6_interfaces" => by_interface(&all, &["inet6"]),
        "hwaddr_interfaces" => hwaddrs,
        "ipv4" => addresses_of(&all, "inet", None, true),
        "ipv6" => addresses_of(&all, "inet6", None, true),
    };
    grains.extend(gateways(look));
    grains.extend(dns(look));
    grains
}

/// `ip4_gw`, `ip6_gw`: the first default route's gateway, `True` without one, `False` without route.
fn gateways(look: &Look<'_>) -> Map {
    let v4 = look.text("/proc/net/route").and_then(|text| default_route4(&text));
    let v6 = look.text("/proc/net/ipv6_route").and_then(|text| default_route6(&text));
    let shown = |route: &Option<Route>| match route.as_ref().map(|route| route.gateway) {
        None => Value::Bool(false),
        Some(None) => Value::Bool(true),
        Some(Some(address)) => Value::from(address.to_string()),
    };
    map! {
        "ip_gw" => v4.is_some() || v6.is_some(),
        "ip4_gw" => shown(&v4),
        "ip6_gw" => shown(&v6),
    }
}

/// A default route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    /// Where packets go next; none on a link to a single peer.
    pub(crate) gateway: Option<IpAddr>,
    /// The interface's name.
    pub(crate) interface: String,
}

/// The default route with the lowest metric.
pub(crate) fn default_route4(text: &str) -> Option<Route> {
    let mut best: Option<(u64, Route)> = None;
    for line in text.lines().skip(1) {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [device, target, gateway, flags, _, _, metric, mask, ..] = fields[..] else { continue };
        let up = u32::from_str_radix(flags, 16).is_ok_and(|flags| flags & 1 != 0);
        if target != "00000000" || mask != "00000000" || !up {
            continue;
        }
        let metric = metric.parse().unwrap_or(0);
        let address = u32::from_str_radix(gateway, 16).ok().filter(|gateway| *gateway != 0);
        let address = address.map(|word| IpAddr::from(Ipv4Addr::from(word.to_ne_bytes())));
        if best.as_ref().is_none_or(|(known, _)| metric < *known) {
            best = Some((metric, Route { gateway: address, interface: device.into() }));
        }
    }
    best.map(|(_, route)| route)
}

/// The same for IPv6; routes of the loopback (unreachable defaults) do not count.
pub(crate) fn default_route6(text: &str) -> Option<Route> {
    let mut best: Option<(u64, Route)> = None;
    for line in text.lines() {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [target, length, _, _, via, metric, _, _, _, device] = fields[..] else { continue };
        if length != "00" || device == "lo" || target.bytes().any(|byte| byte != b'0') {
            continue;
        }
        let metric = u64::from_str_radix(metric, 16).unwrap_or(0);
        let via = u128::from_str_radix(via, 16).ok().filter(|via| *via != 0);
        let via = via.map(|word| IpAddr::from(Ipv6Addr::from(word)));
        if best.as_ref().is_none_or(|(known, _)| metric < *known) {
            best = Some((metric, Route { gateway: via, interface: device.into() }));
        }
    }
    best.map(|(_, route)| route)
}

fn dns(look: &Look<'_>) -> Map {
    let stub = "/run/systemd/resolve/resolv.conf";
    let text = look.text(stub).or_else(|| look.text("/etc/resolv.conf"));
    text.map(|text| map! { "dns" => parse_resolv(&text) }).unwrap_or_default()
}

/// Salt: `salt.utils.dns.parse_resolv` behaviour.
fn parse_resolv(text: &str) -> Map {
    let (mut servers, mut v4, mut v6) = (Vec::new(), Vec::new(), Vec::new());
    let (mut search, mut sortlist, mut options) = (Vec::new(), Vec::new(), Vec::new());
    let mut domain = String::new();
    for line in text.lines() {
        let mut words = line.split_whitespace();
        let Some(directive) = words.next() else { continue };
        let args: Vec<String> =
            words.take_while(|word| !word.starts_with(['#', ';'])).map(str::to_owned).collect();
        let Some(first) = args.first().cloned() else { continue };
        match directive.to_ascii_lowercase().as_str() {
            "nameserver" => {
                let Ok(address) = first.parse::<IpAddr>() else { continue };
                let shown = address.to_string();
                if !servers.contains(&shown) {
                    if address.is_ipv4() { &mut v4 } else { &mut v6 }.push(shown.clone());
                    servers.push(shown);
                }
            }
            "domain" => domain = first,
            "search" => search = args,
            "sortlist" => sortlist = args,
            "options" if !options.contains(&first) => options.push(first),
            _ => {}
        }
    }
    map! {
        "nameservers" => servers, "ip4_nameservers" => v4, "ip6_nameservers" => v6,
        "sortlist" => sortlist, "domain" => domain, "search" => search, "options" => options,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_routes() {
        let text = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n\
                    eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n";
        let want = u32::from_ne_bytes([192, 0, 2, 1]);
        let text = text.replace("010200C0", &format!("{want:08X}"));
        let gateway = |route: Option<Route>| route.and_then(|route| route.gateway);
        assert_eq!(gateway(default_route4(&text)), Some(IpAddr::from([192, 0, 2, 1])));
        assert_eq!(default_route4(""), None);
        let text = "00000000000000000000000000000000 00 00000000000000000000000000000000 00 \
                    fd000000000000000000000000000001 00000400 00000001 00000000 00000003 eth0\n\
                    00000000000000000000000000000000 00 00000000000000000000000000000000 00 \
                    00000000000000000000000000000000 ffffffff 00000001 00000000 00200200 lo\n";
        let want: IpAddr = "fd00::1".parse().expect("is an address");
        assert_eq!(gateway(default_route6(text)), Some(want));
    }

    #[test]
    fn resolv_conf() {
        let got = parse_resolv(
            "# x\nnameserver 10.0.0.1\nnameserver fd00::1 # y\nnameserver 10.0.0.1\n\
                                search a.example b.example\noptions ndots:2\n",
        );
        assert_eq!(
            Value::from(got).repr(),
            "{'nameservers': ['10.0.0.1', 'fd00::1'], 'ip4_nameservers': ['10.0.0.1'], \
             'ip6_nameservers': ['fd00::1'], 'sortlist': [], 'domain': '', \
             'search': ['a.example', 'b.example'], 'options': ['ndots:2']}"
        );
    }
}
