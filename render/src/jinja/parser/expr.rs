//! Expressions, with Jinja's precedence.

use halite_core::Value;

use super::Parser;
use crate::jinja::ast::{BinOp, CmpOp, Expr, Node, Pos};
use crate::jinja::fault::R;
use crate::jinja::lexer::Tok;

/// How many operands or links one chain may have.
const LONGEST_CHAIN: usize = 1000;

/// How many `.a`, `[b]`, `(c)`, `|d` may follow one another.
const LONGEST_POSTFIX: u32 = 40;

/// How a list of expressions without brackets is read.
#[derive(Clone, Copy)]
pub(super) struct TupleRules {
    /// Only names and literals: targets.
    pub(super) simplified: bool,
    pub(super) with_cond: bool,
    pub(super) end: Option<&'static str>,
    pub(super) parentheses: bool,
}

impl Default for TupleRules {
    fn default() -> Self {
        TupleRules { simplified: false, with_cond: true, end: None, parentheses: false }
    }
}

impl Parser {
    pub(super) fn expression(&mut self) -> R<Node> {
        self.nested(Parser::cond)
    }

    fn cond(&mut self) -> R<Node> {
        let pos = self.current.pos;
        let was_soft = self.soft;
        let mut then = self.or()?;
        while self.skip_name("if")? {
            self.soft = true;
            let test = self.or()?;
            let other =
                if self.skip_name("else")? { Some(self.nested(Parser::cond)?) } else { None };
            self.soft = was_soft;
            then = Node { pos, expr: Expr::Cond(Box::new((test, then, other))) };
        }
        Ok(then)
    }

    pub(super) fn or(&mut self) -> R<Node> {
        self.logic("or", Parser::and, Expr::Or)
    }

    fn and(&mut self) -> R<Node> {
        self.logic("and", Parser::not, Expr::And)
    }

    fn logic(
        &mut self,
        word: &str,
        operand: fn(&mut Self) -> R<Node>,
        make: fn(Vec<Node>) -> Expr,
    ) -> R<Node> {
        let pos = self.current.pos;
        let first = operand(self)?;
        if !self.is_name(word) {
            return Ok(first);
        }
        let mut items = vec![first];
        while self.skip_name(word)? {
            self.chain(items.len())?;
            items.push(operand(self)?);
        }
        Ok(Node { pos, expr: make(items) })
    }

    fn chain(&self, len: usize) -> R<()> {
        if len < LONGEST_CHAIN {
            return Ok(());
        }
        self.fail(
            self.current.pos,
            format!("an expression may have {LONGEST_CHAIN} operands in one chain"),
        )
    }

    fn not(&mut self) -> R<Node> {
        if self.is_name("not") {
            let pos = self.next()?.pos;
            let operand = self.nested(Parser::not)?;
            return Ok(Node { pos, expr: Expr::Not(Self::boxed(operand)) });
        }
        self.comparison()
    }

    fn comparison(&mut self) -> R<Node> {
        let pos = self.current.pos;
        let first = self.sum()?;
        let mut rest = Vec::new();
        loop {
            let op = match &self.current.tok {
                Tok::Op("==") => CmpOp::Eq,
                Tok::Op("!=") => CmpOp::Ne,
                Tok::Op("<") => CmpOp::Lt,
                Tok::Op("<=") => CmpOp::Le,
                Tok::Op(">") => CmpOp::Gt,
                Tok::Op(">=") => CmpOp::Ge,
                Tok::Name(name) if **name == *"in" => CmpOp::In,
                Tok::Name(name) if **name == *"not" => {
                    if !matches!(self.look()?, Tok::Name(name) if **name == *"in") {
                        break;
                    }
                    self.next()?;
                    CmpOp::NotIn
                }
                _ => break,
            };
            self.next()?;
            self.chain(rest.len())?;
            rest.push((op, self.sum()?));
        }
        if rest.is_empty() {
            return Ok(first);
        }
        Ok(Node { pos, expr: Expr::Compare(Self::boxed(first), rest) })
    }

    fn binary(&mut self, operand: fn(&mut Self) -> R<Node>, ops: &[(&str, BinOp)]) -> R<Node> {
        let pos = self.current.pos;
        let first = operand(self)?;
        let mut rest = Vec::new();
        while let Tok::Op(found) = &self.current.tok {
            let Some((_, op)) = ops.iter().find(|(text, _)| text == found) else { break };
            self.next()?;
            self.chain(rest.len())?;
            rest.push((*op, operand(self)?));
        }
        if rest.is_empty() {
            return Ok(first);
        }
        Ok(Node { pos, expr: Expr::Bin(Self::boxed(first), rest) })
    }

    fn sum(&mut self) -> R<Node> {
        self.binary(Parser::concat, &[("+", BinOp::Add), ("-", BinOp::Sub)])
    }

    fn concat(&mut self) -> R<Node> {
        let pos = self.current.pos;
        let first = self.product()?;
        if !self.is_op("~") {
            return Ok(first);
        }
        let mut items = vec![first];
        while self.skip_op("~")? {
            self.chain(items.len())?;
            items.push(self.product()?);
        }
        Ok(Node { pos, expr: Expr::Concat(items) })
    }

    fn product(&mut self) -> R<Node> {
        let ops =
            [("*", BinOp::Mul), ("/", BinOp::Div), ("//", BinOp::FloorDiv), ("%", BinOp::Mod)];
        self.binary(Parser::power, &ops)
    }

    fn power(&mut self) -> R<Node> {
        self.binary(|parser| parser.unary(true), &[("**", BinOp::Pow)])
    }

    fn unary(&mut self, with_filter: bool) -> R<Node> {
        let pos = self.current.pos;
        let node = if self.skip_op("-")? {
            let operand = self.nested(|parser| parser.unary(false))?;
            Node { pos, expr: negated(operand) }
        } else if self.skip_op("+")? {
            let operand = self.nested(|parser| parser.unary(false))?;
            Node { pos, expr: Expr::Plus(Self::boxed(operand)) }
        } else {
            self.primary()?
        };
        let mut links = 0;
        let node = self.postfix(node, &mut links)?;
        if with_filter { self.filters(node, &mut links) } else { Ok(node) }
    }

    pub(super) fn primary(&mut self) -> R<Node> {
        let pos = self.current.pos;
        let expr = match &self.current.tok {
            Tok::Name(name) => {
                let name = name.clone();
                self.next()?;
                match &*name {
                    "true" | "True" => Expr::Const(Value::Bool(true)),
                    "false" | "False" => Expr::Const(Value::Bool(false)),
                    "none" | "None" => Expr::Const(Value::Null),
                    _ => {
                        self.read(&name);
                        Expr::Name(name)
                    }
                }
            }
            Tok::Str(text) => {
                let mut text = text.clone();
                self.next()?;
                while let Tok::Str(more) = &self.current.tok {
                    text = format!("{text}{more}").into();
                    self.next()?;
                }
                Expr::Const(Value::Str(text))
            }
            Tok::Int(value) => {
                let value = value.clone();
                self.next()?;
                Expr::Const(value)
            }
            Tok::Float(float) => {
                let value = Value::Float(*float);
                self.next()?;
                Expr::Const(value)
            }
            Tok::Op("(") => {
                self.next()?;
                let rules = TupleRules { parentheses: true, ..TupleRules::default() };
                let node = self.tuple(rules)?;
                self.expect_op(")")?;
                return Ok(node);
            }
            Tok::Op("[") => self.list()?,
            Tok::Op("{") => self.dict()?,
            other => {
                let shown = halite_core::value::repr_str(other.describe());
                return self.fail(pos, format!("unexpected {shown}"));
            }
        };
        Ok(Node { pos, expr })
    }

    /// A name is read: macros around learn which special names they need.
    fn read(&mut self, name: &str) {
        let special = match name {
            "caller" => 0,
            "kwargs" => 1,
            "varargs" => 2,
            "loop" => return self.loops.iter_mut().for_each(|used| *used = true),
            _ => return,
        };
        self.macros.iter_mut().for_each(|flags| flags[special] = true);
    }

    fn is_tuple_end(&self, end: Option<&str>) -> bool {
        matches!(self.current.tok, Tok::VarEnd | Tok::BlockEnd)
            || self.is_op(")")
            || end.is_some_and(|end| self.is_name(end))
    }

    pub(super) fn tuple(&mut self, rules: TupleRules) -> R<Node> {
        let pos = self.current.pos;
        let mut items = Vec::new();
        let mut is_tuple = false;
        loop {
            if !items.is_empty() {
                self.expect_op(",")?;
            }
            if self.is_tuple_end(rules.end) {
                break;
            }
            items.push(match (rules.simplified, rules.with_cond) {
                (true, _) => self.nested(Parser::primary)?,
                (_, true) => self.expression()?,
                _ => self.nested(Parser::or)?,
            });
            if !self.is_op(",") {
                break;
            }
            is_tuple = true;
        }
        if !is_tuple {
            if let Some(only) = items.pop() {
                return Ok(only);
            }
            if !rules.parentheses {
                let shown = halite_core::value::repr_str(self.current.tok.describe());
                return self.fail(self.current.pos, format!("Expected an expression, got {shown}"));
            }
        }
        Ok(Node { pos, expr: Expr::Tuple(items) })
    }

    fn list(&mut self) -> R<Expr> {
        self.next()?;
        let mut items = Vec::new();
        while !self.is_op("]") {
            if !items.is_empty() {
                self.expect_op(",")?;
            }
            if self.is_op("]") {
                break;
            }
            items.push(self.expression()?);
        }
        self.expect_op("]")?;
        Ok(Expr::List(items))
    }

    fn dict(&mut self) -> R<Expr> {
        self.next()?;
        let mut items = Vec::new();
        while !self.is_op("}") {
            if !items.is_empty() {
                self.expect_op(",")?;
            }
            if self.is_op("}") {
                break;
            }
            let key = self.expression()?;
            self.expect_op(":")?;
            items.push((key, self.expression()?));
        }
        self.expect_op("}")?;
        Ok(Expr::Dict(items))
    }

    fn link(&self, links: &mut u32) -> R<()> {
        *links += 1;
        if *links <= LONGEST_POSTFIX {
            return Ok(());
        }
        let text =
            format!("more than {LONGEST_POSTFIX} attributes, calls and filters follow one another");
        self.fail(self.current.pos, text)
    }

    pub(super) fn postfix(&mut self, mut node: Node, links: &mut u32) -> R<Node> {
        loop {
            node = match self.current.tok {
                Tok::Op("." | "[") => self.subscript(node)?,
                Tok::Op("(") => self.call(node)?,
                _ => return Ok(node),
            };
            self.link(links)?;
        }
    }

    fn filters(&mut self, mut node: Node, links: &mut u32) -> R<Node> {
        loop {
            node = match &self.current.tok {
                Tok::Op("|") => {
                    self.next()?;
                    self.filter(Some(node))?
                }
                Tok::Name(name) if **name == *"is" => self.test(node)?,
                Tok::Op("(") => self.call(node)?,
                _ => return Ok(node),
            };
            self.link(links)?;
        }
    }

    fn call(&mut self, node: Node) -> R<Node> {
        let pos = self.current.pos;
        let args = self.arguments()?;
        Ok(Node { pos, expr: Expr::Call(Box::new((node, args))) })
    }

    fn subscript(&mut self, node: Node) -> R<Node> {
        let token = self.next()?;
        let pos = token.pos;
        if token.tok == Tok::Op(".") {
            let attr = self.next()?;
            let expr = match attr.tok {
                Tok::Name(name) => Expr::Attr(Self::boxed(node), name),
                Tok::Int(value) => {
                    let index = Node { pos: attr.pos, expr: Expr::Const(value) };
                    Expr::Item(Self::boxed(node), Self::boxed(index))
                }
                _ => return self.fail(attr.pos, "expected name or number"),
            };
            return Ok(Node { pos: nearer(pos, attr.pos), expr });
        }
        let mut args = Vec::new();
        while !self.is_op("]") {
            if !args.is_empty() {
                self.expect_op(",")?;
            }
            args.push(self.nested(Parser::subscribed)?);
        }
        self.expect_op("]")?;
        let index = match args.len() {
            1 => args.swap_remove(0),
            _ => Node { pos, expr: Expr::Tuple(args) },
        };
        let pos = nearer(pos, index.pos);
        Ok(Node { pos, expr: Expr::Item(Self::boxed(node), Self::boxed(index)) })
    }

    fn subscribed(&mut self) -> R<Node> {
        let pos = self.current.pos;
        let start = if self.is_op(":") {
            None
        } else {
            let node = self.expression()?;
            if !self.is_op(":") {
                return Ok(node);
            }
            Some(node)
        };
        self.next()?;
        let stop = match self.current.tok {
            Tok::Op(":" | "]" | ",") => None,
            _ => Some(self.expression()?),
        };
        let mut step = None;
        if self.skip_op(":")? && !matches!(self.current.tok, Tok::Op("]" | ",")) {
            step = Some(self.expression()?);
        }
        Ok(Node { pos, expr: Expr::Slice(Box::new([start, stop, step])) })
    }
}

/// `-operand`; numbers are folded.
fn negated(operand: Node) -> Expr {
    match operand.expr {
        Expr::Const(Value::Int(int)) if int != i64::MIN => Expr::Const(Value::Int(-int)),
        Expr::Const(Value::Float(float)) => Expr::Const(Value::Float(-float)),
        expr => Expr::Neg(Box::new(Node { pos: operand.pos, expr })),
    }
}

/// The place of a member is that of its key, for the column; the line stays that of the dot or
/// bracket, which Jinja counts by.
fn nearer(pos: Pos, key: Pos) -> Pos {
    if key.line == pos.line { key } else { pos }
}
