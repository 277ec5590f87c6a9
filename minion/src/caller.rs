//! `salt-call`: one function, run in this process.

use std::sync::Arc;

use halite_core::host::{Read, RealHost};
use halite_core::{Args, Jid, JobState, Map, Opts, Result, Value};

use crate::local::LocalServices;
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

/// A machine ready for calls.
pub struct Caller {
    engine: Engine,
    host: RealHost,
}

impl Caller {
    /// Prepares a run without a master.
    ///
    /// # Errors
    /// If grains or pillar cannot be made.
    pub fn local(opts: Opts) -> Result<Caller> {
        let files = Arc::new(halite_render::files::LocalFiles::new(&opts));
        let grains = Machine::read_grains(&opts);
        let machine = Arc::new(Machine::load(opts, grains, files));
        let services = Arc::new(LocalServices::new(Arc::clone(&machine)));
        let engine = Engine { machine, pillar: Arc::new(Map::new()), services };
        Ok(Caller { engine, host: RealHost::new() })
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
        let job = JobState::new(jid.as_str(), &call.fun, user);
        let done = run(&self.engine, &job, &call.fun, self.publish_args(&jid, call))?;
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
        Ok(ret)
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
