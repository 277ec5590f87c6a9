//! Literals: strings with Python's escapes, numbers.

use halite_core::Value;
use num_bigint::BigInt;

/// Decodes the escapes of a string literal. `Err` is the text of Python's codec.
pub(crate) fn unescape(text: &str) -> Result<String, String> {
    if !text.contains('\\') {
        return Ok(text.to_string());
    }
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            None => return Err("\\ at end of string".into()),
            Some('\n') => {}
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some('a') => out.push('\u{7}'),
            Some('b') => out.push('\u{8}'),
            Some('f') => out.push('\u{c}'),
            Some('v') => out.push('\u{b}'),
            Some(c @ ('\\' | '\'' | '"')) => out.push(c),
            Some('x') => out.push(hex(&mut chars, 2, "truncated \\xXX escape")?),
            Some('u') => out.push(hex(&mut chars, 4, "truncated \\uXXXX escape")?),
            Some('U') => out.push(hex(&mut chars, 8, "truncated \\UXXXXXXXX escape")?),
            Some('N') => return Err("unknown Unicode character name".into()),
            Some(c) if c.is_digit(8) => {
                let mut code = c.to_digit(8).unwrap_or(0);
                for _ in 0..2 {
                    let Some(digit) = chars.peek().and_then(|c| c.to_digit(8)) else { break };
                    code = code * 8 + digit;
                    chars.next();
                }
                out.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            Some(c) => {
                out.push('\\');
                out.push(c);
            }
        }
    }
    Ok(out)
}

type Chars<'a> = std::iter::Peekable<std::str::Chars<'a>>;

fn hex(chars: &mut Chars<'_>, digits: usize, error: &str) -> Result<char, String> {
    let mut code = 0u32;
    for _ in 0..digits {
        let digit = chars.peek().and_then(|c| c.to_digit(16)).ok_or(error)?;
        code = code.checked_mul(16).map(|code| code + digit).ok_or("illegal Unicode character")?;
        chars.next();
    }
    if code > 0x10_ffff {
        return Err("illegal Unicode character".into());
    }
    // A lone surrogate has no place in UTF-8.
    Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER))
}

/// The length of the number at the start of `text`, and its value. Python's and Jinja's forms:
/// underscores between digits, `0b`, `0o`, `0x`, floats with exponent. `before` is the character
/// in front (after a dot there is no float).
pub(super) fn number(text: &str, before: Option<char>) -> Option<(usize, super::Tok)> {
    if before != Some('.')
        && let Some(len) = float_len(text)
    {
        let float = text[..len].replace('_', "").parse().ok()?;
        return Some((len, super::Tok::Float(float)));
    }
    let bytes = text.as_bytes();
    let (radix, prefix) = match (bytes.first()?, bytes.get(1).map(u8::to_ascii_lowercase)) {
        (b'0', Some(b'b')) => (2, 2),
        (b'0', Some(b'o')) => (8, 2),
        (b'0', Some(b'x')) => (16, 2),
        _ => (10, 0),
    };
    if prefix == 2 {
        let len = digits_len(&text[2..], radix, true);
        if len > 0 {
            return Some((2 + len, integer(&text[2..2 + len], radix)?));
        }
    }
    let len = if bytes[0] == b'0' {
        1 + digits_len(&text[1..], 1, true)
    } else {
        digits_len(text, 10, false)
    };
    (len > 0).then(|| Some((len, integer(&text[..len], 10)?)))?
}

fn integer(digits: &str, radix: u32) -> Option<super::Tok> {
    let digits = digits.replace('_', "");
    let big = BigInt::parse_bytes(digits.as_bytes(), radix)?;
    Some(super::Tok::Int(Value::from_bigint(big)))
}

/// Digits with single underscores between them; with `lead` one underscore may come first.
fn digits_len(text: &str, radix: u32, lead: bool) -> usize {
    let bytes = text.as_bytes();
    let is_digit = |at: usize| {
        bytes
            .get(at)
            .is_some_and(|&b| if radix == 1 { b == b'0' } else { (b as char).is_digit(radix) })
    };
    let mut len = 0;
    loop {
        if is_digit(len) {
            len += 1;
        } else if bytes.get(len) == Some(&b'_') && (len > 0 || lead) && is_digit(len + 1) {
            len += 2;
        } else {
            return len;
        }
    }
}

fn float_len(text: &str) -> Option<usize> {
    let whole = digits_len(text, 10, false);
    if whole == 0 {
        return None;
    }
    let mut len = whole;
    let mut real = false;
    if text[len..].starts_with('.') {
        let fraction = digits_len(&text[len + 1..], 10, false);
        if fraction > 0 {
            len += 1 + fraction;
            real = true;
        }
    }
    if text[len..].starts_with(['e', 'E']) {
        let sign = usize::from(text[len + 1..].starts_with(['+', '-']));
        let exponent = digits_len(&text[len + 1 + sign..], 10, false);
        if exponent > 0 {
            return Some(len + 1 + sign + exponent);
        }
    }
    real.then_some(len)
}
