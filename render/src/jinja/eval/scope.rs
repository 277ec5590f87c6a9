//! Names and what they stand for.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

use crate::jinja::ast::BlockDef;
use crate::jinja::value::Val;

use super::Unit;

/// From how many names on a scope uses a hash map.
const FEW: usize = 16;

enum Vars {
    Few(Vec<(Arc<str>, Val)>),
    Many(HashMap<Arc<str>, Val>),
}

/// What only the outermost scope of a template has.
#[derive(Default)]
pub(crate) struct Root {
    /// Blocks by name, the most derived first.
    pub(crate) blocks: RefCell<HashMap<Arc<str>, Vec<(Arc<BlockDef>, Rc<Unit>)>>>,
    /// Names that an import of this template sees.
    pub(crate) exported: RefCell<HashSet<Arc<str>>>,
    /// Set once `extends` ran.
    pub(crate) parent: RefCell<Option<Rc<Unit>>>,
}

/// Names of one frame; looking up goes on in the enclosing one.
pub(crate) struct Scope {
    vars: RefCell<Vars>,
    parent: Option<Rc<Scope>>,
    pub(crate) root: Option<Box<Root>>,
}

impl Scope {
    pub(crate) fn new(parent: Option<&Rc<Scope>>) -> Rc<Scope> {
        let vars = RefCell::new(Vars::Few(Vec::new()));
        Rc::new(Scope { vars, parent: parent.cloned(), root: None })
    }

    /// The outermost scope of a template.
    pub(crate) fn root(parent: &Rc<Scope>) -> Rc<Scope> {
        let vars = RefCell::new(Vars::Few(Vec::new()));
        Rc::new(Scope { vars, parent: Some(parent.clone()), root: Some(Box::default()) })
    }

    fn own(&self, name: &str) -> Option<Val> {
        match &*self.vars.borrow() {
            Vars::Few(vars) => {
                vars.iter().find(|(key, _)| **key == *name).map(|(_, val)| val.clone())
            }
            Vars::Many(vars) => vars.get(name).cloned(),
        }
    }

    /// Whether this very scope has the name.
    pub(crate) fn has_own(&self, name: &str) -> bool {
        self.own(name).is_some()
    }

    pub(crate) fn get(&self, name: &str) -> Option<Val> {
        let mut scope = self;
        loop {
            if let Some(val) = scope.own(name) {
                return Some(val);
            }
            scope = scope.parent.as_deref()?;
        }
    }

    /// A name that an import may take.
    pub(crate) fn exported(&self, name: &str) -> Option<Val> {
        let root = self.root.as_ref()?;
        if root.exported.borrow().contains(name) { self.own(name) } else { None }
    }

    pub(crate) fn set(&self, name: &Arc<str>, val: Val) {
        let mut vars = self.vars.borrow_mut();
        match &mut *vars {
            Vars::Many(vars) => drop(vars.insert(name.clone(), val)),
            Vars::Few(few) => {
                if let Some(slot) = few.iter_mut().find(|(key, _)| *key == *name) {
                    slot.1 = val;
                } else if few.len() < FEW {
                    few.push((name.clone(), val));
                } else {
                    let mut many: HashMap<_, _> = few.drain(..).collect();
                    many.insert(name.clone(), val);
                    *vars = Vars::Many(many);
                }
            }
        }
    }

    /// Assigns a name; in the outermost scope others may import it then.
    pub(crate) fn assign(&self, name: &Arc<str>, val: Val) {
        if let Some(root) = &self.root
            && !name.starts_with('_')
        {
            root.exported.borrow_mut().insert(name.clone());
        }
        self.set(name, val);
    }

    /// Assigns an imported name: it is not exported further.
    pub(crate) fn import(&self, name: &Arc<str>, val: Val) {
        if let Some(root) = &self.root {
            root.exported.borrow_mut().remove(name);
        }
        self.set(name, val);
    }

    /// Forgets all names: ends the circle of a macro and the scope that holds it.
    pub(crate) fn clear(&self) {
        let names = self.vars.replace(Vars::Few(Vec::new()));
        drop(names);
    }

    /// Everything visible from here up to (not including) `globals`, as one scope above `globals`.
    pub(crate) fn snapshot(&self, globals: &Rc<Scope>) -> Rc<Scope> {
        let copy = Scope::new(Some(globals));
        let mut chain = Vec::new();
        let mut scope = self;
        loop {
            if std::ptr::eq(scope, Rc::as_ptr(globals)) {
                break;
            }
            chain.push(scope);
            match scope.parent.as_deref() {
                Some(parent) => scope = parent,
                None => break,
            }
        }
        for scope in chain.into_iter().rev() {
            match &*scope.vars.borrow() {
                Vars::Few(vars) => vars.iter().for_each(|(name, val)| copy.set(name, val.clone())),
                Vars::Many(vars) => vars.iter().for_each(|(name, val)| copy.set(name, val.clone())),
            }
        }
        copy
    }

    /// The outermost scope of the template this one belongs to.
    pub(crate) fn root_of(self: &Rc<Scope>) -> Rc<Scope> {
        let mut scope = self;
        while scope.root.is_none() {
            match &scope.parent {
                Some(parent) => scope = parent,
                None => break,
            }
        }
        scope.clone()
    }

    /// Names that can be seen, for hints and `show_full_context`.
    pub(crate) fn names(&self) -> Vec<Arc<str>> {
        let mut names = Vec::new();
        let mut scope = Some(self);
        while let Some(at) = scope {
            match &*at.vars.borrow() {
                Vars::Few(vars) => names.extend(vars.iter().map(|(name, _)| name.clone())),
                Vars::Many(vars) => names.extend(vars.keys().cloned()),
            }
            scope = at.parent.as_deref();
        }
        names.sort_unstable();
        names.dedup();
        names
    }
}
