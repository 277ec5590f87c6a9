//! One compile from beginning to end.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use halite_core::files::{Found, Listing};
use halite_core::glob::{fnmatch, is_glob};
use halite_core::{Apply, Context, Map, SaltEnv, Value};
use halite_render::{Pipe, RenderError, TemplateRequest};

use crate::options::Options;
use crate::within::Within;
use crate::{Deps, Subject, decrypt, ext, sls, top};

/// Compiles a minion's pillar. Faults do not end it: they stand in the pillar's `_errors`.
/// Salt: `salt/pillar/__init__.py` behaviour.
pub fn compile(who: &Subject<'_>, deps: &Deps<'_>) -> Map {
    Compiler::new(who, deps).run(true)
}

/// The same without external pillars.
pub(crate) fn compile_files(who: &Subject<'_>, deps: &Deps<'_>) -> Map {
    Compiler::new(who, deps).run(false)
}

/// The top files of all environments joined, by environment and target, and what is wrong with them.
/// Salt: `salt.runners.pillar.show_top` behaviour.
pub fn top_data(who: &Subject<'_>, deps: &Deps<'_>) -> (Map, Vec<String>) {
    let (tops, errors) = top::tops(&mut Compiler::new(who, deps));
    let shown = tops.into_iter().map(|(env, targets)| {
        let targets: Map = targets.into_iter().map(|(name, items)| (name, items.into())).collect();
        (env.into(), targets.into())
    });
    (shown.collect(), errors)
}

/// Which pillar files a minion gets, by environment, and what is wrong with the top files.
pub fn top_matches(who: &Subject<'_>, deps: &Deps<'_>) -> (Map, Vec<String>) {
    let mut compiler = Compiler::new(who, deps);
    let (tops, errors) = top::tops(&mut compiler);
    let matches = top::matches(&compiler, &tops);
    let shown = matches.into_iter().map(|(env, names)| (env.into(), names.into()));
    (shown.collect(), errors)
}

/// The state of a compile.
pub(crate) struct Compiler<'a> {
    pub(crate) who: &'a Subject<'a>,
    pub(crate) deps: &'a Deps<'a>,
    pub(crate) options: Options,
    /// What templates and functions see as the pillar.
    pub(crate) visible: Arc<Map>,
    /// sls names that may be missing, by environment.
    pub(crate) ignored: BTreeMap<String, BTreeSet<String>>,
    /// sls names that there are, by environment; listed when a pattern needs them.
    names: RefCell<BTreeMap<String, Arc<Vec<String>>>>,
    /// How many files were rendered.
    pub(crate) rendered: usize,
}

impl<'a> Compiler<'a> {
    fn new(who: &'a Subject<'a>, deps: &'a Deps<'a>) -> Compiler<'a> {
        Compiler {
            who,
            deps,
            options: Options::new(who, deps),
            visible: who.previous.clone(),
            ignored: BTreeMap::new(),
            names: RefCell::default(),
            rendered: 0,
        }
    }
}

impl Compiler<'_> {
    fn run(&mut self, with_ext: bool) -> Map {
        let over = &self.who.request.pillar_override;
        let (tops, top_errors) = top::tops(self);
        let mut errors = Vec::new();
        let mut pillar = (*self.visible).clone();
        let first = with_ext && self.options.opts.bool("ext_pillar_first");
        if first {
            pillar.extend(ext::apply(self, over.clone(), &mut errors));
            self.visible = Arc::new(pillar.clone());
        }
        let matches = top::matches(self, &tops);
        let files = sls::render_matches(self, &matches, &mut errors);
        if first {
            pillar = self.options.merge(&pillar, &files);
        } else {
            pillar.extend(files);
            if with_ext {
                let with_ext = ext::apply(self, pillar.clone(), &mut errors);
                pillar.extend(with_ext);
            }
        }
        errors.extend(top_errors);
        if self.options.opts.bool("pillar_opts") {
            pillar.insert("master".into(), self.shown_options());
        }
        if !errors.is_empty() {
            for error in &errors {
                tracing::error!("Pillar render error: {error}");
            }
            pillar.insert("_errors".into(), errors.into());
        }
        if !over.is_empty() {
            pillar = self.options.merge(&pillar, over);
        }
        let faults = decrypt::decrypt(self, &mut pillar);
        if !faults.is_empty() {
            let list = pillar.entry("_errors".into()).or_insert_with(|| Value::list([]));
            if let Some(list) = list.as_list_mut() {
                list.extend(faults.into_iter().map(Value::from));
            }
        }
        self.deps.job.secrets.learn_marked(&self.options.opts, &pillar);
        pillar
    }

    /// The options as the key `master` of the pillar shows them.
    fn shown_options(&self) -> Value {
        let mut shown = (**self.options.opts.values()).clone();
        shown.shift_remove("pillar");
        shown.insert("saltversion".into(), env!("CARGO_PKG_VERSION").into());
        shown.into()
    }

    /// Runs `with` in the context that templates and functions of this compile have.
    pub(crate) fn with_apply<T>(&self, with: impl FnOnce(&Apply<'_>) -> T) -> T {
        let services = Within(self.deps.services);
        let cx = Context {
            opts: &self.options.opts,
            grains: self.who.grains,
            pillar: &self.visible,
            exec: self.deps.exec,
            states: self.deps.states,
            host: self.deps.host,
            files: self.deps.files,
            services: &services,
            job: self.deps.job,
            in_template: true,
        };
        with(&Apply { cx: &cx, host: self.deps.host })
    }

    /// Renders a file of the pillar roots.
    pub(crate) fn render(
        &mut self,
        path: &Path,
        env: &str,
        sls: &str,
        variables: &Map,
    ) -> Result<Value, RenderError> {
        self.rendered += 1;
        if self.rendered > crate::SLS_FILES_MAX {
            let text = format!("more than {} pillar files are rendered", crate::SLS_FILES_MAX);
            return Err(RenderError::exception(text));
        }
        self.with_apply(|apply| {
            let request = TemplateRequest {
                apply,
                files: self.deps.roots,
                saltenv: env,
                sls,
                path: Some(path),
                context: variables,
            };
            let pipe = Pipe::new(&self.options.opts, self.deps.engine);
            let rendered = pipe.compile_file(path, &request)?;
            Ok(match self.options.aggregates() {
                true => rendered.into_aggregated(),
                false => rendered.into_value(),
            })
        })
    }

    /// The file of an sls, and whether it is an `init.sls`.
    ///
    /// # Errors
    /// If the pillar roots cannot be read.
    pub(crate) fn find(&self, sls: &str, env: &str) -> halite_core::Result<Option<(Found, bool)>> {
        if !self.has_env(env) {
            return Ok(None);
        }
        let Ok(env) = SaltEnv::parse(env) else { return Ok(None) };
        let path = sls.replace('.', "/");
        if let Some(found) = self.deps.roots.cache_file(&format!("{path}.sls"), &env)? {
            return Ok(Some((found, false)));
        }
        let found = self.deps.roots.cache_file(&format!("{path}/init.sls"), &env)?;
        Ok(found.map(|found| (found, true)))
    }

    /// Whether the environment is one of the pillar's.
    pub(crate) fn has_env(&self, env: &str) -> bool {
        self.options.envs.iter().any(|known| known == env)
    }

    /// The sls names that a pattern means in an environment, sorted.
    pub(crate) fn expand(&self, pattern: &str, env: &str) -> Vec<String> {
        if !is_glob(pattern) {
            let there = matches!(self.find(pattern, env), Ok(Some(_)));
            return if there { vec![pattern.to_owned()] } else { Vec::new() };
        }
        let names = self.names(env);
        names.iter().filter(|name| fnmatch(name, pattern)).cloned().collect()
    }

    /// All sls names of an environment, sorted.
    fn names(&self, env: &str) -> Arc<Vec<String>> {
        if let Some(names) = self.names.borrow().get(env) {
            return names.clone();
        }
        let files = SaltEnv::parse(env)
            .and_then(|env| self.deps.roots.list(&env, Listing::Files, ""))
            .inspect_err(|why| tracing::error!("cannot list the pillar roots of {env}: {why}"))
            .unwrap_or_default();
        let names: BTreeSet<String> = files
            .iter()
            .filter_map(|path| path.strip_suffix("/init.sls").or_else(|| path.strip_suffix(".sls")))
            .map(|path| path.replace('/', "."))
            .collect();
        let names: Arc<Vec<String>> = Arc::new(names.into_iter().collect());
        self.names.borrow_mut().insert(env.to_owned(), names.clone());
        names
    }
}
