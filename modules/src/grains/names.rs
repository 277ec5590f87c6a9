//! The machine's names: `host`, `fqdn`, `domain`, `localhost`, `fqdn_ip4`, `fqdns`.

use std::net::{IpAddr, ToSocketAddrs};
use std::sync::mpsc;
use std::time::Duration;

use halite_core::{Map, Value, map};

use crate::gather::{GrainModule, Look};

/// The family.
pub static MODULE: GrainModule = GrainModule { name: "names", collect };

/// How long the resolver may take over a name that `/etc/hosts` does not have. Salt waits as long
/// as the resolver likes, which with a dead name server is most of a minute.
const RESOLVE_MAX: Duration = Duration::from_millis(500);

fn collect(look: &Look<'_>) -> Map {
    let name = look.line("/proc/sys/kernel/hostname").unwrap_or_else(|| "localhost".into());
    let hosts = parse_hosts(&look.text("/etc/hosts").unwrap_or_default());
    let fqdn = canonical(&hosts, &name).unwrap_or_else(|| name.clone());
    let (host, domain) = fqdn.split_once('.').unwrap_or((&fqdn, ""));
    let mut addresses: Vec<IpAddr> = hosts
        .iter()
        .filter(|(_, names)| names.iter().any(|known| known.eq_ignore_ascii_case(&fqdn)))
        .map(|(address, _)| *address)
        .collect();
    if addresses.is_empty() {
        addresses = resolve(&fqdn);
    }
    let of = |v4: bool| {
        let mut seen: Vec<Value> = Vec::new();
        for address in addresses.iter().filter(|address| address.is_ipv4() == v4) {
            let shown = Value::from(address.to_string());
            if !seen.contains(&shown) {
                seen.push(shown);
            }
        }
        seen
    };
    map! {
        "localhost" => name.as_str(),
        "fqdn" => fqdn.as_str(),
        "host" => host,
        "domain" => domain,
        "fqdn_ip4" => of(true),
        "fqdn_ip6" => of(false),
        "fqdns" => fqdns(look, &hosts),
    }
}

type Hosts = Vec<(IpAddr, Vec<String>)>;

fn parse_hosts(text: &str) -> Hosts {
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or(line));
    let parse = |line: &str| {
        let mut words = line.split_whitespace();
        let address = words.next()?.parse().ok()?;
        Some((address, words.map(str::to_owned).collect()))
    };
    lines.filter_map(parse).collect()
}

/// The name that stands first on the line that has `name`: what `getaddrinfo` calls canonical.
fn canonical(hosts: &Hosts, name: &str) -> Option<String> {
    let has = |names: &&Vec<String>| names.iter().any(|known| known.eq_ignore_ascii_case(name));
    hosts.iter().map(|(_, names)| names).find(has)?.first().cloned()
}

/// Asks the system's resolver, for a bounded time.
fn resolve(name: &str) -> Vec<IpAddr> {
    let (send, receive) = mpsc::sync_channel(1);
    let name = name.to_owned();
    std::thread::spawn(move || {
        let found = (name.as_str(), 0).to_socket_addrs();
        let found: Vec<IpAddr> = found.into_iter().flatten().map(|socket| socket.ip()).collect();
        // Whoever asked may have stopped waiting.
        let _ = send.send(found);
    });
    receive.recv_timeout(RESOLVE_MAX).unwrap_or_default()
}

/// Full names of this machine's addresses, as far as `/etc/hosts` knows them. Salt asks the name
/// servers for every address; that is the slowest grain there is.
fn fqdns(look: &Look<'_>, hosts: &Hosts) -> Vec<String> {
    if look.opts.get("enable_fqdns_grains").is_some_and(|wanted| !wanted.truthy()) {
        return Vec::new();
    }
    let own = crate::support::netlink::addresses().unwrap_or_default();
    let own: Vec<IpAddr> = own.iter().map(|a| a.address).filter(|a| !a.is_loopback()).collect();
    let of_own = hosts.iter().filter(|(address, _)| own.contains(address));
    let mut names: Vec<String> = of_own.filter_map(|(_, names)| names.first().cloned()).collect();
    names.sort();
    names.dedup();
    names
}
