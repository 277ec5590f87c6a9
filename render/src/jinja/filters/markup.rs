//! HTML and URLs.

use std::borrow::Cow;

use super::{flag, given};
use crate::jinja::eval::{Args, Rt};
use crate::jinja::fault::{R, type_error, value_error};
use crate::jinja::value::{Val, repr, to_text};

pub(super) const NAMES: &[&str] =
    &["e", "escape", "forceescape", "safe", "striptags", "urlencode", "urlize", "xmlattr"];

/// Appends `text` with HTML's special characters replaced.
pub(crate) fn escape_into(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&#34;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    escape_into(text, &mut out);
    out
}

/// The text of a value, escaped unless it is markup.
pub(crate) fn escaped(val: &Val) -> Cow<'_, str> {
    match val {
        Val::Markup(text) => (&**text).into(),
        Val::Str(text) => escape(text).into(),
        other => escape(&to_text(other).unwrap_or_default()).into(),
    }
}

pub(super) fn call(rt: &Rt<'_>, name: &str, val: Val, args: Args) -> R<Val> {
    Ok(match name {
        "e" | "escape" => {
            val.defined()?;
            Val::markup(escaped(&val))
        }
        "forceescape" => Val::markup(escape(&rt.text(&val)?)),
        "safe" => Val::markup(rt.text(&val)?),
        "striptags" => Val::str(strip_tags(&rt.text(&val)?)),
        "urlencode" => urlencode(rt, &val)?,
        "urlize" => urlize(rt, &val, args)?,
        _ => xmlattr(&val, args)?,
    })
}

fn strip_tags(text: &str) -> String {
    let mut plain = text.to_string();
    while let Some(start) = plain.find("<!--") {
        let Some(end) = plain[start..].find("-->") else { break };
        plain.replace_range(start..start + end + 3, "");
    }
    while let Some(start) = plain.find('<') {
        let Some(end) = plain[start..].find('>') else { break };
        plain.replace_range(start..start + end + 1, "");
    }
    let words: Vec<&str> = plain.split_whitespace().collect();
    unescape(&words.join(" "))
}

/// The character references that Jinja itself writes, and numeric ones.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.find(';').filter(|end| *end <= 10);
        let decoded = end.and_then(|end| {
            let name = &rest[1..end];
            let c = match name {
                "amp" => Some('&'),
                "lt" => Some('<'),
                "gt" => Some('>'),
                "quot" => Some('"'),
                "apos" => Some('\''),
                "nbsp" => Some('\u{a0}'),
                _ => match name.strip_prefix("#x").or_else(|| name.strip_prefix("#X")) {
                    Some(hex) => u32::from_str_radix(hex, 16).ok().and_then(char::from_u32),
                    None => name
                        .strip_prefix('#')
                        .and_then(|dec| dec.parse().ok())
                        .and_then(char::from_u32),
                },
            };
            c.map(|c| (c, end + 1))
        });
        match decoded {
            Some((c, len)) => {
                out.push(c);
                rest = &rest[len..];
            }
            None => {
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

/// Jinja's `url_quote`.
fn url_quote(bytes: &[u8], query: bool) -> String {
    let mut out = String::new();
    for &byte in bytes {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'_' | b'.' | b'-' | b'~' => {
                out.push(char::from(byte))
            }
            b'/' if !query => out.push('/'),
            b' ' if query => out.push('+'),
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

fn quoted(rt: &Rt<'_>, val: &Val, query: bool) -> R<String> {
    match val {
        Val::Bytes(bytes) => Ok(url_quote(bytes, query)),
        other => Ok(url_quote(rt.text(other)?.as_bytes(), query)),
    }
}

fn urlencode(rt: &Rt<'_>, val: &Val) -> R<Val> {
    let pairs = match val {
        Val::Dict(dict) => dict.pairs(),
        Val::List(_)
        | Val::Tuple(_)
        | Val::Set(_)
        | Val::View(_)
        | Val::Iter(_)
        | Val::Range(_) => {
            let mut pairs = Vec::new();
            for item in rt.iterate(val)? {
                let mut parts = rt.unpack(&item, 2)?;
                let second = parts.pop().unwrap_or(Val::None);
                pairs.push((parts.pop().unwrap_or(Val::None), second));
            }
            pairs
        }
        other => return Ok(Val::str(quoted(rt, other, false)?)),
    };
    let parts: R<Vec<String>> = pairs
        .iter()
        .map(|(key, item)| Ok(format!("{}={}", quoted(rt, key, true)?, quoted(rt, item, true)?)))
        .collect();
    Ok(Val::str(parts?.join("&")))
}

fn xmlattr(val: &Val, args: Args) -> R<Val> {
    let [autospace] = args.bind("do_xmlattr", ["autospace"], 0)?;
    val.defined()?;
    let Val::Dict(dict) = val else {
        return type_error(format!("'{}' object has no attribute 'items'", val.type_name()));
    };
    let mut parts = Vec::new();
    for (key, item) in dict.pairs() {
        if item.is_none() || item.is_undef() {
            continue;
        }
        let Some(name) = key.as_str().map(str::to_string) else {
            return type_error(format!(
                "expected string or bytes-like object, got '{}'",
                key.type_name()
            ));
        };
        if name.contains(|c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>' | '=')) {
            return value_error(format!("Invalid character in attribute name: {}", repr(&key)));
        }
        parts.push(format!("{}=\"{}\"", escape(&name), escaped(&item)));
    }
    let text = parts.join(" ");
    let space = if flag(autospace, true)? && !text.is_empty() { " " } else { "" };
    Ok(Val::str(format!("{space}{text}")))
}

/// Links for web and mail addresses among the words of a text.
fn urlize(rt: &Rt<'_>, val: &Val, args: Args) -> R<Val> {
    let params = ["trim_url_limit", "nofollow", "target", "rel", "extra_schemes"];
    let [limit, nofollow, target, rel, schemes] = args.bind("do_urlize", params, 0)?;
    let limit = super::basic::optional_int(limit)?.and_then(|limit| usize::try_from(limit).ok());
    let mut rels: Vec<String> = match given(rel) {
        Some(rel) => rt.text(&rel)?.split_whitespace().map(String::from).collect(),
        None => Vec::new(),
    };
    if flag(nofollow, false)? {
        rels.push("nofollow".into());
    }
    rels.push("noopener".into());
    rels.sort();
    rels.dedup();
    let rel = format!(" rel=\"{}\"", escape(&rels.join(" ")));
    let target = match given(target) {
        Some(target) => format!(" target=\"{}\"", escape(&rt.text(&target)?)),
        None => String::new(),
    };
    let schemes: Vec<String> = match given(schemes) {
        Some(schemes) => rt.iterate(&schemes)?.iter().map(|s| rt.text(s)).collect::<R<_>>()?,
        None => Vec::new(),
    };
    let text = escape(&rt.text(val)?);
    let mut out = String::new();
    for part in text.split_inclusive(char::is_whitespace) {
        let word = part.trim_end();
        out.push_str(&link(word, limit, &rel, &target, &schemes));
        out.push_str(&part[word.len()..]);
    }
    Ok(Val::str(out))
}

fn link(word: &str, limit: Option<usize>, rel: &str, target: &str, schemes: &[String]) -> String {
    let heads = ["(", "&lt;", "<"];
    let tails = [")", "&gt;", ">", ".", ",", "\n"];
    let (mut head, mut middle, mut tail) = (String::new(), word, String::new());
    while let Some(found) = heads.iter().find(|head| middle.starts_with(**head)) {
        head.push_str(found);
        middle = &middle[found.len()..];
    }
    while let Some(found) = tails.iter().find(|tail| middle.ends_with(**tail)) {
        tail.insert_str(0, found);
        middle = &middle[..middle.len() - found.len()];
    }
    let shown = match limit {
        Some(limit) if middle.chars().count() > limit => {
            format!("{}...", middle.chars().take(limit).collect::<String>())
        }
        _ => middle.to_string(),
    };
    let domain_end = |text: &str| [".com", ".net", ".org"].iter().any(|end| text.ends_with(end));
    let linked = if has_host(middle) {
        format!("<a href=\"{middle}\"{rel}{target}>{shown}</a>")
    } else if middle.starts_with("www.")
        || (domain_end(middle) && !middle.contains(['@', ':', '/']))
    {
        format!("<a href=\"https://{middle}\"{rel}{target}>{shown}</a>")
    } else if middle.contains('@')
        && !middle.starts_with("www.")
        && !middle.contains(':')
        && middle.rsplit('@').next().is_some_and(|host| host.contains('.'))
    {
        format!("<a href=\"mailto:{middle}\">{middle}</a>")
    } else if schemes.iter().any(|scheme| middle != scheme && middle.starts_with(scheme.as_str())) {
        format!("<a href=\"{middle}\"{rel}{target}>{middle}</a>")
    } else {
        middle.to_string()
    };
    format!("{head}{linked}{tail}")
}

/// Whether it is a web address with a host that could be one: names, and a last part of two letters or more.
fn has_host(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")) else {
        return false;
    };
    let host = rest.split(['/', '?', '#', ':']).next().unwrap_or_default();
    let labels: Vec<&str> = host.split('.').collect();
    match labels.as_slice() {
        ["localhost"] => true,
        [before @ .., last] if !host.starts_with('[') => {
            let name = |label: &&str| {
                !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || "_%-".contains(c))
            };
            before.iter().all(name)
                && last.len() >= 2
                && last.chars().all(|c| c.is_ascii_lowercase())
                || labels.len() == 4 && labels.iter().all(|label| label.parse::<u8>().is_ok())
        }
        _ => host.starts_with('['),
    }
}
