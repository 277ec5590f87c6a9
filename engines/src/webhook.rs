//! `webhook`: each POST becomes an event `salt/engines/hook/PATH` with the headers and the body.
//! Salt: `salt.engines.webhook`. Settings: `address` (all), `port` (5000). Whoever reaches the port can fire: put it on
//! an address that only a trusted proxy reaches. TLS is that proxy's as well.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use halite_core::{Error, Map, Result, Value, map};

use crate::Home;

/// Longest request line and headers, bytes.
const HEAD_BYTES: u64 = 64 << 10;
/// Longest body, bytes: with it an event stays below the bus's own bound.
const BODY_BYTES: u64 = 900 << 10;
/// Requests that are read at a time; more are closed at once.
const CONNECTIONS: usize = 64;
/// How long a peer may take for a piece.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often the loop looks whether the daemon stops.
const LOOK: Duration = Duration::from_millis(100);

pub(crate) fn run(settings: &Map, home: &Home) -> Result<()> {
    for name in ["ssl_crt", "ssl_key"] {
        if settings.get(name).is_some_and(Value::truthy) {
            let what =
                format!("webhook: {name} is not supported: let a proxy in front of it speak TLS");
            return Err(Error::execution(what));
        }
    }
    let address = settings.get("address").and_then(Value::as_str).unwrap_or("0.0.0.0");
    let port = settings.get("port").and_then(Value::as_i64).unwrap_or(5_000);
    let at = format!("{}:{port}", if address.is_empty() { "0.0.0.0" } else { address });
    let fail = |error: std::io::Error| Error::execution(format!("webhook on {at}: {error}"));
    let listener = TcpListener::bind(&at).map_err(fail)?;
    listener.set_nonblocking(true).map_err(fail)?;
    let open = Arc::new(AtomicUsize::new(0));
    while !home.stop.load(Ordering::Relaxed) {
        match listener.accept() {
            Ok((stream, _)) => serve(stream, home, &open),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                std::thread::sleep(LOOK)
            }
            Err(error) => {
                tracing::warn!(%error, "webhook: a connection could not be taken");
                std::thread::sleep(LOOK);
            }
        }
    }
    Ok(())
}

/// One less connection, however it ends.
struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn serve(stream: TcpStream, home: &Home, open: &Arc<AtomicUsize>) {
    if open.fetch_add(1, Ordering::Relaxed) >= CONNECTIONS {
        open.fetch_sub(1, Ordering::Relaxed);
        tracing::warn!("webhook: {CONNECTIONS} requests are open; one more is closed");
        return;
    }
    let (place, home) = (Place(Arc::clone(open)), home.clone());
    let served = std::thread::Builder::new().name("webhook".into()).spawn(move || {
        let _place = place;
        if let Err(error) = answer(stream, &home) {
            tracing::debug!(%error, "webhook: a request broke off");
        }
    });
    if let Err(error) = served {
        tracing::error!(%error, "webhook: no thread for a request");
    }
}

fn answer(stream: TcpStream, home: &Home) -> std::io::Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut out = stream.try_clone()?;
    let status = match read(&mut BufReader::new(stream))? {
        Ok(post) => {
            let tag = format!("salt/engines/hook/{}", post.path);
            let data = map! {"headers" => post.headers, "body" => Value::bytes(&post.body)};
            match (home.fire)(&tag, data) {
                Ok(()) => "200 OK",
                Err(error) => {
                    tracing::error!(%error, tag, "webhook: an event could not be fired");
                    "500 Internal Server Error"
                }
            }
        }
        Err(status) => status,
    };
    write!(out, "HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
}

/// A request that is an event.
#[derive(Debug, PartialEq)]
struct Post {
    path: String,
    headers: Map,
    body: Vec<u8>,
}

/// Reads a request; the inner error is the status to answer with.
fn read(stream: &mut impl BufRead) -> std::io::Result<std::result::Result<Post, &'static str>> {
    let mut head = stream.take(HEAD_BYTES);
    let mut line = String::new();
    head.read_line(&mut line)?;
    let mut words = line.split_whitespace();
    let (Some(method), Some(target)) = (words.next(), words.next()) else {
        return Ok(Err("400 Bad Request"));
    };
    let (method, target) = (method.to_owned(), target.to_owned());
    let mut headers = Map::new();
    loop {
        let mut line = String::new();
        if head.read_line(&mut line)? == 0 {
            return Ok(Err("431 Request Header Fields Too Large"));
        }
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        let Some((name, value)) = line.split_once(':') else { return Ok(Err("400 Bad Request")) };
        headers.insert(canonical(name.trim()).into(), value.trim().into());
    }
    if method != "POST" {
        return Ok(Err("405 Method Not Allowed"));
    }
    let header = |name: &str| headers.get(name).and_then(Value::as_str);
    if header("Transfer-Encoding").is_some() {
        return Ok(Err("411 Length Required"));
    }
    let length: u64 = match header("Content-Length").map(str::parse) {
        None => 0,
        Some(Ok(length)) => length,
        Some(Err(_)) => return Ok(Err("400 Bad Request")),
    };
    if length > BODY_BYTES {
        return Ok(Err("413 Content Too Large"));
    }
    let mut body = Vec::new();
    stream.take(length).read_to_end(&mut body)?;
    if body.len() as u64 != length {
        return Ok(Err("400 Bad Request"));
    }
    let path = target.split(['?', '#']).next().unwrap_or_default().trim_start_matches('/');
    let path = percent(path);
    if path.chars().any(char::is_control) {
        return Ok(Err("400 Bad Request"));
    }
    Ok(Ok(Post { path, headers, body }))
}

/// `Content-Type` for `content-type`, as Salt's server names headers.
fn canonical(name: &str) -> String {
    let part = |part: &str| {
        let mut chars = part.chars();
        let first = chars.next().map(|c| c.to_ascii_uppercase());
        first.into_iter().chain(chars.map(|c| c.to_ascii_lowercase())).collect::<String>()
    };
    name.split('-').map(part).collect::<Vec<_>>().join("-")
}

/// `%41` is `A`; what is no such escape stays.
fn percent(text: &str) -> String {
    let bytes = text.as_bytes();
    let (mut out, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while at < bytes.len() {
        let hex = bytes.get(at + 1..at + 3).and_then(|hex| std::str::from_utf8(hex).ok());
        let byte = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match byte.filter(|_| bytes[at] == b'%') {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> std::result::Result<Post, &'static str> {
        read(&mut text.as_bytes()).expect("reads")
    }

    #[test]
    fn a_post_is_read_as_salts_server_reads_it() {
        let text = "POST /my/hook%20x?a=b HTTP/1.1\r\ncontent-type: text/plain\r\nContent-Length: 5\r\n\r\nhello";
        let post = read_text(text).expect("is a request");
        assert_eq!((post.path.as_str(), &post.body[..]), ("my/hook x", &b"hello"[..]));
        assert_eq!(post.headers, map! {"Content-Type" => "text/plain", "Content-Length" => "5"});
    }

    #[test]
    fn what_is_no_post_within_bounds_is_refused() {
        let long = format!("POST / HTTP/1.1\r\nX: {}\r\n\r\n", "y".repeat(70_000));
        for (text, status) in [
            ("GET / HTTP/1.1\r\n\r\n", "405 Method Not Allowed"),
            ("POST / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n", "413 Content Too Large"),
            ("POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n", "400 Bad Request"),
            ("POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nab", "400 Bad Request"),
            ("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", "411 Length Required"),
            ("POST /%0a%0ax HTTP/1.1\r\n\r\n", "400 Bad Request"),
            ("nonsense\r\n\r\n", "400 Bad Request"),
            (long.as_str(), "431 Request Header Fields Too Large"),
        ] {
            assert_eq!(
                read_text(text).expect_err("is refused"),
                status,
                "{}",
                &text[..20.min(text.len())]
            );
        }
    }
}
