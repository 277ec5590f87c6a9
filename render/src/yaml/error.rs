//! What is wrong with a document, where, and what to do about it.

use std::fmt;

/// A place in the source. Lines and columns count from 1, columns in characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark {
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "  in \"<unicode string>\", line {}, column {}", self.line, self.column)
    }
}

/// Which step refused the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum YamlErrorKind {
    /// A character that YAML does not allow at all.
    Reader,
    /// The text does not split into tokens.
    Scanner,
    /// The tokens do not make a document.
    Parser,
    /// Anchors, aliases, or a second document.
    Composer,
    /// A node that does not make a value: duplicate key, unknown tag, bad merge.
    Constructor,
    /// A scalar that its explicit tag cannot read.
    Scalar,
    /// A limit of this program.
    Limit,
}

/// Why a document was refused.
#[derive(Clone, Debug, PartialEq)]
pub struct YamlError {
    /// Which step refused it.
    pub kind: YamlErrorKind,
    /// What was being read when it happened.
    pub context: Option<String>,
    /// Where that began.
    pub context_mark: Option<Mark>,
    /// What is wrong.
    pub problem: String,
    /// Where.
    pub mark: Option<Mark>,
    /// What to do about it, in words for people.
    pub hint: Option<String>,
}

impl YamlError {
    /// An error at a place.
    pub(super) fn new(kind: YamlErrorKind, problem: impl Into<String>, mark: Mark) -> YamlError {
        YamlError {
            kind,
            context: None,
            context_mark: None,
            problem: problem.into(),
            mark: Some(mark),
            hint: None,
        }
    }

    /// Adds what was being read.
    pub(super) fn within(mut self, context: &str, mark: Mark) -> YamlError {
        self.context = Some(context.to_owned());
        self.context_mark = Some(mark);
        self
    }

    /// Adds what to do about it.
    pub(super) fn hinted(mut self, hint: impl Into<String>) -> YamlError {
        self.hint = Some(hint.into());
        self
    }

    /// Whether Salt's YAML renderer turns it into a render error. The others escape from it as
    /// plain exceptions and read `Rendering SLS x failed, render error: ...`.
    pub fn is_render_error(&self) -> bool {
        use YamlErrorKind::{Constructor, Limit, Parser, Scanner};
        matches!(self.kind, Scanner | Parser | Constructor | Limit)
    }

    /// The text that Salt's YAML renderer gives: scanner faults as the bare problem, the others in
    /// full.
    pub fn to_salt_text(&self) -> String {
        match self.kind {
            YamlErrorKind::Scanner => self.problem.clone(),
            _ => self.to_string(),
        }
    }
}

impl fmt::Display for YamlError {
    /// PyYAML's text: context, its place unless it is the problem's, problem, its place.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(context) = &self.context {
            writeln!(f, "{context}")?;
            if let Some(mark) = self.context_mark.filter(|mark| Some(*mark) != self.mark) {
                writeln!(f, "{mark}")?;
            }
        }
        f.write_str(&self.problem)?;
        match (self.kind, self.mark) {
            // Salt shows these as Python's own exceptions, which know no place.
            (YamlErrorKind::Scalar | YamlErrorKind::Reader, _) | (_, None) => Ok(()),
            (_, Some(mark)) => write!(f, "\n{mark}"),
        }
    }
}

impl std::error::Error for YamlError {}
