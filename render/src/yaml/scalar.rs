//! Scalars to values: Salt's integers, YAML 1.1 floats, tolerant base64.

use halite_core::Value;
use num_bigint::BigInt;

/// Python refuses longer decimal texts of integers, since reading them takes quadratic time.
const INT_DIGITS_MAX: usize = 4300;

/// An integer. Salt: a text that begins with `0` (but not `0b`, `0x`) loses its zeros and is read
/// as decimal; behind a sign the same digits are octal, as in YAML 1.1.
///
/// Errors: Python's text of the exception.
pub(super) fn int(text: &str) -> Result<Value, String> {
    let mut text = text;
    if text != "0" && text.starts_with('0') && !text.starts_with("0b") && !text.starts_with("0x") {
        text = text.trim_start_matches('0');
        if text.is_empty() {
            text = "0";
        }
    }
    let digits = text.replace('_', "");
    let (negative, digits) = match digits.as_bytes().first() {
        None => return Err("string index out of range".to_owned()),
        Some(b'-') => (true, &digits[1..]),
        Some(b'+') => (false, &digits[1..]),
        Some(_) => (false, digits.as_str()),
    };
    let number = magnitude(digits)?;
    Ok(Value::from_bigint(if negative { -number } else { number }))
}

fn magnitude(digits: &str) -> Result<BigInt, String> {
    if let Ok(small) = digits.parse::<u64>()
        && !(digits.starts_with('0') || digits.starts_with('+'))
    {
        return Ok(small.into());
    }
    if digits == "0" {
        Ok(BigInt::ZERO)
    } else if let Some(binary) = digits.strip_prefix("0b") {
        radix(binary, 2)
    } else if let Some(hex) = digits.strip_prefix("0x") {
        radix(hex, 16)
    } else if digits.starts_with('0') {
        radix(digits, 8)
    } else if digits.contains(':') {
        digits.split(':').try_fold(BigInt::ZERO, |sum, part| Ok(sum * 60 + radix(part.trim(), 10)?))
    } else {
        radix(digits.trim(), 10)
    }
}

fn radix(digits: &str, radix: u32) -> Result<BigInt, String> {
    if radix == 10 && digits.len() > INT_DIGITS_MAX {
        return Err(format!(
            "Exceeds the limit ({INT_DIGITS_MAX} digits) for integer string conversion: value has \
             {} digits; use sys.set_int_max_str_digits() to increase the limit",
            digits.len()
        ));
    }
    BigInt::parse_bytes(digits.as_bytes(), radix).ok_or_else(|| {
        let repr = halite_core::value::repr_str(digits);
        format!("invalid literal for int() with base {radix}: {repr}")
    })
}

/// A float, base 60 included. Errors: Python's text of the exception.
pub(super) fn float(text: &str) -> Result<Value, String> {
    let lower = text.replace('_', "").to_lowercase();
    let (sign, digits) = match lower.as_bytes().first() {
        None => return Err("string index out of range".to_owned()),
        Some(b'-') => (-1.0, &lower[1..]),
        Some(b'+') => (1.0, &lower[1..]),
        Some(_) => (1.0, lower.as_str()),
    };
    let number = match digits {
        ".inf" => f64::INFINITY,
        ".nan" => return Ok(Value::Float(f64::NAN)),
        _ if digits.contains(':') => sexagesimal(digits)?,
        _ => python_float(digits)?,
    };
    Ok(Value::Float(sign * number))
}

/// Base 60, summed from the last part as PyYAML does, so that rounding is the same.
fn sexagesimal(digits: &str) -> Result<f64, String> {
    let (mut sum, mut base) = (0.0, 1.0);
    for part in digits.rsplit(':') {
        sum += python_float(part)? * base;
        base *= 60.0;
    }
    Ok(sum)
}

fn python_float(digits: &str) -> Result<f64, String> {
    digits.trim().parse().map_err(|_| {
        format!("could not convert string to float: {}", halite_core::value::repr_str(digits))
    })
}

/// The word of a `!!bool`. Errors: Python's text of the `KeyError`.
pub(super) fn boolean(text: &str) -> Result<Value, String> {
    match text.to_lowercase().as_str() {
        "yes" | "true" | "on" => Ok(Value::Bool(true)),
        "no" | "false" | "off" => Ok(Value::Bool(false)),
        other => Err(halite_core::value::repr_str(other)),
    }
}

/// The bytes of a `!!binary`; missing padding is added, foreign characters are skipped.
///
/// Errors: Salt's text.
pub(super) fn binary(text: &str) -> Result<Value, String> {
    let foreign: Vec<(usize, char)> =
        text.chars().enumerate().filter(|(_, c)| !c.is_ascii()).collect();
    if let Some((position, c)) = foreign.first() {
        let run = foreign.iter().zip(*position..).take_while(|((at, _), want)| at == want).count();
        let what = if run == 1 {
            let repr = halite_core::value::repr_str(&escape(*c));
            format!("character {} in position {position}", repr.replace("\\\\", "\\"))
        } else {
            format!("characters in position {position}-{}", position + run - 1)
        };
        return Err(format!(
            "failed to convert base64 data into ascii: 'ascii' codec can't encode {what}: \
             ordinal not in range(128)"
        ));
    }
    let missing = text.len() % 4;
    let padding = if missing == 0 { 0 } else { 4 - missing };
    let padded = text.bytes().chain(std::iter::repeat_n(b'=', padding));
    decode(padded)
        .map(Value::bytes)
        .map_err(|problem| format!("failed to decode base64 data: {problem}"))
}

fn escape(c: char) -> String {
    match c as u32 {
        code @ ..0x100 => format!("\\x{code:02x}"),
        code @ ..0x10000 => format!("\\u{code:04x}"),
        code => format!("\\U{code:08x}"),
    }
}

/// Python's lenient base64.
fn decode(text: impl Iterator<Item = u8>) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    let (mut bits, mut quad, mut pads, mut count) = (0u32, 0, 0, 0usize);
    for byte in text {
        let six = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => {
                pads += 1;
                if quad >= 2 && quad + pads >= 4 {
                    return Ok(out);
                }
                continue;
            }
            _ => continue,
        };
        pads = 0;
        count += 1;
        bits = (bits << 6 | u32::from(six)) & 0x00ff_ffff;
        quad = (quad + 1) % 4;
        match quad {
            2 => out.push((bits >> 4) as u8),
            3 => out.push((bits >> 2) as u8),
            0 => out.push(bits as u8),
            _ => {}
        }
    }
    match quad {
        0 => Ok(out),
        1 => Err(format!(
            "Invalid base64-encoded string: number of data characters ({count}) cannot be 1 more \
             than a multiple of 4"
        )),
        _ => Err("Incorrect padding".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_follow_salts_rule() {
        let cases = [
            ("0644", 644),
            ("007", 7),
            ("00", 0),
            ("0_1", 1),
            ("-010", -8),
            ("+010", 8),
            ("0x1F", 31),
            ("-0b11", -3),
            ("1_000", 1000),
            ("190:20:30", 685230),
            ("-1:30", -90),
        ];
        for (text, want) in cases {
            assert_eq!(int(text), Ok(Value::Int(want)), "{text}");
        }
        assert_eq!(int("0_"), Err("string index out of range".into()));
        assert!(int(&"9".repeat(5000)).is_err());
        assert_eq!(
            int("18446744073709551616").map(|v| v.to_string()),
            Ok("18446744073709551616".into())
        );
    }

    #[test]
    fn base64_is_lenient() {
        assert_eq!(binary("aGVsbG8="), Ok(Value::bytes("hello")));
        assert_eq!(binary("aGVsbG8"), Ok(Value::bytes("hello")));
        assert_eq!(binary("aGVs\n bG8="), Ok(Value::bytes("hello")));
        assert!(binary("a").is_err());
        assert!(binary("é").is_err_and(|text| text.contains(r"character '\xe9' in position 0:")));
    }
}
