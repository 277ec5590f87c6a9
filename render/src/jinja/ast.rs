//! What a template is after parsing. Shared between threads, so it holds no running values.

use std::collections::HashMap;
use std::sync::Arc;

use halite_core::Value;

/// A place in the source: line and column from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pos {
    pub(crate) line: u32,
    pub(crate) column: u32,
}

#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) pos: Pos,
    pub(crate) expr: Expr,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BinOp {
    Add,
    Sub,
    Mul,
    Div,
    FloorDiv,
    Mod,
    Pow,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CmpOp {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    In,
    NotIn,
}

/// The arguments of a call as written.
#[derive(Debug, Default)]
pub(crate) struct ArgList {
    pub(crate) pos: Vec<Node>,
    pub(crate) named: Vec<(Arc<str>, Node)>,
    pub(crate) star: Option<Node>,
    pub(crate) double_star: Option<Node>,
}

impl ArgList {
    /// The first argument, if it is a text that stands there.
    pub(crate) fn first_text(&self) -> Option<&str> {
        match &self.pos.first()?.expr {
            Expr::Const(Value::Str(text)) => Some(text),
            _ => None,
        }
    }
}

#[derive(Debug)]
pub(crate) enum Expr {
    Const(Value),
    Name(Arc<str>),
    List(Vec<Node>),
    Tuple(Vec<Node>),
    Dict(Vec<(Node, Node)>),
    Attr(Box<Node>, Arc<str>),
    Item(Box<Node>, Box<Node>),
    Slice(Box<[Option<Node>; 3]>),
    Call(Box<(Node, ArgList)>),
    /// The input is missing where a block is filtered.
    Filter(Box<(Option<Node>, Arc<str>, ArgList)>),
    Test(Box<(Node, Arc<str>, ArgList)>),
    Not(Box<Node>),
    Neg(Box<Node>),
    Plus(Box<Node>),
    /// `a + b - c`: flat, so that long chains need no stack.
    Bin(Box<Node>, Vec<(BinOp, Node)>),
    And(Vec<Node>),
    Or(Vec<Node>),
    Concat(Vec<Node>),
    Compare(Box<Node>, Vec<(CmpOp, Node)>),
    /// test, then, else
    Cond(Box<(Node, Node, Option<Node>)>),
}

#[derive(Debug)]
pub(crate) enum Target {
    Name(Arc<str>),
    Tuple(Vec<Target>),
    /// `ns.attribute`
    Namespace(Arc<str>, Arc<str>),
}

pub(crate) type Body = Vec<Stmt>;

#[derive(Debug)]
pub(crate) struct Stmt {
    pub(crate) pos: Pos,
    pub(crate) kind: Kind,
}

#[derive(Debug)]
pub(crate) struct ForLoop {
    pub(crate) target: Target,
    pub(crate) iter: Node,
    pub(crate) test: Option<Node>,
    pub(crate) recursive: bool,
    /// Whether the body reads `loop`; only then there is one.
    pub(crate) uses_loop: bool,
    pub(crate) body: Body,
    pub(crate) else_: Body,
}

#[derive(Debug)]
pub(crate) struct MacroDef {
    pub(crate) name: Arc<str>,
    pub(crate) params: Vec<Arc<str>>,
    /// Defaults of the last parameters.
    pub(crate) defaults: Vec<Node>,
    pub(crate) body: Body,
    pub(crate) varargs: bool,
    pub(crate) kwargs: bool,
    pub(crate) caller: bool,
}

#[derive(Debug)]
pub(crate) struct BlockDef {
    pub(crate) name: Arc<str>,
    pub(crate) scoped: bool,
    pub(crate) required: bool,
    pub(crate) body: Body,
}

/// Which parser a Salt tag uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Yaml,
    Json,
    Text,
}

impl Format {
    /// The filter that does it.
    pub(crate) fn filter(self) -> &'static str {
        match self {
            Format::Yaml => "load_yaml",
            Format::Json => "load_json",
            Format::Text => "load_text",
        }
    }
}

#[derive(Debug)]
pub(crate) enum Kind {
    Text(Arc<str>),
    Print(Node),
    If(Vec<(Node, Body)>, Body),
    For(Arc<ForLoop>),
    Set(Target, Node),
    SetBlock(Target, Option<Node>, Body),
    Macro(Arc<MacroDef>),
    CallBlock(Arc<MacroDef>, Node),
    FilterBlock(Node, Body),
    With(Vec<(Target, Node)>, Body),
    Autoescape(Node, Body),
    Block(Arc<BlockDef>),
    Extends(Node),
    Include { template: Node, ignore_missing: bool, with_context: bool },
    Import { template: Node, target: Arc<str>, with_context: bool, format: Option<Format> },
    From { template: Node, names: Vec<(Arc<str>, Arc<str>)>, with_context: bool },
    Do(Node),
    Break,
    Continue,
    Load(Format, Target, Body),
    Profile(Node, Body),
}

/// A parsed template.
#[derive(Debug)]
pub(crate) struct Template {
    /// What errors call the file.
    pub(crate) path: Arc<str>,
    pub(crate) source: Arc<str>,
    pub(crate) body: Body,
    pub(crate) blocks: HashMap<Arc<str>, Arc<BlockDef>>,
}
