//! Statements.

use std::rc::Rc;
use std::sync::Arc;

use super::{Args, Out, Rt, Scope, Unit};
use crate::jinja::ast::{BlockDef, Expr, Kind, MacroDef, Node, Stmt, Target};
use crate::jinja::fault::{Fault, R, type_error};
use crate::jinja::value::{Macro, Obj, Val};
use crate::jinja::{filters, finalize};
use crate::source_map::Span;

/// How a body ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    Done,
    Break,
    Continue,
}

/// Gives a fault that no expression knows of the place of its statement.
fn placed(mut fault: Box<Fault>, stmt: &Stmt) -> Box<Fault> {
    if fault.at.is_none() && fault.place.is_none() {
        fault.at = Some(stmt.pos);
    }
    fault
}

impl Rt<'_> {
    pub(crate) fn exec(
        &self,
        body: &[Stmt],
        scope: &Rc<Scope>,
        unit: &Rc<Unit>,
        out: &mut Out,
    ) -> R<Flow> {
        for stmt in body {
            match &stmt.kind {
                Kind::Text(text) => {
                    if !out.muted {
                        self.bytes(text.len())?;
                        self.note(out, stmt.pos, true, unit);
                        out.text.push_str(text);
                    }
                }
                Kind::Print(node) => {
                    if !out.muted {
                        self.set_line(stmt.pos.line);
                        self.step(1)?;
                        let printed = self.print(node, scope, unit, out);
                        let printed = printed.map_err(|fault| placed(fault, stmt));
                        self.pass_over(printed, unit, out)?;
                    }
                }
                _ => {
                    self.set_line(stmt.pos.line);
                    self.step(1)?;
                    let flow = self.deeper(1, || self.statement(stmt, scope, unit, out));
                    let flow = flow.map_err(|fault| placed(fault, stmt));
                    match self.pass_over_statement(flow, stmt, scope, unit)? {
                        Flow::Done => {}
                        flow => return Ok(flow),
                    }
                }
            }
        }
        Ok(Flow::Done)
    }

    fn print(&self, node: &Node, scope: &Rc<Scope>, unit: &Rc<Unit>, out: &mut Out) -> R<()> {
        let before = self.captures_made();
        let val = self.eval(node, scope, unit)?;
        if let Val::Obj(obj) = &val
            && let Obj::Loop(state) = &**obj
        {
            state.fill_all(self)?;
        }
        let start = out.text.len();
        self.note_value(out, &val, node.pos, unit, before);
        if self.autoescape.get() && !matches!(val, Val::Markup(_)) {
            let mut text = String::new();
            finalize::print(&val, &mut text)?;
            filters::escape_into(&text, &mut out.text);
        } else {
            finalize::print(&val, &mut out.text)?;
        }
        self.bytes(out.text.len() - start)
    }

    fn statement(&self, stmt: &Stmt, scope: &Rc<Scope>, unit: &Rc<Unit>, out: &mut Out) -> R<Flow> {
        match &stmt.kind {
            Kind::If(branches, else_) => {
                for (test, body) in branches {
                    self.set_line(test.pos.line.max(stmt.pos.line));
                    if self.eval(test, scope, unit)?.truthy()? {
                        return self.exec(body, scope, unit, out);
                    }
                }
                return self.exec(else_, scope, unit, out);
            }
            Kind::For(def) => self.run_for(def, scope, unit, out)?,
            Kind::Set(target, node) => {
                let val = self.eval(node, scope, unit)?;
                self.assign_target(target, val, scope, unit)?;
            }
            Kind::Do(node) => drop(self.eval(node, scope, unit)?),
            Kind::Macro(def) => self.define_macro(def, scope, unit),
            Kind::Break => return Ok(Flow::Break),
            Kind::Continue => return Ok(Flow::Continue),
            Kind::Include { .. } | Kind::Import { .. } | Kind::From { .. } | Kind::Extends(_) => {
                self.template_statement(stmt, scope, unit, out)?;
            }
            Kind::Block(def) => {
                if !out.muted {
                    self.block_statement(def, scope, out)?;
                }
            }
            _ => return self.body_statement(stmt, scope, unit, out),
        }
        Ok(Flow::Done)
    }

    /// Statements that do something with the text of their body.
    fn body_statement(
        &self,
        stmt: &Stmt,
        scope: &Rc<Scope>,
        unit: &Rc<Unit>,
        out: &mut Out,
    ) -> R<Flow> {
        match &stmt.kind {
            Kind::SetBlock(target, filter, body) => {
                let mut val = self.captured(body, &Scope::new(Some(scope)), unit)?;
                if let Some(filter) = filter {
                    self.set_line(stmt.pos.line);
                    val = self.filter_text(filter, val, scope, unit)?;
                }
                self.assign_target(target, val, scope, unit)?;
            }
            Kind::FilterBlock(filter, body) => {
                let before = self.captures_made();
                let val = self.captured(body, &Scope::new(Some(scope)), unit)?;
                self.set_line(stmt.pos.line);
                let val = self.filter_text(filter, val, scope, unit)?;
                if val.as_str().is_none() {
                    return type_error(format!(
                        "sequence item 0: expected str instance, {} found",
                        val.type_name()
                    ));
                }
                if !out.muted {
                    self.note_value(out, &val, stmt.pos, unit, before);
                    finalize::print(&val, &mut out.text)?;
                }
            }
            Kind::CallBlock(def, call) => self.call_statement(def, call, scope, unit, out)?,
            Kind::With(pairs, body) => {
                let frame = Scope::new(Some(scope));
                let mut vals = Vec::with_capacity(pairs.len());
                for (_, node) in pairs {
                    vals.push(self.eval(node, scope, unit)?);
                }
                for ((target, _), val) in pairs.iter().zip(vals) {
                    self.assign_target(target, val, &frame, unit)?;
                }
                return self.exec(body, &frame, unit, out);
            }
            Kind::Autoescape(on, body) => {
                let on = self.eval(on, scope, unit)?.truthy()?;
                let before = self.autoescape.replace(on);
                let flow = self.exec(body, &Scope::new(Some(scope)), unit, out);
                self.autoescape.set(before);
                return flow;
            }
            Kind::Load(format, target, body) => {
                let text = self.captured(body, &Scope::new(Some(scope)), unit)?;
                self.set_line(stmt.pos.line);
                let val = filters::call(self, format.filter(), text, Args::default())?;
                self.assign_target(target, val, scope, unit)?;
            }
            Kind::Profile(label, body) => {
                self.eval(label, scope, unit)?;
                return self.exec(body, scope, unit, out);
            }
            _ => {}
        }
        Ok(Flow::Done)
    }

    /// The text of a body.
    fn captured(&self, body: &[Stmt], scope: &Rc<Scope>, unit: &Rc<Unit>) -> R<Val> {
        let mut out = Out::default();
        self.exec(body, scope, unit, &mut out)?;
        let text = self.keep(out);
        Ok(if self.autoescape.get() { Val::Markup(text) } else { Val::Str(text) })
    }

    /// Applies a chain of filters whose innermost input is `text`.
    fn filter_text(&self, node: &Node, text: Val, scope: &Rc<Scope>, unit: &Rc<Unit>) -> R<Val> {
        let Expr::Filter(parts) = &node.expr else { return self.eval(node, scope, unit) };
        let (input, name, args) = &**parts;
        let input = match input {
            Some(input) => self.filter_text(input, text, scope, unit)?,
            None => text,
        };
        filters::call(self, name, input, self.args(args, scope, unit)?)
    }

    fn define_macro(&self, def: &Arc<MacroDef>, scope: &Rc<Scope>, unit: &Rc<Unit>) {
        self.holds_macro(scope);
        scope.assign(&def.name, self.make_macro(def, scope, unit));
    }

    fn make_macro(&self, def: &Arc<MacroDef>, scope: &Rc<Scope>, unit: &Rc<Unit>) -> Val {
        Val::obj(Obj::Macro(Macro {
            def: def.clone(),
            scope: scope.clone(),
            unit: unit.clone(),
            autoescape: self.autoescape.get(),
        }))
    }

    fn call_statement(
        &self,
        def: &Arc<MacroDef>,
        call: &Node,
        scope: &Rc<Scope>,
        unit: &Rc<Unit>,
        out: &mut Out,
    ) -> R<()> {
        let Expr::Call(parts) = &call.expr else { return Ok(()) };
        let (callee, args) = &**parts;
        let callee = self.eval(callee, scope, unit)?;
        let mut args = self.args(args, scope, unit)?;
        args.named.push(("caller".into(), self.make_macro(def, scope, unit)));
        let before = self.captures_made();
        let val = self.call_value(&callee, args)?;
        if !out.muted {
            self.note_value(out, &val, call.pos, unit, before);
            finalize::print(&val, &mut out.text)?;
        }
        Ok(())
    }

    fn block_statement(&self, def: &Arc<BlockDef>, scope: &Rc<Scope>, out: &mut Out) -> R<()> {
        let root = scope.root_of();
        let around = if def.scoped { scope } else { &root };
        let part = self.run_block(&def.name, 0, &root, around)?;
        let at = out.text.len();
        out.spans.extend(part.spans.into_iter().map(|span| Span { at: at + span.at, ..span }));
        out.text.push_str(&part.text);
        Ok(())
    }

    /// Assigns to a plain name; used by imports.
    pub(super) fn import_name(&self, name: &Arc<str>, val: Val, scope: &Rc<Scope>) {
        scope.import(name, val);
    }

    /// Assigns to a name as `set` does.
    pub(super) fn set_name(
        &self,
        name: &Arc<str>,
        val: Val,
        scope: &Rc<Scope>,
        unit: &Rc<Unit>,
    ) -> R<()> {
        self.assign_target(&Target::Name(name.clone()), val, scope, unit)
    }
}
