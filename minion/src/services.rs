//! What a job of the daemon may ask of it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use halite_core::services::{ManageOrder, MasterCall, PillarRequest, Refresh, RunStep, Signal};
use halite_core::{Jid, Map, Outside, Result, Secrets, Services, Value, map};

use crate::caller::Watcher;
use crate::keeper::Order;
use crate::shared::{Present, Shared};
use crate::{Machine, bus, proc};

/// The daemon, as one job sees it.
pub(crate) struct JobServices {
    shared: Arc<Shared>,
    jid: String,
    watcher: Option<Watcher>,
    secrets: Secrets,
}

/// Requests that carry data for others to see.
const SHOWN: [&str; 3] = ["_minion_event", "_mine", "_return"];

impl JobServices {
    /// For the job `jid`, which does not see itself running.
    pub(crate) fn new(shared: Arc<Shared>, jid: &str) -> JobServices {
        let present = shared.present();
        let secrets = present.secrets.child(&present.machine.opts);
        JobServices { shared, jid: jid.to_owned(), watcher: None, secrets }
    }

    /// The same with somebody in this process who watches state runs.
    pub(crate) fn watched(self, watcher: Option<Watcher>) -> JobServices {
        JobServices { watcher, ..self }
    }
}

impl Services for JobServices {
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

    fn fire(&self, tag: &str, data: Map) -> Result<bool> {
        let (tag, data) = (&*self.secrets.hide_text(tag), self.secrets.hide_map(data));
        let taken = self.shared.fire(tag, data.clone())?;
        // What a tool of this machine may cause, a function of the daemon may.
        if self.shared.has_bus() {
            crate::bus::react(&self.shared, tag, data);
        }
        Ok(taken)
    }

    fn fire_master(&self, tag: &str, data: Map) -> Result<()> {
        let (tag, data) = (self.secrets.hide_text(tag), self.secrets.hide_map(data));
        let load = map! {"pretag" => (), "tag" => &*tag, "data" => data};
        // Other masters are told, this one is asked.
        for link in self.shared.links().iter().filter(|link| !Arc::ptr_eq(link, &self.shared)) {
            let mut load = load.clone();
            load.insert("cmd".into(), "_minion_event".into());
            link.tell_master(load);
        }
        self.shared.asker.ask("_minion_event", load).map(drop)
    }

    fn compile_pillar(&self, request: &PillarRequest) -> Result<Arc<Map>> {
        self.shared.fetch_pillar(request, &self.secrets)
    }

    fn ask_master(&self, cmd: &str, load: Map) -> Result<Value> {
        let load = if SHOWN.contains(&cmd) { self.secrets.hide_map(load) } else { load };
        self.shared.asker.ask(cmd, load)
    }

    fn running_jobs(&self) -> Result<Vec<Map>> {
        let mut jobs: Vec<Map> = {
            let running = self.shared.running();
            let others = running.iter().filter(|(jid, _)| **jid != self.jid);
            others.map(|(_, job)| job.load.clone()).collect()
        };
        jobs.extend(proc::of_other_processes(&self.shared.proc_dir));
        Ok(jobs)
    }

    fn signal_job(&self, jid: &str, signal: Signal) -> Result<Value> {
        Jid::parse(jid)?;
        if let Some(job) = self.shared.running().get(jid) {
            // Threads take no signals: the switch ends the job and kills its commands.
            job.cancel.store(true, Ordering::Relaxed);
            return Ok(proc::signalled(signal, jid, std::process::id()));
        }
        proc::signal_other(&self.shared.proc_dir, jid, signal)
    }

    fn refresh(&self, what: Refresh) -> Result<bool> {
        refresh(&self.shared, what)?;
        Ok(true)
    }

    fn manage(&self, order: &ManageOrder<'_>) -> Result<Option<Map>> {
        self.shared.manage(order)
    }

    fn master_function(&self, call: &MasterCall) -> Result<Value> {
        (self.shared.door)(call)
    }

    fn fresh_grains(&self) -> Result<Arc<Map>> {
        Ok(Machine::read_grains(&self.shared.opts()))
    }

    fn outside(&self) -> &dyn Outside {
        &self.shared.outside
    }
}

/// Reads something again and has the next jobs start with it.
///
/// # Errors
/// If the master is needed and does not answer.
pub(crate) fn refresh(shared: &Shared, what: Refresh) -> Result<()> {
    read_again(shared, what)?;
    if shared.opts().bool("caller") {
        // The daemon of this machine, if one runs, is to do the same.
        return bus::send(&shared.opts(), request_tag(what), &Map::new()).map(drop);
    }
    let done = match what {
        Refresh::Pillar => "/salt/minion/minion_pillar_refresh_complete",
        Refresh::Modules => "/salt/minion/minion_mod_refresh_complete",
        Refresh::Grains | Refresh::Beacons | Refresh::Schedule => return Ok(()),
    };
    shared.fire(done, map! {"complete" => true}).map(drop)
}

/// The event by which a tool has the daemon read something again.
pub(crate) fn request_tag(what: Refresh) -> &'static str {
    match what {
        Refresh::Pillar => "pillar_refresh",
        Refresh::Grains => "grains_refresh",
        Refresh::Modules => "module_refresh",
        Refresh::Beacons => "beacons_refresh",
        Refresh::Schedule => "schedule_refresh",
    }
}

fn read_again(shared: &Shared, what: Refresh) -> Result<()> {
    match what {
        Refresh::Pillar => {
            let request = PillarRequest { clean_cache: true, ..PillarRequest::default() };
            shared.renew_pillar(&request).map(drop)
        }
        Refresh::Grains | Refresh::Modules => {
            let Present { machine, .. } = shared.present();
            let grains = Machine::read_grains(&machine.opts);
            let files = Arc::clone(&machine.files);
            let machine = Arc::new(Machine::load(machine.opts.clone(), grains, files));
            shared.change(|present| present.machine = machine)
        }
        Refresh::Beacons | Refresh::Schedule => {
            if let Some(keeper) = shared.keeper() {
                keeper.tell(Order::Changed);
            }
            Ok(())
        }
    }
}
