//! `toml`: text to data.

use halite_core::{Map, Value};

use super::Job;
use crate::RenderError;
use crate::pipe::Rendered;

/// Reads the text; dates become text. Salt: `salt/renderers/tomlmod.py` behaviour.
pub(super) fn render(input: Rendered, _job: &Job<'_>) -> Result<Rendered, RenderError> {
    let text = super::text(input, "toml")?;
    parse(&text).map(super::value)
}

/// Reads a document.
pub(crate) fn parse(text: &str) -> Result<Value, RenderError> {
    let table: toml::Table = toml::from_str(text).map_err(|fault| {
        let at = fault.span().map_or(0, |span| span.start).min(text.len());
        let before = &text.as_bytes()[..at];
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let mut error = RenderError::exception(fault.message().to_owned());
        error.line = u32::try_from(line).ok();
        error
    })?;
    Ok(from_table(table))
}

fn from_table(table: toml::Table) -> Value {
    let pairs = table.into_iter().map(|(key, value)| (Value::from(key), from_toml(value)));
    Value::from(pairs.collect::<Map>())
}

fn from_toml(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => number.into(),
        toml::Value::Boolean(flag) => flag.into(),
        toml::Value::Datetime(moment) => moment.to_string().into(),
        toml::Value::Array(items) => Value::list(items.into_iter().map(from_toml)),
        toml::Value::Table(table) => from_table(table),
    }
}
