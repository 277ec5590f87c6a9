//! `network.netstat`, `network.active_tcp`, `network.arp`: what the machine talks to, and by which way.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;

use halite_core::host::Command;
use halite_core::{Context, Error, ExecModule, Map, Result, Value, function, map};

/// The module.
pub static MODULE: ExecModule = ExecModule::new(
    "network",
    &[&NETSTAT, &ACTIVE_TCP, &ARP, &GET_ROUTE, &GET_BUFSIZE, &DIG, &IPHEXVAL],
);

/// The state of a connection that is open. Linux: `TCP_ESTABLISHED`.
const ESTABLISHED: &str = "01";

fn output(cx: &Context<'_>, argv: &[&str]) -> Result<String> {
    Ok(cx.host.query(&Command::new(argv.iter().copied()).c_locale())?.stdout_text())
}

/// The lines of `ss -tulpnea`.
fn from_ss(text: &str) -> Vec<Map> {
    let mut all = Vec::new();
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let proto = words.first().copied().unwrap_or_default();
        if words.len() < 6 || !(proto.starts_with("tcp") || proto.starts_with("udp")) {
            continue;
        }
        let named = |name: &str| words[6..].iter().find_map(|word| word.strip_prefix(name));
        let program = named("users:").and_then(|users| users.split('"').nth(1)).unwrap_or("");
        let number = |name: &str| named(name).map_or(Value::Int(0), Value::from);
        let mut one = map! {
            "proto" => proto, "recv-q" => words[2], "send-q" => words[3],
            "local-address" => words[4], "remote-address" => words[5],
        };
        if proto.starts_with("tcp") {
            let state = if words[1] == "ESTAB" { "ESTABLISHED" } else { words[1] };
            one.insert("state".into(), state.into());
        }
        one.extend(map! {
            "user" => number("uid:"), "inode" => number("ino:"), "program" => program,
        });
        all.push(one);
    }
    all
}

/// The lines of `netstat -tulpnea`.
fn from_netstat(text: &str) -> Vec<Map> {
    let names = |tcp: bool| {
        let first = ["proto", "recv-q", "send-q", "local-address", "remote-address"];
        let last = ["user", "inode", "program"];
        first.into_iter().chain(tcp.then_some("state")).chain(last)
    };
    let mut all = Vec::new();
    for line in text.lines().filter(|line| line.starts_with("tcp") || line.starts_with("udp")) {
        let tcp = line.starts_with("tcp");
        let words: Vec<&str> = line.split_whitespace().collect();
        // A socket that listens for datagrams has no state, one that is connected has.
        if words.len() >= names(tcp).count() {
            all.push(
                names(tcp).zip(words).map(|(name, word)| (name.into(), word.into())).collect(),
            );
        }
    }
    all
}

/// Lists open ports and connections with their state, user and program.
///
/// CLI Example:
///
/// ```text
/// salt '*' network.netstat
/// ```
#[function]
fn netstat(cx: &Context<'_>) -> Result<Vec<Map>> {
    if cx.host.which("netstat").is_some() {
        return Ok(from_netstat(&output(cx, &["netstat", "-tulpnea"])?));
    }
    Ok(from_ss(&output(cx, &["ss", "-tulpnea"])?))
}

/// An address and port as `/proc/net/tcp` writes them.
fn endpoint(text: &str) -> Option<(IpAddr, u16)> {
    let (address, port) = text.split_once(':')?;
    let words: Vec<u32> = (0..address.len() / 8)
        .map(|at| u32::from_str_radix(address.get(at * 8..at * 8 + 8)?, 16).ok())
        .collect::<Option<_>>()?;
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.swap_bytes().to_be_bytes()).collect();
    let address = match (<[u8; 4]>::try_from(&bytes[..]), <[u8; 16]>::try_from(&bytes[..])) {
        (Ok(four), _) => IpAddr::V4(Ipv4Addr::from(four)),
        (_, Ok(sixteen)) => IpAddr::V6(Ipv6Addr::from(sixteen)).to_canonical(),
        _ => return None,
    };
    Some((address, u16::from_str_radix(port, 16).ok()?))
}

/// Gives all open TCP connections, numbered.
///
/// CLI Example:
///
/// ```text
/// salt '*' network.active_tcp
/// ```
#[function]
fn active_tcp(cx: &Context<'_>) -> Map {
    let mut all = Map::new();
    for file in ["/proc/net/tcp", "/proc/net/tcp6"] {
        let text = cx.host.read(Path::new(file)).unwrap_or_default();
        for line in String::from_utf8_lossy(&text).lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            let [_, local, remote, ESTABLISHED, ..] = words[..] else { continue };
            if let (Some(local), Some(remote)) = (endpoint(local), endpoint(remote)) {
                let number = all.len() as i64;
                let one = map! {
                    "local_addr" => local.0.to_string(), "local_port" => i64::from(local.1),
                    "remote_addr" => remote.0.to_string(), "remote_port" => i64::from(remote.1),
                };
                all.insert(Value::Int(number), one.into());
            }
        }
    }
    all
}

/// Gives the addresses of the neighbours in the network, by their hardware addresses.
///
/// CLI Example:
///
/// ```text
/// salt '*' network.arp
/// ```
#[function]
fn arp(cx: &Context<'_>) -> Result<Map> {
    let text = output(cx, &["arp", "-an"])?;
    let lines = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    Ok(lines
        .filter(|words| words.len() >= 4)
        .map(|words| (words[3].into(), words[1].trim_matches(['(', ')']).into()))
        .collect())
}

/// Gives the way to an address: gateway, interface and the address that packets carry.
///
/// CLI Example:
///
/// ```text
/// salt '*' network.get_route 10.10.10.10
/// ```
#[function]
fn get_route(cx: &Context<'_>, ip: String) -> Result<Map> {
    let ran = cx.host.query(&Command::new(["ip", "route", "get", ip.as_str()]).c_locale())?;
    let text = ran.stdout_text();
    let words: Vec<&str> = text.lines().next().unwrap_or_default().split_whitespace().collect();
    let after = |name: &str| {
        let at = words.iter().position(|word| *word == name)?;
        words.get(at + 1).map(|word| (*word).to_owned())
    };
    let Some(interface) = after("dev") else {
        let what = String::from_utf8_lossy(&ran.stderr).trim().to_owned();
        return Err(Error::execution(format!("there is no way to {ip}: {what}")));
    };
    Ok(map! {
        "destination" => ip, "gateway" => after("via"), "interface" => interface,
        "source" => after("src"),
    })
}

/// Gives the sizes of an interface's buffers, as `ethtool` tells them.
///
/// CLI Example:
///
/// ```text
/// salt '*' network.get_bufsize eth0
/// ```
#[function]
fn get_bufsize(cx: &Context<'_>, iface: String) -> Result<Map> {
    let program = "/sbin/ethtool";
    if !cx.host.exists(Path::new(program)) {
        return Ok(Map::new());
    }
    let command = Command::new([program, "-g", iface.as_str()]);
    let ran = cx.host.query(&Command { merge_stderr: true, ..command }.c_locale())?;
    let text = ran.stdout_text();
    let mut sizes = map! { "result" => false };
    let mut suffix = "max-";
    for line in text.lines() {
        let number = line
            .rsplit_once(':')
            .and_then(|(name, number)| Some((name, number.trim().parse::<i64>().ok()?)));
        if let Some((name, number)) = number {
            let name = name.to_lowercase().replace(' ', "-");
            sizes.insert(format!("{name}{suffix}").into(), number.into());
            sizes.insert("result".into(), true.into());
        } else if line.ends_with("maximums:") {
            suffix = "-max";
        } else if line.ends_with("settings:") {
            suffix = "";
        }
    }
    if sizes.len() == 1 {
        sizes.insert("comment".into(), text.trim().into());
    }
    Ok(sizes)
}

/// Asks the name service with `dig`.
///
/// CLI Example:
///
/// ```text
/// salt '*' network.dig archlinux.org
/// ```
#[function]
fn dig(cx: &Context<'_>, host: String) -> Result<String> {
    let fits = |c: &char| c.is_ascii_alphanumeric() || "-._:%".contains(*c);
    let host: String = host.trim_start_matches('-').chars().filter(fits).collect();
    Ok(output(cx, &["dig", &host])?.trim_end().to_owned())
}

/// Gives an IPv4 address in eight hexadecimal digits.
///
/// CLI Example:
///
/// ```text
/// salt '*' network.iphexval 10.0.0.1
/// ```
#[function]
fn iphexval(ip: String) -> Result<String> {
    let part = |part: &str| part.parse::<u8>().map(|byte| format!("{byte:02X}"));
    let hex: Result<Vec<String>, _> = ip.split('.').map(part).collect();
    hex.map(|parts| parts.concat())
        .map_err(|_| Error::usage("network.iphexval", format!("'{ip}' is no IPv4 address")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_of_the_kernel_are_read() {
        for (text, want) in [
            ("0100007F:0016", "127.0.0.1:22"),
            ("00000000000000000000000001000000:0050", "[::1]:80"),
            ("0000000000000000FFFF00000100007F:01BB", "127.0.0.1:443"),
        ] {
            let (address, port) = endpoint(text).expect(text);
            assert_eq!(std::net::SocketAddr::new(address, port).to_string(), want);
        }
        for bad in ["", "0100007F", "zz:01", "01:0", "0100007F:99999"] {
            assert_eq!(endpoint(bad), None, "{bad}");
        }
    }

    #[test]
    fn sockets_are_listed_alike_by_both_programs() {
        let ss = "Netid State Recv-Q Send-Q Local Peer Process\n\
                  tcp ESTAB 0 0 10.0.0.1:22 10.0.0.2:999 users:((\"sshd\",pid=1,fd=4)) uid:7 ino:8 sk:1\n\
                  udp UNCONN 0 0 0.0.0.0:68 0.0.0.0:* ino:9 sk:2\n";
        let all = from_ss(ss);
        assert_eq!(all.len(), 2);
        assert_eq!(all[0].get("state"), Some(&Value::str("ESTABLISHED")));
        assert_eq!(all[0].get("program"), Some(&Value::str("sshd")));
        assert_eq!(all[0].get("user"), Some(&Value::str("7")));
        assert_eq!(all[1].get("user"), Some(&Value::Int(0)));
        assert!(!all[1].contains_key("state"));
        let netstat = "tcp 0 0 0.0.0.0:22 0.0.0.0:* LISTEN 0 123 1/sshd\n\
                       udp 0 0 0.0.0.0:68 0.0.0.0:* 0 124 2/dhclient\nunix 2\ntcp 0\n";
        let all = from_netstat(netstat);
        assert_eq!(all.len(), 2);
        assert_eq!(all[0].get("program"), Some(&Value::str("1/sshd")));
        assert_eq!(all[1].get("inode"), Some(&Value::str("124")));
    }
}
