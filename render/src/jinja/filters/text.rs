//! Filters about text.

use super::{flag, given};
use crate::jinja::eval::{Args, Rt};
use crate::jinja::fault::{Class, Fault, R, attribute_error, type_error, value_error};
use crate::jinja::methods::{self, capitalize, center, splitlines};
use crate::jinja::value::{Val, to_text};

pub(super) const NAMES: &[&str] = &[
    "capitalize",
    "center",
    "filesizeformat",
    "format",
    "indent",
    "lower",
    "replace",
    "title",
    "trim",
    "truncate",
    "upper",
    "wordcount",
    "wordwrap",
];

/// How many characters a text may be padded to.
const WIDEST: i64 = 1 << 24;

pub(super) fn call(rt: &Rt<'_>, name: &str, val: Val, args: Args) -> R<Val> {
    // Markup stays markup where Jinja only uses its methods.
    let like = |text: String| {
        if matches!(val, Val::Markup(_)) { Val::markup(text) } else { Val::str(text) }
    };
    Ok(match name {
        "upper" => args
            .bind::<0>("do_upper", [], 0)
            .and_then(|_| Ok(like(rt.text(&val)?.to_uppercase())))?,
        "lower" => args
            .bind::<0>("do_lower", [], 0)
            .and_then(|_| Ok(like(rt.text(&val)?.to_lowercase())))?,
        "capitalize" => like(capitalize(&rt.text(&val)?)),
        "title" => like(title(&rt.text(&val)?)),
        "center" => {
            let [width] = args.bind("do_center", ["width"], 0)?;
            let width = width.map_or(Ok(80), |width| index_argument(&width))?;
            let width = width.clamp(0, WIDEST) as usize;
            rt.check_size(width)?;
            like(center(&rt.text(&val)?, width, ' '))
        }
        "trim" => {
            let [chars] = args.bind("do_trim", ["chars"], 0)?;
            let text = Val::str(rt.text(&val)?);
            let args = given(chars).map_or_else(Args::default, Args::one);
            like(rt.text(&methods::call(rt, &text, "strip", args)?)?)
        }
        "replace" => {
            let [old, new, count] = args.bind("do_replace", ["old", "new", "count"], 2)?;
            let text = Val::str(rt.text(&val)?);
            let mut pos = vec![
                Val::str(rt.text(&old.unwrap_or(Val::None))?),
                Val::str(rt.text(&new.unwrap_or(Val::None))?),
            ];
            pos.extend(given(count));
            methods::call(rt, &text, "replace", Args { pos, named: Vec::new() })?
        }
        "format" => {
            if !args.pos.is_empty() && !args.named.is_empty() {
                return Err(Fault::new(
                    Class::Runtime,
                    "can't handle positional and keyword arguments at the same time",
                ));
            }
            let template = match &val {
                Val::Markup(_) => val.clone(),
                other => Val::str(to_text(other)?),
            };
            let values = if args.named.is_empty() {
                Val::tuple(args.pos)
            } else {
                Val::dict(args.named.into_iter().map(|(key, val)| (Val::Str(key), val)))
            };
            crate::jinja::eval::percent::format(rt, &template, &values)?
        }
        "indent" => indent(rt, &val, args)?,
        "truncate" => truncate(&val, args)?,
        "wordcount" => {
            let text = rt.text(&val)?;
            let words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
            Val::Int(words.filter(|word| !word.is_empty()).count() as i64)
        }
        "wordwrap" => wordwrap(rt, &val, args)?,
        _ => filesizeformat(&val, args)?,
    })
}

/// What Python takes for a count or a width: integers only.
fn index_argument(val: &Val) -> R<i64> {
    val.defined()?;
    match val.as_int() {
        Some(int) => Ok(int),
        None => {
            type_error(format!("'{}' object cannot be interpreted as an integer", val.type_name()))
        }
    }
}

/// A number that is compared with another one, as Python words its refusal.
fn compared(val: Option<Val>, default: i64, sign: &str) -> R<f64> {
    let Some(val) = val else { return Ok(default as f64) };
    val.defined()?;
    match val.as_float().or_else(|| val.as_int().map(|int| int as f64)) {
        Some(number) => Ok(number),
        None => type_error(format!(
            "'{sign}' not supported between instances of '{}' and 'int'",
            val.type_name()
        )),
    }
}

/// Jinja's title: only white space, brackets and hyphens begin words.
fn title(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut first = true;
    for c in text.chars() {
        let between = c == '-' || c.is_whitespace() || matches!(c, '(' | '{' | '[' | '<');
        if between {
            out.push(c);
            first = true;
        } else if first {
            out.extend(c.to_uppercase());
            first = false;
        } else {
            out.extend(c.to_lowercase());
        }
    }
    out
}

fn indent(rt: &Rt<'_>, val: &Val, args: Args) -> R<Val> {
    let [width, first, blank] = args.bind("do_indent", ["width", "first", "blank"], 0)?;
    val.defined()?;
    let Some(text) = val.as_str() else {
        return match val {
            Val::List(_) => attribute_error("'list' object has no attribute 'splitlines'"),
            Val::Tuple(_) => type_error("can only concatenate tuple (not \"str\") to tuple"),
            _ => type_error(format!(
                "unsupported operand type(s) for +=: '{}' and 'str'",
                val.type_name()
            )),
        };
    };
    let indention = match &width {
        Some(width) if width.as_str().is_some() => width.as_str().unwrap_or_default().to_string(),
        width => {
            let width = width.as_ref().map_or(Some(4), Val::as_int);
            let Some(width) = width else {
                return type_error("can't multiply sequence by non-int of type 'float'");
            };
            " ".repeat(width.clamp(0, WIDEST) as usize)
        }
    };
    let (first, blank) = (flag(first, false)?, flag(blank, false)?);
    let text = format!("{text}\n");
    let lines = splitlines(&text, false);
    rt.bytes(text.len() + lines.len().saturating_mul(indention.len()))?;
    let mut out = String::with_capacity(text.len());
    for (at, line) in lines.iter().enumerate() {
        if at > 0 {
            out.push('\n');
        }
        let indented = if at == 0 { first } else { blank || !line.is_empty() };
        if indented {
            out.push_str(&indention);
        }
        out.push_str(line);
    }
    Ok(if matches!(val, Val::Markup(_)) { Val::markup(out) } else { Val::str(out) })
}

fn truncate(val: &Val, args: Args) -> R<Val> {
    let [length, kill, end, leeway] =
        args.bind("do_truncate", ["length", "killwords", "end", "leeway"], 0)?;
    val.defined()?;
    let Some(text) = val.as_str() else {
        return type_error(format!("object of type '{}' has no len()", val.type_name()));
    };
    let whole = length.as_ref().is_none_or(|length| length.as_int().is_some());
    let length = compared(length, 255, ">=")?;
    let end = match end {
        Some(end) => to_text(&end)?.into_owned(),
        None => "...".to_string(),
    };
    let leeway = compared(given(leeway), 5, ">=")?;
    let end_len = end.chars().count() as i64;
    if length < end_len as f64 {
        let text = format!("expected length >= {end_len}, got {length}");
        return Err(Fault::new(Class::Assertion, text));
    }
    if leeway < 0.0 {
        return Err(Fault::new(Class::Assertion, format!("expected leeway >= 0, got {leeway}")));
    }
    if text.chars().count() as f64 <= length + leeway {
        return Ok(val.clone());
    }
    if !whole {
        return type_error("slice indices must be integers or None or have an __index__ method");
    }
    let kept: String = text.chars().take(length as usize - end_len as usize).collect();
    let kept = if flag(kill, false)? {
        kept.as_str()
    } else {
        kept.rsplit_once(' ').map_or(kept.as_str(), |(a, _)| a)
    };
    Ok(Val::str(format!("{kept}{end}")))
}

fn filesizeformat(val: &Val, args: Args) -> R<Val> {
    let [binary] = args.bind("do_filesizeformat", ["binary"], 0)?;
    let binary = flag(binary, false)?;
    val.defined()?;
    let Some(Val::Float(bytes)) = super::basic::to_float(val) else {
        if val.as_str().is_some() {
            let shown = crate::jinja::value::repr(val);
            return value_error(format!("could not convert string to float: {shown}"));
        }
        return type_error(format!(
            "float() argument must be a string or a real number, not '{}'",
            val.type_name()
        ));
    };
    let base: f64 = if binary { 1024.0 } else { 1000.0 };
    if bytes == 1.0 {
        return Ok(Val::str("1 Byte"));
    }
    if bytes < base {
        return Ok(Val::str(format!("{} Bytes", bytes.trunc())));
    }
    let prefixes = if binary {
        ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"]
    } else {
        ["k", "M", "G", "T", "P", "E", "Z", "Y"]
    };
    let mut unit = base;
    let mut shown = prefixes[7];
    for prefix in prefixes {
        unit *= base;
        if bytes < unit {
            shown = prefix;
            break;
        }
    }
    Ok(Val::str(format!("{:.1} {shown}B", base * bytes / unit)))
}

fn wordwrap(rt: &Rt<'_>, val: &Val, args: Args) -> R<Val> {
    let params = ["width", "break_long_words", "wrapstring", "break_on_hyphens"];
    let [width, long, wrap, hyphens] = args.bind("do_wordwrap", params, 0)?;
    val.defined()?;
    let Some(text) = val.as_str() else {
        return type_error(format!("'{}' object has no attribute 'splitlines'", val.type_name()));
    };
    let width = compared(width, 79, "<=")? as i64;
    if width <= 0 {
        return value_error(format!("invalid width {width} (must be > 0)"));
    }
    let wrap = match given(wrap) {
        Some(wrap) => rt.text(&wrap)?,
        None => rt.syntax.newline.clone(),
    };
    let (long, hyphens) = (flag(long, true)?, flag(hyphens, true)?);
    let lines: Vec<String> = splitlines(text, false)
        .iter()
        .map(|line| wrap_line(line, width as usize, long, hyphens).join(&wrap))
        .collect();
    Ok(Val::str(lines.join(&wrap)))
}

/// Words with the hyphens that a line may be broken at, and the white space between them.
fn chunks(line: &str, hyphens: bool) -> Vec<String> {
    let mut chunks: Vec<String> = Vec::new();
    let chars: Vec<char> = line.chars().collect();
    let mut current = String::new();
    for (at, c) in chars.iter().enumerate() {
        let boundary = at > 0 && c.is_whitespace() != chars[at - 1].is_whitespace();
        if boundary && !current.is_empty() {
            chunks.push(std::mem::take(&mut current));
        }
        current.push(*c);
        let letter =
            |at: Option<usize>| at.and_then(|at| chars.get(at)).is_some_and(|c| c.is_alphabetic());
        let breaks = hyphens
            && *c == '-'
            && letter(at.checked_sub(1))
            && letter(at.checked_sub(2))
            && letter(Some(at + 1));
        if breaks {
            chunks.push(std::mem::take(&mut current));
        }
    }
    if !current.is_empty() {
        chunks.push(current);
    }
    chunks
}

/// Python's `textwrap.wrap` without changes to white space inside.
fn wrap_line(line: &str, width: usize, break_long: bool, hyphens: bool) -> Vec<String> {
    let mut rest: std::collections::VecDeque<String> = chunks(line, hyphens).into();
    let mut lines: Vec<String> = Vec::new();
    let len = |text: &str| text.chars().count();
    while !rest.is_empty() {
        if !lines.is_empty() && rest.front().is_some_and(|chunk| chunk.trim().is_empty()) {
            rest.pop_front();
        }
        let mut current: Vec<String> = Vec::new();
        let mut used = 0;
        while let Some(chunk) = rest.front() {
            if used + len(chunk) > width {
                break;
            }
            used += len(chunk);
            current.extend(rest.pop_front());
        }
        if let Some(chunk) = rest.front()
            && len(chunk) > width
        {
            let room = width.saturating_sub(used).max(usize::from(current.is_empty()));
            if break_long && room > 0 {
                let head: String = chunk.chars().take(room).collect();
                let tail: String = chunk.chars().skip(room).collect();
                current.push(head);
                rest[0] = tail;
            } else if current.is_empty() {
                current.extend(rest.pop_front());
            }
        }
        if current.last().is_some_and(|chunk| chunk.trim().is_empty()) {
            current.pop();
        }
        if !current.is_empty() {
            lines.push(current.concat());
        }
    }
    lines
}
