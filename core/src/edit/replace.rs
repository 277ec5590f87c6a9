//! `file.replace`: a Python pattern replaced throughout a text.

use fancy_regex::Captures;

use crate::error::{Error, Result};
use crate::pyre::{self, Flags};
use crate::value::Value;

/// What to do when the pattern is nowhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NotFound {
    /// Nothing.
    #[default]
    Leave,
    /// Add the content at the end.
    Append,
    /// Add the content at the start.
    Prepend,
}

/// A replacement.
#[derive(Clone, Debug, Default)]
pub struct Replace {
    /// Python pattern.
    pub pattern: String,
    /// Python replacement template.
    pub repl: String,
    /// Most replacements; 0 for all.
    pub count: usize,
    /// The pattern's flags.
    pub flags: Flags,
    /// What to do when the pattern is nowhere.
    pub not_found: NotFound,
    /// What to add then, in place of `repl`.
    pub not_found_content: Option<String>,
    /// Take backslashes in `repl` as they are.
    pub backslash_literal: bool,
}

/// The text with all matches replaced; equal text means that nothing is to be done.
///
/// # Errors
/// Patterns and templates that are none, matches that take too long.
pub fn replace_all(text: &str, how: &Replace) -> Result<String> {
    let broken = |error: String| Error::execution(format!("'{}': {error}", how.pattern));
    let regex = pyre::compile(&how.pattern, how.flags).map_err(|e| broken(e.to_string()))?;
    let mut out = String::with_capacity(text.len());
    if !how.backslash_literal
        && let Some((number, at)) = missing_group(&how.repl, regex.captures_len())
    {
        let what = format!("invalid group reference {number} at position {at}");
        return Err(Error::execution(what));
    }
    let (mut last, mut done) = (0, 0);
    for found in regex.captures_iter(text) {
        let found = found.map_err(|error| broken(error.to_string()))?;
        let Some(whole) = found.get(0) else { continue };
        out.push_str(&text[last..whole.start()]);
        if how.backslash_literal {
            out.push_str(&how.repl);
        } else {
            expand_template(&how.repl, &found, &mut out)?;
        }
        last = whole.end();
        done += 1;
        if done == how.count {
            break;
        }
    }
    out.push_str(&text[last..]);
    if done > 0 || how.not_found == NotFound::Leave {
        return Ok(out);
    }
    let content = how.not_found_content.as_ref().filter(|content| !content.is_empty());
    let line = format!("(?m)^{}$", regex::escape(content.unwrap_or(&how.repl)));
    let there = regex::Regex::new(&line)
        .is_ok_and(|regex| regex.is_match(text) || regex.is_match(&text.replace("\r\n", "\n")));
    let content = how.not_found_content.as_ref().unwrap_or(&how.repl);
    Ok(match how.not_found {
        _ if there => out,
        NotFound::Prepend => format!("{content}\n{out}"),
        _ if out.is_empty() || out.ends_with('\n') => format!("{out}{content}\n"),
        _ => format!("{out}\n{content}\n"),
    })
}

/// The first group that a template names as `\\1` and that is not there, and where; Python looks
/// before it searches.
fn missing_group(template: &str, groups: usize) -> Option<(usize, usize)> {
    let mut escaped = false;
    for (at, c) in template.char_indices() {
        if escaped && c.is_ascii_digit() && c != '0' {
            let digits = template[at..].bytes().take(2).take_while(u8::is_ascii_digit).count();
            let number = template[at..at + digits].parse().ok()?;
            if number >= groups {
                return Some((number, template[..at].chars().count()));
            }
        }
        escaped = c == '\\' && !escaped;
    }
    None
}

/// Expands a Python replacement template: `\1`, `\g<name>`, `\n`, `\\`.
///
/// # Errors
/// Python's texts for groups that are not there and escapes that mean nothing.
pub fn expand_template(template: &str, found: &Captures<'_, str>, out: &mut String) -> Result<()> {
    let bad = |what: String| Err(Error::execution(what));
    let mut rest = template;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let Some(c) = rest.chars().next() else {
            return bad(format!("bad escape (end of pattern) at position {at}"));
        };
        if let Some(named) = rest.strip_prefix("g<") {
            let Some((name, tail)) = named.split_once('>') else {
                return bad("missing >, unterminated name".into());
            };
            let group = match name.parse::<usize>() {
                Ok(number) if number < found.len() => found.get(number),
                Ok(number) => return bad(format!("invalid group reference {number}")),
                Err(_) => found.name(name),
            };
            out.push_str(group.map_or("", |group| group.as_str()));
            rest = tail;
            continue;
        }
        if c.is_ascii_digit() && c != '0' {
            let digits = rest.bytes().take(2).take_while(u8::is_ascii_digit).count();
            let number: usize = rest[..digits].parse().unwrap_or(0);
            if number >= found.len() {
                return bad(format!("invalid group reference {number} at position {}", at + 1));
            }
            out.push_str(found.get(number).map_or("", |group| group.as_str()));
            rest = &rest[digits..];
            continue;
        }
        match c {
            'n' => out.push('\n'),
            't' => out.push('\t'),
            'r' => out.push('\r'),
            'a' => out.push('\x07'),
            'b' => out.push('\x08'),
            'f' => out.push('\x0c'),
            'v' => out.push('\x0b'),
            '\\' => out.push('\\'),
            '0' => out.push('\0'),
            c if c.is_ascii_alphabetic() => {
                return bad(format!("bad escape \\{c} at position {at}"));
            }
            other => out.extend(['\\', other]),
        }
        rest = &rest[c.len_utf8()..];
    }
    out.push_str(rest);
    Ok(())
}

/// Flags by name, list of names or number. Salt: `_get_flags` behaviour.
///
/// # Errors
/// Salt's texts for names that are none.
pub fn parse_flags(flags: &Value) -> Result<Flags> {
    let mut set = Flags::default();
    let mut add = |name: &str| {
        match name.to_ascii_uppercase().as_str() {
            "IGNORECASE" | "I" => set.ignorecase = true,
            "MULTILINE" | "M" => set.multiline = true,
            "DOTALL" | "S" => set.dotall = true,
            "VERBOSE" | "X" => set.verbose = true,
            "UNICODE" | "U" | "ASCII" | "A" | "LOCALE" | "L" => {}
            _ => return Err(Error::execution(format!("Invalid re flag given: {name}"))),
        }
        Ok(())
    };
    match flags {
        Value::Null => {}
        Value::Int(bits) => {
            let named = [(2, "I"), (8, "M"), (16, "S"), (64, "X")];
            for (_, name) in named.iter().filter(|(bit, _)| bits & bit != 0) {
                add(name)?;
            }
        }
        Value::Str(name) => add(name)?,
        Value::List(names) => names.iter().try_for_each(|name| add(&name.to_string()))?,
        other => {
            return Err(Error::execution(format!(
                "Invalid re flags: \"{other}\", must be given either as a single flag string, a \
                 list of strings, as an integer, or as an re flag"
            )));
        }
    }
    Ok(set)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, pattern: &str, repl: &str, want: &str) {
        let flags = Flags { multiline: true, ..Flags::default() };
        let how =
            Replace { pattern: pattern.into(), repl: repl.into(), flags, ..Replace::default() };
        let got = replace_all(text, &how).unwrap_or_else(|error| error.to_string());
        assert_eq!(got, want);
    }

    #[test]
    fn patterns_and_templates_are_pythons() {
        check("a=1\nb=2\n", r"^(\w)=(\d)$", r"\2=\1", "1=a\n2=b\n");
        check("ab", "(?P<x>a)", r"\g<x>\g<0>\n", "aa\nb");
        check("ab", "a", r"\1", "invalid group reference 1 at position 1");
        check("ab", "a", r"\q", "bad escape \\q at position 0");
        check("aaa", "b", "c", "aaa");
    }

    #[test]
    fn what_is_missing_is_added_once() {
        let mut how = Replace {
            pattern: "^x=.*".into(),
            repl: "x=1".into(),
            not_found: NotFound::Append,
            flags: Flags { multiline: true, ..Flags::default() },
            ..Replace::default()
        };
        assert_eq!(replace_all("a", &how).ok().as_deref(), Some("a\nx=1\n"));
        how.not_found = NotFound::Prepend;
        how.not_found_content = Some("y".into());
        assert_eq!(replace_all("a\n", &how).ok().as_deref(), Some("y\na\n"));
        assert_eq!(replace_all("b\ny\n", &how).ok().as_deref(), Some("b\ny\n"));
    }
}
