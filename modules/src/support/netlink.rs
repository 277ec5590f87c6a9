//! The kernel's lists of links and addresses (rtnetlink), read without starting `ip`.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, bind, netlink, recv, send,
    socket_with,
};

/// Largest part of a dump that is read at once; the kernel sends parts of at most 32 KiB.
const PART_BYTES: usize = 64 * 1024;
/// Most parts of one dump: 65536 interfaces would not fill them.
const PARTS_MAX: usize = 4096;

const RTM_NEWLINK: u16 = 16;
const RTM_GETLINK: u16 = 18;
const RTM_NEWADDR: u16 = 20;
const RTM_GETADDR: u16 = 22;
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
/// Request and dump.
const NLM_F_DUMP_REQUEST: u16 = 0x301;
const IFF_UP: u32 = 1;
const IFA_F_SECONDARY: u8 = 1;
const AF_INET: u8 = 2;

/// A network link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Its number.
    pub index: u32,
    /// Its name.
    pub name: String,
    /// Hardware address, `aa:bb:..`, if it has one.
    pub hwaddr: Option<String>,
    /// Whether it is administratively up.
    pub up: bool,
    /// The number of the link it stands on, if that is another one.
    pub parent: Option<u32>,
}

/// An address of a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The link's number.
    pub index: u32,
    /// The address.
    pub address: IpAddr,
    /// Length of the network prefix, in bits.
    pub prefix: u8,
    /// Broadcast address (IPv4).
    pub broadcast: Option<Ipv4Addr>,
    /// Label (IPv4).
    pub label: Option<String>,
    /// Scope as `ip` prints it.
    pub scope: &'static str,
    /// Whether it is a secondary IPv4 address.
    pub secondary: bool,
}

/// All links, in the kernel's order.
///
/// # Errors
/// If the kernel cannot be asked.
pub fn links() -> io::Result<Vec<Link>> {
    let mut found = Vec::new();
    dump(RTM_GETLINK, &[0; 16], |kind, body| {
        if kind == RTM_NEWLINK {
            found.extend(link(body));
        }
    })?;
    Ok(found)
}

/// All addresses, in the kernel's order.
///
/// # Errors
/// If the kernel cannot be asked.
pub fn addresses() -> io::Result<Vec<Address>> {
    let mut found = Vec::new();
    dump(RTM_GETADDR, &[0; 8], |kind, body| {
        if kind == RTM_NEWADDR {
            found.extend(address(body));
        }
    })?;
    Ok(found)
}

fn dump(kind: u16, header: &[u8], mut take: impl FnMut(u16, &[u8])) -> io::Result<()> {
    let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, None)?;
    bind(&socket, &netlink::SocketAddrNetlink::new(0, 0))?;
    let length = 16 + header.len();
    let mut request = Vec::with_capacity(length);
    request.extend(u32::try_from(length).unwrap_or(0).to_ne_bytes());
    request.extend(kind.to_ne_bytes());
    request.extend(NLM_F_DUMP_REQUEST.to_ne_bytes());
    request.extend(1_u32.to_ne_bytes());
    request.extend(0_u32.to_ne_bytes());
    request.extend(header);
    send(&socket, &request, SendFlags::empty())?;
    let mut part = vec![0; PART_BYTES];
    for _ in 0..PARTS_MAX {
        let (read, _) = recv(&socket, &mut part[..], RecvFlags::empty())?;
        if read == 0 || messages(part.get(..read).unwrap_or(&[]), &mut take) {
            return Ok(());
        }
    }
    Ok(())
}

/// Hands over the messages of one part; true when the dump has ended.
fn messages(mut rest: &[u8], take: &mut impl FnMut(u16, &[u8])) -> bool {
    while let (Some(length), Some(kind)) = (u32_at(rest, 0), u16_at(rest, 4)) {
        let length = length as usize;
        if kind == NLMSG_DONE || kind == NLMSG_ERROR || length < 16 {
            return true;
        }
        let Some(body) = rest.get(16..length) else { return true };
        take(kind, body);
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or(&[]);
    }
    false
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// The attributes after a fixed header: number and content.
fn attributes(mut rest: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let (length, kind) = (u16_at(rest, 0)? as usize, u16_at(rest, 2)?);
        let content = rest.get(4..length)?;
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or(&[]);
        Some((kind & 0x3fff, content))
    })
}

fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

fn link(body: &[u8]) -> Option<Link> {
    let index = u32_at(body, 4)?;
    let up = u32_at(body, 8)? & IFF_UP != 0;
    let mut link = Link { index, name: String::new(), hwaddr: None, up, parent: None };
    for (kind, content) in attributes(body.get(16..)?) {
        match kind {
            1 if !content.is_empty() => {
                let octets: Vec<String> = content.iter().map(|b| format!("{b:02x}")).collect();
                link.hwaddr = Some(octets.join(":"));
            }
            3 => link.name = text(content),
            5 => link.parent = u32_at(content, 0).filter(|&parent| parent != index),
            _ => {}
        }
    }
    (!link.name.is_empty()).then_some(link)
}

fn ip(content: &[u8]) -> Option<IpAddr> {
    match content.len() {
        4 => Some(IpAddr::from(<[u8; 4]>::try_from(content).ok()?)),
        16 => Some(IpAddr::from(<[u8; 16]>::try_from(content).ok()?)),
        _ => None,
    }
}

fn address(body: &[u8]) -> Option<Address> {
    let &[family, prefix, flags, scope] = body.get(..4)? else { return None };
    let index = u32_at(body, 4)?;
    let (mut local, mut remote, mut broadcast, mut label) = (None, None, None, None);
    for (kind, content) in attributes(body.get(8..)?) {
        match kind {
            1 => remote = ip(content),
            2 => local = ip(content),
            3 => label = Some(text(content)),
            4 => broadcast = ip(content),
            _ => {}
        }
    }
    let broadcast = match broadcast {
        Some(IpAddr::V4(broadcast)) => Some(broadcast),
        _ => None,
    };
    let scope = match scope {
        0 => "global",
        200 => "site",
        253 => "link",
        254 => "host",
        _ => "nowhere",
    };
    let secondary = family == AF_INET && flags & IFA_F_SECONDARY != 0;
    let address = local.or(remote)?;
    Some(Address { index, address, prefix, broadcast, label, scope, secondary })
}

/// The netmask of an IPv4 prefix.
pub fn netmask(prefix: u8) -> Ipv4Addr {
    let bits = u32::MAX.checked_shl(32 - u32::from(prefix.min(32))).unwrap_or(0);
    Ipv4Addr::from(bits)
}

/// The netmask of an IPv6 prefix.
pub fn netmask6(prefix: u8) -> Ipv6Addr {
    let bits = u128::MAX.checked_shl(128 - u32::from(prefix.min(128))).unwrap_or(0);
    Ipv6Addr::from(bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loopback_is_there() {
        let links = links().expect("the kernel answers");
        let lo = links.iter().find(|link| link.name == "lo").expect("every machine has it");
        let addresses = addresses().expect("the kernel answers");
        let on_lo: Vec<_> = addresses.iter().filter(|a| a.index == lo.index).collect();
        assert!(on_lo.iter().any(|a| a.address == IpAddr::from([127, 0, 0, 1]) && a.prefix == 8));
    }

    #[test]
    fn netmasks() {
        assert_eq!(netmask(0), Ipv4Addr::UNSPECIFIED);
        assert_eq!(netmask(24), Ipv4Addr::new(255, 255, 255, 0));
        assert_eq!(netmask(32), Ipv4Addr::BROADCAST);
    }

    #[test]
    fn broken_messages_are_passed_by() {
        for length in 0..40 {
            let bytes = vec![0xff; length];
            messages(&bytes, &mut |_, body| drop((link(body), address(body))));
            let _ = (link(&bytes), address(&bytes));
        }
    }
}
