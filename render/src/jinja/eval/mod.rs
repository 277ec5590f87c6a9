//! Runs a parsed template.

mod access;
mod by_reference;
mod call;
mod expr;
mod import;
mod iterate;
mod loops;
pub(crate) mod number_text;
pub(crate) mod ops;
pub(crate) mod percent;
mod scope;
mod stmt;
mod trail;

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

use halite_core::Value;

use super::JinjaEngine;
use super::ast::Template;
use super::fault::{Class, Fault, Place, R, nearest, recursion_error};
use super::value::{DictKind, PyDict, Undef, Val};
use crate::jinja::request::Request;

pub(crate) use access::{index, slice_indices};
pub(crate) use call::Args;
pub(crate) use loops::Out;
pub(crate) use scope::Scope;

/// A loaded template within one rendering.
pub(crate) struct Unit {
    /// The name it was asked for by; `None` for the template that is rendered.
    pub(crate) name: Option<Arc<str>>,
    pub(crate) template: Arc<Template>,
}

/// The state of one rendering.
pub(crate) struct Rt<'a> {
    pub(crate) request: &'a Request<'a>,
    pub(crate) engine: &'a JinjaEngine,
    pub(crate) syntax: super::lexer::Syntax,
    pub(crate) globals: Rc<Scope>,
    /// Templates loaded in this rendering, by the name they were asked for by.
    units: RefCell<HashMap<Arc<str>, Rc<Unit>>>,
    /// Modules imported without context: one per template and rendering.
    modules: RefCell<HashMap<Arc<str>, Val>>,
    /// `tplfile`, `tpldir`, `tpldot` of the template loaded last.
    tpl: RefCell<[Val; 3]>,
    salt_modules: OnceCell<HashSet<String>>,
    pub(crate) salt: Val,
    /// Scopes that hold macros, which hold them: cleared at the end.
    circles: RefCell<Vec<Rc<Scope>>>,
    line: Cell<u32>,
    depth: Cell<u32>,
    steps: Cell<u64>,
    output: Cell<usize>,
    pub(crate) autoescape: Cell<bool>,
    trail: trail::Trail,
}

/// The names that change with every load.
const TPL_NAMES: [&str; 3] = ["tplfile", "tpldir", "tpldot"];

impl<'a> Rt<'a> {
    pub(crate) fn new(
        engine: &'a JinjaEngine,
        request: &'a Request<'a>,
        syntax: super::lexer::Syntax,
    ) -> Rt<'a> {
        let globals = Scope::new(None);
        let salt = Val::obj(super::value::Obj::Salt);
        super::globals::install(&globals);
        for (name, value) in request.context {
            let Some(name) = name.as_str() else { continue };
            let proxy = request.options.proxies.iter().any(|proxy| proxy == name);
            let val = match value {
                Value::Map(map) if proxy => {
                    let kind = if name == "opts" { DictKind::Options } else { DictKind::Proxy };
                    Val::Dict(Rc::new(PyDict::shared(map.clone(), kind)))
                }
                other => Val::from(other),
            };
            globals.set(&name.into(), val);
        }
        if request.context.get("salt").is_none() {
            globals.set(&"salt".into(), salt.clone());
        }
        let tpl = TPL_NAMES.map(|name| globals.get(name).unwrap_or(Val::None));
        Rt {
            request,
            engine,
            syntax,
            globals,
            units: RefCell::default(),
            modules: RefCell::default(),
            tpl: RefCell::new(tpl),
            salt_modules: OnceCell::new(),
            salt,
            circles: RefCell::default(),
            line: Cell::new(1),
            depth: Cell::new(0),
            steps: Cell::new(0),
            output: Cell::new(0),
            autoescape: Cell::new(false),
            trail: trail::Trail::default(),
        }
    }

    /// Renders the requested template.
    pub(crate) fn run(&self, template: Arc<Template>) -> R<Out> {
        let unit = Rc::new(Unit { name: None, template });
        let root = Scope::root(&self.base_scope());
        let mut out = Out::default();
        self.run_root(&unit, &root, &mut out)?;
        Ok(out)
    }

    /// What a template that gets no context sees: the globals with the current `tpl*` names.
    fn base_scope(&self) -> Rc<Scope> {
        let scope = Scope::new(Some(&self.globals));
        for (name, val) in TPL_NAMES.iter().zip(self.tpl.borrow().iter()) {
            if !val.is_none() {
                scope.set(&(*name).into(), val.clone());
            }
        }
        scope
    }

    /// Runs `body` as part of `unit`: faults get their place, lines come back afterwards.
    pub(crate) fn in_frame<T>(&self, unit: &Rc<Unit>, body: impl FnOnce() -> R<T>) -> R<T> {
        let line = self.line.get();
        let result = self.deeper(FRAME_WEIGHT, body).map_err(|mut fault| {
            let line = self.line.get();
            let file = unit.template.path.clone();
            match &fault.place {
                None => {
                    let column = fault.at.filter(|at| at.line == line).map(|at| at.column);
                    fault.place = Some(Place { file, line, column });
                }
                Some(_) => fault.trace.push(Place { file, line, column: None }),
            }
            fault
        });
        self.line.set(line);
        result
    }

    pub(crate) fn set_line(&self, line: u32) {
        self.line.set(line);
    }

    /// Counts work; an error once the template did more than it may.
    pub(crate) fn step(&self, work: u64) -> R<()> {
        let steps = self.steps.get().saturating_add(work);
        self.steps.set(steps);
        if steps > self.request.limits.steps {
            return Err(Fault::new(
                Class::Recursion,
                format!("the template took more than {} steps", self.request.limits.steps),
            ));
        }
        Ok(())
    }

    /// Counts bytes that are about to be made.
    pub(crate) fn bytes(&self, more: usize) -> R<()> {
        let bytes = self.output.get().saturating_add(more);
        self.output.set(bytes);
        self.check_size(bytes)
    }

    /// Whether something of `size` bytes or members may be made at all.
    pub(crate) fn check_size(&self, size: usize) -> R<()> {
        if size > self.request.limits.output_bytes {
            return Err(Fault::new(
                Class::Overflow,
                format!("the template makes more than {} bytes", self.request.limits.output_bytes),
            ));
        }
        Ok(())
    }

    /// Runs `body` some levels deeper; an error where the stack would not last.
    pub(crate) fn deeper<T>(&self, weight: u32, body: impl FnOnce() -> R<T>) -> R<T> {
        let depth = self.depth.get() + weight;
        if depth > self.request.limits.depth {
            return recursion_error("maximum recursion depth exceeded");
        }
        self.depth.set(depth);
        let result = body();
        self.depth.set(depth - weight);
        result
    }

    /// A missing value in the mode of the request.
    pub(crate) fn undefined(
        &self,
        message: impl Into<String>,
        class: Class,
        hint: Option<String>,
    ) -> Val {
        let strict = !self.request.options.allow_undefined;
        Val::Undef(Rc::new(Undef { message: message.into(), class, strict, hint }))
    }

    pub(crate) fn undefined_name(&self, name: &str, scope: &Scope) -> Val {
        let names = scope.names();
        let near = nearest(name, names.iter().map(|name| &**name));
        let hint = near.map(|near| format!("did you mean '{near}'?"));
        let message = format!("{} is undefined", halite_core::value::repr_str(name));
        self.undefined(message, Class::Undefined, hint)
    }

    /// Whether `module` has functions.
    pub(crate) fn has_salt_module(&self, module: &str) -> bool {
        self.salt_modules
            .get_or_init(|| {
                let names = self.request.salt.names();
                names.iter().filter_map(|name| Some(name.split_once('.')?.0.to_string())).collect()
            })
            .contains(module)
    }

    /// A random number.
    pub(crate) fn random(&self) -> u64 {
        use ring::rand::SecureRandom;
        self.request.salt.reads(None);
        let mut bytes = [0; 8];
        match ring::rand::SystemRandom::new().fill(&mut bytes) {
            Ok(()) => u64::from_le_bytes(bytes),
            // Without the system's randomness: the address of a fresh allocation and the work done.
            Err(_) => self.steps.get().wrapping_mul(0x9e37_79b9_7f4a_7c15),
        }
    }

    /// `str(value)`.
    pub(crate) fn text(&self, val: &Val) -> R<String> {
        Ok(super::value::to_text(val)?.into_owned())
    }
}

impl Rt<'_> {
    /// Remembers a scope that got a macro.
    pub(crate) fn holds_macro(&self, scope: &Rc<Scope>) {
        let mut circles = self.circles.borrow_mut();
        if !circles.last().is_some_and(|last| Rc::ptr_eq(last, scope)) {
            circles.push(scope.clone());
        }
    }
}

impl Drop for Rt<'_> {
    fn drop(&mut self) {
        self.circles.take().iter().for_each(|scope| scope.clear());
    }
}

/// What a macro call, include or block weighs against the depth limit, in expression levels.
const FRAME_WEIGHT: u32 = 6;
