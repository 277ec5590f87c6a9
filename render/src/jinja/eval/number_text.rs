//! Numbers as text, for `%` and `format()`.

use num_bigint::{BigInt, Sign};

/// The layout of one field.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Layout {
    pub(crate) left: bool,
    pub(crate) plus: bool,
    pub(crate) space: bool,
    pub(crate) alternate: bool,
    pub(crate) zero: bool,
    pub(crate) width: usize,
    pub(crate) precision: Option<usize>,
}

/// How many digits behind the point one may ask for.
pub(crate) const MOST_DIGITS: usize = 500;

/// `1.5e3` of Rust as `1.5e+03` of Python.
fn exponent_form(float: f64, digits: usize, alternate: bool) -> String {
    let text = format!("{float:.digits$e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, exponent) = match exponent.strip_prefix('-') {
        Some(rest) => ('-', rest),
        None => ('+', exponent),
    };
    let point = if alternate && digits == 0 { "." } else { "" };
    format!("{mantissa}{point}e{sign}{exponent:0>2}")
}

/// The digits of a non-negative float in one of Python's formats `e f g` (any case).
pub(crate) fn float_digits(
    float: f64,
    conv: char,
    precision: Option<usize>,
    alternate: bool,
) -> String {
    let lower = conv.to_ascii_lowercase();
    let text = if float.is_nan() {
        "nan".to_string()
    } else if float.is_infinite() {
        "inf".to_string()
    } else {
        let digits = precision.unwrap_or(6).min(MOST_DIGITS);
        match lower {
            'e' => exponent_form(float, digits, alternate),
            'g' => general(float, digits.max(1), alternate),
            _ if alternate && digits == 0 => format!("{float:.0}."),
            _ => format!("{float:.digits$}"),
        }
    };
    if conv.is_ascii_uppercase() { text.to_ascii_uppercase() } else { text }
}

fn general(float: f64, digits: usize, alternate: bool) -> String {
    let scientific = format!("{float:.*e}", digits - 1);
    let exponent: i32 = scientific.split_once('e').and_then(|(_, e)| e.parse().ok()).unwrap_or(0);
    if exponent < -4 || exponent >= digits as i32 {
        let text = exponent_form(float, digits - 1, alternate);
        if alternate {
            return text;
        }
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, ""));
        return format!("{}e{exponent}", strip_zeros(mantissa));
    }
    let decimals = (digits as i32 - 1 - exponent).max(0) as usize;
    let text = format!("{float:.decimals$}");
    if alternate { text } else { strip_zeros(&text).to_string() }
}

fn strip_zeros(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}

/// The digits of an integer without sign, and its prefix in alternate form.
pub(crate) fn int_digits(int: &BigInt, conv: char) -> (String, &'static str) {
    let size = int.magnitude();
    match conv {
        'x' => (size.to_str_radix(16), "0x"),
        'X' => (size.to_str_radix(16).to_ascii_uppercase(), "0X"),
        'o' => (size.to_str_radix(8), "0o"),
        'b' => (size.to_str_radix(2), "0b"),
        _ => (size.to_str_radix(10), ""),
    }
}

/// Whether an integer is below zero.
pub(crate) fn is_negative(int: &BigInt) -> bool {
    int.sign() == Sign::Minus
}

/// A number with sign and padding, as `%` lays it out.
pub(crate) fn layout_number(negative: bool, prefix: &str, digits: &str, layout: Layout) -> String {
    let sign = match (negative, layout.plus, layout.space) {
        (true, _, _) => "-",
        (_, true, _) => "+",
        (_, _, true) => " ",
        _ => "",
    };
    let used = sign.len() + prefix.len() + digits.chars().count();
    let pad = layout.width.saturating_sub(used);
    if layout.left {
        format!("{sign}{prefix}{digits}{}", " ".repeat(pad))
    } else if layout.zero {
        format!("{sign}{prefix}{}{digits}", "0".repeat(pad))
    } else {
        format!("{}{sign}{prefix}{digits}", " ".repeat(pad))
    }
}
