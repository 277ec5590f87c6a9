//! `reactor`: asks and changes the running reactor, and tries rules without doing anything.
//! Salt: `salt/runners/reactor.py`; `test`, `replay` and `dead_letters` are ours.

use std::io::BufRead;
use std::path::PathBuf;
use std::time::Duration;

use halite_core::value::parse_json;
use halite_core::{Apply, Context, Error, ExecModule, Map, Result, Services, Value, function, map};
use halite_states::reactor::{Reaction, Rules};

use crate::events::{Event, data_map};
use crate::reactor::{MANAGE, Settings, dead_letters_path, rules_of};
use crate::services::MasterServices;

/// The module.
pub static MODULE: ExecModule = ExecModule::new(
    "reactor",
    &[&LIST, &ADD, &DELETE, &IS_LEADER, &SET_LEADER, &TEST, &REPLAY, &DEAD_LETTERS],
);

/// How long the reactor may take to answer. Salt: 30 seconds.
const WAIT: Duration = Duration::from_secs(30);
/// Bytes of one recorded event that are read.
const LINE_BYTES: usize = 16 << 20;

/// Asks the running reactor; its answer.
fn ask(cx: &Context<'_>, what: &str, reply: &str, mut data: Map) -> Result<Map> {
    if Settings::of(cx.opts)?.is_none() {
        return Err(Error::execution("Reactor system is not running."));
    }
    let client = MasterServices::of(cx)?.client()?;
    data.insert("key".into(), client.master_key()?.into());
    let event = Event::new(format!("{MANAGE}/{what}"), data);
    let answer = client.ask_bus(&event, &format!("{MANAGE}/{reply}"), WAIT)?;
    answer.ok_or_else(|| Error::execution("the reactor did not answer within 30 seconds"))
}

fn field(answer: &Map, name: &str) -> Value {
    answer.get(name).cloned().unwrap_or_default()
}

/// Lists the rules of the running reactor.
///
/// CLI Example:
///
/// ```text
/// salt-run reactor.list
/// ```
#[function]
fn list_(
    cx: &Context<'_>,
    #[default("base".into())] saltenv: String,
    #[default(Value::Null)] test: Value,
) -> Result<Value> {
    let _ = (saltenv, test);
    ask(cx, "list", "list-results", Map::new()).map(|answer| field(&answer, "reactors"))
}

/// Adds a rule to the running reactor; it is gone when the master starts again.
///
/// CLI Example:
///
/// ```text
/// salt-run reactor.add 'salt/cloud/*/destroyed' reactors='/srv/reactor/destroy/*.sls'
/// ```
#[function]
fn add(
    cx: &Context<'_>,
    event: String,
    reactors: Value,
    #[default("base".into())] saltenv: String,
    #[default(Value::Null)] test: Value,
) -> Result<Value> {
    let _ = (saltenv, test);
    let reactors = match reactors {
        Value::Str(one) => Value::list([Value::Str(one)]),
        other => other,
    };
    let data = map! {"event" => event, "reactors" => reactors};
    ask(cx, "add", "add-complete", data).map(|answer| field(&answer, "result"))
}

/// Takes a rule out of the running reactor.
///
/// CLI Example:
///
/// ```text
/// salt-run reactor.delete 'salt/cloud/*/destroyed'
/// ```
#[function]
fn delete(
    cx: &Context<'_>,
    event: String,
    #[default("base".into())] saltenv: String,
    #[default(Value::Null)] test: Value,
) -> Result<Value> {
    let _ = (saltenv, test);
    let answer = ask(cx, "delete", "delete-complete", map! {"event" => event})?;
    Ok(field(&answer, "result"))
}

/// Whether the running reactor reacts to events, or leaves that to another.
///
/// CLI Example:
///
/// ```text
/// salt-run reactor.is_leader
/// ```
#[function]
fn is_leader(cx: &Context<'_>) -> Result<Value> {
    ask(cx, "is_leader", "leader/value", Map::new()).map(|answer| field(&answer, "result"))
}

/// Sets whether the running reactor reacts to events.
///
/// CLI Example:
///
/// ```text
/// salt-run reactor.set_leader True
/// ```
#[function]
fn set_leader(cx: &Context<'_>, #[default(true)] value: bool) -> Result<Value> {
    let data = map! {"id" => cx.opts.str("id"), "value" => value};
    ask(cx, "set_leader", "leader/value", data).map(|answer| field(&answer, "result"))
}

/// Shows what an event would call for: the rules, the rendered reactions, what is wrong with them. Nothing is done.
///
/// CLI Example:
///
/// ```text
/// salt-run reactor.test 'salt/minion/web1/start' '{"id": "web1"}'
/// ```
#[function]
fn test(apply: &Apply<'_>, tag: String, #[default(Map::new())] data: Map) -> Result<Map> {
    would_do(apply, &rules_of(apply.opts)?, &tag, &data.into())
}

fn would_do(apply: &Apply<'_>, rules: &Rules, tag: &str, data: &Value) -> Result<Map> {
    let master = MasterServices::of(apply.cx)?;
    let mut shown = Vec::new();
    for rule in rules.matching(tag) {
        let sls = master.reactor_sls(&rule.files, tag, data);
        let (mut reactions, mut errors) = (Vec::new(), Vec::new());
        for reaction in sls.reactions {
            match reaction {
                Ok(reaction) => reactions.push(Value::from(show(&reaction))),
                Err(bad) => errors.push(bad.to_string()),
            }
        }
        errors.extend(sls.faults.into_iter().map(|(file, why)| format!("{file}: {why}")));
        let mut entry = map! {
            "rule" => rule.tag.pattern(), "files" => rule.files.clone(), "reactions" => reactions,
        };
        if !errors.is_empty() {
            apply.job.set_retcode(1);
            entry.insert("errors".into(), errors.into());
        }
        shown.push(Value::from(entry));
    }
    Ok(map! {"tag" => tag, "rules" => shown})
}

fn show(reaction: &Reaction) -> Map {
    let mut shown = map! {
        "id" => reaction.id.as_str(), "sls" => reaction.sls.as_str(),
        "call" => format!("{}.{}", reaction.kind.word(), reaction.fun),
    };
    if reaction.tgt.truthy() {
        shown.insert("tgt".into(), reaction.tgt.clone());
        shown.insert("tgt_type".into(), reaction.tgt_type.as_str().into());
    }
    if reaction.ret.truthy() {
        shown.insert("ret".into(), reaction.ret.clone());
    }
    let kind = match reaction.kind.word() {
        "runner" => Some(crate::runner::Kind::Runner),
        "wheel" => Some(crate::runner::Kind::Wheel),
        _ => None,
    };
    let spec = kind.map(|kind| crate::runner::spec(kind, &reaction.fun));
    let args = match &spec {
        Some(Some(spec)) => {
            let names: Vec<&str> = spec.params.iter().map(|param| param.name).collect();
            reaction.args_for(&names, spec.extra_named)
        }
        _ => reaction.args.clone(),
    };
    if spec.is_some_and(|spec| spec.is_none()) {
        shown.insert("error".into(), "function not available".into());
    }
    shown.insert("arg".into(), args.positional.into());
    shown.insert("kwarg".into(), args.named.into());
    shown
}

/// Shows what recorded events would call for now; with `fire=True` it fires them again instead.
///
/// The file holds an event a line, as the engine `file`, the dead letters and `salt-run state.event` write them. By
/// default it is that of the dead letters.
///
/// CLI Example:
///
/// ```text
/// salt-run reactor.replay /var/log/salt/events tag='salt/beacon/*'
/// salt-run reactor.replay fire=True
/// ```
#[function]
fn replay(
    apply: &Apply<'_>,
    /// The file of recorded events.
    #[default(None)]
    path: Option<String>,
    /// Only events whose tag fits this glob.
    #[default("*".into())]
    tag: String,
    /// Fire the events on the bus of the running master.
    #[default(false)]
    fire: bool,
) -> Result<Value> {
    let path = path.map_or_else(|| dead_letters_path(apply.opts), PathBuf::from);
    let rules = rules_of(apply.opts)?;
    let (mut shown, mut fired) = (Vec::new(), 0_i64);
    for event in recorded(&path)? {
        let (event_tag, data) = event?;
        if !halite_core::glob::fnmatch(&event_tag, &tag) {
            continue;
        }
        if fire {
            MasterServices::of(apply.cx)?.fire(&event_tag, data)?;
            fired += 1;
        } else {
            let would = would_do(apply, &rules, &event_tag, &data.into())?;
            shown.extend(would.get("rules").is_some_and(Value::truthy).then(|| would.into()));
        }
    }
    Ok(if fire { map! {"fired" => fired}.into() } else { Value::list(shown) })
}

/// The events of a file, one a line.
fn recorded(path: &PathBuf) -> Result<impl Iterator<Item = Result<(String, Map)>>> {
    let file = std::fs::File::open(path).map_err(|error| Error::file("open", path, error))?;
    let shown = path.display().to_string();
    let lines = std::io::BufReader::new(file).lines().zip(1_usize..);
    Ok(lines.filter_map(move |(line, number)| {
        let at = |why: String| Error::execution(format!("{shown}:{number}: {why}"));
        let line = match line {
            Ok(line) if line.trim().is_empty() => return None,
            Ok(line) if line.len() > LINE_BYTES => {
                return Some(Err(at(format!("the line is longer than {LINE_BYTES} bytes"))));
            }
            Ok(line) => line,
            Err(error) => return Some(Err(at(error.to_string()))),
        };
        parse_line(&line).map_err(at).transpose()
    }))
}

/// `tag<TAB>json` or `{"tag": ..., "data": ...}`; lines about no event are left out.
fn parse_line(line: &str) -> std::result::Result<Option<(String, Map)>, String> {
    if let Some((tag, json)) = line.split_once('\t').filter(|(tag, _)| !tag.starts_with('{')) {
        let data = parse_json(json).map_err(|error| error.to_string())?;
        return Ok(Some((tag.to_owned(), data_map(data))));
    }
    let event = parse_json(line).map_err(|error| error.to_string())?;
    let tag = event.get("tag").and_then(Value::as_str).filter(|tag| !tag.is_empty());
    Ok(tag.map(|tag| (tag.to_owned(), data_map(event.get("data").cloned().unwrap_or_default()))))
}

/// Shows events that were not reacted to, with the reasons, the newest last.
///
/// CLI Example:
///
/// ```text
/// salt-run reactor.dead_letters
/// salt-run reactor.dead_letters reason=loop limit=5
/// ```
#[function]
fn dead_letters(
    cx: &Context<'_>,
    /// Only letters with this reason: render, bad, rate, concurrency, queue, loop, missed.
    #[default(None)]
    reason: Option<String>,
    /// So many at most.
    #[default(100)]
    limit: i64,
) -> Result<Value> {
    let path = dead_letters_path(cx.opts);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(Error::file("read", &path, error)),
    };
    let letters = text.lines().rev().filter_map(|line| parse_json(line).ok());
    let wanted = letters.filter(|letter| {
        reason.is_none() || letter.get("reason").and_then(Value::as_str) == reason.as_deref()
    });
    let mut found: Vec<Value> = wanted.take(usize::try_from(limit).unwrap_or(0)).collect();
    found.reverse();
    Ok(found.into())
}
