//! The checker's view of the sls files: each rendered once, with faults passed over.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use halite_core::{Apply, FileClient, Map, SaltEnv};
use halite_render::pipe::{Pipe, Rendered};
use halite_render::{JinjaEngine, RenderError, TemplateRequest};

use super::roots::{Kind, Role, Roots, Source};
use crate::compiler::{self, RenderedSls, SlsSource};
use crate::engine::session::{fault_of, rendered_sls};

/// Reads the text of a file: the editor's, if it is open there.
pub type Texts<'a> = dyn Fn(&Path) -> Option<String> + 'a;

/// Renders the files of a tree for checking.
pub(super) struct Sheets<'a> {
    pub(super) apply: Apply<'a>,
    pub(super) roots: &'a Roots,
    pub(super) texts: &'a Texts<'a>,
    pub(super) kind: Kind,
    pub(super) sources: &'a [Source],
    engine: JinjaEngine,
    done: RefCell<HashMap<(String, String), Rc<Sheet>>>,
}

/// What came of one sls file.
pub(super) enum Sheet {
    Missing,
    Data(RenderedSls),
    Failed(compiler::Fault),
}

impl<'a> Sheets<'a> {
    pub(super) fn new(
        apply: Apply<'a>,
        roots: &'a Roots,
        texts: &'a Texts<'a>,
        kind: Kind,
        sources: &'a [Source],
    ) -> Sheets<'a> {
        let engine = JinjaEngine::gathering();
        Sheets { apply, roots, texts, kind, sources, engine, done: RefCell::default() }
    }

    /// Renders one file.
    pub(super) fn render_file(
        &self,
        path: &Path,
        env: &str,
        sls: &str,
    ) -> Result<Rendered, RenderError> {
        let text = (self.texts)(path).ok_or_else(|| {
            RenderError::exception(format!("{} cannot be read as UTF-8 text", path.display()))
        })?;
        let context = Map::new();
        let request = TemplateRequest {
            apply: &self.apply,
            files: self.roots.files(self.kind),
            saltenv: env,
            sls,
            path: Some(path),
            context: &context,
        };
        Pipe::new(self.apply.opts, &self.engine).compile(&text, &request)
    }

    /// The file of an sls and whether it is an `init.sls`.
    pub(super) fn find(&self, env: &str, sls: &str) -> Option<(PathBuf, bool)> {
        let env = SaltEnv::parse(env).ok()?;
        let base = sls.replace('.', "/");
        let files = self.roots.files(self.kind);
        [(format!("{base}.sls"), false), (format!("{base}/init.sls"), true)]
            .into_iter()
            .find_map(|(path, init)| Some((files.cache_file(&path, &env).ok()??.path, init)))
    }

    /// What came of an sls file.
    pub(super) fn sheet(&self, env: &str, sls: &str) -> Rc<Sheet> {
        let key = (env.to_owned(), sls.to_owned());
        if let Some(done) = self.done.borrow().get(&key) {
            return done.clone();
        }
        let made = Rc::new(match self.find(env, sls) {
            None => Sheet::Missing,
            Some((path, init)) => match self.render_file(&path, env, sls) {
                Ok(rendered) => Sheet::Data(rendered_sls(rendered, &path, init)),
                Err(error) => Sheet::Failed(fault_of(&error, &path)),
            },
        });
        self.done.borrow_mut().insert(key, made.clone());
        made
    }
}

impl SlsSource for Sheets<'_> {
    fn envs(&self) -> Vec<String> {
        let envs = self.roots.files(self.kind).envs().unwrap_or_default();
        let mut names: Vec<String> = envs.iter().map(ToString::to_string).collect();
        if !names.iter().any(|name| name == "base") {
            names.insert(0, "base".into());
        }
        names
    }

    fn available(&self, env: &str) -> Vec<String> {
        let here = self.sources.iter().filter(|s| s.kind == self.kind && s.env == env);
        let mut names: Vec<String> = here
            .filter_map(|source| match &source.role {
                Role::Sls(name) => Some(name.clone()),
                Role::Top => Some("top".into()),
                _ => None,
            })
            .collect();
        names.sort();
        names
    }

    fn render(&self, env: &str, sls: &str) -> compiler::Rendered {
        match &*self.sheet(env, sls) {
            Sheet::Missing => compiler::Rendered::Missing,
            Sheet::Data(data) => compiler::Rendered::Data(data.clone()),
            Sheet::Failed(fault) => compiler::Rendered::Failed(fault.clone()),
        }
    }
}
