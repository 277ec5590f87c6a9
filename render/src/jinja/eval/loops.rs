//! `for` loops and where text goes.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use super::stmt::Flow;
use super::{Args, Rt, Scope, Unit};
use crate::jinja::ast::{ForLoop, Target};
use crate::jinja::fault::{R, runtime_error, type_error};
use crate::jinja::value::{LoopState, Obj, Source, Val};
use crate::source_map::Span;

/// The text of a frame. Muted once `extends` ran: what follows prints nothing.
#[derive(Default)]
pub(crate) struct Out {
    pub(crate) text: String,
    pub(crate) muted: bool,
    /// Where the text comes from; empty unless the rendering is mapped.
    pub(crate) spans: Vec<Span>,
}

impl LoopState {
    /// Takes items until there are more than `at`; whether there are.
    pub(crate) fn fill(&self, rt: &Rt<'_>, at: usize) -> R<bool> {
        while self.seen.borrow().len() <= at {
            let next = match &mut *self.source.borrow_mut() {
                Source::Items(items) => items.next(),
                Source::List(list, taken) => {
                    *taken += 1;
                    list.get(*taken - 1)
                }
            };
            let Some(item) = next else { return Ok(false) };
            rt.step(1)?;
            if let Some((def, scope, unit)) = &self.test {
                let scope = Scope::new(Some(scope));
                rt.assign_target(&def.target, item.clone(), &scope, unit)?;
                let Some(test) = &def.test else { continue };
                if !rt.eval(test, &scope, unit)?.truthy()? {
                    continue;
                }
            }
            self.seen.borrow_mut().push(item);
        }
        Ok(true)
    }

    /// Takes all items; how many there are.
    pub(crate) fn fill_all(&self, rt: &Rt<'_>) -> R<usize> {
        self.fill(rt, usize::MAX - 1)?;
        Ok(self.known_len())
    }

    /// How many items were taken.
    pub(crate) fn known_len(&self) -> usize {
        self.seen.borrow().len()
    }
}

impl Rt<'_> {
    pub(crate) fn run_for(
        &self,
        def: &Arc<ForLoop>,
        scope: &Rc<Scope>,
        unit: &Rc<Unit>,
        out: &mut Out,
    ) -> R<()> {
        let items = self.eval(&def.iter, scope, unit)?;
        self.run_loop(def, &items, 0, scope, unit, out)
    }

    fn run_loop(
        &self,
        def: &Arc<ForLoop>,
        items: &Val,
        depth0: usize,
        scope: &Rc<Scope>,
        unit: &Rc<Unit>,
        out: &mut Out,
    ) -> R<()> {
        let source = match items {
            Val::List(list) => Source::List(list.clone(), 0),
            other => Source::Items(self.iterate(other)?.into_iter()),
        };
        let here = || (def.clone(), scope.clone(), unit.clone());
        let state = Rc::new(Obj::Loop(LoopState {
            seen: RefCell::default(),
            source: RefCell::new(source),
            test: def.test.is_some().then(here),
            index0: Cell::new(0),
            depth0,
            changed: RefCell::new(None),
            recurse: def.recursive.then(here),
        }));
        let Obj::Loop(state_ref) = &*state else { return Ok(()) };
        let name: Arc<str> = "loop".into();
        let mut at = 0;
        // Jinja notes at the end of a turn that there was one: `else` runs as well where none came to its end.
        let mut finished = false;
        while state_ref.fill(self, at)? {
            let Some(item) = state_ref.seen.borrow().get(at).cloned() else { break };
            state_ref.index0.set(at);
            at += 1;
            let frame = Scope::new(Some(scope));
            self.assign_target(&def.target, item, &frame, unit)?;
            if def.uses_loop {
                frame.set(&name, Val::Obj(state.clone()));
            }
            match self.exec(&def.body, &frame, unit, out)? {
                Flow::Break => break,
                Flow::Continue => {}
                Flow::Done => finished = true,
            }
        }
        if !finished && !def.else_.is_empty() {
            let frame = Scope::new(Some(scope));
            self.exec(&def.else_, &frame, unit, out)?;
        }
        Ok(())
    }

    /// `loop(items)` of a recursive loop.
    pub(crate) fn call_loop(&self, obj: &Rc<Obj>, args: Args) -> R<Val> {
        let Obj::Loop(state) = &**obj else { return type_error("not a loop") };
        let Some((def, scope, unit)) = &state.recurse else {
            return type_error(
                "The loop must have the 'recursive' marker to be called recursively.",
            );
        };
        let [items] = args.bind("__call__", ["iterable"], 1)?;
        let mut out = Out::default();
        let items = items.unwrap_or(Val::None);
        self.in_frame(unit, || {
            self.run_loop(def, &items, state.depth0 + 1, scope, unit, &mut out)
        })?;
        Ok(Val::Str(self.keep(out)))
    }

    pub(crate) fn assign_target(
        &self,
        target: &Target,
        val: Val,
        scope: &Rc<Scope>,
        unit: &Rc<Unit>,
    ) -> R<()> {
        match target {
            Target::Name(name) => scope.assign(name, val),
            Target::Tuple(targets) => {
                let items = self.unpack(&val, targets.len())?;
                for (target, item) in targets.iter().zip(items) {
                    self.assign_target(target, item, scope, unit)?;
                }
            }
            Target::Namespace(name, attr) => {
                if let Some(Val::Obj(obj)) = scope.get(name)
                    && let Obj::Namespace(attrs) = &*obj
                {
                    attrs.borrow_mut().insert(attr.clone(), val);
                    return Ok(());
                }
                return runtime_error("cannot assign attribute on non-namespace object");
            }
        }
        Ok(())
    }
}
