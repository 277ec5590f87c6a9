//! A state run's surroundings: options, pillar, and sls files from the file client.

use std::path::PathBuf;
use std::sync::Arc;

use halite_core::files::Listing;
use halite_core::services::PillarRequest;
use halite_core::{Apply, Context, Error, Map, Opts, Result, SaltEnv, Value};
use halite_render::pipe::{Data, Pipe};
use halite_render::{RenderError, RenderErrorKind, TemplateRequest};

use crate::compiler::low::Settings;
use crate::compiler::{Fault, Place, Rendered, RenderedSls, SlsPlaces, SlsSource};
use crate::support::templates;

/// Options of a master that rule a run on its minion.
const MASTER_OPTIONS: &[&str] = &[
    "renderer",
    "failhard",
    "state_top",
    "state_top_saltenv",
    "nodegroups",
    "state_auto_order",
    "top_file_merging_strategy",
    "env_order",
    "default_top",
    "jinja_env",
    "jinja_sls_env",
    "jinja_lstrip_blocks",
    "jinja_trim_blocks",
];

/// What a caller may say about a run.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    /// Test mode, if said.
    pub test: Option<bool>,
    /// Keyword arguments of the function called: `saltenv`, `pillarenv`, `pillar`, ...
    pub kwargs: Map,
    /// The environment to use when none is said or configured.
    pub default_env: Option<&'static str>,
    /// `state_events`, if said.
    pub state_events: Option<Value>,
}

/// Runs `body` with the options and the pillar that a wish comes to.
///
/// # Errors
/// A refused environment, a malformed pillar override, and what `body` raises.
pub fn with_session<R>(
    apply: &Apply<'_>,
    wish: &Wish,
    body: impl FnOnce(&Session<'_>) -> Result<R>,
) -> Result<R> {
    let snapshot = apply.files.snapshot();
    let files = snapshot.as_deref().unwrap_or(apply.files);
    let cx = Context { files, ..*apply.cx };
    let apply = &Apply { cx: &cx, host: apply.host };
    let opts = options(apply, wish)?;
    let pillar = pillar(apply, &opts, wish)?;
    let cx = Context { opts: &opts, pillar: &pillar, ..cx };
    let apply = Apply { cx: &cx, host: apply.host };
    body(&Session { apply: &apply })
}

fn options(apply: &Apply<'_>, wish: &Wish) -> Result<Opts> {
    let mut opts = apply.opts.clone();
    let set = |opts: &mut Opts, name: &str, value: Value| *opts = opts.with(name, value);
    let master = apply.files.master_opts()?;
    for name in MASTER_OPTIONS {
        if let Some(value) = master.get(*name) {
            set(&mut opts, name, value.clone());
        }
    }
    for name in ["state_events", "state_aggregate"] {
        if let Some(value) = master.get(name).filter(|v| v.truthy() && !opts.bool(name)) {
            set(&mut opts, name, value.clone());
        }
    }
    if let Some(Value::Map(roots)) = master.get("file_roots") {
        set(&mut opts, "file_roots", Value::Map(Arc::clone(roots)));
    }
    let text = |value: &Value| if value.is_null() { Value::Null } else { value.to_string().into() };
    if let Some(env) = wish.kwargs.get("saltenv") {
        let env = text(env);
        if !env.is_null() && opts.bool("lock_saltenv") && opts.get("saltenv") != Some(&env) {
            return Err(Error::execution("lock_saltenv is enabled, saltenv cannot be changed"));
        }
        if opts.bool("pillarenv_from_saltenv") {
            set(&mut opts, "pillarenv", env.clone());
        }
        set(&mut opts, "saltenv", env);
    }
    if let Some(env) = wish.kwargs.get("pillarenv") {
        set(&mut opts, "pillarenv", text(env));
    }
    if let (None, Some(env)) = (opts.get("saltenv"), wish.default_env) {
        set(&mut opts, "saltenv", env.into());
    }
    if let Some(events) = &wish.state_events {
        set(&mut opts, "state_events", events.clone());
    }
    let test = wish.test.unwrap_or_else(|| {
        let named = ["test", "Test", "TEST"].iter();
        named.into_iter().any(|name| wish.kwargs.get(*name).is_some_and(Value::truthy))
            || test_everywhere(apply)
            || opts.bool("test")
    });
    if opts.bool("test") != test {
        set(&mut opts, "test", test.into());
    }
    Ok(opts)
}

/// Whether grains or pillar say `test: True`: the first that says anything counts.
/// Salt: `config.get("test", omit_opts=True) is True`.
fn test_everywhere(apply: &Apply<'_>) -> bool {
    let master = || apply.pillar.get("master")?.get("test");
    let told = apply.grains.get("test").or_else(|| apply.pillar.get("test")).or_else(master);
    told == Some(&Value::Bool(true))
}

fn pillar(apply: &Apply<'_>, opts: &Opts, wish: &Wish) -> Result<Arc<Map>> {
    let given = wish.kwargs.get("pillar").filter(|given| !given.is_null()).cloned();
    let given = match (given, wish.kwargs.get("pillar_enc").filter(|renderer| renderer.truthy())) {
        (Some(given), Some(renderer)) => Some(decrypted(apply, given, renderer)?),
        (given, _) => given,
    };
    let pillar_override = match given {
        Some(Value::Map(map)) => (*map).clone(),
        None => Map::new(),
        Some(_) => {
            let what = "Pillar data must be formatted as a dictionary, unless pillar_enc is \
                        specified.";
            return Err(Error::usage(&apply.job.fun, what));
        }
    };
    let same_env = opts.get("pillarenv") == apply.opts.get("pillarenv");
    let fresh = opts.str("__cli") == "salt-call" || opts.str("file_client") == "local";
    if pillar_override.is_empty() && same_env && fresh {
        return Ok(Arc::clone(apply.pillar));
    }
    let name = |key: &str| opts.get(key).map(Value::to_string);
    apply.services.compile_pillar(&PillarRequest {
        saltenv: name("saltenv"),
        pillarenv: name("pillarenv"),
        pillar_override,
        ..PillarRequest::default()
    })
}

/// A given pillar whose texts are encrypted. Salt: `decrypt_pillar_renderers` says by what; there is gpg here.
fn decrypted(apply: &Apply<'_>, given: Value, renderer: &Value) -> Result<Value> {
    let fail = |why: String| Error::execution(format!("Failed to decrypt pillar override: {why}"));
    if renderer.as_str() != Some("gpg") {
        return Err(fail(format!("'{renderer}' is no renderer that decrypts here; there is gpg")));
    }
    halite_render::decrypt_gpg(given, apply).map_err(|error| fail(error.to_salt_text()))
}

/// A run with its options and pillar in place.
pub struct Session<'a> {
    /// The right to change the machine, over those options and that pillar.
    pub apply: &'a Apply<'a>,
}

impl Session<'_> {
    /// Errors of the pillar, unless `force` says that they do not matter.
    pub fn pillar_errors(&self, force: bool) -> Option<Vec<Value>> {
        let errors = self.apply.pillar.get("_errors").filter(|e| !force && e.truthy())?;
        Some(errors.as_list().map_or_else(|| vec![errors.clone()], <[Value]>::to_vec))
    }

    /// The environment of the run, if it is limited to one.
    pub fn saltenv(&self) -> Option<&str> {
        self.apply.opts.get("saltenv").and_then(Value::as_str)
    }

    /// Whether declarations are numbered as they stand.
    pub fn auto_order(&self) -> bool {
        self.apply.opts.get("state_auto_order").is_none_or(Value::truthy)
    }

    /// Calls `body` with what the last compile stages need.
    pub fn with_settings<R>(&self, body: impl FnOnce(&Settings<'_>) -> R) -> R {
        let states = self.apply.states;
        let disabled = self.apply.grains.get("state_runs_disabled");
        let disabled = disabled.and_then(Value::as_list).unwrap_or_default();
        body(&Settings {
            disabled_requisites: self.apply.opts.list("disabled_requisites"),
            state_aggregate: self.apply.opts.get("state_aggregate").cloned().unwrap_or_default(),
            disabled_states: disabled.iter().map(Value::to_string).collect(),
            has_state: &|name| states.contains(name),
            aggregates: &|module| states.aggregate(module).is_some(),
        })
    }

    /// Renders a file that is no sls of an environment, or a top file.
    ///
    /// # Errors
    /// What its renderers refuse.
    pub fn render_file(
        &self,
        path: &std::path::Path,
        saltenv: &str,
        sls: &str,
    ) -> Result<halite_render::pipe::Rendered, RenderError> {
        let engine = templates::engine();
        let context = Map::new();
        let request = TemplateRequest {
            apply: self.apply,
            files: self.apply.files,
            saltenv,
            sls,
            path: Some(path),
            context: &context,
        };
        Pipe::new(self.apply.opts, &engine).compile_file(path, &request)
    }

    /// Renders a text given on the command line.
    ///
    /// # Errors
    /// What its renderers refuse.
    pub fn render_text(&self, text: &str) -> Result<Value, RenderError> {
        let engine = templates::engine();
        let context = Map::new();
        let request = TemplateRequest {
            apply: self.apply,
            files: self.apply.files,
            saltenv: "base",
            sls: "",
            path: None,
            context: &context,
        };
        let rendered = Pipe::new(self.apply.opts, &engine).compile(text, &request)?;
        Ok(rendered.into_value())
    }

    /// The file of an sls, and whether it is an `init.sls`.
    fn find(&self, env: &SaltEnv, sls: &str) -> Result<Option<(PathBuf, bool)>> {
        let base = sls.replace('.', "/");
        for (path, init) in [(format!("{base}.sls"), false), (format!("{base}/init.sls"), true)] {
            if let Some(found) = self.apply.files.cache_file(&path, env)? {
                return Ok(Some((found.path, init)));
            }
        }
        Ok(None)
    }
}

/// A rendered file as the compiler takes it: data, and where its IDs stand.
pub(crate) fn rendered_sls(
    rendered: halite_render::pipe::Rendered,
    path: &std::path::Path,
    init: bool,
) -> RenderedSls {
    let places = SlsPlaces::new(&rendered, path);
    let faults = rendered.faults.iter().map(|error| fault_of(error, path)).collect();
    let data = match rendered.data {
        Data::Text(text) => text.into(),
        Data::Value(value) => value,
    };
    RenderedSls { data, init, places, faults }
}

/// A render fault of the file `path` as the compiler's.
pub(crate) fn fault_of(error: &RenderError, path: &std::path::Path) -> Fault {
    let fault = Fault::new(error.to_salt_text()).code(error.code());
    let at = error.line.map(|line| Place {
        file: error.file.clone().unwrap_or_else(|| path.to_owned()),
        line,
        column: error.column.unwrap_or(1),
        via: error.trace.clone(),
    });
    // A fault without a line, such as a byte that is no UTF-8, still is one of this file.
    let at = at.unwrap_or_else(|| Place::new(path, 1, 1));
    let others = error.others.iter().map(|other| fault_of(other, path)).collect();
    Fault { hint: error.hint.clone(), others, ..fault }.at(at)
}

/// What a render fault comes to in the compiler.
pub(crate) fn render_fault(error: &RenderError, path: &std::path::Path) -> Rendered {
    let fault = fault_of(error, path);
    match error.kind {
        RenderErrorKind::Render => Rendered::Failed(fault),
        RenderErrorKind::Exception => Rendered::Crashed(fault),
    }
}

impl SlsSource for Session<'_> {
    /// The configured order, or `base` and the rest. Salt: `_get_envs`.
    fn envs(&self) -> Vec<String> {
        let known = self.apply.files.envs().unwrap_or_else(|error| {
            tracing::error!("the environments cannot be listed: {error}");
            Vec::new()
        });
        let known: Vec<String> = known.iter().map(ToString::to_string).collect();
        let mut envs: Vec<String> = Vec::new();
        let order = self.apply.opts.list("env_order");
        let in_order = order.iter().filter(|env| known.is_empty() || known.contains(env));
        let roots = self.apply.opts.map("file_roots");
        let usual = || {
            let roots = roots.keys().map(Value::to_string);
            std::iter::once("base".to_owned()).chain(roots).chain(known.iter().cloned())
        };
        let all: Vec<String> =
            if order.is_empty() { usual().collect() } else { in_order.cloned().collect() };
        for env in all {
            if !envs.contains(&env) {
                envs.push(env);
            }
        }
        envs
    }

    fn available(&self, env: &str) -> Vec<String> {
        let files = SaltEnv::parse(env)
            .and_then(|env| self.apply.files.list(&env, Listing::Files, ""))
            .unwrap_or_else(|error| {
                tracing::error!("the files of '{env}' cannot be listed: {error}");
                Vec::new()
            });
        let names = files.iter().filter_map(|path| path.strip_suffix(".sls"));
        let name = |path: &str| path.strip_suffix("/init").unwrap_or(path).replace('/', ".");
        let mut names: Vec<String> = names.map(name).collect();
        names.sort();
        names.dedup();
        names
    }

    fn render(&self, env: &str, sls: &str) -> Rendered {
        let found = SaltEnv::parse(env).and_then(|env| self.find(&env, sls));
        match found {
            Err(error) => Rendered::Crashed(Fault::new(error.to_string())),
            Ok(None) => Rendered::Missing,
            Ok(Some((path, init))) => match self.render_file(&path, env, sls) {
                Ok(rendered) => Rendered::Data(rendered_sls(rendered, &path, init)),
                Err(error) => render_fault(&error, &path),
            },
        }
    }
}
