//! Events to nodes: anchors, aliases, implicit tags, one document per text.

use std::collections::HashMap;
use std::sync::Arc;

use libyaml_safer::{Encoding, ErrorKind, Event, EventData, Parser};

use super::error::{Mark, YamlError, YamlErrorKind};
use super::node::{Data, Document, Id, Node, Tag};
use super::{DEPTH_MAX, DOCUMENT_BYTES_MAX, hint, resolve};

/// How many short texts are remembered.
const RECENT: usize = 256;
/// How long a text may be to be remembered, in bytes.
const SHARED_BYTES_MAX: usize = 24;

/// Composes the one document of `text`; `None` if there is none.
pub(super) fn compose(text: &str) -> Result<Option<Document>, YamlError> {
    if text.len() > DOCUMENT_BYTES_MAX {
        let problem = format!(
            "the document has {} bytes, more than the {DOCUMENT_BYTES_MAX} that are read",
            text.len()
        );
        return Err(YamlError::new(YamlErrorKind::Limit, problem, Mark { line: 1, column: 1 }));
    }
    // A mark of the byte order takes no column.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut input = text.as_bytes();
    let mut parser = Parser::new();
    parser.set_input_string(&mut input);
    parser.set_encoding(Encoding::Utf8);
    Composer {
        parser,
        text,
        nodes: Vec::new(),
        anchors: HashMap::new(),
        recent: vec![None; RECENT],
    }
    .single()
}

struct Composer<'r, 'b> {
    parser: Parser<&'b mut &'r [u8]>,
    text: &'b str,
    nodes: Vec<Node>,
    anchors: HashMap<String, Id>,
    /// Short texts met before, by hash: keys repeat, and one copy serves all of them.
    recent: Vec<Option<Arc<str>>>,
}

/// The mark of libyaml, counted from 1.
fn mark(mark: libyaml_safer::Mark) -> Mark {
    let count = |number: u64| u32::try_from(number).unwrap_or(u32::MAX - 1) + 1;
    Mark { line: count(mark.line), column: count(mark.column) }
}

impl Composer<'_, '_> {
    fn next(&mut self) -> Result<Event, YamlError> {
        self.parser.parse().map_err(|fault| translate(&fault, self.text))
    }

    fn single(mut self) -> Result<Option<Document>, YamlError> {
        self.next()?;
        let start = self.next()?;
        if matches!(start.data, EventData::StreamEnd) {
            return Ok(None);
        }
        let event = self.next()?;
        let root = self.node(event, 0)?;
        self.next()?;
        let end = self.next()?;
        if !matches!(end.data, EventData::StreamEnd) {
            let fault = YamlError::new(
                YamlErrorKind::Composer,
                "but found another document",
                mark(end.start_mark),
            )
            .within("expected a single document in the stream", self.nodes[root].mark)
            .hinted("a file holds one document: remove the line `---` in the middle");
            return Err(fault);
        }
        Ok(Some(Document { nodes: self.nodes, root }))
    }

    fn node(&mut self, event: Event, depth: usize) -> Result<Id, YamlError> {
        let at = mark(event.start_mark);
        if depth > DEPTH_MAX {
            let problem = format!("containers nest deeper than {DEPTH_MAX} levels");
            return Err(YamlError::new(YamlErrorKind::Limit, problem, at));
        }
        match event.data {
            EventData::Alias { anchor } => self.anchors.get(&anchor).copied().ok_or_else(|| {
                YamlError::new(YamlErrorKind::Composer, "found undefined alias", at).hinted(
                    format!("no `&{anchor}` stands before this; quote text that starts with `*`"),
                )
            }),
            EventData::Scalar { anchor, tag, value, plain_implicit, .. } => {
                let tag = match tag {
                    Some(tag) if tag != "!" => Tag::parse(tag),
                    _ if plain_implicit => resolve::plain(&value),
                    _ => Tag::Str,
                };
                let text = self.share(value);
                self.add(anchor, tag, at, Data::Scalar(text))
            }
            EventData::SequenceStart { anchor, tag, .. } => {
                let id = self.add(anchor, container(tag, Tag::Seq), at, Data::Seq(Vec::new()))?;
                let items = self.items(depth)?;
                self.nodes[id].data = Data::Seq(items);
                Ok(id)
            }
            EventData::MappingStart { anchor, tag, .. } => {
                let id = self.add(anchor, container(tag, Tag::Map), at, Data::Map(Vec::new()))?;
                let pairs = self.pairs(depth)?;
                self.nodes[id].data = Data::Map(pairs);
                Ok(id)
            }
            _ => Err(YamlError::new(YamlErrorKind::Parser, "did not find a node", at)),
        }
    }

    /// The text, shared with an equal one if that was met lately.
    fn share(&mut self, text: String) -> Arc<str> {
        if text.len() > SHARED_BYTES_MAX {
            return Arc::from(text);
        }
        let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
        });
        let slot = &mut self.recent[(hash >> 32) as usize % RECENT];
        match slot {
            Some(known) if **known == *text => known.clone(),
            _ => slot.insert(Arc::from(text)).clone(),
        }
    }

    fn items(&mut self, depth: usize) -> Result<Vec<Id>, YamlError> {
        let mut items = Vec::new();
        loop {
            let event = self.next()?;
            if matches!(event.data, EventData::SequenceEnd) {
                return Ok(items);
            }
            items.push(self.node(event, depth + 1)?);
        }
    }

    fn pairs(&mut self, depth: usize) -> Result<Vec<(Id, Id)>, YamlError> {
        let mut pairs = Vec::new();
        loop {
            let event = self.next()?;
            if matches!(event.data, EventData::MappingEnd) {
                return Ok(pairs);
            }
            let key = self.node(event, depth + 1)?;
            let event = self.next()?;
            let value = self.node(event, depth + 1)?;
            pairs.push((key, value));
        }
    }

    fn add(
        &mut self,
        anchor: Option<String>,
        tag: Tag,
        mark: Mark,
        data: Data,
    ) -> Result<Id, YamlError> {
        let id = self.nodes.len();
        self.nodes.push(Node { tag, mark, anchored: anchor.is_some(), data });
        if let Some(anchor) = anchor
            && let Some(first) = self.anchors.insert(anchor, id)
        {
            let fault = YamlError::new(YamlErrorKind::Composer, "second occurrence", mark)
                .within("found duplicate anchor; first occurrence", self.nodes[first].mark);
            return Err(fault);
        }
        Ok(id)
    }
}

fn container(tag: Option<String>, implicit: Tag) -> Tag {
    match tag {
        Some(tag) if tag != "!" => Tag::parse(tag),
        _ => implicit,
    }
}

/// libyaml's error as ours.
fn translate(fault: &libyaml_safer::Error, text: &str) -> YamlError {
    let kind = match fault.kind() {
        ErrorKind::Scanner => YamlErrorKind::Scanner,
        ErrorKind::Parser => YamlErrorKind::Parser,
        ErrorKind::Composer => YamlErrorKind::Composer,
        _ => return forbidden(fault, text),
    };
    let mut error = YamlError::new(kind, fault.problem(), Mark::default());
    error.mark = fault.problem_mark().map(mark);
    error.context = fault.context().map(str::to_owned);
    error.context_mark = fault.context_mark().map(mark);
    hint::explain(&mut error, text);
    error
}

/// A character outside what YAML allows, with PyYAML's text for it.
fn forbidden(fault: &libyaml_safer::Error, text: &str) -> YamlError {
    let allowed = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{fffd}' | '\u{10000}'..);
    let (position, code) = text
        .char_indices()
        .find(|(_, c)| !allowed(*c))
        .map_or((text.len(), 0), |(position, c)| (position, c as u32));
    let before = &text[..position];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |tail| tail.chars().count()) + 1;
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let problem = format!(
        "unacceptable character #x{code:04x}: {}\n  in \"<unicode string>\", position {position}",
        fault.problem()
    );
    let place = Mark { line: count(line), column: count(column) };
    YamlError::new(YamlErrorKind::Reader, problem, place)
        .hinted(format!("remove the character U+{code:04X}, or write it as an escape in \"..\""))
}
