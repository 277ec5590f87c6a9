//! Requisites become edges, and the graph becomes an order to run in.

use std::cmp::{Ordering, Reverse};
use std::collections::{BinaryHeap, HashMap};

use halite_core::value::repr_str;
use halite_core::{Map, Value};

use super::fault::{Fault, Faults};
use super::graph::{Graph, Kind, NodeId};
use super::low::{Compiled, LowChunk, Settings};
use super::place::Step;

/// The kinds that become edges, in the order in which a chunk's requisites are read.
const READ_ORDER: [Kind; 10] = [
    Kind::Require,
    Kind::RequireAny,
    Kind::Watch,
    Kind::WatchAny,
    Kind::Prereq,
    Kind::Onfail,
    Kind::OnfailAny,
    Kind::OnfailAll,
    Kind::Onchanges,
    Kind::OnchangesAny,
];
/// How far behind everything else `order: last` is.
const LAST: i64 = 1_000_000;
/// Most chunks that are joined into one.
const GROUP_SIZE: usize = 500;

/// Resolves requisites and sorts. Salt: `State.order_chunks` behaviour.
///
/// # Errors
/// References that lead nowhere, and a cycle with its way.
pub(crate) fn order_chunks(compiled: &mut Compiled, settings: &Settings<'_>) -> Result<(), Faults> {
    let mut faults = Faults::new();
    let mut cap = 1;
    let Compiled { chunks, graph, .. } = compiled;
    for index in 0..chunks.len() {
        watch_without_mod_watch(&mut chunks[index], settings);
        if let Err(fault) = add_requisites(index, chunks, graph, &settings.disabled_requisites) {
            faults.push(fault);
        } else if let Some(order) = chunks[index].data.get("order").and_then(Value::as_i64)
            && order > cap - 1
            && order > 0
        {
            cap = order.saturating_add(100);
        }
    }
    match sort(chunks, graph, cap) {
        Some(order) => compiled.order = order,
        None => faults.push(cycle_fault(chunks, graph)),
    }
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

/// `watch` on a module that cannot react to it is `require`.
fn watch_without_mod_watch(chunk: &mut LowChunk, settings: &Settings<'_>) {
    for (watch, require) in [("watch", "require"), ("watch_any", "require_any")] {
        if !chunk.data.contains_key(watch)
            || (settings.has_state)(&format!("{}.mod_watch", chunk.state()))
        {
            continue;
        }
        let moved = chunk.data.shift_remove(watch).unwrap_or_default();
        let moved = moved.as_list().unwrap_or_default();
        let list = chunk.data.entry(require.into()).or_insert_with(|| Value::list([]));
        list.as_list_mut().into_iter().for_each(|list| list.extend(moved.iter().cloned()));
    }
}

fn add_requisites(
    index: usize,
    chunks: &mut [LowChunk],
    graph: &mut Graph,
    disabled: &[String],
) -> Result<(), Fault> {
    if !Kind::ALL.iter().any(|kind| chunks[index].data.contains_key(kind.name())) {
        return Ok(());
    }
    let Some(node) = graph.node(&chunks[index].tag()) else { return Ok(()) };
    for kind in READ_ORDER {
        let Some(refs) = chunks[index].data.get(kind.name()).cloned() else { continue };
        if disabled.iter().any(|name| name == kind.name()) {
            continue;
        }
        for reference in references(&refs) {
            let (key, value) = reference;
            let value = match &value {
                Value::Null => continue,
                Value::Str(text) => text.to_string(),
                _ => return Err(no_text(&chunks[index], kind, &key)),
            };
            let Some(targets) = graph.resolve(&key, &value) else {
                return Err(not_found(&chunks[index], kind, &key, &value, graph));
            };
            let tested = chunks[index].flag("__prereq__");
            let mut flagged = |chunk: usize, tested: bool| {
                let flag = if tested { "__prereq__" } else { "__prerequiring__" };
                chunks[chunk].data.insert(flag.into(), true.into());
            };
            graph.add_requisites(node, kind, &targets, tested, &mut flagged);
        }
    }
    Ok(())
}

/// References as (state module or `id` or `sls`, name): a bare text is an ID, a function is cut
/// off a module.
fn references(refs: &Value) -> Vec<(String, Value)> {
    let pair = |item: &Value| match item {
        Value::Map(map) => map.first().map(|(key, value)| {
            let key = key.to_string();
            (key.split('.').next().unwrap_or_default().to_owned(), value.clone())
        }),
        bare => Some(("id".to_owned(), bare.clone())),
    };
    match refs {
        Value::List(items) => items.iter().filter_map(pair).collect(),
        Value::Map(map) => map.keys().map(|key| ("id".to_owned(), key.clone())).collect(),
        Value::Str(text) => text.chars().map(|c| ("id".into(), c.to_string().into())).collect(),
        _ => Vec::new(),
    }
}

fn place(chunk: &LowChunk) -> String {
    let sls = chunk.data.get("__sls__").cloned().unwrap_or_default();
    format!("state [{}] in SLS [{sls}]", chunk.data.get("name").cloned().unwrap_or_default())
}

fn no_text(chunk: &LowChunk, kind: Kind, key: &str) -> Fault {
    Fault::new(format!(
        "Requisite [{}: {key}] in {} must have a string as the value",
        kind.name(),
        place(chunk)
    ))
    .code("requisite-form")
    .about_part(chunk.text("__sls__"), steps(chunk, kind, key, ""))
}

/// The way to a reference in its file.
fn steps(chunk: &LowChunk, kind: Kind, key: &str, value: &str) -> [Step; 4] {
    [
        Step::Key(chunk.id().into()),
        Step::State(chunk.state().into()),
        Step::Arg(kind.name().into()),
        Step::Reference(key.into(), value.into()),
    ]
}

/// Which state a reference that leads nowhere may mean.
fn nearest_state(graph: &Graph, key: &str, value: &str) -> Option<String> {
    if let Some(near) = graph.nearest(key, value) {
        return Some(format!("did you mean '{near}'?"));
    }
    match graph.modules_of(value).as_slice() {
        [] => None,
        [one] => Some(format!("'{value}' is there, but as `{one}`: write `- {one}: {value}`")),
        many => Some(format!("'{value}' is there, but as {}", many.join(", "))),
    }
}

fn not_found(chunk: &LowChunk, kind: Kind, key: &str, value: &str, graph: &Graph) -> Fault {
    Fault::new(format!(
        "Referenced state does not exist for requisite [{}: ({key}: {value})] in {}",
        kind.name(),
        place(chunk)
    ))
    .code("unknown-requisite")
    .maybe_hint(nearest_state(graph, key, value))
    .about_part(chunk.text("__sls__"), steps(chunk, kind, key, value))
}

fn cycle_fault(chunks: &[LowChunk], graph: &Graph) -> Fault {
    let edges = graph.find_cycle();
    let shown = edges.iter().map(|&(from, to, kind)| {
        let chunk = |node: NodeId| graph.nodes[node].chunk.map(|chunk| &chunks[chunk]);
        let (Some(dependency), Some(dependent)) = (chunk(from), chunk(to)) else {
            return String::new();
        };
        let kind = match kind {
            Kind::Require
                if graph.is_prereq_require(from, to) && !dependent.data.contains_key("require") =>
            {
                Kind::Prereq
            }
            other => other,
        };
        format!("({}, '{}', {})", shown(dependent), kind.name(), shown(dependency))
    });
    let shown: Vec<String> = shown.collect();
    let fault = Fault::new(format!("Recursive requisites were found: {}", shown.join(", ")))
        .code("requisite-cycle")
        .hint("remove one of these requisites");
    let first =
        edges.first().and_then(|(_, to, kind)| Some((&chunks[graph.nodes[*to].chunk?], kind)));
    match first {
        None => fault,
        Some((chunk, kind)) => fault.about_part(
            chunk.text("__sls__"),
            [
                Step::Key(chunk.id().into()),
                Step::State(chunk.state().into()),
                Step::Arg(kind.name().into()),
            ],
        ),
    }
}

fn shown(chunk: &LowChunk) -> String {
    let get = |key: &str| chunk.data.get(key).cloned().unwrap_or_default();
    let mut text = format!("{{'SLS': {}, 'ID': {}", get("__sls__").repr(), get("__id__").repr());
    if get("name") != get("__id__") {
        text += &format!(
            ", 'NAME': {}",
            match get("name") {
                Value::Str(name) => repr_str(&name),
                other => other.repr(),
            }
        );
    }
    text + "}"
}

/// A place in the order: the order pulled forward by dependents, the own order, label and tag.
struct Key {
    effective: f64,
    own: f64,
    label: String,
    tag: String,
    node: NodeId,
}

impl Ord for Key {
    fn cmp(&self, other: &Key) -> Ordering {
        self.effective
            .total_cmp(&other.effective)
            .then(self.own.total_cmp(&other.own))
            .then_with(|| self.label.cmp(&other.label))
            .then_with(|| self.tag.cmp(&other.tag))
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Key) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Key) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Key {}

/// Kahn's sort with a heap; groups chunks to be aggregated on the way. `None` if there is a cycle.
fn sort(chunks: &mut [LowChunk], graph: &mut Graph, cap: i64) -> Option<Vec<usize>> {
    let count = graph.nodes.len();
    let edges = |kinds: &Vec<Kind>| kinds.len();
    let mut waiting: Vec<usize> =
        graph.nodes.iter().map(|node| node.into.values().map(edges).sum()).collect();
    let mut heap = BinaryHeap::new();
    for node in (0..count).filter(|node| waiting[*node] == 0) {
        heap.push(Reverse(key(node, chunks, graph, cap)));
    }
    let mut sorted = Vec::with_capacity(count);
    let mut groups: HashMap<String, Vec<(NodeId, usize)>> = HashMap::new();
    while let Some(Reverse(Key { node, .. })) = heap.pop() {
        sorted.push(node);
        aggregate(node, chunks, graph, &mut groups);
        for (target, kinds) in &graph.nodes[node].out {
            // Group nodes are added while sorting and are not part of the order.
            let Some(left) = waiting.get_mut(*target) else { continue };
            *left = left.saturating_sub(kinds.len());
            if *left == 0 {
                heap.push(Reverse(key(*target, chunks, graph, cap)));
            }
        }
    }
    (sorted.len() == count)
        .then(|| sorted.into_iter().filter_map(|node| graph.nodes[node].chunk).collect())
}

/// Puts a node into the first group of its module from which no way leads to it.
fn aggregate(
    node: NodeId,
    chunks: &[LowChunk],
    graph: &mut Graph,
    groups: &mut HashMap<String, Vec<(NodeId, usize)>>,
) {
    if !graph.nodes[node].allow_aggregate {
        return;
    }
    let Some(chunk) = graph.nodes[node].chunk else { return };
    let state = chunks[chunk].state().to_owned();
    let of_module = groups.entry(state.clone()).or_default();
    for (number, (first, size)) in of_module.iter_mut().enumerate() {
        if *size >= GROUP_SIZE {
            continue;
        }
        let from = graph.nodes[*first].group.unwrap_or(*first);
        if !graph.has_path(from, node) {
            graph.join(*first, node, &format!("__aggregate_{state}_{number}__"));
            *size += 1;
            return;
        }
    }
    of_module.push((node, 1));
}

/// `last`, `first` and everything that is not a number, as a number.
fn plain_order(data: &Map, cap: i64) -> Value {
    match data.get("order") {
        Some(order) if order.as_f64().is_some() => order.clone(),
        Some(order) if order.as_str() == Some("last") => Value::Int(cap + LAST),
        Some(order) if order.as_str() == Some("first") => Value::Int(0),
        _ => Value::Int(cap),
    }
}

fn plus(order: &Value, add: i64) -> Value {
    match order.as_i64() {
        Some(int) => Value::Int(int.saturating_add(add)),
        None => Value::Float(order.as_f64().unwrap_or_default() + add as f64),
    }
}

fn key(node: NodeId, chunks: &mut [LowChunk], graph: &Graph, cap: i64) -> Key {
    let tag = graph.nodes[node].tag.clone();
    let Some(chunk) = graph.nodes[node].chunk else {
        return Key { effective: 0.0, own: 0.0, label: String::new(), tag, node };
    };
    let data = &mut chunks[chunk].data;
    let mut order = plain_order(data, cap);
    let name_order = data.shift_remove("name_order").and_then(|n| n.as_f64()).unwrap_or(0.0);
    if name_order != 0.0 {
        order = Value::Float(order.as_f64().unwrap_or_default() + name_order / 10_000.0);
    }
    if order.as_f64().is_some_and(|order| order < 0.0) {
        order = plus(&order, cap + LAST);
    }
    data.insert("order".into(), order.clone());
    let own = order.as_f64().unwrap_or_default();
    let mut heaviest = None;
    let mut earliest = f64::INFINITY;
    for (child, kinds) in &graph.nodes[node].out {
        for kind in kinds {
            if heaviest > Some(*kind) {
                continue;
            }
            heaviest = Some(*kind);
            let Some(child) = graph.nodes[*child].chunk else { continue };
            let order = plain_order(&chunks[child].data, cap);
            earliest = earliest.min(order.as_f64().unwrap_or(f64::INFINITY));
            chunks[child].data.insert("order".into(), order);
        }
    }
    let label = chunks[chunk].label();
    Key { effective: own.min(earliest), own, label, tag, node }
}
