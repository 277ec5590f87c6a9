//! From a fault to Salt's message. Salt: salt/utils/templates.py render_jinja_tmpl behaviour.

use std::path::PathBuf;
use std::sync::Arc;

use super::fault::{Class, Fault, Place};
use super::request::TemplateLoader;
use crate::RenderError;
use crate::error::excerpt;

/// Puts a fault into Salt's words. `source` is the rendered template without its header.
pub(super) fn render_error(
    fault: Fault,
    path: &Arc<str>,
    source: &str,
    loader: &dyn TemplateLoader,
) -> RenderError {
    let own_line = fault.at.map_or(1, |at| at.line);
    let place =
        fault.place.clone().unwrap_or(Place { file: path.clone(), line: own_line, column: None });
    let elsewhere = place.file != *path;
    let prefix = match fault.class {
        Class::Undefined => "Jinja variable ",
        Class::Syntax | Class::Runtime | Class::Security => "Jinja syntax error: ",
        Class::SaltCall => "Problem running salt function in Jinja template: ",
        _ => "Jinja error: ",
    };
    let mut message = format!("{prefix}{}", fault.text);
    if elsewhere {
        let text = loaded_text(&place, loader);
        message.push_str(&format!("\n{}({}):\n", place.file, place.line));
        if let Some(text) = text {
            message.push_str(&excerpt(&text, place.line));
        }
    }
    let python = matches!(prefix, "Jinja error: ");
    if python {
        message.push_str(&traceback(&fault, &place));
    }
    let mut error = RenderError::new(message);
    if !elsewhere {
        error = error.at(source, place.line);
    }
    error.line = Some(place.line);
    error.column = place.column;
    error.file = Some(PathBuf::from(&*place.file));
    error.hint = fault.hint;
    error.trace =
        fault.trace.iter().rev().map(|place| (PathBuf::from(&*place.file), place.line)).collect();
    error
}

/// The text of an imported file, for its excerpt: asked for again, since faults are rare.
fn loaded_text(place: &Place, loader: &dyn TemplateLoader) -> Option<String> {
    let mut wanted: &str = &place.file;
    loop {
        if let Ok(Some(loaded)) = loader.load(wanted)
            && loaded.path == place.file
        {
            return Some(loaded.source.to_string());
        }
        wanted = wanted.split_once('/')?.1;
    }
}

/// What stands where Salt puts Python's traceback.
fn traceback(fault: &Fault, place: &Place) -> String {
    let mut out = String::from("\nTraceback (most recent call last):\n");
    for place in fault.trace.iter().rev().chain([place]) {
        out.push_str(&format!("  File \"{}\", line {}, in template\n", place.file, place.line));
    }
    out.push_str(&format!("{}: {}\n", fault.class.name(), fault.text));
    out
}
