//! `json`: text to data.

use halite_core::value::parse_json;
use halite_core::{Map, Value};

use super::Job;
use crate::RenderError;
use crate::pipe::Rendered;

/// Reads the text. Salt: `salt/renderers/json.py` behaviour.
pub(super) fn render(input: Rendered, _job: &Job<'_>) -> Result<Rendered, RenderError> {
    let text = super::text(input, "json")?;
    let body = super::without_shebang(&text);
    if body.trim().is_empty() {
        return Ok(super::value(Value::from(Map::new())));
    }
    let fault = match parse_json(body) {
        Ok(value) => return Ok(super::value(value)),
        Err(fault) => fault,
    };
    let odd = with_words(body).and_then(|text| parse_json(&text).ok()).map(numbers);
    odd.map(super::value).ok_or_else(|| error(&fault, body))
}

/// Numbers that Python's `json` knows by words; the sign comes first, so that it is not left over.
const WORDS: [(&str, f64); 3] =
    [("-Infinity", f64::NEG_INFINITY), ("Infinity", f64::INFINITY), ("NaN", f64::NAN)];
/// Begins the text that stands for such a word meanwhile; no JSON file is likely to hold it.
const STAND_IN: &str = "\u{1}halite number ";

/// The text with such words outside of texts as texts of their own; `None` without any.
fn with_words(body: &str) -> Option<String> {
    let (mut out, mut rest, mut found) = (String::with_capacity(body.len()), body, false);
    let mut quoted = false;
    while let Some(first) = rest.chars().next() {
        let word = WORDS.iter().find(|(word, _)| !quoted && rest.starts_with(word));
        let taken = match (word, first) {
            (Some((word, _)), _) => {
                found = true;
                out.push_str(&format!("\"\\u0001{}{word}\"", &STAND_IN[1..]));
                rest = &rest[word.len()..];
                continue;
            }
            (None, '\\') if quoted => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
            (None, '"') => {
                quoted = !quoted;
                1
            }
            (None, other) => other.len_utf8(),
        };
        out.push_str(&rest[..taken]);
        rest = &rest[taken..];
    }
    found.then_some(out)
}

/// The data with the numbers that the words stand for.
fn numbers(value: Value) -> Value {
    match &value {
        Value::Str(text) => {
            let word = text.strip_prefix(STAND_IN);
            let number = WORDS.iter().find(|(known, _)| Some(*known) == word);
            number.map_or(value.clone(), |(_, number)| Value::Float(*number))
        }
        Value::List(items) => Value::list(items.iter().cloned().map(numbers)),
        Value::Map(map) => {
            Value::map(map.iter().map(|(key, item)| (key.clone(), numbers(item.clone()))))
        }
        _ => value,
    }
}

/// The fault in the words of Python's `json`.
pub(crate) fn error(fault: &serde_json::Error, body: &str) -> RenderError {
    let said = fault.to_string();
    let has = |what: &str| said.starts_with(what);
    let problem = if has("trailing characters") {
        "Extra data"
    } else if has("key must be a string") {
        "Expecting property name enclosed in double quotes"
    } else if has("expected `:`") {
        "Expecting ':' delimiter"
    } else if has("expected `,`") {
        "Expecting ',' delimiter"
    } else if has("EOF while parsing a string") {
        "Unterminated string"
    } else if has("control character") {
        "Invalid control character at"
    } else if has("invalid escape") {
        "Invalid \\escape"
    } else {
        "Expecting value"
    };
    let (line, column) = (fault.line(), fault.column().max(1));
    let before: usize = body.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let offset = before + column - 1;
    let message = format!("{problem}: line {line} column {column} (char {offset})");
    RenderError {
        line: u32::try_from(line).ok(),
        column: u32::try_from(column).ok(),
        ..RenderError::exception(message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_numbers_where_they_are_no_texts() {
        let body = r#"{"a": NaN, "b": [Infinity, -Infinity], "c": "say \"NaN\" Infinity", "é": 1}"#;
        let data = with_words(body).and_then(|text| parse_json(&text).ok()).map(numbers);
        let want = "{'a': nan, 'b': [inf, -inf], 'c': 'say \"NaN\" Infinity', 'é': 1}";
        assert_eq!(data.expect("reads").repr(), want);
        assert_eq!(with_words(r#"{"a": "NaN"}"#), None);
    }
}
