//! Modules and functions: what one file under `exec/`, `states/modules/`, `runners/` ... declares,
//! and the table that finds a function by its name.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::args::Args;
use crate::context::{Apply, Context};
use crate::error::{Error, Result};
use crate::host;
use crate::state_return::Verdict;
use crate::text::nearest;
use crate::value::{Map, Type, Value};

/// One declared parameter: the source of `sys.argspec`, `sys.doc` and of the check of a call.
#[derive(Clone, Copy, Debug)]
pub struct Param {
    /// Its name, as callers write it.
    pub name: &'static str,
    /// What it takes.
    pub ty: Type,
    /// The default as Python would print it; `None` if the parameter is required.
    pub default: Option<&'static str>,
    /// What it means.
    pub doc: &'static str,
}

/// What is known of a function without calling it.
#[derive(Clone, Copy, Debug)]
pub struct Spec {
    /// The name within its module.
    pub name: &'static str,
    /// The doc comment: what `sys.doc` prints.
    pub doc: &'static str,
    /// Parameters in order.
    pub params: &'static [Param],
    /// How many of them may be given by position: those after `*args` are given by name only.
    pub positional: usize,
    /// Whether it takes `*args`.
    pub extra_positional: bool,
    /// Whether it takes `**kwargs`.
    pub extra_named: bool,
    /// The outputter its result asks for. Salt: `__outputter__`.
    pub outputter: Option<&'static str>,
    /// The Rust module it stands in.
    pub module: &'static str,
}

impl Spec {
    /// The doc comment in the shape of a Python docstring, as `sys.doc` gives it: an empty line, the text
    /// indented by 4, examples by 8 without their fences. Salt: `salt/utils/doc.py` behaviour.
    pub fn docstring(&self) -> String {
        let mut text = String::from("\n");
        let mut fenced = false;
        for line in self.doc.trim_matches('\n').lines() {
            if line.trim_start().starts_with("```") {
                fenced = !fenced;
                // A blank line stands between a paragraph and its example.
                if fenced && !text.ends_with("\n\n") {
                    text.push('\n');
                }
                continue;
            }
            if !line.trim().is_empty() {
                text.push_str(if fenced { "        " } else { "    " });
                text.push_str(line.trim_end());
            }
            text.push('\n');
        }
        text.push_str("    ");
        text
    }
}

/// One callable function of kind `F`.
pub struct Function<F: 'static> {
    /// Name, docs, parameters.
    pub spec: Spec,
    /// The code.
    pub call: F,
}

impl<F> Function<F> {
    /// `module.function`, as far as the file's name tells the module: for error texts.
    pub fn full_name(&self) -> String {
        // `crate::exec::file::find` is of `file`, `crate::exec::cmdmod` of `cmd`.
        let mut parts = self
            .spec
            .module
            .split("::")
            .skip_while(|part| !matches!(*part, "exec" | "modules" | "runners" | "wheel"));
        let module = parts.nth(1).unwrap_or(self.spec.module).trim_end_matches('_');
        format!("{}.{}", module.strip_suffix("mod").unwrap_or(module), self.spec.name)
    }
}

/// Whether a module can work on this machine. Salt: `__virtual__`.
pub enum Available {
    /// It can.
    Yes,
    /// It cannot, and why.
    No(String),
}

/// One file of functions.
pub struct Module<F: 'static> {
    /// The name users write before the dot. Salt: `__virtualname__`.
    pub name: &'static str,
    /// Whether it works here.
    pub available: fn(&Map, &dyn host::Read) -> Available,
    /// Its table of contents.
    pub functions: &'static [&'static Function<F>],
    /// What several chunks of one module become before the first of them runs. Salt: `mod_aggregate`.
    pub aggregate: Option<AggregateFn>,
}

/// Rewrites a low chunk, given all low chunks that can run together with it.
pub type AggregateFn = fn(&Context<'_>, low: Map, chunks: &[Map]) -> Result<Map>;

impl<F: 'static> Module<F> {
    /// A module that works everywhere.
    pub const fn new(name: &'static str, functions: &'static [&'static Function<F>]) -> Module<F> {
        Module { name, available: |_, _| Available::Yes, functions, aggregate: None }
    }

    /// The same module, which asks first whether it can work.
    pub const fn available(self, available: fn(&Map, &dyn host::Read) -> Available) -> Module<F> {
        Module { name: self.name, available, functions: self.functions, aggregate: self.aggregate }
    }

    /// The same module, whose chunks can be joined.
    pub const fn aggregate(self, aggregate: AggregateFn) -> Module<F> {
        Module {
            name: self.name,
            available: self.available,
            functions: self.functions,
            aggregate: Some(aggregate),
        }
    }
}

/// An execution function: one that only looks, one that may change, or one in another process.
#[derive(Clone)]
pub enum ExecFn {
    /// Looks only; may be called while a state checks.
    Read(fn(&Context<'_>, Args) -> Result<Value>),
    /// May change the machine.
    Write(fn(&Apply<'_>, Args) -> Result<Value>),
    /// Lives elsewhere (users' own modules).
    Foreign(Arc<dyn Foreign>),
}

/// A function in another process.
pub trait Foreign: Send + Sync {
    /// Calls it.
    ///
    /// # Errors
    /// What the function raised, or what happened to its process.
    fn call(&self, cx: &Context<'_>, args: Args) -> Result<Value>;
}

/// A state function: looks, and says what it would do.
pub type StateFn = for<'a> fn(&Context<'a>, Args) -> Result<Verdict<'a>>;

/// A module of execution functions.
pub type ExecModule = Module<ExecFn>;
/// A module of state functions.
pub type StateModule = Module<StateFn>;

/// A function found.
#[derive(Clone)]
pub struct Entry<F: 'static> {
    /// Name, docs, parameters.
    pub spec: Spec,
    /// The code.
    pub call: F,
}

/// Functions by their full name, and the reasons of those that are missing.
pub struct Registry<F: 'static> {
    functions: BTreeMap<Box<str>, Entry<F>>,
    aggregates: BTreeMap<Box<str>, AggregateFn>,
    missing: BTreeMap<Box<str>, String>,
    /// Modules that the configuration leaves out, and what says so.
    left_out: BTreeMap<Box<str>, String>,
    /// Modules that may be called from outside; none: all.
    open: Option<Vec<String>>,
}

impl<F: Clone + 'static> Default for Registry<F> {
    fn default() -> Self {
        Registry {
            functions: BTreeMap::new(),
            aggregates: BTreeMap::new(),
            missing: BTreeMap::new(),
            left_out: BTreeMap::new(),
            open: None,
        }
    }
}

impl<F: Clone + 'static> Registry<F> {
    /// Takes the modules that can work here. Of several with one name the first wins: providers
    /// are listed in order of preference.
    pub fn load(
        modules: &[&'static Module<F>],
        grains: &Map,
        host: &dyn host::Read,
    ) -> Registry<F> {
        let mut registry = Registry::default();
        let mut taken: BTreeMap<&str, usize> = BTreeMap::new();
        for (index, module) in modules.iter().enumerate() {
            match (module.available)(grains, host) {
                Available::Yes => {
                    // Files of one module (`file/managed.rs`, `file/line.rs`) share its name and
                    // their functions differ; a second provider would repeat them and is passed by.
                    taken.entry(module.name).or_insert(index);
                    registry.add(module);
                }
                Available::No(why) => {
                    registry.missing.entry(module.name.into()).or_insert(why);
                }
            }
        }
        for name in taken.keys() {
            registry.missing.remove(*name);
        }
        registry
    }

    fn add(&mut self, module: &'static Module<F>) {
        for function in module.functions {
            let name = format!("{}.{}", module.name, function.spec.name).into_boxed_str();
            self.functions
                .entry(name)
                .or_insert_with(|| Entry { spec: function.spec, call: function.call.clone() });
        }
        if let Some(aggregate) = module.aggregate {
            self.aggregates.insert(module.name.into(), aggregate);
        }
    }

    /// Adds one function under a full name, for what is known only at run time.
    pub fn insert(&mut self, name: &str, entry: Entry<F>) {
        self.functions.insert(name.into(), entry);
    }

    /// Finds a function by its full name.
    ///
    /// # Errors
    /// Salt's line, with the reason or the nearest name.
    pub fn get(&self, fun: &str) -> Result<&Entry<F>> {
        self.functions
            .get(fun)
            .ok_or_else(|| Error::Unavailable { fun: fun.into(), text: self.missing_text(fun) })
    }

    /// What is said of a function that is not here. Salt: `missing_fun_string`, with the nearest name.
    pub fn missing_text(&self, fun: &str) -> String {
        let module = fun.split('.').next().unwrap_or(fun);
        match (self.missing.get(module).map(|why| &**why), self.why_missing(fun)) {
            (Some(""), _) => format!("'{module}' __virtual__ returned False"),
            (Some(why), _) => format!("'{module}' __virtual__ returned False: {why}"),
            (None, Some(near)) => format!("'{fun}' is not available. {near}"),
            (None, None) => format!("'{fun}' is not available."),
        }
    }

    /// Why `fun` is not here, or which name is meant; `None` if nothing is known.
    pub fn why_missing(&self, fun: &str) -> Option<String> {
        let module = fun.split('.').next().unwrap_or(fun);
        if let Some(why) = self.left_out.get(module) {
            return Some(why.clone());
        }
        if let Some(why) = self.missing.get(module) {
            return Some(format!("{module} cannot be used here: {why}"));
        }
        let names = self.functions.keys().map(|name| &**name);
        nearest(fun, names).map(|name| format!("Did you mean '{name}'?"))
    }

    /// The same functions without those of modules for which `out` holds; `why` says so. Salt: `disable_modules`,
    /// `whitelist_state_modules`.
    #[must_use]
    pub fn without(mut self, out: impl Fn(&str) -> bool, why: &str) -> Registry<F> {
        let module = |name: &str| name.split('.').next().unwrap_or(name).to_owned();
        let gone: Vec<String> =
            self.functions.keys().map(|name| module(name)).filter(|name| out(name)).collect();
        self.functions.retain(|name, _| !out(&module(name)));
        self.left_out.extend(gone.into_iter().map(|name| (name.into(), why.to_owned())));
        self
    }

    /// The same functions, of which jobs, templates and `module.run` may call those of the listed modules; what they
    /// call themselves is not bounded. An empty list bounds nothing. Salt: `whitelist_modules`, `__wire_salt__`.
    #[must_use]
    pub fn open_to(mut self, modules: Vec<String>) -> Registry<F> {
        self.open = (!modules.is_empty()).then_some(modules);
        self
    }

    /// Finds a function for somebody outside.
    ///
    /// # Errors
    /// As [`Registry::get`].
    pub fn get_open(&self, fun: &str) -> Result<&Entry<F>> {
        if self.is_open(fun) {
            return self.get(fun);
        }
        let why = "whitelist_modules of this minion does not name its module";
        let text = format!("'{fun}' is not available. {why}");
        Err(Error::Unavailable { fun: fun.into(), text })
    }

    /// Whether those outside may call functions of this name, if there are any.
    pub fn is_open(&self, fun: &str) -> bool {
        let module = fun.split('.').next().unwrap_or(fun);
        self.open.as_ref().is_none_or(|open| open.iter().any(|name| name == module))
    }

    /// Whether `fun` is here.
    pub fn contains(&self, fun: &str) -> bool {
        self.functions.contains_key(fun)
    }

    /// All functions with their specs, sorted by name.
    pub fn specs(&self) -> impl Iterator<Item = (&str, &Spec)> {
        self.functions.iter().map(|(name, entry)| (&**name, &entry.spec))
    }

    /// How chunks of `module` are joined, if they can be.
    pub fn aggregate(&self, module: &str) -> Option<AggregateFn> {
        self.aggregates.get(module).copied()
    }

    /// Modules that cannot work here, with the reason.
    pub fn missing(&self) -> impl Iterator<Item = (&str, &str)> {
        self.missing.iter().map(|(name, why)| (&**name, why.as_str()))
    }
}
