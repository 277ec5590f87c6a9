//! What the daemon around a function offers: events, pillar, the master, other jobs.

use std::sync::Arc;
use std::time::Duration;

use crate::error::{Error, Result};
use crate::outside::{NoOutside, Outside};
use crate::secrets::Secrets;
use crate::value::{Map, Value};

/// What a pillar compile is asked for.
#[derive(Clone, Debug, Default)]
pub struct PillarRequest {
    /// Environment of the files, if one is set.
    pub saltenv: Option<String>,
    /// Environment of the pillar, if one is set.
    pub pillarenv: Option<String>,
    /// Data given on the command line (`pillar=`): wins over all else.
    pub pillar_override: Map,
    /// Further ext_pillar to apply (`pillar.ext`).
    pub ext: Option<Value>,
    /// Compile anew, whatever a master has kept.
    pub clean_cache: bool,
}

/// What of the minion's own state is to be read again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refresh {
    /// Grains.
    Grains,
    /// Pillar.
    Pillar,
    /// Execution and state modules.
    Modules,
    /// Beacon configuration.
    Beacons,
    /// Schedule.
    Schedule,
}

/// An order to the running minion's beacons or schedule, as an event of its bus.
#[derive(Clone, Debug)]
pub struct ManageOrder<'a> {
    /// `manage_beacons` or `manage_schedule`.
    pub tag: &'a str,
    /// What is to be done.
    pub data: Map,
    /// The tag of the event that answers.
    pub answer: &'a str,
    /// How long the answer is waited for.
    pub wait: Duration,
}

/// How a running job is to be ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// SIGTERM: `saltutil.term_job`.
    Term,
    /// SIGKILL: `saltutil.kill_job`.
    Kill,
}

/// A step of a state run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunStep<'a> {
    /// How many states the run has.
    pub total: usize,
    /// The ID of the state.
    pub id: &'a str,
    /// `module.function`.
    pub fun: &'a str,
    /// How it ended; `None` when it begins.
    pub ended: Option<Ended>,
}

/// How a state ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// All was as it should be, or it was skipped.
    Well,
    /// Something changed, or would.
    Changed,
    /// It failed.
    Failed,
}

impl Ended {
    /// Reads a state's return.
    pub fn of(ret: &Map) -> Ended {
        match ret.get("result") {
            Some(Value::Bool(false)) => Ended::Failed,
            Some(Value::Null) => Ended::Changed,
            _ if ret.get("changes").is_some_and(Value::truthy) => Ended::Changed,
            _ => Ended::Well,
        }
    }
}

/// A runner or wheel function of the master on this machine.
#[derive(Clone, Debug)]
pub struct MasterCall {
    /// The folder with the master's configuration.
    pub config_dir: std::path::PathBuf,
    /// A wheel function; else a runner.
    pub wheel: bool,
    /// The function.
    pub fun: String,
    /// Its arguments.
    pub args: crate::Args,
    /// Who asks.
    pub user: String,
    /// Give the run's id, its arguments and whether it succeeded as well.
    pub full_return: bool,
}

/// The world beyond the machine. A minion implements all of it, `salt-call --local` what makes
/// sense without a master; tests use [`NoServices`].
pub trait Services: Send + Sync {
    /// Fires on the local bus; false if there is none, as where no daemon runs. Salt: `event.fire`.
    ///
    /// # Errors
    /// If the bus cannot be written.
    fn fire(&self, tag: &str, data: Map) -> Result<bool>;

    /// Fires on the master's bus. Salt: `event.fire_master`.
    ///
    /// # Errors
    /// If the master cannot be reached or refuses.
    fn fire_master(&self, tag: &str, data: Map) -> Result<()>;

    /// Compiles this minion's pillar anew.
    ///
    /// # Errors
    /// If the master cannot be reached; faults of the pillar itself are in its `_errors`.
    fn compile_pillar(&self, request: &PillarRequest) -> Result<Arc<Map>>;

    /// Sends one request to the master as this minion (`_mine_get`, `_master_opts`, ...).
    ///
    /// # Errors
    /// If there is no master, or it does not answer or refuses.
    fn ask_master(&self, cmd: &str, load: Map) -> Result<Value>;

    /// The jobs that run now, as `saltutil.running` lists them.
    ///
    /// # Errors
    /// If the proc folder cannot be read.
    fn running_jobs(&self) -> Result<Vec<Map>>;

    /// Ends a running job; says what happened, in Salt's words.
    ///
    /// # Errors
    /// If the jid is no jid.
    fn signal_job(&self, jid: &str, signal: Signal) -> Result<Value>;

    /// Has something read again, now or before the next job.
    ///
    /// # Errors
    /// If the master is needed and does not answer.
    fn refresh(&self, what: Refresh) -> Result<bool>;

    /// Grains as they would be read now.
    ///
    /// # Errors
    /// If they cannot be read.
    fn fresh_grains(&self) -> Result<Arc<Map>>;

    /// The network: HTTP, SQL, Redis. Without one, every request is an error.
    fn outside(&self) -> &dyn Outside {
        &NoOutside
    }

    /// Gives an order to the beacons or the schedule of the minion that runs on this machine; gives the
    /// data of the event that answers, `None` if none came in time.
    ///
    /// # Errors
    /// If no minion runs here, or its bus cannot be used.
    fn manage(&self, order: &ManageOrder<'_>) -> Result<Option<Map>> {
        let what = order.tag.trim_start_matches("manage_");
        NoServices::none(&format!("the {what} of this machine"))
    }

    /// A value as Salt writes it into its cache files (msgpack).
    ///
    /// # Errors
    /// If this program does not know that form.
    fn pack(&self, _value: &Value) -> Result<Vec<u8>> {
        NoServices::none("a cache file")
    }

    /// The value in a cache file of Salt.
    ///
    /// # Errors
    /// If it holds none, or this program does not know that form.
    fn unpack(&self, _bytes: &[u8]) -> Result<Value> {
        NoServices::none("a cache file")
    }

    /// What the program around knows to be secret: a job begins with it, and what is compiled for it adds to it.
    fn secrets(&self) -> Secrets {
        Secrets::default()
    }

    /// Calls a function of the master whose configuration lies on this machine.
    ///
    /// # Errors
    /// If there is no such configuration, or this program holds no master.
    fn master_function(&self, call: &MasterCall) -> Result<Value> {
        Err(Error::execution(format!("{}: this program holds no master", call.fun)))
    }

    /// Told of each state that begins or ends, for whoever watches the run in this process.
    fn watch(&self, _step: &RunStep<'_>) {}

    /// The services themselves, for functions of one program that need more of it than this trait:
    /// the master's runner and wheel functions.
    fn as_any(&self) -> Option<&dyn std::any::Any> {
        None
    }
}

/// No daemon at all: events go nowhere, the rest is an error. For tests and lint runs.
pub struct NoServices;

impl NoServices {
    fn none<T>(what: &str) -> Result<T> {
        Err(Error::execution(format!("{what} needs a running minion; there is none here")))
    }
}

impl Services for NoServices {
    fn fire(&self, _tag: &str, _data: Map) -> Result<bool> {
        Ok(false)
    }

    fn fire_master(&self, _tag: &str, _data: Map) -> Result<()> {
        NoServices::none("an event to the master")
    }

    fn compile_pillar(&self, _request: &PillarRequest) -> Result<Arc<Map>> {
        NoServices::none("a fresh pillar")
    }

    fn ask_master(&self, cmd: &str, _load: Map) -> Result<Value> {
        NoServices::none(cmd)
    }

    fn running_jobs(&self) -> Result<Vec<Map>> {
        Ok(Vec::new())
    }

    fn signal_job(&self, _jid: &str, _signal: Signal) -> Result<Value> {
        NoServices::none("ending a job")
    }

    fn refresh(&self, _what: Refresh) -> Result<bool> {
        Ok(false)
    }

    fn fresh_grains(&self) -> Result<Arc<Map>> {
        NoServices::none("fresh grains")
    }
}

/// No daemon, but the network: what compiles pillar on a master.
pub struct Alone<'a>(pub &'a dyn Outside);

impl Services for Alone<'_> {
    fn fire(&self, tag: &str, data: Map) -> Result<bool> {
        NoServices.fire(tag, data)
    }

    fn fire_master(&self, tag: &str, data: Map) -> Result<()> {
        NoServices.fire_master(tag, data)
    }

    fn compile_pillar(&self, request: &PillarRequest) -> Result<Arc<Map>> {
        NoServices.compile_pillar(request)
    }

    fn ask_master(&self, cmd: &str, load: Map) -> Result<Value> {
        NoServices.ask_master(cmd, load)
    }

    fn running_jobs(&self) -> Result<Vec<Map>> {
        NoServices.running_jobs()
    }

    fn signal_job(&self, jid: &str, signal: Signal) -> Result<Value> {
        NoServices.signal_job(jid, signal)
    }

    fn refresh(&self, what: Refresh) -> Result<bool> {
        NoServices.refresh(what)
    }

    fn fresh_grains(&self) -> Result<Arc<Map>> {
        NoServices.fresh_grains()
    }

    fn outside(&self) -> &dyn Outside {
        self.0
    }
}
