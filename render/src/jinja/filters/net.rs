//! Addresses and networks. Salt: salt/utils/network.py behaviour.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, ToSocketAddrs};

use super::{flag, given};
use crate::jinja::eval::{Args, Rt};
use crate::jinja::fault::{Class, Fault, R, type_error, value_error};
use crate::jinja::value::{Val, repr};

pub(super) const NAMES: &[&str] = &[
    "is_ip",
    "is_ipv4",
    "is_ipv6",
    "ipaddr",
    "ipv4",
    "ipv6",
    "ip_host",
    "network_hosts",
    "network_size",
    "ipwrap",
    "filter_by_networks",
    "mac_str_to_bytes",
    "dns_check",
    "http_query",
];

/// How many hosts of a network may be listed.
const MOST_HOSTS: u128 = 1 << 20;

/// An address with its prefix, if one was written.
#[derive(Clone, Copy)]
struct Interface {
    ip: IpAddr,
    prefix: Option<u32>,
}

pub(super) fn call(rt: &Rt<'_>, name: &str, val: Val, args: Args) -> R<Val> {
    val.defined()?;
    match name {
        "is_ip" | "is_ipv4" | "is_ipv6" => {
            let [options] = args.bind(name, ["options"], 0)?;
            let options = options_of(rt, options)?;
            let text = address_text(&val).unwrap_or_default();
            Ok(Val::Bool(
                versions(name).iter().any(|version| checked(&text, *version, &options).is_some()),
            ))
        }
        "ipaddr" | "ipv4" | "ipv6" => {
            let [options] = args.bind(name, ["options"], 0)?;
            filter(rt, &val, versions(name), &options_of(rt, options)?)
        }
        "ip_host" | "network_hosts" | "network_size" => networks(rt, name, &val, args),
        "ipwrap" => wrap(rt, &val),
        "filter_by_networks" => by_networks(rt, &val, args),
        "mac_str_to_bytes" => mac_bytes(&rt.text(&val)?),
        "dns_check" => dns_check(rt, &val, args),
        // The same as the execution function of that name.
        _ => {
            let function = rt.get_item(&rt.salt, &Val::str("http.query"))?;
            let mut pos = vec![val];
            pos.extend(args.pos);
            rt.call_value(&function, Args { pos, named: args.named })
        }
    }
}

fn versions(name: &str) -> &'static [u8] {
    match name {
        "is_ipv4" | "ipv4" => &[4],
        "is_ipv6" | "ipv6" => &[6],
        _ => &[4, 6],
    }
}

fn options_of(rt: &Rt<'_>, val: Option<Val>) -> R<String> {
    given(val).map_or(Ok(String::new()), |val| rt.text(&val))
}

fn parse_ip(text: &str) -> Option<IpAddr> {
    let bare = match text.split_once('%') {
        Some((bare, scope)) if bare.contains(':') && !scope.is_empty() => bare,
        _ => text,
    };
    bare.parse().ok()
}

fn parse(text: &str) -> Option<Interface> {
    if let Some(ip) = parse_ip(text) {
        return Some(Interface { ip, prefix: None });
    }
    let (ip, prefix) = text.split_once('/')?;
    let ip = parse_ip(ip)?;
    let most = bits(ip);
    let prefix = match prefix.parse::<u32>() {
        Ok(prefix) if !prefix.to_string().is_empty() && prefix <= most => prefix,
        _ => {
            let mask: Ipv4Addr = prefix.parse().ok().filter(|_| ip.is_ipv4())?;
            let mask = u32::from(mask);
            let ones = if mask.leading_ones() > 0 || mask == 0 { mask } else { !mask };
            let prefix = ones.leading_ones();
            (ones.checked_shl(prefix).unwrap_or(0) == 0).then_some(prefix)?
        }
    };
    Some(Interface { ip, prefix: Some(prefix) })
}

fn bits(ip: IpAddr) -> u32 {
    if ip.is_ipv4() { 32 } else { 128 }
}

/// The text of Python's ipaddress: IPv4 within IPv6 is not written with dots.
fn show_ip(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => match ip.segments() {
            [0, 0, 0, 0, 0, 0xffff, a, b] => format!("::ffff:{a:x}:{b:x}"),
            [0, 0, 0, 0, 0, 0, a, b] if a > 0 => format!("::{a:x}:{b:x}"),
            _ => ip.to_string(),
        },
    }
}

fn show(interface: Interface, text: &str) -> String {
    let scope = text
        .split('/')
        .next()
        .and_then(|text| text.split_once('%'))
        .map_or(String::new(), |(_, scope)| format!("%{scope}"));
    match interface.prefix {
        Some(prefix) => format!("{}{scope}/{prefix}", show_ip(interface.ip)),
        None => format!("{}{scope}", show_ip(interface.ip)),
    }
}

fn within(ip: IpAddr, networks: &[(IpAddr, u32)]) -> bool {
    networks.iter().any(|(network, prefix)| in_network(ip, *network, *prefix))
}

fn number(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(ip) => u128::from(u32::from(ip)),
        IpAddr::V6(ip) => u128::from(ip),
    }
}

fn in_network(ip: IpAddr, network: IpAddr, prefix: u32) -> bool {
    let free = bits(ip) - prefix.min(bits(ip));
    let cut = |ip: IpAddr| number(ip).checked_shr(free).unwrap_or(0);
    ip.is_ipv4() == network.is_ipv4() && cut(ip) == cut(network)
}

const fn v4(a: u8, b: u8, c: u8, d: u8, prefix: u32) -> (IpAddr, u32) {
    (IpAddr::V4(Ipv4Addr::new(a, b, c, d)), prefix)
}

const fn v6(a: u16, b: u16, c: u16, prefix: u32) -> (IpAddr, u32) {
    (IpAddr::V6(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0)), prefix)
}

/// What Python's ipaddress calls private.
const PRIVATE: [(IpAddr, u32); 21] = [
    v4(0, 0, 0, 0, 8),
    v4(10, 0, 0, 0, 8),
    v4(127, 0, 0, 0, 8),
    v4(169, 254, 0, 0, 16),
    v4(172, 16, 0, 0, 12),
    v4(192, 0, 0, 0, 24),
    v4(192, 0, 2, 0, 24),
    v4(192, 168, 0, 0, 16),
    v4(198, 18, 0, 0, 15),
    v4(198, 51, 100, 0, 24),
    v4(203, 0, 113, 0, 24),
    v4(240, 0, 0, 0, 4),
    (IpAddr::V6(Ipv6Addr::UNSPECIFIED), 127),
    (IpAddr::V6(Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0)), 96),
    v6(0x64, 0xff9b, 1, 48),
    v6(0x100, 0, 0, 64),
    v6(0x2001, 0, 0, 23),
    v6(0x2001, 0xdb8, 0, 32),
    v6(0x2002, 0, 0, 16),
    v6(0xfc00, 0, 0, 7),
    v6(0xfe80, 0, 0, 10),
];

/// What Python's ipaddress calls reserved.
const RESERVED: [(IpAddr, u32); 15] = [
    v4(240, 0, 0, 0, 4),
    v6(0, 0, 0, 8),
    v6(0x100, 0, 0, 8),
    v6(0x200, 0, 0, 7),
    v6(0x400, 0, 0, 6),
    v6(0x800, 0, 0, 5),
    v6(0x1000, 0, 0, 4),
    v6(0x4000, 0, 0, 3),
    v6(0x6000, 0, 0, 3),
    v6(0x8000, 0, 0, 3),
    v6(0xa000, 0, 0, 3),
    v6(0xc000, 0, 0, 3),
    v6(0xe000, 0, 0, 4),
    v6(0xf000, 0, 0, 5),
    v6(0xfe00, 0, 0, 9),
];

fn has(ip: IpAddr, option: &str) -> bool {
    let private =
        within(ip, &PRIVATE) && !within(ip, &[v4(192, 0, 0, 9, 32), v4(192, 0, 0, 10, 32)]);
    match option {
        "global" | "public" => !private,
        "private" => private,
        "link-local" | "linklocal" | "ll" | "link_local" => {
            within(ip, &[v4(169, 254, 0, 0, 16), v6(0xfe80, 0, 0, 10)])
        }
        "loopback" | "lo" => ip.is_loopback(),
        "multicast" => ip.is_multicast(),
        "reserved" => within(ip, &RESERVED),
        "site-local" | "sl" | "site_local" => within(ip, &[v6(0xfec0, 0, 0, 10)]),
        "unspecified" => ip.is_unspecified(),
        _ => true,
    }
}

/// The address as Salt shows it, if it is one of the version with all the options.
fn checked(text: &str, version: u8, options: &str) -> Option<String> {
    let interface = parse(text)?;
    if interface.ip.is_ipv4() != (version == 4) {
        return None;
    }
    let fits = options.split(',').all(|option| has(interface.ip, option.trim()));
    fits.then(|| show(interface, text))
}

/// The text of what Python's ipaddress takes for an address: text, a number, packed bytes.
fn address_text(val: &Val) -> Option<String> {
    match val {
        Val::Str(text) | Val::Markup(text) => Some(text.to_string()),
        Val::Bytes(bytes) => Some(show_ip(match bytes.len() {
            4 => IpAddr::V4(<[u8; 4]>::try_from(&**bytes).ok()?.into()),
            _ => IpAddr::V6(<[u8; 16]>::try_from(&**bytes).ok()?.into()),
        })),
        Val::Int(_) | Val::Big(_) | Val::Bool(_) => {
            let number = u128::try_from(val.as_big()?).ok()?;
            Some(show_ip(match u32::try_from(number) {
                Ok(number) => IpAddr::V4(number.into()),
                Err(_) => IpAddr::V6(number.into()),
            }))
        }
        _ => None,
    }
}

fn is_list(val: &Val) -> bool {
    matches!(val, Val::List(_) | Val::Tuple(_) | Val::Iter(_))
}

fn filter(rt: &Rt<'_>, val: &Val, versions: &[u8], options: &str) -> R<Val> {
    if let (true, Some(text)) =
        (val.as_str().is_some() || matches!(val, Val::Bytes(_)), address_text(val))
    {
        let found = versions.iter().find_map(|version| checked(&text, *version, options));
        return Ok(found.map_or(Val::None, Val::str));
    }
    if !is_list(val) {
        return Ok(Val::None);
    }
    let items = rt.iterate(val)?;
    let mut found = Vec::new();
    for version in versions {
        for item in &items {
            found.extend(
                address_text(item).and_then(|text| checked(&text, *version, options)).map(Val::str),
            );
        }
    }
    Ok(Val::list(found))
}

fn networks(rt: &Rt<'_>, name: &str, val: &Val, args: Args) -> R<Val> {
    let [options, version] = args.bind(name, ["options", "version"], 0)?;
    let options = options_of(rt, options)?;
    let versions: &[u8] = match given(version).and_then(|version| version.as_int()) {
        Some(4) => &[4],
        Some(6) => &[6],
        _ => &[4, 6],
    };
    let single = !is_list(val);
    let found = filter(rt, val, versions, &options)?;
    let found = if found.as_str().is_some() {
        vec![found]
    } else if found.is_none() {
        Vec::new()
    } else {
        rt.iterate(&found)?
    };
    let mut results = Vec::new();
    for item in &found {
        let Some(interface) = item.as_str().and_then(parse) else { continue };
        results.push(match name {
            "ip_host" => {
                let prefix = interface.prefix.unwrap_or(bits(interface.ip));
                Val::str(format!("{}/{prefix}", show_ip(interface.ip)))
            }
            "network_hosts" => hosts(rt, interface)?,
            _ => {
                let free = bits(interface.ip) - interface.prefix.unwrap_or(bits(interface.ip));
                Val::from_big(num_bigint::BigInt::from(1) << free)
            }
        });
    }
    if results.is_empty() {
        return Ok(Val::None);
    }
    Ok(if single { results.swap_remove(0) } else { Val::list(results) })
}

fn hosts(rt: &Rt<'_>, interface: Interface) -> R<Val> {
    let most = bits(interface.ip);
    let free = most - interface.prefix.unwrap_or(most);
    let count = 1u128.checked_shl(free).filter(|count| *count <= MOST_HOSTS);
    let Some(count) = count else {
        return value_error(format!("a network with more than {MOST_HOSTS} hosts is not listed"));
    };
    rt.step(count as u64)?;
    let first = number(interface.ip) & !(count - 1);
    let v4 = interface.ip.is_ipv4();
    let range = match (v4, free) {
        (_, 0) => first..first + 1,
        (_, 1) => first..first + 2,
        (true, _) => first + 1..first + count - 1,
        (false, _) => first + 1..first + count,
    };
    let show = |number: u128| match v4 {
        true => Ipv4Addr::from(number as u32).to_string(),
        false => show_ip(IpAddr::V6(Ipv6Addr::from(number))),
    };
    Ok(Val::list(range.map(|number| Val::str(show(number))).collect()))
}

fn wrap(rt: &Rt<'_>, val: &Val) -> R<Val> {
    let one = |item: &Val| -> R<Val> {
        let Some(text) = address_text(item).filter(|text| checked(text, 6, "").is_some()) else {
            return Ok(item.clone());
        };
        // A network passes for an address at first.
        match parse_ip(&text) {
            Some(ip) => Ok(Val::str(format!("[{}]", show(Interface { ip, prefix: None }, &text)))),
            None => value_error(format!(
                "{} does not appear to be an IPv4 or IPv6 address",
                halite_core::value::repr_str(&text)
            )),
        }
    };
    match val {
        Val::List(_) | Val::Tuple(_) => {
            Ok(Val::list(rt.iterate(val)?.iter().map(one).collect::<R<Vec<Val>>>()?))
        }
        other => one(other),
    }
}

fn by_networks(rt: &Rt<'_>, val: &Val, args: Args) -> R<Val> {
    let [networks] = args.bind("filter_by_networks", ["networks"], 1)?;
    let Some(networks) = given(networks) else { return Ok(val.clone()) };
    let mut parsed = Vec::new();
    for network in rt.iterate(&networks)? {
        let text = rt.text(&network)?;
        let Some(interface) = parse(&text) else {
            return value_error(format!(
                "{} does not appear to be an IPv4 or IPv6 network",
                repr(&network)
            ));
        };
        let prefix = interface.prefix.unwrap_or(bits(interface.ip));
        let free = bits(interface.ip) - prefix;
        if free < 128 && number(interface.ip) & ((1u128 << free) - 1) != 0 {
            return value_error(format!("{text} has host bits set"));
        }
        parsed.push((interface.ip, prefix));
    }
    let kept = |items: &Val| -> R<Val> {
        let mut kept = Vec::new();
        let items = if parsed.is_empty() { Vec::new() } else { rt.iterate(items)? };
        for item in items {
            let Some(ip) = item.as_str().and_then(parse_ip) else {
                return value_error(format!(
                    "{} does not appear to be an IPv4 or IPv6 address",
                    repr(&item)
                ));
            };
            for network in &parsed {
                if within(ip, &[*network]) {
                    kept.push(item.clone());
                }
            }
        }
        Ok(Val::list(kept))
    };
    match val {
        Val::Dict(dict) => {
            let mut pairs = Vec::new();
            for (key, items) in dict.pairs() {
                pairs.push((key, kept(&items)?));
            }
            Ok(Val::dict(pairs))
        }
        Val::List(_) | Val::Tuple(_) => kept(val),
        other => {
            value_error(format!("Do not know how to filter a <class '{}'>", other.type_name()))
        }
    }
}

fn mac_bytes(text: &str) -> R<Val> {
    let digits: String = match text.len() {
        12 => text.to_string(),
        17 => match text.chars().nth(2) {
            Some(separator) => text.replace(separator, ""),
            None => String::new(),
        },
        _ => return value_error("Invalid MAC address"),
    };
    let bytes: Option<Vec<u8>> = (0..6)
        .map(|at| digits.get(at * 2..at * 2 + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok()))
        .collect();
    match bytes {
        Some(bytes) => Ok(Val::Bytes(bytes.into())),
        None => value_error(format!(
            "invalid literal for int() with base 16: {}",
            repr(&Val::str(text))
        )),
    }
}

/// The first address of a host name, in brackets if it is IPv6.
fn dns_check(rt: &Rt<'_>, val: &Val, args: Args) -> R<Val> {
    let [port, safe, ipv6] = args.bind("dns_check", ["port", "safe", "ipv6"], 1)?;
    let name = rt.text(val)?;
    let Some(port) = port.and_then(|port| port.as_int()).and_then(|port| u16::try_from(port).ok())
    else {
        return type_error("dns_check() wants a port number");
    };
    let wanted = given(ipv6).map(|ipv6| ipv6.truthy()).transpose()?;
    let found = (name.as_str(), port).to_socket_addrs().ok().and_then(|mut all| {
        all.find(|address| wanted.is_none_or(|ipv6| address.is_ipv6() == ipv6))
    });
    match found.map(|address| address.ip()) {
        Some(ip @ IpAddr::V6(_)) => Ok(Val::str(format!("[{ip}]"))),
        Some(ip) => Ok(Val::str(ip.to_string())),
        None if flag(safe, false)? => {
            Err(Fault::new(Class::Other, format!("DNS lookup of '{name}' failed.")))
        }
        None => Err(Fault::new(
            Class::Other,
            format!("DNS lookup or connection check of '{name}' failed."),
        )),
    }
}
