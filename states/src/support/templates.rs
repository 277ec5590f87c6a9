//! The template language of sls files and managed files.

use halite_core::Error;
use halite_render::{RenderError, TemplateEngine, TemplateRequest};

/// Text without template marks, as it is.
pub struct Plain;

impl TemplateEngine for Plain {
    fn render(&self, source: &str, _: &TemplateRequest<'_>) -> Result<String, RenderError> {
        match ["{{", "{%", "{#"].iter().find(|mark| source.contains(**mark)) {
            Some(mark) => Err(Error::execution(format!("`{mark}` needs a template engine")).into()),
            None => Ok(source.to_owned()),
        }
    }
}

/// The engine.
pub fn engine() -> Plain {
    Plain
}
