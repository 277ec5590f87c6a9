//! `network`: wakes hosts up by their MAC addresses. Salt: `salt/runners/network.py` behaviour.

use std::net::{ToSocketAddrs, UdpSocket};

use halite_core::{Apply, Args, Error, ExecModule, Map, Result, Value, function, map};

use crate::services::MasterServices;

/// The module.
pub static MODULE: ExecModule = ExecModule::new("network", &[&WOL, &WOLLIST, &WOLMATCH]);

/// Everybody on this network.
const BROADCAST: &str = "255.255.255.255";
/// The port for packets that nobody answers.
const DISCARD: i64 = 9;

/// Sends a magic packet that wakes up the host with this MAC address.
///
/// CLI Example:
///
/// ```text
/// salt-run network.wol 08-00-27-13-69-77
/// salt-run network.wol 080027136977 255.255.255.255 7
/// salt-run network.wol 08:00:27:13:69:77 255.255.255.255 7
/// ```
#[function]
fn wol(
    apply: &Apply<'_>,
    /// Twelve hexadecimal digits, with or without separators.
    mac: String,
    #[default(BROADCAST.into())] bcast: String,
    #[default(DISCARD)] destport: i64,
) -> Result<bool> {
    let _ = apply;
    wake(&mac, &bcast, port_of(destport)?)?;
    Ok(true)
}

/// Wakes up the hosts whose MAC addresses a file lists, one a line.
///
/// CLI Example:
///
/// ```text
/// salt-run network.wollist '/path/to/maclist'
/// salt-run network.wollist '/path/to/maclist' 255.255.255.255 7
/// ```
#[function]
fn wollist(
    apply: &Apply<'_>,
    /// The file.
    maclist: String,
    #[default(BROADCAST.into())] bcast: String,
    #[default(DISCARD)] destport: i64,
) -> Result<Vec<String>> {
    let master = MasterServices::of(apply)?;
    let wake_all = || -> Result<Vec<String>> {
        let mut woken = Vec::new();
        let list = apply.host.read(maclist.as_ref())?;
        for mac in String::from_utf8_lossy(&list).lines().map(str::trim) {
            wake(mac, &bcast, port_of(destport)?)?;
            master.print(&format!("Waking up {mac}"));
            woken.push(mac.to_owned());
        }
        Ok(woken)
    };
    // Salt gives an empty list and tells the reason as an event alone; here it is logged as well.
    Ok(wake_all().unwrap_or_else(|error| {
        let why = format!("Failed to open the MAC file. Error: {error}");
        tracing::error!("{why}");
        master.progress(map! {"error" => why});
        Vec::new()
    }))
}

/// Wakes up the minions of a target: every interface of theirs that the cached grains know.
///
/// CLI Example:
///
/// ```text
/// salt-run network.wolmatch minion_id
/// salt-run network.wolmatch 192.168.0.0/16 tgt_type='ipcidr' bcast=255.255.255.255 destport=7
/// ```
#[function]
fn wolmatch(
    apply: &Apply<'_>,
    tgt: Value,
    #[default("glob".into())] tgt_type: String,
    #[default(BROADCAST.into())] bcast: String,
    #[default(DISCARD)] destport: i64,
) -> Result<Vec<String>> {
    let wanted = Args { positional: vec![tgt, tgt_type.into()], named: Map::new() };
    let minions: Map = apply.call("cache.grains", wanted)?;
    let mut woken = Vec::new();
    for mac in minions.values().flat_map(addresses) {
        wake(&mac, &bcast, port_of(destport)?)?;
        tracing::info!("Waking up {mac}");
        woken.push(mac);
    }
    Ok(woken)
}

/// The MAC addresses in one minion's grains, without the loopback's.
fn addresses(grains: &Value) -> Vec<String> {
    let interfaces = grains.get("hwaddr_interfaces").and_then(Value::as_map);
    let other = |(name, mac): (&Value, &Value)| {
        let mac = mac.as_str().filter(|_| name.as_str() != Some("lo"))?;
        Some(mac.trim().to_owned())
    };
    interfaces.map(|all| all.iter().filter_map(other).collect()).unwrap_or_default()
}

fn port_of(number: i64) -> Result<u16> {
    u16::try_from(number).map_err(|_| Error::execution(format!("{number} is no port")))
}

fn wake(mac: &str, bcast: &str, port: u16) -> Result<()> {
    let packet = magic(mac)?;
    let failed = |error: std::io::Error| {
        Error::execution(format!("no packet for {mac} to {bcast} port {port}: {error}"))
    };
    let to = (bcast, port).to_socket_addrs().map_err(failed)?.find(|to| to.is_ipv4());
    let to = to.ok_or_else(|| Error::execution(format!("{bcast} has no IPv4 address")))?;
    let socket = UdpSocket::bind("0.0.0.0:0").map_err(failed)?;
    socket.set_broadcast(true).map_err(failed)?;
    socket.send_to(&packet, to).map(drop).map_err(failed)
}

/// Six bytes of ones, then the address sixteen times.
fn magic(mac: &str) -> Result<Vec<u8>> {
    let bad = || Error::execution(format!("Invalid MAC address: {mac}"));
    let digits: String = match mac.chars().count() {
        12 => mac.into(),
        17 => {
            let separator = mac.chars().nth(2).ok_or_else(bad)?;
            mac.chars().filter(|c| *c != separator).collect()
        }
        _ => return Err(bad()),
    };
    let digits: Option<Vec<u8>> = digits.chars().map(|c| Some(c.to_digit(16)? as u8)).collect();
    let digits = digits.filter(|digits| digits.len() == 12).ok_or_else(bad)?;
    let address: Vec<u8> = digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect();
    Ok([vec![0xff; 6], address.repeat(16)].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_hold_the_address_sixteen_times() {
        let wanted = magic("080027136977").expect("an address");
        assert_eq!(wanted.len(), 102);
        assert_eq!(wanted[..8], [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x08, 0x00]);
        assert_eq!(wanted[96..], [0x08, 0x00, 0x27, 0x13, 0x69, 0x77]);
        for mac in ["08:00:27:13:69:77", "08-00-27-13-69-77"] {
            assert_eq!(magic(mac).expect(mac), wanted);
        }
        for mac in ["", "08:00:27:13:69", "08:00:27:13:69:7g", "08.00:27:13:69:77", "ää0027136977"]
        {
            assert!(magic(mac).is_err(), "{mac}");
        }
    }

    #[test]
    fn a_packet_arrives() {
        let there = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        let port = there.local_addr().expect("an address").port();
        wake("08:00:27:13:69:77", "127.0.0.1", port).expect("is sent");
        let mut buffer = [0; 200];
        let length = there.recv(&mut buffer).expect("arrives");
        assert_eq!(buffer[..length], magic("080027136977").expect("an address"));
    }
}
