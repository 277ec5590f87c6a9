//! What a template refers to, without running it: for checkers and editors.

use std::sync::Arc;

use halite_core::Value;

use super::ast::{ArgList, Expr, Kind, MacroDef, Node, Pos, Stmt, Target};
use super::lexer::Syntax;
use super::report;
use crate::RenderError;

/// A place in a template, from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct At {
    /// Line.
    pub line: u32,
    /// Column, in characters.
    pub column: u32,
}

impl From<Pos> for At {
    fn from(pos: Pos) -> At {
        At { line: pos.line, column: pos.column }
    }
}

/// `pillar['a']['b']`, `grains.os`: a name with the literal keys behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The name.
    pub root: String,
    /// The keys, as far as they are literal.
    pub keys: Vec<String>,
    /// Where each key is asked for.
    pub at: Vec<At>,
    /// Whether the template reckons with it not being there: a default, a test, an `if` around.
    pub guarded: bool,
}

/// `salt['mod.fun'](..)` or `salt.mod.fun(..)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaltCall {
    /// The function.
    pub fun: String,
    /// Where its name stands.
    pub at: At,
    /// How many arguments are given by position; `None` with `*args`.
    pub positional: Option<usize>,
    /// Arguments given by name.
    pub named: Vec<String>,
    /// Whether there is `**kwargs`.
    pub open: bool,
    /// The arguments by position that are literal texts.
    pub texts: Vec<Option<String>>,
    /// As in [`Reference`].
    pub guarded: bool,
}

/// How a template takes another in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// `include`.
    Include,
    /// `import .. as`.
    Import,
    /// `from .. import`.
    From,
    /// `extends`.
    Extends,
}

/// Another template that this one takes in by a literal path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateUse {
    /// How.
    pub how: Use,
    /// The path as written.
    pub path: String,
    /// Where the path stands.
    pub at: At,
    /// Whether it may be missing.
    pub optional: bool,
    /// Names taken from it, as they are called there and here.
    pub names: Vec<(String, String)>,
}

/// A macro or a variable of the outermost level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    /// Its name.
    pub name: String,
    /// Where it is defined.
    pub at: At,
    /// The parameters of a macro; `None` for a variable.
    pub params: Option<Vec<String>>,
}

/// All that a template refers to and defines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Names with literal keys.
    pub references: Vec<Reference>,
    /// Calls of execution functions.
    pub calls: Vec<SaltCall>,
    /// Templates taken in.
    pub uses: Vec<TemplateUse>,
    /// Macros and variables.
    pub definitions: Vec<Definition>,
}

/// Reads a template; `path` is what its fault calls it.
///
/// # Errors
/// What keeps it from being parsed.
pub fn inspect(source: &str, path: &str) -> Result<Facts, RenderError> {
    let mut syntax = Syntax::default();
    let (source, header) = super::header::take(source, &mut syntax);
    let source: Arc<str> = source.replace("\r\n", "\n").into();
    let path: Arc<str> = path.into();
    let template = super::parser::parse(&source, &path, &syntax)
        .map_err(|fault| report::render_error(*fault, &path, &source, &super::request::NoFiles))?;
    let mut walk = Walk { facts: Facts::default(), guards: Vec::new(), guarded: false };
    walk.body(&template.body);
    if let Some(header) = header {
        walk.shift(header);
    }
    Ok(walk.facts)
}

struct Walk {
    facts: Facts,
    /// Keys that the tests around ask for.
    guards: Vec<String>,
    /// Within `default(..)`, `is defined` and the like.
    guarded: bool,
}

/// Filters and tests that take a missing value.
const TOLERANT: [&str; 5] = ["default", "d", "defined", "undefined", "none"];

impl Walk {
    /// Lines below the header that was taken away are one further down on disk.
    fn shift(&mut self, header: u32) {
        let facts = &mut self.facts;
        let places = (facts.references.iter_mut().flat_map(|item| &mut item.at))
            .chain(facts.calls.iter_mut().map(|item| &mut item.at))
            .chain(facts.uses.iter_mut().map(|item| &mut item.at))
            .chain(facts.definitions.iter_mut().map(|item| &mut item.at));
        places.filter(|at| at.line >= header).for_each(|at| at.line += 1);
    }

    fn body(&mut self, body: &[Stmt]) {
        body.iter().for_each(|stmt| self.statement(stmt));
    }

    fn statement(&mut self, stmt: &Stmt) {
        match &stmt.kind {
            Kind::Text(_) | Kind::Break | Kind::Continue => {}
            Kind::Print(node) | Kind::Do(node) => self.node(node),
            Kind::If(branches, else_) => {
                let before = self.guards.len();
                for (test, body) in branches {
                    self.node(test);
                    self.guard(test);
                    self.body(body);
                }
                self.body(else_);
                self.guards.truncate(before);
            }
            Kind::For(def) => {
                self.node(&def.iter);
                def.test.iter().for_each(|test| self.node(test));
                self.body(&def.body);
                self.body(&def.else_);
            }
            Kind::Set(target, node) => {
                self.node(node);
                self.define(target, stmt.pos);
            }
            Kind::SetBlock(target, filter, body) => {
                filter.iter().for_each(|filter| self.node(filter));
                self.body(body);
                self.define(target, stmt.pos);
            }
            Kind::Load(_, target, body) => {
                self.body(body);
                self.define(target, stmt.pos);
            }
            Kind::Macro(def) => {
                let params = def.params.iter().map(ToString::to_string).collect();
                self.defined(&def.name, stmt.pos, Some(params));
                self.macro_body(def);
            }
            Kind::CallBlock(def, call) => {
                self.node(call);
                self.macro_body(def);
            }
            Kind::FilterBlock(node, body)
            | Kind::Autoescape(node, body)
            | Kind::Profile(node, body) => {
                self.node(node);
                self.body(body);
            }
            Kind::With(pairs, body) => {
                pairs.iter().for_each(|(_, node)| self.node(node));
                self.body(body);
            }
            Kind::Block(def) => self.body(&def.body),
            Kind::Extends(template) => self.uses(Use::Extends, template, false, Vec::new()),
            Kind::Include { template, ignore_missing, .. } => {
                self.uses(Use::Include, template, *ignore_missing, Vec::new());
            }
            Kind::Import { template, target, .. } => {
                self.uses(Use::Import, template, false, vec![(String::new(), target.to_string())]);
                self.defined(target, stmt.pos, None);
            }
            Kind::From { template, names, .. } => {
                let names = names.iter().map(|(name, alias)| (name.to_string(), alias.to_string()));
                self.uses(Use::From, template, false, names.collect());
            }
        }
    }

    fn macro_body(&mut self, def: &MacroDef) {
        def.defaults.iter().for_each(|node| self.node(node));
        self.body(&def.body);
    }

    fn define(&mut self, target: &Target, pos: Pos) {
        match target {
            Target::Name(name) => self.defined(name, pos, None),
            Target::Tuple(targets) => targets.iter().for_each(|target| self.define(target, pos)),
            Target::Namespace(..) => {}
        }
    }

    fn defined(&mut self, name: &str, pos: Pos, params: Option<Vec<String>>) {
        let at = pos.into();
        self.facts.definitions.push(Definition { name: name.into(), at, params });
    }

    fn uses(&mut self, how: Use, template: &Node, optional: bool, names: Vec<(String, String)>) {
        if let Some(path) = text(template) {
            let at = template.pos.into();
            self.facts.uses.push(TemplateUse { how, path, at, optional, names });
        }
        self.node(template);
    }

    /// Remembers which keys a test asks for: behind it they count as looked after.
    fn guard(&mut self, test: &Node) {
        match &test.expr {
            Expr::Const(_) => self.guards.extend(text(test)),
            Expr::Attr(object, name) => {
                self.guards.push(name.to_string());
                self.guard(object);
            }
            Expr::Item(object, key) => {
                self.guard(object);
                self.guard(key);
            }
            _ => children(test, &mut |node| self.guard(node)),
        }
    }

    fn with_guard(&mut self, guarded: bool, node: &Node) {
        let before = self.guarded;
        self.guarded |= guarded;
        self.node(node);
        self.guarded = before;
    }

    fn node(&mut self, node: &Node) {
        match &node.expr {
            Expr::Filter(parts) => {
                let (input, name, args) = &**parts;
                let tolerant = TOLERANT.contains(&&**name);
                input.iter().for_each(|input| self.with_guard(tolerant, input));
                self.args(args);
            }
            Expr::Test(parts) => {
                let (input, name, args) = &**parts;
                self.with_guard(TOLERANT.contains(&&**name), input);
                self.args(args);
            }
            Expr::Call(parts) => {
                let (callee, args) = &**parts;
                if !self.salt_call(callee, args) {
                    self.node(callee);
                }
                self.args(args);
            }
            Expr::Attr(..) | Expr::Item(..) => self.path(node),
            Expr::Cond(parts) => {
                let (test, then, else_) = &**parts;
                let before = self.guards.len();
                self.guard(test);
                self.node(test);
                self.node(then);
                self.guards.truncate(before);
                else_.iter().for_each(|node| self.node(node));
            }
            Expr::And(items) | Expr::Or(items) => {
                let before = self.guards.len();
                for item in items {
                    self.node(item);
                    self.guard(item);
                }
                self.guards.truncate(before);
            }
            _ => children(node, &mut |node| self.node(node)),
        }
    }

    fn args(&mut self, args: &ArgList) {
        arg_nodes(args, &mut |node| self.with_guard(false, node));
    }

    /// A chain of keys; those behind the first that is not literal are looked at by themselves.
    fn path(&mut self, node: &Node) {
        let mut keys: Vec<Option<(String, At)>> = Vec::new();
        let mut object = node;
        loop {
            match &object.expr {
                Expr::Attr(inner, name) => {
                    keys.push(Some((name.to_string(), object.pos.into())));
                    object = inner;
                }
                Expr::Item(inner, key) => {
                    keys.push(text(key).map(|key| (key, object.pos.into())));
                    if text(key).is_none() {
                        self.node(key);
                    }
                    object = inner;
                }
                _ => break,
            }
        }
        let Expr::Name(root) = &object.expr else { return self.node(object) };
        keys.reverse();
        let (keys, at): (Vec<String>, Vec<At>) = keys.into_iter().map_while(|key| key).unzip();
        if keys.is_empty() {
            return;
        }
        let looked_after = keys.iter().any(|key| self.guards.contains(key));
        self.facts.references.push(Reference {
            root: root.to_string(),
            guarded: self.guarded || looked_after,
            keys,
            at,
        });
    }

    fn salt_call(&mut self, callee: &Node, args: &ArgList) -> bool {
        let Some((fun, pos)) = salt_name(callee) else { return false };
        let guarded = self.guarded || self.guards.contains(&fun);
        self.facts.calls.push(SaltCall {
            fun,
            at: pos.into(),
            positional: args.star.is_none().then_some(args.pos.len()),
            named: args.named.iter().map(|(name, _)| name.to_string()).collect(),
            open: args.double_star.is_some(),
            texts: args.pos.iter().map(text).collect(),
            guarded,
        });
        true
    }
}

fn text(node: &Node) -> Option<String> {
    match &node.expr {
        Expr::Const(Value::Str(text)) => Some(text.to_string()),
        _ => None,
    }
}

/// `mod.fun` of `salt['mod.fun']`, `salt.mod.fun`, `salt['mod']['fun']`.
fn salt_name(callee: &Node) -> Option<(String, Pos)> {
    let is_salt = |node: &Node| matches!(&node.expr, Expr::Name(name) if &**name == "salt");
    let step = |node: &Node| -> Option<(String, Pos)> {
        match &node.expr {
            Expr::Attr(_, name) => Some((name.to_string(), node.pos)),
            Expr::Item(_, key) => Some((text(key)?, key.pos)),
            _ => None,
        }
    };
    let (last, pos) = step(callee)?;
    let (Expr::Attr(object, _) | Expr::Item(object, _)) = &callee.expr else { return None };
    if is_salt(object) {
        return last.contains('.').then_some((last, pos));
    }
    let (module, pos) = step(object)?;
    let (Expr::Attr(root, _) | Expr::Item(root, _)) = &object.expr else { return None };
    is_salt(root).then(|| (format!("{module}.{last}"), pos))
}

fn arg_nodes<'a>(args: &'a ArgList, each: &mut dyn FnMut(&'a Node)) {
    args.pos.iter().for_each(&mut *each);
    args.named.iter().for_each(|(_, node)| each(node));
    args.star.iter().chain(&args.double_star).for_each(each);
}

fn children<'a>(node: &'a Node, each: &mut dyn FnMut(&'a Node)) {
    match &node.expr {
        Expr::Const(_) | Expr::Name(_) => {}
        Expr::List(items) | Expr::Tuple(items) | Expr::Concat(items) => {
            items.iter().for_each(each);
        }
        Expr::And(items) | Expr::Or(items) => items.iter().for_each(each),
        Expr::Dict(pairs) => pairs.iter().for_each(|(key, value)| {
            each(key);
            each(value);
        }),
        Expr::Attr(inner, _) | Expr::Not(inner) | Expr::Neg(inner) | Expr::Plus(inner) => {
            each(inner);
        }
        Expr::Item(object, key) => {
            each(object);
            each(key);
        }
        Expr::Slice(parts) => parts.iter().flatten().for_each(each),
        Expr::Call(parts) => {
            each(&parts.0);
            arg_nodes(&parts.1, each);
        }
        Expr::Filter(parts) => {
            parts.0.iter().for_each(&mut *each);
            arg_nodes(&parts.2, each);
        }
        Expr::Test(parts) => {
            each(&parts.0);
            arg_nodes(&parts.2, each);
        }
        Expr::Bin(first, rest) => {
            each(first);
            rest.iter().for_each(|(_, node)| each(node));
        }
        Expr::Compare(first, rest) => {
            each(first);
            rest.iter().for_each(|(_, node)| each(node));
        }
        Expr::Cond(parts) => {
            each(&parts.0);
            each(&parts.1);
            parts.2.iter().for_each(each);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(source: &str) -> Facts {
        inspect(source, "t").expect("parses")
    }

    #[test]
    fn references_know_whether_they_are_looked_after() {
        let all = facts(
            "{{ pillar['a']['b'] }}{{ pillar.c | default(1) }}{% if 'd' in pillar %}\
             {{ pillar['d'] }}{% endif %}{{ pillar['e'] if pillar.e is defined }}{{ grains[x] }}",
        );
        let told: Vec<_> =
            all.references.iter().map(|r| (r.keys.join(":"), r.at[0].column, r.guarded)).collect();
        let want = [
            ("a:b", 10, false),
            ("c", 32, true),
            ("d", 85, true),
            ("e", 136, true),
            ("e", 118, true),
        ];
        assert_eq!(told.len(), want.len(), "{told:?}");
        for (told, want) in told.iter().zip(want) {
            assert_eq!((told.0.as_str(), told.2), (want.0, want.2), "{told:?}");
        }
    }

    #[test]
    fn calls_and_templates_and_definitions() {
        let all = facts(
            "{% from 'm.jinja' import a as b with context %}{% import \"n\" as n %}\n\
             {% include 'o' ignore missing %}{% macro k(x, y=1) %}{% endmacro %}{% set v = 1 %}\n\
             {{ salt['pillar.get']('z', default=1) }}{{ salt.cmd.run(*c) }}",
        );
        assert_eq!(all.uses.len(), 3);
        assert_eq!(all.uses[0].names, [("a".to_owned(), "b".to_owned())]);
        assert!(all.uses[2].optional);
        assert_eq!(
            all.definitions[1].params.as_deref(),
            Some(&["x".to_owned(), "y".to_owned()][..])
        );
        assert_eq!(all.calls[0].fun, "pillar.get");
        assert_eq!((all.calls[0].at.line, all.calls[0].at.column), (3, 9));
        assert_eq!(all.calls[0].texts, [Some("z".to_owned())]);
        assert_eq!((all.calls[1].fun.as_str(), all.calls[1].positional), ("cmd.run", None));
    }
}
