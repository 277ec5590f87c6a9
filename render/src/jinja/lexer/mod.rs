//! Splits a template into text and tags; whitespace control is exact to the byte (Jinja2 3.1).

mod scan;
mod text;

use std::sync::Arc;

use halite_core::Value;

use super::ast::Pos;
use super::fault::{Class, Fault};

/// The settings of Jinja's environment that a user may change.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Syntax {
    /// `{%`
    pub block_start: String,
    /// `%}`
    pub block_end: String,
    /// `{{`
    pub variable_start: String,
    /// `}}`
    pub variable_end: String,
    /// `{#`
    pub comment_start: String,
    /// `#}`
    pub comment_end: String,
    /// Lines that begin with it are statements.
    pub line_statement: Option<String>,
    /// From it to the end of the line is a comment.
    pub line_comment: Option<String>,
    /// Remove the newline after a block.
    pub trim_blocks: bool,
    /// Remove white space from the line start to a block.
    pub lstrip_blocks: bool,
    /// What newlines become.
    pub newline: String,
    /// Keep the last newline.
    pub keep_trailing_newline: bool,
}

impl Default for Syntax {
    fn default() -> Self {
        Syntax {
            block_start: "{%".into(),
            block_end: "%}".into(),
            variable_start: "{{".into(),
            variable_end: "}}".into(),
            comment_start: "{#".into(),
            comment_end: "#}".into(),
            line_statement: None,
            line_comment: None,
            trim_blocks: false,
            lstrip_blocks: false,
            newline: "\n".into(),
            keep_trailing_newline: false,
        }
    }
}

impl Syntax {
    /// Takes one setting of `jinja_env` or a `#jinja2:` header, named as Jinja's `Environment`
    /// names it. Returns whether it is known; values of the wrong type leave the setting alone.
    pub fn set(&mut self, name: &str, value: &Value) -> bool {
        let text = value.as_str().map(str::to_string);
        let keep = |slot: &mut String| {
            if let Some(text) = text.clone().filter(|text| !text.is_empty()) {
                *slot = text;
            }
        };
        match name.to_ascii_lowercase().as_str() {
            "block_start_string" => keep(&mut self.block_start),
            "block_end_string" => keep(&mut self.block_end),
            "variable_start_string" => keep(&mut self.variable_start),
            "variable_end_string" => keep(&mut self.variable_end),
            "comment_start_string" => keep(&mut self.comment_start),
            "comment_end_string" => keep(&mut self.comment_end),
            "newline_sequence" => keep(&mut self.newline),
            "line_statement_prefix" => self.line_statement = text.filter(|text| !text.is_empty()),
            "line_comment_prefix" => self.line_comment = text.filter(|text| !text.is_empty()),
            "trim_blocks" => self.trim_blocks = value.truthy(),
            "lstrip_blocks" => self.lstrip_blocks = value.truthy(),
            "keep_trailing_newline" => self.keep_trailing_newline = value.truthy(),
            _ => return false,
        }
        true
    }
}

/// A token of a template.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Tok {
    Data(Arc<str>),
    VarBegin,
    VarEnd,
    BlockBegin,
    BlockEnd,
    Name(Arc<str>),
    Str(Arc<str>),
    Int(Value),
    Float(f64),
    Op(&'static str),
    Eof,
}

impl Tok {
    /// How Jinja calls the token in its errors.
    pub(crate) fn describe(&self) -> &str {
        match self {
            Tok::Data(_) => "template data / text",
            Tok::VarBegin => "begin of print statement",
            Tok::VarEnd => "end of print statement",
            Tok::BlockBegin => "begin of statement block",
            Tok::BlockEnd => "end of statement block",
            Tok::Name(name) => name,
            Tok::Str(_) => "string",
            Tok::Int(_) => "integer",
            Tok::Float(_) => "float",
            Tok::Op(op) => op,
            Tok::Eof => "end of template",
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) tok: Tok,
    pub(crate) pos: Pos,
}

/// The tokens up to the end or the first fault, and that fault.
pub(crate) struct Tokens {
    pub(crate) tokens: Vec<Token>,
    pub(crate) fault: Option<(Pos, String)>,
}

/// Splits `source`.
pub(crate) fn tokenize(source: &str, syntax: &Syntax) -> Tokens {
    let source = normalize(source, syntax.keep_trailing_newline);
    let mut scanner = scan::Scanner::new(&source, syntax);
    let fault = scanner.run().err();
    let end = scanner.pos_here();
    let mut tokens = scanner.tokens;
    if fault.is_none() {
        tokens.push(Token { tok: Tok::Eof, pos: end });
    }
    Tokens { tokens, fault }
}

/// Newlines become `\n`; the last one goes unless it is to be kept.
fn normalize(source: &str, keep_trailing: bool) -> String {
    let mut text = if source.contains('\r') {
        source.replace("\r\n", "\n").replace('\r', "\n")
    } else {
        source.to_string()
    };
    if !keep_trailing && text.ends_with('\n') {
        text.pop();
    }
    text
}

/// A syntax error at `line`.
pub(crate) fn syntax_fault(text: impl Into<String>) -> Box<Fault> {
    Fault::new(Class::Syntax, text)
}
