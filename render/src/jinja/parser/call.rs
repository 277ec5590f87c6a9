//! Arguments, filters and tests.

use std::sync::Arc;

use super::Parser;
use crate::jinja::ast::{ArgList, Expr, Node, Pos};
use crate::jinja::fault::{Fault, R, nearest};
use crate::jinja::lexer::Tok;
use crate::jinja::{filters, tests};

impl Parser {
    pub(super) fn arguments(&mut self) -> R<ArgList> {
        let pos = self.expect_op("(")?.pos;
        let mut args = ArgList::default();
        let mut more = false;
        while !self.is_op(")") {
            if more {
                self.expect_op(",")?;
                if self.is_op(")") {
                    break;
                }
            }
            more = true;
            let ok = if self.is_op("*") {
                self.next()?;
                let ok = args.star.is_none() && args.double_star.is_none();
                args.star = Some(self.expression()?);
                ok
            } else if self.is_op("**") {
                self.next()?;
                let ok = args.double_star.is_none();
                args.double_star = Some(self.expression()?);
                ok
            } else if let Some(name) = self.keyword_argument()? {
                let ok = args.double_star.is_none();
                args.named.push((name, self.expression()?));
                ok
            } else {
                let ok = args.star.is_none() && args.double_star.is_none() && args.named.is_empty();
                if ok {
                    args.pos.push(self.expression()?);
                }
                ok
            };
            if !ok {
                return self.fail(pos, "invalid syntax for function call expression");
            }
        }
        self.expect_op(")")?;
        Ok(args)
    }

    fn keyword_argument(&mut self) -> R<Option<Arc<str>>> {
        let Tok::Name(name) = &self.current.tok else { return Ok(None) };
        let name = name.clone();
        if *self.look()? != Tok::Op("=") {
            return Ok(None);
        }
        self.next()?;
        self.next()?;
        Ok(Some(name))
    }

    fn dotted(&mut self) -> R<(Arc<str>, Pos)> {
        let (mut name, pos) = self.expect_name()?;
        while self.skip_op(".")? {
            name = format!("{name}.{}", self.expect_name()?.0).into();
        }
        Ok((name, pos))
    }

    /// One filter behind its `|` (or behind the word `filter`).
    pub(super) fn filter(&mut self, input: Option<Node>) -> R<Node> {
        let (name, pos) = self.dotted()?;
        if !self.soft && !filters::is_known(&name) {
            let fault = self.unknown("filter", &name, pos, filters::names());
            self.defer(fault);
        }
        let args = if self.is_op("(") { self.arguments()? } else { ArgList::default() };
        Ok(Node { pos, expr: Expr::Filter(Box::new((input, name, args))) })
    }

    fn unknown(
        &self,
        what: &str,
        name: &str,
        pos: Pos,
        known: impl Iterator<Item = &'static str>,
    ) -> Box<Fault> {
        let text = format!("No {what} named {}.", halite_core::value::repr_str(name));
        let mut fault = self.fault_at(pos, text);
        fault.hint = nearest(name, known).map(|near| format!("did you mean '{near}'?"));
        fault
    }

    pub(super) fn test(&mut self, node: Node) -> R<Node> {
        let pos = self.next()?.pos;
        let negated = self.skip_name("not")?;
        let (name, _) = self.dotted()?;
        let args = match &self.current.tok {
            Tok::Op("(") => self.arguments()?,
            Tok::Name(word) if matches!(&**word, "else" | "or" | "and") => ArgList::default(),
            Tok::Name(word) if **word == *"is" => {
                return self.fail(self.current.pos, "You cannot chain multiple tests with is");
            }
            Tok::Name(_) | Tok::Str(_) | Tok::Int(_) | Tok::Float(_) | Tok::Op("[" | "{") => {
                let arg = self.nested(Parser::primary)?;
                let arg = self.postfix(arg, &mut 0)?;
                ArgList { pos: vec![arg], ..ArgList::default() }
            }
            _ => ArgList::default(),
        };
        if !self.soft && !tests::is_known(&name) {
            let fault = self.unknown("test", &name, pos, tests::names());
            self.defer(fault);
        }
        let test = Node { pos, expr: Expr::Test(Box::new((node, name, args))) };
        Ok(if negated { Node { pos, expr: Expr::Not(Self::boxed(test)) } } else { test })
    }
}
