//! Statements: Jinja's own tags and the extensions `do`, `break`, `continue`.

use std::sync::Arc;

use super::Parser;
use super::expr::TupleRules;
use crate::jinja::ast::{BlockDef, Body, Expr, ForLoop, Kind, MacroDef, Node, Pos, Stmt, Target};
use crate::jinja::fault::R;
use crate::jinja::lexer::Tok;

/// Every tag that can begin a statement.
pub(super) const TAGS: [&str; 26] = [
    "for",
    "if",
    "block",
    "extends",
    "print",
    "macro",
    "include",
    "from",
    "import",
    "set",
    "with",
    "autoescape",
    "call",
    "filter",
    "do",
    "break",
    "continue",
    "load_yaml",
    "load_json",
    "load_text",
    "import_yaml",
    "import_json",
    "import_text",
    "profile",
    "raw",
    "elif",
];

impl Parser {
    pub(super) fn statement(&mut self, body: &mut Body) -> R<()> {
        let Tok::Name(tag) = &self.current.tok else {
            return self.fail(self.current.pos, "tag name expected");
        };
        let tag = tag.clone();
        let pos = self.current.pos;
        self.tag_stack.push(tag.clone());
        let kind = match &*tag {
            "for" => self.soft(false, Parser::for_loop)?,
            "if" => self.if_chain()?,
            "set" => self.set()?,
            "macro" => self.soft(false, Parser::macro_def)?,
            "call" => self.soft(false, Parser::call_block)?,
            "filter" => self.soft(false, Parser::filter_block)?,
            "with" => self.soft(false, Parser::with)?,
            "autoescape" => self.autoescape()?,
            "block" => self.soft(false, Parser::block)?,
            "extends" => {
                self.next()?;
                Kind::Extends(self.expression()?)
            }
            "include" => self.include()?,
            "import" => self.import()?,
            "from" => self.from_import()?,
            "print" => return self.print(body),
            "do" => {
                self.next()?;
                Kind::Do(self.tuple(TupleRules::default())?)
            }
            "break" | "continue" => {
                self.next()?;
                if *tag == *"break" { Kind::Break } else { Kind::Continue }
            }
            "load_yaml" | "load_json" | "load_text" => self.soft(false, Parser::load)?,
            "import_yaml" | "import_json" | "import_text" => self.import_data()?,
            "profile" => self.profile()?,
            _ => {
                self.tag_stack.pop();
                return self.fail_unfinished(Some(&tag), pos);
            }
        };
        self.tag_stack.pop();
        body.push(Stmt { pos, kind });
        Ok(())
    }

    fn print(&mut self, body: &mut Body) -> R<()> {
        self.next()?;
        let mut any = false;
        while self.current.tok != Tok::BlockEnd {
            if any {
                self.expect_op(",")?;
            }
            any = true;
            let node = self.expression()?;
            body.push(Stmt { pos: node.pos, kind: Kind::Print(node) });
        }
        self.tag_stack.pop();
        Ok(())
    }

    fn set(&mut self) -> R<Kind> {
        self.next()?;
        let target = self.target(None, true)?;
        if self.skip_op("=")? {
            return Ok(Kind::Set(target, self.tuple(TupleRules::default())?));
        }
        let mut filter = None;
        while self.skip_op("|")? {
            filter = Some(self.filter(filter)?);
        }
        let body = self.soft(false, |parser| parser.statements_until(&["endset"]))?;
        Ok(Kind::SetBlock(target, filter, body))
    }

    fn for_loop(&mut self) -> R<Kind> {
        self.next()?;
        let pos = self.current.pos;
        let target = self.target(Some("in"), false)?;
        if matches!(&target, Target::Name(name) if **name == *"loop") {
            return self.fail(pos, "Can't assign to special loop variable in for-loop target");
        }
        self.expect_keyword("in")?;
        let rules =
            TupleRules { with_cond: false, end: Some("recursive"), ..TupleRules::default() };
        let iter = self.tuple(rules)?;
        let test = if self.skip_name("if")? { Some(self.expression()?) } else { None };
        let recursive = self.skip_name("recursive")?;
        self.loops.push(recursive);
        let body = self.statements(&["endfor", "else"])?;
        let uses_loop = self.loops.pop().unwrap_or(true);
        let ended = self.is_name("endfor");
        self.next()?;
        let else_ = if ended { Body::new() } else { self.statements_until(&["endfor"])? };
        Ok(Kind::For(Arc::new(ForLoop { target, iter, test, recursive, uses_loop, body, else_ })))
    }

    fn if_chain(&mut self) -> R<Kind> {
        self.next()?;
        self.soft(true, |parser| {
            let mut branches = Vec::new();
            loop {
                let rules = TupleRules { with_cond: false, ..TupleRules::default() };
                let test = parser.tuple(rules)?;
                let body = parser.statements(&["elif", "else", "endif"])?;
                branches.push((test, body));
                if parser.skip_name("elif")? {
                    continue;
                }
                let has_else = parser.is_name("else");
                parser.next()?;
                let else_ =
                    if has_else { parser.statements_until(&["endif"])? } else { Body::new() };
                return Ok(Kind::If(branches, else_));
            }
        })
    }

    fn with(&mut self) -> R<Kind> {
        self.next()?;
        let mut pairs = Vec::new();
        while self.current.tok != Tok::BlockEnd {
            if !pairs.is_empty() {
                self.expect_op(",")?;
            }
            let target = self.target(None, false)?;
            self.expect_op("=")?;
            pairs.push((target, self.expression()?));
        }
        Ok(Kind::With(pairs, self.statements_until(&["endwith"])?))
    }

    fn autoescape(&mut self) -> R<Kind> {
        self.next()?;
        let on = self.expression()?;
        Ok(Kind::Autoescape(on, self.statements_until(&["endautoescape"])?))
    }

    fn block(&mut self) -> R<Kind> {
        let pos = self.next()?.pos;
        let (name, _) = self.expect_name()?;
        let scoped = self.skip_name("scoped")?;
        if scoped {
            self.loops.iter_mut().for_each(|used| *used = true);
        }
        let required = self.skip_name("required")?;
        if self.is_op("-") {
            return self.fail(
                self.current.pos,
                "Block names in Jinja have to be valid Python identifiers and may not contain hyphens, use an underscore instead.",
            );
        }
        let body = self.statements_until(&["endblock"])?;
        let blank = |stmt: &Stmt| matches!(&stmt.kind, Kind::Text(text) if text.trim().is_empty());
        if required && !body.iter().all(blank) {
            return self
                .fail(self.current.pos, "Required blocks can only contain comments or whitespace");
        }
        self.skip_name(&name)?;
        let block = Arc::new(BlockDef { name: name.clone(), scoped, required, body });
        if self.blocks.insert(name.clone(), block.clone()).is_some() {
            let text = format!("block {} defined twice", halite_core::value::repr_str(&name));
            let fault = self.fault_at(pos, text);
            self.defer(fault);
        }
        Ok(Kind::Block(block))
    }

    /// `with context` or `without context`, if it stands here.
    fn context_words(&mut self) -> R<Option<bool>> {
        let with = self.is_name("with");
        if !(with || self.is_name("without")) {
            return Ok(None);
        }
        if !matches!(self.look()?, Tok::Name(word) if **word == *"context") {
            return Ok(None);
        }
        self.next()?;
        self.next()?;
        Ok(Some(with))
    }

    fn include(&mut self) -> R<Kind> {
        self.next()?;
        let template = self.expression()?;
        let mut ignore_missing = false;
        if self.is_name("ignore") && matches!(self.look()?, Tok::Name(word) if **word == *"missing")
        {
            self.next()?;
            self.next()?;
            ignore_missing = true;
        }
        let with_context = self.context_words()?.unwrap_or(true);
        Ok(Kind::Include { template, ignore_missing, with_context })
    }

    pub(super) fn import(&mut self) -> R<Kind> {
        self.next()?;
        let template = self.expression()?;
        self.expect_keyword("as")?;
        let target = self.name_target()?;
        let with_context = self.context_words()?.unwrap_or(false);
        Ok(Kind::Import { template, target, with_context, format: None })
    }

    fn from_import(&mut self) -> R<Kind> {
        self.next()?;
        let template = self.expression()?;
        self.expect_keyword("import")?;
        let mut names = Vec::new();
        let mut with_context;
        loop {
            if !names.is_empty() {
                self.expect_op(",")?;
            }
            if !matches!(self.current.tok, Tok::Name(_)) {
                return self.unexpected("name");
            }
            with_context = self.context_words()?;
            if with_context.is_some() {
                break;
            }
            let pos = self.current.pos;
            let name = self.name_target()?;
            if name.starts_with('_') {
                return self.fail(pos, "names starting with an underline can not be imported");
            }
            let alias = if self.skip_name("as")? { self.name_target()? } else { name.clone() };
            names.push((name, alias));
            with_context = self.context_words()?;
            if with_context.is_some() || !self.is_op(",") {
                break;
            }
        }
        Ok(Kind::From { template, names, with_context: with_context.unwrap_or(false) })
    }

    /// Parameters and defaults in parentheses.
    fn signature(&mut self) -> R<(Vec<Arc<str>>, Vec<Node>)> {
        let (mut params, mut defaults) = (Vec::new(), Vec::new());
        self.expect_op("(")?;
        while !self.is_op(")") {
            if !params.is_empty() {
                self.expect_op(",")?;
            }
            let param = self.name_target()?;
            if self.skip_op("=")? {
                defaults.push(self.expression()?);
            } else if !defaults.is_empty() {
                return self
                    .fail(self.current.pos, "non-default argument follows default argument");
            }
            params.push(param);
        }
        self.expect_op(")")?;
        Ok((params, defaults))
    }

    /// The body of a macro or call block with what it needs beyond its parameters.
    fn macro_body(
        &mut self,
        name: Arc<str>,
        (params, defaults): (Vec<Arc<str>>, Vec<Node>),
        end: &'static [&'static str],
    ) -> R<Arc<MacroDef>> {
        self.macros.push([false; 3]);
        let body = self.statements_until(end)?;
        let flags = self.macros.pop().unwrap_or_default();
        let own = |special: &str| params.iter().any(|param| **param == *special);
        let caller_position = params.iter().position(|param| **param == *"caller");
        if let Some(at) = caller_position
            && flags[0]
            && params.len() - at > defaults.len()
        {
            let text = "When defining macros or call blocks the special \"caller\" argument must be omitted or be given a default.";
            let fault = self.fault_at(self.current.pos, text);
            self.defer(fault);
        }
        Ok(Arc::new(MacroDef {
            name,
            caller: flags[0],
            kwargs: flags[1] && !own("kwargs"),
            varargs: flags[2] && !own("varargs"),
            params,
            defaults,
            body,
        }))
    }

    fn macro_def(&mut self) -> R<Kind> {
        self.next()?;
        let name = self.name_target()?;
        let signature = self.signature()?;
        Ok(Kind::Macro(self.macro_body(name, signature, &["endmacro"])?))
    }

    fn call_block(&mut self) -> R<Kind> {
        let pos = self.next()?.pos;
        let signature = if self.is_op("(") { self.signature()? } else { (Vec::new(), Vec::new()) };
        let call = self.expression()?;
        if !matches!(call.expr, Expr::Call(_)) {
            return self.fail(pos, "expected call");
        }
        let def = self.macro_body("".into(), signature, &["endcall"])?;
        Ok(Kind::CallBlock(def, call))
    }

    fn filter_block(&mut self) -> R<Kind> {
        self.next()?;
        let mut filter = self.filter(None)?;
        while self.skip_op("|")? {
            filter = self.filter(Some(filter))?;
        }
        Ok(Kind::FilterBlock(filter, self.statements_until(&["endfilter"])?))
    }

    pub(super) fn name_target(&mut self) -> R<Arc<str>> {
        let (name, pos) = self.expect_name()?;
        self.assignable(&name, pos)?;
        Ok(name)
    }

    fn assignable(&self, name: &str, pos: Pos) -> R<()> {
        if matches!(name, "true" | "false" | "none" | "True" | "False" | "None") {
            return self.fail(pos, "can't assign to 'const'");
        }
        Ok(())
    }

    /// Something that can be assigned to; `end` ends a tuple of names.
    pub(super) fn target(&mut self, end: Option<&'static str>, namespace: bool) -> R<Target> {
        let mut targets = Vec::new();
        let mut is_tuple = false;
        loop {
            if !targets.is_empty() {
                self.expect_op(",")?;
            }
            let ended = matches!(self.current.tok, Tok::VarEnd | Tok::BlockEnd) || self.is_op(")");
            if ended || end.is_some_and(|end| self.is_name(end)) {
                break;
            }
            targets.push(self.nested(|parser| parser.one_target(namespace))?);
            if !self.is_op(",") {
                break;
            }
            is_tuple = true;
        }
        match targets.pop() {
            Some(only) if !is_tuple => Ok(only),
            Some(last) => {
                targets.push(last);
                Ok(Target::Tuple(targets))
            }
            None => {
                let shown = halite_core::value::repr_str(self.current.tok.describe());
                self.fail(self.current.pos, format!("Expected an expression, got {shown}"))
            }
        }
    }

    fn one_target(&mut self, namespace: bool) -> R<Target> {
        let pos = self.current.pos;
        if let Tok::Name(name) = &self.current.tok {
            let name = name.clone();
            self.next()?;
            if namespace && self.skip_op(".")? {
                return Ok(Target::Namespace(name, self.expect_name()?.0));
            }
            self.assignable(&name, pos)?;
            return Ok(Target::Name(name));
        }
        if self.skip_op("(")? {
            let target = self.target(None, false)?;
            self.expect_op(")")?;
            return Ok(target);
        }
        let node = self.primary()?;
        let what = match node.expr {
            Expr::Const(_) => "const",
            Expr::List(_) => "list",
            Expr::Dict(_) => "dict",
            _ => "expr",
        };
        self.fail(node.pos, format!("can't assign to '{what}'"))
    }
}
