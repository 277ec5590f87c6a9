//! `yamlex`: text to data whose equal keys are joined.

use halite_core::{Map, Value};

use super::Job;
use crate::RenderError;
use crate::pipe::{Data, Rendered};
use crate::yaml::{self, YamlErrorKind};

/// Reads the text. Salt: `salt/renderers/yamlex.py` behaviour.
pub(super) fn render(input: Rendered, _job: &Job<'_>) -> Result<Rendered, RenderError> {
    let text = super::text(input, "yamlex")?;
    let value = yaml::load_aggregated(&text).map_err(|fault| {
        let message = match fault.kind {
            YamlErrorKind::Scanner => "Unknown yaml render error".to_owned(),
            _ => fault.to_string(),
        };
        let mut error = RenderError::exception(message);
        error.line = fault.mark.map(|mark| mark.line);
        error.column = fault.mark.map(|mark| mark.column);
        error.hint = fault.hint;
        error
    })?;
    let value = if value.is_null() { Value::from(Map::new()) } else { value };
    Ok(Rendered { aggregated: true, ..Rendered::new(Data::Value(value)) })
}
