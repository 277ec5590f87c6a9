//! `S@10.0.0.0/8`: addresses and networks against the grains `ipv4` and `ipv6`.

use std::net::IpAddr;

use super::TargetError;
use crate::value::{Map, Value};

/// An address, or a network by its prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

impl Network {
    /// Parses `10.0.0.1` or `10.0.0.0/8`. As in Python's `ip_network`, bits beyond the prefix must
    /// be zero.
    ///
    /// # Errors
    /// If it is neither.
    pub fn parse(text: &str) -> Result<Network, TargetError> {
        let bad =
            || TargetError(format!("`{text}` is no IP address or network (such as 10.0.0.0/8)"));
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| bad())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => most,
            Some(text) => match text.parse::<u8>() {
                Ok(bits) => bits,
                Err(_) => netmask_bits(text).ok_or_else(bad)?,
            },
        };
        if prefix > most {
            return Err(bad());
        }
        let network = Network { address, prefix };
        if network.mask(address) != bits_of(address) {
            let why =
                format!("`{text}` has bits set beyond its prefix; write the network's address");
            return Err(TargetError(why));
        }
        Ok(network)
    }

    /// Whether one of the addresses in `grains` is meant.
    pub fn matches(&self, grains: &Map) -> bool {
        let grain = if self.address.is_ipv4() { "ipv4" } else { "ipv6" };
        let addresses = grains.get(grain).and_then(Value::as_list).unwrap_or_default();
        let mut addresses = addresses.iter().filter_map(|a| a.as_str()?.parse::<IpAddr>().ok());
        addresses.any(|address| self.contains(address))
    }

    /// Whether the address lies in the network.
    pub fn contains(&self, address: IpAddr) -> bool {
        address.is_ipv4() == self.address.is_ipv4() && self.mask(address) == self.mask(self.address)
    }

    fn mask(&self, address: IpAddr) -> u128 {
        let width = if address.is_ipv4() { 32 } else { 128 };
        let host = width - u32::from(self.prefix).min(width);
        bits_of(address).checked_shr(host).and_then(|bits| bits.checked_shl(host)).unwrap_or(0)
    }
}

fn bits_of(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => u128::from(v4.to_bits()),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

/// The prefix length of a mask such as `255.255.0.0`.
fn netmask_bits(text: &str) -> Option<u8> {
    let bits = text.parse::<std::net::Ipv4Addr>().ok()?.to_bits();
    (bits.leading_ones() + bits.trailing_zeros().min(32) >= 32).then_some(bits.leading_ones() as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_hold_their_addresses() {
        for (network, inside, outside) in [
            ("10.0.0.0/8", "10.9.8.7", "11.0.0.1"),
            ("10.1.2.3", "10.1.2.3", "10.1.2.4"),
            ("0.0.0.0/0", "1.2.3.4", "::1"),
            ("10.0.0.0/255.0.0.0", "10.9.8.7", "11.0.0.1"),
            ("fe80::/10", "fe80::1", "fd00::1"),
        ] {
            let network = Network::parse(network).expect("is a network");
            assert!(network.contains(inside.parse().expect("an address")));
            assert!(!network.contains(outside.parse().expect("an address")));
        }
        for bad in ["", "10.0.0", "10.0.0.0/33", "10.0.0.1/8", "x/8"] {
            assert!(Network::parse(bad).is_err(), "{bad}");
        }
    }
}
