//! `yaml`: text to data.

use std::sync::Arc;

use halite_core::{Map, Value};

use super::Job;
use crate::pipe::{Data, Rendered};
use crate::yaml::{self, YamlError};
use crate::{RenderError, RenderErrorKind};

/// Reads the text; what is false (nothing, `no`, 0) becomes an empty map.
/// Salt: `salt/renderers/yaml.py` behaviour.
pub(super) fn render(input: Rendered, _job: &Job<'_>) -> Result<Rendered, RenderError> {
    let text = super::text(input, "yaml")?;
    let marked = yaml::load_marked(&text).map_err(|fault| error(&fault, &text))?;
    if !marked.value.truthy() {
        return Ok(super::value(Value::from(Map::new())));
    }
    Ok(Rendered {
        marks: Some(marked.marks),
        text: Some(Arc::from(text)),
        ..Rendered::new(Data::Value(marked.value))
    })
}

/// A YAML fault as a renderer's. Salt shows no source lines for these; they go into `excerpt` only
/// for other readers, so `line` stays with the text and the excerpt empty.
pub(crate) fn error(fault: &YamlError, text: &str) -> RenderError {
    let kind = match fault.is_render_error() {
        true => RenderErrorKind::Render,
        false => RenderErrorKind::Exception,
    };
    RenderError {
        kind,
        message: fault.to_salt_text(),
        line: fault.mark.map(|mark| mark.line),
        column: fault.mark.map(|mark| mark.column),
        hint: fault.hint.clone(),
        others: further_duplicates(fault, text),
        ..RenderError::default()
    }
}

/// Of doubled keys YAML tells one; these are the others.
fn further_duplicates(fault: &YamlError, text: &str) -> Vec<RenderError> {
    if !fault.problem.starts_with(yaml::DUPLICATE) {
        return Vec::new();
    }
    let others = yaml::duplicates(text).into_iter().filter(|(mark, ..)| Some(*mark) != fault.mark);
    let error = |(mark, first, key): (yaml::Mark, yaml::Mark, String)| RenderError {
        line: Some(mark.line),
        column: Some(mark.column),
        hint: Some(yaml::doubled_hint(first.line)),
        ..RenderError::new(format!("{}{key}'", yaml::DUPLICATE))
    };
    others.map(error).collect()
}
