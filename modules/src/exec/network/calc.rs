//! `network.calc_net` and other work on addresses; `network.ping`, `network.mod_hostname`.

use std::net::IpAddr;
use std::path::Path;

use halite_core::host::Command;
use halite_core::{Apply, Context, ExecModule, Map, Result, Value, function, map};

use super::shared::{Net, private};

/// The module.
pub static MODULE: ExecModule = ExecModule::new(
    "network",
    &[
        &CALC_NET,
        &CONVERT_CIDR,
        &IP_IN_SUBNET,
        &IS_LOOPBACK,
        &IS_PRIVATE,
        &REVERSE_IP,
        &PING,
        &MOD_HOSTNAME,
    ],
);

/// Gives the network of an address.
///
/// CLI Example:
///
/// ```text
/// salt '*' network.calc_net 172.17.0.5 255.255.255.240
/// salt '*' network.calc_net 2a02:f6e:a000:80:84d8:8332:7866:4e07/64
/// ```
#[function]
fn calc_net(ip_addr: String, #[default(None)] netmask: Option<String>) -> Value {
    let text = netmask.map_or_else(|| ip_addr.clone(), |mask| format!("{ip_addr}/{mask}"));
    Net::parse(&text).map_or(Value::Null, |net| net.to_string().into())
}

/// Gives network, netmask and broadcast address of a network.
///
/// CLI Example:
///
/// ```text
/// salt '*' network.convert_cidr 172.31.0.0/16
/// ```
#[function]
fn convert_cidr(cidr: String) -> Map {
    match Net::parse(&cidr) {
        Some(net) => map! {
            "network" => net.first().to_string(), "netmask" => net.mask().to_string(),
            "broadcast" => net.last().to_string(),
        },
        None => map! { "network" => (), "netmask" => (), "broadcast" => () },
    }
}

/// Whether an address is in a network.
///
/// CLI Example:
///
/// ```text
/// salt '*' network.ip_in_subnet 172.17.0.4 172.16.0.0/12
/// ```
#[function]
fn ip_in_subnet(ip_addr: String, cidr: String) -> bool {
    matches!((Net::parse(&cidr), ip_addr.parse::<IpAddr>()), (Some(n), Ok(a)) if n.contains(a))
}

/// Whether an address is the loopback's.
///
/// CLI Example:
///
/// ```text
/// salt '*' network.is_loopback 127.0.0.1
/// ```
#[function]
fn is_loopback(ip_addr: String) -> bool {
    ip_addr.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Whether an address is not routed in public.
///
/// CLI Example:
///
/// ```text
/// salt '*' network.is_private 10.0.0.3
/// ```
#[function]
fn is_private(ip_addr: String) -> bool {
    private(&ip_addr)
}

/// Gives the name under which an address stands in the name server's reverse zones.
///
/// CLI Example:
///
/// ```text
/// salt '*' network.reverse_ip 172.17.0.4
/// ```
#[function]
fn reverse_ip(ip_addr: String) -> Value {
    match ip_addr.parse::<IpAddr>() {
        Ok(IpAddr::V4(v4)) => {
            let parts: Vec<String> = v4.octets().iter().rev().map(ToString::to_string).collect();
            format!("{}.in-addr.arpa", parts.join(".")).into()
        }
        Ok(IpAddr::V6(v6)) => {
            let hex: String = v6.octets().iter().map(|byte| format!("{byte:02x}")).collect();
            let parts: Vec<String> = hex.chars().rev().map(|c| c.to_string()).collect();
            format!("{}.ip6.arpa", parts.join(".")).into()
        }
        Err(_) => Value::Null,
    }
}

/// Sends four pings to a host and gives what `ping` says.
///
/// CLI Example:
///
/// ```text
/// salt '*' network.ping archlinux.org
/// salt '*' network.ping archlinux.org return_boolean=True timeout=3
/// ```
#[function]
fn ping(
    cx: &Context<'_>,
    host: String,
    /// Seconds to wait for each answer.
    #[default(None)]
    timeout: Option<i64>,
    /// Say only whether there was an answer.
    #[default(false)]
    return_boolean: bool,
) -> Result<Value> {
    let clean = |c: char| c.is_ascii_alphanumeric() || "-._:%".contains(c);
    let host: String = host.chars().filter(|c| clean(*c)).collect();
    let mut argv = vec!["ping".to_owned(), "-c".into(), "4".into()];
    if let Some(timeout) = timeout {
        argv.extend(["-W".to_owned(), timeout.to_string()]);
    }
    argv.extend(["--".to_owned(), host]);
    let output = cx.host.query(&Command::new(argv))?;
    if return_boolean {
        return Ok(output.success().into());
    }
    Ok(output.stdout_text().trim_end().into())
}

/// Sets the machine's host name, now and for the next start.
///
/// CLI Example:
///
/// ```text
/// salt '*' network.mod_hostname master.saltstack.com
/// ```
#[function]
fn mod_hostname(apply: &Apply<'_>, hostname: String) -> Result<bool> {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    if hostname.is_empty() || !hostname.chars().all(fits) || hostname.starts_with('-') {
        return Ok(false);
    }
    if apply.host.exists(Path::new("/run/systemd/system")) {
        let set = Command::new(["hostnamectl", "set-hostname", &hostname]);
        return Ok(apply.host.run(&set)?.success());
    }
    let old = apply.host.read(Path::new("/proc/sys/kernel/hostname"))?;
    let old = String::from_utf8_lossy(&old).trim().to_owned();
    let set = apply.host.run(&Command::new(["hostname", &hostname]))?;
    if !set.success() {
        return Ok(false);
    }
    let hosts = Path::new("/etc/hosts");
    if let Ok(text) = apply.host.read(hosts) {
        let text = String::from_utf8_lossy(&text).into_owned();
        let line = |line: &str| {
            let words = line.split(' ').map(|word| if word == old { &hostname } else { word });
            words.collect::<Vec<_>>().join(" ") + "\n"
        };
        let new: String = text.lines().map(line).collect();
        apply.host.write_atomic(hosts, new.as_bytes(), None)?;
    }
    apply.host.write_atomic(
        Path::new("/etc/hostname"),
        format!("{hostname}\n").as_bytes(),
        None,
    )?;
    Ok(true)
}
