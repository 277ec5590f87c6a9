//! Methods of text.

use std::sync::Arc;

use super::{str_case, str_format, str_split};
use crate::jinja::eval::{Args, Rt};
use crate::jinja::fault::{R, type_error, value_error};
use crate::jinja::value::{Val, to_text};

pub(super) fn call(rt: &Rt<'_>, text: &Arc<str>, name: &'static str, args: Args) -> R<Val> {
    rt.step(text.len() as u64 / 64)?;
    let plain = |args: Args| match args.pos.len() + args.named.len() {
        0 => Ok(()),
        given => type_error(format!("str.{name}() takes no arguments ({given} given)")),
    };
    Ok(match name {
        "upper" => plain(args).map(|()| Val::str(text.to_uppercase()))?,
        "lower" => plain(args).map(|()| Val::str(text.to_lowercase()))?,
        "casefold" => Val::str(text.to_lowercase().replace('ß', "ss")),
        "capitalize" => Val::str(str_case::capitalize(text)),
        "title" => Val::str(str_case::title(text)),
        "swapcase" => Val::str(str_case::swapcase(text)),
        _ if name.starts_with("is") => Val::Bool(predicate(text, name)),
        "split" | "rsplit" => {
            let parts = str_split::split(text, name == "rsplit", args)?;
            rt.step(parts.len()? as u64)?;
            parts
        }
        "splitlines" => {
            let [keep] = args.bind(name, ["keepends"], 0)?;
            let keep = keep.map_or(Ok(false), |keep| keep.truthy())?;
            Val::list(str_split::splitlines(text, keep).into_iter().map(Val::str).collect())
        }
        "partition" | "rpartition" => str_split::partition(text, name == "rpartition", args)?,
        "strip" | "lstrip" | "rstrip" => Val::str(str_split::strip(text, name, args)?),
        "join" => join(rt, text, args)?,
        "startswith" | "endswith" => affix(text, name, args)?,
        "removeprefix" | "removesuffix" => {
            let [affix] = args.bind(name, ["affix"], 1)?;
            let affix = text_arg(name, affix)?;
            let rest = if name == "removeprefix" {
                text.strip_prefix(&*affix)
            } else {
                text.strip_suffix(&*affix)
            };
            Val::str(rest.unwrap_or(text))
        }
        "replace" => replace(rt, text, args)?,
        "find" | "rfind" | "index" | "rindex" | "count" => search(text, name, args)?,
        "center" | "ljust" | "rjust" | "zfill" => pad(rt, text, name, args)?,
        "expandtabs" => expand_tabs(rt, text, args)?,
        "encode" => {
            let [encoding, errors] = args.bind(name, ["encoding", "errors"], 0)?;
            let encoding = encoding.map_or(Ok("utf-8".into()), |val| text_arg(name, Some(val)))?;
            let errors = errors.map_or(Ok("strict".into()), |val| text_arg(name, Some(val)))?;
            Val::Bytes(super::bytes::encode(text, &encoding, &errors)?.into())
        }
        "format" => str_format::format(rt, text, args)?,
        "format_map" => {
            let [map] = args.bind(name, ["mapping"], 1)?;
            let Some(Val::Dict(map)) = map else { return type_error("format requires a mapping") };
            let named = map
                .pairs()
                .into_iter()
                .filter_map(|(key, val)| Some((key.arc_str()?, val)))
                .collect();
            str_format::format(rt, text, Args { pos: Vec::new(), named })?
        }
        "maketrans" => maketrans(args)?,
        _ => translate(rt, text, args)?,
    })
}

/// The `is...` methods.
fn predicate(text: &str, name: &str) -> bool {
    match name {
        "islower" | "isupper" | "istitle" => str_case::has_case(text, name),
        "isascii" => text.is_ascii(),
        "isidentifier" => is_identifier(text),
        "isprintable" => {
            let plain = text.replace(['\\', '\'', '"'], "");
            !halite_core::value::repr_str(&plain).contains('\\')
        }
        _ => str_case::is_all(text, name),
    }
}

fn text_arg(function: &str, val: Option<Val>) -> R<Arc<str>> {
    let val = val.unwrap_or(Val::None);
    val.defined()?;
    match val.arc_str() {
        Some(text) => Ok(text),
        None => type_error(format!("{function}() argument must be str, not {}", val.type_name())),
    }
}

fn is_identifier(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|c| c.is_alphabetic() || c == '_')
        && chars.all(|c| c.is_alphanumeric() || c == '_')
}

fn join(rt: &Rt<'_>, separator: &str, args: Args) -> R<Val> {
    let [items] = args.bind("join", ["iterable"], 1)?;
    let items = items.unwrap_or(Val::None);
    if items.is_none() || items.is_number() {
        return type_error("can only join an iterable");
    }
    let mut out = String::new();
    for (at, item) in rt.iterate(&items)?.iter().enumerate() {
        if at > 0 {
            out.push_str(separator);
        }
        let Some(text) = item.as_str() else {
            return type_error(format!(
                "sequence item {at}: expected str instance, {} found",
                item.type_name()
            ));
        };
        out.push_str(text);
    }
    rt.bytes(out.len())?;
    Ok(Val::str(out))
}

/// The part of the text that `start` and `end` leave, and the offset of its start in characters.
fn window<'t>(
    text: &'t str,
    start: Option<&Val>,
    end: Option<&Val>,
) -> R<Option<(&'t str, usize)>> {
    let bound = |val: Option<&Val>| -> R<Option<i64>> {
        match val {
            None | Some(Val::None) => Ok(None),
            Some(val) => match val.as_int() {
                Some(int) => Ok(Some(int)),
                None => {
                    type_error("slice indices must be integers or None or have an __index__ method")
                }
            },
        }
    };
    let (start, end) = (bound(start)?, bound(end)?);
    if start.is_none() && end.is_none() {
        return Ok(Some((text, 0)));
    }
    let len = text.chars().count();
    let place = |at: i64| if at < 0 { (at + len as i64).max(0) } else { at };
    let first = start.map_or(0, place);
    if first > end.map_or(len as i64, place).min(len as i64) {
        return Ok(None);
    }
    let mut range = crate::jinja::eval::slice_indices(len, [start, end, None]);
    let count = range.len();
    let first = range.next().unwrap_or(first as usize);
    let byte = |at: usize| text.char_indices().nth(at).map_or(text.len(), |(byte, _)| byte);
    Ok(Some((&text[byte(first)..byte(first + count)], first)))
}

fn affix(text: &str, name: &str, args: Args) -> R<Val> {
    let [affix, start, end] = args.bind(name, ["prefix", "start", "end"], 1)?;
    let Some((text, _)) = window(text, start.as_ref(), end.as_ref())? else {
        return Ok(Val::Bool(false));
    };
    let affix = affix.unwrap_or(Val::None);
    affix.defined()?;
    let hit = |val: &Val| -> R<bool> {
        match val.as_str() {
            Some(affix) if name == "startswith" => Ok(text.starts_with(affix)),
            Some(affix) => Ok(text.ends_with(affix)),
            None => type_error(format!(
                "{name} first arg must be str or a tuple of str, not {}",
                val.type_name()
            )),
        }
    };
    if let Val::Tuple(tuple) = &affix {
        for item in &tuple.items {
            if hit(item)? {
                return Ok(Val::Bool(true));
            }
        }
        return Ok(Val::Bool(false));
    }
    hit(&affix).map(Val::Bool)
}

fn replace(rt: &Rt<'_>, text: &str, args: Args) -> R<Val> {
    let [old, new, count] = args.bind("replace", ["old", "new", "count"], 2)?;
    let (old, new) = (text_arg("replace", old)?, text_arg("replace", new)?);
    if let Some(count) = count.as_ref().filter(|count| count.as_int().is_none()) {
        return type_error(format!(
            "'{}' object cannot be interpreted as an integer",
            count.type_name()
        ));
    }
    let most = count.and_then(|count| count.as_int()).and_then(|count| usize::try_from(count).ok());
    let hits = if old.is_empty() { text.chars().count() + 1 } else { text.matches(&*old).count() };
    let hits = most.map_or(hits, |most| most.min(hits));
    rt.bytes(text.len() + hits.saturating_mul(new.len()))?;
    Ok(Val::str(match most {
        Some(most) => text.replacen(&*old, &new, most),
        None => text.replace(&*old, &new),
    }))
}

fn search(text: &str, name: &str, args: Args) -> R<Val> {
    let [part, start, end] = args.bind(name, ["sub", "start", "end"], 1)?;
    let part = text_arg(name, part)?;
    let found = window(text, start.as_ref(), end.as_ref())?;
    let Some((text, offset)) = found else {
        return match name {
            "count" => Ok(Val::Int(0)),
            name if name.ends_with("find") => Ok(Val::Int(-1)),
            _ => value_error("substring not found"),
        };
    };
    if name == "count" {
        let count =
            if part.is_empty() { text.chars().count() + 1 } else { text.matches(&*part).count() };
        return Ok(Val::Int(count as i64));
    }
    let found = if name.starts_with('r') { text.rfind(&*part) } else { text.find(&*part) };
    match found {
        Some(byte) => Ok(Val::Int((offset + text[..byte].chars().count()) as i64)),
        None if name.ends_with("find") => Ok(Val::Int(-1)),
        None => value_error("substring not found"),
    }
}

fn pad(rt: &Rt<'_>, text: &str, name: &str, args: Args) -> R<Val> {
    let [width, fill] = args.bind(name, ["width", "fillchar"], 1)?;
    let width = width.unwrap_or(Val::None);
    width.defined()?;
    let Some(width) = width.as_int() else {
        return type_error(format!(
            "'{}' object cannot be interpreted as an integer",
            width.type_name()
        ));
    };
    let width = usize::try_from(width.max(0)).unwrap_or(usize::MAX);
    rt.check_size(width)?;
    let fill = match fill {
        None => ' ',
        Some(fill) => {
            let fill = text_arg(name, Some(fill))?;
            let mut chars = fill.chars();
            match (chars.next(), chars.next()) {
                (Some(fill), None) => fill,
                _ => return type_error("The fill character must be exactly one character long"),
            }
        }
    };
    let missing = width.saturating_sub(text.chars().count());
    let fills = |fill: char| std::iter::repeat_n(fill, missing).collect::<String>();
    Ok(Val::str(match name {
        "center" => str_case::center(text, width, fill),
        "ljust" => format!("{text}{}", fills(fill)),
        "rjust" => format!("{}{text}", fills(fill)),
        _ => {
            let sign = usize::from(text.starts_with(['+', '-']));
            format!("{}{}{}", &text[..sign], fills('0'), &text[sign..])
        }
    }))
}

fn expand_tabs(rt: &Rt<'_>, text: &str, args: Args) -> R<Val> {
    let [size] = args.bind("expandtabs", ["tabsize"], 0)?;
    let size = size.and_then(|size| size.as_int()).unwrap_or(8).clamp(0, 1000) as usize;
    let mut out = String::new();
    let mut column = 0;
    for c in text.chars() {
        match c {
            '\t' => {
                let pad = if size == 0 { 0 } else { size - column % size };
                out.extend(std::iter::repeat_n(' ', pad));
                column += pad;
            }
            '\n' | '\r' => {
                out.push(c);
                column = 0;
            }
            c => {
                out.push(c);
                column += 1;
            }
        }
    }
    rt.bytes(out.len())?;
    Ok(Val::str(out))
}

fn maketrans(args: Args) -> R<Val> {
    let [from, to, delete] = args.bind("maketrans", ["x", "y", "z"], 1)?;
    if let (Some(Val::Dict(map)), None) = (&from, &to) {
        let pairs = map.pairs().into_iter().map(|(key, val)| match key.as_str() {
            Some(text) => (Val::Int(text.chars().next().map_or(0, |c| i64::from(c as u32))), val),
            None => (key, val),
        });
        return Ok(Val::dict(pairs));
    }
    let (from, to) = (text_arg("maketrans", from)?, text_arg("maketrans", to)?);
    if from.chars().count() != to.chars().count() {
        return value_error("the first two maketrans arguments must have equal length");
    }
    let code = |c: char| Val::Int(i64::from(c as u32));
    let mut pairs: Vec<(Val, Val)> =
        from.chars().zip(to.chars()).map(|(a, b)| (code(a), code(b))).collect();
    if let Some(delete) = delete {
        pairs.extend(text_arg("maketrans", Some(delete))?.chars().map(|c| (code(c), Val::None)));
    }
    Ok(Val::dict(pairs))
}

fn translate(rt: &Rt<'_>, text: &str, args: Args) -> R<Val> {
    let [table] = args.bind("translate", ["table"], 1)?;
    let Some(Val::Dict(table)) = table else { return type_error("the table must be a dict") };
    let mut out = String::new();
    for c in text.chars() {
        match table.get(&Val::Int(i64::from(c as u32))) {
            None => out.push(c),
            Some(Val::None) => {}
            Some(Val::Int(code)) => out.extend(u32::try_from(code).ok().and_then(char::from_u32)),
            Some(other) => out.push_str(&to_text(&other)?),
        }
    }
    rt.bytes(out.len())?;
    Ok(Val::str(out))
}
