//! Compiles a minion's pillar and keeps it, with its grains, in the data cache.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use halite_core::grain_reads::Read;
use halite_core::host::RealHost;
use halite_core::secrets::WIRE_KEY;
use halite_core::services::{Alone, PillarRequest as Request};
use halite_core::{
    Apply, Args, Context, ExecFn, JobState, Map, MinionId, Opts, Registry, Result, Secrets,
    Services, StateFn, Value, map,
};
use halite_outside::Internet;
use halite_pillar::{Deps, Subject};
use halite_render::files::{LocalFiles, Roots};
use halite_render::{JinjaEngine, Pipe, TemplateRequest};
use halite_states::reactor::Sls;
use halite_wire::OsEntropy;
use halite_wire::load::PillarRequest;

use super::pillar_cache::PillarCache;
use super::{News, Outcome, Seal, Shared};
use crate::core::Now;
use crate::events::{Event, tags};
use crate::store::{GRAINS, PILLAR, Write};

/// What compiling needs: the functions of the master's own machine. Made when the first pillar is asked for, so that
/// a master which serves none stays small.
pub(crate) struct PillarMachine {
    opts: Opts,
    files: Arc<Roots>,
    parts: OnceLock<Parts>,
    outside: Internet,
    cache: Option<PillarCache>,
    /// How many pillars were compiled; the others were given again.
    compiled: AtomicUsize,
}

struct Parts {
    grains: Arc<Map>,
    exec: Registry<ExecFn>,
    states: Registry<StateFn>,
    roots: LocalFiles,
    files: LocalFiles,
    engine: JinjaEngine,
}

impl PillarMachine {
    /// A machine with these options; `files` are the file roots.
    pub(crate) fn new(opts: &Opts, files: Arc<Roots>) -> PillarMachine {
        PillarMachine {
            opts: opts.clone(),
            files,
            parts: OnceLock::new(),
            outside: Internet::new(),
            cache: PillarCache::new(opts),
            compiled: AtomicUsize::new(0),
        }
    }

    fn parts(&self) -> &Parts {
        self.parts.get_or_init(|| {
            let host = RealHost::new();
            let grains = Arc::new(halite_modules::grains::collect(&self.opts, &host));
            let own = crate::orchestrate::exec::ALL.iter();
            let modules: Vec<_> = own
                .chain(halite_modules::exec::ALL)
                .chain(halite_states::exec::ALL)
                .copied()
                .collect();
            let own = crate::orchestrate::states::ALL.iter();
            let states: Vec<_> = own.chain(halite_states::modules::ALL).copied().collect();
            Parts {
                exec: Registry::load(&modules, &grains, &host),
                states: Registry::load(&states, &grains, &host),
                roots: LocalFiles::pillar(&self.opts),
                files: LocalFiles::over(Arc::clone(&self.files), &self.opts),
                engine: JinjaEngine::new(),
                grains,
            }
        })
    }

    /// The pillar of `id` with these grains; `secrets` learns what of it is secret.
    pub(crate) fn compile(
        &self,
        id: &MinionId,
        grains: &Arc<Map>,
        request: &Request,
        extra_minion_data: &Map,
        secrets: &Secrets,
    ) -> Map {
        if let Some(cache) = self.cache.as_ref().filter(|_| request.clean_cache) {
            cache.forget(id);
        }
        let inputs = self.cache.as_ref().and_then(|cache| {
            let inputs = cache.inputs(grains, request, extra_minion_data)?;
            Some((cache, inputs))
        });
        let previous = Arc::new(Map::new());
        let who = Subject { id, grains, request, extra_minion_data, previous: &previous };
        let Some((cache, inputs)) = inputs else { return self.compile_anew(&who, secrets).0 };
        // What the top files say is cheap to see, and the minion's own.
        let matches = (cache.shares()).then(|| self.matches(&who)).flatten();
        if !request.clean_cache {
            let kept = matches.as_ref().and_then(|all| cache.get_shared(&inputs, all, secrets));
            if let Some(pillar) = kept.or_else(|| cache.get(id, &inputs, secrets)) {
                return pillar;
            }
        }
        let (pillar, reads) = self.compile_anew(&who, secrets);
        let shared = matches.as_ref().map(|matches| (matches, reads));
        cache.put(id, inputs, (&pillar, secrets), shared);
        pillar
    }

    fn compile_anew(&self, who: &Subject<'_>, secrets: &Secrets) -> (Map, Read) {
        self.compiled.fetch_add(1, Ordering::Relaxed);
        self.with(secrets, |deps| {
            let pillar = halite_pillar::compile(who, deps);
            (pillar, deps.job.reads.read())
        })
    }

    /// Which files the top files give a minion; `None` if there are faults in them.
    fn matches(&self, who: &Subject<'_>) -> Option<Value> {
        let secrets = Secrets::of(&self.opts);
        let (matches, errors) = self.with(&secrets, |deps| halite_pillar::top_matches(who, deps));
        errors.is_empty().then(|| matches.into())
    }

    /// The top files as `id` has them rendered, joined.
    pub(crate) fn top(&self, id: &MinionId, grains: &Arc<Map>, request: &Request) -> Value {
        let (previous, extra) = (Arc::new(Map::new()), Map::new());
        let who = Subject { id, grains, request, extra_minion_data: &extra, previous: &previous };
        match self.with(&Secrets::of(&self.opts), |deps| halite_pillar::top_data(&who, deps)) {
            (top, errors) if errors.is_empty() => top.into(),
            (_, errors) => errors.into(),
        }
    }

    /// Calls an execution function on the master's own machine.
    pub(crate) fn call(
        &self,
        fun: &str,
        args: Args,
        services: &dyn Services,
        job: &JobState,
    ) -> Result<Value> {
        let pillar = Arc::new(Map::new());
        self.apply(&self.opts, &pillar, (services, job), |apply| apply.call_value(fun, args))
    }

    /// Gives `body` the functions and states of the master's own machine. Salt: `MasterMinion`.
    pub(crate) fn apply<R>(
        &self,
        opts: &Opts,
        pillar: &Arc<Map>,
        (services, job): (&dyn Services, &JobState),
        body: impl FnOnce(&Apply<'_>) -> R,
    ) -> R {
        let parts = self.parts();
        let host = RealHost::cancelled_by(job.cancel_switch());
        let cx = Context {
            opts,
            grains: &parts.grains,
            pillar,
            exec: &parts.exec,
            states: &parts.states,
            host: &host,
            files: &parts.files,
            services,
            job,
            in_template: false,
        };
        body(&Apply { cx: &cx, host: &host })
    }

    /// The master's own pillar.
    ///
    /// # Errors
    /// If the master's id is none.
    pub(crate) fn own_pillar(&self, request: &Request, secrets: &Secrets) -> Result<Map> {
        let id = MinionId::parse(self.opts.str("id"))?;
        Ok(self.compile(&id, &self.parts().grains, request, &Map::new(), secrets))
    }

    /// What the SLS files of a reactor rule come to for an event, rendered with this machine's functions.
    pub(crate) fn reactor_sls(
        &self,
        files: &[String],
        tag: &str,
        data: &Value,
        services: &dyn Services,
    ) -> Sls {
        let parts = self.parts();
        let (host, job, pillar) = (RealHost::new(), JobState::default(), Arc::new(Map::new()));
        let cx = Context {
            opts: &self.opts,
            grains: &parts.grains,
            pillar: &pillar,
            exec: &parts.exec,
            states: &parts.states,
            host: &host,
            files: &parts.files,
            services,
            job: &job,
            in_template: true,
        };
        let context = Map::new();
        let request = TemplateRequest {
            apply: &Apply { cx: &cx, host: &host },
            files: &parts.files,
            saltenv: "base",
            sls: "",
            path: None,
            context: &context,
        };
        halite_states::reactor::compile(
            files,
            tag,
            data,
            &Pipe::new(&self.opts, &parts.engine),
            &request,
        )
    }

    fn with<T>(&self, secrets: &Secrets, compile: impl FnOnce(&Deps<'_>) -> T) -> T {
        let parts = self.parts();
        let host = RealHost::new();
        let job = JobState::default().knowing(secrets.clone());
        let deps = Deps {
            opts: &self.opts,
            exec: &parts.exec,
            states: &parts.states,
            host: &host,
            engine: &parts.engine,
            roots: &parts.roots,
            files: &parts.files,
            services: &Alone(&self.outside),
            job: &job,
        };
        compile(&deps)
    }
}

pub(super) fn compile(seal: &Seal, request: PillarRequest, now: Now, shared: &Shared) -> Outcome {
    let id = seal.who().clone();
    let grains = Arc::new(request.grains.unwrap_or_default());
    let asked = Request {
        saltenv: request.saltenv.map(|env| env.to_string()),
        pillarenv: request.pillarenv.map(|env| env.to_string()),
        pillar_override: request.pillar_override,
        ext: request.ext,
        clean_cache: request.clean_cache,
    };
    let secrets = Secrets::of(&shared.opts);
    let extra = &request.extra_minion_data;
    let pillar = shared.pillar.compile(&id, &grains, &asked, extra, &secrets);
    let mut outcome = Outcome::default();
    let mut told = pillar.clone();
    if request.secrets && !secrets.is_empty() {
        told.insert(WIRE_KEY.into(), secrets.to_value());
    }
    let sealed = seal.wire.seal_pillar(
        &Value::from(told),
        &seal.opened,
        &*shared.master.key,
        &mut OsEntropy::new(),
    );
    match sealed {
        Ok(frame) => outcome.reply = Some((seal.req, Bytes::from(frame))),
        Err(error) => tracing::error!(%id, %error, "A pillar could not be sealed"),
    }
    let asks = |name: &str| shared.opts.get(name).is_none_or(Value::truthy);
    if asks("minion_data_cache") {
        let put =
            |bank, data| News::Store(Write::Put { bank, key: id.to_string(), at: now.0, data });
        outcome.done.news.push(put(GRAINS, Arc::unwrap_or_clone(grains)));
        // An override is for one job; what it gives is not the minion's pillar.
        if asked.pillar_override.is_empty() && asked.ext.is_none() {
            // Data for targets and runners: whoever reads the store is not to find secrets in it.
            outcome.done.news.push(put(PILLAR, secrets.hide_map(pillar)));
        }
        if asks("minion_data_cache_events") {
            let data = map! {"Minion data cache refresh" => &id};
            outcome.done.news.push(News::Event(Event::new(tags::minion_refresh(&id), data)));
        }
    }
    outcome
}

#[cfg(test)]
#[path = "pillar_tests.rs"]
mod tests;
