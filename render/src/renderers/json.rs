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
    parse_json(body).map(super::value).map_err(|fault| error(&fault, body))
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
