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
pub mod inspect;
mod lexer;
mod methods;
mod parser;
mod report;
pub mod request;
mod tests;
mod value;

use std::sync::Arc;

use crate::source_map::Span;
use crate::{RenderError, RenderedText, SourceMap};
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
    gathers: bool,
}

impl JinjaEngine {
    /// An engine with an empty cache.
    pub fn new() -> JinjaEngine {
        JinjaEngine::default()
    }

    /// An engine for checkers: it passes over faults, gathers them, and calls no function that may
    /// change something; what is not known then prints as [`crate::engine::UNKNOWN`].
    pub fn gathering() -> JinjaEngine {
        JinjaEngine { gathers: true, ..JinjaEngine::default() }
    }

    /// Renders `request.source`.
    ///
    /// # Errors
    /// What the template does wrong, in Salt's words, with its place.
    pub fn render_request(&self, request: &Request<'_>) -> Result<String, RenderError> {
        self.render_text(request, false).map(|rendered| rendered.text)
    }

    /// Renders `request.source`, with the origins of the text if it is to be `mapped`.
    ///
    /// # Errors
    /// As [`JinjaEngine::render_request`].
    pub fn render_text(
        &self,
        request: &Request<'_>,
        mapped: bool,
    ) -> Result<RenderedText, RenderError> {
        let mut syntax = Syntax::default();
        for (name, value) in &request.options.env {
            if !name.as_str().is_some_and(|name| syntax.set(name, value)) {
                tracing::warn!("Jinja2 environment {name} is not recognized");
            }
        }
        let (source, header) = header::take(request.source, &mut syntax);
        let source: Arc<str> = source.into();
        let path: Arc<str> = request.name.into();
        let error = |fault| report::render_error(fault, &path, &source, request.loader);
        let result = self.parsed(&source, &path, &syntax).and_then(|template| {
            let rt = Rt::new(self, request, syntax);
            if mapped {
                rt.map_text();
            }
            if self.gathers {
                rt.gather();
            }
            let out = rt.run(template)?;
            Ok((out, rt.gathered()))
        });
        let (mut out, faults) = result.map_err(|fault| error(*fault))?;
        // Jinja takes the last line end away, Salt puts it back.
        if source.ends_with('\n') {
            out.text.push('\n');
        }
        if self.gathers {
            out.text = without_bare_holes(&out.text);
        }
        if let Some(line) = header {
            // The source on disk has the header's line as well.
            let below = |span: &&mut Span| span.file == path && span.line >= line;
            out.spans.iter_mut().filter(below).for_each(|span| span.line += 1);
        }
        Ok(RenderedText {
            text: out.text,
            map: mapped.then(|| SourceMap::new(out.spans)),
            faults: faults.into_iter().map(error).collect(),
        })
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

/// A line that holds nothing but the sign for what is not known becomes blank, byte for byte: what
/// the call of an unknown macro would have written there is not one text.
fn without_bare_holes(text: &str) -> String {
    let hole = crate::engine::UNKNOWN;
    let bare =
        |line: &str| line.contains(hole) && line.chars().all(|c| c == hole || c.is_whitespace());
    let blank = |line: &str| match bare(line) {
        true => line.replace(hole, &" ".repeat(hole.len_utf8())),
        false => line.to_owned(),
    };
    text.split_inclusive('\n').map(blank).collect()
}
