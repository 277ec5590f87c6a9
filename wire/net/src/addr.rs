//! `host:port` texts, with IPv6 in brackets, and their resolution.

use std::{fmt, io, net::IpAddr, net::SocketAddr, str::FromStr};

use crate::NetError;

/// A host (name or address, without brackets) and a port.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Endpoint {
    /// Host name, IPv4 or IPv6 address; an IPv6 zone (`fe80::1%eth0`) may follow.
    pub host: String,
    /// TCP port; 0 lets the kernel choose when listening.
    pub port: u16,
}

impl Endpoint {
    /// An endpoint of a host (brackets around IPv6 are dropped) and a port.
    pub fn new(host: &str, port: u16) -> Self {
        let host = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
        Self { host: host.to_owned(), port }
    }

    /// Reads `host`, `host:port`, `[v6]`, `[v6]:port` or a bare IPv6 address, with a port for the
    /// forms without one. Salt: `master: host:port`.
    pub fn parse_or(text: &str, default_port: u16) -> Result<Self, NetError> {
        let (host, port) = split(text)?;
        Ok(Self { host: host.to_owned(), port: port.unwrap_or(default_port) })
    }

    /// All addresses of the endpoint, in the resolver's order; never empty.
    pub async fn resolve(&self) -> Result<Vec<SocketAddr>, NetError> {
        if let Ok(ip) = self.host.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(ip, self.port)]);
        }
        let failed = |source| NetError::Resolve { host: self.host.clone(), source };
        let found: Vec<_> = tokio::net::lookup_host((self.host.as_str(), self.port))
            .await
            .map_err(failed)?
            .collect();
        if found.is_empty() {
            return Err(failed(io::Error::new(io::ErrorKind::NotFound, "the name has no address")));
        }
        Ok(found)
    }
}

impl FromStr for Endpoint {
    type Err = NetError;

    fn from_str(text: &str) -> Result<Self, NetError> {
        match split(text)? {
            (host, Some(port)) => Ok(Self { host: host.to_owned(), port }),
            (_, None) => Err(bad(text, "the port is missing")),
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

fn bad(text: &str, why: &'static str) -> NetError {
    NetError::Address { text: text.to_owned(), why }
}

fn split(text: &str) -> Result<(&str, Option<u16>), NetError> {
    let number =
        |p: &str| p.parse::<u16>().map_err(|_| bad(text, "the port is no number up to 65535"));
    let (host, port) = if let Some(rest) = text.strip_prefix('[') {
        let (host, after) =
            rest.split_once(']').ok_or_else(|| bad(text, "the closing bracket is missing"))?;
        match after.strip_prefix(':') {
            Some(p) => (host, Some(number(p)?)),
            None if after.is_empty() => (host, None),
            None => return Err(bad(text, "there is text after the closing bracket")),
        }
    } else if text.matches(':').count() > 1 {
        // More than one colon without brackets: only a whole IPv6 address is unambiguous.
        let address = text.split('%').next().unwrap_or(text);
        if address.parse::<std::net::Ipv6Addr>().is_err() {
            return Err(bad(text, "several colons, but no IPv6 address"));
        }
        (text, None)
    } else {
        match text.split_once(':') {
            Some((host, p)) => (host, Some(number(p)?)),
            None => (text, None),
        }
    };
    if host.is_empty() {
        return Err(bad(text, "the host is empty"));
    }
    if host.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(bad(text, "the host contains white space"));
    }
    Ok((host, port))
}
