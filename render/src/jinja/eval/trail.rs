//! The way back from text to templates, and faults that a gathering engine passes over.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

use super::stmt::Flow;
use super::{Out, Rt, Scope, Unit};
use crate::engine::UNKNOWN;
use crate::jinja::ast::{Kind, Pos, Stmt, Target};
use crate::jinja::fault::{Class, Fault, Place, R};
use crate::jinja::value::Val;
use crate::source_map::{Span, Via, splice};

/// How many captured texts are remembered at once; then all are forgotten.
const CAPTURES_MAX: usize = 4096;
/// How many faults of one rendering are gathered.
const FAULTS_MAX: usize = 200;

/// A text that a macro or a `set` block made.
struct Capture {
    /// Held, so that its address means this text.
    text: Arc<str>,
    spans: Rc<[Span]>,
}

/// What one rendering remembers of its way.
#[derive(Default)]
pub(super) struct Trail {
    mapped: Cell<bool>,
    gathers: Cell<bool>,
    captures: RefCell<HashMap<usize, Capture>>,
    last: RefCell<Option<(usize, Rc<[Span]>)>>,
    made: Cell<u64>,
    faults: RefCell<Vec<Fault>>,
    /// Names whose value is not known because of a fault.
    unknown: RefCell<HashSet<Arc<str>>>,
}

fn address(text: &Arc<str>) -> usize {
    text.as_ptr() as usize
}

impl Rt<'_> {
    /// Remembers where text comes from.
    pub(crate) fn map_text(&self) {
        self.trail.mapped.set(true);
    }

    /// Passes over faults and gathers them.
    pub(crate) fn gather(&self) {
        self.trail.gathers.set(true);
    }

    /// The faults gathered.
    pub(crate) fn gathered(&self) -> Vec<Fault> {
        self.trail.faults.take()
    }

    /// Notes that what is written next stands at `pos`.
    pub(super) fn note(&self, out: &mut Out, pos: Pos, literal: bool, unit: &Unit) {
        if self.trail.mapped.get() {
            out.spans.push(Span {
                at: out.text.len(),
                file: unit.template.path.clone(),
                line: pos.line,
                column: pos.column,
                literal,
                via: None,
            });
        }
    }

    /// How many texts were captured so far.
    pub(super) fn captures_made(&self) -> u64 {
        self.trail.made.get()
    }

    /// The text of a finished frame; its origins are remembered by it.
    pub(super) fn keep(&self, out: Out) -> Arc<str> {
        let text: Arc<str> = out.text.into();
        let trail = &self.trail;
        if trail.mapped.get() && !text.is_empty() {
            let spans: Rc<[Span]> = out.spans.into();
            trail.made.set(trail.made.get() + 1);
            *trail.last.borrow_mut() = Some((text.matches('\n').count(), spans.clone()));
            let mut captures = trail.captures.borrow_mut();
            if captures.len() >= CAPTURES_MAX {
                captures.clear();
            }
            captures.insert(address(&text), Capture { text: text.clone(), spans });
        }
        text
    }

    /// Notes where a value that is printed next comes from: from the macro that made its text, else
    /// from the expression at `pos`. A text that a filter has changed line by line (`indent`) is
    /// known by the number of its lines; `before` counts the captures before the expression.
    pub(super) fn note_value(&self, out: &mut Out, val: &Val, pos: Pos, unit: &Unit, before: u64) {
        let trail = &self.trail;
        if !trail.mapped.get() {
            return;
        }
        self.note(out, pos, false, unit);
        let (Val::Str(text) | Val::Markup(text)) = val else { return };
        let via = || Via::new(&unit.template.path, pos.line);
        let at = out.text.len();
        let captures = trail.captures.borrow();
        if let Some(capture) = captures.get(&address(text)).filter(|c| Arc::ptr_eq(&c.text, text)) {
            return splice(&mut out.spans, at, &capture.spans, &via());
        }
        let last = trail.last.borrow();
        if let Some((lines, spans)) = last.as_ref().filter(|_| trail.made.get() > before)
            && text.matches('\n').count() == *lines
        {
            let moved = by_line(text, &captures, spans);
            splice(&mut out.spans, at, &moved, &via());
        }
    }

    /// Takes an included text in.
    pub(super) fn include_out(&self, part: &Out, line: u32, unit: &Unit, out: &mut Out) {
        if self.trail.mapped.get() {
            let via = Via::new(&unit.template.path, line);
            splice(&mut out.spans, out.text.len(), &part.spans, &via);
        }
        out.text.push_str(&part.text);
    }

    /// Gathers the fault of a print and prints the sign for what is not known.
    pub(super) fn pass_over(&self, printed: R<()>, unit: &Rc<Unit>, out: &mut Out) -> R<()> {
        match printed {
            Err(fault) if self.may_pass(&fault) => {
                self.remember(*fault, unit);
                out.text.push(UNKNOWN);
                Ok(())
            }
            other => other,
        }
    }

    /// Gathers the fault of a statement; names that it would have set are not known from here on.
    pub(super) fn pass_over_statement(
        &self,
        flow: R<Flow>,
        stmt: &Stmt,
        scope: &Rc<Scope>,
        unit: &Rc<Unit>,
    ) -> R<Flow> {
        match flow {
            Err(fault) if self.may_pass(&fault) => {
                self.remember(*fault, unit);
                let mut lost = |name: &Arc<str>| {
                    self.trail.unknown.borrow_mut().insert(name.clone());
                    scope.assign(name, Val::str(UNKNOWN.to_string()));
                };
                match &stmt.kind {
                    Kind::Set(target, _)
                    | Kind::SetBlock(target, ..)
                    | Kind::Load(_, target, _) => names(target, &mut lost),
                    Kind::Import { target, .. } => lost(target),
                    Kind::From { names, .. } => names.iter().for_each(|(_, alias)| lost(alias)),
                    _ => {}
                }
                Ok(Flow::Done)
            }
            other => other,
        }
    }

    fn may_pass(&self, fault: &Fault) -> bool {
        self.trail.gathers.get()
            && !matches!(fault.class, Class::Recursion | Class::Overflow | Class::Template)
            && self.trail.faults.borrow().len() < FAULTS_MAX
    }

    /// What follows from a fault that is known already is no fault of its own.
    fn remember(&self, mut fault: Fault, unit: &Rc<Unit>) {
        let unknown = self.trail.unknown.borrow();
        let follows = unknown.iter().any(|name| follows(&fault.text, name));
        if follows || fault.text.contains(UNKNOWN) {
            return;
        }
        if fault.place.is_none() {
            let at = fault.at.unwrap_or(Pos { line: self.line.get(), column: 1 });
            let file = unit.template.path.clone();
            fault.place = Some(Place { file, line: at.line, column: Some(at.column) });
        }
        let mut faults = self.trail.faults.borrow_mut();
        let known = |other: &Fault| other.place == fault.place && other.text == fault.text;
        if !faults.iter().any(known) {
            faults.push(fault);
        }
    }
}

/// Whether a fault only says that `name` lacks something or is not there.
fn follows(text: &str, name: &str) -> bool {
    ["'str object' has no", "'str' object is not callable"].iter().any(|way| text.starts_with(way))
        || text.starts_with(&format!("'{name}' is undefined"))
}

fn names(target: &Target, each: &mut dyn FnMut(&Arc<str>)) {
    match target {
        Target::Name(name) => each(name),
        Target::Tuple(targets) => targets.iter().for_each(|target| names(target, each)),
        Target::Namespace(..) => {}
    }
}

/// The spans of a text that was changed line by line: each line comes from where the same line of
/// the text before came from.
fn by_line(text: &str, captures: &HashMap<usize, Capture>, spans: &Rc<[Span]>) -> Vec<Span> {
    let Some(before) = captures.values().find(|capture| Rc::ptr_eq(&capture.spans, spans)) else {
        return Vec::new();
    };
    let map = crate::SourceMap::new(spans.to_vec());
    let mut moved = Vec::new();
    let mut at = 0;
    for (number, line) in (1..).zip(text.split_inclusive('\n')) {
        let old = before.text.split('\n').nth(number as usize - 1).unwrap_or_default();
        let blanks = |text: &str| text.len() - text.trim_start_matches(' ').len();
        let first = u32::try_from(blanks(old)).unwrap_or(0) + 1;
        if let Some(origin) = map.origin(&before.text, number, first) {
            let span = |at, column| Span {
                at,
                file: origin.file.clone(),
                line: origin.line,
                column,
                literal: origin.literal,
                via: None,
            };
            moved.push(span(at, 1));
            moved.push(span(at + blanks(line), origin.column));
        }
        at += line.len();
    }
    moved
}
