//! `state.orchestrate` and what belongs to it. Salt: `salt/runners/state.py` behaviour.

use halite_core::{Args, Context, Error, ExecModule, Map, Result, Value, function, map};

use crate::events::Event;
use crate::orchestrate::journal::Journal;
use crate::orchestrate::run::{self, Asked};
use crate::services::MasterServices;

/// The module.
pub static MODULE: ExecModule = ExecModule::new(
    "state",
    &[
        &ORCHESTRATE,
        &ORCH,
        &SLS,
        &ORCHESTRATE_RESUME,
        &ORCHESTRATIONS,
        &ORCHESTRATE_SINGLE,
        &ORCHESTRATE_HIGH,
        &ORCHESTRATE_SHOW_SLS,
        &ORCH_SHOW_SLS,
    ],
);

fn pillar_of(fun: &str, pillar: Value) -> Result<Map> {
    match pillar {
        Value::Null => Ok(Map::new()),
        Value::Map(map) => Ok((*map).clone()),
        _ => Err(Error::usage(fun, "Pillar data must be formatted as a dictionary")),
    }
}

/// What the forms of `orchestrate` have in common.
struct Given {
    mods: Value,
    saltenv: Value,
    test: Value,
    exclude: Value,
    pillar: Value,
    pillarenv: Option<String>,
    pillar_enc: Value,
    jid: Option<String>,
}

fn asked(cx: &Context<'_>, given: Given) -> Result<Asked> {
    let mut pillar = given.pillar;
    if given.pillar_enc.truthy() {
        return Err(Error::usage(
            "state.orchestrate",
            "pillar_enc is not there yet; decrypt the pillar first, or keep it in pillar files with #!yaml|gpg",
        ));
    }
    if pillar.as_str().is_some_and(str::is_empty) {
        pillar = Value::Null;
    }
    let env = |name: &str| cx.opts.get(name).filter(|env| env.truthy()).map(Value::to_string);
    let saltenv = match given.saltenv {
        Value::Null => env("saltenv").unwrap_or_else(|| "base".into()),
        given => given.to_string(),
    };
    Ok(Asked {
        mods: given.mods,
        saltenv,
        test: given.test,
        exclude: given.exclude,
        pillar: pillar_of("state.orchestrate", pillar)?,
        pillarenv: given.pillarenv.or_else(|| env("pillarenv")),
        jid: given.jid.unwrap_or_else(|| cx.job.jid.clone()),
    })
}

macro_rules! orchestrate {
    ($($name:ident $doc:literal;)*) => { $(
        #[doc = $doc]
        #[function]
        fn $name(
            cx: &Context<'_>,
            /// sls names, comma separated or as a list.
            mods: Value,
            #[default("base".into())] saltenv: Value,
            /// Predict only: the minions are asked for a test run.
            #[default(Value::Null)]
            test: Value,
            #[default(Value::Null)] exclude: Value,
            /// Data laid over the master's pillar.
            #[default(Value::Null)]
            pillar: Value,
            #[default(None)] pillarenv: Option<String>,
            #[default(Value::Null)] pillar_enc: Value,
            #[default(None)] orchestration_jid: Option<String>,
        ) -> Result<Value> {
            let jid = orchestration_jid;
            let given = Given { mods, saltenv, test, exclude, pillar, pillarenv, pillar_enc, jid };
            run::orchestrate(cx, &asked(cx, given)?)
        }
    )* };
}

orchestrate! {
    orchestrate "Runs orchestration sls files on the master.\n\nCLI Example:\n\n```text\nsalt-run state.orchestrate webserver\nsalt-run state.orchestrate webserver saltenv=dev test=True\n```";
    orch "Runs orchestration sls files on the master, as `state.orchestrate`.\n\nCLI Example:\n\n```text\nsalt-run state.orch webserver\n```";
    sls "Runs orchestration sls files on the master, as `state.orchestrate`.\n\nCLI Example:\n\n```text\nsalt-run state.sls webserver\n```";
}

/// Takes up an orchestration that was broken off: states that came to their end are not run again, and jobs that
/// were published are waited for instead of published again.
///
/// CLI Example:
///
/// ```text
/// salt-run state.orchestrate_resume 20261127101503123456
/// ```
#[function]
fn orchestrate_resume(cx: &Context<'_>, jid: Value) -> Result<Value> {
    run::resume(cx, &jid.to_string())
}

/// Lists the orchestrations that were begun: what was asked for, which states are done, whether it ended.
///
/// CLI Example:
///
/// ```text
/// salt-run state.orchestrations
/// ```
#[function]
fn orchestrations(
    cx: &Context<'_>,
    /// Only those that did not come to their end.
    #[default(false)]
    open: bool,
) -> Result<Map> {
    let folder = cx.opts.path("cachedir").join("orchestrations");
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut jids: Vec<String> =
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    jids.sort();
    let running = crate::runner::proc::running(cx.opts);
    let mut found = Map::new();
    for jid in jids {
        let Some(past) = Journal::of(cx.opts, &jid, "main")?.past()? else { continue };
        let runs = running.iter().any(|job| job.get("jid").and_then(Value::as_str) == Some(&jid));
        if open && past.ended {
            continue;
        }
        let state = match (past.ended, runs) {
            (true, _) => "ended",
            (false, true) => "running",
            (false, false) => "broken off",
        };
        let done: Vec<String> = past
            .finished
            .values()
            .filter_map(|ret| ret.get("__id__").map(Value::to_string))
            .collect();
        let get = |key: &str| past.asked.get(key).cloned().unwrap_or_default();
        let shown = map! {
            "mods" => get("mods"), "saltenv" => get("saltenv"), "user" => get("user"),
            "state" => state, "done" => done,
        };
        found.insert(jid.into(), shown.into());
    }
    Ok(found)
}

/// Salt fires the result of these as a progress event beside returning it.
fn told(cx: &Context<'_>, ret: Value) -> Result<Map> {
    let master = MasterServices::of(cx)?;
    let ret = map! {cx.opts.str("id") => ret};
    let data = map! {"data" => ret.clone(), "outputter" => "highstate"};
    master.tell(&Event::new(format!("salt/run/{}/progress", master.jid()), data));
    Ok(ret)
}

/// Runs one state on the master.
///
/// CLI Example:
///
/// ```text
/// salt-run state.orchestrate_single fun=salt.wheel name=key.list_all
/// ```
#[function]
fn orchestrate_single(
    cx: &Context<'_>,
    fun: String,
    name: Value,
    #[default(Value::Null)] test: Value,
    #[default(Value::Bool(false))] queue: Value,
    #[default(Value::Null)] pillar: Value,
    #[kwargs] kwargs: Map,
) -> Result<Map> {
    let _ = queue;
    let pillar = pillar_of("state.orchestrate_single", pillar)?;
    let asked = Asked { saltenv: "base".into(), test: test.clone(), pillar, ..Asked::default() };
    let ret = run::on_master(cx, &asked, cx.job, |session| {
        let mut named = kwargs;
        named.insert("test".into(), test);
        session.apply.call_value("state.single", Args { positional: vec![fun.into(), name], named })
    })?;
    told(cx, ret)
}

/// Runs high data on the master.
///
/// CLI Example:
///
/// ```text
/// salt-run state.orchestrate_high '{"one": {"salt.state": [{"tgt": "db*"}, {"sls": "postgres_setup"}]}}'
/// ```
#[function]
fn orchestrate_high(
    cx: &Context<'_>,
    data: Map,
    #[default(Value::Null)] test: Value,
    #[default(Value::Bool(false))] queue: Value,
    #[default(Value::Null)] pillar: Value,
    #[kwargs] kwargs: Map,
) -> Result<Map> {
    let _ = (queue, kwargs);
    let pillar = pillar_of("state.orchestrate_high", pillar)?;
    let asked = Asked { saltenv: "base".into(), test, pillar, ..Asked::default() };
    let ret = run::high(cx, whole(data), &asked)?;
    told(cx, ret)
}

/// `{id: {"salt.state": [..]}}` in the form that the compiler takes: `{id: {"salt": [.., "state"]}}`.
fn whole(data: Map) -> Map {
    let body = |body: Value| match body.as_map() {
        Some(body) => body
            .iter()
            .map(|(key, args)| {
                let split = key.as_str().and_then(|key| key.split_once('.'));
                match (split, args.as_list()) {
                    (Some((module, fun)), Some(list)) => {
                        let mut list = list.to_vec();
                        list.push(fun.into());
                        (Value::str(module), list.into())
                    }
                    _ => (key.clone(), args.clone()),
                }
            })
            .collect::<Map>()
            .into(),
        None => body,
    };
    data.into_iter().map(|(id, value)| (id, body(value))).collect()
}

macro_rules! show_sls {
    ($($name:ident $doc:literal;)*) => { $(
        #[doc = $doc]
        #[function]
        fn $name(
            cx: &Context<'_>,
            mods: Value,
            #[default("base".into())] saltenv: String,
            #[default(Value::Null)] test: Value,
            #[default(Value::Bool(false))] queue: Value,
            #[default(Value::Null)] pillar: Value,
            #[default(None)] pillarenv: Option<String>,
            #[default(Value::Null)] pillar_enc: Value,
        ) -> Result<Map> {
            let _ = (queue, pillar_enc);
            let pillar = pillar_of("state.orchestrate_show_sls", pillar)?;
            let asked = Asked {
                mods, saltenv: saltenv.clone(), test, pillar: pillar.clone(), pillarenv, ..Asked::default()
            };
            let ret = run::on_master(cx, &asked, cx.job, |session| {
                let mut named = map! {"saltenv" => saltenv};
                if !pillar.is_empty() {
                    named.insert("pillar".into(), pillar.into());
                }
                let positional = vec![asked.mods.clone()];
                session.apply.call_value("state.show_sls", Args { positional, named })
            })?;
            Ok(map! {cx.opts.str("id") => ret})
        }
    )* };
}

show_sls! {
    orchestrate_show_sls "Shows the data of orchestration sls files as the master would run them.\n\nCLI Example:\n\n```text\nsalt-run state.orchestrate_show_sls orch.deploy\n```";
    orch_show_sls "Shows the data of orchestration sls files, as `state.orchestrate_show_sls`.\n\nCLI Example:\n\n```text\nsalt-run state.orch_show_sls orch.deploy\n```";
}
