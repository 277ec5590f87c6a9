//! Parsed templates by path and content.

use std::sync::{Arc, Mutex, PoisonError};

use indexmap::IndexMap;

use super::ast::Template;
use super::lexer::Syntax;

/// How many templates are kept.
const MOST_TEMPLATES: usize = 2048;

/// How many bytes of source they may have together.
const MOST_BYTES: usize = 32 << 20;

type Key = (Arc<str>, Syntax);

#[derive(Debug, Default)]
struct Inner {
    templates: IndexMap<Key, Arc<Template>>,
    bytes: usize,
}

/// A bounded cache; when it is full the oldest quarter goes.
#[derive(Debug, Default)]
pub(super) struct TemplateCache {
    inner: Mutex<Inner>,
}

impl TemplateCache {
    pub(super) fn get(
        &self,
        path: &Arc<str>,
        source: &Arc<str>,
        syntax: &Syntax,
    ) -> Option<Arc<Template>> {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let template = inner.templates.get(&(path.clone(), syntax.clone()))?;
        (template.source == *source).then(|| template.clone())
    }

    pub(super) fn put(
        &self,
        path: &Arc<str>,
        source: &Arc<str>,
        syntax: &Syntax,
        template: &Arc<Template>,
    ) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if source.len() > MOST_BYTES / 4 {
            return;
        }
        while inner.templates.len() >= MOST_TEMPLATES || inner.bytes + source.len() > MOST_BYTES {
            let oldest = (inner.templates.len() / 4).max(1);
            let gone: usize =
                inner.templates.drain(..oldest).map(|(_, old)| old.source.len()).sum();
            inner.bytes -= gone;
        }
        let before = inner.templates.insert((path.clone(), syntax.clone()), template.clone());
        inner.bytes += source.len();
        inner.bytes -= before.map_or(0, |before| before.source.len());
    }
}
