//! Runs runner and wheel functions, in the process of `salt-run` or of the master: same functions, same events.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use halite_core::host::RealHost;
use halite_core::{
    Apply, Args, Context, Error, ExecFn, ExecModule, JobState, Map, Opts, Registry, Result,
    StateFn, Value, map,
};
use halite_render::files::LocalFiles;

use crate::client::Client;
use crate::core::{JidSource, Now};
use crate::events::{Event, tags};
use crate::services::{MasterServices, Print};

/// Runner functions, one module a file.
pub mod runners {
    include!(concat!(env!("OUT_DIR"), "/runners.rs"));
}

/// Wheel functions, one module a file.
pub mod wheel {
    include!(concat!(env!("OUT_DIR"), "/wheel.rs"));
}

/// Which functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `salt-run`.
    Runner,
    /// The key tool's and other management functions.
    Wheel,
}

impl Kind {
    /// The modules of this kind.
    pub fn modules(self) -> &'static [&'static ExecModule] {
        match self {
            Kind::Runner => runners::ALL,
            Kind::Wheel => wheel::ALL,
        }
    }

    /// `runner` or `wheel`, as it stands before a function's name in events.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Runner => "runner",
            Kind::Wheel => "wheel",
        }
    }

    /// The part of the tags.
    fn folder(self) -> &'static str {
        match self {
            Kind::Runner => "run",
            Kind::Wheel => "wheel",
        }
    }

    /// The functions of this kind by name.
    pub fn registry(self) -> Registry<ExecFn> {
        Registry::load(self.modules(), &Map::new(), &RealHost::new())
    }
}

/// One call.
pub struct Call {
    /// Which functions.
    pub kind: Kind,
    /// The function.
    pub fun: String,
    /// Its arguments.
    pub args: Args,
    /// Who asks.
    pub user: String,
    /// The run's id; made when `None`.
    pub jid: Option<String>,
    /// Where lines go that the function prints.
    pub print: Print,
}

/// What came of a call.
#[derive(Clone, Debug)]
pub struct Ran {
    /// The run's id.
    pub jid: String,
    /// The result, or the text of what went wrong.
    pub ret: Value,
    /// Whether it succeeded.
    pub success: bool,
    /// What the function set as its code; 1 when it failed.
    pub retcode: i64,
    /// The outputter that the function asks for.
    pub outputter: Option<String>,
}

/// Runs a function; tells the bus of the running master, if one runs, of its start and its result.
pub fn run(opts: &Opts, call: Call) -> Ran {
    let Call { kind, fun, args, user, jid, print } = call;
    let now = Now(jiff::Timestamp::now().as_microsecond());
    let jid =
        jid.unwrap_or_else(|| JidSource::default().next(now, opts.bool("unique_jid")).to_string());
    let mut data = map! {
        "fun" => format!("{}.{fun}", kind.word()),
        "jid" => jid.as_str(),
        "user" => user.as_str(),
        "fun_args" => args.to_wire(),
    };
    let client = Client::new(opts).ok();
    let tell = |what: &str, data: &Map| {
        let event = Event::new(tags::master_function(kind.folder(), &jid, what), data.clone());
        // Without a running master there is nobody to tell.
        drop(client.as_ref().map(|client| client.fire(&event)));
    };
    tell("new", &data);
    let services = MasterServices::new(opts, &jid, print);
    let job = JobState::new(jid.as_str(), fun.as_str(), user.as_str());
    let called =
        catch_unwind(AssertUnwindSafe(|| call_function(kind, &fun, args, opts, &services, &job)));
    let called = called.unwrap_or_else(|_| {
        Err(Error::execution(format!("{fun} broke down; this is a defect of the function")))
    });
    let ran = settle(jid.clone(), called, &job, &fun);
    data.insert("return".into(), ran.ret.clone());
    data.insert("success".into(), ran.success.into());
    tell("ret", &data);
    ran
}

fn settle(
    jid: String,
    called: Result<(Value, Option<&'static str>)>,
    job: &JobState,
    fun: &str,
) -> Ran {
    match called {
        Ok((ret, outputter)) => {
            let retcode = job.retcode();
            // Salt: a result that names its outputter beside the data.
            let named = ret.get("outputter").and_then(Value::as_str).map(str::to_owned);
            let (ret, outputter) = match (named, ret.get("data")) {
                (Some(named), Some(data)) => (data.clone(), Some(named)),
                _ => (ret, outputter.map(str::to_owned)),
            };
            Ran { jid, ret, success: retcode == 0, retcode, outputter }
        }
        Err(error) => {
            let text = match &error {
                Error::Usage { .. } => format!("Passed invalid arguments: {error}"),
                Error::Unavailable { .. } => error.to_string(),
                _ => format!("Exception occurred in runner {fun}: {error}"),
            };
            Ran { jid, ret: text.into(), success: false, retcode: 1, outputter: None }
        }
    }
}

fn call_function(
    kind: Kind,
    fun: &str,
    args: Args,
    opts: &Opts,
    services: &MasterServices,
    job: &JobState,
) -> Result<(Value, Option<&'static str>)> {
    let exec = kind.registry();
    let states: Registry<StateFn> = Registry::default();
    let (host, files) = (RealHost::new(), LocalFiles::new(opts));
    let (grains, pillar) = (Arc::new(Map::new()), Arc::new(Map::new()));
    let cx = Context {
        opts,
        grains: &grains,
        pillar: &pillar,
        exec: &exec,
        states: &states,
        host: &host,
        files: &files,
        services,
        job,
    };
    let outputter = exec.get(fun)?.spec.outputter;
    let value = Apply { cx: &cx, host: &host }.call_value(fun, args)?;
    Ok((value, outputter))
}

/// The documentation of functions whose names begin with `prefix`.
pub fn docs(kind: Kind, prefix: &str) -> Map {
    let registry = kind.registry();
    let specs = registry.specs().filter(|(name, _)| {
        prefix.is_empty() || *name == prefix || name.starts_with(&format!("{prefix}."))
    });
    specs.map(|(name, spec)| (name.into(), spec.doc.into())).collect()
}
