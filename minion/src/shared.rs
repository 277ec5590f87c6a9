//! What the owner task and the workers share.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, MutexGuard, PoisonError, RwLock};

use bytes::Bytes;
use halite_core::dictupdate::{Update, update};
use halite_core::services::{ManageOrder, MasterCall, PillarRequest};
use halite_core::{Map, Opts, Result, Secrets, Services, SubPath, Value, secrets};
use halite_net::bus::Bus;
use halite_outside::Internet;
use halite_wire::frame;
use halite_wire::load::PublishLoad;

use crate::asker::{Asker, Message};
use crate::core::{Facts, Input, Kind};
use crate::keeper::{Keeper, Order};
use crate::links::Common;
use crate::local::LocalServices;
use crate::{Machine, limits};

/// Calls a function of the master of this machine: the program that holds both gives it.
pub type MasterDoor = fn(&MasterCall) -> Result<Value>;

/// A job that runs.
#[derive(Clone)]
pub(crate) struct Running {
    /// What `saltutil.running` shows.
    pub(crate) load: Map,
    /// Ends it.
    pub(crate) cancel: Arc<AtomicBool>,
}

/// Jobs that run, by their ids.
pub(crate) type RunningJobs = BTreeMap<String, Running>;

/// The present machine and pillar, the jobs that run, the way to the master.
pub(crate) struct Shared {
    present: RwLock<Present>,
    common: Arc<Common>,
    /// The way to the master.
    pub(crate) asker: Asker,
    /// Where running jobs are listed.
    pub(crate) proc_dir: PathBuf,
    /// The network.
    pub(crate) outside: Internet,
    /// Functions of a master on this machine.
    pub(crate) door: MasterDoor,
    /// Whether a thread tries returners again.
    pub(crate) handing_over: AtomicBool,
    /// Threads that do what events of local tools ask for.
    pub(crate) event_threads: AtomicUsize,
}

/// What new jobs start with.
#[derive(Clone)]
pub(crate) struct Present {
    /// Options, grains, functions, files.
    pub(crate) machine: Arc<Machine>,
    /// The pillar.
    pub(crate) pillar: Arc<Map>,
    /// What of it is secret.
    pub(crate) secrets: Secrets,
}

impl Shared {
    /// A machine without pillar yet.
    pub(crate) fn new(
        machine: Arc<Machine>,
        asker: Asker,
        door: MasterDoor,
        common: Arc<Common>,
    ) -> Shared {
        let proc_dir = machine.opts.path("cachedir").join("proc");
        let secrets = Secrets::of(&machine.opts);
        let present = Present { machine, pillar: Arc::default(), secrets };
        Shared {
            present: RwLock::new(present),
            common,
            asker,
            proc_dir,
            outside: Internet::new(),
            door,
            handing_over: AtomicBool::new(false),
            event_threads: AtomicUsize::new(0),
        }
    }

    /// What new jobs start with.
    pub(crate) fn present(&self) -> Present {
        self.present.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The configuration.
    pub(crate) fn opts(&self) -> Opts {
        self.present().machine.opts.clone()
    }

    /// Changes what new jobs start with, and what targets are matched against.
    pub(crate) fn change(&self, change: impl FnOnce(&mut Present)) -> Result<()> {
        let facts = {
            let mut present = self.present.write().unwrap_or_else(PoisonError::into_inner);
            change(&mut present);
            Facts {
                grains: Arc::clone(&present.machine.grains),
                pillar: Arc::clone(&present.pillar),
            }
        };
        if let Some(keeper) = self.keeper() {
            keeper.tell(Order::Changed);
        }
        self.asker.send(Message::Core(Input::Facts(facts)))
    }

    /// The jobs that run in this process.
    pub(crate) fn running(&self) -> MutexGuard<'_, RunningJobs> {
        self.common.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lists a job as running; gives what is listed and whether it was ended before it began.
    pub(crate) fn list(&self, load: &PublishLoad, cancel: Arc<AtomicBool>) -> (Map, bool) {
        let mut shown = load.to_load();
        shown.insert("pid".into(), std::process::id().into());
        let running = Running { load: shown.clone(), cancel };
        let before = self.running().insert(load.jid.as_str().to_owned(), running);
        let ended = before.is_some_and(|job| job.cancel.load(Ordering::Relaxed));
        (shown, ended)
    }

    /// Ends all jobs that run.
    pub(crate) fn cancel_all(&self) -> usize {
        let running = self.running();
        running.values().for_each(|job| job.cancel.store(true, Ordering::Relaxed));
        running.len()
    }

    /// Where events of this minion are published.
    pub(crate) fn set_bus(&self, bus: Bus) {
        *self.common.bus.lock().unwrap_or_else(PoisonError::into_inner) = Some(bus);
    }

    /// Whether this is the daemon: it has a bus of its own.
    pub(crate) fn has_bus(&self) -> bool {
        self.common.bus.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// The links to all masters, this one among them.
    pub(crate) fn links(&self) -> Vec<Arc<Shared>> {
        self.common.all()
    }

    /// Starts beacons and schedule, once.
    pub(crate) fn keep(self: &Arc<Shared>) {
        let _one = self.common.starting.lock().unwrap_or_else(PoisonError::into_inner);
        if self.keeper().is_some() {
            return;
        }
        match Keeper::start(self) {
            Ok(keeper) => drop(self.common.keeper.set(keeper)),
            Err(error) => tracing::error!("{error}"),
        }
    }

    /// Beacons and schedule, if this is the daemon and they have begun.
    pub(crate) fn keeper(&self) -> Option<&Keeper> {
        self.common.keeper.get()
    }

    /// Gives an order to beacons or schedule of the minion of this machine and waits for the answer:
    /// in this process, or over the bus of the daemon.
    ///
    /// # Errors
    /// If no daemon runs here.
    pub(crate) fn manage(&self, order: &ManageOrder<'_>) -> Result<Option<Map>> {
        let Some(keeper) = self.keeper() else { return crate::bus::ask(&self.opts(), order) };
        let (sender, receiver) = sync_channel(1);
        keeper.tell(Order::Manage(order.tag.to_owned(), order.data.clone(), Some(sender)));
        Ok(receiver.recv_timeout(order.wait).ok())
    }

    /// Fires on this minion's bus: the own one, or that of the daemon if this is `salt-call`.
    ///
    /// # Errors
    /// If a daemon runs and does not take the event.
    pub(crate) fn fire(&self, tag: &str, mut data: Map) -> Result<bool> {
        data.entry("_stamp".into()).or_insert_with(stamp);
        let bus = self.common.bus.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match bus {
            Some(bus) => {
                let body = frame::event_body(tag, &data);
                bus.publish(tag, &Bytes::from(frame::pub_frame(&body)));
                Ok(true)
            }
            None => crate::bus::send(&self.opts(), tag, &data),
        }
    }

    /// The pillar as the master compiles it now; with `file_client: local`, as this machine does.
    /// `learner` learns what of it is secret.
    ///
    /// # Errors
    /// If the master cannot be reached or refuses.
    pub(crate) fn fetch_pillar(
        &self,
        request: &PillarRequest,
        learner: &Secrets,
    ) -> Result<Arc<Map>> {
        let Present { machine, .. } = self.present();
        if machine.is_local() {
            return LocalServices::new(machine, None, learner.clone()).compile_pillar(request);
        }
        let opts = &machine.opts;
        let env = |given: &Option<String>, option: &str| -> Value {
            match given {
                Some(env) => env.into(),
                None => opts.get(option).cloned().unwrap_or_default(),
            }
        };
        let mut load = halite_core::map! {
            "cmd" => "_pillar",
            "grains" => Arc::clone(&machine.grains),
            "saltenv" => env(&request.saltenv, "saltenv"),
            "pillarenv" => env(&request.pillarenv, "pillarenv"),
            "pillar_override" => request.pillar_override.clone(),
            "extra_minion_data" => passed_on(opts)?,
            "ver" => "2",
            secrets::WIRE_ASK => true,
        };
        if let Some(ext) = &request.ext {
            load.insert("ext".into(), ext.clone());
        }
        if request.clean_cache {
            load.insert("clean_cache".into(), true.into());
        }
        match self.asker.ask_as(load, Kind::Pillar)? {
            Value::Map(pillar) => {
                let mut pillar = Arc::unwrap_or_clone(pillar);
                learner.learn_told(&mut pillar);
                learner.learn_marked(opts, &pillar);
                Ok(Arc::new(pillar))
            }
            other => {
                let kind = other.type_name();
                Err(halite_core::Error::execution(format!("the master's pillar is a {kind}")))
            }
        }
    }

    /// Fetches the pillar with which new jobs start.
    ///
    /// # Errors
    /// If the master cannot be reached or refuses, or the process is ending.
    pub(crate) fn renew_pillar(&self, request: &PillarRequest) -> Result<Arc<Map>> {
        let secrets = Secrets::of(&self.opts());
        let pillar = self.fetch_pillar(request, &secrets)?;
        let shown = Arc::clone(&pillar);
        self.change(|present| (present.pillar, present.secrets) = (pillar, secrets))?;
        Ok(shown)
    }

    /// Sends the master something to which no answer is wanted.
    pub(crate) fn tell_master(&self, load: Map) {
        // If the owner task has gone, the process is ending.
        let _ = self.asker.send(Message::Core(Input::Ask { id: 0, load, kind: Kind::Plain }));
    }

    /// How many jobs may run at one time.
    pub(crate) fn jobs_most(&self) -> usize {
        usize::try_from(self.opts().int("process_count_max", -1))
            .ok()
            .filter(|most| *most > 0)
            .unwrap_or(limits::JOBS_RUNNING)
    }
}

/// The time of an event, as Salt writes it.
pub(crate) fn stamp() -> Value {
    let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S.%6f+00:00");
    Value::str(now.to_string())
}

/// The options that `pass_to_ext_pillars` names, by their paths.
/// Salt: `RemotePillarMixin.get_ext_pillar_extra_minion_data`.
fn passed_on(opts: &Opts) -> Result<Map> {
    let mut passed = Map::new();
    let paths = match opts.get("pass_to_ext_pillars") {
        None | Some(Value::Null) => return Ok(passed),
        Some(Value::List(paths)) => paths,
        Some(_) => {
            let text = "'pass_to_ext_pillars' config is malformed.";
            return Err(halite_core::Error::execution(text));
        }
    };
    let all = Value::from(Arc::clone(opts.values()));
    for path in paths.iter().map(Value::to_string) {
        let Some(value) = all.traverse(&path, ":").cloned() else { continue };
        let nested = path.rsplit(':').fold(value, |inner, key| Value::map([(key, inner)]));
        let over = nested.as_map().cloned().unwrap_or_default();
        let how = Update { merge_lists: true, ..Update::default() };
        update(&mut passed, &over, how)?;
    }
    Ok(passed)
}
