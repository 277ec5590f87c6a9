//! Runs runner and wheel functions, in the process of `salt-run` or of the master: same functions, same events.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use halite_core::host::RealHost;
use halite_core::services::MasterCall;
use halite_core::{
    Apply, Args, Context, Error, ExecFn, ExecModule, JobState, Map, Opts, Registry, Result,
    Services, StateFn, Value, map,
};
use halite_render::files::LocalFiles;

use crate::core::{JidSource, Now};
use crate::events::{Event, tags};
use crate::services::{MasterServices, Print, Progress};

pub(crate) mod proc;

/// The runner function that is asked for plain values.
const SHOWS_PILLAR: &str = "pillar.show_pillar";

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
    /// Whether it did not come to its end.
    pub raised: bool,
}

impl Ran {
    /// What is to be shown: a result that names its outputter beside the data is the data.
    /// Salt: `print_async_event`.
    pub fn shown(&self) -> &Value {
        match (self.ret.as_map(), self.ret.get("data")) {
            (Some(map), Some(data)) if map.len() == 2 && map.contains_key("outputter") => data,
            _ => &self.ret,
        }
    }
}

/// Arguments as events show them: the keyword arguments are one map at the end, if there are any.
pub(crate) fn fun_args(args: &Args) -> Vec<Value> {
    let named = (!args.named.is_empty()).then(|| Value::from(args.named.clone()));
    args.positional.iter().cloned().chain(named).collect()
}

/// Parameters and docs of a function.
pub fn spec(kind: Kind, fun: &str) -> Option<halite_core::Spec> {
    kind.registry().get(fun).ok().map(|function| function.spec)
}

/// Runs a function; tells the bus of the running master, if one runs, of its start and its result.
pub fn run(opts: &Opts, call: Call) -> Ran {
    run_within(opts, call, &JobState::default(), None)
}

/// As [`run`]; `progress` gets a line for each step of an orchestration.
pub fn run_watched(opts: &Opts, call: Call, progress: Progress) -> Ran {
    run_within(opts, call, &JobState::default(), Some(progress))
}

/// As [`run`], within other work: what ends that ends this.
pub(crate) fn run_within(
    opts: &Opts,
    call: Call,
    outer: &JobState,
    progress: Option<Progress>,
) -> Ran {
    run_from(opts, call, outer, progress, "")
}

/// As [`run`] for the reactor: events that the function fires carry the mark of what caused them.
pub(crate) fn run_caused(opts: &Opts, call: Call, cause: &str) -> Ran {
    run_from(opts, call, &JobState::default(), None, cause)
}

fn run_from(
    opts: &Opts,
    call: Call,
    outer: &JobState,
    progress: Option<Progress>,
    cause: &str,
) -> Ran {
    let Call { kind, fun, args, user, jid, print } = call;
    let now = Now(jiff::Timestamp::now().as_microsecond());
    let jid =
        jid.unwrap_or_else(|| JidSource::default().next(now, opts.bool("unique_jid")).to_string());
    let mut data = map! {
        "fun" => format!("{}.{fun}", kind.word()),
        "jid" => jid.as_str(),
        "user" => user.as_str(),
        "fun_args" => fun_args(&args),
    };
    let services = MasterServices::new(opts, &jid, print).with_progress(progress).caused_by(cause);
    // Without a running master there is nobody to tell.
    let tell = |what: &str, data: &Map| {
        services.tell(&Event::new(tags::master_function(kind.folder(), &jid, what), data.clone()));
    };
    tell("new", &data);
    let proc = proc::begin(opts, &jid, &data);
    let job = JobState::new(jid.as_str(), fun.as_str(), user.as_str())
        .knowing(services.secrets())
        .cancelled_with(outer);
    let called =
        catch_unwind(AssertUnwindSafe(|| call_function(kind, &fun, args, opts, &services, &job)));
    let called = called.unwrap_or_else(|_| {
        Err(Error::execution(format!("{fun} broke down; this is a defect of the function")))
    });
    drop(proc);
    let mut ran = settle(kind, jid.clone(), called, &job, &fun);
    let hidden = job.secrets.hide(ran.ret.clone());
    data.insert("return".into(), hidden.clone());
    // Who asks for a pillar on the master sees it; readers of events do not.
    if fun != SHOWS_PILLAR {
        ran.ret = hidden;
    }
    data.insert("success".into(), ran.success.into());
    if ran.raised {
        data.insert("retcode".into(), 1.into());
    }
    tell("ret", &data);
    ran
}

/// The whole of what came of a run, as Salt's clients give it with `full_return`.
pub(crate) fn whole(kind: Kind, fun: &str, args: &Args, user: &str, ran: Ran) -> Map {
    let mut data = map! {
        "fun" => format!("{}.{fun}", kind.word()), "jid" => ran.jid, "user" => user,
        "fun_args" => fun_args(args), "return" => ran.ret, "success" => ran.success,
    };
    if ran.retcode != 0 {
        data.insert("retcode".into(), ran.retcode.into());
    }
    data
}

/// Calls a function of the master that is configured in a folder of this machine: `saltutil.runner` and
/// `saltutil.wheel` of a minion beside its master.
///
/// # Errors
/// If there is no such configuration or function.
pub fn call_here(call: &MasterCall) -> Result<Value> {
    let file = call.config_dir.join("master");
    if !file.is_file() {
        return Err(Error::execution(format!(
            "This command can only be executed on a minion that is located on the master. ({} is not there)",
            file.display()
        )));
    }
    let (opts, _) = crate::config::load(&call.config_dir, &Map::new())?;
    let kind = if call.wheel { Kind::Wheel } else { Kind::Runner };
    let MasterCall { fun, args, user, .. } = call.clone();
    if !kind.registry().contains(&fun) {
        return Err(Error::Unavailable { text: kind.registry().missing_text(&fun), fun });
    }
    let print: Print = Box::new(|line: &str| tracing::info!("{line}"));
    let order = Call { kind, fun, args, user, jid: None, print };
    let ran = run(&opts, order);
    Ok(match call.full_return {
        true => whole(kind, &call.fun, &call.args, &call.user, ran).into(),
        false => ran.ret,
    })
}

fn settle(
    kind: Kind,
    jid: String,
    called: Result<(Value, Option<&'static str>)>,
    job: &JobState,
    fun: &str,
) -> Ran {
    match called {
        Ok((ret, outputter)) => {
            let said = ret.get("retcode").and_then(Value::as_i64);
            let retcode = said.filter(|_| ret.get("outputter").is_some()).unwrap_or(job.retcode());
            // Salt: what holds `data` is a success if no state in it failed.
            let success = match ret.get("data") {
                Some(Value::Map(data)) => halite_states::engine::check_result(data, None),
                _ => retcode == 0,
            };
            let named = ret.get("outputter").and_then(Value::as_str).map(str::to_owned);
            let outputter = named.or_else(|| outputter.map(str::to_owned));
            Ran { jid, ret, success, retcode, outputter, raised: false }
        }
        Err(error) => {
            let word = kind.word();
            let text = match &error {
                Error::Usage { .. } => format!("Passed invalid arguments: {error}"),
                Error::Unavailable { .. } => error.to_string(),
                _ => format!("Exception occurred in {word} {fun}: {error}"),
            };
            let ret = text.into();
            Ran { jid, ret, success: false, retcode: 1, outputter: None, raised: true }
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
        in_template: false,
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
    specs.map(|(name, spec)| (name.into(), spec.docstring().into())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{KeyState, KeyStore};
    use crate::store::{self, Write, Writer};
    use halite_core::{MinionId, Role};

    const KEY: &str = include_str!("../tests/fixtures/minion.pub");

    fn opts(dir: &std::path::Path) -> Opts {
        let values = map! {
            "pki_dir" => dir.join("pki"), "cachedir" => dir.to_path_buf(), "sock_dir" => dir.join("run"),
            "id" => "box", "file_roots" => map! {"base" => vec![dir.join("srv")]},
        };
        Opts::from_map(Role::Master, values)
    }

    fn call(opts: &Opts, kind: Kind, fun: &str, args: Args) -> Ran {
        let (user, print): (String, Print) = ("root".into(), Box::new(|_| {}));
        run(opts, Call { kind, fun: fun.into(), args, user, jid: None, print })
    }

    #[test]
    fn functions_run_without_a_master() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let opts = opts(dir.path());
        let ran = call(&opts, Kind::Runner, "test.arg", halite_core::args![1; two = 2]);
        let want = map! {"args" => vec![1], "kwargs" => map! {"two" => 2}};
        assert_eq!((ran.ret, ran.success, ran.jid.len()), (want.into(), true, 20));
        let ran = call(&opts, Kind::Runner, "test.argh", Args::default());
        assert_eq!((ran.success, ran.retcode), (false, 1));
        assert!(ran.ret.to_string().starts_with("'test.argh' is not available."), "{}", ran.ret);
        let ran = call(&opts, Kind::Runner, "jobs.lookup_jid", Args::default());
        assert!(ran.ret.to_string().starts_with("Passed invalid arguments: "), "{}", ran.ret);
        let ran = call(&opts, Kind::Runner, "config.get", halite_core::args!["file_roots:base"]);
        assert_eq!(ran.ret, Value::from(vec![dir.path().join("srv")]));
        assert!(
            !call(&opts, Kind::Runner, "manage.up", Args::default()).success,
            "nobody is there to ask"
        );
    }

    #[test]
    fn every_function_is_documented_with_its_name() {
        for kind in [Kind::Runner, Kind::Wheel] {
            for (name, doc) in docs(kind, "") {
                assert!(doc.to_string().contains("CLI Example:"), "{name}");
            }
        }
        assert!(docs(Kind::Runner, "jobs").contains_key("jobs.list_jobs"));
        assert!(docs(Kind::Wheel, "key.gen").len() == 1);
    }

    #[test]
    fn jobs_are_listed_as_salt_lists_them() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let opts = opts(dir.path());
        let (writer, _) = Writer::start(&store::path(&opts)).expect("opens");
        let jid = "20261122000000000000";
        let load = map! {"fun" => "test.ping", "arg" => Value::list([]), "tgt" => "*", "tgt_type" => "glob", "user" => "root"};
        let ret = map! {"return" => true, "retcode" => 0, "success" => true, "fun" => "test.ping"};
        for write in [
            Write::Job {
                jid: jid.into(),
                at: 1_795_305_600_000_000,
                load,
                minions: vec!["b".into(), "a".into()],
            },
            Write::Return { jid: jid.into(), id: "a".into(), at: 2, ret },
        ] {
            writer.write(write).expect("is taken");
        }
        writer.flush().expect("is written");
        let run = |fun: &str, args| call(&opts, Kind::Runner, fun, args).ret;
        let job = run("jobs.list_job", halite_core::args![jid]);
        assert_eq!(job.get("Minions"), Some(&vec!["a", "b"].into()));
        assert_eq!(job.get("StartTime"), Some(&"2026, Nov 22 00:00:00.000000".into()));
        let missing = run("jobs.lookup_jid", halite_core::args![jid; missing = true]);
        assert_eq!(missing, map! {"a" => true, "b" => "Minion did not return"}.into());
        let listed = |function: &str| {
            run("jobs.list_jobs", halite_core::args![; search_function = function])
        };
        assert!(listed("test.*").get(jid).is_some() && !listed("cmd.*").truthy());
        let from = |start: &str| run("jobs.list_jobs", halite_core::args![; start_time = start]);
        assert!(from("2026-11-22").truthy() && !from("2026-11-23").truthy());
    }

    #[test]
    fn wheel_functions_change_keys() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let opts = opts(dir.path());
        let keys = KeyStore::open(&opts).expect("opens");
        let id = MinionId::parse("web1").expect("is an id");
        keys.put(KeyState::Pending, &id, KEY).expect("is stored");
        let wheel = |fun: &str, args| call(&opts, Kind::Wheel, fun, args).ret;
        assert_eq!(
            wheel("key.accept", halite_core::args!["web*"]),
            map! {"minions" => vec!["web1"]}.into()
        );
        let finger = wheel("key.finger", halite_core::args!["web1"]);
        let text = finger.get("minions").and_then(|ids| ids.get("web1")).map(ToString::to_string);
        assert_eq!(text.map(|text| text.len()), Some(95));
        assert_eq!(wheel("key.delete", halite_core::args!["web1"]), Map::new().into());
        assert_eq!(keys.find(&id).expect("reads"), None);
    }
}
