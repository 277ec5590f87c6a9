//! Expressions.

use std::rc::Rc;

use super::ops;
use super::{Args, Rt, Scope, Unit};
use halite_core::Value;

use crate::jinja::ast::{ArgList, CmpOp, Expr, Node};
use crate::jinja::fault::R;
use crate::jinja::value::{Obj, Val, eq, less, to_text};
use crate::jinja::{filters, methods, tests};

/// The names of a template that hold one minion's own data.
const OWN: [&str; 2] = ["grains", "opts"];
/// The options that differ between minions when their pillars are compiled.
const OWN_OPTIONS: [&str; 3] = ["id", "minion_id", "grains"];

impl Rt<'_> {
    pub(crate) fn eval(&self, node: &Node, scope: &Rc<Scope>, unit: &Rc<Unit>) -> R<Val> {
        let result = match &node.expr {
            Expr::Const(value) => return Ok(Val::from(value)),
            Expr::Name(name) => {
                self.step(1)?;
                if OWN.contains(&&**name) {
                    self.request.salt.reads(None);
                }
                return Ok(self.name(name, scope));
            }
            _ => self.deeper(1, || {
                self.step(1)?;
                self.compound(node, scope, unit)
            }),
        };
        result.map_err(|mut fault| {
            if fault.at.is_none() && fault.place.is_none() {
                fault.at = Some(node.pos);
            }
            fault
        })
    }

    fn name(&self, name: &str, scope: &Rc<Scope>) -> Val {
        if let Some(val) = scope.get(name) {
            return val;
        }
        if name == "self" {
            return Val::obj(Obj::Blocks(scope.root_of()));
        }
        self.undefined_name(name, scope)
    }

    fn compound(&self, node: &Node, scope: &Rc<Scope>, unit: &Rc<Unit>) -> R<Val> {
        let eval = |node: &Node| self.eval(node, scope, unit);
        match &node.expr {
            Expr::Attr(object, name) => {
                self.get_attr(&self.accessed(object, name, scope, unit)?, name)
            }
            Expr::Item(object, key) => self.eval_item(object, key, scope, unit),
            Expr::Call(parts) => self.eval_call(&parts.0, &parts.1, scope, unit),
            Expr::Filter(parts) => {
                let (input, name, args) = &**parts;
                let input = input.as_ref().map_or(Ok(Val::None), eval)?;
                filters::call(self, name, input, self.args(args, scope, unit)?)
            }
            Expr::Test(parts) => {
                let (input, name, args) = &**parts;
                let input = eval(input)?;
                Ok(Val::Bool(tests::call(self, name, &input, self.args(args, scope, unit)?)?))
            }
            Expr::Not(operand) => Ok(Val::Bool(!eval(operand)?.truthy()?)),
            Expr::And(items) => self.logic(items, false, scope, unit),
            Expr::Or(items) => self.logic(items, true, scope, unit),
            Expr::Cond(parts) => {
                let (test, then, other) = &**parts;
                match (eval(test)?.truthy()?, other) {
                    (true, _) => eval(then),
                    (false, Some(other)) => eval(other),
                    (false, None) => Ok(Val::soft_undef(format!(
                        "the inline if-expression on line {} evaluated to false and no else section was defined.",
                        node.pos.line
                    ))),
                }
            }
            Expr::Compare(first, rest) => self.compare(first, rest, scope, unit),
            _ => self.build(node, scope, unit),
        }
    }

    /// Expressions that make a new value of their parts.
    fn build(&self, node: &Node, scope: &Rc<Scope>, unit: &Rc<Unit>) -> R<Val> {
        let eval = |node: &Node| self.eval(node, scope, unit);
        let all = |nodes: &[Node]| nodes.iter().map(eval).collect::<R<Vec<Val>>>();
        Ok(match &node.expr {
            Expr::List(items) => Val::list(all(items)?),
            Expr::Tuple(items) => Val::tuple(all(items)?),
            Expr::Dict(pairs) => {
                let dict = Val::dict([]);
                if let Val::Dict(map) = &dict {
                    for (key, item) in pairs {
                        let key = eval(key)?;
                        key.hashable()?;
                        map.insert(key, eval(item)?);
                    }
                }
                dict
            }
            Expr::Neg(operand) => ops::negate(&eval(operand)?)?,
            Expr::Plus(operand) => ops::plus(&eval(operand)?)?,
            Expr::Bin(first, rest) => {
                let mut left = eval(first)?;
                for (op, right) in rest {
                    let right = eval(right)?;
                    left = ops::binary(self, *op, &left, &right)?;
                }
                left
            }
            Expr::Concat(items) => {
                let mut text = String::new();
                let mut markup = false;
                for item in items {
                    let val = eval(item)?;
                    if self.autoescape.get() && matches!(val, Val::Markup(_)) {
                        markup = true;
                    }
                    text.push_str(&to_text(&val)?);
                }
                self.bytes(text.len())?;
                if markup { Val::markup(text) } else { Val::str(text) }
            }
            _ => Val::None,
        })
    }

    fn logic(&self, items: &[Node], stop: bool, scope: &Rc<Scope>, unit: &Rc<Unit>) -> R<Val> {
        let mut last = Val::None;
        for (at, item) in items.iter().enumerate() {
            last = self.eval(item, scope, unit)?;
            if at + 1 < items.len() && last.truthy()? == stop {
                break;
            }
        }
        Ok(last)
    }

    fn compare(
        &self,
        first: &Node,
        rest: &[(CmpOp, Node)],
        scope: &Rc<Scope>,
        unit: &Rc<Unit>,
    ) -> R<Val> {
        let mut left = self.eval(first, scope, unit)?;
        for (op, right) in rest {
            let right = self.eval(right, scope, unit)?;
            if !self.compare_pair(*op, &left, &right)? {
                return Ok(Val::Bool(false));
            }
            left = right;
        }
        Ok(Val::Bool(true))
    }

    pub(crate) fn compare_pair(&self, op: CmpOp, left: &Val, right: &Val) -> R<bool> {
        use std::cmp::Ordering::{Equal, Greater, Less};
        let order = |text| crate::jinja::value::compare(left, right, text);
        Ok(match op {
            CmpOp::Eq => eq(left, right)?,
            CmpOp::Ne => !eq(left, right)?,
            CmpOp::Lt => less(left, right, "<")?,
            CmpOp::Le => matches!(order("<=")?, Some(Less | Equal)),
            CmpOp::Gt => order(">")? == Some(Greater),
            CmpOp::Ge => matches!(order(">=")?, Some(Greater | Equal)),
            CmpOp::In => ops::contains(self, left, right)?,
            CmpOp::NotIn => !ops::contains(self, left, right)?,
        })
    }

    fn eval_item(&self, object: &Node, key: &Node, scope: &Rc<Scope>, unit: &Rc<Unit>) -> R<Val> {
        let object = match &key.expr {
            Expr::Const(Value::Str(name)) => self.item_of(object, name, scope, unit)?,
            _ => self.eval(object, scope, unit)?,
        };
        if let Expr::Slice(parts) = &key.expr {
            let mut bounds = [None, None, None];
            for (bound, part) in bounds.iter_mut().zip(parts.iter()) {
                *bound = part.as_ref().map(|part| self.eval(part, scope, unit)).transpose()?;
            }
            return self.slice(&object, bounds);
        }
        let key = self.eval(key, scope, unit)?;
        self.get_item(&object, &key)
    }

    /// The object whose member `name` is read: a method counts as reading everything in it.
    fn accessed(&self, object: &Node, name: &str, scope: &Rc<Scope>, unit: &Rc<Unit>) -> R<Val> {
        match methods::find(&Val::dict([]), name) {
            Some(_) => self.eval(object, scope, unit),
            None => self.item_of(object, name, scope, unit),
        }
    }

    /// The object whose item `name` is read. Grains that are read one by one are told by their names; every other use of
    /// the names in [`OWN`] is told as reading all.
    fn item_of(&self, object: &Node, name: &str, scope: &Rc<Scope>, unit: &Rc<Unit>) -> R<Val> {
        match &object.expr {
            Expr::Name(own) if &**own == "grains" => self.request.salt.reads(Some(name)),
            Expr::Name(own) if &**own == "opts" && !OWN_OPTIONS.contains(&name) => {}
            _ => return self.eval(object, scope, unit),
        }
        self.step(1)?;
        match &object.expr {
            Expr::Name(own) => Ok(self.name(own, scope)),
            _ => self.eval(object, scope, unit),
        }
    }

    fn eval_call(
        &self,
        callee: &Node,
        list: &ArgList,
        scope: &Rc<Scope>,
        unit: &Rc<Unit>,
    ) -> R<Val> {
        if let Expr::Attr(object, name) = &callee.expr {
            let object = match list.first_text().filter(|_| &**name == "get") {
                Some(key) => self.item_of(object, key, scope, unit)?,
                None => self.accessed(object, name, scope, unit)?,
            };
            if let Some(name) = methods::find(&object, name) {
                let args = self.args(list, scope, unit)?;
                return methods::call(self, &object, name, args);
            }
            let callee = self.get_attr(&object, name)?;
            let args = self.args(list, scope, unit)?;
            return self.call_value(&callee, args);
        }
        let callee = self.eval(callee, scope, unit)?;
        let args: Args = self.args(list, scope, unit)?;
        if let Val::Obj(obj) = &callee
            && matches!(**obj, Obj::Function("show_full_context"))
        {
            self.request.salt.reads(None);
            return crate::jinja::globals::full_context(self, scope);
        }
        self.call_value(&callee, args)
    }
}
