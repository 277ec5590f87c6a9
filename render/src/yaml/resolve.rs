//! What a plain scalar is, by its text alone: YAML 1.1's resolver as PyYAML has it.
//!
//! Loading uses it to give tags, dumping to know which strings need quotes.

use super::node::Tag;

/// The tag of a plain scalar.
pub(super) fn plain(text: &str) -> Tag {
    let Some(&first) = text.as_bytes().first() else { return Tag::Null };
    match first {
        b'0'..=b'9' | b'+' | b'-' | b'.' => number(text.as_bytes()),
        b'~' if text == "~" => Tag::Null,
        b'n' | b'N' if matches!(text, "null" | "Null" | "NULL") => Tag::Null,
        b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' => {
            if boolean(text).is_some() { Tag::Bool } else { Tag::Str }
        }
        b'<' if text == "<<" => Tag::Merge,
        b'=' if text == "=" => Tag::Value,
        _ => Tag::Str,
    }
}

/// A boolean's text.
fn boolean(text: &str) -> Option<bool> {
    match text {
        "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => Some(true),
        "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => Some(false),
        _ => None,
    }
}

fn number(text: &[u8]) -> Tag {
    let unsigned = match text {
        [b'+' | b'-', rest @ ..] => rest,
        _ => text,
    };
    if float(text, unsigned) {
        Tag::Float
    } else if int(unsigned) {
        Tag::Int
    } else if timestamp(text) {
        Tag::Timestamp
    } else {
        Tag::Str
    }
}

/// How many leading bytes satisfy `test`.
fn run(text: &[u8], test: impl Fn(u8) -> bool) -> usize {
    text.iter().take_while(|byte| test(**byte)).count()
}

fn digit_or_underscore(byte: u8) -> bool {
    byte.is_ascii_digit() || byte == b'_'
}

fn float(text: &[u8], unsigned: &[u8]) -> bool {
    match unsigned {
        [b'.', rest @ ..] => match rest {
            b"inf" | b"Inf" | b"INF" => true,
            b"nan" | b"NaN" | b"NAN" => text.len() == unsigned.len(),
            // A sign before a bare fraction makes it a string.
            [b'0'..=b'9', tail @ ..] => text.len() == unsigned.len() && fraction_and_exponent(tail),
            _ => false,
        },
        [b'0'..=b'9', ..] => {
            let whole = run(unsigned, digit_or_underscore);
            match &unsigned[whole..] {
                [b'.', rest @ ..] => fraction_and_exponent(rest),
                [b':', ..] => {
                    let after = sexagesimal(&unsigned[whole..]);
                    matches!(after, [b'.', rest @ ..] if rest.iter().all(|b| digit_or_underscore(*b)))
                }
                _ => false,
            }
        }
        _ => false,
    }
}

/// `[0-9_]*([eE][-+][0-9]+)?` to the end.
fn fraction_and_exponent(text: &[u8]) -> bool {
    match &text[run(text, digit_or_underscore)..] {
        [] => true,
        [b'e' | b'E', b'+' | b'-', digits @ ..] => {
            !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
        }
        _ => false,
    }
}

/// Drops as many `:[0-5]?[0-9]` as there are; gives the whole text back if there is none.
fn sexagesimal(text: &[u8]) -> &[u8] {
    let mut rest = text;
    loop {
        rest = match rest {
            [b':', b'0'..=b'5', b'0'..=b'9', tail @ ..] => tail,
            [b':', b'0'..=b'9', tail @ ..] => tail,
            _ => return rest,
        };
    }
}

fn int(unsigned: &[u8]) -> bool {
    let all = |digits: &[u8], test: fn(u8) -> bool| {
        !digits.is_empty() && digits.iter().all(|digit| test(*digit))
    };
    match unsigned {
        [b'0'] => true,
        [b'0', b'b', digits @ ..] => all(digits, |b| matches!(b, b'0' | b'1' | b'_')),
        [b'0', b'x', digits @ ..] => all(digits, |b| b.is_ascii_hexdigit() || b == b'_'),
        [b'0', digits @ ..] => all(digits, |b| matches!(b, b'0'..=b'7' | b'_')),
        [b'1'..=b'9', ..] => {
            let rest = &unsigned[run(unsigned, digit_or_underscore)..];
            rest.is_empty() || sexagesimal(rest).is_empty()
        }
        _ => false,
    }
}

/// Whether the text is a date or a time stamp; it stays text, but it is quoted when written.
fn timestamp(text: &[u8]) -> bool {
    let digits = |text: &[u8], min: usize, max: usize| {
        let count = run(text, |b| b.is_ascii_digit()).min(max);
        (count >= min).then_some(count)
    };
    let year = |text: &[u8]| run(text, |b| b.is_ascii_digit()) == 4;
    if !year(text) {
        return false;
    }
    if let [b'-', m1, m2, b'-', d1, d2] = &text[4..] {
        return [m1, m2, d1, d2].iter().all(|b| b.is_ascii_digit());
    }
    let parse = || -> Option<bool> {
        let mut rest = text[4..].strip_prefix(b"-")?;
        rest = &rest[digits(rest, 1, 2)?..];
        rest = rest.strip_prefix(b"-")?;
        rest = &rest[digits(rest, 1, 2)?..];
        rest = match rest {
            [b'T' | b't', tail @ ..] => tail,
            _ => match run(rest, |b| b == b' ' || b == b'\t') {
                0 => return None,
                blanks => &rest[blanks..],
            },
        };
        rest = &rest[digits(rest, 1, 2)?..];
        for _ in 0..2 {
            rest = rest.strip_prefix(b":")?;
            rest = &rest[digits(rest, 2, 2)?..];
        }
        if let [b'.', tail @ ..] = rest {
            rest = &tail[run(tail, |b| b.is_ascii_digit())..];
        }
        if rest.is_empty() {
            return Some(true);
        }
        rest = &rest[run(rest, |b| b == b' ' || b == b'\t')..];
        match rest {
            b"Z" => return Some(true),
            [b'+' | b'-', tail @ ..] => rest = &tail[digits(tail, 1, 2)?..],
            _ => return None,
        }
        if let [b':', tail @ ..] = rest {
            rest = &tail[digits(tail, 2, 2)?..];
        }
        Some(rest.is_empty())
    };
    parse().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(want: &Tag, texts: &[&str]) {
        for text in texts {
            assert_eq!(&plain(text), want, "{text:?}");
        }
    }

    #[test]
    fn plain_scalars_by_their_text() {
        check(&Tag::Null, &["", "~", "null", "Null", "NULL"]);
        check(&Tag::Bool, &["yes", "No", "ON", "off", "true", "FALSE"]);
        check(
            &Tag::Int,
            &["0", "12", "+1", "-0", "0644", "0_", "0b1", "0xfF", "1:30", "190:20:30"],
        );
        check(&Tag::Float, &["1.", ".5", "1.5", "6.02e+23", "1_0.5", "-.inf", ".nan", "1:30.5"]);
        check(
            &Tag::Timestamp,
            &["2024-01-02", "2001-12-14t21:59:43.10-05:00", "2001-1-2 3:04:05 Z"],
        );
        check(
            &Tag::Str,
            &["y", "yEs", "none", "nULL", "08", "0o17", "1e3", "1.0e3", "-.5", "+.nan"],
        );
        check(
            &Tag::Str,
            &["1:60", "01:30", "8080:80", "2024-1-2", "1.2.3", "-", ".", "<", "0b", "0x"],
        );
        check(&Tag::Merge, &["<<"]);
        check(&Tag::Value, &["="]);
    }
}
