//! The seam between the pipe and the template language.

use std::path::Path;

use halite_core::{Apply, FileClient, Map};

use crate::RenderError;

/// What a template is rendered with.
#[derive(Clone, Copy)]
pub struct TemplateRequest<'a> {
    /// What it may look at and call: `grains`, `pillar`, `opts`, `salt['..']`.
    pub apply: &'a Apply<'a>,
    /// Where `import`, `include` and `extends` look: the file roots, or the pillar's.
    pub files: &'a dyn FileClient,
    /// The environment that they look in.
    pub saltenv: &'a str,
    /// The sls name; empty for templates that are no sls.
    pub sls: &'a str,
    /// Where the template stands on this machine, if it is a file.
    pub path: Option<&'a Path>,
    /// Variables beside the standard ones; they win over those.
    pub context: &'a Map,
}

/// A template language.
pub trait TemplateEngine: Send + Sync {
    /// Renders `source`.
    ///
    /// # Errors
    /// What the template does wrong, in Salt's words.
    fn render(&self, source: &str, request: &TemplateRequest<'_>) -> Result<String, RenderError>;
}
