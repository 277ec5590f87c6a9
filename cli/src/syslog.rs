//! `log_file: file:///dev/log`, `udp://host:port/LOG_DAEMON`, `tcp://...`: messages to a syslog.
//! Salt: `salt._logging.impl.setup_logfile_handler` behaviour.

use std::io::{self, Write};
use std::net::{TcpStream, UdpSocket};
use std::os::unix::net::UnixDatagram;
use std::path::Path;

use tracing::Level;

use crate::log::complain;

/// Port of a syslog where the address names none.
const PORT: u16 = 514;
/// Facilities by their number in the protocol (RFC 3164).
const FACILITIES: [&str; 24] = [
    "KERN", "USER", "MAIL", "DAEMON", "AUTH", "SYSLOG", "LPR", "NEWS", "UUCP", "CRON", "AUTHPRIV",
    "FTP", "NTP", "SECURITY", "CONSOLE", "SOLCRON", "LOCAL0", "LOCAL1", "LOCAL2", "LOCAL3",
    "LOCAL4", "LOCAL5", "LOCAL6", "LOCAL7",
];
/// The facility where none is named.
const USER: usize = 1;

/// A syslog.
pub(crate) struct Syslog {
    facility: usize,
    link: Link,
}

enum Link {
    Local(UnixDatagram),
    Udp(UdpSocket),
    Tcp(TcpStream),
    /// It was not there: said once.
    Nowhere,
}

/// Whether this is the address of a syslog and no file.
pub(crate) fn is_address(text: &str) -> bool {
    ["file://", "udp://", "tcp://"].iter().any(|scheme| text.starts_with(scheme))
}

impl Syslog {
    /// Opens the syslog at this address; complains if it is not there.
    pub(crate) fn open(address: &str) -> Syslog {
        let Some((scheme, rest)) = address.split_once("://") else { return Syslog::nowhere() };
        let (place, facility) = match split_facility(rest) {
            Ok(parts) => parts,
            Err(name) => {
                complain(&format!("[WARNING ] The syslog facility '{name}' is not known"));
                return Syslog::nowhere();
            }
        };
        let link = match scheme {
            "file" => local(place),
            "udp" => udp(place),
            _ => TcpStream::connect(host_port(place)).map(Link::Tcp),
        };
        let link = link.unwrap_or_else(|_| {
            complain(
                "[WARNING ] The log_file does not exist. Logging not setup correctly or syslog \
                 service not started.",
            );
            Link::Nowhere
        });
        Syslog { facility, link }
    }

    fn nowhere() -> Syslog {
        Syslog { facility: USER, link: Link::Nowhere }
    }

    /// Sends one message. One that cannot be sent is lost: there is nobody to tell.
    pub(crate) fn send(&mut self, level: &Level, message: &str) {
        let priority = self.facility * 8 + severity(level);
        let packet = format!("<{priority}>{message}\0");
        let bytes = packet.as_bytes();
        let _ = match &mut self.link {
            Link::Local(socket) => socket.send(bytes).map(drop),
            Link::Udp(socket) => socket.send(bytes).map(drop),
            Link::Tcp(stream) => stream.write_all(bytes),
            Link::Nowhere => Ok(()),
        };
    }
}

fn local(path: &str) -> io::Result<Link> {
    let socket = UnixDatagram::unbound()?;
    socket.connect(Path::new(path))?;
    Ok(Link::Local(socket))
}

fn udp(place: &str) -> io::Result<Link> {
    let address = host_port(place);
    let any = if address.0.contains(':') { "[::]:0" } else { "0.0.0.0:0" };
    let socket = UdpSocket::bind(any)?;
    socket.connect(address)?;
    Ok(Link::Udp(socket))
}

/// `host`, `host:port`, `[v6]:port`.
fn host_port(place: &str) -> (&str, u16) {
    let (host, port) = match place.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => {
            (host, port.parse().ok())
        }
        _ => (place, None),
    };
    (host.trim_start_matches('[').trim_end_matches(']'), port.unwrap_or(PORT))
}

/// Takes a last part `LOG_DAEMON` off; an unknown facility is the error.
fn split_facility(rest: &str) -> Result<(&str, usize), String> {
    match rest.trim_end_matches('/').rsplit_once('/') {
        Some((place, name)) if name.to_uppercase().starts_with("LOG_") => {
            let name = name.to_uppercase();
            let number = FACILITIES.iter().position(|known| name[4..] == **known);
            number.map(|number| (place, number)).ok_or(name)
        }
        _ => Ok((rest, USER)),
    }
}

/// The protocol's number of a level.
fn severity(level: &Level) -> usize {
    match *level {
        Level::ERROR => 3,
        Level::WARN => 4,
        Level::INFO => 6,
        _ => 7,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read() {
        assert_eq!(split_facility("/dev/log"), Ok(("/dev/log", USER)));
        assert_eq!(split_facility("/dev/log/LOG_DAEMON"), Ok(("/dev/log", 3)));
        assert_eq!(split_facility("loghost:10514/log_local7"), Ok(("loghost:10514", 23)));
        assert_eq!(split_facility("loghost/LOG_NONE"), Err("LOG_NONE".into()));
        assert_eq!(host_port("loghost"), ("loghost", 514));
        assert_eq!(host_port("loghost:10514"), ("loghost", 10514));
        assert_eq!(host_port("[::1]:5"), ("::1", 5));
        assert!(is_address("udp://x") && !is_address("/var/log/salt/minion"));
    }

    #[test]
    fn messages_arrive_with_priority() {
        let there = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        let port = there.local_addr().expect("an address").port();
        let mut log = Syslog::open(&format!("udp://127.0.0.1:{port}/LOG_DAEMON"));
        log.send(&Level::WARN, "hello");
        let mut buffer = [0; 100];
        let length = there.recv(&mut buffer).expect("arrives");
        assert_eq!(&buffer[..length], b"<28>hello\0");
    }
}
