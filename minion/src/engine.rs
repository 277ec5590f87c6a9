//! Everything a function runs with: options, grains, pillar, registries, files, services.

use std::path::Path;
use std::sync::Arc;

use halite_core::host::{Read, RealHost};
use halite_core::{
    Apply, Context, Error, ExecFn, FileClient, JobState, Map, Opts, Registry, Result, Services,
    StateFn, Value, host,
};

/// The part that stays the same while pillar changes: read at start and on refresh of grains or
/// modules.
pub struct Machine {
    /// The configuration.
    pub opts: Opts,
    /// This machine's grains.
    pub grains: Arc<Map>,
    /// Execution functions that work here.
    pub exec: Registry<ExecFn>,
    /// State functions that work here.
    pub states: Registry<StateFn>,
    /// `salt://` files: the local roots, or the master's through the cache.
    pub files: Arc<dyn FileClient>,
}

impl Machine {
    /// Reads the grains (unless given) and takes the modules that can work with them.
    pub fn load(opts: Opts, grains: Arc<Map>, files: Arc<dyn FileClient>) -> Machine {
        let host = RealHost::new();
        let exec_modules: Vec<_> =
            halite_modules::exec::ALL.iter().chain(halite_states::exec::ALL).copied().collect();
        let list = |option: &str| opts.list(option);
        let off = list("disable_modules");
        let exec = Registry::load(&exec_modules, &grains, &host)
            .without(|name| off.iter().any(|one| one == name), "disable_modules names it")
            .open_to(list("whitelist_modules"));
        let (off, only) = (list("disable_states"), list("whitelist_state_modules"));
        let states = Registry::load(halite_states::modules::ALL, &grains, &host)
            .without(|name| off.iter().any(|one| one == name), "disable_states names it")
            .without(
                |name| !only.is_empty() && !only.iter().any(|one| one == name),
                "whitelist_state_modules does not name it",
            );
        Machine { opts, grains, exec, states, files }
    }

    /// The grains as they are now: the machine's, the static file's, those of the configuration.
    pub fn read_grains(opts: &Opts) -> Arc<Map> {
        let host = RealHost::new();
        let file = halite_modules::grains::static_file(opts);
        let from_file = read_static(&host, &file).unwrap_or_else(|error| {
            tracing::error!("the static grains are left out: {error}");
            Map::new()
        });
        Arc::new(halite_modules::grains::collect_with_file(opts, &host, &from_file))
    }

    /// Whether states and pillar come from this machine's own roots.
    pub fn is_local(&self) -> bool {
        self.opts.str("file_client") == "local"
    }

    /// The surroundings of a call with this pillar and these services.
    pub fn context<'a>(
        &'a self,
        pillar: &'a Arc<Map>,
        services: &'a dyn Services,
        host: &'a dyn host::Read,
        job: &'a JobState,
    ) -> Context<'a> {
        Context {
            opts: &self.opts,
            grains: &self.grains,
            pillar,
            exec: &self.exec,
            states: &self.states,
            host,
            files: &*self.files,
            services,
            job,
            in_template: false,
        }
    }
}

/// The static grains file; none is the same as an empty one.
fn read_static(host: &RealHost, file: &Path) -> Result<Map> {
    if !host.exists(file) {
        return Ok(Map::new());
    }
    let text = String::from_utf8_lossy(&host.read(file)?).into_owned();
    match crate::config::parse(&text, file)? {
        Value::Map(map) => Ok(Arc::unwrap_or_clone(map)),
        Value::Null => Ok(Map::new()),
        other => {
            let kind = other.type_name();
            Err(Error::execution(format!("{}: a {kind}, not a map", file.display())))
        }
    }
}

/// A machine with its pillar and its surroundings: what jobs run in.
pub struct Engine {
    /// Options, grains, functions, files.
    pub machine: Arc<Machine>,
    /// This minion's pillar, in plain text.
    pub pillar: Arc<Map>,
    /// The daemon, or what stands for it under `salt-call`.
    pub services: Arc<dyn Services>,
}

impl Engine {
    /// A job of this engine: it knows the secrets that its services know.
    pub fn job(&self, jid: &str, fun: &str, user: &str) -> JobState {
        JobState::new(jid, fun, user).knowing(self.services.secrets())
    }

    /// Gives `body` the right to change this machine, for one job.
    pub fn with_apply<R>(&self, job: &JobState, body: impl FnOnce(&Apply<'_>) -> R) -> R {
        let host = RealHost::cancelled_by(job.cancel_switch());
        let cx = self.machine.context(&self.pillar, &*self.services, &host, job);
        body(&Apply { cx: &cx, host: &host })
    }

    /// Documentation of the functions whose names begin with `pattern`, which ends in `*`.
    pub fn docs(&self, pattern: &str) -> Map {
        let prefix = pattern.trim_end_matches('*');
        let specs = self.machine.exec.specs().filter(|(name, _)| name.starts_with(prefix));
        specs.map(|(name, spec)| (name.into(), spec.docstring().into())).collect()
    }
}
