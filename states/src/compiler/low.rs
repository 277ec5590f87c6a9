//! Low chunks: one state call each, with all that the engine needs to know of it.

use std::collections::HashSet;

use halite_core::{Map, Value};

use super::fault::{Fault, Faults};
use super::graph::Graph;
use super::high::{HighData, is_internal};
use super::order;
use super::place::Places;

/// One state call: `state`, `fun`, `name`, `__id__`, arguments and requisites, in Salt's form.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LowChunk {
    /// All members, as `state.show_lowstate` shows them.
    pub data: Map,
}

impl LowChunk {
    /// A text member; empty if absent or no text.
    pub fn text(&self, key: &str) -> &str {
        self.data.get(key).and_then(Value::as_str).unwrap_or_default()
    }

    /// The state module, such as `file`.
    pub fn state(&self) -> &str {
        self.text("state")
    }

    /// The function within the module.
    pub fn fun(&self) -> &str {
        self.text("fun")
    }

    /// The ID in the sls file.
    pub fn id(&self) -> &str {
        self.text("__id__")
    }

    /// `module.function`.
    pub fn full(&self) -> String {
        self.joined(["state", "fun"], ".")
    }

    /// Members as Python's `str` prints them, with `between` between them; `None` is for one that is absent.
    fn joined<const N: usize>(&self, keys: [&str; N], between: &str) -> String {
        let members = keys.map(|key| self.data.get(key));
        let texts = members.iter().map(|member| member.and_then(Value::as_str).map_or(4, str::len));
        let mut out = String::with_capacity(texts.sum::<usize>() + between.len() * N);
        for (i, member) in members.into_iter().enumerate() {
            out.push_str(if i > 0 { between } else { "" });
            match member {
                Some(Value::Str(text)) => out.push_str(text),
                Some(other) => out.push_str(&other.to_string()),
                None => out.push_str("None"),
            }
        }
        out
    }

    /// What names this call in the results of a run.
    pub fn tag(&self) -> String {
        self.joined(["state", "__id__", "name", "fun"], "_|-")
    }

    /// What sorts chunks of equal order.
    pub(crate) fn label(&self) -> String {
        self.joined(["state", "name", "fun"], "")
    }

    /// Whether a flag such as `__prereq__` is set.
    pub fn flag(&self, key: &str) -> bool {
        self.data.get(key).is_some_and(Value::truthy)
    }
}

impl From<Map> for LowChunk {
    fn from(data: Map) -> LowChunk {
        LowChunk { data }
    }
}

/// What of configuration and registry the last stages need.
pub struct Settings<'a> {
    /// `disabled_requisites`.
    pub disabled_requisites: Vec<String>,
    /// `state_aggregate`: true, or a list of modules.
    pub state_aggregate: Value,
    /// Patterns of the grain `state_runs_disabled`.
    pub disabled_states: Vec<String>,
    /// Whether a state function such as `file.mod_watch` exists.
    pub has_state: &'a dyn Fn(&str) -> bool,
    /// Whether a state module can aggregate.
    pub aggregates: &'a dyn Fn(&str) -> bool,
}

/// A finished compile.
#[derive(Clone, Debug, Default)]
pub struct Compiled {
    /// All chunks; the graph and `order` name them by index.
    pub chunks: Vec<LowChunk>,
    /// Which chunk depends on which.
    pub graph: Graph,
    /// Indexes of chunks in the order in which to run them; a chunk with a prereq test run is
    /// named twice.
    pub order: Vec<usize>,
    /// How many run numbers disabled states have used up.
    pub skipped: usize,
    /// Where the parts of the sls files stand.
    pub places: Places,
}

impl Compiled {
    /// The chunks in order, as `state.show_lowstate` lists them.
    pub fn ordered(&self) -> impl Iterator<Item = &LowChunk> {
        self.order.iter().map(|index| &self.chunks[*index])
    }
}

/// Makes and orders the chunks of high data. Salt: `State.compile_high_data` behaviour.
///
/// # Errors
/// All requisites that lead nowhere, and cycles.
pub fn compile_high_data(high: &HighData, settings: &Settings<'_>) -> Result<Compiled, Faults> {
    let mut compiled = Compiled::default();
    for (id, body) in &high.ids {
        if is_internal(id) {
            continue;
        }
        let Some(body) = body.as_map() else { continue };
        for (state, run) in body {
            if let (false, Some(args)) = (is_internal(state), run.as_list()) {
                for chunk in chunks_of(id, body, state, args) {
                    add(chunk, settings, &mut compiled);
                }
            }
        }
    }
    compiled.places = high.places.clone();
    order::order_chunks(&mut compiled, settings)?;
    Ok(compiled)
}

/// The chunks of high data, as they stand.
pub fn chunks(high: &HighData) -> Vec<LowChunk> {
    let mut chunks = Vec::new();
    for (id, body) in high.ids.iter().filter(|(id, _)| !is_internal(id)) {
        let Some(body) = body.as_map() else { continue };
        for (state, run) in body.iter().filter(|(state, _)| !is_internal(state)) {
            chunks.extend(chunks_of(id, body, state, run.as_list().unwrap_or_default()));
        }
    }
    chunks
}

/// Orders chunks that did not come from high data (`state.low`, listeners, beacons).
///
/// # Errors
/// As for [`compile_high_data`].
pub fn compile_chunks(
    chunks: impl IntoIterator<Item = LowChunk>,
    settings: &Settings<'_>,
) -> Result<Compiled, Faults> {
    let mut compiled = Compiled::default();
    for chunk in chunks {
        add(chunk, settings, &mut compiled);
    }
    order::order_chunks(&mut compiled, settings)?;
    Ok(compiled)
}

fn add(chunk: LowChunk, settings: &Settings<'_>, compiled: &mut Compiled) {
    let full = chunk.full();
    if settings.disabled_states.iter().any(|pattern| halite_core::glob::fnmatch(&full, pattern)) {
        compiled.skipped += 1;
        return;
    }
    let allow = allow_aggregate(&chunk, settings);
    compiled.graph.add_chunk(compiled.chunks.len(), &chunk, allow);
    compiled.chunks.push(chunk);
}

fn allow_aggregate(chunk: &LowChunk, settings: &Settings<'_>) -> bool {
    let wish = chunk.data.get("aggregate").unwrap_or(&settings.state_aggregate);
    let wanted = match wish {
        Value::Bool(flag) => *flag,
        Value::List(modules) => modules.iter().any(|module| module.as_str() == Some(chunk.state())),
        Value::Map(modules) => modules.contains_key(chunk.state()),
        _ => false,
    };
    wanted && (settings.aggregates)(chunk.state())
}

/// The chunks of one state module under one ID: one, or one for each of `names`.
fn chunks_of(id: &Value, body: &Map, state: &Value, args: &[Value]) -> Vec<LowChunk> {
    let mut data = Map::with_capacity(args.len() + 8);
    data.insert("state".into(), state.clone());
    data.insert("name".into(), id.clone());
    for key in ["__sls__", "__env__", "__sls_included_from__"] {
        if let Some(value) = body.get(key) {
            data.insert(key.into(), value.clone());
        }
    }
    data.insert("__id__".into(), id.clone());
    let mut fun: Option<&Value> = None;
    let mut names: Vec<&Value> = Vec::new();
    let mut seen: HashSet<&Value> = HashSet::new();
    for arg in args {
        match arg {
            Value::Str(_) => fun = fun.or(Some(arg)),
            Value::Map(arg) => {
                for (key, value) in &**arg {
                    match key.as_str() {
                        Some("names") => {
                            let given = value.as_list().unwrap_or_default().iter();
                            names.extend(given.filter(|name| seen.insert(name)));
                        }
                        Some("state") => {}
                        Some("name") if value.as_str().is_none() => {
                            drop(data.insert(key.clone(), id.clone()));
                        }
                        _ => drop(data.insert(key.clone(), value.clone())),
                    }
                }
            }
            _ => {}
        }
    }
    let Some(fun) = fun else { return Vec::new() };
    if names.is_empty() {
        data.insert("fun".into(), fun.clone());
        return vec![LowChunk { data }];
    }
    let named = names.into_iter().zip(1_i64..);
    named.map(|(entry, number)| named_chunk(data.clone(), entry, number, fun)).collect()
}

fn named_chunk(mut data: Map, entry: &Value, number: i64, fun: &Value) -> LowChunk {
    match entry.as_map().and_then(Map::first) {
        Some((name, own)) => {
            data.insert("name".into(), name.clone());
            for arg in own.as_list().unwrap_or_default() {
                let pairs = arg.as_map().into_iter().flatten();
                data.extend(pairs.map(|(key, value)| (key.clone(), value.clone())));
            }
        }
        None => drop(data.insert("name".into(), entry.clone())),
    }
    data.insert("name_order".into(), number.into());
    data.insert("fun".into(), fun.clone());
    LowChunk { data }
}

/// The whole way from rendered high data to ordered chunks. Salt: the first half of `call_high`.
///
/// # Errors
/// All faults of the first stage that has any.
pub fn compile(high: &mut HighData, settings: &Settings<'_>) -> Result<Compiled, Faults> {
    let compiled = stages(high, settings);
    compiled.map_err(|mut faults| {
        super::fault::locate(&mut faults, &high.places);
        faults
    })
}

fn stages(high: &mut HighData, settings: &Settings<'_>) -> Result<Compiled, Faults> {
    let mut faults = super::extend::reconcile_extend(high, false);
    faults.extend(super::verify::verify_high(high));
    if !faults.is_empty() {
        return Err(faults);
    }
    let faults = super::requisite::requisite_in(high, &settings.disabled_requisites);
    super::exclude::apply_exclude(high);
    if !faults.is_empty() {
        return Err(faults);
    }
    compile_high_data(high, settings)
}

/// The texts of faults: what a state run returns when it cannot start.
pub fn messages(faults: &[Fault]) -> Vec<String> {
    faults.iter().map(|fault| fault.message.clone()).collect()
}
