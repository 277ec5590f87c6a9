//! The seam between the pipe and the template language.

use std::path::Path;

use halite_core::{Apply, FileClient, Map};

use crate::{RenderError, SourceMap};

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

/// What a template rendered to.
#[derive(Clone, Debug, Default)]
pub struct RenderedText {
    /// The text.
    pub text: String,
    /// Where its parts come from, if the engine can tell.
    pub map: Option<SourceMap>,
    /// Faults that an engine which gathers them has passed over; what they would have printed is
    /// [`UNKNOWN`].
    pub faults: Vec<RenderError>,
}

/// What stands in a text where a faulty expression would have printed something.
pub const UNKNOWN: char = '\u{e000}';

/// A template language.
pub trait TemplateEngine: Send + Sync {
    /// Renders `source`.
    ///
    /// # Errors
    /// What the template does wrong, in Salt's words.
    fn render(&self, source: &str, request: &TemplateRequest<'_>) -> Result<String, RenderError>;

    /// Renders `source` and tells where the parts of the text come from.
    ///
    /// # Errors
    /// As [`TemplateEngine::render`].
    fn render_mapped(
        &self,
        source: &str,
        request: &TemplateRequest<'_>,
    ) -> Result<RenderedText, RenderError> {
        self.render(source, request).map(|text| RenderedText { text, ..RenderedText::default() })
    }
}
