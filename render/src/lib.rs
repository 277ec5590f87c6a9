//! From a salt:// path to data: file roots, Jinja, YAML, the renderer pipe.

pub mod engine;
pub mod error;
pub mod files;
pub mod jinja;
pub mod pipe;
mod renderers;
pub mod serializers;
pub mod sls_context;
pub mod source_map;
pub mod yaml;

pub use engine::{RenderedText, TemplateEngine, TemplateRequest};
pub use error::{RenderError, RenderErrorKind};
pub use jinja::JinjaEngine;
pub use pipe::{Data, Pipe, Rendered};
pub use renderers::decrypt_gpg;
pub use source_map::{Lines, Origin, SourceMap};
