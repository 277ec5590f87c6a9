//! Networks as text and numbers.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A network: an address with all host bits cleared, and the length of its prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Net {
    address: IpAddr,
    prefix: u8,
}

impl Net {
    /// The network of an address.
    pub(super) fn of(address: IpAddr, prefix: u8) -> Net {
        let address = match address {
            IpAddr::V4(v4) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(prefix.min(32))).unwrap_or(0);
                IpAddr::V4(Ipv4Addr::from(u32::from(v4) & mask))
            }
            IpAddr::V6(v6) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(prefix.min(128))).unwrap_or(0);
                IpAddr::V6(Ipv6Addr::from(u128::from(v6) & mask))
            }
        };
        Net { address, prefix }
    }

    /// `address/prefix` or `address/netmask`; an address alone is a network of one.
    pub(super) fn parse(text: &str) -> Option<Net> {
        let (address, length) = text.split_once('/').unwrap_or((text, ""));
        let address: IpAddr = address.trim().parse().ok()?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match (length.parse::<u8>(), length.parse::<Ipv4Addr>()) {
            (Ok(prefix), _) if prefix <= most => prefix,
            (_, Ok(mask)) => u8::try_from(u32::from(mask).count_ones()).ok()?,
            _ if length.is_empty() => most,
            _ => return None,
        };
        Some(Net::of(address, prefix))
    }

    /// Whether an address is in it.
    pub(super) fn contains(&self, address: IpAddr) -> bool {
        self.address.is_ipv4() == address.is_ipv4() && Net::of(address, self.prefix) == *self
    }

    /// Whether it is an IPv4 network.
    pub(super) fn is_v4(&self) -> bool {
        self.address.is_ipv4()
    }

    /// Its first address.
    pub(super) fn first(&self) -> IpAddr {
        self.address
    }

    /// Its netmask.
    pub(super) fn mask(&self) -> IpAddr {
        match self.address {
            IpAddr::V4(_) => crate::support::netlink::netmask(self.prefix).into(),
            IpAddr::V6(_) => crate::support::netlink::netmask6(self.prefix).into(),
        }
    }

    /// Its last address.
    pub(super) fn last(&self) -> IpAddr {
        match (self.address, self.mask()) {
            (IpAddr::V4(a), IpAddr::V4(mask)) => {
                Ipv4Addr::from(u32::from(a) | !u32::from(mask)).into()
            }
            (IpAddr::V6(a), IpAddr::V6(mask)) => {
                Ipv6Addr::from(u128::from(a) | !u128::from(mask)).into()
            }
            (address, _) => address,
        }
    }
}

impl fmt::Display for Net {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

/// Whether an address is of a network that is not routed in public.
pub(super) fn private(text: &str) -> bool {
    match text.parse::<IpAddr>() {
        Ok(IpAddr::V4(v4)) => v4.is_private() || v4.is_loopback() || v4.is_link_local(),
        Ok(IpAddr::V6(v6)) => {
            v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local()
        }
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_read_and_written() {
        for (text, want) in [
            ("10.1.2.3/16", "10.1.0.0/16"),
            ("10.1.2.3/255.255.255.0", "10.1.2.0/24"),
            ("10.1.2.3", "10.1.2.3/32"),
            ("fd00::1/64", "fd00::/64"),
            ("0.0.0.0/0", "0.0.0.0/0"),
        ] {
            assert_eq!(Net::parse(text).map(|net| net.to_string()).as_deref(), Some(want));
        }
        assert_eq!(Net::parse("10.0.0.0/33"), None);
        assert_eq!(Net::parse("x/8"), None);
        let net = Net::parse("10.1.0.0/16").expect("is one");
        assert_eq!(net.last().to_string(), "10.1.255.255");
        assert!(net.contains("10.1.9.9".parse().expect("is one")));
        assert!(!net.contains("fd00::1".parse().expect("is one")));
    }
}
