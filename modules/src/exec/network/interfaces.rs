//! `network.interfaces` and other questions about this machine's addresses.
//! Salt: `salt/modules/network.py` behaviour.

use std::net::IpAddr;
use std::path::Path;

use halite_core::{Context, ExecModule, Map, Result, Value, function, map};

use super::shared::{Net, private};
use crate::grains::network::{Route, default_route4, default_route6};
use crate::support::interfaces::{addresses_of, interfaces as all_interfaces};

/// The module.
pub static MODULE: ExecModule = ExecModule::new(
    "network",
    &[
        &INTERFACES,
        &INTERFACE,
        &INTERFACE_IP,
        &IP_ADDRS,
        &IPADDRS,
        &IP_ADDRS6,
        &IPADDRS6,
        &SUBNETS,
        &SUBNETS6,
        &IN_SUBNET,
        &HWADDR,
        &HW_ADDR,
        &GET_HOSTNAME,
        &GET_FQDN,
        &IFACESTARTSWITH,
        &DEFAULT_ROUTE,
        &IP_NETWORKS,
    ],
);

/// Describes all network interfaces: whether they are up, hardware and IP addresses.
///
/// CLI Example:
///
/// ```text
/// salt '*' network.interfaces
/// ```
#[function]
fn interfaces() -> Map {
    all_interfaces()
}

/// Gives the IPv4 addresses of an interface, with their netmasks.
///
/// CLI Example:
///
/// ```text
/// salt '*' network.interface eth0
/// ```
#[function]
fn interface(iface: String) -> Value {
    match all_interfaces().get(iface.as_str()) {
        Some(data) => data.get("inet").cloned().unwrap_or_default(),
        None => unknown(&iface),
    }
}

fn unknown(iface: &str) -> Value {
    format!("Interface \"{iface}\" not in available interfaces: \"{}\"", {
        let names: Vec<String> = all_interfaces().keys().map(Value::to_string).collect();
        names.join("\", \"")
    })
    .into()
}

/// Gives the first IPv4 address of an interface.
///
/// CLI Example:
///
/// ```text
/// salt '*' network.interface_ip eth0
/// ```
#[function]
fn interface_ip(iface: String) -> Value {
    match all_interfaces().get(iface.as_str()) {
        Some(data) => {
            let first = data.get("inet").and_then(Value::as_list).and_then(<[Value]>::first);
            first.and_then(|entry| entry.get("address")).cloned().unwrap_or_else(|| "".into())
        }
        None => unknown(&iface),
    }
}

/// Addresses of one family, of an interface and within a network if these are given.
fn addresses(
    family: &str,
    interface: Option<&str>,
    loopback: bool,
    cidr: Option<&str>,
    kind: Option<&str>,
) -> Vec<String> {
    let all = all_interfaces();
    let mut found = addresses_of(&all, family, interface, loopback);
    if let Some(cidr) = cidr {
        let net = Net::parse(cidr);
        found.retain(|text| {
            let address = text.parse::<IpAddr>();
            matches!((&net, address), (Some(net), Ok(address)) if net.contains(address))
        });
    }
    match kind {
        Some("public") => found.retain(|text| !private(text)),
        Some("private") => found.retain(|text| private(text)),
        _ => {}
    }
    found
}

/// Lists the machine's IPv4 addresses, without the loopback's.
///
/// CLI Example:
///
/// ```text
/// salt '*' network.ip_addrs
/// salt '*' network.ip_addrs interface=eth0 cidr=10.0.0.0/8
/// ```
#[function]
fn ip_addrs(
    /// Of this interface only.
    #[default(None)]
    interface: Option<String>,
    #[default(false)] include_loopback: bool,
    /// Within this network only.
    #[default(None)]
    cidr: Option<String>,
    /// `public` or `private`.
    #[default(None)]
    type_: Option<String>,
) -> Vec<String> {
    addresses("inet", interface.as_deref(), include_loopback, cidr.as_deref(), type_.as_deref())
}

/// Lists the machine's IPv4 addresses. The same as `network.ip_addrs`.
///
/// CLI Example:
///
/// ```text
/// salt '*' network.ipaddrs
/// ```
#[function]
fn ipaddrs(
    #[default(None)] interface: Option<String>,
    #[default(false)] include_loopback: bool,
    #[default(None)] cidr: Option<String>,
    #[default(None)] type_: Option<String>,
) -> Vec<String> {
    ip_addrs(interface, include_loopback, cidr, type_)
}

/// Lists the machine's IPv6 addresses, without the loopback's.
///
/// CLI Example:
///
/// ```text
/// salt '*' network.ip_addrs6
/// ```
#[function]
fn ip_addrs6(
    #[default(None)] interface: Option<String>,
    #[default(false)] include_loopback: bool,
    #[default(None)] cidr: Option<String>,
) -> Vec<String> {
    addresses("inet6", interface.as_deref(), include_loopback, cidr.as_deref(), None)
}

/// Lists the machine's IPv6 addresses. The same as `network.ip_addrs6`.
///
/// CLI Example:
///
/// ```text
/// salt '*' network.ipaddrs6
/// ```
#[function]
fn ipaddrs6(
    #[default(None)] interface: Option<String>,
    #[default(false)] include_loopback: bool,
    #[default(None)] cidr: Option<String>,
) -> Vec<String> {
    ip_addrs6(interface, include_loopback, cidr)
}

/// Networks that the machine's addresses are in.
fn networks(family: &str, only: Option<&[String]>, loopback: bool) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for (name, data) in &all_interfaces() {
        if only.is_some_and(|only| !only.contains(&name.to_string())) {
            continue;
        }
        for entry in data.get(family).and_then(Value::as_list).unwrap_or_default() {
            let text = |key: &str| entry.get(key).map(Value::to_string).unwrap_or_default();
            let (Ok(address), mask) = (text("address").parse::<IpAddr>(), text("netmask")) else {
                continue;
            };
            let prefix = match mask.parse::<std::net::Ipv4Addr>() {
                Ok(mask) => u32::from(mask).count_ones(),
                Err(_) => text("prefixlen").parse().unwrap_or(128),
            };
            let net = Net::of(address, u8::try_from(prefix).unwrap_or(128)).to_string();
            let local = address.is_loopback() && !loopback;
            if !local && !found.contains(&net) {
                found.push(net);
            }
        }
    }
    found
}

/// Lists the IPv4 networks that the machine is in.
///
/// CLI Example:
///
/// ```text
/// salt '*' network.subnets
/// salt '*' network.subnets interfaces=eth1
/// ```
#[function]
fn subnets(#[default(None)] interfaces: Option<Vec<String>>) -> Vec<String> {
    networks("inet", interfaces.as_deref(), false)
}

/// Lists the IPv6 networks that the machine is in.
///
/// CLI Example:
///
/// ```text
/// salt '*' network.subnets6
/// ```
#[function]
fn subnets6() -> Vec<String> {
    networks("inet6", None, false)
}

/// Lists the IPv4 networks of interfaces.
///
/// CLI Example:
///
/// ```text
/// salt '*' network.ip_networks
/// salt '*' network.ip_networks interface=docker0
/// ```
#[function]
fn ip_networks(
    #[default(None)] interface: Option<String>,
    #[default(false)] include_loopback: bool,
    #[default(false)] _verbose: bool,
) -> Vec<String> {
    networks("inet", interface.map(|one| vec![one]).as_deref(), include_loopback)
}

/// Whether the machine has an address in a network.
///
/// CLI Example:
///
/// ```text
/// salt '*' network.in_subnet 10.0.0.0/16
/// ```
#[function]
fn in_subnet(cidr: String) -> bool {
    let Some(net) = Net::parse(&cidr) else {
        tracing::error!("Invalid CIDR '{cidr}'");
        return false;
    };
    let family = if net.is_v4() { "inet" } else { "inet6" };
    !addresses(family, None, true, Some(&cidr), None).is_empty()
}

/// Gives the hardware address of an interface; empty if it has none.
///
/// CLI Example:
///
/// ```text
/// salt '*' network.hw_addr eth0
/// ```
#[function]
fn hw_addr(iface: String) -> Value {
    match all_interfaces().get(iface.as_str()) {
        Some(data) => data.get("hwaddr").cloned().unwrap_or_else(|| "".into()),
        None => unknown(&iface),
    }
}

/// Gives the hardware address of an interface. The same as `network.hw_addr`.
///
/// CLI Example:
///
/// ```text
/// salt '*' network.hwaddr eth0
/// ```
#[function]
fn hwaddr(iface: String) -> Value {
    hw_addr(iface)
}

/// Gives the machine's host name.
///
/// CLI Example:
///
/// ```text
/// salt '*' network.get_hostname
/// ```
#[function]
fn get_hostname(cx: &Context<'_>) -> Result<String> {
    let bytes = cx.host.read(Path::new("/proc/sys/kernel/hostname"))?;
    Ok(String::from_utf8_lossy(&bytes).trim().to_owned())
}

/// Gives the machine's full name.
///
/// CLI Example:
///
/// ```text
/// salt '*' network.get_fqdn
/// ```
#[function]
fn get_fqdn(cx: &Context<'_>) -> Value {
    cx.grains.get("fqdn").cloned().unwrap_or_default()
}

/// Lists the interfaces that have an address which begins like this.
///
/// CLI Example:
///
/// ```text
/// salt '*' network.ifacestartswith 10.0
/// ```
#[function]
fn ifacestartswith(cidr: String) -> Vec<Value> {
    let mut found = Vec::new();
    for (name, data) in &all_interfaces() {
        let entries = data.get("inet").and_then(Value::as_list).unwrap_or_default();
        let starts = |entry: &Value| {
            entry.get("address").and_then(Value::as_str).is_some_and(|a| a.starts_with(&cidr))
        };
        if entries.iter().any(starts) {
            found.push(name.clone());
        }
    }
    found
}

/// Lists the default routes.
///
/// CLI Example:
///
/// ```text
/// salt '*' network.default_route
/// salt '*' network.default_route inet
/// ```
#[function]
fn default_route(
    cx: &Context<'_>,
    /// `inet` or `inet6`; both without it.
    #[default(None)]
    family: Option<String>,
) -> Vec<Map> {
    let read = |path: &str| {
        let bytes = cx.host.read(Path::new(path)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let mut routes = Vec::new();
    let mut add = |name: &str, target: &str, mask: &str, route: Option<Route>| {
        let wanted = family.as_ref().is_none_or(|family| family == name);
        if let (Some(route), true) = (route, wanted) {
            let flags = if route.gateway.is_some() { "UG" } else { "U" };
            let gateway = route.gateway.map_or_else(|| target.to_owned(), |ip| ip.to_string());
            routes.push(map! {
                "addr_family" => name, "destination" => target, "gateway" => gateway,
                "netmask" => mask, "flags" => flags, "interface" => route.interface,
            });
        }
    };
    add("inet", "0.0.0.0", "0.0.0.0", default_route4(&read("/proc/net/route")));
    add("inet6", "::/0", "", default_route6(&read("/proc/net/ipv6_route")));
    routes
}
