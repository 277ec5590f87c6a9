//! Taking text apart.

use crate::jinja::eval::Args;
use crate::jinja::fault::{R, type_error, value_error};
use crate::jinja::value::Val;

/// Python's white space.
pub(crate) fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

/// `str.splitlines`.
pub(crate) fn splitlines(text: &str, keep: bool) -> Vec<&str> {
    let mut lines = Vec::new();
    let mut start = 0;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let ends = matches!(
            c,
            '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{1c}'
                ..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}'
        );
        if !ends {
            continue;
        }
        let mut end = at + c.len_utf8();
        if c == '\r' && chars.next_if(|(_, next)| *next == '\n').is_some() {
            end += 1;
        }
        lines.push(&text[start..if keep { end } else { at }]);
        start = end;
    }
    if start < text.len() {
        lines.push(&text[start..]);
    }
    lines
}

fn split_space(text: &str, most: Option<usize>) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text.trim_start_matches(is_space);
    while !rest.is_empty() {
        if most.is_some_and(|most| parts.len() >= most) {
            // Python keeps white space at the end of the last part.
            parts.push(rest);
            return parts;
        }
        let end = rest.find(is_space).unwrap_or(rest.len());
        parts.push(&rest[..end]);
        rest = rest[end..].trim_start_matches(is_space);
    }
    parts
}

/// `str.rsplit` at white space.
pub(crate) fn split_space_right(text: &str, most: Option<usize>) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text.trim_end_matches(is_space);
    while !rest.is_empty() {
        if most.is_some_and(|most| parts.len() >= most) {
            parts.push(rest);
            break;
        }
        let last = rest.char_indices().rfind(|(_, c)| is_space(*c));
        let start = last.map_or(0, |(at, c)| at + c.len_utf8());
        parts.push(&rest[start..]);
        rest = rest[..start].trim_end_matches(is_space);
    }
    parts.reverse();
    parts
}

/// `split` and `rsplit`.
pub(super) fn split(text: &str, right: bool, args: Args) -> R<Val> {
    let name = if right { "rsplit" } else { "split" };
    let [separator, most] = args.bind(name, ["sep", "maxsplit"], 0)?;
    let most = match most {
        Some(most) => match most.as_int() {
            Some(most) => usize::try_from(most).ok(),
            None => {
                most.defined()?;
                return type_error(format!(
                    "'{}' object cannot be interpreted as an integer",
                    most.type_name()
                ));
            }
        },
        None => None,
    };
    let parts: Vec<&str> = match &separator {
        None | Some(Val::None) if right => split_space_right(text, most),
        None | Some(Val::None) => split_space(text, most),
        Some(separator) => {
            separator.defined()?;
            let Some(separator) = separator.as_str() else {
                return type_error(format!("must be str or None, not {}", separator.type_name()));
            };
            if separator.is_empty() {
                return value_error("empty separator");
            }
            match (most, right) {
                (None, _) => text.split(separator).collect(),
                (Some(most), false) => text.splitn(most + 1, separator).collect(),
                (Some(most), true) => {
                    let mut parts: Vec<&str> = text.rsplitn(most + 1, separator).collect();
                    parts.reverse();
                    parts
                }
            }
        }
    };
    Ok(Val::list(parts.into_iter().map(Val::str).collect()))
}

/// `partition` and `rpartition`.
pub(super) fn partition(text: &str, right: bool, args: Args) -> R<Val> {
    let [separator] = args.bind(if right { "rpartition" } else { "partition" }, ["sep"], 1)?;
    let Some(Val::Str(separator) | Val::Markup(separator)) = separator else {
        return type_error("must be str, not other");
    };
    if separator.is_empty() {
        return value_error("empty separator");
    }
    let found = if right { text.rsplit_once(&*separator) } else { text.split_once(&*separator) };
    let parts = match (found, right) {
        (Some((before, after)), _) => [before, &separator, after],
        (None, false) => [text, "", ""],
        (None, true) => ["", "", text],
    };
    Ok(Val::tuple(parts.into_iter().map(Val::str).collect()))
}

/// `strip`, `lstrip` and `rstrip`.
pub(super) fn strip<'t>(text: &'t str, name: &str, args: Args) -> R<&'t str> {
    let [chars] = args.bind(name, ["chars"], 0)?;
    let (left, right) = (name != "rstrip", name != "lstrip");
    let wanted: Option<Vec<char>> = match &chars {
        None | Some(Val::None) => None,
        Some(val) => {
            val.defined()?;
            match val.as_str() {
                Some(chars) => Some(chars.chars().collect()),
                None => return type_error(format!("{name} arg must be None or str")),
            }
        }
    };
    let hit = |c: char| wanted.as_ref().map_or_else(|| is_space(c), |chars| chars.contains(&c));
    let text = if left { text.trim_start_matches(hit) } else { text };
    Ok(if right { text.trim_end_matches(hit) } else { text })
}
