//! `state`: why a state ran, was skipped or failed.

use halite_core::{Apply, Error, ExecModule, Map, Result, Value, function, map};

use super::shared::wish;
use crate::compiler::low;
use crate::engine::record::{self, Entry, Record};
use crate::engine::session::with_session;

/// The module.
pub static MODULE: ExecModule = ExecModule::new("state", &[&EXPLAIN]);

/// How many steps a chain of causes is followed.
const CHAIN_MAX: usize = 50;

/// Says why a state ran, was skipped, waited or failed in the last run.
///
/// A state is named by its ID, its name or its tag. One that was not in the last run is looked for in
/// the highstate.
///
/// CLI Example:
///
/// ```text
/// salt '*' state.explain nginx
/// ```
#[function]
fn explain(
    apply: &Apply<'_>,
    /// The ID, name or tag of a state.
    id: String,
    #[kwargs] kwargs: Map,
) -> Result<Value> {
    let record = record::load(apply);
    let mut told = Map::new();
    for (index, entry) in record.iter().flat_map(|record| record.entries.iter().enumerate()) {
        if entry.id == id || entry.name == id || entry.tag == id {
            let record = record.as_ref().expect("the entry is of it");
            told.insert(title(entry).into(), explained(record, index).into());
        }
    }
    if !told.is_empty() {
        return Ok(told.into());
    }
    planned(apply, &id, record.as_ref(), &kwargs)
}

fn title(entry: &Entry) -> String {
    let name = if entry.name == entry.id { String::new() } else { format!(" ({})", entry.name) };
    format!("{}: {}{name}", entry.id, entry.fun)
}

/// What became of a state, in one word for scripts and one sentence for people.
fn outcome(entry: &Entry, test: bool) -> (&'static str, String) {
    let ret = &entry.ret;
    if ret.is_empty() {
        return ("not reached", "the run ended before it".into());
    }
    let comment = ret.get("comment").map(Value::to_string).unwrap_or_default();
    let starts = |text: &str| comment.starts_with(text);
    let sentence = |text: &str| text.to_owned();
    if starts("One or more requisite failed") {
        return ("skipped", sentence("not run: what it requires has failed"));
    }
    if starts("State was not run because none of the onchanges") {
        return ("skipped", sentence("not run: nothing that its `onchanges` names has changed"));
    }
    if starts("State was not run because onfail") {
        return ("skipped", sentence("not run: nothing that its `onfail` names has failed"));
    }
    if starts("State was not run because requisites were skipped") {
        return (
            "skipped",
            sentence("not run: what it requires was skipped by its own conditions"),
        );
    }
    if starts("Recursive requisite found") {
        return ("failed", sentence("not run: it waits for itself through its requisites"));
    }
    for (text, why) in [
        ("onlyif condition is false", "skipped: its `onlyif` is false"),
        ("unless condition is true", "skipped: its `unless` is true"),
        ("creates", "skipped: what `creates` names is there"),
    ] {
        if comment.contains(text) && ret.get("changed") == Some(&false.into()) {
            return ("skipped", sentence(why));
        }
    }
    let changed = ret.get("changed").is_some_and(Value::truthy);
    let ran = ret.get("ran").is_none_or(Value::truthy);
    match ret.get("result") {
        Some(Value::Bool(false)) => ("failed", format!("failed: {comment}")),
        Some(Value::Null) => ("would change", sentence("it would change something (test mode)")),
        _ if !ran => ("skipped", format!("not run: {comment}")),
        _ if changed && test => ("would change", sentence("it would change something (test mode)")),
        _ if changed => ("changed", sentence("ran and changed something")),
        _ => ("unchanged", sentence("ran; all was as it should be")),
    }
}

fn explained(record: &Record, index: usize) -> Map {
    let entry = &record.entries[index];
    let (word, why) = outcome(entry, record.test);
    let requisites: Vec<Value> = entry
        .needs
        .iter()
        .filter_map(|(kind, other)| {
            let other = record.entries.get(*other)?;
            let (word, _) = outcome(other, record.test);
            Some(format!("{kind} {}: {word}", title(other)).into())
        })
        .collect();
    let needed: Vec<Value> = record
        .entries
        .iter()
        .flat_map(|other| {
            let kinds = other.needs.iter().filter(move |(_, need)| *need == index);
            kinds.map(move |(kind, _)| format!("{} ({kind})", title(other)).into())
        })
        .collect();
    let mut told = map! {
        "outcome" => word, "why" => why, "sls" => entry.sls.as_str(), "declared" => entry.place.as_str(),
        "order" => format!("{} of {}", index + 1, record.entries.len()),
        "run" => format!("{} {}{}", record.jid, record.fun, if record.test { " (test mode)" } else { "" }),
    };
    if !requisites.is_empty() {
        told.insert("waited_for".into(), requisites.into());
    }
    if !needed.is_empty() {
        told.insert("waited_for_by".into(), needed.into());
    }
    let chain = causes(record, index);
    if !chain.is_empty() {
        told.insert("cause".into(), chain.into());
    }
    for key in ["comment", "start_time", "duration"] {
        if let Some(value) = entry.ret.get(key).filter(|value| value.truthy()) {
            told.insert(key.into(), value.clone());
        }
    }
    told
}

/// From a state that was not run to the one that failed: each step a sentence.
fn causes(record: &Record, index: usize) -> Vec<Value> {
    let mut chain = Vec::new();
    let mut at = index;
    while chain.len() < CHAIN_MAX {
        let entry = &record.entries[at];
        let comment = entry.ret.get("comment").map(Value::to_string).unwrap_or_default();
        if !comment.starts_with("One or more requisite failed") {
            break;
        }
        let failed = entry.needs.iter().find(|(_, other)| {
            record
                .entries
                .get(*other)
                .is_some_and(|other| outcome(other, record.test).0 == "failed")
        });
        let skipped = entry.needs.iter().find(|(_, other)| {
            let comment = record.entries.get(*other).and_then(|other| other.ret.get("comment"));
            comment.is_some_and(|text| text.to_string().starts_with("One or more requisite failed"))
        });
        let Some((kind, next)) = failed.or(skipped) else { break };
        let other = &record.entries[*next];
        let (_, why) = outcome(other, record.test);
        let place =
            if other.place.is_empty() { String::new() } else { format!(" [{}]", other.place) };
        chain.push(format!("{kind} {}{place}: {why}", title(other)).into());
        at = *next;
    }
    chain
}

/// A state that the last run did not have: what the highstate would do with it.
fn planned(apply: &Apply<'_>, id: &str, record: Option<&Record>, kwargs: &Map) -> Result<Value> {
    let compiled = with_session(apply, &wish(&Value::Null, kwargs, None), |session| {
        let (mut high, faults) = session.high_of_top()?;
        Ok(match faults.is_empty() {
            true => session.with_settings(|with| low::compile(&mut high, with)),
            false => Err(faults),
        })
    });
    let mut told = Map::new();
    if let Ok(Ok(compiled)) = &compiled {
        for chunk in compiled.ordered().filter(|chunk| chunk.id() == id || chunk.text("name") == id)
        {
            let needs = compiled.graph.dependencies(&chunk.tag(), false);
            let needs: Vec<Value> = needs
                .into_iter()
                .map(|(kind, other)| {
                    let other = &compiled.chunks[other];
                    format!("{} {}: {}", kind.name(), other.id(), other.full()).into()
                })
                .collect();
            let one = map! {
                "outcome" => "not in the last run",
                "why" => "it is part of the highstate, but no run with it has been recorded",
                "sls" => chunk.text("__sls__"), "would_wait_for" => needs,
            };
            told.insert(format!("{}: {}", chunk.id(), chunk.full()).into(), one.into());
        }
    }
    if !told.is_empty() {
        return Ok(told.into());
    }
    let mut known: Vec<&str> =
        record.iter().flat_map(|record| &record.entries).map(|entry| entry.id.as_str()).collect();
    if let Ok(Ok(compiled)) = &compiled {
        known.extend(compiled.chunks.iter().map(|chunk| chunk.id()));
    }
    let near = halite_core::text::nearest(id, known.iter().copied());
    let near = near.map(|near| format!("; did you mean '{near}'?")).unwrap_or_default();
    let what = match record {
        None => "no run has been recorded on this minion, and the highstate does not have",
        Some(_) => "neither the last run nor the highstate has",
    };
    Err(Error::execution(format!("{what} a state '{id}'{near}")))
}
