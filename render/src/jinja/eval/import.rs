//! Other templates: include, import, extends, blocks.

use std::rc::Rc;
use std::sync::Arc;

use super::{Args, Out, Rt, Scope, TPL_NAMES, Unit};
use crate::jinja::ast::{Kind, Stmt};
use crate::jinja::fault::{Class, Fault, R, nearest, runtime_error, type_error};
use crate::jinja::filters;
use crate::jinja::value::{Block, Module, Obj, Val};

/// How many templates one rendering may load.
const MOST_TEMPLATES: usize = 5000;

impl Rt<'_> {
    /// Runs the outermost body of a template, and of what it extends.
    pub(crate) fn run_root(&self, unit: &Rc<Unit>, root: &Rc<Scope>, out: &mut Out) -> R<()> {
        self.add_blocks(unit, root);
        let mut unit = unit.clone();
        loop {
            self.in_frame(&unit, || self.exec(&unit.template.body, root, &unit, out).map(drop))?;
            let parent = root.root.as_ref().and_then(|root| root.parent.take());
            let Some(parent) = parent else { return Ok(()) };
            self.step(1)?;
            self.add_blocks(&parent, root);
            out.muted = false;
            unit = parent;
        }
    }

    fn add_blocks(&self, unit: &Rc<Unit>, root: &Rc<Scope>) {
        let Some(root) = &root.root else { return };
        let mut blocks = root.blocks.borrow_mut();
        for (name, def) in &unit.template.blocks {
            blocks.entry(name.clone()).or_default().push((def.clone(), unit.clone()));
        }
    }

    /// Include, import, from and extends.
    pub(super) fn template_statement(
        &self,
        stmt: &Stmt,
        scope: &Rc<Scope>,
        unit: &Rc<Unit>,
        out: &mut Out,
    ) -> R<()> {
        match &stmt.kind {
            Kind::Include { template, ignore_missing, with_context } => {
                if out.muted {
                    return Ok(());
                }
                let name = self.eval(template, scope, unit)?;
                let included = match self.load_any(&name) {
                    Err(fault) if *ignore_missing && fault.class == Class::NotFound => {
                        return Ok(());
                    }
                    other => other?,
                };
                let base =
                    if *with_context { scope.snapshot(&self.globals) } else { self.base_scope() };
                let root = Scope::root(&base);
                let mut part = Out::default();
                self.run_root(&included, &root, &mut part)?;
                self.include_out(&part, stmt.pos.line, unit, out);
            }
            Kind::Import { template, target, with_context, format } => {
                let name = self.eval(template, scope, unit)?;
                let module = self.module(&name, *with_context, scope)?;
                self.import_name(target, module.clone(), scope);
                if let Some(format) = format {
                    let val = filters::call(self, format.filter(), module, Args::default())?;
                    self.set_name(target, val, scope, unit)?;
                }
            }
            Kind::From { template, names, with_context } => {
                let name = self.eval(template, scope, unit)?;
                let module = self.module(&name, *with_context, scope)?;
                for (name, alias) in names {
                    let val = self.imported(&module, name, stmt.pos.line, unit);
                    self.import_name(alias, val, scope);
                }
            }
            Kind::Extends(template) => {
                let name = self.eval(template, scope, unit)?;
                let parent = self.load_any(&name)?;
                if let Some(root) = &scope.root_of().root {
                    if root.parent.borrow().is_some() {
                        return runtime_error("extended multiple times");
                    }
                    *root.parent.borrow_mut() = Some(parent);
                }
                out.muted = true;
            }
            _ => {}
        }
        Ok(())
    }

    fn imported(&self, module: &Val, name: &str, line: u32, unit: &Rc<Unit>) -> Val {
        let Val::Obj(obj) = module else { return Val::None };
        let Obj::Module(module) = &**obj else { return Val::None };
        if let Some(val) = module.scope.exported(name) {
            return val;
        }
        let quote = halite_core::value::repr_str;
        let place = match &unit.name {
            Some(file) => format!("line {line} in {}", quote(file)),
            None => format!("line {line}"),
        };
        let message = format!(
            "the template {} (imported on {place}) does not export the requested name {}",
            quote(&module.name),
            quote(name)
        );
        let names = module.scope.names();
        let near = nearest(name, names.iter().map(|name| &**name));
        self.undefined(
            message,
            Class::Undefined,
            near.map(|near| format!("did you mean '{near}'?")),
        )
    }

    /// The module of a template: a new one with the caller's names, or the shared one without.
    fn module(&self, name: &Val, with_context: bool, scope: &Rc<Scope>) -> R<Val> {
        let unit = self.load_any(name)?;
        let key = unit.name.clone().unwrap_or_default();
        if !with_context && let Some(module) = self.modules.borrow().get(&key) {
            return Ok(module.clone());
        }
        let base = if with_context { scope.snapshot(&self.globals) } else { self.base_scope() };
        let root = Scope::root(&base);
        let mut out = Out::default();
        self.run_root(&unit, &root, &mut out)?;
        let module = Module { name: key.clone(), scope: root, body: out.text.into() };
        let module = Val::obj(Obj::Module(module));
        if !with_context {
            self.modules.borrow_mut().insert(key, module.clone());
        }
        Ok(module)
    }

    /// Loads by name, or the first that is there of a list of names.
    fn load_any(&self, name: &Val) -> R<Rc<Unit>> {
        match name {
            Val::Str(text) | Val::Markup(text) => self.load(text),
            Val::Undef(undef) => Err(undef.fault()),
            Val::List(_) | Val::Tuple(_) => {
                let names = self.iterate(name)?;
                if names.is_empty() {
                    return Err(Fault::new(
                        Class::NotFound,
                        "Tried to select from an empty list of templates.",
                    ));
                }
                let mut tried = Vec::new();
                for name in &names {
                    name.defined()?;
                    let name = self.text(name)?;
                    match self.load(&name.as_str().into()) {
                        Err(fault) if fault.class == Class::NotFound => tried.push(name),
                        other => return other,
                    }
                }
                let text = format!("none of the templates given were found: {}", tried.join(", "));
                Err(Fault::new(Class::NotFound, text))
            }
            other => type_error(format!(
                "expected str, bytes or os.PathLike object, not {}",
                other.type_name()
            )),
        }
    }

    fn load(&self, name: &Arc<str>) -> R<Rc<Unit>> {
        if let Some(unit) = self.units.borrow().get(name) {
            return Ok(unit.clone());
        }
        if self.units.borrow().len() >= MOST_TEMPLATES {
            return runtime_error(format!("more than {MOST_TEMPLATES} templates in one rendering"));
        }
        let relative = matches!(name.split('/').next(), Some("." | ".."));
        let path = if relative { self.relative(name)? } else { name.to_string() };
        let loaded = match self.request.loader.load(&path) {
            Ok(Some(loaded)) => loaded,
            Ok(None) => return Err(Fault::new(Class::NotFound, &**name)),
            Err(text) => return Err(Fault::new(Class::Other, text)),
        };
        self.loaded_from(name, &path, relative);
        let template = self.engine.parsed(&loaded.source, &loaded.path, &self.syntax)?;
        let unit = Rc::new(Unit { name: Some(name.clone()), template });
        self.units.borrow_mut().insert(name.clone(), unit.clone());
        Ok(unit)
    }

    /// `./x` and `../x` from the folder of the template loaded last.
    fn relative(&self, name: &str) -> R<String> {
        let not_found = || Err(Fault::new(Class::NotFound, name));
        let tpl = self.tpl.borrow();
        let Some(folder) = tpl[1].as_str() else { return not_found() };
        let mut parts: Vec<&str> = Vec::new();
        for part in folder.split('/').chain(name.split('/')) {
            match part {
                "" | "." => {}
                ".." if parts.pop().is_none() => return not_found(),
                ".." => {}
                part => parts.push(part),
            }
        }
        Ok(parts.join("/"))
    }

    /// The `tpl*` names become those of the loaded file; relative names leave the folder alone.
    fn loaded_from(&self, name: &str, path: &str, relative: bool) {
        debug_assert_eq!(TPL_NAMES.len(), 3);
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let mut tpl = self.tpl.borrow_mut();
        if relative {
            let folder = tpl[1].as_str().unwrap_or(folder).to_string();
            *tpl = [Val::str(name), Val::str(&folder), Val::str(folder.replace('/', "."))];
        } else {
            let shown = if folder.is_empty() { "." } else { folder };
            *tpl = [Val::str(path), Val::str(shown), Val::str(folder.replace('/', "."))];
        }
    }

    /// The text of a block: the `depth`-th definition of its name.
    pub(super) fn run_block(
        &self,
        name: &Arc<str>,
        depth: usize,
        root: &Rc<Scope>,
        around: &Rc<Scope>,
    ) -> R<Out> {
        let found = root.root.as_ref().and_then(|root| {
            root.blocks.borrow().get(name).and_then(|stack| stack.get(depth).cloned())
        });
        let Some((def, unit)) = found else { return Ok(Out::default()) };
        if def.required {
            let name = halite_core::value::repr_str(name);
            return runtime_error(format!("Required block {name} not found"));
        }
        let scope = Scope::new(Some(around));
        let this = Block { name: name.clone(), depth, scope: root.clone() };
        scope.set(&"super".into(), self.parent_block(&this));
        let mut out = Out::default();
        self.in_frame(&unit, || self.exec(&def.body, &scope, &unit, &mut out))?;
        Ok(out)
    }

    pub(crate) fn call_block(&self, block: &Block) -> R<Val> {
        let out = self.run_block(&block.name, block.depth, &block.scope, &block.scope)?;
        Ok(Val::Str(self.keep(out)))
    }

    /// The block one level up, or an undefined.
    pub(crate) fn parent_block(&self, block: &Block) -> Val {
        let levels = block
            .scope
            .root
            .as_ref()
            .map_or(0, |root| root.blocks.borrow().get(&block.name).map_or(0, Vec::len));
        if block.depth + 1 >= levels {
            let name = halite_core::value::repr_str(&block.name);
            return self.undefined(
                format!("there is no parent block called {name}."),
                Class::Undefined,
                None,
            );
        }
        let (name, depth, scope) = (block.name.clone(), block.depth + 1, block.scope.clone());
        Val::obj(Obj::Block(Block { name, depth, scope }))
    }
}
