//! From a salt:// path to data: file roots, Jinja, YAML, the renderer pipe.

pub mod engine;
pub mod error;
pub mod files;
pub mod yaml;

pub use engine::{TemplateEngine, TemplateRequest};
pub use error::{RenderError, RenderErrorKind};
