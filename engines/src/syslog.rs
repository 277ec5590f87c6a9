//! `syslog`: every event as a line in the system's log. Ours. Settings: `address` (`/dev/log`, or `host:port` for UDP),
//! `tags` (globs), `facility` (`daemon`), `ident` (`salt`).

use std::net::UdpSocket;
use std::os::unix::net::UnixDatagram;

use halite_core::{Error, Map, Result, Value};

use crate::Home;
use crate::reader::{Read, Reader, line, texts};

/// Names of facilities in the order of their numbers; RFC 5424, 6.2.1.
const FACILITIES: [&str; 24] = [
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv",
    "ftp", "ntp", "audit", "alert", "clock", "local0", "local1", "local2", "local3", "local4",
    "local5", "local6", "local7",
];
/// Severity `info`.
const INFO: usize = 6;
/// Bytes of one message: what receivers of datagrams take.
const MESSAGE_BYTES: usize = 8_192;

enum Way {
    Local(UnixDatagram),
    Network(UdpSocket),
}

impl Way {
    fn open(address: &str) -> std::io::Result<Way> {
        if address.starts_with('/') {
            let socket = UnixDatagram::unbound()?;
            socket.connect(address)?;
            return Ok(Way::Local(socket));
        }
        let socket = UdpSocket::bind("[::]:0").or_else(|_| UdpSocket::bind("0.0.0.0:0"))?;
        socket.connect(address).or_else(|_| {
            // A machine whose IPv6 sockets do not reach IPv4.
            UdpSocket::bind("0.0.0.0:0")?.connect(address)
        })?;
        Ok(Way::Network(socket))
    }

    fn send(&self, message: &[u8]) -> std::io::Result<usize> {
        match self {
            Way::Local(socket) => socket.send(message),
            Way::Network(socket) => socket.send(message),
        }
    }
}

pub(crate) fn run(settings: &Map, home: &Home) -> Result<()> {
    let text = |name: &str, default: &str| {
        settings.get(name).and_then(Value::as_str).unwrap_or(default).to_owned()
    };
    let (address, ident) = (text("address", "/dev/log"), text("ident", "salt"));
    let facility = text("facility", "daemon");
    let number = FACILITIES.iter().position(|name| *name == facility).ok_or_else(|| {
        let known = FACILITIES.join(", ");
        Error::execution(format!("syslog: `{facility}` is no facility; there are {known}"))
    })?;
    let fail = |error: std::io::Error| Error::execution(format!("syslog at {address}: {error}"));
    let way = Way::open(&address).map_err(fail)?;
    let reader = Reader::new(home, &texts(settings, "tags"), "syslog");
    loop {
        match reader.next(home) {
            Read::Event(tag, data) => {
                let message = message(number, &ident, &line(&tag, &data));
                way.send(&message).map_err(fail)?;
            }
            Read::Quiet => {}
            Read::End => return Ok(()),
        }
    }
}

/// A message of RFC 3164, cut where receivers would.
fn message(facility: usize, ident: &str, line: &str) -> Vec<u8> {
    let pid = std::process::id();
    let mut message = format!("<{}>{ident}[{pid}]: {line}", facility * 8 + INFO);
    if message.len() > MESSAGE_BYTES {
        let mut end = MESSAGE_BYTES;
        while !message.is_char_boundary(end) {
            end -= 1;
        }
        message.truncate(end);
    }
    message.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_carry_facility_and_name_and_are_cut() {
        let text = String::from_utf8(message(3, "salt", "{}")).expect("is text");
        assert!(text.starts_with("<30>salt[") && text.ends_with("]: {}"), "{text}");
        assert!(message(3, "salt", &"ä".repeat(9_000)).len() <= MESSAGE_BYTES);
    }
}
