//! What stands for the daemon under `salt-call --local`.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use halite_core::host::RealHost;
use halite_core::services::{ManageOrder, MasterCall, PillarRequest, Refresh, RunStep, Signal};
use halite_core::{Error, JobState, Map, MinionId, Outside, Result, Secrets, Services, Value};
use halite_outside::Internet;
use halite_pillar::{Deps, Subject};
use halite_render::JinjaEngine;
use halite_render::files::LocalFiles;

use crate::caller::Watcher;
use crate::shared::MasterDoor;
use crate::{Machine, bus, proc};

/// Services without a master: pillar is compiled here, events go to a daemon of this machine if one
/// runs.
pub(crate) struct LocalServices {
    machine: Arc<Machine>,
    templates: JinjaEngine,
    outside: Internet,
    /// What the last compile gave: Salt's masterless minion starts the next one from it.
    previous: Mutex<Arc<Map>>,
    watcher: Option<Watcher>,
    secrets: Secrets,
    door: Option<MasterDoor>,
}

impl LocalServices {
    /// Services over this machine; `secrets` learns what compiles find.
    pub(crate) fn new(
        machine: Arc<Machine>,
        watcher: Option<Watcher>,
        secrets: Secrets,
    ) -> LocalServices {
        LocalServices {
            machine,
            templates: JinjaEngine::new(),
            outside: Internet::new(),
            previous: Mutex::default(),
            watcher,
            secrets,
            door: None,
        }
    }

    /// The same beside a master on this machine.
    pub(crate) fn beside(self, door: MasterDoor) -> LocalServices {
        LocalServices { door: Some(door), ..self }
    }

    fn proc_dir(&self) -> std::path::PathBuf {
        self.machine.opts.path("cachedir").join("proc")
    }

    fn previous(&self) -> MutexGuard<'_, Arc<Map>> {
        self.previous.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Services for LocalServices {
    fn pack(&self, value: &Value) -> Result<Vec<u8>> {
        Ok(crate::store::pack(value))
    }

    fn unpack(&self, bytes: &[u8]) -> Result<Value> {
        crate::store::unpack(bytes)
    }

    fn watch(&self, step: &RunStep<'_>) {
        let id = self.secrets.hide_text(step.id);
        self.watcher.iter().for_each(|watcher| watcher(&RunStep { id: &id, ..*step }));
    }

    fn secrets(&self) -> Secrets {
        self.secrets.clone()
    }

    fn fire(&self, tag: &str, mut data: Map) -> Result<bool> {
        data.entry("_stamp".into()).or_insert_with(crate::shared::stamp);
        let (tag, data) = (self.secrets.hide_text(tag), self.secrets.hide_map(data));
        bus::send(&self.machine.opts, &tag, &data)
    }

    fn fire_master(&self, _tag: &str, _data: Map) -> Result<()> {
        Err(no_master("an event cannot be sent"))
    }

    fn compile_pillar(&self, request: &PillarRequest) -> Result<Arc<Map>> {
        let machine = &*self.machine;
        let (host, job) = (RealHost::new(), JobState::default().knowing(self.secrets()));
        let previous = Arc::clone(&self.previous());
        let subject = Subject {
            id: &MinionId::parse(machine.opts.str("id"))?,
            grains: &machine.grains,
            request,
            extra_minion_data: &Map::new(),
            previous: &previous,
        };
        let deps = Deps {
            opts: &machine.opts,
            exec: &machine.exec,
            states: &machine.states,
            host: &host,
            engine: &self.templates,
            roots: &LocalFiles::pillar(&machine.opts),
            files: &*machine.files,
            services: self,
            job: &job,
        };
        let pillar = Arc::new(halite_pillar::compile(&subject, &deps));
        *self.previous() = Arc::clone(&pillar);
        Ok(pillar)
    }

    fn ask_master(&self, cmd: &str, _load: Map) -> Result<Value> {
        Err(no_master(cmd))
    }

    fn running_jobs(&self) -> Result<Vec<Map>> {
        Ok(proc::of_other_processes(&self.proc_dir()))
    }

    fn signal_job(&self, jid: &str, signal: Signal) -> Result<Value> {
        halite_core::Jid::parse(jid)?;
        proc::signal_other(&self.proc_dir(), jid, signal)
    }

    fn refresh(&self, what: Refresh) -> Result<bool> {
        // Nothing is held here: the daemon of this machine is told, if one runs.
        bus::send(&self.machine.opts, crate::services::request_tag(what), &Map::new())
    }

    fn manage(&self, order: &ManageOrder<'_>) -> Result<Option<Map>> {
        bus::ask(&self.machine.opts, order)
    }

    fn master_function(&self, call: &MasterCall) -> Result<Value> {
        self.door.map_or_else(|| Err(no_master(&call.fun)), |door| door(call))
    }

    fn fresh_grains(&self) -> Result<Arc<Map>> {
        Ok(Machine::read_grains(&self.machine.opts))
    }

    fn outside(&self) -> &dyn Outside {
        &self.outside
    }
}

fn no_master(what: &str) -> Error {
    Error::execution(format!("{what}: this is a local run (file_client: local), without a master"))
}
