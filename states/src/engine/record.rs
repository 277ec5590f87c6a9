//! What the last run did and why, kept for `state.explain`.

use std::path::PathBuf;

use halite_core::{Apply, Map, Value, map};

use super::run::Runner;
use crate::compiler::{LowChunk, Step};

/// The file below `cachedir`.
const FILE: &str = "last_run.json";
/// How many states of a run are kept.
const STATES_MAX: usize = 20_000;
/// How much of a comment is kept, in characters.
const COMMENT_CHARS: usize = 2_000;

/// One state of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Entry {
    /// Its tag.
    pub tag: String,
    /// Its ID.
    pub id: String,
    /// `module.function`.
    pub fun: String,
    /// Its name.
    pub name: String,
    /// The sls file.
    pub sls: String,
    /// Where it is declared, as `file:line`.
    pub place: String,
    /// What it depends on: the requisite and the number of the other entry.
    pub needs: Vec<(String, usize)>,
    /// Its return; empty if the run ended before.
    pub ret: Map,
}

/// A run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record {
    /// The job.
    pub jid: String,
    /// The function that ran it.
    pub fun: String,
    /// Whether it only predicted.
    pub test: bool,
    /// Its states in the order in which they were to run.
    pub entries: Vec<Entry>,
}

fn path(apply: &Apply<'_>) -> PathBuf {
    apply.opts.path("cachedir").join(FILE)
}

impl Runner<'_, '_> {
    /// Keeps what this run did. Failing to is no fault.
    pub(super) fn leave_record(&self, order: &[usize]) {
        if self.apply.opts.path("cachedir").as_os_str().is_empty() {
            return;
        }
        if order.len() > STATES_MAX {
            return tracing::info!("the run has more than {STATES_MAX} states: no record is kept");
        }
        let mut place = vec![None; self.chunks.len()];
        let mut unique: Vec<usize> = Vec::with_capacity(order.len());
        for &index in order {
            if place[index].is_none() {
                place[index] = Some(unique.len());
                unique.push(index);
            }
        }
        let entries = unique.iter().map(|&index| self.entry(index, &place)).collect::<Vec<_>>();
        let record = map! {
            "jid" => self.apply.job.jid.as_str(), "fun" => self.apply.job.fun.as_str(),
            "test" => self.apply.test(), "states" => entries,
        };
        let record = self.apply.job.secrets.hide(record.into());
        let text = halite_core::value::to_json(&record, Default::default());
        if let Err(error) =
            self.apply.host.write_atomic(&path(self.apply), text.as_bytes(), Some(0o600))
        {
            tracing::debug!("no record of this run is kept: {error}");
        }
    }

    fn entry(&self, index: usize, place: &[Option<usize>]) -> Value {
        let low: &LowChunk = &self.chunks[index];
        let tag = low.tag();
        let needs = self.graph.dependencies(&tag, false).into_iter().filter_map(|(kind, other)| {
            Some(Value::from([Value::from(kind.name()), Value::from(place[other]?)]))
        });
        let steps = [Step::Key(low.id().into()), Step::State(low.state().into())];
        let at = self.places.find(low.text("__sls__"), &steps);
        let at = at.map(|at| at.of_master(&self.apply.files.cache_dir()));
        let ret = self.running.get(&tag).map(|ret| {
            let get = |key: &str| ret.get(key).cloned().unwrap_or_default();
            let comment: String = get("comment").to_string().chars().take(COMMENT_CHARS).collect();
            map! {
                "result" => get("result"), "comment" => comment,
                "changed" => get("changes").truthy(),
                "ran" => ret.get("__state_ran__").is_none_or(Value::truthy),
                "start_time" => get("start_time"), "duration" => get("duration"),
            }
        });
        let needs: Vec<Value> = needs.collect();
        map! {
            "tag" => tag, "id" => low.id(), "fun" => low.full(), "name" => low.text("name"),
            "sls" => low.text("__sls__"),
            "place" => at.map(|at| format!("{}:{}", at.file.display(), at.line)).unwrap_or_default(),
            "needs" => needs, "ret" => ret.unwrap_or_default(),
        }
        .into()
    }
}

/// The record of the last run; `None` if there is none.
pub fn load(apply: &Apply<'_>) -> Option<Record> {
    let bytes = apply.host.read(&path(apply)).ok()?;
    let value = halite_core::value::parse_json(&String::from_utf8_lossy(&bytes)).ok()?;
    let text = |value: &Value, key: &str| value.get(key).map(Value::to_string).unwrap_or_default();
    let entries = value.get("states")?.as_list()?.iter().map(|state| Entry {
        tag: text(state, "tag"),
        id: text(state, "id"),
        fun: text(state, "fun"),
        name: text(state, "name"),
        sls: text(state, "sls"),
        place: text(state, "place"),
        needs: needs_of(state),
        ret: state.get("ret").and_then(Value::as_map).cloned().unwrap_or_default(),
    });
    Some(Record {
        jid: text(&value, "jid"),
        fun: text(&value, "fun"),
        test: value.get("test").is_some_and(Value::truthy),
        entries: entries.collect(),
    })
}

fn needs_of(state: &Value) -> Vec<(String, usize)> {
    let needs = state.get("needs").and_then(Value::as_list).unwrap_or_default().iter();
    let need = |need: &Value| {
        let pair = need.as_list()?;
        Some((pair.first()?.to_string(), usize::try_from(pair.get(1)?.as_i64()?).ok()?))
    };
    needs.filter_map(need).collect()
}
