//! Regular expressions in Python's syntax.

use fancy_regex::Regex;
use halite_core::pyre::{self, Flags};

use super::flag;
use crate::jinja::eval::{Args, Rt};
use crate::jinja::fault::{R, runtime_error, type_error, value_error};
use crate::jinja::value::Val;

type Captures<'t> = fancy_regex::Captures<'t, str>;

pub(super) const NAMES: &[&str] = &["regex_search", "regex_match", "regex_replace", "regex_escape"];

pub(super) fn call(rt: &Rt<'_>, name: &str, val: Val, args: Args) -> R<Val> {
    val.defined()?;
    match name {
        "regex_escape" => Ok(Val::str(escape(text_of(&val)?))),
        "regex_replace" => {
            let params = ["rgx", "val", "ignorecase", "multiline"];
            let [pattern, new, ignorecase, multiline] = args.bind(name, params, 2)?;
            let regex = compile(rt, pattern, ignorecase, multiline)?;
            replace(rt, &regex, text_of(&val)?, &rt.text(&new.unwrap_or(Val::None))?)
        }
        _ => {
            let [pattern, ignorecase, multiline] =
                args.bind(name, ["rgx", "ignorecase", "multiline"], 1)?;
            let regex = compile(rt, pattern, ignorecase, multiline)?;
            let found = captures(&regex, text_of(&val)?, 0)?;
            let found = found.filter(|found| name == "regex_search" || at_start(found));
            Ok(found.map_or(Val::None, |found| groups(&found)))
        }
    }
}

fn text_of(val: &Val) -> R<&str> {
    match val.as_str() {
        Some(text) => Ok(text),
        None => {
            type_error(format!("expected string or bytes-like object, got '{}'", val.type_name()))
        }
    }
}

fn compile(
    rt: &Rt<'_>,
    pattern: Option<Val>,
    ignorecase: Option<Val>,
    multiline: Option<Val>,
) -> R<Regex> {
    let pattern = pattern.unwrap_or(Val::None);
    pattern.defined()?;
    let Some(pattern) = pattern.as_str() else {
        return type_error("first argument must be string or compiled pattern");
    };
    rt.step(pattern.len() as u64)?;
    let flags = Flags {
        ignorecase: flag(ignorecase, false)?,
        multiline: flag(multiline, false)?,
        ..Flags::default()
    };
    match pyre::compile(pattern, flags) {
        Ok(regex) => Ok(regex),
        Err(error) => value_error(format!(
            "{} is no regular expression: {error}",
            halite_core::value::repr_str(pattern)
        )),
    }
}

fn captures<'t>(regex: &Regex, text: &'t str, from: usize) -> R<Option<Captures<'t>>> {
    match regex.captures_from_pos(text, from) {
        Ok(found) => Ok(found),
        Err(error) => runtime_error(format!("the regular expression gave up: {error}")),
    }
}

fn at_start(found: &Captures<'_>) -> bool {
    found.get(0).is_some_and(|whole| whole.start() == 0)
}

/// The groups as a tuple, or the whole match where there are none.
fn groups(found: &Captures<'_>) -> Val {
    let group = |at: usize| found.get(at).map_or(Val::None, |group| Val::str(group.as_str()));
    if found.len() == 1 {
        Val::tuple(vec![group(0)])
    } else {
        Val::tuple((1..found.len()).map(group).collect())
    }
}

fn replace(rt: &Rt<'_>, regex: &Regex, text: &str, new: &str) -> R<Val> {
    let parts = template(regex, new)?;
    let mut out = String::new();
    let (mut copied, mut from) = (0, 0);
    // An empty match may follow a longer one, but not another empty one at the same place.
    let mut last_empty = None;
    while from <= text.len() {
        rt.step(1)?;
        let Some(found) = captures(regex, text, from)? else { break };
        let Some(whole) = found.get(0) else { break };
        let next = |at: usize| at + text[at..].chars().next().map_or(1, char::len_utf8);
        if whole.start() == whole.end() && last_empty == Some(whole.start()) {
            from = next(whole.end());
            continue;
        }
        out.push_str(&text[copied..whole.start()]);
        for part in &parts {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Group(at) => {
                    out.push_str(found.get(*at).map_or("", |group| group.as_str()));
                }
            }
        }
        rt.bytes(new.len())?;
        copied = whole.end();
        last_empty = (whole.start() == whole.end()).then(|| whole.end());
        from = whole.end();
    }
    out.push_str(&text[copied..]);
    Ok(Val::str(out))
}

/// A part of a replacement.
enum Part {
    Text(String),
    Group(usize),
}

/// The group that `\g<name>` means.
fn group_number(regex: &Regex, name: &str) -> R<usize> {
    if let Ok(number) = name.parse::<usize>() {
        return Ok(number);
    }
    match regex.capture_names().position(|known| known == Some(name)) {
        Some(number) => Ok(number),
        None => {
            let shown = halite_core::value::repr_str(name);
            crate::jinja::fault::index_error(format!("unknown group name {shown}"))
        }
    }
}

/// Takes a replacement apart: `\\1`, `\\g<1>`, `\\g<name>`, `\\n` and their like. Faults count, whether or not anything matches.
fn template(regex: &Regex, template: &str) -> R<Vec<Part>> {
    let mut parts = Vec::new();
    let mut rest = template;
    let position = |rest: &str| template[..template.len() - rest.len()].chars().count();
    let group = |parts: &mut Vec<Part>, number: usize, at: usize| {
        if number >= regex.captures_len() {
            return value_error(format!("invalid group reference {number} at position {at}"));
        }
        parts.push(Part::Group(number));
        Ok(())
    };
    while let Some(at) = rest.find('\\') {
        parts.push(Part::Text(rest[..at].to_string()));
        let begun = position(&rest[at..]);
        rest = &rest[at + 1..];
        let Some(c) = rest.chars().next() else {
            return value_error(format!("bad escape (end of pattern) at position {begun}"));
        };
        rest = &rest[c.len_utf8()..];
        let plain = match c {
            'g' => {
                let Some(inner) = rest.strip_prefix('<') else {
                    return value_error(format!("missing < at position {}", begun + 2));
                };
                let Some((name, after)) = inner.split_once('>') else {
                    return value_error("missing >, unterminated name".to_string());
                };
                rest = after;
                let number = group_number(regex, name)?;
                group(&mut parts, number, begun + 3)?;
                continue;
            }
            '1'..='9' => {
                let mut digits = c.to_string();
                if let Some(next) = rest.chars().next().filter(char::is_ascii_digit) {
                    digits.push(next);
                    rest = &rest[1..];
                }
                group(&mut parts, digits.parse().unwrap_or(0), begun + 1)?;
                continue;
            }
            '0' => '\0',
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            'a' => '\u{7}',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'v' => '\u{b}',
            '\\' => '\\',
            c if c.is_ascii_alphabetic() => {
                return value_error(format!("bad escape \\{c} at position {begun}"));
            }
            c => {
                parts.push(Part::Text(format!("\\{c}")));
                continue;
            }
        };
        parts.push(Part::Text(plain.to_string()));
    }
    parts.push(Part::Text(rest.to_string()));
    Ok(parts)
}

/// Python's `re.escape`.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if "()[]{}?*+-|^$\\.&~# \t\n\r\u{b}\u{c}".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// The `match` test: the pattern at the start of the text.
pub(crate) fn is_match(rt: &Rt<'_>, val: &Val, args: Args) -> R<bool> {
    let [pattern, ignorecase, multiline] =
        args.bind("test_match", ["rgx", "ignorecase", "multiline"], 1)?;
    val.defined()?;
    let regex = compile(rt, pattern, ignorecase, multiline)?;
    Ok(captures(&regex, text_of(val)?, 0)?.is_some_and(|found| at_start(&found)))
}
