//! `salt-call`: one function, run in this process.

use std::sync::Arc;

use halite_core::host::{Read, RealHost};
use halite_core::services::{PillarRequest, RunStep};
use halite_core::{Args, Jid, Map, Opts, Result, Secrets, Services, Value};

use crate::daemon::Link;
use crate::local::LocalServices;
use crate::proc::ProcFile;
use crate::services::JobServices;
use crate::shared::MasterDoor;
use crate::{Engine, Failure, Machine, run};

/// What is to be called.
#[derive(Clone, Debug, Default)]
pub struct Call {
    /// The function.
    pub fun: String,
    /// Its arguments as given, for the record.
    pub fun_args: Vec<Value>,
    /// Its arguments, parsed.
    pub args: Args,
    /// Data to keep beside the return (`--set-metadata`).
    pub metadata: Option<Value>,
}

/// Is told of each state of a run.
pub type Watcher = Arc<dyn Fn(&RunStep<'_>) + Send + Sync>;

/// A machine ready for calls.
pub struct Caller {
    engine: Engine,
    host: RealHost,
    link: Option<Link>,
}

/// Why there is nobody to call.
#[derive(Debug, thiserror::Error)]
#[error("{why}")]
pub struct NoCaller {
    /// The exit code that says it.
    pub code: u8,
    /// The reason.
    pub why: String,
}

impl From<halite_core::Error> for NoCaller {
    fn from(error: halite_core::Error) -> NoCaller {
        NoCaller { code: 1, why: error.to_string() }
    }
}

impl Caller {
    /// Prepares a run without a master.
    ///
    /// # Errors
    /// If grains or pillar cannot be made.
    pub fn local(
        opts: Opts,
        watcher: Option<Watcher>,
        door: MasterDoor,
    ) -> Result<Caller, NoCaller> {
        let files = Arc::new(halite_render::files::LocalFiles::new(&opts));
        let grains = Machine::read_grains(&opts);
        let machine = Arc::new(Machine::load(opts, grains, files));
        let secrets = Secrets::of(&machine.opts);
        let services = LocalServices::new(Arc::clone(&machine), watcher, secrets);
        let services = Arc::new(services.beside(door));
        let pillar = services.compile_pillar(&PillarRequest::default())?;
        let engine = Engine { machine, pillar, services };
        Ok(Caller { engine, host: RealHost::new(), link: None })
    }

    /// Signs in to the master and takes pillar and files from it.
    ///
    /// # Errors
    /// If no master answers or it does not accept this minion, with Salt's exit codes.
    pub fn remote(
        opts: Opts,
        watcher: Option<Watcher>,
        door: MasterDoor,
    ) -> Result<Caller, NoCaller> {
        let mut link = Link::start(opts, door)?;
        let shared = Arc::clone(link.shared());
        let pillar = shared.renew_pillar(&PillarRequest::default()).map_err(|error| {
            let (code, why) = link.wait_failure().unwrap_or((1, error.to_string()));
            NoCaller { code, why }
        })?;
        let machine = shared.present().machine;
        let services = Arc::new(JobServices::new(shared, "").watched(watcher));
        let engine = Engine { machine, pillar, services };
        Ok(Caller { engine, host: RealHost::new(), link: Some(link) })
    }

    /// What the calls run with.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Calls the function; gives its return with what belongs to it, as `--metadata` shows it.
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn call(&self, call: &Call) -> Result<Map, Failure> {
        let opts = &self.engine.machine.opts;
        let jid = Jid::at(self.host.now_micros());
        let user = self.host.env("USER").unwrap_or_else(|| "root".into());
        let job = self.engine.job(jid.as_str(), &call.fun, &user);
        let proc_file = self.list_as_running(&jid, call);
        let done = run(&self.engine, &job, &call.fun, self.publish_args(&jid, call));
        drop(proc_file);
        let done = done?;
        let mut ret = Map::new();
        ret.insert("jid".into(), jid.into());
        ret.insert("return".into(), done.ret);
        ret.insert("retcode".into(), done.retcode.into());
        if let Some(out) = done.outputter {
            ret.insert("out".into(), out.into());
        }
        ret.insert("id".into(), opts.str("id").into());
        ret.insert("fun".into(), call.fun.as_str().into());
        ret.insert("fun_args".into(), call.fun_args.clone().into());
        if let Some(metadata) = &call.metadata {
            ret.insert("metadata".into(), metadata.clone());
        }
        if !opts.bool("no_return_event") {
            self.send_return(&ret);
        }
        crate::returners::give_called(&self.engine, &ret);
        Ok(ret)
    }

    /// Lets others see what runs, above all state runs, of which there may be only one.
    fn list_as_running(&self, jid: &Jid, call: &Call) -> Option<ProcFile> {
        let load = halite_core::map! {
            "fun" => call.fun.as_str(),
            "pid" => std::process::id(),
            "jid" => jid,
            "tgt" => "salt-call",
        };
        let folder = self.engine.machine.opts.path("cachedir").join("proc");
        let written = crate::store::make_private_dir(&folder)
            .and_then(|()| ProcFile::write(&folder, jid.as_str(), &load));
        match written {
            Ok(file) => Some(file),
            Err(error) => {
                tracing::warn!("this call is not listed as running: {error}");
                None
            }
        }
    }

    /// Hands the return to the master, which makes a job of it.
    fn send_return(&self, ret: &Map) {
        let Some(link) = &self.link else { return };
        let mut load = ret.clone();
        load.insert("jid".into(), Jid::REQUEST.into());
        load.insert("success".into(), (ret.get("retcode") == Some(&Value::Int(0))).into());
        if let Err(error) = link.shared().asker.ask("_return", load) {
            tracing::warn!("the master did not take the return: {error}");
        }
    }

    /// Functions that take any keyword argument see the publish data as well.
    fn publish_args(&self, jid: &Jid, call: &Call) -> Args {
        let mut args = call.args.clone();
        let entry = self.engine.machine.exec.get(&call.fun);
        if entry.is_ok_and(|entry| entry.spec.extra_named) {
            let mut add = |name: &str, value: Value| args.named.insert(name.into(), value);
            add("__pub_fun", call.fun.as_str().into());
            add("__pub_pid", std::process::id().into());
            add("__pub_jid", jid.into());
            add("__pub_tgt", "salt-call".into());
            if let Some(metadata) = &call.metadata {
                add("__pub_metadata", metadata.clone());
            }
        }
        args
    }
}
