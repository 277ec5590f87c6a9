//! `random`: random numbers, texts, picks. Salt: `salt/modules/mod_random.py`, less password hashes.

use base64::Engine as _;
use halite_core::{Context, Error, ExecModule, Result, Value, function};

use crate::support::{digest, random_bytes};

/// The module.
pub static MODULE: ExecModule =
    ExecModule::new("random", &[&HASH, &STR_ENCODE, &GET_STR, &RAND_INT, &SEED, &SAMPLE, &SHUFFLE]);

/// Longest text that is made at once.
const LENGTH_MAX: usize = 1 << 20;
const PUNCTUATION: &str = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

/// A number below `bound`, all equally likely.
fn below(cx: &Context<'_>, bound: u64) -> Result<u64> {
    let bound = bound.max(1);
    let fair = u64::MAX - u64::MAX % bound;
    loop {
        let bytes: [u8; 8] = random_bytes(cx.host, 8)?.try_into().unwrap_or_default();
        let number = u64::from_le_bytes(bytes);
        if number < fair {
            return Ok(number % bound);
        }
    }
}

/// A number below `bound` that follows from a seed and a counter.
fn seeded(seed: &Value, counter: u64, bound: u64) -> u64 {
    let text = format!("{seed}/{counter}");
    let sum = digest::digest("sha256", text.as_bytes()).unwrap_or_default();
    let head: [u8; 8] = sum.first_chunk::<8>().copied().unwrap_or_default();
    u64::from_le_bytes(head) % bound.max(1)
}

/// Gives the digest of a text.
///
/// CLI Example:
///
/// ```text
/// salt '*' random.hash 'I am a string' md5
/// ```
#[function]
fn hash(value: Value, #[default("sha512".into())] algorithm: String) -> Result<String> {
    let text = value.to_string();
    digest::hex_digest(&algorithm, text.as_bytes())
        .ok_or_else(|| Error::usage("random.hash", "You must specify a valid algorithm."))
}

/// Encodes a text in Base64 or UTF-8.
///
/// CLI Example:
///
/// ```text
/// salt '*' random.str_encode 'I am a new string' base64
/// ```
#[function]
fn str_encode(value: String, #[default("base64".into())] encoder: String) -> Result<Value> {
    match encoder.to_lowercase().replace('_', "-").as_str() {
        "base64" => Ok(base64::engine::general_purpose::STANDARD.encode(value).into()),
        "utf-8" | "utf8" => Ok(Value::bytes(value)),
        _ => Err(Error::usage("random.str_encode", "You must specify a valid encoder")),
    }
}

/// Gives a random text.
///
/// CLI Example:
///
/// ```text
/// salt '*' random.get_str 128
/// salt '*' random.get_str 32 punctuation=False
/// ```
#[function]
fn get_str(
    cx: &Context<'_>,
    #[default(20)] length: i64,
    /// The characters to choose from.
    #[default(None)]
    chars: Option<String>,
    #[default(true)] lowercase: bool,
    #[default(true)] uppercase: bool,
    #[default(true)] digits: bool,
    #[default(true)] punctuation: bool,
    #[default(false)] whitespace: bool,
    #[default(false)] printable: bool,
) -> Result<String> {
    let letters: String = ('a'..='z').collect();
    let groups = [
        (lowercase || printable, letters.clone()),
        (uppercase || printable, letters.to_uppercase()),
        (digits || printable, "0123456789".to_owned()),
        (punctuation || printable, PUNCTUATION.to_owned()),
        (whitespace || printable, " \t\n\r\x0b\x0c".to_owned()),
    ];
    let alphabet: Vec<char> = match chars.filter(|chars| !chars.is_empty()) {
        Some(chars) => chars.chars().collect(),
        None => groups.iter().filter(|(on, _)| *on).flat_map(|(_, set)| set.chars()).collect(),
    };
    let length = usize::try_from(length).ok().filter(|length| *length <= LENGTH_MAX);
    let (Some(length), false) = (length, alphabet.is_empty()) else {
        let what = format!("the length must be between 0 and {LENGTH_MAX}, of some characters");
        return Err(Error::usage("random.get_str", what));
    };
    // One byte a character: drawn anew where the alphabet does not divide 256.
    let fair = 256 - 256 % alphabet.len().min(256);
    let mut out = String::with_capacity(length);
    let mut made = 0;
    while made < length {
        for byte in random_bytes(cx.host, (length - made) * 2 + 16)? {
            if usize::from(byte) < fair && made < length {
                out.push(alphabet[usize::from(byte) % alphabet.len()]);
                made += 1;
            }
        }
    }
    Ok(out)
}

/// Gives a random number between two, both included.
///
/// CLI Example:
///
/// ```text
/// salt '*' random.rand_int 1 10
/// ```
#[function]
fn rand_int(
    cx: &Context<'_>,
    #[default(1)] start: i64,
    #[default(10)] end: i64,
    /// The same seed gives the same number.
    #[default(Value::Null)]
    seed: Value,
) -> Result<i64> {
    let Some(span) = end.checked_sub(start).and_then(|span| u64::try_from(span).ok()) else {
        let what =
            format!("empty range for randrange() ({start}, {}, {})", end + 1, end + 1 - start);
        return Err(Error::execution(what));
    };
    let bound = span.saturating_add(1);
    let number = if seed.is_null() { below(cx, bound)? } else { seeded(&seed, 0, bound) };
    Ok(start.saturating_add(i64::try_from(number).unwrap_or(0)))
}

/// Gives a number below a bound that is always the same for this minion.
///
/// CLI Example:
///
/// ```text
/// salt '*' random.seed 10 hash=None
/// ```
#[function]
fn seed(
    cx: &Context<'_>,
    #[default(10)] range: i64,
    /// What the number follows from; the minion's id by default.
    #[default(Value::Null)]
    hash: Value,
) -> i64 {
    let from = if hash.is_null() { cx.opts.str("id").into() } else { hash };
    let bound = u64::try_from(range).unwrap_or(1);
    i64::try_from(seeded(&from, 0, bound)).unwrap_or(0)
}

/// The items in a random order, or in one that follows from a seed.
fn shuffled(cx: &Context<'_>, value: &Value, seed: &Value) -> Result<Vec<Value>> {
    let mut items: Vec<Value> = match value {
        Value::List(items) => items.to_vec(),
        other => other.to_string().chars().map(|c| c.to_string().into()).collect(),
    };
    for last in (1..items.len()).rev() {
        let bound = last as u64 + 1;
        let at = if seed.is_null() { below(cx, bound)? } else { seeded(seed, last as u64, bound) };
        items.swap(last, usize::try_from(at).unwrap_or(0));
    }
    Ok(items)
}

/// Picks some items of a list at random.
///
/// CLI Example:
///
/// ```text
/// salt '*' random.sample '["one", "two"]' 1 seed="something"
/// ```
#[function]
fn sample(
    cx: &Context<'_>,
    value: Value,
    size: i64,
    #[default(Value::Null)] seed: Value,
) -> Result<Vec<Value>> {
    let mut items = shuffled(cx, &value, &seed)?;
    match usize::try_from(size) {
        Ok(size) if size <= items.len() => {
            items.truncate(size);
            Ok(items)
        }
        _ => Err(Error::execution("Sample larger than population or is negative")),
    }
}

/// Gives the items of a list in a random order.
///
/// CLI Example:
///
/// ```text
/// salt '*' random.shuffle '["one", "two"]' seed="something"
/// ```
#[function]
fn shuffle(
    cx: &Context<'_>,
    value: Value,
    #[default(Value::Null)] seed: Value,
) -> Result<Vec<Value>> {
    shuffled(cx, &value, &seed)
}
