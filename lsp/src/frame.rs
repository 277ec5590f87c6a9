//! The base protocol: headers, a blank line, JSON.

use std::io::{self, BufRead, Read, Write};
use std::sync::mpsc::SyncSender;

use halite_core::Value;
use halite_core::value::{JsonStyle, parse_json, to_json};

/// How many messages may wait.
pub(crate) const QUEUE_MAX: usize = 256;
/// The largest message, in bytes.
const MESSAGE_BYTES_MAX: u64 = 64 << 20;
/// The longest header line, in bytes.
const HEADER_BYTES_MAX: u64 = 4096;
/// How many header lines a message may have.
const HEADERS_MAX: usize = 64;

/// What came: a message, or why there is none.
pub(crate) type Incoming = Result<Value, String>;

/// Reads messages until the stream ends or cannot be understood any longer.
pub(crate) fn read_all(mut input: impl BufRead, to: &SyncSender<Incoming>) {
    loop {
        let incoming = match read(&mut input) {
            Ok(Some(message)) => message,
            Ok(None) | Err(_) => return,
        };
        if to.send(incoming).is_err() {
            return;
        }
    }
}

/// The next message; `None` at the end. An `Err` within is a message that is no JSON.
fn read(input: &mut impl BufRead) -> io::Result<Option<Incoming>> {
    let Some(length) = headers(input)? else { return Ok(None) };
    let mut body = Vec::new();
    let read = input.take(length).read_to_end(&mut body)?;
    if (read as u64) < length {
        return Ok(None);
    }
    let text = match String::from_utf8(body) {
        Ok(text) => text,
        Err(why) => return Ok(Some(Err(format!("the message is no UTF-8: {why}")))),
    };
    Ok(Some(parse_json(&text).map_err(|why| format!("the message is no JSON: {why}"))))
}

/// The length that the headers give; `None` at the end of the stream.
fn headers(input: &mut impl BufRead) -> io::Result<Option<u64>> {
    let bad = |what: &str| Err(io::Error::new(io::ErrorKind::InvalidData, what.to_owned()));
    let mut length = None;
    for _ in 0..HEADERS_MAX {
        let mut line = Vec::new();
        let read = input.by_ref().take(HEADER_BYTES_MAX).read_until(b'\n', &mut line)?;
        if read == 0 {
            return Ok(None);
        }
        if line.last() != Some(&b'\n') {
            return bad("a header line without end");
        }
        let line = String::from_utf8_lossy(&line);
        let line = line.trim_end();
        if line.is_empty() {
            match length {
                Some(length) => return Ok(Some(length)),
                // Stray blank lines between messages do no harm.
                None => continue,
            }
        }
        let Some((name, value)) = line.split_once(':') else { continue };
        if name.eq_ignore_ascii_case("content-length") {
            match value.trim().parse() {
                Ok(value) if value <= MESSAGE_BYTES_MAX => length = Some(value),
                _ => return bad("a length that cannot be"),
            }
        }
    }
    bad("too many headers")
}

/// Writes a message.
pub(crate) fn write(output: &mut impl Write, message: &Value) -> io::Result<()> {
    let style = JsonStyle { compact: true, keep_unicode: true, ..JsonStyle::default() };
    let text = to_json(message, style);
    write!(output, "Content-Length: {}\r\n\r\n{text}", text.len())?;
    output.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(bytes: &[u8]) -> Vec<Incoming> {
        let (sender, receiver) = std::sync::mpsc::sync_channel(16);
        read_all(bytes, &sender);
        drop(sender);
        receiver.into_iter().collect()
    }

    #[test]
    fn messages_come_one_after_the_other_and_bad_ones_do_not_end_the_stream() {
        let got = all(b"Content-Length: 2\r\n\r\n{}content-length:3\r\nX: y\r\n\r\n{a}\r\nContent-Length: 4\r\n\r\nnull");
        assert_eq!(got.len(), 3);
        assert!(got[0].is_ok() && got[1].is_err() && got[2] == Ok(Value::Null));
    }

    #[test]
    fn impossible_lengths_and_cut_messages_end_it() {
        for bytes in [
            &b"Content-Length: 99999999999999\r\n\r\n{}"[..],
            b"Content-Length: -1\r\n\r\n{}",
            b"Content-Length: 9\r\n\r\n{}",
            b"no headers at all",
            b"\r\n\r\n\r\n",
        ] {
            assert!(all(bytes).is_empty(), "{bytes:?}");
        }
        assert!(all(&[b'x'; 100_000]).is_empty());
    }
}
