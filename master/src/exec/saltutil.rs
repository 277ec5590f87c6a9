//! `saltutil.cmd`, `saltutil.runner`, `saltutil.wheel`: minions and the master's own functions, for orchestrations
//! and templates on the master. Salt: `salt/modules/saltutil.py` behaviour.

use halite_core::{Apply, Args, Context, Error, ExecModule, Map, Result, Value, function, map};

use crate::events::Event;
use crate::orchestrate::command::Command;
use crate::runner::{self, Call, Kind, Ran, whole};
use crate::services::MasterServices;

/// The module.
pub static MODULE: ExecModule =
    ExecModule::new("saltutil", &[&CMD, &CMD_ITER, &RUNNER, &WHEEL, &MMODULE]);

/// What `cmd` takes by name beside a function's own arguments.
fn command(tgt: Value, fun: String, arg: Vec<Value>, kwarg: Map, more: &Map) -> Result<Command> {
    let seconds = |value: &Value| value.as_f64().or_else(|| value.as_str()?.parse().ok());
    let mut kwargs = Map::new();
    for name in ["ret_config", "ret_kwargs", "metadata", "delimiter"] {
        if let Some(value) = more.get(name).filter(|value| value.truthy()) {
            kwargs.insert(name.into(), value.clone());
        }
    }
    if more.get("ssh").is_some_and(Value::truthy) {
        return Err(Error::execution(
            "ssh: true needs salt-ssh, which is not there; leave it out to reach the minions over the master",
        ));
    }
    Ok(Command {
        tgt,
        tgt_type: more.get("tgt_type").map_or_else(|| "glob".into(), Value::to_string),
        fun,
        args: Args { positional: arg, named: kwarg },
        ret: match more.get("ret") {
            Some(Value::List(names)) => {
                names.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
            }
            Some(name) if name.truthy() => name.to_string(),
            _ => String::new(),
        },
        kwargs,
        timeout: more.get("timeout").and_then(seconds),
        batch: more.get("batch").filter(|batch| batch.truthy()).map(Value::to_string),
        subset: more.get("subset").and_then(Value::as_i64).and_then(|n| usize::try_from(n).ok()),
        failhard: more.get("failhard").is_some_and(Value::truthy),
        expect_minions: more.get("expect_minions").is_some_and(Value::truthy),
    })
}

/// Runs a function on minions; what each returned, with its return code and outputter.
///
/// CLI Example:
///
/// ```text
/// salt-run salt.cmd saltutil.cmd '*' test.ping
/// ```
#[function]
fn cmd(
    cx: &Context<'_>,
    tgt: Value,
    fun: String,
    #[default(Vec::new())] arg: Vec<Value>,
    #[default(Value::Null)] timeout: Value,
    #[default("glob".into())] tgt_type: String,
    #[default(Value::Null)] ret: Value,
    #[default(None)] kwarg: Option<Map>,
    #[kwargs] mut more: Map,
) -> Result<Map> {
    more.insert("timeout".into(), timeout);
    more.insert("tgt_type".into(), tgt_type.into());
    more.insert("ret".into(), ret);
    let command = command(tgt, fun, arg, kwarg.unwrap_or_default(), &more)?;
    Ok(command.run(cx)?.into_iter().map(|(id, data)| (id.into(), data.into())).collect())
}

/// Runs a function on minions; the returns one after another.
///
/// CLI Example:
///
/// ```text
/// salt-run salt.cmd saltutil.cmd_iter '*' test.ping
/// ```
#[function]
fn cmd_iter(
    cx: &Context<'_>,
    tgt: Value,
    fun: String,
    #[default(Vec::new())] arg: Vec<Value>,
    #[default(None)] kwarg: Option<Map>,
    #[kwargs] more: Map,
) -> Result<Vec<Map>> {
    let command = command(tgt, fun, arg, kwarg.unwrap_or_default(), &more)?;
    Ok(command.run(cx)?.into_iter().map(|(id, data)| map! {id => data}).collect())
}

/// Tells the bus what an orchestration calls. Salt: `salt.utils.event.fire_args`.
fn tell_args(master: &MasterServices, jid: &str, data: Map) {
    if !jid.is_empty() {
        master.tell(&Event::new(format!("salt/run/{jid}/args"), data));
    }
}

fn run(cx: &Context<'_>, kind: Kind, name: String, args: Args, user: String) -> Result<Ran> {
    if !kind.registry().contains(&name) {
        let text = kind.registry().missing_text(&name);
        return Err(Error::Unavailable { fun: name, text });
    }
    let call = Call {
        kind,
        fun: name,
        args,
        user,
        jid: None,
        print: Box::new(|line| tracing::info!("{line}")),
    };
    let progress = MasterServices::of(cx)?.progress_lines();
    Ok(runner::run_within(cx.opts, call, cx.job, progress))
}

/// Runs a runner function.
///
/// CLI Example:
///
/// ```text
/// salt-run salt.cmd saltutil.runner jobs.list_jobs
/// ```
#[function]
fn runner(
    cx: &Context<'_>,
    name: String,
    #[default(None)] arg: Option<Vec<Value>>,
    #[default(None)] kwarg: Option<Map>,
    /// Also give the run's id, its arguments and whether it succeeded.
    #[default(false)]
    full_return: bool,
    #[default("base".into())] saltenv: String,
    #[default(None)] jid: Option<String>,
    #[kwargs] more: Map,
) -> Result<Value> {
    let text = |key: &str| more.get(key).filter(|value| value.truthy()).map(Value::to_string);
    let user = text("__pub_user").unwrap_or_else(|| "UNKNOWN".into());
    let jid = text("__orchestration_jid__").or(jid).unwrap_or_default();
    let env = text("__env__").unwrap_or(saltenv);
    let mut named = kwarg.unwrap_or_default();
    named.extend(more.into_iter().filter(|(key, _)| !key.to_string().starts_with("__")));
    let registry = Kind::Runner.registry();
    let takes_env = registry
        .get(&name)
        .is_ok_and(|entry| entry.spec.params.iter().any(|param| param.name == "saltenv"));
    if takes_env {
        named.entry("saltenv".into()).or_insert_with(|| env.into());
    }
    if matches!(name.as_str(), "state.orchestrate" | "state.orch" | "state.sls") && !jid.is_empty()
    {
        named.insert("orchestration_jid".into(), jid.as_str().into());
    }
    let args = Args { positional: arg.unwrap_or_default(), named };
    let told = map! {
        "type" => "runner", "name" => name.as_str(), "args" => args.positional.clone(),
        "kwargs" => args.named.clone(),
    };
    tell_args(MasterServices::of(cx)?, &jid, told);
    let ran = run(cx, Kind::Runner, name.clone(), args.clone(), user.clone())?;
    Ok(match full_return {
        true => whole(Kind::Runner, &name, &args, &user, ran).into(),
        false => ran.ret,
    })
}

/// Runs a wheel function; what it gave, with the run's id and whether it succeeded.
///
/// CLI Example:
///
/// ```text
/// salt-run salt.cmd saltutil.wheel key.list_all
/// ```
#[function]
fn wheel(
    apply: &Apply<'_>,
    name: String,
    #[args] args: Vec<Value>,
    #[kwargs] more: Map,
) -> Result<Value> {
    let text = |key: &str| more.get(key).filter(|value| value.truthy()).map(Value::to_string);
    let user = text("__pub_user").unwrap_or_else(|| "UNKNOWN".into());
    let jid = text("__orchestration_jid__").unwrap_or_default();
    let named: Map =
        more.into_iter().filter(|(key, _)| !key.to_string().starts_with("__")).collect();
    let told = map! {"type" => "wheel", "name" => name.as_str(), "args" => named.clone()};
    tell_args(MasterServices::of(apply.cx)?, &jid, told);
    let args = Args { positional: args, named };
    let ran = run(apply.cx, Kind::Wheel, name.clone(), args.clone(), user.clone())?;
    Ok(whole(Kind::Wheel, &name, &args, &user, ran).into())
}

/// Calls an execution function on the master's own machine.
///
/// CLI Example:
///
/// ```text
/// salt-run salt.cmd saltutil.mmodule base test.ping
/// ```
#[function]
fn mmodule(
    apply: &Apply<'_>,
    saltenv: String,
    fun: String,
    #[args] args: Vec<Value>,
    #[kwargs] named: Map,
) -> Result<Value> {
    let _ = saltenv;
    apply.call_value(&fun, Args { positional: args, named })
}
