//! Runs one function: arguments checked, panics caught, the outcome in Salt's terms.

use std::panic::{AssertUnwindSafe, catch_unwind};

use halite_core::{Args, Error, JobState, Secrets, Spec, Value};

use crate::Engine;

/// A function that came to its end.
#[derive(Clone, Debug)]
pub struct Done {
    /// What it returned.
    pub ret: Value,
    /// What it set, or 1 if its return says `result` or `success` is false, else 0.
    pub retcode: i64,
    /// The outputter its result asks for.
    pub outputter: Option<&'static str>,
}

/// A function that did not.
#[derive(Debug)]
pub enum Failure {
    /// No such function; what is to be said of it.
    Missing(String),
    /// A keyword argument it does not take, in Salt's words.
    Keywords(String),
    /// The arguments do not bind. Salt: `TypeError` of the call.
    Binding(String),
    /// It refused its arguments itself. Salt: `SaltInvocationError`.
    Invocation(String),
    /// It tried and failed. Salt: `CommandExecutionError`.
    Execution(String),
    /// It panicked: a bug of ours.
    Panic(String),
}

impl Failure {
    /// The same without what `secrets` knows.
    fn hidden(self, secrets: &Secrets) -> Failure {
        let hide = |text: String| secrets.hide_text(&text).into_owned();
        match self {
            Failure::Missing(text) => Failure::Missing(hide(text)),
            Failure::Keywords(text) => Failure::Keywords(hide(text)),
            Failure::Binding(text) => Failure::Binding(hide(text)),
            Failure::Invocation(text) => Failure::Invocation(hide(text)),
            Failure::Execution(text) => Failure::Execution(hide(text)),
            Failure::Panic(text) => Failure::Panic(hide(text)),
        }
    }
}

/// Runs `fun` and waits for it. What the job knows to be secret does not leave it, unless who asks for a pillar asks to
/// see it (`unmask=True`).
///
/// # Errors
/// See [`Failure`]; a function's bad result is no failure.
pub fn run(engine: &Engine, job: &JobState, fun: &str, args: Args) -> Result<Done, Failure> {
    let asks = args.named.get("unmask").is_some_and(Value::truthy) && fun.starts_with("pillar.");
    match run_open(engine, job, fun, args) {
        Ok(done) if asks => Ok(done),
        Ok(done) => Ok(Done { ret: job.secrets.hide(done.ret), ..done }),
        Err(failure) => Err(failure.hidden(&job.secrets)),
    }
}

fn run_open(engine: &Engine, job: &JobState, fun: &str, args: Args) -> Result<Done, Failure> {
    let exec = &engine.machine.exec;
    let entry = exec.get_open(fun).map_err(|error| match error {
        Error::Unavailable { text, .. } => Failure::Missing(text),
        other => Failure::Execution(other.to_string()),
    })?;
    check_keywords(&entry.spec, &args).map_err(Failure::Keywords)?;
    if let Err(error) = args.clone().bind(fun, &entry.spec) {
        return Err(Failure::Binding(error.to_string()));
    }
    job.set_retcode(0);
    let call = || engine.with_apply(job, |apply| apply.call_value(fun, args));
    let result = catch_unwind(AssertUnwindSafe(call)).map_err(|panic| {
        Failure::Panic(panic_text(panic.as_ref()).unwrap_or_else(|| "unknown panic".into()))
    })?;
    let ret = result.map_err(|error| match error {
        Error::Usage { what, .. } => Failure::Invocation(what),
        other => Failure::Execution(other.to_string()),
    })?;
    let retcode = match job.retcode() {
        0 if !looks_successful(&ret) => 1,
        set => set,
    };
    Ok(Done { ret, retcode, outputter: entry.spec.outputter })
}

/// Checks that each keyword argument has a parameter to go to.
///
/// # Errors
/// Salt's text of a call with other ones. Salt: `salt.minion.load_args_and_kwargs` behaviour.
pub fn check_keywords(spec: &Spec, args: &Args) -> Result<(), String> {
    if spec.extra_named {
        return Ok(());
    }
    let known = |key: &Value| {
        let name = key.as_str().unwrap_or_default();
        name.starts_with("__pub_") || spec.params.iter().any(|param| param.name == name)
    };
    let wrong: Vec<String> =
        args.named.iter().filter(|(k, _)| !known(k)).map(|(k, v)| format!("{k}={v}")).collect();
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(format!("The following keyword arguments are not valid: {}", wrong.join(", ")))
    }
}

/// A return that is a map may say itself that it failed.
fn looks_successful(ret: &Value) -> bool {
    ["result", "success"].iter().all(|key| ret.get(key).is_none_or(Value::truthy))
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> Option<String> {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
}
