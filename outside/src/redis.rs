//! Redis: the protocol RESP2 over one connection.

use std::io::{BufReader, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use halite_core::limits::{REDIS_BYTES, VALUE_DEPTH};
use halite_core::outside::{RedisCommand, RedisServer};
use halite_core::{Error, Result, Value};

use crate::tls::Stream;

/// Most bytes of a line of the protocol; payloads are no lines.
const LINE_BYTES_MAX: usize = 64 * 1024;

/// Signs in, chooses the database, and sends the commands one after the other.
pub(crate) fn run(server: &RedisServer, commands: &[RedisCommand]) -> Result<Vec<Value>> {
    let told = |why: std::io::Error| Error::execution(format!("redis {}: {why}", place(server)));
    let mut stream = BufReader::new(connect(server).map_err(told)?);
    let mut before: Vec<RedisCommand> = Vec::new();
    if let Some(password) = &server.password {
        before.push(vec![b"AUTH".to_vec(), password.clone().into_bytes()]);
    }
    if server.db != 0 {
        before.push(vec![b"SELECT".to_vec(), server.db.to_string().into_bytes()]);
    }
    let mut answers = Vec::with_capacity(commands.len());
    for (index, command) in before.iter().chain(commands).enumerate() {
        stream.get_mut().write_all(&packed(command)).map_err(told)?;
        let mut left = REDIS_BYTES;
        let answer = answer(&mut stream, &mut left, 0)
            .map_err(|why| Error::execution(format!("redis {}: {why}", place(server))))?;
        if index >= before.len() {
            answers.push(answer);
        }
    }
    Ok(answers)
}

fn place(server: &RedisServer) -> String {
    server.socket.clone().unwrap_or_else(|| format!("{}:{}", server.host, server.port))
}

fn connect(server: &RedisServer) -> std::io::Result<Box<dyn Stream>> {
    let wait = Duration::from_secs(server.timeout_secs.max(1));
    if let Some(path) = &server.socket {
        let stream = UnixStream::connect(path)?;
        stream.set_read_timeout(Some(wait))?;
        stream.set_write_timeout(Some(wait))?;
        return Ok(Box::new(stream));
    }
    Ok(Box::new(connect_tcp(&server.host, server.port, wait)?))
}

/// Connects to the first address of a host that answers; reading and writing may take `wait` each.
pub(crate) fn connect_tcp(host: &str, port: u16, wait: Duration) -> std::io::Result<TcpStream> {
    let mut last = std::io::Error::other("the host has no address");
    for address in (host, port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, wait) {
            Ok(stream) => {
                stream.set_read_timeout(Some(wait))?;
                stream.set_write_timeout(Some(wait))?;
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Err(why) => last = why,
        }
    }
    Err(last)
}

fn packed(command: &RedisCommand) -> Vec<u8> {
    let mut out = format!("*{}\r\n", command.len()).into_bytes();
    for part in command {
        out.extend_from_slice(format!("${}\r\n", part.len()).as_bytes());
        out.extend_from_slice(part);
        out.extend_from_slice(b"\r\n");
    }
    out
}

fn line(stream: &mut impl Read) -> Result<String, String> {
    let (mut line, mut byte) = (Vec::new(), [0]);
    loop {
        stream.read_exact(&mut byte).map_err(|why| why.to_string())?;
        match byte {
            [b'\n'] => break,
            [other] => line.push(other),
        }
        if line.len() > LINE_BYTES_MAX {
            return Err("the answer is no Redis protocol".to_owned());
        }
    }
    if line.pop() != Some(b'\r') {
        return Err("the answer is no Redis protocol".to_owned());
    }
    String::from_utf8(line).map_err(|_| "the answer is no Redis protocol".to_owned())
}

/// One answer: a status as text, a payload as bytes, a missing one as `Null`.
fn answer(stream: &mut impl Read, left: &mut usize, depth: usize) -> Result<Value, String> {
    if depth > VALUE_DEPTH {
        return Err("the answer nests too deep".to_owned());
    }
    let line = line(stream)?;
    let kind = line.get(..1).unwrap_or_default();
    let rest = line.get(1..).unwrap_or_default();
    let number = || rest.parse::<i64>().map_err(|_| format!("{rest:?} is no number"));
    match kind {
        "+" => Ok(Value::str(rest)),
        "-" => Err(rest.to_owned()),
        ":" => number().map(Value::Int),
        "$" => {
            let Ok(size) = usize::try_from(number()?) else { return Ok(Value::Null) };
            *left = left.checked_sub(size).ok_or("the answer is too long")?;
            let mut payload = Vec::new();
            let read = stream.take(size as u64).read_to_end(&mut payload);
            if read.map_err(|why| why.to_string())? != size {
                return Err("the answer broke off".to_owned());
            }
            stream.read_exact(&mut [0; 2]).map_err(|why| why.to_string())?;
            Ok(Value::bytes(payload))
        }
        "*" => {
            let Ok(count) = usize::try_from(number()?) else { return Ok(Value::Null) };
            let mut items = Vec::new();
            for _ in 0..count {
                *left = left.checked_sub(1).ok_or("the answer is too long")?;
                items.push(answer(stream, left, depth + 1)?);
            }
            Ok(Value::list(items))
        }
        _ => Err("the answer is no Redis protocol".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, want: &str) {
        let mut left = 64;
        let got = answer(&mut text.as_bytes(), &mut left, 0);
        assert_eq!(got.map_or_else(|why| format!("! {why}"), |value| value.repr()), want);
    }

    #[test]
    fn answers_are_read() {
        check("+OK\r\n", "'OK'");
        check("-ERR no\r\n", "! ERR no");
        check("*3\r\n:7\r\n$-1\r\n$2\r\na\n\r\n", "[7, None, b'a\\n']");
    }

    #[test]
    fn nonsense_ends_in_an_error() {
        check("HTTP/1.1 400\r\n", "! the answer is no Redis protocol");
        check("$99999999999\r\n", "! the answer is too long");
        check("*99999999\r\n:1\r\n", "! failed to fill whole buffer");
        check("$5\r\nab", "! the answer broke off");
        check(&"*1\r\n".repeat(200), "! the answer is too long");
    }
}
