//! Salt's filters about words, numbers in text, and lists to match against.

use halite_core::pyre;

use super::basic::{int_argument, parse_int, to_float};
use super::{flag, given};
use crate::jinja::eval::{Args, Rt};
use crate::jinja::fault::{R, index_error, type_error};
use crate::jinja::methods::capitalize;
use crate::jinja::value::Val;

pub(super) const NAMES: &[&str] = &[
    "quote",
    "contains_whitespace",
    "human_to_bytes",
    "is_hex",
    "str_to_num",
    "to_num",
    "to_bytes",
    "to_camelcase",
    "to_snake_case",
    "check_whitelist_blacklist",
    "path_join",
];

pub(super) fn call(rt: &Rt<'_>, name: &str, val: Val, args: Args) -> R<Val> {
    val.defined()?;
    Ok(match name {
        "quote" => quote(&val)?,
        "contains_whitespace" => {
            let mut any = false;
            for item in rt.iterate(&val)? {
                any |= item
                    .as_str()
                    .is_some_and(|text| !text.is_empty() && text.chars().all(char::is_whitespace));
            }
            Val::Bool(any)
        }
        "human_to_bytes" => {
            let [unit, metric] = args.bind(name, ["default_unit", "handle_metric"], 0)?;
            let unit = unit.map_or(Ok("B".to_string()), |unit| rt.text(&unit))?;
            human_to_bytes(&rt.text(&val)?, &unit, flag(metric, false)?)
        }
        "is_hex" => Val::Bool(val.as_str().is_some_and(|text| parse_int(text, 16).is_some())),
        "str_to_num" | "to_num" => {
            if val.as_str().is_none() && val.as_float().is_none() && val.as_big().is_none() {
                int_argument(&val)?;
            }
            to_num(&val)
        }
        "to_bytes" => match &val {
            Val::Bytes(_) => val,
            other => {
                let [encoding, errors] = args.bind(name, ["encoding", "errors"], 0)?;
                let encoding =
                    given(encoding).map_or(Ok("utf-8".to_string()), |val| rt.text(&val))?;
                let errors = given(errors).map_or(Ok("strict".to_string()), |val| rt.text(&val))?;
                let Some(text) = other.as_str() else {
                    return type_error("expected str, bytes, or bytearray");
                };
                Val::Bytes(crate::jinja::methods::bytes::encode(text, &encoding, &errors)?.into())
            }
        },
        "to_camelcase" => {
            let [upper] = args.bind(name, ["uppercamel"], 0)?;
            Val::str(camel_case(text_of(&val)?, flag(upper, false)?))
        }
        "to_snake_case" => snake_case(text_of(&val)?)?,
        "path_join" => path_join(&val, args)?,
        _ => {
            let [white, black] = args.bind(name, ["whitelist", "blacklist"], 0)?;
            let (white, black) = (patterns(rt, white)?, patterns(rt, black)?);
            let text = rt.text(&val)?;
            let hit =
                |patterns: &[String]| patterns.iter().any(|pattern| expr_match(&text, pattern));
            Val::Bool(match (white.is_empty(), black.is_empty()) {
                (true, true) => true,
                (true, false) => !hit(&black),
                (false, true) => hit(&white),
                (false, false) => !hit(&black) && hit(&white),
            })
        }
    })
}

fn text_of(val: &Val) -> R<&str> {
    match val.as_str() {
        Some(text) => Ok(text),
        None => {
            type_error(format!("expected string or bytes-like object, got '{}'", val.type_name()))
        }
    }
}

/// Python's `shlex.quote`: anything false is an empty text, and markup escapes what is put to it.
fn quote(val: &Val) -> R<Val> {
    if val.as_str().is_none() && !val.truthy()? {
        return Ok(Val::str("''"));
    }
    let quoted = shell_quote(text_of(val)?);
    Ok(match val {
        Val::Markup(text) if **text != *quoted => Val::markup(format!("&#39;{text}&#39;")),
        Val::Markup(_) => val.clone(),
        _ => Val::str(quoted),
    })
}

/// Python's `shlex.quote` of text.
fn shell_quote(text: &str) -> String {
    if text.is_empty() {
        return "''".into();
    }
    let safe = |c: char| c.is_ascii_alphanumeric() || "_@%+=:,./-".contains(c);
    if text.chars().all(safe) {
        text.to_string()
    } else {
        format!("'{}'", text.replace('\'', "'\"'\"'"))
    }
}

/// `int(x)`, else `float(x)`, else `x`.
pub(super) fn to_num(val: &Val) -> Val {
    match val {
        Val::Str(text) | Val::Markup(text) => {
            parse_int(text, 10).or_else(|| to_float(val)).unwrap_or_else(|| val.clone())
        }
        Val::Float(float) => Val::Int(*float as i64),
        other => other.as_big().map_or_else(|| val.clone(), Val::from_big),
    }
}

fn human_to_bytes(text: &str, default_unit: &str, metric: bool) -> Val {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = (&text[..end], text[end..].trim_start().to_lowercase());
    let unit = if unit.is_empty() { default_unit.to_lowercase() } else { unit };
    let Ok(value) = number.parse::<f64>() else { return Val::Int(0) };
    let mut chars = unit.chars();
    let Some(power) = chars.next().and_then(|c| "bkmgtpezy".find(c)) else { return Val::Int(0) };
    let factor: f64 = match (power, chars.as_str()) {
        (0, "") => 1.0,
        (1.., "b") if metric => 10f64.powi(power as i32 * 3),
        (1.., "" | "ib" | "b") => 2f64.powi(power as i32 * 10),
        _ => return Val::Int(0),
    };
    match number.parse::<i128>() {
        Ok(whole) => Val::from_big(
            num_bigint::BigInt::from(whole) * num_bigint::BigInt::from(factor as u128),
        ),
        Err(_) => Val::from_big(num_bigint::BigInt::from((value * factor) as i128)),
    }
}

fn camel_case(text: &str, upper: bool) -> String {
    let mut out = String::new();
    for (at, word) in text.split('_').enumerate() {
        out.push_str(&if at > 0 || upper { capitalize(word) } else { word.to_string() });
    }
    out
}

fn snake_case(text: &str) -> R<Val> {
    let chars: Vec<char> = text.chars().collect();
    let Some(first) = chars.first() else { return index_error("string index out of range") };
    let mut out: String = first.to_lowercase().collect();
    for at in 1..chars.len() {
        let next_lower = chars.get(at + 1).is_some_and(|c| c.is_lowercase());
        if chars[at].is_uppercase() && (chars[at - 1].is_lowercase() || next_lower) {
            out.push('_');
        }
        out.extend(chars[at].to_lowercase());
    }
    Ok(Val::str(out))
}

fn patterns(rt: &Rt<'_>, val: Option<Val>) -> R<Vec<String>> {
    match given(val) {
        None => Ok(Vec::new()),
        Some(Val::Str(text) | Val::Markup(text)) => {
            Ok(if text.is_empty() { Vec::new() } else { vec![text.to_string()] })
        }
        Some(other) => rt.iterate(&other)?.iter().map(|item| rt.text(item)).collect(),
    }
}

/// A glob or a whole regular expression. Salt: `salt.utils.stringutils.expr_match`.
fn expr_match(text: &str, pattern: &str) -> bool {
    if halite_core::glob::fnmatch(text, pattern) {
        return true;
    }
    let regex = pyre::compile_full(pattern, pyre::Flags::default());
    regex.is_ok_and(|regex| regex.is_match(text).unwrap_or(false))
}

/// Python's `posixpath.normpath`.
fn normal_path(path: &str) -> String {
    if path.is_empty() {
        return ".".into();
    }
    let root = match path.bytes().take_while(|byte| *byte == b'/').count() {
        0 => "",
        2 => "//",
        _ => "/",
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            ".." if !root.is_empty() => {}
            part => parts.push(part),
        }
    }
    let joined = format!("{root}{}", parts.join("/"));
    if joined.is_empty() { ".".into() } else { joined }
}

/// Text or the text of bytes. Salt: `salt.utils.stringutils.to_str`.
pub(super) fn salt_text(val: &Val) -> R<std::borrow::Cow<'_, str>> {
    val.defined()?;
    match val {
        Val::Str(text) | Val::Markup(text) => Ok((&**text).into()),
        Val::Bytes(bytes) => Ok(String::from_utf8_lossy(bytes)),
        other => type_error(format!(
            "expected str, bytes, or bytearray not <class '{}'>",
            other.type_name()
        )),
    }
}

fn path_join(val: &Val, args: Args) -> R<Val> {
    let mut path = normal_path(&salt_text(val)?);
    for part in &args.pos {
        let part = normal_path(&salt_text(part)?);
        let part = part.trim_start_matches('/');
        if !path.ends_with('/') {
            path.push('/');
        }
        path.push_str(part);
    }
    Ok(Val::str(normal_path(&path)))
}
