//! Where the parts of a rendered text come from: from a place in the text that YAML reads back to
//! the line of the template, macro or included file that wrote it.

use std::sync::Arc;

/// The line through which a part of a text came in: a macro call, an `include`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Via {
    file: Arc<str>,
    line: u32,
    outer: Option<Arc<Via>>,
}

impl Via {
    pub(crate) fn new(file: &Arc<str>, line: u32) -> Arc<Via> {
        Arc::new(Via { file: file.clone(), line, outer: None })
    }

    /// The chain `inner` with `self` as its new outermost link.
    fn around(self: &Arc<Via>, inner: Option<&Arc<Via>>) -> Arc<Via> {
        match inner {
            None => self.clone(),
            Some(inner) => Arc::new(Via {
                file: inner.file.clone(),
                line: inner.line,
                outer: Some(self.around(inner.outer.as_ref())),
            }),
        }
    }
}

/// A stretch of text from one place; it ends where the next begins.
#[derive(Clone, Debug)]
pub(crate) struct Span {
    /// Where it begins in the text, in bytes.
    pub(crate) at: usize,
    pub(crate) file: Arc<str>,
    /// Line and column in the source, from 1.
    pub(crate) line: u32,
    pub(crate) column: u32,
    /// Whether it stands in the source as it is; else an expression made it.
    pub(crate) literal: bool,
    pub(crate) via: Option<Arc<Via>>,
}

/// Appends `inner`, the spans of a text that begins at `at`, as come in through `via`.
pub(crate) fn splice(spans: &mut Vec<Span>, at: usize, inner: &[Span], via: &Arc<Via>) {
    let mut last: Option<(Option<Arc<Via>>, Arc<Via>)> = None;
    for span in inner {
        let known = last.as_ref().filter(|(before, _)| match (before, &span.via) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            (a, b) => a.is_none() && b.is_none(),
        });
        let chain = match known {
            Some((_, chain)) => chain.clone(),
            None => via.around(span.via.as_ref()),
        };
        last = Some((span.via.clone(), chain.clone()));
        spans.push(Span { at: at + span.at, via: Some(chain), ..span.clone() });
    }
}

/// A place in a source file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The file, as errors call it.
    pub file: Arc<str>,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1, in characters.
    pub column: u32,
    /// Whether the text stands in the source as it is; else an expression at this place made it.
    pub literal: bool,
    /// The lines through which it came in, outermost first.
    pub via: Vec<(Arc<str>, u32)>,
}

/// The origins of a rendered text.
#[derive(Clone, Debug, Default)]
pub struct SourceMap {
    spans: Vec<Span>,
}

impl SourceMap {
    pub(crate) fn new(spans: Vec<Span>) -> SourceMap {
        SourceMap { spans }
    }

    /// Where the character at line and column (from 1) of `text` comes from. `text` is the text
    /// that this map is of.
    pub fn origin(&self, text: &str, line: u32, column: u32) -> Option<Origin> {
        self.origin_in(text, &Lines::of(text), line, column)
    }

    /// The same for who asks often: with the lines of the text.
    pub fn origin_in(&self, text: &str, lines: &Lines, line: u32, column: u32) -> Option<Origin> {
        let offset = lines.offset(text, line, column);
        let next = self.spans.partition_point(|span| span.at <= offset);
        // A text may begin after the first byte if what stands before it was taken away.
        let span = self.spans.get(next.saturating_sub(1))?;
        let mut origin = Origin {
            file: span.file.clone(),
            line: span.line,
            column: span.column,
            literal: span.literal,
            via: chain(span.via.as_ref()),
        };
        if span.literal {
            let before = text.get(span.at..offset).unwrap_or_default();
            let newlines = lines.before(offset) - lines.before(span.at);
            let tail = before.rsplit('\n').next().unwrap_or_default().chars().count();
            let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX / 2);
            origin.line += count(newlines);
            origin.column = if newlines > 0 { count(tail) + 1 } else { span.column + count(tail) };
        }
        Some(origin)
    }
}

/// Where the lines of a text begin.
#[derive(Clone, Debug)]
pub struct Lines(Vec<usize>);

impl Lines {
    /// The lines of a text.
    pub fn of(text: &str) -> Lines {
        let after = text.match_indices('\n').map(|(at, _)| at + 1);
        Lines(std::iter::once(0).chain(after).collect())
    }

    /// How many newlines stand before a byte.
    fn before(&self, offset: usize) -> usize {
        self.0.partition_point(|start| *start <= offset).saturating_sub(1)
    }

    /// The byte at a line and column, both from 1; the end of the text if there is no such place.
    fn offset(&self, text: &str, line: u32, column: u32) -> usize {
        let Some(start) = self.0.get(line.max(1) as usize - 1).copied() else { return text.len() };
        offset_in_line(text, start, column)
    }
}

fn chain(via: Option<&Arc<Via>>) -> Vec<(Arc<str>, u32)> {
    let mut links = Vec::new();
    let mut link = via;
    while let Some(via) = link {
        links.push((via.file.clone(), via.line));
        link = via.outer.as_ref();
    }
    links.reverse();
    links
}

/// The byte at a column (from 1) of the line that begins at `start`.
fn offset_in_line(text: &str, start: usize, column: u32) -> usize {
    let rest = &text[start..];
    let column = column.max(1) as usize - 1;
    start + rest.char_indices().nth(column).map_or(rest.len(), |(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(at: usize, file: &str, line: u32, column: u32, literal: bool) -> Span {
        Span { at, file: file.into(), line, column, literal, via: None }
    }

    #[track_caller]
    fn check(map: &SourceMap, text: &str, at: (u32, u32), want: (&str, u32, u32)) {
        let origin = map.origin(text, at.0, at.1).expect("every text has an origin");
        assert_eq!((&*origin.file, origin.line, origin.column), want);
    }

    #[test]
    fn literal_text_counts_lines_and_made_text_does_not() {
        // `ä: {{ x }}\nb: 1`
        let map = SourceMap::new(vec![
            span(0, "f", 1, 1, true),
            span(4, "f", 1, 7, false),
            span(7, "f", 1, 11, true),
        ]);
        let text = "ä: one\nb: 1";
        check(&map, text, (1, 1), ("f", 1, 1));
        check(&map, text, (1, 5), ("f", 1, 7));
        check(&map, text, (2, 4), ("f", 2, 4));
        check(&map, text, (9, 9), ("f", 2, 5));
    }

    #[test]
    fn spliced_text_keeps_its_own_file_and_tells_the_way() {
        let mut inner = Vec::new();
        splice(&mut inner, 0, &[span(0, "deep", 7, 3, true)], &Via::new(&"lib".into(), 5));
        let mut outer = vec![span(0, "f", 1, 1, true)];
        splice(&mut outer, 4, &inner, &Via::new(&"f".into(), 2));
        let map = SourceMap::new(outer);
        let origin = map.origin("a:\n  b\nc", 3, 1).expect("has one");
        assert_eq!((&*origin.file, origin.line, origin.column), ("deep", 8, 1));
        assert_eq!(origin.via, [("f".into(), 2), ("lib".into(), 5)]);
    }
}
