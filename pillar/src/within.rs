//! The services that functions have while a pillar is compiled.

use std::sync::Arc;

use halite_core::services::{PillarRequest, Refresh, Signal};
use halite_core::{Error, Map, Outside, Result, Secrets, Services, Value};

/// All services but one: a pillar file that asks for the pillar would have no end.
pub(crate) struct Within<'a>(pub(crate) &'a dyn Services);

impl Services for Within<'_> {
    fn fire(&self, tag: &str, data: Map) -> Result<bool> {
        self.0.fire(tag, data)
    }

    fn fire_master(&self, tag: &str, data: Map) -> Result<()> {
        self.0.fire_master(tag, data)
    }

    fn compile_pillar(&self, _request: &PillarRequest) -> Result<Arc<Map>> {
        Err(Error::execution("the pillar cannot be compiled by one of its own files"))
    }

    fn ask_master(&self, cmd: &str, load: Map) -> Result<Value> {
        self.0.ask_master(cmd, load)
    }

    fn secrets(&self) -> Secrets {
        self.0.secrets()
    }

    fn running_jobs(&self) -> Result<Vec<Map>> {
        self.0.running_jobs()
    }

    fn signal_job(&self, jid: &str, signal: Signal) -> Result<Value> {
        self.0.signal_job(jid, signal)
    }

    fn refresh(&self, what: Refresh) -> Result<bool> {
        self.0.refresh(what)
    }

    fn fresh_grains(&self) -> Result<Arc<Map>> {
        self.0.fresh_grains()
    }

    fn outside(&self) -> &dyn Outside {
        self.0.outside()
    }

    fn pack(&self, value: &Value) -> Result<Vec<u8>> {
        self.0.pack(value)
    }

    fn unpack(&self, bytes: &[u8]) -> Result<Value> {
        self.0.unpack(bytes)
    }
}
