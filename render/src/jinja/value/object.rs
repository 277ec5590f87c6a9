//! Objects that templates meet besides data: macros, modules, loops, functions.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use indexmap::IndexMap;

use super::Val;
use crate::jinja::ast;
use crate::jinja::eval::{Rt, Scope, Unit};
use crate::jinja::fault::R;

/// Works out the items of a generator when they are first wanted.
pub(crate) type Thunk = Box<dyn FnOnce(&Rt<'_>) -> R<Vec<Val>>>;

pub(crate) enum IterState {
    Lazy(Thunk),
    Ready(std::vec::IntoIter<Val>),
}

/// A one-shot iterator.
pub(crate) struct PyIter {
    /// The Python function it came from, as `repr` shows it; types of `itertools` have a dot.
    pub(crate) name: &'static str,
    pub(crate) state: RefCell<IterState>,
}

impl std::fmt::Debug for PyIter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "iterator {}", self.name)
    }
}

impl PyIter {
    pub(crate) fn type_name(&self) -> &'static str {
        match self.name {
            "zip" | "list_reverseiterator" | "reversed" => self.name,
            name if name.starts_with("itertools.") => &name["itertools.".len()..],
            _ => "generator",
        }
    }

    /// All items that are left.
    pub(crate) fn drain(&self, rt: &Rt<'_>) -> R<Vec<Val>> {
        let empty = IterState::Ready(Vec::new().into_iter());
        match self.state.replace(empty) {
            IterState::Lazy(thunk) => thunk(rt),
            IterState::Ready(items) => Ok(items.collect()),
        }
    }

    /// The next item.
    pub(crate) fn next(&self, rt: &Rt<'_>) -> R<Option<Val>> {
        let mut items = self.drain(rt)?.into_iter();
        let next = items.next();
        *self.state.borrow_mut() = IterState::Ready(items);
        Ok(next)
    }
}

/// A macro with what it closes over.
pub(crate) struct Macro {
    pub(crate) def: Arc<ast::MacroDef>,
    pub(crate) scope: Rc<Scope>,
    pub(crate) unit: Rc<Unit>,
    pub(crate) autoescape: bool,
}

/// A function bound to its object.
pub(crate) struct Method {
    pub(crate) object: Val,
    pub(crate) name: &'static str,
}

/// An imported template.
pub(crate) struct Module {
    pub(crate) name: Arc<str>,
    pub(crate) scope: Rc<Scope>,
    pub(crate) body: Arc<str>,
}

pub(crate) struct Cycler {
    pub(crate) items: Vec<Val>,
    pub(crate) at: Cell<usize>,
}

pub(crate) struct Joiner {
    pub(crate) separator: Val,
    pub(crate) used: Cell<bool>,
}

/// Where a loop takes its items from. A list is followed while it changes, as Python does.
pub(crate) enum Source {
    Items(std::vec::IntoIter<Val>),
    List(Rc<super::PyList>, usize),
}

/// The `loop` variable. Items are taken (and tested) as late as possible.
pub(crate) struct LoopState {
    pub(crate) seen: RefCell<Vec<Val>>,
    pub(crate) source: RefCell<Source>,
    /// The loop whose `if` decides about items, and where it is evaluated.
    pub(crate) test: Option<(Arc<ast::ForLoop>, Rc<Scope>, Rc<Unit>)>,
    pub(crate) index0: Cell<usize>,
    pub(crate) depth0: usize,
    pub(crate) changed: RefCell<Option<Vec<Val>>>,
    /// Set for `recursive` loops: the loop and what it closes over.
    pub(crate) recurse: Option<(Arc<ast::ForLoop>, Rc<Scope>, Rc<Unit>)>,
}

/// A block as `self.name` or `super` gives it.
pub(crate) struct Block {
    pub(crate) name: Arc<str>,
    pub(crate) depth: usize,
    pub(crate) scope: Rc<Scope>,
}

/// Everything that is not data.
pub(crate) enum Obj {
    Macro(Macro),
    Method(Method),
    /// A global function, by name.
    Function(&'static str),
    Namespace(RefCell<IndexMap<Arc<str>, Val>>),
    Cycler(Cycler),
    Joiner(Joiner),
    Loop(LoopState),
    Module(Module),
    /// `self` of a template with blocks.
    Blocks(Rc<Scope>),
    Block(Block),
    /// `salt`.
    Salt,
    /// `salt.mod`.
    SaltModule(Arc<str>),
    /// `salt['mod.fun']`.
    SaltFunction(Arc<str>),
}

impl std::fmt::Debug for Obj {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.type_name())
    }
}

impl Obj {
    pub(crate) fn truthy(&self) -> bool {
        self.len() != Some(0)
    }

    pub(crate) fn len(&self) -> Option<usize> {
        match self {
            Obj::Loop(state) => Some(state.known_len()),
            _ => None,
        }
    }

    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Obj::Macro(_) => "Macro",
            Obj::Method(_) => "builtin_function_or_method",
            Obj::Function("range" | "dict" | "cycler" | "joiner" | "namespace" | "odict") => "type",
            Obj::Function(_) | Obj::SaltFunction(_) => "function",
            Obj::Namespace(_) => "Namespace",
            Obj::Cycler(_) => "Cycler",
            Obj::Joiner(_) => "Joiner",
            Obj::Loop(_) => "LoopContext",
            Obj::Module(_) => "TemplateModule",
            Obj::Blocks(_) => "TemplateReference",
            Obj::Block(_) => "BlockReference",
            Obj::Salt => "AliasedLoader",
            Obj::SaltModule(_) => "LoadedMod",
        }
    }

    pub(crate) fn python_module(&self) -> &'static str {
        match self {
            Obj::Macro(_) | Obj::Loop(_) | Obj::Blocks(_) | Obj::Block(_) => "jinja2.runtime.",
            Obj::Namespace(_) | Obj::Cycler(_) | Obj::Joiner(_) => "jinja2.utils.",
            Obj::Module(_) => "jinja2.environment.",
            Obj::Salt => "salt.utils.templates.",
            Obj::SaltModule(_) => "salt.loader.lazy.",
            Obj::Method(_) | Obj::Function(_) | Obj::SaltFunction(_) => "",
        }
    }

    pub(crate) fn callable(&self) -> bool {
        !matches!(
            self,
            Obj::Namespace(_)
                | Obj::Cycler(_)
                | Obj::Module(_)
                | Obj::Blocks(_)
                | Obj::Salt
                | Obj::SaltModule(_)
        )
    }

    /// What `str()` and `repr()` print.
    pub(crate) fn text(&self) -> String {
        match self {
            Obj::Macro(item) if item.def.name.is_empty() => "<Macro anonymous>".into(),
            Obj::Macro(item) => {
                format!("<Macro {}>", halite_core::value::repr_str(&item.def.name))
            }
            Obj::Method(item) => {
                format!("<built-in method {} of {} object>", item.name, item.object.type_name())
            }
            Obj::Function(name) => format!("<function {name}>"),
            Obj::SaltFunction(name) => format!("<function {name}>"),
            Obj::Loop(state) => {
                format!("<LoopContext {}/{}>", state.index0.get() + 1, state.known_len())
            }
            Obj::Module(module) => module.body.to_string(),
            Obj::Blocks(_) => "<TemplateReference None>".into(),
            other => format!("<{}{} object>", other.python_module(), other.type_name()),
        }
    }
}
