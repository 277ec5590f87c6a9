//! What a function may use: [`Context`] to look, [`Apply`] to change.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::args::Args;
use crate::error::{Error, Result};
use crate::files::FileClient;
use crate::grain_reads::GrainReads;
use crate::host;
use crate::limits;
use crate::opts::Opts;
use crate::registry::{ExecFn, Registry, StateFn};
use crate::secrets::Secrets;
use crate::services::Services;
use crate::value::{FromValue, Map, Value};

/// All that a function may look at. Cheap to copy with another pillar or other options.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The configuration.
    pub opts: &'a Opts,
    /// This machine's grains.
    pub grains: &'a Arc<Map>,
    /// This minion's pillar, in plain text.
    pub pillar: &'a Arc<Map>,
    /// Execution functions by name.
    pub exec: &'a Registry<ExecFn>,
    /// State functions by name.
    pub states: &'a Registry<StateFn>,
    /// The machine, for looking.
    pub host: &'a dyn host::Read,
    /// `salt://` files.
    pub files: &'a dyn FileClient,
    /// What the daemon (or salt-call) around it offers: events, pillar, the master, other jobs.
    pub services: &'a dyn Services,
    /// The job it runs in.
    pub job: &'a JobState,
    /// Whether a template calls: it sees values that others are shown masked.
    /// Salt: `salt.utils.secret.mask_pillar`.
    pub in_template: bool,
}

/// The right to change the machine. Only the engine and the job runner make one.
#[derive(Clone, Copy)]
pub struct Apply<'a> {
    /// Everything to look at.
    pub cx: &'a Context<'a>,
    /// The machine, for changing.
    pub host: &'a dyn host::Write,
}

impl<'a> std::ops::Deref for Apply<'a> {
    type Target = Context<'a>;
    fn deref(&self) -> &Context<'a> {
        self.cx
    }
}

/// What a running job shares with the functions it calls.
#[derive(Debug, Default)]
pub struct JobState {
    /// The job id; empty for work that is no job.
    pub jid: String,
    /// The function the job asked for.
    pub fun: String,
    /// Who asked.
    pub user: String,
    /// What it knows to be secret.
    pub secrets: Secrets,
    /// Which grains its templates read.
    pub reads: GrainReads,
    retcode: AtomicI64,
    cancelled: Arc<AtomicBool>,
    depth: AtomicUsize,
    env: Mutex<BTreeMap<String, Option<String>>>,
    notes: Mutex<BTreeMap<String, Value>>,
}

impl JobState {
    /// A job's state.
    pub fn new(
        jid: impl Into<String>,
        fun: impl Into<String>,
        user: impl Into<String>,
    ) -> JobState {
        JobState { jid: jid.into(), fun: fun.into(), user: user.into(), ..JobState::default() }
    }

    /// The same job, which begins with these secrets.
    #[must_use]
    pub fn knowing(mut self, secrets: Secrets) -> JobState {
        self.secrets = secrets;
        self
    }

    /// The same job, ended by the switch of another: work that runs within it under its own id.
    #[must_use]
    pub fn cancelled_with(mut self, other: &JobState) -> JobState {
        self.cancelled = other.cancel_switch();
        self
    }

    /// Sets what the job will report beside its return. Salt: `__context__['retcode']`.
    pub fn set_retcode(&self, retcode: i64) {
        self.retcode.store(retcode, Ordering::Relaxed);
    }

    /// What was set last; 0 at first.
    pub fn retcode(&self) -> i64 {
        self.retcode.load(Ordering::Relaxed)
    }

    /// Sets (`Some`) or unsets a variable for the commands that this job will run. Salt changes the
    /// environment of the job's own process; here jobs share one.
    pub fn set_env(&self, name: &str, value: Option<String>) {
        let mut env = self.env.lock().unwrap_or_else(PoisonError::into_inner);
        env.insert(name.to_owned(), value);
    }

    /// How many calls deep the running function is: 1 is the job's own.
    pub fn depth(&self) -> usize {
        self.depth.load(Ordering::Relaxed)
    }

    /// What [`JobState::set_env`] has set and unset.
    pub fn env(&self) -> BTreeMap<String, Option<String>> {
        self.env.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The switch by which others end this job; hand a clone to whoever may.
    pub fn cancel_switch(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.cancelled)
    }

    /// What a function of this job has left for others under `key`. Salt: `__context__`.
    pub fn note(&self, key: &str) -> Option<Value> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    /// Changes what is left under `key`; a note that is not there yet is `Null`.
    pub fn change_note(&self, key: &str, change: impl FnOnce(&mut Value)) {
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        change(notes.entry(key.to_owned()).or_default());
    }

    /// Whether the job is to end. Long loops ask between steps.
    pub fn cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }
}

/// Counts calls within calls, and counts back.
struct Level<'a>(&'a AtomicUsize);

impl<'a> Level<'a> {
    fn enter(depth: &'a AtomicUsize, fun: &str) -> Result<Level<'a>> {
        if depth.fetch_add(1, Ordering::Relaxed) >= limits::CALL_DEPTH {
            depth.fetch_sub(1, Ordering::Relaxed);
            let most = limits::CALL_DEPTH;
            return Err(Error::execution(format!("'{fun}' is called {most} calls deep: a loop?")));
        }
        Ok(Level(depth))
    }
}

impl Drop for Level<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl<'a> Context<'a> {
    /// Calls an execution function that only looks, and takes its result as `T`.
    ///
    /// # Errors
    /// Unknown functions, what the function raised, a result of another type, and every function
    /// that may change something: a check must not.
    pub fn call<T: FromValue>(&self, fun: &str, args: Args) -> Result<T> {
        let _level = Level::enter(&self.job.depth, fun)?;
        let entry = self.exec.get(fun)?;
        let value = match &entry.call {
            ExecFn::Read(call) => call(self, args)?,
            ExecFn::Foreign(foreign) => foreign.call(self, args)?,
            ExecFn::Write(_) => {
                let what = format!("'{fun}' changes the machine and was called during a check");
                return Err(Error::execution(what));
            }
        };
        take(fun, value)
    }

    /// Whether states are to predict only. Salt: `__opts__['test']`.
    pub fn test(&self) -> bool {
        self.opts.bool("test")
    }

    /// Pillar data at a path such as `nginx:port`.
    pub fn pillar_at(&self, path: &str) -> Option<Value> {
        use crate::value::SubPath;
        Value::Map(Arc::clone(self.pillar)).traverse(path, crate::value::DELIMITER).cloned()
    }
}

impl<'a> Apply<'a> {
    /// Calls any execution function and takes its result as `T`.
    ///
    /// # Errors
    /// Unknown functions, what the function raised, a result of another type.
    pub fn call<T: FromValue>(&self, fun: &str, args: Args) -> Result<T> {
        take(fun, self.call_value(fun, args)?)
    }

    /// Calls any execution function.
    ///
    /// # Errors
    /// Unknown functions, and what the function raised.
    pub fn call_value(&self, fun: &str, args: Args) -> Result<Value> {
        let _level = Level::enter(&self.cx.job.depth, fun)?;
        match &self.cx.exec.get(fun)?.call {
            ExecFn::Read(call) => call(self.cx, args),
            ExecFn::Write(call) => call(self, args),
            ExecFn::Foreign(foreign) => foreign.call(self.cx, args),
        }
    }
}

fn take<T: FromValue>(fun: &str, value: Value) -> Result<T> {
    T::from_value(value).map_err(|value| {
        let (want, got) = (T::TYPE.name(), value.type_name());
        Error::execution(format!("'{fun}' gave {got} where {want} was expected"))
    })
}
