//! Salt's Jinja: an interpreter with Python's semantics.
//!
//! Templates are parsed once and kept in a bounded cache; running one touches no global state.
//! Everything a template can use up is limited (see [`request::Limits`]).

mod adapter;
mod ast;
mod cache;
mod eval;
mod fault;
mod filters;
mod finalize;
mod globals;
mod header;
mod lexer;
mod methods;
mod parser;
mod report;
pub mod request;
mod tests;
mod value;

use std::sync::Arc;

use crate::RenderError;
use ast::Template;
use cache::TemplateCache;
use eval::Rt;
use fault::R;
pub use lexer::Syntax;
use request::Request;

/// Renders Jinja templates; keeps those that it parsed.
#[derive(Debug, Default)]
pub struct JinjaEngine {
    cache: TemplateCache,
}

impl JinjaEngine {
    /// An engine with an empty cache.
    pub fn new() -> JinjaEngine {
        JinjaEngine::default()
    }

    /// Renders `request.source`.
    ///
    /// # Errors
    /// What the template does wrong, in Salt's words, with its place.
    pub fn render_request(&self, request: &Request<'_>) -> Result<String, RenderError> {
        let mut syntax = Syntax::default();
        for (name, value) in &request.options.env {
            if !name.as_str().is_some_and(|name| syntax.set(name, value)) {
                tracing::warn!("Jinja2 environment {name} is not recognized");
            }
        }
        let (source, _) = header::take(request.source, &mut syntax);
        let source: Arc<str> = source.into();
        let path: Arc<str> = request.name.into();
        let result = self
            .parsed(&source, &path, &syntax)
            .and_then(|template| Rt::new(self, request, syntax).run(template));
        match result {
            Ok(mut text) => {
                // Jinja takes the last line end away, Salt puts it back.
                if source.ends_with('\n') {
                    text.push('\n');
                }
                Ok(text)
            }
            Err(fault) => Err(report::render_error(*fault, &path, &source, self, request)),
        }
    }

    /// The parsed form of a template, out of the cache if it is there.
    fn parsed(&self, source: &Arc<str>, path: &Arc<str>, syntax: &Syntax) -> R<Arc<Template>> {
        if let Some(template) = self.cache.get(path, source, syntax) {
            return Ok(template);
        }
        let template = Arc::new(parser::parse(source, path, syntax)?);
        self.cache.put(path, source, syntax, &template);
        Ok(template)
    }
}
