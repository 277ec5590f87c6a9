//! One published job, from its load to its return.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use halite_core::{Args, Jid, JobState, Map, Value, map};
use halite_wire::load::{Fun, PublishLoad};

use crate::asker::Message;
use crate::core::Input;
use crate::proc::ProcFile;
use crate::services::JobServices;
use crate::shared::Shared;
use crate::timetable::RETURN_JOB;
use crate::{Done, Engine, Failure, blackout, input, run};

/// Runs a job in this thread and hands its return to the owner task.
pub(crate) fn work(shared: &Arc<Shared>, load: &PublishLoad) {
    let jid = load.jid.as_str();
    let present = shared.present();
    let services = Arc::new(JobServices::new(Arc::clone(shared), jid));
    let engine = Engine { machine: present.machine, pillar: present.pillar, services };
    let job = engine.job(jid, &fun_text(&load.fun), &load.user);
    let (shown, ended) = shared.list(load, job.cancel_switch());
    job.cancel_switch().store(ended, Ordering::Relaxed);
    let proc_file = ProcFile::write(&shared.proc_dir, jid, &shown);
    if let Err(error) = &proc_file {
        tracing::warn!("job {jid} is not listed as running: {error}");
    }
    if load.rest.get("start_event").is_some_and(Value::truthy) {
        fire_start(shared, load);
    }
    tracing::info!("job {jid}: {}", fun_text(&load.fun));
    let mut ret = match &load.fun {
        _ if ended => failed("ERROR: the job was cancelled before it began".into()),
        Fun::One(fun) => one(&engine, &job, load, fun),
        Fun::Many(funs) => many(&engine, &job, load, funs),
    };
    ret.insert("cmd".into(), "_return".into());
    ret.insert("jid".into(), jid.into());
    ret.insert("fun".into(), load.fun.to_value());
    ret.insert("fun_args".into(), load.arg.clone().into());
    ret.insert("user".into(), (&*load.user).into());
    for name in ["metadata", "master_id"] {
        if let Some(value) = load.rest.get(name) {
            ret.insert(name.into(), value.clone());
        }
    }
    drop(engine);
    drop(proc_file);
    shared.running().remove(jid);
    let scheduled = load.rest.contains_key("schedule");
    if scheduled {
        note_schedule(load, &mut ret);
    }
    crate::returners::give(shared, load, &ret);
    if scheduled && !settle_scheduled(shared, load, &mut ret) {
        return;
    }
    // If the owner task has gone, the process is ending and the return is lost with it.
    let name = jid.to_owned();
    let _ = shared.asker.send(Message::Core(Input::Returned { name, load: ret }));
}

/// What the return of a job that came by time has beside the others.
fn note_schedule(load: &PublishLoad, ret: &mut Map) {
    ret.insert("schedule".into(), load.rest.get("schedule").cloned().unwrap_or_default());
    ret.insert("pid".into(), std::process::id().into());
    let Args { positional: mut given, named } = Args::from_wire(&load.arg);
    if !named.is_empty() {
        given.push(named.into());
    }
    ret.insert("fun_args".into(), given.into());
}

/// Such a return is told on the minion's bus, and to the master (then true) unless the job says no.
/// Salt: the end of `salt.utils.schedule.Schedule.handle_func`.
fn settle_scheduled(shared: &Shared, load: &PublishLoad, ret: &mut Map) -> bool {
    let how = load.rest.get(RETURN_JOB);
    if how.is_some_and(|how| !how.truthy()) {
        return false;
    }
    if load.ret.is_empty() {
        // Without returners the master makes the jid, or keeps nothing.
        let nocache = how.and_then(Value::as_str) == Some("nocache");
        ret.insert("jid".into(), if nocache { "nocache" } else { Jid::REQUEST }.into());
    }
    // Only local readers would miss it.
    let _ = shared.fire("__schedule_return", ret.clone());
    true
}

fn fun_text(fun: &Fun) -> String {
    match fun {
        Fun::One(fun) => fun.to_string(),
        Fun::Many(funs) => funs.join(","),
    }
}

fn one(engine: &Engine, job: &JobState, load: &PublishLoad, fun: &str) -> Map {
    match attempt(engine, job, load, fun, &load.arg) {
        Ok(Done { ret, retcode, outputter }) => {
            let mut map = map! {"success" => retcode == 0, "return" => ret, "retcode" => retcode};
            if let Some(out) = outputter {
                map.insert("out".into(), out.into());
            }
            map
        }
        Err(failure) => failed(explain(engine, fun, failure)),
    }
}

/// Runs one function, unless a blackout forbids it.
fn attempt(
    engine: &Engine,
    job: &JobState,
    load: &PublishLoad,
    fun: &str,
    words: &[Value],
) -> Result<Done, Failure> {
    let scheduled = load.rest.contains_key("schedule");
    match blackout::refusal(engine, fun).filter(|_| !scheduled) {
        Some(refusal) => Err(Failure::Invocation(refusal)),
        None => run(engine, job, fun, bind_wire(engine, load, fun, words)),
    }
}

fn failed(ret: Value) -> Map {
    map! {"success" => false, "return" => ret, "retcode" => 1, "out" => "nested"}
}

/// Several functions in one job: maps by function name, or lists with `multifunc_ordered`.
fn many(engine: &Engine, job: &JobState, load: &PublishLoad, funs: &[Box<str>]) -> Map {
    let ordered = engine.machine.opts.bool("multifunc_ordered");
    let mut parts = [Map::new(), Map::new(), Map::new()];
    for (index, fun) in funs.iter().enumerate() {
        let words = load.arg.get(index).and_then(Value::as_list).unwrap_or_default();
        let key = if ordered { Value::from(index) } else { Value::str(fun) };
        let (ret, retcode) = match attempt(engine, job, load, fun, words) {
            Ok(done) => (done.ret, done.retcode),
            Err(failure) => (explain(engine, fun, failure), 1),
        };
        let values = [ret, retcode.into(), (retcode == 0).into()];
        for (part, value) in parts.iter_mut().zip(values) {
            part.insert(key.clone(), value);
        }
    }
    let shape = |part: &Map| match ordered {
        true => Value::list(part.values().cloned()),
        false => Value::from(part.clone()),
    };
    let [ret, retcode, success] = &parts;
    map! {"success" => shape(success), "return" => shape(ret), "retcode" => shape(retcode)}
}

/// Arguments as they came, with `name=value` texts as keyword arguments, and the publish data for
/// functions that take any keyword. Salt: `salt.minion.load_args_and_kwargs` behaviour.
fn bind_wire(engine: &Engine, load: &PublishLoad, fun: &str, words: &[Value]) -> Args {
    let mut args = Args::from_wire(words);
    for word in std::mem::take(&mut args.positional) {
        let parsed = match &word {
            Value::Str(text) => input::parse_input(&[text.to_string()], &[]).named,
            _ => Map::new(),
        };
        if parsed.is_empty() {
            args.positional.push(word);
        } else {
            args.named.extend(parsed);
        }
    }
    if engine.machine.exec.get(fun).is_ok_and(|entry| entry.spec.extra_named) {
        for (key, value) in load.to_load() {
            args.named.insert(format!("__pub_{key}").into(), value);
        }
    }
    args
}

/// What the master is told of a function that did not come to an end.
fn explain(engine: &Engine, fun: &str, failure: Failure) -> Value {
    match failure {
        Failure::Missing(text) => {
            let mut docs = engine.docs(&format!("{fun}*"));
            if docs.is_empty() {
                return text.into();
            }
            docs.insert(fun.into(), format!("'{fun}' is not available.").into());
            docs.into()
        }
        Failure::Keywords(text) | Failure::Invocation(text) => {
            format!("ERROR executing '{fun}': {text}").into()
        }
        Failure::Binding(text) => {
            let doc = engine
                .machine
                .exec
                .get(fun)
                .map_or_else(|_| String::new(), |entry| entry.spec.docstring());
            format!("Passed invalid arguments to {fun}: {text}\n{doc}").into()
        }
        Failure::Execution(text) => format!("ERROR: {text}").into(),
        Failure::Panic(text) => {
            tracing::error!("{fun}: a fault of this program: {text}");
            format!("The minion function caused an exception: {text}").into()
        }
    }
}

fn fire_start(shared: &Shared, load: &PublishLoad) {
    let present = shared.present();
    let id = present.machine.opts.str("id");
    let mut data = map! {
        "id" => id,
        "jid" => load.jid.as_str(),
        "fun" => load.fun.to_value(),
        "tgt" => load.tgt.clone(),
        "tgt_type" => &*load.tgt_type,
        "user" => &*load.user,
    };
    for name in ["metadata", "master_id"] {
        if let Some(value) = load.rest.get(name) {
            data.insert(name.into(), value.clone());
        }
    }
    let tag = format!("salt/job/{}/start/{id}", load.jid);
    let event = map! {"pretag" => (), "tag" => tag, "data" => data};
    if let Err(error) = shared.asker.ask("_minion_event", event) {
        tracing::warn!("the start event of job {} was not taken: {error}", load.jid);
    }
}
