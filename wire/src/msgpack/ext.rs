//! Salt's extension types.

use halite_core::Value;

/// A naive datetime as `%Y%m%dT%H:%M:%S.%f`.
const DATETIME: u8 = 78;

/// The text of an ext value that has one: a datetime as Python's `str()` prints it. Text that does
/// not read as a datetime is left to the caller as plain data.
pub(super) fn text(code: u8, data: &[u8]) -> Option<Value> {
    if code != DATETIME {
        return None;
    }
    let data = std::str::from_utf8(data).ok()?;
    let (date, time) = data.split_once('T')?;
    let (clock, micros) = time.split_once('.')?;
    let digits = |text: &str, len: usize| text.len() == len && text.bytes().all(is_digit);
    let clock_ok = clock.len() == 8
        && clock.bytes().enumerate().all(|(i, b)| if i % 3 == 2 { b == b':' } else { is_digit(b) });
    if !digits(date, 8) || !digits(micros, 6) || !clock_ok {
        return None;
    }
    let (year, month, day) = (&date[..4], &date[4..6], &date[6..]);
    Some(Value::from(match micros {
        "000000" => format!("{year}-{month}-{day} {clock}"),
        _ => format!("{year}-{month}-{day} {clock}.{micros}"),
    }))
}

fn is_digit(byte: u8) -> bool {
    byte.is_ascii_digit()
}
