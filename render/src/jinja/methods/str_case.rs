//! Letter case and padding.

/// `str.capitalize`.
pub(crate) fn capitalize(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars.flat_map(char::to_lowercase)).collect(),
        None => String::new(),
    }
}

/// `str.title`: words are runs of letters with case.
pub(super) fn title(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut inside = false;
    for c in text.chars() {
        if inside {
            out.extend(c.to_lowercase());
        } else {
            out.extend(c.to_uppercase());
        }
        inside = c.is_uppercase() || c.is_lowercase();
    }
    out
}

pub(super) fn swapcase(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_uppercase() {
            out.extend(c.to_lowercase());
        } else {
            out.extend(c.to_uppercase());
        }
    }
    out
}

/// `str.center`: the odd space goes left in wide odd fields, as CPython does.
pub(crate) fn center(text: &str, width: usize, fill: char) -> String {
    let len = text.chars().count();
    let pad = width.saturating_sub(len);
    let left = pad / 2 + (pad & width & 1);
    let fills = |count: usize| std::iter::repeat_n(fill, count).collect::<String>();
    format!("{}{text}{}", fills(left), fills(pad - left))
}

/// `islower`, `isupper`, `istitle`.
pub(super) fn has_case(text: &str, name: &str) -> bool {
    let mut cased = false;
    let mut previous = false;
    for c in text.chars() {
        let (upper, lower) = (c.is_uppercase(), c.is_lowercase());
        let wrong = match name {
            "islower" => upper,
            "isupper" => lower,
            _ => (upper && previous) || (lower && !previous),
        };
        if wrong {
            return false;
        }
        cased |= upper || lower;
        previous = upper || lower;
    }
    cased
}

/// The `is...` methods that ask about every character.
pub(super) fn is_all(text: &str, name: &str) -> bool {
    let numeric = |c: char| c.is_numeric();
    let decimal = |c: char| {
        c.is_ascii_digit()
            || (c.is_numeric() && !c.is_ascii() && c.to_digit(10).is_none() && is_decimal(c))
    };
    let hit = |c: char| match name {
        "isalpha" => c.is_alphabetic(),
        "isalnum" => c.is_alphanumeric(),
        "isdigit" => decimal(c) || matches!(c, '²' | '³' | '¹'),
        "isdecimal" => decimal(c),
        "isnumeric" => numeric(c),
        "isspace" => super::str_split::is_space(c),
        _ => false,
    };
    !text.is_empty() && text.chars().all(hit)
}

/// Decimal digits of the scripts that have them in blocks of ten.
fn is_decimal(c: char) -> bool {
    const ZEROS: [u32; 20] = [
        0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xe50,
        0xed0, 0xf20, 0x1040, 0x17e0, 0x1810, 0xff10, 0x1d7ce,
    ];
    ZEROS.iter().any(|zero| (*zero..zero + 10).contains(&(c as u32)))
}
