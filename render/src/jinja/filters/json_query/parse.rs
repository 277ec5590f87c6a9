//! The grammar of JMESPath.

use halite_core::Value;
use halite_core::value::parse_json;

/// How deep an expression may nest.
const DEEPEST: u32 = 40;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cmp {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

#[derive(Clone, Debug)]
pub(super) enum Node {
    Current,
    Literal(Value),
    Field(String),
    Index(i64),
    Slice([Option<i64>; 3]),
    Sub(Box<Node>, Box<Node>),
    Pipe(Box<Node>, Box<Node>),
    Projection(Box<Node>, Box<Node>),
    ValueProjection(Box<Node>, Box<Node>),
    Flatten(Box<Node>),
    Filter(Box<Node>, Box<Node>, Box<Node>),
    Compare(Cmp, Box<Node>, Box<Node>),
    And(Box<Node>, Box<Node>),
    Or(Box<Node>, Box<Node>),
    Not(Box<Node>),
    List(Vec<Node>),
    Dict(Vec<(String, Node)>),
    Function(String, Vec<Node>),
    /// `&expression`
    Reference(Box<Node>),
}

#[derive(Clone, Debug, PartialEq)]
enum Tok {
    Name(String),
    Quoted(String),
    Literal(Value),
    Number(i64),
    Op(&'static str),
    End,
}

const OPERATORS: [&str; 24] = [
    "[?", "[]", "||", "&&", "==", "!=", "<=", ">=", "<", ">", "!", "|", "&", ".", "*", "@", "[",
    "]", "{", "}", "(", ")", ",", ":",
];

fn tokenize(text: &str) -> Result<Vec<Tok>, String> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if c.is_whitespace() {
            rest = &rest[c.len_utf8()..];
        } else if c.is_ascii_alphabetic() || c == '_' {
            let end =
                rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
            tokens.push(Tok::Name(rest[..end].to_string()));
            rest = &rest[end..];
        } else if c.is_ascii_digit() || c == '-' {
            let end =
                rest[1..].find(|c: char| !c.is_ascii_digit()).map_or(rest.len(), |end| end + 1);
            tokens.push(Tok::Number(
                rest[..end].parse().map_err(|_| format!("bad number {}", &rest[..end]))?,
            ));
            rest = &rest[end..];
        } else if matches!(c, '"' | '\'' | '`') {
            let end = quoted_end(rest, c).ok_or_else(|| format!("Unclosed {c} delimiter"))?;
            tokens.push(quoted(&rest[1..end], c)?);
            rest = &rest[end + 1..];
        } else {
            let op = OPERATORS.iter().find(|op| rest.starts_with(**op));
            let op = op.ok_or_else(|| format!("Unknown token {c}"))?;
            tokens.push(Tok::Op(op));
            rest = &rest[op.len()..];
        }
    }
    tokens.push(Tok::End);
    Ok(tokens)
}

fn quoted_end(text: &str, quote: char) -> Option<usize> {
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        if c == '\\' {
            chars.next();
        } else if c == quote {
            return Some(at);
        }
    }
    None
}

fn quoted(text: &str, quote: char) -> Result<Tok, String> {
    match quote {
        '\'' => Ok(Tok::Literal(Value::str(text.replace("\\'", "'")))),
        '"' => match parse_json(&format!("\"{text}\"")) {
            Ok(name) => Ok(Tok::Quoted(name.to_string())),
            Err(error) => Err(error.to_string()),
        },
        _ => {
            let text = text.replace("\\`", "`");
            let text = text.trim_start();
            // Old expressions write text without quotes.
            let value = parse_json(text).or_else(|_| parse_json(&format!("\"{text}\"")));
            value.map(Tok::Literal).map_err(|error| format!("Bad token {text}: {error}"))
        }
    }
}

struct Parser {
    tokens: Vec<Tok>,
    at: usize,
    depth: u32,
}

pub(super) fn parse(text: &str) -> Result<Node, String> {
    let mut parser = Parser { tokens: tokenize(text)?, at: 0, depth: 0 };
    let node = parser.expression(0)?;
    match parser.peek() {
        Tok::End => Ok(node),
        other => Err(format!("unexpected {}", show(other))),
    }
}

fn show(tok: &Tok) -> String {
    match tok {
        Tok::Name(text) | Tok::Quoted(text) => format!("'{text}'"),
        Tok::Literal(value) => value.repr(),
        Tok::Number(number) => number.to_string(),
        Tok::Op(op) => format!("'{op}'"),
        Tok::End => "end of expression".into(),
    }
}

/// How strongly an operator binds.
fn power(tok: &Tok) -> u32 {
    match tok {
        Tok::Op("|") => 1,
        Tok::Op("||") => 2,
        Tok::Op("&&") => 3,
        Tok::Op("==" | "!=" | "<" | ">" | "<=" | ">=") => 5,
        Tok::Op("[]") => 9,
        Tok::Op("*") => 20,
        Tok::Op("[?") => 21,
        Tok::Op(".") => 40,
        Tok::Op("[") => 55,
        Tok::Op("(") => 60,
        _ => 0,
    }
}

/// Below this a projection ends.
const PROJECTION_STOP: u32 = 10;

impl Parser {
    fn peek(&self) -> &Tok {
        self.tokens.get(self.at).unwrap_or(&Tok::End)
    }

    fn next(&mut self) -> Tok {
        let tok = self.peek().clone();
        self.at += 1;
        tok
    }

    fn expect(&mut self, op: &'static str) -> Result<(), String> {
        match self.next() {
            Tok::Op(found) if found == op => Ok(()),
            other => Err(format!("expected '{op}', got {}", show(&other))),
        }
    }

    fn is(&self, op: &str) -> bool {
        matches!(self.peek(), Tok::Op(found) if *found == op)
    }

    fn expression(&mut self, binding: u32) -> Result<Node, String> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(format!("more than {DEEPEST} levels"));
        }
        let mut left = self.prefix()?;
        while binding < power(self.peek()) {
            left = self.infix(left)?;
        }
        self.depth -= 1;
        Ok(left)
    }

    fn prefix(&mut self) -> Result<Node, String> {
        Ok(match self.next() {
            Tok::Literal(value) => Node::Literal(value),
            Tok::Name(name) if self.is("(") => self.function(name)?,
            Tok::Name(name) | Tok::Quoted(name) => Node::Field(name),
            Tok::Op("@") => Node::Current,
            Tok::Op("&") => Node::Reference(Box::new(self.expression(0)?)),
            Tok::Op("!") => Node::Not(Box::new(self.expression(45)?)),
            Tok::Op("(") => {
                let node = self.expression(0)?;
                self.expect(")")?;
                node
            }
            Tok::Op("*") => {
                let right = self.projected(20)?;
                Node::ValueProjection(Box::new(Node::Current), Box::new(right))
            }
            Tok::Op("[]") => self.flatten(Node::Current)?,
            Tok::Op("[?") => self.filter(Node::Current)?,
            Tok::Op("{") => self.dict()?,
            Tok::Op("[") => match self.peek() {
                Tok::Number(_) | Tok::Op(":") => self.bracket(Node::Current)?,
                Tok::Op("*") if self.tokens.get(self.at + 1) == Some(&Tok::Op("]")) => {
                    self.bracket(Node::Current)?
                }
                _ => self.list()?,
            },
            other => return Err(format!("unexpected {}", show(&other))),
        })
    }

    fn infix(&mut self, left: Node) -> Result<Node, String> {
        let boxed = Box::new;
        Ok(match self.next() {
            Tok::Op(".") => {
                if self.is("*") {
                    self.next();
                    let right = self.projected(20)?;
                    return Ok(Node::ValueProjection(boxed(left), boxed(right)));
                }
                let right = self.after_dot(40)?;
                Node::Sub(boxed(left), boxed(right))
            }
            Tok::Op("|") => Node::Pipe(boxed(left), boxed(self.expression(1)?)),
            Tok::Op("||") => Node::Or(boxed(left), boxed(self.expression(2)?)),
            Tok::Op("&&") => Node::And(boxed(left), boxed(self.expression(3)?)),
            Tok::Op("[]") => self.flatten(left)?,
            Tok::Op("[?") => self.filter(left)?,
            Tok::Op("[") => self.bracket(left)?,
            Tok::Op(op) => {
                let cmp = match op {
                    "==" => Cmp::Eq,
                    "!=" => Cmp::Ne,
                    "<" => Cmp::Lt,
                    "<=" => Cmp::Le,
                    ">" => Cmp::Gt,
                    ">=" => Cmp::Ge,
                    _ => return Err(format!("unexpected '{op}'")),
                };
                Node::Compare(cmp, boxed(left), boxed(self.expression(5)?))
            }
            other => return Err(format!("unexpected {}", show(&other))),
        })
    }

    /// What follows a dot.
    fn after_dot(&mut self, binding: u32) -> Result<Node, String> {
        match self.peek() {
            Tok::Name(_) | Tok::Quoted(_) | Tok::Op("*") => self.expression(binding),
            Tok::Op("[") => {
                self.next();
                self.list()
            }
            Tok::Op("{") => {
                self.next();
                self.dict()
            }
            other => Err(format!("unexpected {} after '.'", show(other))),
        }
    }

    /// What a projection does to each of its items.
    fn projected(&mut self, binding: u32) -> Result<Node, String> {
        if power(self.peek()) < PROJECTION_STOP {
            return Ok(Node::Current);
        }
        match self.peek() {
            Tok::Op("[" | "[?") => self.expression(binding),
            Tok::Op(".") => {
                self.next();
                self.after_dot(binding)
            }
            other => Err(format!("unexpected {}", show(other))),
        }
    }

    fn flatten(&mut self, left: Node) -> Result<Node, String> {
        let right = self.projected(9)?;
        Ok(Node::Projection(Box::new(Node::Flatten(Box::new(left))), Box::new(right)))
    }

    fn filter(&mut self, left: Node) -> Result<Node, String> {
        let test = self.expression(0)?;
        self.expect("]")?;
        let right = if self.is("[]") { Node::Current } else { self.projected(21)? };
        Ok(Node::Filter(Box::new(left), Box::new(test), Box::new(right)))
    }

    /// `[0]`, `[1:2]` or `[*]` behind `left`.
    fn bracket(&mut self, left: Node) -> Result<Node, String> {
        let left = Box::new(left);
        if self.is("*") {
            self.next();
            self.expect("]")?;
            let right = self.projected(20)?;
            return Ok(Node::Projection(left, Box::new(right)));
        }
        let mut parts = [None; 3];
        let mut at = 0;
        loop {
            match self.next() {
                Tok::Number(number) => parts[at] = Some(number),
                Tok::Op(":") if at < 2 => at += 1,
                Tok::Op("]") => break,
                other => return Err(format!("unexpected {} in brackets", show(&other))),
            }
        }
        match (at, parts[0]) {
            (0, Some(index)) => Ok(Node::Sub(left, Box::new(Node::Index(index)))),
            (0, None) => Err("empty brackets".into()),
            _ if parts[2] == Some(0) => Err("slice step cannot be 0".into()),
            _ => {
                let right = self.projected(20)?;
                let slice = Node::Sub(left, Box::new(Node::Slice(parts)));
                Ok(Node::Projection(Box::new(slice), Box::new(right)))
            }
        }
    }

    fn list(&mut self) -> Result<Node, String> {
        let mut items = vec![self.expression(0)?];
        while self.is(",") {
            self.next();
            items.push(self.expression(0)?);
        }
        self.expect("]")?;
        Ok(Node::List(items))
    }

    fn dict(&mut self) -> Result<Node, String> {
        let mut pairs = Vec::new();
        loop {
            let (Tok::Name(name) | Tok::Quoted(name)) = self.next() else {
                return Err("a key must be a name".into());
            };
            self.expect(":")?;
            pairs.push((name, self.expression(0)?));
            if !self.is(",") {
                self.expect("}")?;
                return Ok(Node::Dict(pairs));
            }
            self.next();
        }
    }

    fn function(&mut self, name: String) -> Result<Node, String> {
        self.expect("(")?;
        let mut args = Vec::new();
        while !self.is(")") {
            if !args.is_empty() {
                self.expect(",")?;
            }
            args.push(self.expression(0)?);
        }
        self.expect(")")?;
        Ok(Node::Function(name, args))
    }
}
