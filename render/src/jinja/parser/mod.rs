//! From tokens to a [`Template`]; texts of errors are Jinja's.

mod call;
mod expr;
mod salt_tags;
mod stmt;

use std::collections::HashMap;
use std::sync::Arc;

use super::ast::{BlockDef, Body, Kind, Node, Pos, Stmt, Template};
use super::fault::{Fault, Place, R, nearest};
use super::lexer::{Syntax, Tok, Token, syntax_fault, tokenize};

/// How deep expressions and blocks may nest: keeps parser and evaluator within any stack.
const DEEPEST_NESTING: u32 = 40;

pub(super) struct Parser {
    tokens: std::vec::IntoIter<Token>,
    current: Token,
    ahead: Option<Token>,
    fault: Option<(Pos, String)>,
    path: Arc<str>,
    depth: u32,
    tag_stack: Vec<Arc<str>>,
    end_stack: Vec<&'static [&'static str]>,
    /// For each open macro whether `caller`, `kwargs`, `varargs` were read in it.
    macros: Vec<[bool; 3]>,
    /// For each open loop whether `loop` was read in it.
    loops: Vec<bool>,
    /// Inside `if`: unknown filters are faults of running, not of the template.
    soft: bool,
    /// The first fault that Jinja finds after parsing only.
    deferred: Option<Box<Fault>>,
    blocks: HashMap<Arc<str>, Arc<BlockDef>>,
}

/// Parses `source`; `path` is what errors call it.
pub(crate) fn parse(source: &Arc<str>, path: &Arc<str>, syntax: &Syntax) -> R<Template> {
    let tokens = tokenize(source, syntax);
    let start = Token { tok: Tok::Eof, pos: Pos { line: 1, column: 1 } };
    let mut parser = Parser {
        tokens: tokens.tokens.into_iter(),
        current: start,
        ahead: None,
        fault: tokens.fault,
        path: path.clone(),
        depth: 0,
        tag_stack: Vec::new(),
        end_stack: Vec::new(),
        macros: Vec::new(),
        loops: Vec::new(),
        soft: false,
        deferred: None,
        blocks: HashMap::new(),
    };
    parser.current = parser.pull()?;
    let body = parser.subparse(None)?;
    if let Some(fault) = parser.deferred {
        return Err(fault);
    }
    Ok(Template { path: path.clone(), source: source.clone(), body, blocks: parser.blocks })
}

impl Parser {
    fn fault_at(&self, pos: Pos, text: impl Into<String>) -> Box<Fault> {
        let mut fault = syntax_fault(text);
        fault.place =
            Some(Place { file: self.path.clone(), line: pos.line, column: Some(pos.column) });
        fault
    }

    fn fail<T>(&self, pos: Pos, text: impl Into<String>) -> R<T> {
        Err(self.fault_at(pos, text))
    }

    /// The next token out of the lexer; its fault where one is.
    fn pull(&mut self) -> R<Token> {
        if let Some(token) = self.tokens.next() {
            return Ok(token);
        }
        if let Some((pos, text)) = self.fault.take() {
            return self.fail(pos, text);
        }
        Ok(Token { tok: Tok::Eof, pos: self.current.pos })
    }

    /// Goes one token ahead and returns the old one.
    fn next(&mut self) -> R<Token> {
        let next = match self.ahead.take() {
            Some(token) => token,
            None => self.pull()?,
        };
        Ok(std::mem::replace(&mut self.current, next))
    }

    fn look(&mut self) -> R<&Tok> {
        if self.ahead.is_none() {
            self.ahead = Some(self.pull()?);
        }
        Ok(self.ahead.as_ref().map_or(&Tok::Eof, |token| &token.tok))
    }

    fn is_op(&self, op: &str) -> bool {
        matches!(&self.current.tok, Tok::Op(found) if *found == op)
    }

    fn is_name(&self, name: &str) -> bool {
        matches!(&self.current.tok, Tok::Name(found) if **found == *name)
    }

    fn skip_op(&mut self, op: &str) -> R<bool> {
        let found = self.is_op(op);
        if found {
            self.next()?;
        }
        Ok(found)
    }

    fn skip_name(&mut self, name: &str) -> R<bool> {
        let found = self.is_name(name);
        if found {
            self.next()?;
        }
        Ok(found)
    }

    fn unexpected<T>(&self, expected: &str) -> R<T> {
        let expected = halite_core::value::repr_str(expected);
        let pos = self.current.pos;
        if self.current.tok == Tok::Eof {
            return self.fail(pos, format!("unexpected end of template, expected {expected}."));
        }
        let got = halite_core::value::repr_str(self.current.tok.describe());
        self.fail(pos, format!("expected token {expected}, got {got}"))
    }

    fn expect_op(&mut self, op: &str) -> R<Token> {
        if self.is_op(op) { self.next() } else { self.unexpected(op) }
    }

    fn expect_keyword(&mut self, name: &str) -> R<Token> {
        if self.is_name(name) { self.next() } else { self.unexpected(name) }
    }

    fn expect_name(&mut self) -> R<(Arc<str>, Pos)> {
        match &self.current.tok {
            Tok::Name(name) => {
                let name = name.clone();
                Ok((name, self.next()?.pos))
            }
            _ => self.unexpected("name"),
        }
    }

    fn expect_end(&mut self, end: Tok) -> R<()> {
        if self.current.tok == end {
            self.next().map(drop)
        } else {
            self.unexpected(end.describe())
        }
    }

    fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> R<T>) -> R<T> {
        if self.depth >= DEEPEST_NESTING {
            return self.fail(
                self.current.pos,
                format!("expressions and blocks may nest {DEEPEST_NESTING} deep; split this one with set or macros"),
            );
        }
        self.depth += 1;
        let result = parse(self);
        self.depth -= 1;
        result
    }

    /// Body up to one of the `ends`, whose name stays the current token.
    fn statements(&mut self, ends: &'static [&'static str]) -> R<Body> {
        self.skip_op(":")?;
        self.expect_end(Tok::BlockEnd)?;
        let body = self.nested(|parser| parser.subparse(Some(ends)))?;
        if self.current.tok == Tok::Eof {
            self.end_stack.push(ends);
            return self.fail_unfinished(None, self.current.pos);
        }
        Ok(body)
    }

    /// Body up to `end`, which is consumed.
    fn statements_until(&mut self, ends: &'static [&'static str]) -> R<Body> {
        let body = self.statements(ends)?;
        self.next()?;
        Ok(body)
    }

    fn subparse(&mut self, ends: Option<&'static [&'static str]>) -> R<Body> {
        if let Some(ends) = ends {
            self.end_stack.push(ends);
        }
        let mut body = Body::new();
        loop {
            match &self.current.tok {
                Tok::Eof => break,
                Tok::Data(text) => {
                    let text = text.clone();
                    let pos = self.next()?.pos;
                    body.push(Stmt { pos, kind: Kind::Text(text) });
                }
                Tok::VarBegin => {
                    self.next()?;
                    let node = self.tuple(expr::TupleRules::default())?;
                    self.expect_end(Tok::VarEnd)?;
                    body.push(Stmt { pos: node.pos, kind: Kind::Print(node) });
                }
                Tok::BlockBegin => {
                    self.next()?;
                    if ends.is_some_and(|ends| ends.iter().any(|end| self.is_name(end))) {
                        break;
                    }
                    self.statement(&mut body)?;
                    self.expect_end(Tok::BlockEnd)?;
                }
                _ => return self.fail(self.current.pos, "internal parsing error"),
            }
        }
        if ends.is_some() {
            self.end_stack.pop();
        }
        Ok(body)
    }

    fn fail_unfinished<T>(&self, tag: Option<&str>, pos: Pos) -> R<T> {
        let quote = halite_core::value::repr_str;
        let mut text = match tag {
            None => "Unexpected end of template.".to_string(),
            Some(tag) => format!("Encountered unknown tag {}.", quote(tag)),
        };
        if let Some(looking) = self.end_stack.last() {
            let looking: Vec<String> = looking.iter().map(|end| quote(end)).collect();
            let looking = looking.join(" or ");
            let misplaced =
                tag.is_some_and(|tag| self.end_stack.iter().any(|ends| ends.contains(&tag)));
            text += &if misplaced {
                format!(
                    " You probably made a nesting mistake. Jinja is expecting this tag, but currently looking for {looking}."
                )
            } else {
                format!(" Jinja was looking for the following tags: {looking}.")
            };
        }
        if let Some(open) = self.tag_stack.last() {
            text += &format!(" The innermost block that needs to be closed is {}.", quote(open));
        }
        let mut fault = self.fault_at(pos, text);
        if let Some(tag) = tag
            && self.end_stack.is_empty()
        {
            fault.hint = nearest(tag, stmt::TAGS.iter().copied())
                .map(|tag| format!("did you mean '{tag}'?"));
        }
        Err(fault)
    }

    /// Remembers a fault that Jinja raises only when it compiles what it parsed.
    fn defer(&mut self, fault: Box<Fault>) {
        self.deferred.get_or_insert(fault);
    }

    fn soft<T>(&mut self, soft: bool, parse: impl FnOnce(&mut Self) -> R<T>) -> R<T> {
        let before = std::mem::replace(&mut self.soft, soft);
        let result = parse(self);
        self.soft = before;
        result
    }

    fn boxed(node: Node) -> Box<Node> {
        Box::new(node)
    }
}
