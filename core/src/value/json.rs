//! JSON as Python's `json` module writes and reads it.

use std::borrow::Cow;
use std::fmt::Write;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use super::{Map, Value, float_repr};

/// How to lay JSON out. The default is `json.dumps(x)`: one line, `, ` and `: `, ASCII only.
#[derive(Clone, Copy, Debug, Default)]
pub struct JsonStyle {
    /// Spaces per level; `None` is one line.
    pub indent: Option<usize>,
    /// Sort keys by their text.
    pub sort_keys: bool,
    /// Keep non-ASCII characters instead of `\uXXXX`.
    pub keep_unicode: bool,
    /// No space after `,` and `:`.
    pub compact: bool,
}

/// Writes `value` as `json.dumps` would; keys become text, bytes their `repr`.
pub fn to_json(value: &Value, style: JsonStyle) -> String {
    let mut out = String::new();
    write_value(value, style, 0, &mut out);
    out
}

fn write_value(value: &Value, style: JsonStyle, level: usize, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Value::Int(int) => drop(write!(out, "{int}")),
        Value::Big(big) => drop(write!(out, "{big}")),
        Value::Float(float) if float.is_nan() => out.push_str("NaN"),
        Value::Float(float) if float.is_infinite() => {
            out.push_str(if *float > 0.0 { "Infinity" } else { "-Infinity" });
        }
        Value::Float(float) => out.push_str(&float_repr(*float)),
        Value::Str(text) => write_str(text, style, out),
        // Python's `json` cannot write bytes; Salt writes what `repr` says in their place.
        Value::Bytes(bytes) => write_str(&super::repr_bytes(bytes), style, out),
        Value::List(items) => {
            let items = items.iter().map(|item| (None, item));
            write_container('[', ']', items, style, level, out);
        }
        Value::Map(map) => {
            let pairs = map.iter().map(|(k, v)| (Some(key_text(k)), v));
            if style.sort_keys {
                let mut pairs: Vec<_> = pairs.collect();
                pairs.sort_by(|a, b| a.0.cmp(&b.0));
                write_container('{', '}', pairs.into_iter(), style, level, out);
            } else {
                write_container('{', '}', pairs, style, level, out);
            }
        }
    }
}

fn write_container<'a>(
    open: char,
    close: char,
    items: impl Iterator<Item = (Option<Cow<'a, str>>, &'a Value)>,
    style: JsonStyle,
    level: usize,
    out: &mut String,
) {
    out.push(open);
    let mut any = false;
    for (key, item) in items {
        if any {
            out.push(',');
        }
        match style.indent {
            Some(width) => newline(width * (level + 1), out),
            None if any && !style.compact => out.push(' '),
            None => {}
        }
        any = true;
        if let Some(key) = key {
            write_str(&key, style, out);
            out.push_str(if style.compact { ":" } else { ": " });
        }
        write_value(item, style, level + 1, out);
    }
    if let (Some(width), true) = (style.indent, any) {
        newline(width * level, out);
    }
    out.push(close);
}

fn newline(spaces: usize, out: &mut String) {
    out.push('\n');
    out.extend(std::iter::repeat_n(' ', spaces));
}

fn key_text(key: &Value) -> Cow<'_, str> {
    match key {
        Value::Str(text) => Cow::Borrowed(text),
        Value::Null => "null".into(),
        Value::Bool(flag) => flag.to_string().into(),
        Value::Bytes(bytes) => String::from_utf8_lossy(bytes),
        other => other.to_string().into(),
    }
}

/// Writes `text` as a JSON string, as `json.dumps` would.
pub fn write_json_str(text: &str, out: &mut String) {
    write_str(text, JsonStyle::default(), out);
}

fn write_str(text: &str, style: JsonStyle, out: &mut String) {
    out.push('"');
    // Most text has nothing to escape: it goes over in one piece up to the first such character. Pieces
    // of this size are looked at as a whole, which the compiler does with vectors.
    const PIECE: usize = 32;
    let plain = |byte: &u8| matches!(byte, b' ' | b'!' | b'#'..=b'[' | b']'..=b'~');
    let whole = |piece: &&[u8]| piece.iter().fold(true, |all, byte| all & plain(byte));
    let known = text.as_bytes().chunks_exact(PIECE).take_while(whole).count() * PIECE;
    let rest = text.as_bytes()[known..].iter().position(|byte| !plain(byte));
    let begin = rest.map_or(text.len(), |at| known + at);
    out.push_str(&text[..begin]);
    for c in text[begin..].chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            c if (c as u32) < 0x20 || (c == '\u{7f}' && !style.keep_unicode) => {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c if c.is_ascii() || style.keep_unicode => out.push(c),
            c => {
                let mut units = [0; 2];
                for unit in c.encode_utf16(&mut units) {
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
    }
    out.push('"');
}

/// Reads one JSON document. Numbers keep their full size; the last of equal keys wins. As in Python,
/// `NaN`, `Infinity` and `-Infinity` are numbers.
pub fn parse_json(text: &str) -> Result<Value, serde_json::Error> {
    match serde_json::from_str(text) {
        Err(error) if error.is_syntax() && !text.contains(MARK) => {
            let Some(marked) = mark_numbers(text) else { return Err(error) };
            serde_json::from_str(&marked).map(numbers).map_err(|_| error)
        }
        parsed => parsed,
    }
}

/// Begins the text that stands for a number which JSON has no word for.
const MARK: char = '\u{f8ff}';

/// The words that Python's `json` takes for numbers, as marked texts; `None` where there are none.
fn mark_numbers(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len() + 16);
    let (mut quoted, mut found, mut rest) = (false, false, text);
    while let Some(c) = rest.chars().next() {
        let word = ["NaN", "Infinity", "-Infinity"].iter().find(|word| rest.starts_with(**word));
        let taken = match (quoted, c, word) {
            (true, '\\', _) => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
            (false, _, Some(word)) => {
                out.push_str(&format!("\"{MARK}{word}\""));
                found = true;
                rest = &rest[word.len()..];
                continue;
            }
            _ => c.len_utf8(),
        };
        quoted ^= c == '"';
        out.push_str(&rest[..taken]);
        rest = &rest[taken..];
    }
    found.then_some(out)
}

fn numbers(value: Value) -> Value {
    match value {
        Value::Str(text) => match text.strip_prefix(MARK) {
            Some("NaN") => Value::Float(f64::NAN),
            Some("Infinity") => Value::Float(f64::INFINITY),
            Some(_) => Value::Float(f64::NEG_INFINITY),
            None => Value::Str(text),
        },
        Value::List(items) => items.iter().cloned().map(numbers).collect::<Vec<_>>().into(),
        Value::Map(map) => {
            let pairs = map.iter().map(|(key, item)| (key.clone(), numbers(item.clone())));
            pairs.collect::<Map>().into()
        }
        other => other,
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(AnyVisitor)
    }
}

struct AnyVisitor;

impl<'de> Visitor<'de> for AnyVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Bool(flag))
    }

    fn visit_i64<E>(self, int: i64) -> Result<Value, E> {
        Ok(Value::Int(int))
    }

    fn visit_u64<E>(self, int: u64) -> Result<Value, E> {
        Ok(Value::from(int))
    }

    fn visit_f64<E>(self, float: f64) -> Result<Value, E> {
        Ok(Value::Float(float))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::str(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Value::List(Arc::new(items)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some((key, item)) = access.next_entry::<String, Value>()? {
            if key == NUMBER_TOKEN {
                return Ok(number(item.as_str().unwrap_or_default()));
            }
            map.insert(key.into(), item);
        }
        Ok(Value::from(map))
    }
}

/// How serde_json hands over numbers in its arbitrary-precision mode.
const NUMBER_TOKEN: &str = "$serde_json::private::Number";

fn number(text: &str) -> Value {
    match text.parse::<num_bigint::BigInt>() {
        Ok(big) => Value::from_bigint(big),
        Err(_) => Value::Float(text.parse().unwrap_or(f64::NAN)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_numbers_where_they_are_no_texts() {
        let body = r#"{"a": NaN, "b": [Infinity, -Infinity], "c": "say \"NaN\" Infinity", "é": 1}"#;
        let want = "{'a': nan, 'b': [inf, -inf], 'c': 'say \"NaN\" Infinity', 'é': 1}";
        assert_eq!(parse_json(body).expect("reads").repr(), want);
        assert!(parse_json("[NaN").is_err() && parse_json("Nan").is_err());
    }

    use crate::map;

    #[test]
    fn dumps_and_reads_back() {
        let value = Value::from(map! {"é" => vec![Value::Int(1), Value::Null], 2 => 1.5});
        assert_eq!(to_json(&value, JsonStyle::default()), r#"{"\u00e9": [1, null], "2": 1.5}"#);
        let style = JsonStyle { indent: Some(4), keep_unicode: true, ..JsonStyle::default() };
        assert_eq!(
            to_json(&value, style),
            "{\n    \"é\": [\n        1,\n        null\n    ],\n    \"2\": 1.5\n}"
        );
        let back = parse_json(r#"{"a": 123456789012345678901234567890, "b": -1, "c": 2.0}"#);
        let back = back.expect("valid JSON");
        assert_eq!(
            back.get("a").map(Value::repr).as_deref(),
            Some("123456789012345678901234567890")
        );
        assert_eq!(back.get("b"), Some(&Value::Int(-1)));
        assert_eq!(back.get("c").map(Value::repr).as_deref(), Some("2.0"));
    }
}
