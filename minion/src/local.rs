//! What stands for the daemon under `salt-call --local`.

use std::sync::Arc;

use halite_core::services::{PillarRequest, Refresh, Signal};
use halite_core::{Error, Map, Result, Services, Value};

use crate::Machine;

/// Services without a master: pillar is compiled here, events stay on this machine.
pub(crate) struct LocalServices {
    machine: Arc<Machine>,
}

impl LocalServices {
    /// Services over this machine.
    pub(crate) fn new(machine: Arc<Machine>) -> LocalServices {
        LocalServices { machine }
    }
}

impl Services for LocalServices {
    fn fire(&self, _tag: &str, _data: Map) -> Result<()> {
        Ok(())
    }

    fn fire_master(&self, _tag: &str, _data: Map) -> Result<()> {
        Err(no_master("an event cannot be sent"))
    }

    fn compile_pillar(&self, request: &PillarRequest) -> Result<Arc<Map>> {
        Ok(Arc::new(request.pillar_override.clone()))
    }

    fn ask_master(&self, cmd: &str, _load: Map) -> Result<Value> {
        Err(no_master(cmd))
    }

    fn running_jobs(&self) -> Result<Vec<Map>> {
        Ok(Vec::new())
    }

    fn signal_job(&self, _jid: &str, _signal: Signal) -> Result<Value> {
        Ok(Value::str(""))
    }

    fn refresh(&self, _what: Refresh) -> Result<bool> {
        Ok(false)
    }

    fn fresh_grains(&self) -> Result<Arc<Map>> {
        Ok(Machine::read_grains(&self.machine.opts))
    }
}

fn no_master(what: &str) -> Error {
    Error::execution(format!("{what}: this is a local run (file_client: local), without a master"))
}
