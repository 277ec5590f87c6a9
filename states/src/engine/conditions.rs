//! `onlyif`, `unless`, `creates` and `check_cmd`.

use std::path::Path;

use halite_core::value::SubPath;
use halite_core::{Apply, Args, Error, Map, Result, Value};

use crate::compiler::LowChunk;

/// Arguments of a state that its condition commands run with.
const COMMAND_ARGS: &[&str] =
    &["cwd", "root", "runas", "env", "prepend_path", "umask", "timeout", "success_retcodes"];
/// What a command counts as that could not be run.
const COULD_NOT_RUN: i64 = 100;

/// What conditions come to.
#[derive(Debug, Default)]
pub(crate) struct Checked {
    /// The state is not to be run.
    pub(crate) skip: bool,
    /// What each condition says.
    pub(crate) comments: Vec<String>,
}

/// One condition's answer so far.
#[derive(Default)]
struct Answer {
    skip: bool,
    comment: Option<String>,
}

impl Answer {
    fn set(&mut self, skip: bool, comment: impl Into<String>) {
        self.skip = skip;
        self.comment = Some(comment.into());
    }
}

/// Whether a chunk has conditions.
pub(crate) fn has(low: &LowChunk) -> bool {
    ["onlyif", "unless", "creates"].iter().any(|key| low.data.contains_key(*key))
}

/// Asks the conditions. Salt: `_run_check` behaviour.
///
/// # Errors
/// What functions in conditions raise, and a condition that is an empty list.
pub(crate) fn check(apply: &Apply<'_>, low: &LowChunk) -> Result<Checked> {
    let options = command_options(apply, low);
    let mut checked = Checked::default();
    let mut take = |name: &str, answer: Answer| match answer.comment {
        Some(comment) => {
            checked.skip |= answer.skip;
            checked.comments.push(comment);
            Ok(())
        }
        None => Err(Error::execution(format!("the {name} of the state is an empty list"))),
    };
    if let Some(entries) = low.data.get("onlyif") {
        take("onlyif", onlyif(apply, entries, &options)?)?;
    }
    if let Some(entries) = low.data.get("unless") {
        take("unless", unless(apply, entries, &options)?)?;
    }
    if let Some(paths) = low.data.get("creates") {
        take("creates", creates(apply, paths))?;
    }
    Ok(checked)
}

fn command_options(apply: &Apply<'_>, low: &LowChunk) -> Map {
    let excluded = match low.data.get("cmd_opts_exclude") {
        Some(Value::List(names)) => names.to_vec(),
        Some(one) => vec![one.clone()],
        None => Vec::new(),
    };
    let excluded = |name: &str| excluded.iter().any(|have| have.as_str() == Some(name));
    let mut options = Map::new();
    for name in COMMAND_ARGS.iter().filter(|name| !excluded(name)) {
        if let Some(value) = low.data.get(*name) {
            options.insert((*name).into(), value.clone());
        }
    }
    if let Some(shell) = low.data.get("shell").filter(|_| !excluded("shell")) {
        options.insert("shell".into(), shell.clone());
    } else if let Some(shell) = apply.grains.get("shell") {
        options.insert("shell".into(), shell.clone());
    }
    options
}

fn entries(value: &Value) -> Vec<Value> {
    match value {
        Value::List(items) => items.to_vec(),
        one => vec![one.clone()],
    }
}

/// The exit code of a command; `None` if it could not be run at all.
fn retcode(apply: &Apply<'_>, command: &str, options: &Map) -> Result<Option<i64>> {
    if command.trim().is_empty() {
        return Err(Error::execution("list index out of range: the command is empty"));
    }
    let mut args = Args { positional: vec![command.into()], named: options.clone() };
    args.named.insert("ignore_retcode".into(), true.into());
    args.named.insert("python_shell".into(), true.into());
    match apply.call::<i64>("cmd.retcode", args) {
        Ok(code) => Ok(Some(code)),
        Err(Error::Execution(_)) => Ok(None),
        Err(other) => Err(other),
    }
}

/// Calls `{fun: .., args: [..], get_return: key, name: value}`; the value and the exit code that
/// the function left.
fn function(apply: &Apply<'_>, entry: &Map) -> Result<(Value, i64)> {
    let mut named = entry.clone();
    let fun = named.shift_remove("fun").unwrap_or_default().to_string();
    let positional = match named.shift_remove("args") {
        Some(Value::List(items)) => items.to_vec(),
        Some(one) if one.truthy() => vec![one],
        _ => Vec::new(),
    };
    let path = named.shift_remove("get_return").filter(Value::truthy);
    let mut positional = halite_core::map! {"args" => positional};
    super::slots::fill(apply, &mut named)?;
    super::slots::fill(apply, &mut positional)?;
    let positional = positional.get("args").and_then(Value::as_list).unwrap_or_default().to_vec();
    let before = apply.job.retcode();
    apply.job.set_retcode(0);
    apply.exec.get_open(&fun)?;
    let value = apply.call_value(&fun, Args { positional, named });
    let left = apply.job.retcode();
    apply.job.set_retcode(before);
    let value = value?;
    let value = match path {
        Some(path) => value.traverse(&path.to_string(), ":").cloned().unwrap_or_default(),
        None => value,
    };
    Ok((value, left))
}

fn onlyif(apply: &Apply<'_>, value: &Value, options: &Map) -> Result<Answer> {
    let mut answer = Answer::default();
    for entry in entries(value) {
        let fine = match &entry {
            Value::Str(command) => retcode(apply, command, options)?.unwrap_or(COULD_NOT_RUN) == 0,
            Value::Map(map) if !map.contains_key("fun") => {
                answer.set(answer.skip, format!("no `fun` argument in onlyif: {entry}"));
                return Ok(answer);
            }
            Value::Map(map) => {
                let (value, code) = function(apply, map)?;
                code == 0 && value.truthy()
            }
            _ => {
                answer.set(false, "onlyif execution failed, bad type passed");
                return Ok(answer);
            }
        };
        if !fine {
            answer.set(true, "onlyif condition is false");
            return Ok(answer);
        }
        answer.set(false, "onlyif condition is true");
    }
    Ok(answer)
}

/// The state is skipped only if all entries are true: the first false one lets it run.
fn unless(apply: &Apply<'_>, value: &Value, options: &Map) -> Result<Answer> {
    let mut answer = Answer::default();
    for entry in entries(value) {
        let holds = match &entry {
            Value::Str(command) => retcode(apply, command, options)?.unwrap_or(0) == 0,
            Value::Map(map) if !map.contains_key("fun") => {
                answer.set(answer.skip, format!("no `fun` argument in unless: {entry}"));
                return Ok(answer);
            }
            Value::Map(map) => {
                let (value, code) = function(apply, map)?;
                code == 0 && value.truthy()
            }
            _ => {
                answer.set(false, "unless condition is false, bad type passed");
                continue;
            }
        };
        if !holds {
            answer.set(false, "unless condition is false");
            return Ok(answer);
        }
        answer.set(true, "unless condition is true");
    }
    Ok(answer)
}

fn creates(apply: &Apply<'_>, value: &Value) -> Answer {
    let there = |path: &Value| apply.host.exists(Path::new(&path.to_string()));
    let mut answer = Answer::default();
    match value {
        Value::Str(path) if there(value) => answer.set(true, format!("{path} exists")),
        Value::List(paths) if paths.iter().all(there) => {
            answer.set(true, "All files in creates exist");
        }
        _ => answer.set(false, "Creates files not found"),
    }
    answer
}

/// Runs `check_cmd`: all commands must exit 0. The result and its comment, none if there is
/// nothing to run. Salt: `_run_check_cmd` behaviour.
///
/// # Errors
/// If a command cannot be run.
pub(crate) fn check_cmd(apply: &Apply<'_>, value: &Value) -> Result<(bool, Option<&'static str>)> {
    let mut options = Map::new();
    if let Some(shell) = apply.grains.get("shell") {
        options.insert("shell".into(), shell.clone());
    }
    let mut outcome = (false, None);
    for entry in entries(value) {
        let mut args = Args { positional: vec![entry], named: options.clone() };
        args.named.insert("ignore_retcode".into(), true.into());
        args.named.insert("python_shell".into(), true.into());
        if apply.call::<i64>("cmd.retcode", args)? != 0 {
            return Ok((false, Some("check_cmd determined the state failed")));
        }
        outcome = (true, Some("check_cmd determined the state succeeded"));
    }
    Ok(outcome)
}

/// Whether `global_state_conditions` let a state run: one of those that apply to it must match
/// this minion, if any applies.
///
/// # Errors
/// Never at present; a condition that cannot be read does not match.
pub(crate) fn global(apply: &Apply<'_>, low: &LowChunk) -> Result<bool> {
    let conditions = apply.opts.map("global_state_conditions");
    let full = low.full();
    let mut answers = Vec::new();
    for (pattern, conditions) in &conditions {
        if !matches!(pattern.as_str(), Some(p) if p == "*" || p == full || p == low.state()) {
            continue;
        }
        for condition in entries(conditions) {
            answers.push(crate::support::matcher::matches(apply.cx, &condition, "compound"));
        }
    }
    Ok(answers.is_empty() || answers.contains(&true))
}
