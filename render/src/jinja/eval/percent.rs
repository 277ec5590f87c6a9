//! `'...' % args`.

use std::iter::Peekable;
use std::str::CharIndices;

use super::Rt;
use super::number_text::{Layout, float_digits, int_digits, is_negative, layout_number};
use crate::jinja::fault::{R, key_error, overflow_error, type_error, value_error};
use crate::jinja::filters::escaped;
use crate::jinja::value::{Val, repr, to_text};

/// How wide a field may be.
const WIDEST: usize = 1 << 20;

struct Source<'v> {
    args: &'v Val,
    /// Members of a tuple; else the one argument.
    items: Vec<Val>,
    next: usize,
    escape: bool,
}

impl Source<'_> {
    fn next(&mut self) -> R<Val> {
        match self.items.get(self.next) {
            Some(val) => {
                self.next += 1;
                Ok(val.clone())
            }
            None => type_error("not enough arguments for format string"),
        }
    }
}

/// `template % args`.
pub(crate) fn format(rt: &Rt<'_>, template: &Val, args: &Val) -> R<Val> {
    let text = match template {
        Val::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        other => other.as_str().unwrap_or_default().to_string(),
    };
    let items = match args {
        Val::Tuple(tuple) => tuple.items.clone(),
        other => vec![other.clone()],
    };
    let mapping = matches!(args, Val::Dict(_) | Val::List(_) | Val::Range(_) | Val::View(_));
    let escape = matches!(template, Val::Markup(_));
    let mut source = Source { args, items, next: 0, escape };
    let mut out = String::with_capacity(text.len());
    let mut chars = text.char_indices().peekable();
    while let Some((_, c)) = chars.next() {
        if c == '%' { field(rt, &mut chars, &mut source, &mut out)? } else { out.push(c) }
    }
    if source.next < source.items.len() && !mapping {
        return type_error("not all arguments converted during string formatting");
    }
    rt.bytes(out.len())?;
    Ok(match template {
        Val::Markup(_) => Val::markup(out),
        Val::Bytes(_) => Val::Bytes(out.into_bytes().into()),
        _ => Val::str(out),
    })
}

type Chars<'a> = Peekable<CharIndices<'a>>;

fn field(rt: &Rt<'_>, chars: &mut Chars<'_>, source: &mut Source<'_>, out: &mut String) -> R<()> {
    let mut keyed = None;
    if chars.next_if(|(_, c)| *c == '(').is_some() {
        keyed = Some(by_key(chars, source)?);
    }
    let mut layout = Layout::default();
    while let Some((_, flag)) = chars.next_if(|(_, c)| matches!(c, '-' | '+' | ' ' | '#' | '0')) {
        match flag {
            '-' => layout.left = true,
            '+' => layout.plus = true,
            ' ' => layout.space = true,
            '#' => layout.alternate = true,
            _ => layout.zero = true,
        }
    }
    let width = number_or_star(chars, source, "* wants int")?;
    if let Some(width) = width {
        layout.left |= width < 0;
        layout.width = width.unsigned_abs() as usize;
    }
    if chars.next_if(|(_, c)| *c == '.').is_some() {
        let precision = number_or_star(chars, source, "* wants int")?.unwrap_or(0);
        layout.precision = Some(usize::try_from(precision).unwrap_or(0));
    }
    if layout.width > WIDEST || layout.precision.unwrap_or(0) > WIDEST {
        return value_error("width too big");
    }
    chars.next_if(|(_, c)| matches!(c, 'h' | 'l' | 'L'));
    let Some((at, conv)) = chars.next() else { return value_error("incomplete format") };
    // With a key in front it is a field like others.
    if conv == '%' && keyed.is_none() {
        out.push('%');
        return Ok(());
    }
    if !"diuoxXeEfFgGcrsa".contains(conv) {
        return value_error(format!(
            "unsupported format character '{conv}' (0x{:x}) at index {at}",
            conv as u32
        ));
    }
    let val = match keyed {
        Some(val) => val,
        None => source.next()?,
    };
    out.push_str(&convert(rt, &val, conv, layout, source.escape)?);
    Ok(())
}

fn by_key(chars: &mut Chars<'_>, source: &mut Source<'_>) -> R<Val> {
    let mut key = String::new();
    let mut open = 1;
    for (_, c) in chars.by_ref() {
        match c {
            '(' => open += 1,
            ')' => open -= 1,
            _ => {}
        }
        if open == 0 {
            break;
        }
        key.push(c);
    }
    if open > 0 {
        return value_error("incomplete format key");
    }
    let Val::Dict(dict) = source.args else { return type_error("format requires a mapping") };
    source.next = source.items.len();
    match dict.get_str(&key) {
        Some(val) => Ok(val),
        None => key_error(halite_core::value::repr_str(&key)),
    }
}

fn number_or_star(chars: &mut Chars<'_>, source: &mut Source<'_>, error: &str) -> R<Option<i64>> {
    if chars.next_if(|(_, c)| *c == '*').is_some() {
        return match source.next()?.as_int() {
            Some(int) => Ok(Some(int)),
            None => type_error(error),
        };
    }
    let mut number: Option<i64> = None;
    while let Some((_, digit)) = chars.next_if(|(_, c)| c.is_ascii_digit()) {
        let digit = i64::from(digit.to_digit(10).unwrap_or(0));
        number = Some(number.unwrap_or(0).saturating_mul(10).saturating_add(digit));
    }
    Ok(number)
}

fn convert(rt: &Rt<'_>, val: &Val, conv: char, layout: Layout, escape: bool) -> R<String> {
    if matches!(conv, 'r' | 's' | 'a' | 'c') {
        let text = match conv {
            's' if escape => escaped(val).into_owned(),
            's' => to_text(val)?.into_owned(),
            'c' => one_char(val)?,
            _ => repr(val),
        };
        let text: String = match layout.precision {
            Some(precision) if conv != 'c' => text.chars().take(precision).collect(),
            _ => text,
        };
        rt.check_size(text.len())?;
        return Ok(layout_number(
            false,
            "",
            &text,
            Layout { plus: false, space: false, zero: false, ..layout },
        ));
    }
    val.defined()?;
    if "eEfFgG".contains(conv) {
        let Some(float) = val.as_float() else {
            return type_error(format!("must be real number, not {}", val.type_name()));
        };
        let digits = float_digits(float.abs(), conv, layout.precision, layout.alternate);
        return Ok(layout_number(float.is_sign_negative() && !float.is_nan(), "", &digits, layout));
    }
    let int = match val {
        Val::Float(float) if "diu".contains(conv) => {
            if !float.is_finite() {
                let what = if float.is_nan() { "NaN" } else { "infinity" };
                let text = format!("cannot convert float {what} to integer");
                return if float.is_nan() { value_error(text) } else { overflow_error(text) };
            }
            num_traits::FromPrimitive::from_f64(float.trunc())
        }
        other => other.as_big(),
    };
    let Some(int) = int else {
        let wants = if "diu".contains(conv) { "a real number" } else { "an integer" };
        return type_error(format!("%{conv} format: {wants} is required, not {}", val.type_name()));
    };
    let (mut digits, prefix) = int_digits(&int, conv);
    if let Some(precision) = layout.precision {
        digits = format!("{digits:0>precision$}");
    }
    let prefix = if layout.alternate { prefix } else { "" };
    Ok(layout_number(is_negative(&int), prefix, &digits, layout))
}

fn one_char(val: &Val) -> R<String> {
    match val {
        Val::Str(text) | Val::Markup(text) if text.chars().count() == 1 => Ok(text.to_string()),
        other => match other.as_int() {
            Some(code) => match u32::try_from(code).ok().and_then(char::from_u32) {
                Some(c) => Ok(c.to_string()),
                None => overflow_error("%c arg not in range(0x110000)"),
            },
            None => type_error("%c requires int or char"),
        },
    }
}
