//! The scanner: finds tags in text and tokens in tags.

use std::sync::Arc;

use super::text::{number, unescape};
use super::{Syntax, Tok, Token};
use crate::jinja::ast::Pos;

type Fault = (Pos, String);

/// What begins at a place in text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Start {
    Raw,
    Comment,
    Block,
    Variable,
    LineStatement,
    LineComment,
}

pub(super) struct Scanner<'a> {
    source: &'a str,
    syntax: &'a Syntax,
    /// Delimiters, the longest first, as Jinja sorts its rules.
    rules: Vec<(Start, &'a str)>,
    at: usize,
    line: u32,
    line_start: usize,
    /// Up to where `line` has counted.
    counted: usize,
    line_starting: bool,
    pub(super) tokens: Vec<Token>,
}

/// Python's `\s` for text: Unicode white space and the four separators.
fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

fn trim_start(text: &str) -> &str {
    text.trim_start_matches(is_space)
}

const OPERATORS: [&str; 26] = [
    "//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}",
    ">", "<", "=", ".", ":", "|", ",", ";",
];

impl<'a> Scanner<'a> {
    pub(super) fn new(source: &'a str, syntax: &'a Syntax) -> Scanner<'a> {
        let mut rules = vec![
            (Start::Variable, syntax.variable_start.as_str()),
            (Start::Comment, syntax.comment_start.as_str()),
            (Start::Block, syntax.block_start.as_str()),
        ];
        if let Some(prefix) = &syntax.line_comment {
            rules.insert(1, (Start::LineComment, prefix));
        }
        if let Some(prefix) = &syntax.line_statement {
            rules.insert(1, (Start::LineStatement, prefix));
        }
        rules.sort_by_key(|(_, delimiter)| std::cmp::Reverse(delimiter.chars().count()));
        Scanner {
            source,
            syntax,
            rules,
            at: 0,
            line: 1,
            line_start: 0,
            counted: 0,
            line_starting: true,
            tokens: Vec::new(),
        }
    }

    fn pos(&mut self, at: usize) -> Pos {
        let from = self.counted;
        if at > from {
            for (i, byte) in self.source.as_bytes()[from..at].iter().enumerate() {
                if *byte == b'\n' {
                    self.line += 1;
                    self.line_start = from + i + 1;
                }
            }
            self.counted = at;
        }
        let column = self.source.get(self.line_start..at).map_or(0, |text| text.chars().count());
        Pos { line: self.line, column: column as u32 + 1 }
    }

    pub(super) fn pos_here(&mut self) -> Pos {
        self.pos(self.at)
    }

    fn push(&mut self, at: usize, tok: Tok) {
        let pos = self.pos(at);
        self.tokens.push(Token { tok, pos });
    }

    fn data(&mut self, from: usize, text: &str) {
        if text.is_empty() {
            return;
        }
        let text: Arc<str> = if self.syntax.newline == "\n" {
            text.into()
        } else {
            text.replace('\n', &self.syntax.newline).into()
        };
        self.push(from, Tok::Data(text));
    }

    /// Moves to `end`, remembering whether a line starts there.
    fn moved(&mut self, end: usize) {
        self.line_starting = self.source[..end].ends_with('\n') && end > self.at;
        self.at = end;
    }

    pub(super) fn run(&mut self) -> Result<(), Fault> {
        while self.at < self.source.len() {
            let Some((begin, start, len, sign)) = self.find_start() else {
                let rest = &self.source[self.at..];
                self.data(self.at, rest);
                self.at = self.source.len();
                break;
            };
            let text = &self.source[self.at..begin];
            let kept = self.strip(text, start == Start::Variable, sign);
            self.data(self.at, kept);
            let tag = begin;
            self.moved(begin + len);
            match start {
                Start::Comment => self.comment(tag)?,
                Start::Raw => self.raw()?,
                Start::LineComment => {
                    let rest = &self.source[self.at..];
                    let end = self.at + rest.find('\n').unwrap_or(rest.len());
                    self.moved(end);
                }
                Start::Variable => {
                    self.push(tag, Tok::VarBegin);
                    self.tag(start)?;
                }
                Start::Block | Start::LineStatement => {
                    self.push(tag, Tok::BlockBegin);
                    self.tag(start)?;
                }
            }
        }
        Ok(())
    }

    /// What remains of the text before a tag.
    fn strip<'t>(&self, text: &'t str, variable: bool, sign: Option<char>) -> &'t str {
        match sign {
            Some('-') => text.trim_end_matches(is_space),
            None if self.syntax.lstrip_blocks && !variable => {
                let line = text.rfind('\n').map_or(0, |at| at + 1);
                let blank = line < text.len() && text[line..].chars().all(is_space);
                if blank && (line > 0 || self.line_starting) { &text[..line] } else { text }
            }
            _ => text,
        }
    }

    /// The next tag: where it begins, what it is, the length of its opening and its sign.
    fn find_start(&self) -> Option<(usize, Start, usize, Option<char>)> {
        let bytes = self.source.as_bytes();
        let lines = self.syntax.line_statement.is_some() || self.syntax.line_comment.is_some();
        let mut begins = [false; 256];
        self.rules.iter().for_each(|(_, d)| begins[usize::from(d.as_bytes()[0])] = true);
        let mut at = self.at;
        while at < bytes.len() {
            if (lines || begins[usize::from(bytes[at])])
                && self.source.is_char_boundary(at)
                && let Some((start, len, sign)) = self.start_at(at)
            {
                return Some((at, start, len, sign));
            }
            at += 1;
        }
        None
    }

    fn start_at(&self, at: usize) -> Option<(Start, usize, Option<char>)> {
        let rest = &self.source[at..];
        if let Some((len, sign)) = self.raw_begin(rest) {
            return Some((Start::Raw, len, sign));
        }
        for &(start, delimiter) in &self.rules {
            let len = match start {
                Start::LineStatement => {
                    if at > 0 && self.source.as_bytes()[at - 1] != b'\n' {
                        continue;
                    }
                    let body = rest.trim_start_matches([' ', '\t', '\u{b}']);
                    body.starts_with(delimiter).then(|| rest.len() - body.len() + delimiter.len())
                }
                Start::LineComment => {
                    let before = self.source[..at].chars().next_back();
                    if before.is_some_and(|c| c != '\n' && is_space(c)) {
                        continue;
                    }
                    let body = rest.trim_start_matches(|c| is_space(c) && c != '\n' && c != '\r');
                    body.starts_with(delimiter).then(|| rest.len() - body.len() + delimiter.len())
                }
                _ => rest.starts_with(delimiter).then_some(delimiter.len()),
            };
            if let Some(len) = len {
                let sign = rest[len..].chars().next().filter(|c| matches!(c, '-' | '+'));
                return Some((start, len + usize::from(sign.is_some()), sign));
            }
        }
        None
    }

    /// `{% raw %}` with signs: its length and the sign at its start.
    fn raw_begin(&self, rest: &str) -> Option<(usize, Option<char>)> {
        let body = rest.strip_prefix(self.syntax.block_start.as_str())?;
        let sign = body.chars().next().filter(|c| matches!(c, '-' | '+'));
        let body = trim_start(&body[usize::from(sign.is_some())..]).strip_prefix("raw")?;
        let body = trim_start(body);
        let end = self.syntax.block_end.as_str();
        let after = match body.strip_prefix('-').and_then(|body| body.strip_prefix(end)) {
            Some(after) => trim_start(after),
            None => body.strip_prefix(end)?,
        };
        Some((rest.len() - after.len(), sign))
    }

    /// The end of a block at the start of `rest`: its length with what it strips.
    fn block_end(&self, rest: &str, end: &str) -> Option<usize> {
        if let Some(after) = rest.strip_prefix('+').and_then(|rest| rest.strip_prefix(end)) {
            return Some(rest.len() - after.len());
        }
        if let Some(after) = rest.strip_prefix('-').and_then(|rest| rest.strip_prefix(end)) {
            return Some(rest.len() - trim_start(after).len());
        }
        let after = rest.strip_prefix(end)?;
        let trimmed = self.syntax.trim_blocks && after.starts_with('\n');
        Some(rest.len() - after.len() + usize::from(trimmed))
    }

    fn comment(&mut self, tag: usize) -> Result<(), Fault> {
        let end = self.syntax.comment_end.as_str();
        for (i, _) in self.source[self.at..].char_indices() {
            if let Some(len) = self.block_end(&self.source[self.at + i..], end) {
                self.moved(self.at + i + len);
                return Ok(());
            }
        }
        let pos = self.pos(tag);
        Err((pos, "Missing end of comment tag".into()))
    }

    fn raw(&mut self) -> Result<(), Fault> {
        let from = self.at;
        let rest = &self.source[from..];
        for (i, _) in rest.match_indices(self.syntax.block_start.as_str()) {
            let tag = &rest[i + self.syntax.block_start.len()..];
            let sign = tag.chars().next().filter(|c| matches!(c, '-' | '+'));
            let body = trim_start(&tag[usize::from(sign.is_some())..]);
            let Some(body) = body.strip_prefix("endraw").map(trim_start) else { continue };
            if let Some(len) = self.block_end(body, &self.syntax.block_end) {
                let kept = self.strip(&rest[..i], false, sign);
                self.data(from, kept);
                self.moved(from + rest.len() - body.len() + len);
                return Ok(());
            }
        }
        let pos = self.pos_here();
        Err((pos, "Missing end of raw directive".into()))
    }

    /// The tokens of a tag up to its end.
    fn tag(&mut self, start: Start) -> Result<(), Fault> {
        let mut open: Vec<&'static str> = Vec::new();
        loop {
            if open.is_empty()
                && let Some(len) = self.tag_end(start)
            {
                let tok = if start == Start::Variable { Tok::VarEnd } else { Tok::BlockEnd };
                self.push(self.at, tok);
                self.moved(self.at + len);
                return Ok(());
            }
            let rest = &self.source[self.at..];
            let Some(first) = rest.chars().next() else { return Ok(()) };
            if is_space(first) {
                self.moved(self.source.len() - trim_start(rest).len());
                continue;
            }
            let (len, tok) = self.token(rest, first)?;
            if let Tok::Op(op) = tok {
                self.balance(op, &mut open)?;
            }
            self.push(self.at, tok);
            self.moved(self.at + len);
        }
    }

    fn tag_end(&self, start: Start) -> Option<usize> {
        let rest = &self.source[self.at..];
        match start {
            Start::Variable => {
                let end = self.syntax.variable_end.as_str();
                if let Some(after) = rest.strip_prefix('-').and_then(|rest| rest.strip_prefix(end))
                {
                    return Some(rest.len() - trim_start(after).len());
                }
                rest.starts_with(end).then_some(end.len())
            }
            Start::LineStatement => {
                let space = &rest[..rest.len() - trim_start(rest).len()];
                if space.len() == rest.len() {
                    return Some(space.len());
                }
                space.rfind('\n').map(|at| at + 1)
            }
            _ => self.block_end(rest, &self.syntax.block_end),
        }
    }

    fn token(&mut self, rest: &str, first: char) -> Result<(usize, Tok), Fault> {
        if first.is_ascii_digit()
            && let Some(found) = number(rest, self.source[..self.at].chars().next_back())
        {
            return Ok(found);
        }
        if first.is_alphanumeric() || first == '_' {
            let name = &rest
                [..rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len())];
            if first.is_numeric() {
                let pos = self.pos_here();
                return Err((pos, "Invalid character in identifier".into()));
            }
            return Ok((name.len(), Tok::Name(name.into())));
        }
        if (first == '"' || first == '\'')
            && let Some(len) = string_len(rest, first)
        {
            let pos = self.pos_here();
            let text = &rest[1..len - 1];
            let text = if self.syntax.newline == "\n" {
                text.to_string()
            } else {
                text.replace('\n', &self.syntax.newline)
            };
            let text = unescape(&text).map_err(|error| (pos, error))?;
            return Ok((len, Tok::Str(text.into())));
        }
        match OPERATORS.iter().find(|op| rest.starts_with(**op)) {
            Some(op) => Ok((op.len(), Tok::Op(op))),
            None => {
                let pos = self.pos_here();
                let at = self.source[..self.at].chars().count();
                let shown = halite_core::value::repr_str(&first.to_string());
                Err((pos, format!("unexpected char {shown} at {at}")))
            }
        }
    }

    fn balance(&mut self, op: &'static str, open: &mut Vec<&'static str>) -> Result<(), Fault> {
        match op {
            "{" => open.push("}"),
            "(" => open.push(")"),
            "[" => open.push("]"),
            "}" | ")" | "]" => {
                let expected = open.pop();
                if expected != Some(op) {
                    let pos = self.pos_here();
                    return Err(match expected {
                        None => (pos, format!("unexpected '{op}'")),
                        Some(expected) => {
                            (pos, format!("unexpected '{op}', expected '{expected}'"))
                        }
                    });
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// The length of the string literal at the start of `rest`, quotes included.
fn string_len(rest: &str, quote: char) -> Option<usize> {
    let mut chars = rest.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        if c == '\\' {
            chars.next();
        } else if c == quote {
            return Some(at + 1);
        }
    }
    None
}
