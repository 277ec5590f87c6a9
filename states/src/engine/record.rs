//! What the last run did and why, kept for `state.explain`.

use std::path::PathBuf;

use halite_core::value::write_json_str;
use halite_core::{Apply, Map, Value};

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
        let mut text = format!("{{\"test\": {}", self.apply.test());
        let job = &self.apply.job;
        for (key, value) in [("jid", job.jid.as_str()), ("fun", job.fun.as_str())] {
            text += &format!(", \"{key}\": ");
            write_json_str(&job.secrets.hide_text(value), &mut text);
        }
        text.push_str(", \"states\": [");
        let mut writer = Writer { runner: self, numbers: &place, text, shown: None };
        for (number, &index) in unique.iter().enumerate() {
            writer.text.push_str(if number > 0 { ",\n" } else { "\n" });
            writer.entry(index);
        }
        let text = writer.text + "]}\n";
        if let Err(error) =
            self.apply.host.write_atomic(&path(self.apply), text.as_bytes(), Some(0o600))
        {
            tracing::debug!("no record of this run is kept: {error}");
        }
    }
}

/// Writes the states of a run as JSON: a list for each, in the order of [`Entry`], without a value in
/// between, since every run pays for its record.
struct Writer<'a, 'scope, 'env> {
    runner: &'a Runner<'scope, 'env>,
    /// The numbers of the chunks in the record.
    numbers: &'a [Option<usize>],
    text: String,
    /// The file of the state before, and how it is shown.
    shown: Option<(PathBuf, String)>,
}

impl Writer<'_, '_, '_> {
    fn entry(&mut self, index: usize) {
        let low: &LowChunk = &self.runner.chunks[index];
        let tag = low.tag();
        self.text.push('[');
        for part in [&tag, low.id(), &low.full(), low.text("name"), low.text("__sls__")] {
            self.string(part);
            self.text.push(',');
        }
        self.place(low);
        self.text.push_str(",[");
        for (kind, other) in self.runner.graph.dependencies(&tag, false) {
            if let Some(number) = self.numbers[other] {
                self.separate();
                self.text += &format!("[\"{}\",{number}]", kind.name());
            }
        }
        self.text.push(']');
        if let Some(ret) = self.runner.running.get(&tag) {
            self.text.push(',');
            self.ret(ret);
        }
        self.text.push(']');
    }

    fn ret(&mut self, ret: &Map) {
        let truth = |value: Option<&Value>| {
            value.map_or("null", |value| match value {
                Value::Null => "null",
                value if value.truthy() => "true",
                _ => "false",
            })
        };
        let changed = ret.get("changes").is_some_and(Value::truthy);
        let ran = ret.get("__state_ran__").is_none_or(Value::truthy);
        self.text += &format!("[{},{changed},{ran}", truth(ret.get("result")));
        for key in ["comment", "start_time", "duration"] {
            self.text.push(',');
            match ret.get(key) {
                Some(Value::Str(text)) => self.string(beginning(text)),
                Some(Value::Null) | None => self.text.push_str("null"),
                Some(number @ (Value::Int(_) | Value::Float(_))) => {
                    self.text.push_str(&number.to_string());
                }
                Some(other) => self.string(beginning(&other.to_string())),
            }
        }
        self.text.push(']');
    }

    /// Where the state is declared, as `file:line`.
    fn place(&mut self, low: &LowChunk) {
        let steps = [Step::Key(low.id().into()), Step::State(low.state().into())];
        let Some(at) = self.runner.places.find(low.text("__sls__"), &steps) else {
            return self.text.push_str("\"\"");
        };
        if self.shown.as_ref().is_none_or(|(file, _)| *file != at.file) {
            let (file, cache) = (at.file.clone(), self.runner.apply.files.cache_dir());
            self.shown = Some((file, at.clone().of_master(&cache).file.display().to_string()));
        }
        let file = self.shown.as_ref().map_or("", |(_, shown)| shown);
        let place = format!("{file}:{}", at.line);
        self.string(&place);
    }

    fn separate(&mut self) {
        if !self.text.ends_with('[') {
            self.text.push(',');
        }
    }

    fn string(&mut self, text: &str) {
        write_json_str(&self.runner.apply.job.secrets.hide_text(text), &mut self.text);
    }
}

/// At most [`COMMENT_CHARS`] of a text.
fn beginning(text: &str) -> &str {
    text.char_indices().nth(COMMENT_CHARS).map_or(text, |(end, _)| &text[..end])
}

/// The record of the last run; `None` if there is none.
pub fn load(apply: &Apply<'_>) -> Option<Record> {
    let bytes = apply.host.read(&path(apply)).ok()?;
    let value = halite_core::value::parse_json(&String::from_utf8_lossy(&bytes)).ok()?;
    let text = |value: &Value, key: &str| value.get(key).map(Value::to_string).unwrap_or_default();
    let entries = value.get("states")?.as_list()?.iter().filter_map(entry_of);
    Some(Record {
        jid: text(&value, "jid"),
        fun: text(&value, "fun"),
        test: value.get("test").is_some_and(Value::truthy),
        entries: entries.collect(),
    })
}

/// `None` for what is no list: an older version's record.
fn entry_of(state: &Value) -> Option<Entry> {
    let parts = state.as_list()?;
    let text = |number: usize| parts.get(number).map(Value::to_string).unwrap_or_default();
    let ret = parts.get(7).and_then(Value::as_list).unwrap_or_default();
    let names = ["result", "changed", "ran", "comment", "start_time", "duration"];
    Some(Entry {
        tag: text(0),
        id: text(1),
        fun: text(2),
        name: text(3),
        sls: text(4),
        place: text(5),
        needs: needs_of(parts.get(6).and_then(Value::as_list).unwrap_or_default()),
        ret: names.into_iter().map(Value::from).zip(ret.iter().cloned()).collect(),
    })
}

fn needs_of(needs: &[Value]) -> Vec<(String, usize)> {
    let need = |need: &Value| {
        let pair = need.as_list()?;
        Some((pair.first()?.to_string(), usize::try_from(pair.get(1)?.as_i64()?).ok()?))
    };
    needs.iter().filter_map(need).collect()
}
