//! Arguments and calls.

use std::rc::Rc;
use std::sync::Arc;

use halite_core::{Map, Value};

use super::by_reference::{Shared, lookup};
use super::{Out, Rt, Scope, Unit};
use crate::jinja::ast::ArgList;
use crate::jinja::fault::{Class, Fault, R, nearest, type_error};
use crate::jinja::request::CallErrorKind;
use crate::jinja::value::{Macro, Obj, Val};
use crate::jinja::{globals, methods};

/// Evaluated arguments.
#[derive(Clone, Debug, Default)]
pub(crate) struct Args {
    pub(crate) pos: Vec<Val>,
    pub(crate) named: Vec<(Arc<str>, Val)>,
}

impl Args {
    pub(crate) fn one(val: Val) -> Args {
        Args { pos: vec![val], named: Vec::new() }
    }

    /// Puts the arguments in the order of `params`; the first `required` must be there.
    pub(crate) fn bind<const N: usize>(
        self,
        function: &str,
        params: [&str; N],
        required: usize,
    ) -> R<[Option<Val>; N]> {
        let given = self.pos.len();
        let mut slots = [const { None }; N];
        if given > N {
            // Filters and tests are functions of their input too.
            let filter = ["do_", "test_", "lst_"].iter().any(|own| function.starts_with(own));
            let own = usize::from(filter);
            let (takes, given) = (N + own, given + own);
            let s = if takes == 1 { "" } else { "s" };
            let from =
                if required < N { format!("from {} to ", required + own) } else { String::new() };
            return type_error(format!(
                "{function}() takes {from}{takes} positional argument{s} but {given} were given"
            ));
        }
        for (slot, val) in slots.iter_mut().zip(self.pos) {
            *slot = Some(val);
        }
        for (name, val) in self.named {
            match params.iter().position(|param| **param == *name) {
                None => {
                    return type_error(format!(
                        "{function}() got an unexpected keyword argument '{name}'"
                    ));
                }
                Some(at) if slots[at].is_some() => {
                    return type_error(format!(
                        "{function}() got multiple values for argument '{name}'"
                    ));
                }
                Some(at) => slots[at] = Some(val),
            }
        }
        let missing = (0..required.min(N)).filter(|&at| slots[at].is_none());
        let missing: Vec<String> = missing.map(|at| format!("'{}'", params[at])).collect();
        if let Some((last, before)) = missing.split_last() {
            let names = match before {
                [] => last.clone(),
                [one] => format!("{one} and {last}"),
                many => format!("{}, and {last}", many.join(", ")),
            };
            let (count, s) = (missing.len(), if before.is_empty() { "" } else { "s" });
            return type_error(format!(
                "{function}() missing {count} required positional argument{s}: {names}"
            ));
        }
        Ok(slots)
    }
}

impl<'a> Rt<'a> {
    pub(crate) fn args(&self, list: &ArgList, scope: &Rc<Scope>, unit: &Rc<Unit>) -> R<Args> {
        let mut args = Args { pos: Vec::with_capacity(list.pos.len()), named: Vec::new() };
        for node in &list.pos {
            args.pos.push(self.eval(node, scope, unit)?);
        }
        for (name, node) in &list.named {
            args.named.push((name.clone(), self.eval(node, scope, unit)?));
        }
        if let Some(node) = &list.star {
            let more = self.eval(node, scope, unit)?;
            args.pos.extend(self.iterate(&more)?);
        }
        if let Some(node) = &list.double_star {
            let Val::Dict(more) = self.eval(node, scope, unit)? else {
                return type_error("argument after ** must be a mapping");
            };
            for (key, val) in more.pairs() {
                let Some(name) = key.arc_str() else {
                    return type_error("keywords must be strings");
                };
                if args.named.iter().any(|(known, _)| *known == name) {
                    return type_error(format!(
                        "got multiple values for keyword argument '{name}'"
                    ));
                }
                args.named.push((name, val));
            }
        }
        Ok(args)
    }

    /// Calls any value.
    pub(crate) fn call_value(&self, callee: &Val, args: Args) -> R<Val> {
        self.step(1)?;
        let Val::Obj(obj) = callee else {
            if let Val::Undef(undef) = callee {
                return Err(undef.fault());
            }
            return type_error(format!("'{}' object is not callable", callee.type_name()));
        };
        match &**obj {
            Obj::Macro(item) => self.call_macro(item, args),
            Obj::Method(method) => methods::call(self, &method.object, method.name, args),
            Obj::Function(name) => globals::call(self, name, args),
            Obj::SaltFunction(name) => self.call_salt(name, args),
            Obj::Joiner(joiner) => {
                let first = !joiner.used.replace(true);
                Ok(if first { Val::str("") } else { joiner.separator.clone() })
            }
            Obj::Loop(_) => self.call_loop(obj, args),
            Obj::Block(block) => self.call_block(block),
            other => type_error(format!("'{}' object is not callable", other.type_name())),
        }
    }

    fn call_macro(&self, item: &Macro, args: Args) -> R<Val> {
        let scope = Scope::new(Some(&item.scope));
        self.bind_macro(item, args, &scope)?;
        let before = self.autoescape.replace(item.autoescape);
        let mut out = Out::default();
        let result = self.in_frame(&item.unit, || {
            self.macro_defaults(item, &scope)?;
            self.exec(&item.def.body, &scope, &item.unit, &mut out)
        });
        self.autoescape.set(before);
        result?;
        let text = self.keep(out);
        Ok(if item.autoescape { Val::Markup(text) } else { Val::Str(text) })
    }

    fn bind_macro(&self, item: &Macro, args: Args, scope: &Rc<Scope>) -> R<()> {
        let def = &item.def;
        let name = match &*def.name {
            "" => "None".to_string(),
            name => halite_core::value::repr_str(name),
        };
        let count = def.params.len();
        let Args { mut pos, mut named } = args;
        let extra = if pos.len() > count { pos.split_off(count) } else { Vec::new() };
        let given = pos.len();
        for (param, val) in def.params.iter().zip(pos) {
            scope.set(param, val);
        }
        let mut take = |param: &str| -> Option<Val> {
            let at = named.iter().position(|(known, _)| **known == *param)?;
            Some(named.remove(at).1)
        };
        for param in &def.params[given..] {
            if let Some(val) = take(param) {
                scope.set(param, val);
            }
        }
        let explicit = def.params.iter().any(|param| **param == *"caller");
        if def.caller && !explicit {
            let caller = take("caller").filter(|caller| !caller.is_none());
            let missing = || self.undefined("No caller defined", Class::Undefined, None);
            scope.set(&"caller".into(), caller.unwrap_or_else(missing));
        }
        if def.kwargs {
            let pairs = named.into_iter().map(|(key, val)| (Val::Str(key), val));
            scope.set(&"kwargs".into(), Val::dict(pairs));
        } else if let Some((key, _)) = named.first() {
            if named.iter().any(|(key, _)| **key == *"caller") {
                return type_error(format!(
                    "macro {name} was invoked with two values for the special caller argument. This is most likely a bug."
                ));
            }
            let key = halite_core::value::repr_str(key);
            let near = nearest(&key, def.params.iter().map(|param| &**param));
            let hint = near.map(|near| format!("the macro has the parameter '{near}'"));
            let text = format!("macro {name} takes no keyword argument {key}");
            return Err(Fault::new(Class::Type, text).hint(hint));
        }
        if def.varargs {
            scope.set(&"varargs".into(), Val::tuple(extra));
        } else if !extra.is_empty() {
            return type_error(format!("macro {name} takes not more than {count} argument(s)"));
        }
        Ok(())
    }

    /// Gives parameters that nobody set their defaults, which may name earlier parameters.
    fn macro_defaults(&self, item: &Macro, scope: &Rc<Scope>) -> R<()> {
        let def = &item.def;
        let first_default = def.params.len() - def.defaults.len();
        for (at, param) in def.params.iter().enumerate() {
            if scope.has_own(param) {
                continue;
            }
            let val = match at.checked_sub(first_default) {
                Some(at) => self.eval(&def.defaults[at], scope, &item.unit)?,
                None => {
                    let text = format!(
                        "parameter {} was not provided",
                        halite_core::value::repr_str(param)
                    );
                    self.undefined(text, Class::Undefined, None)
                }
            };
            scope.set(param, val);
        }
        Ok(())
    }

    fn call_salt(&self, name: &str, args: Args) -> R<Val> {
        let plain = |(at, val): (usize, &Val)| lookup(name, at, val, |val| self.plain(val));
        let positional: R<Vec<Value>> = args.pos.iter().enumerate().map(plain).collect();
        let mut named = Map::new();
        for (key, val) in &args.named {
            named.insert(Value::Str(key.clone()), self.plain(val)?);
        }
        let positional = positional?;
        let Some(shared) = Shared::of(name, &args) else {
            return self.call_plain(name, positional, named).map(|value| Val::from(&value));
        };
        let result = self.call_plain(name, positional.clone(), named.clone())?;
        Ok(shared.adopt(&result, || {
            named.shift_remove("merge");
            let positional = positional.into_iter().enumerate();
            let unmerged = positional.map(|(at, arg)| if at == 2 { Value::Null } else { arg });
            self.call_plain(name, unmerged.collect(), named).ok()
        }))
    }

    fn call_plain(&self, name: &str, positional: Vec<Value>, named: Map) -> R<Value> {
        match self.request.salt.call(name, positional, named) {
            Ok(value) => Ok(value),
            Err(error) => Err(Fault::new(
                match error.kind {
                    CallErrorKind::Execution => Class::SaltCall,
                    CallErrorKind::Type => Class::Type,
                    CallErrorKind::Value => Class::Value,
                    CallErrorKind::Key => Class::Key,
                    CallErrorKind::Other => Class::Other,
                },
                error.message,
            )
            .hint(error.hint)),
        }
    }

    /// Plain data of any value; generators are drained.
    pub(crate) fn plain(&self, val: &Val) -> R<Value> {
        match val {
            Val::Iter(_) => Val::list(self.iterate(val)?).to_value(),
            other => other.to_value(),
        }
    }
}
