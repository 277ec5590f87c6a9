//! Python's `re` syntax on `fancy-regex`: the few places where the two read a pattern differently
//! are rewritten before it is compiled. Matching is bounded, so a hostile pattern ends with an
//! error and not with a busy core.

pub use fancy_regex::Regex;
use fancy_regex::RegexBuilder;

use crate::limits;

/// Python's flags for a pattern.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// `re.IGNORECASE`.
    pub ignorecase: bool,
    /// `re.MULTILINE`.
    pub multiline: bool,
    /// `re.DOTALL`.
    pub dotall: bool,
    /// `re.VERBOSE`.
    pub verbose: bool,
}

/// Compiles a Python pattern for searching.
///
/// # Errors
/// The engine's reason.
pub fn compile(pattern: &str, flags: Flags) -> Result<Regex, Box<fancy_regex::Error>> {
    build(&translate(pattern, flags.multiline), flags)
}

/// Compiles a Python pattern for `re.match`: anchored at the start of the text.
///
/// # Errors
/// The engine's reason.
pub fn compile_match(pattern: &str) -> Result<Regex, Box<fancy_regex::Error>> {
    build(&format!(r"\A(?:{})", translate(pattern, false)), Flags::default())
}

/// Compiles a Python pattern for `re.fullmatch`.
///
/// # Errors
/// The engine's reason.
pub fn compile_full(pattern: &str, flags: Flags) -> Result<Regex, Box<fancy_regex::Error>> {
    build(&format!(r"\A(?:{})\z", translate(pattern, flags.multiline)), flags)
}

fn build(pattern: &str, flags: Flags) -> Result<Regex, Box<fancy_regex::Error>> {
    let mut text = String::new();
    let letters = [
        (flags.ignorecase, 'i'),
        (flags.multiline, 'm'),
        (flags.dotall, 's'),
        (flags.verbose, 'x'),
    ];
    let on: String = letters.iter().filter(|(on, _)| *on).map(|(_, letter)| *letter).collect();
    if !on.is_empty() {
        text = format!("(?{on})");
    }
    text.push_str(pattern);
    RegexBuilder::new(&text).backtrack_limit(limits::REGEX_BACKTRACKS).build().map_err(Box::new)
}

/// Rewrites what Python reads differently.
fn translate(pattern: &str, multiline: bool) -> String {
    let multiline = multiline || inline_flag(pattern, 'm');
    let chars: Vec<char> = pattern.chars().collect();
    let mut out = String::with_capacity(pattern.len() + 8);
    let mut i = 0;
    while i < chars.len() {
        match chars[i] {
            '\\' => {
                escape(chars.get(i + 1).copied(), &mut out);
                i += 1;
            }
            '[' => i = class(&chars, i, &mut out),
            // Python's `$` also stands before a last newline.
            '$' if !multiline => out.push_str(r"(?=\n?\z)"),
            '{' => match quantifier(&chars[i..]) {
                Some((text, length)) => {
                    out.push_str(&text);
                    i += length - 1;
                }
                None => out.push_str(r"\{"),
            },
            c => out.push(c),
        }
        i += 1;
    }
    out
}

/// Whether the pattern sets a flag for the whole of itself, as `(?m)` does.
fn inline_flag(pattern: &str, flag: char) -> bool {
    let Some(rest) = pattern.strip_prefix("(?") else { return false };
    rest.split_once(')').is_some_and(|(letters, _)| {
        letters.chars().all(|c| c.is_ascii_lowercase()) && letters.contains(flag)
    })
}

fn escape(next: Option<char>, out: &mut String) {
    match next {
        Some('Z') => out.push_str(r"\z"),
        Some('0') => out.push_str(r"\x00"),
        // In Rust these are word boundaries, in Python the characters.
        Some(c @ ('<' | '>')) => out.push(c),
        Some(c) if !c.is_ascii() => out.push(c),
        Some(c) => {
            out.push('\\');
            out.push(c);
        }
        None => out.push('\\'),
    }
}

/// Copies a character class from its `[`; the index of its `]` (or the pattern's end) comes back.
fn class(chars: &[char], start: usize, out: &mut String) -> usize {
    out.push('[');
    let mut i = start + 1;
    if chars.get(i) == Some(&'^') {
        out.push('^');
        i += 1;
    }
    let first = i;
    while let Some(&c) = chars.get(i) {
        match c {
            ']' if i > first => {
                out.push(']');
                return i;
            }
            ']' => out.push_str(r"\]"),
            '\\' => {
                match chars.get(i + 1) {
                    // A backspace, in a class.
                    Some('b') => out.push_str(r"\x08"),
                    next => escape(next.copied(), out),
                }
                i += 1;
            }
            // Set operations and nested classes are Rust's alone.
            '[' | '&' | '~' => {
                out.push('\\');
                out.push(c);
            }
            '-' if chars.get(i + 1) == Some(&'-') && i > first => {
                out.push_str(r"\-");
            }
            c => out.push(c),
        }
        i += 1;
    }
    chars.len()
}

/// Reads `{2}`, `{2,}`, `{,3}`, `{2,3}`; everything else that starts with `{` is literal.
fn quantifier(chars: &[char]) -> Option<(String, usize)> {
    let end = chars.iter().position(|c| *c == '}')?;
    let body: String = chars[1..end].iter().collect();
    let (low, high) = match body.split_once(',') {
        Some((low, high)) => (low.to_owned(), Some(high.to_owned())),
        None => (body.clone(), None),
    };
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if !digits(&low) || !high.as_deref().is_none_or(digits) || body.is_empty() || body == "," {
        return None;
    }
    let low = if low.is_empty() { "0" } else { &low };
    let text = match high {
        Some(high) => format!("{{{low},{high}}}"),
        None => format!("{{{low}}}"),
    };
    Some((text, end + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, text: &str, want: Option<(usize, usize)>) {
        let regex = compile(pattern, Flags::default()).expect("compiles");
        let found = regex.find(text).expect("within its budget").map(|m| (m.start(), m.end()));
        assert_eq!(found, want, "{pattern:?} in {text:?}");
    }

    #[test]
    fn patterns_mean_what_python_means() {
        check(r"a$", "a\n", Some((0, 1)));
        check(r"a\Z", "a\n", None);
        check(r"[[]x", "[x", Some((0, 2)));
        check(r"[a&&b]+", "a&b", Some((0, 3)));
        check(r"a{,2}b", "aab", Some((0, 3)));
        check(r"{{ x }}", "{{ x }}", Some((0, 7)));
        check(r"a{b", "a{b", Some((0, 3)));
        check(r"\<b\>", "<b>", Some((0, 3)));
        check(r"(?P<n>a)(?P=n)", "aa", Some((0, 2)));
        check(r"(?m)^b$", "a\nb\nc", Some((2, 3)));
        check(r"(a)(?!b)", "abac", Some((2, 3)));
        check(r"[]a]", "]", Some((0, 1)));
    }

    #[test]
    fn match_is_anchored_at_the_start() {
        assert!(compile_match("web|db").expect("compiles").is_match("db1").expect("in budget"));
        assert!(!compile_match("web|db").expect("compiles").is_match("xdb1").expect("in budget"));
    }

    #[test]
    fn hostile_patterns_end() {
        for pattern in [r"^(?:(a+)+)+(?!x)b$", r"^(a|aa|a?)+(?=a*)\1\1c$"] {
            let regex = compile(pattern, Flags::default()).expect("compiles");
            assert!(!matches!(regex.is_match(&"a".repeat(64)), Ok(true)), "{pattern}");
        }
    }
}
