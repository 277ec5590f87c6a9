//! The options as one compile sees them.

use halite_core::dictupdate::{self, Strategy};
use halite_core::{Map, Opts, Value};
use halite_render::pipe::DEFAULT_PIPE;

use crate::{Deps, Subject};

/// The environment whose roots serve an environment without roots of its own.
const ANY_ENV: &str = "__env__";

/// Options of a compile: those of the program, with the minion's identity.
pub(crate) struct Options {
    /// What templates see as `opts`.
    pub(crate) opts: Opts,
    /// `pillarenv`, if one is set.
    pub(crate) pillarenv: Option<String>,
    /// `saltenv`, if one is set.
    pub(crate) saltenv: Option<String>,
    /// The environments of the pillar, `base` first.
    pub(crate) envs: Vec<String>,
    /// Those of them that have roots.
    pub(crate) roots: Vec<String>,
    /// How sources are merged.
    strategy: Strategy,
    renderer: String,
    merge_lists: bool,
}

impl Options {
    pub(crate) fn new(who: &Subject<'_>, deps: &Deps<'_>) -> Options {
        let from = deps.opts;
        let asked = |asked: &Option<String>, name: &str| {
            let set = asked.clone().or_else(|| from.get(name).map(Value::to_string));
            set.filter(|env| !env.is_empty())
        };
        let saltenv = asked(&who.request.saltenv, "saltenv");
        let mut pillarenv = asked(&who.request.pillarenv, "pillarenv");
        if who.request.pillarenv.is_none() && from.bool("pillarenv_from_saltenv") {
            pillarenv.clone_from(&saltenv);
        }
        let env = pillarenv.clone().or_else(|| saltenv.clone()).unwrap_or_else(|| "base".into());
        let roots = environments(from, &env);
        let mut envs = vec!["base".to_owned()];
        envs.extend(roots.iter().filter(|root| *root != "base").cloned());

        let mut values = (**from.values()).clone();
        let mut set = |name: &str, value: Value| drop(values.insert(name.into(), value));
        set("file_client", "local".into());
        set("id", who.id.into());
        set("minion_id", who.id.into());
        set("grains", who.grains.clone().into());
        set("saltenv", saltenv.clone().into());
        set("pillarenv", pillarenv.clone().into());
        let opts = Opts::from_map(from.role(), values);
        let strategy = match from.str("pillar_source_merging_strategy") {
            "" => Strategy::Smart,
            name => Strategy::parse(name).unwrap_or_else(|| {
                tracing::warn!("Unknown merging strategy '{name}', fallback to recurse");
                Strategy::None
            }),
        };
        let renderer = match from.str("renderer") {
            "" => DEFAULT_PIPE,
            named => named,
        };
        Options {
            opts,
            pillarenv,
            saltenv,
            envs,
            roots,
            strategy,
            renderer: renderer.to_owned(),
            merge_lists: from.bool("pillar_merge_lists"),
        }
    }

    /// Whether only one environment counts.
    pub(crate) fn one_env_only(&self) -> bool {
        self.opts.str("pillar_source_merging_strategy") == "none"
    }

    /// `under` with `over` merged over it, as the options want it.
    pub(crate) fn merge(&self, under: &Map, over: &Map) -> Map {
        dictupdate::merge(under, over, self.strategy, &self.renderer, self.merge_lists)
    }

    /// Whether sources keep the marks of `yamlex` until they are merged.
    pub(crate) fn aggregates(&self) -> bool {
        let last = self.renderer.rsplit('|').next();
        self.strategy == Strategy::Aggregate
            || (self.strategy == Strategy::Smart && last == Some("yamlex"))
    }

    /// An option that is on unless it is set to something false.
    pub(crate) fn on_by_default(&self, name: &str) -> bool {
        self.opts.get(name).is_none_or(Value::truthy)
    }
}

/// The environments of `pillar_roots`; `__env__` stands for `env` if that has no roots of its own.
fn environments(opts: &Opts, env: &str) -> Vec<String> {
    let names: Vec<String> = opts.map("pillar_roots").keys().map(Value::to_string).collect();
    let mut envs: Vec<String> = names.iter().filter(|name| *name != ANY_ENV).cloned().collect();
    if names.iter().any(|name| name == ANY_ENV) && !envs.iter().any(|name| name == env) {
        envs.push(env.to_owned());
    }
    envs
}
