//! `str.format` with its fields and format specifications.

use crate::jinja::eval::number_text::{MOST_DIGITS, float_digits, int_digits, is_negative};
use crate::jinja::eval::{Args, Rt};
use crate::jinja::fault::{R, index_error, key_error, overflow_error, type_error, value_error};
use crate::jinja::value::{Val, repr, to_text};

/// How wide a field may be.
const WIDEST: usize = 1 << 20;

struct Source<'v> {
    args: &'v Args,
    /// `Some(n)`: fields number themselves, `n` is next; `None` after a numbered field.
    auto: Option<usize>,
    manual: bool,
}

/// `text.format(*args)`.
pub(super) fn format(rt: &Rt<'_>, text: &str, args: Args) -> R<Val> {
    let mut source = Source { args: &args, auto: Some(0), manual: false };
    let out = expand(rt, text, &mut source, 3)?;
    rt.bytes(out.len())?;
    Ok(Val::str(out))
}

fn expand(rt: &Rt<'_>, text: &str, source: &mut Source<'_>, levels: u32) -> R<String> {
    if levels == 0 {
        return value_error("Max string recursion exceeded");
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        out.push_str(&rest[..at]);
        let brace = &rest[at..=at];
        rest = &rest[at + 1..];
        if rest.starts_with(brace) {
            out.push_str(brace);
            rest = &rest[1..];
            continue;
        }
        if brace == "}" {
            return value_error("Single '}' encountered in format string");
        }
        if rest.is_empty() {
            return value_error("Single '{' encountered in format string");
        }
        let Some(end) = field_end(rest) else {
            return value_error("expected '}' before end of string");
        };
        out.push_str(&field(rt, &rest[..end], source, levels)?);
        rest = &rest[end + 1..];
    }
    out.push_str(rest);
    Ok(out)
}

fn field_end(text: &str) -> Option<usize> {
    let mut open = 0;
    for (at, c) in text.char_indices() {
        match c {
            '{' => open += 1,
            '}' if open == 0 => return Some(at),
            '}' => open -= 1,
            _ => {}
        }
    }
    None
}

fn field(rt: &Rt<'_>, text: &str, source: &mut Source<'_>, levels: u32) -> R<String> {
    // The name may hold `:` and `!` within its brackets.
    let mut in_brackets = false;
    let cut = text.char_indices().find(|(_, c)| {
        match c {
            '[' => in_brackets = true,
            ']' => in_brackets = false,
            _ => {}
        }
        !in_brackets && matches!(c, ':' | '!')
    });
    let (name, rest) = cut.map_or((text, ""), |(at, _)| text.split_at(at));
    let (conv, spec) = match rest.strip_prefix('!') {
        Some(rest) => {
            let mut chars = rest.chars();
            let conv = chars.next();
            let rest = chars.as_str();
            match rest.strip_prefix(':') {
                Some(spec) => (conv, spec),
                None if rest.is_empty() && conv.is_some() => (conv, ""),
                None => return value_error("expected ':' after conversion specifier"),
            }
        }
        None => (None, rest.strip_prefix(':').unwrap_or("")),
    };
    let val = lookup(rt, name, source)?;
    let spec = expand(rt, spec, source, levels - 1)?;
    let val = match conv {
        None => val,
        Some('s') => Val::str(to_text(&val)?),
        Some('r' | 'a') => Val::str(repr(&val)),
        Some(other) => {
            return value_error(format!("Unknown conversion specifier '{other}'"));
        }
    };
    format_value(rt, &val, &spec)
}

fn lookup(rt: &Rt<'_>, name: &str, source: &mut Source<'_>) -> R<Val> {
    let first = &name[..name.find(['.', '[']).unwrap_or(name.len())];
    let mut rest = &name[first.len()..];
    let position = if first.is_empty() {
        let Some(at) = source.auto.filter(|_| !source.manual) else {
            return value_error(
                "cannot switch from manual field specification to automatic field numbering",
            );
        };
        source.auto = Some(at + 1);
        Some(at)
    } else if first.bytes().all(|b| b.is_ascii_digit()) {
        if source.auto.is_some_and(|at| at > 0) {
            return value_error(
                "cannot switch from automatic field numbering to manual field specification",
            );
        }
        source.manual = true;
        Some(first.parse().unwrap_or(usize::MAX))
    } else {
        None
    };
    let mut val = match position {
        Some(at) => match source.args.pos.get(at) {
            Some(val) => val.clone(),
            None => {
                return index_error("tuple index out of range");
            }
        },
        None => match source.args.named.iter().find(|(key, _)| **key == *first) {
            Some((_, val)) => val.clone(),
            None => return key_error(halite_core::value::repr_str(first)),
        },
    };
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('[') {
            let Some(end) = after.find(']') else {
                return value_error("Missing ']' in format string");
            };
            let key = &after[..end];
            let key = match key.parse::<i64>() {
                Ok(int) if !key.is_empty() && key.bytes().all(|b| b.is_ascii_digit()) => {
                    Val::Int(int)
                }
                _ => Val::str(key),
            };
            val = rt.get_item(&val, &key)?;
            rest = &after[end + 1..];
        } else {
            let after = rest.strip_prefix('.').unwrap_or(rest);
            let end = after.find(['.', '[']).unwrap_or(after.len());
            if end == 0 {
                return value_error("Empty attribute in format string");
            }
            val = rt.get_attr(&val, &after[..end])?;
            rest = &after[end..];
        }
        val.defined()?;
    }
    Ok(val)
}

/// A parsed format specification.
#[derive(Default)]
struct Spec {
    fill: Option<char>,
    align: Option<char>,
    sign: Option<char>,
    alternate: bool,
    zero: bool,
    width: usize,
    grouping: Option<char>,
    precision: Option<usize>,
    kind: Option<char>,
}

fn parse_spec(text: &str) -> R<Spec> {
    let mut spec = Spec::default();
    let mut chars: Vec<char> = text.chars().rev().collect();
    let is_align = |c: Option<&char>| matches!(c, Some('<' | '>' | '=' | '^'));
    if chars.len() >= 2 && is_align(chars.get(chars.len() - 2)) {
        spec.fill = chars.pop();
        spec.align = chars.pop();
    } else if is_align(chars.last()) {
        spec.align = chars.pop();
    }
    let take = |chars: &mut Vec<char>, wanted: &str| {
        if chars.last().is_some_and(|c| wanted.contains(*c)) { chars.pop() } else { None }
    };
    spec.sign = take(&mut chars, "+- ");
    take(&mut chars, "z");
    spec.alternate = take(&mut chars, "#").is_some();
    spec.zero = take(&mut chars, "0").is_some();
    let number = |chars: &mut Vec<char>| -> Option<usize> {
        let mut number = None;
        while let Some(digit) = chars.last().and_then(|c| c.to_digit(10)) {
            number =
                Some(number.unwrap_or(0usize).saturating_mul(10).saturating_add(digit as usize));
            chars.pop();
        }
        number
    };
    spec.width = number(&mut chars).unwrap_or(0);
    spec.grouping = take(&mut chars, ",_");
    if chars.last() == Some(&'.') {
        chars.pop();
        spec.precision = number(&mut chars);
        if spec.precision.is_none() {
            return value_error("Format specifier missing precision");
        }
    }
    spec.kind = chars.pop();
    if !chars.is_empty() {
        return value_error("Invalid format specifier");
    }
    if spec.width > WIDEST || spec.precision.unwrap_or(0) > WIDEST {
        return value_error("Too many decimal digits in format string");
    }
    Ok(spec)
}

/// `format(value, spec)`.
pub(crate) fn format_value(rt: &Rt<'_>, val: &Val, spec: &str) -> R<String> {
    val.defined()?;
    if spec.is_empty() {
        return rt.text(val);
    }
    match val {
        Val::Str(text) | Val::Markup(text) => {
            let spec = parse_spec(spec)?;
            if let Some(kind) = spec.kind.filter(|kind| *kind != 's') {
                return value_error(format!(
                    "Unknown format code '{kind}' for object of type 'str'"
                ));
            }
            if spec.align == Some('=') {
                return value_error("'=' alignment not allowed in string format specifier");
            }
            if let Some(grouping) = spec.grouping {
                return value_error(format!("Cannot specify '{grouping}' with 's'."));
            }
            if spec.sign.is_some() {
                return value_error("Sign not allowed in string format specifier");
            }
            let text: String = match spec.precision {
                Some(precision) => text.chars().take(precision).collect(),
                None => text.to_string(),
            };
            let zero = spec.zero && spec.align.is_none();
            let fill = spec.fill.unwrap_or(if spec.zero { '0' } else { ' ' });
            Ok(aligned(
                &text,
                "",
                fill,
                if zero { '<' } else { spec.align.unwrap_or('<') },
                spec.width,
            ))
        }
        Val::Int(_) | Val::Big(_) | Val::Bool(_) | Val::Float(_) => number(val, parse_spec(spec)?),
        other => type_error(format!(
            "unsupported format string passed to {}.__format__",
            other.type_name()
        )),
    }
}

fn number(val: &Val, spec: Spec) -> R<String> {
    let float = matches!(val, Val::Float(_))
        || matches!(spec.kind, Some('e' | 'E' | 'f' | 'F' | 'g' | 'G' | '%'));
    let (negative, prefix, digits) =
        if float { float_parts(val, &spec)? } else { int_parts(val, &spec)? };
    let sign = match (negative, spec.sign) {
        (true, _) => "-",
        (_, Some('+')) => "+",
        (_, Some(' ')) => " ",
        _ => "",
    };
    let head = format!("{sign}{prefix}");
    let fill = spec.fill.unwrap_or(if spec.zero { '0' } else { ' ' });
    let align = spec.align.unwrap_or(if spec.zero { '=' } else { '>' });
    Ok(aligned(&digits, &head, fill, align, spec.width))
}

fn int_parts(val: &Val, spec: &Spec) -> R<(bool, &'static str, String)> {
    let int = val.as_big().unwrap_or_default();
    let kind = spec.kind.unwrap_or('d');
    if kind == 'c' {
        let code = val.as_int().and_then(|code| u32::try_from(code).ok()).and_then(char::from_u32);
        return match code {
            Some(c) => Ok((false, "", c.to_string())),
            None => overflow_error("%c arg not in range(0x110000)"),
        };
    }
    if !"bdoxXn".contains(kind) {
        return value_error(format!("Unknown format code '{kind}' for object of type 'int'"));
    }
    if spec.precision.is_some() {
        return value_error("Precision not allowed in integer format specifier");
    }
    let (digits, prefix) = int_digits(&int, kind);
    let every = if "boxX".contains(kind) { 4 } else { 3 };
    let digits = spec.grouping.map_or(digits.clone(), |comma| grouped(&digits, comma, every));
    Ok((is_negative(&int), if spec.alternate { prefix } else { "" }, digits))
}

fn float_parts(val: &Val, spec: &Spec) -> R<(bool, &'static str, String)> {
    let Some(float) = val.as_float() else {
        return overflow_error("int too large to convert to float");
    };
    let size = float.abs();
    let digits = match spec.kind {
        None => match spec.precision {
            None => halite_core::value::float_repr(size),
            Some(precision) => {
                let text = float_digits(size, 'g', Some(precision.min(MOST_DIGITS)), false);
                if text.contains(['.', 'e', 'n']) { text } else { format!("{text}.0") }
            }
        },
        Some('%') => format!("{}%", float_digits(size * 100.0, 'f', spec.precision, false)),
        Some('n') => float_digits(size, 'g', spec.precision, spec.alternate),
        Some(kind) if "eEfFgG".contains(kind) => {
            float_digits(size, kind, spec.precision, spec.alternate)
        }
        Some(kind) => {
            return value_error(format!("Unknown format code '{kind}' for object of type 'float'"));
        }
    };
    let digits = match spec.grouping {
        Some(comma) => {
            let whole = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
            format!("{}{}", grouped(&digits[..whole], comma, 3), &digits[whole..])
        }
        None => digits,
    };
    Ok((float.is_sign_negative() && !float.is_nan(), "", digits))
}

fn grouped(digits: &str, comma: char, every: usize) -> String {
    let mut out = String::new();
    for (at, c) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(every) {
            out.push(comma);
        }
        out.push(c);
    }
    out
}

fn aligned(text: &str, head: &str, fill: char, align: char, width: usize) -> String {
    let used = text.chars().count() + head.chars().count();
    let pad = width.saturating_sub(used);
    let fills = |count: usize| std::iter::repeat_n(fill, count).collect::<String>();
    match align {
        '<' => format!("{head}{text}{}", fills(pad)),
        '^' => format!("{}{head}{text}{}", fills(pad / 2), fills(pad - pad / 2)),
        '=' => format!("{head}{}{text}", fills(pad)),
        _ => format!("{}{head}{text}", fills(pad)),
    }
}
