//! What a printed value looks like. Salt: salt/utils/jinja.py PrintableDict behaviour.

use halite_core::value::repr_str;

use super::fault::{R, recursion_error, type_error};
use super::value::{Val, repr, to_text};

/// How deep printed data may nest.
const DEEPEST: usize = 128;

/// Prints a value as `{{ value }}` does: dicts in a form that YAML reads back.
pub(crate) fn print(val: &Val, out: &mut String) -> R<()> {
    match val {
        Val::List(_) | Val::Tuple(_) | Val::Dict(_) | Val::Set(_) => container(val, false, out, 0),
        other => {
            out.push_str(&to_text(other)?);
            Ok(())
        }
    }
}

/// `inner` says whether it is the `repr` of a member (where an undefined shows itself).
fn container(val: &Val, inner: bool, out: &mut String, depth: usize) -> R<()> {
    if depth > DEEPEST {
        return recursion_error("maximum recursion depth exceeded while calling a Python object");
    }
    match val {
        Val::Dict(dict) => {
            out.push('{');
            for (at, (key, item)) in dict.pairs().into_iter().enumerate() {
                if at > 0 {
                    out.push_str(", ");
                }
                out.push_str(&repr(&key));
                out.push_str(": ");
                match &item {
                    Val::Str(text) if text.contains(['\n', '\r', '\t']) => {
                        out.push_str(&double_quoted(text))
                    }
                    Val::Str(text) => out.push_str(&repr_str(text)),
                    Val::Markup(text) if text.contains(['\n', '\r', '\t']) => {
                        out.push_str(&double_quoted(text));
                    }
                    Val::Markup(_) => out.push_str(&repr(&item)),
                    Val::Undef(_) if !inner => out.push_str(&to_text(&item)?),
                    // `str()` of a member at the first level, `repr()` below.
                    Val::Obj(_) if !inner => out.push_str(&to_text(&item)?),
                    other => container(other, inner, out, depth + 1)?,
                }
            }
            out.push('}');
            Ok(())
        }
        Val::List(list) => items(&list.to_vec(), "[", "]", out, depth),
        Val::Tuple(tuple) if !tuple.names.is_empty() => {
            type_error("_GroupTuple.__new__() missing 1 required positional argument: 'list'")
        }
        Val::Tuple(tuple) => {
            let close = if tuple.items.len() == 1 { ",)" } else { ")" };
            items(&tuple.items, "(", close, out, depth)
        }
        Val::Set(set) => match set.to_vec() {
            empty if empty.is_empty() => {
                out.push_str("set()");
                Ok(())
            }
            members => items(&members, "{", "}", out, depth),
        },
        other => {
            out.push_str(&repr(other));
            Ok(())
        }
    }
}

fn items(members: &[Val], open: &str, close: &str, out: &mut String, depth: usize) -> R<()> {
    out.push_str(open);
    for (at, item) in members.iter().enumerate() {
        if at > 0 {
            out.push_str(", ");
        }
        container(item, true, out, depth + 1)?;
    }
    out.push_str(close);
    Ok(())
}

/// A YAML double-quoted scalar on one line, as PyYAML's emitter writes it.
pub(crate) fn double_quoted(text: &str) -> String {
    quoted(text, true)
}

/// The same with everything outside ASCII escaped.
pub(crate) fn double_quoted_ascii(text: &str) -> String {
    quoted(text, false)
}

fn quoted(text: &str, keep_unicode: bool) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        let code = c as u32;
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\0' => out.push_str("\\0"),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{b}' => out.push_str("\\v"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            '\u{1b}' => out.push_str("\\e"),
            '\u{85}' => out.push_str("\\N"),
            '\u{a0}' => out.push_str("\\_"),
            '\u{2028}' => out.push_str("\\L"),
            '\u{2029}' => out.push_str("\\P"),
            ' '..='~' => out.push(c),
            c if keep_unicode && (0xa0..=0xffff).contains(&code) && code != 0xfeff => out.push(c),
            _ if code <= 0xff => out.push_str(&format!("\\x{code:02X}")),
            _ if code <= 0xffff => out.push_str(&format!("\\u{code:04X}")),
            _ => out.push_str(&format!("\\U{code:08X}")),
        }
    }
    out.push('"');
    out
}
