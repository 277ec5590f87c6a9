//! From the top file of `thorium_roots` to chunks. Salt: `ThorState.get_chunks`.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use halite_core::files::Listing;
use halite_core::{
    Context, Error, FileClient, JobState, Map, Opts, Registry, Result, StateFn, Value,
};
use halite_render::files::LocalFiles;
use halite_states::compiler::Compiled;
use halite_states::engine::highstate::log_faults;
use halite_states::engine::session::Session;
use halite_states::engine::{Returns, RunSettings};

use crate::limits::THORIUM_FILES;
use crate::services::MasterServices;

/// `fun` of `wheel.cmd` says which function is meant; in chunks that name is taken, so that it goes on as `func`.
fn name_wheel_functions(ids: &mut Map) {
    let bodies = ids.iter_mut().filter_map(|(_, body)| body.as_map_mut());
    let lists = bodies.filter_map(|body| body.get_mut("wheel")?.as_list_mut());
    for part in lists.flatten().filter_map(Value::as_map_mut) {
        if let Some(fun) = part.shift_remove("fun") {
            part.insert("func".into(), fun);
        }
    }
}

/// What compiling and running needs.
pub(super) struct Machine {
    opts: Opts,
    files: LocalFiles,
    states: Registry<StateFn>,
    services: MasterServices,
}

impl Machine {
    pub(super) fn new(opts: &Opts, services: MasterServices) -> Machine {
        let roots = opts.get("thorium_roots").cloned().unwrap_or_default();
        let top = match opts.str("thorium_top") {
            "" => "top.sls",
            given => given,
        };
        let env = opts.get("thoriumenv").cloned().unwrap_or_default();
        let opts = opts
            .with("file_roots", roots)
            .with("saltenv", env)
            .with("state_top", top)
            .with("file_client", "local")
            .with("__role", "master");
        let host = halite_core::host::RealHost::new();
        Machine {
            files: LocalFiles::new(&opts),
            states: Registry::load(super::states::ALL, &Map::new(), &host),
            services,
            opts,
        }
    }

    fn with<R>(&self, body: impl FnOnce(&Session<'_>) -> R) -> R {
        let (job, pillar) = (JobState::new("", "thorium", ""), Arc::new(Map::new()));
        self.services.on_master(&self.opts, &pillar, &job, |apply| {
            let cx = Context { states: &self.states, files: &self.files, ..*apply.cx };
            let apply = halite_core::Apply { cx: &cx, host: apply.host };
            body(&Session { apply: &apply })
        })
    }

    /// The chunks.
    ///
    /// # Errors
    /// What does not compile; the log has it with file and line.
    pub(super) fn compile(&self) -> Result<Compiled> {
        self.with(|session| {
            let (mut high, mut faults) = session.high_of_top()?;
            if high.is_empty() && faults.is_empty() {
                let roots = self.opts.map("file_roots");
                let id = self.opts.str("id");
                return Err(Error::execution(format!(
                    "No Top file found! thorium_roots is {}; {} there names the sls files of `{id}`",
                    Value::from(roots),
                    self.opts.str("state_top"),
                )));
            }
            if faults.is_empty() {
                name_wheel_functions(&mut high.ids);
                match session.compile_high(&mut high) {
                    Ok(compiled) => return Ok(compiled),
                    Err(more) => faults = more,
                }
            }
            log_faults(session.apply, &mut faults);
            Err(Error::execution(format!("{} faults in its files", faults.len())))
        })
    }

    /// Runs the chunks once.
    ///
    /// # Errors
    /// What ends a run.
    pub(super) fn run(&self, compiled: &Compiled) -> Result<Returns> {
        let settings = RunSettings { chunks_only: true, ..RunSettings::default() };
        self.with(|session| halite_states::engine::run(session.apply, compiled.clone(), settings))
    }

    /// A mark of the files as they are: another one says that something changed.
    pub(super) fn mark(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        let envs = self.files.envs().unwrap_or_default();
        for env in envs {
            let paths = self.files.list(&env, Listing::Files, "").unwrap_or_default();
            for path in paths.into_iter().take(THORIUM_FILES) {
                path.hash(&mut hasher);
                let found = self.files.cache_file(&path, &env).ok().flatten();
                let data = found.and_then(|found| std::fs::metadata(found.path).ok());
                let stamp = data.map(|data| (data.modified().ok(), data.len()));
                stamp.hash(&mut hasher);
            }
        }
        hasher.finish()
    }
}
