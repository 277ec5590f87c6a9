//! The dependency graph: nodes are chunks (and prereq test runs of chunks), edges are requisites.

use std::collections::HashMap;

use indexmap::IndexMap;

use halite_core::Value;
use halite_core::glob::fnmatch;

use super::low::LowChunk;

/// A requisite's kind; the order is the weight of its edges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// `onfail`.
    Onfail,
    /// `onfail_any`.
    OnfailAny,
    /// `onfail_all`.
    OnfailAll,
    /// `require`.
    Require,
    /// `require_any`.
    RequireAny,
    /// `onchanges`.
    Onchanges,
    /// `onchanges_any`.
    OnchangesAny,
    /// `watch`.
    Watch,
    /// `watch_any`.
    WatchAny,
    /// `prereq`.
    Prereq,
    /// `prerequired`.
    Prerequired,
    /// `listen`.
    Listen,
}

impl Kind {
    /// All kinds, lightest first.
    pub const ALL: [Kind; 12] = [
        Kind::Onfail,
        Kind::OnfailAny,
        Kind::OnfailAll,
        Kind::Require,
        Kind::RequireAny,
        Kind::Onchanges,
        Kind::OnchangesAny,
        Kind::Watch,
        Kind::WatchAny,
        Kind::Prereq,
        Kind::Prerequired,
        Kind::Listen,
    ];

    /// The keyword in sls files.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Onfail => "onfail",
            Kind::OnfailAny => "onfail_any",
            Kind::OnfailAll => "onfail_all",
            Kind::Require => "require",
            Kind::RequireAny => "require_any",
            Kind::Onchanges => "onchanges",
            Kind::OnchangesAny => "onchanges_any",
            Kind::Watch => "watch",
            Kind::WatchAny => "watch_any",
            Kind::Prereq => "prereq",
            Kind::Prerequired => "prerequired",
            Kind::Listen => "listen",
        }
    }

    /// The kind of a keyword.
    pub fn parse(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Whether one of several is enough: the `_any` kinds and plain `onfail`.
    pub fn any(self) -> bool {
        matches!(
            self,
            Kind::OnfailAny | Kind::RequireAny | Kind::OnchangesAny | Kind::WatchAny | Kind::Onfail
        )
    }

    /// The kind without `_any` and `_all`.
    pub fn base(self) -> Kind {
        match self {
            Kind::OnfailAny | Kind::OnfailAll => Kind::Onfail,
            Kind::RequireAny => Kind::Require,
            Kind::OnchangesAny => Kind::Onchanges,
            Kind::WatchAny => Kind::Watch,
            other => other,
        }
    }
}

/// A node's number.
pub type NodeId = usize;

/// A chunk in the graph.
#[derive(Clone, Debug, Default)]
pub struct Node {
    /// The chunk it stands for; none for a group that is aggregated.
    pub chunk: Option<usize>,
    /// What it is called: the chunk's tag, or a longer name for tests and groups.
    pub tag: String,
    /// The node of this chunk's prereq test run.
    pub prereq_test: Option<NodeId>,
    /// Whether the chunk may be joined with others of its module.
    pub allow_aggregate: bool,
    /// The group node it belongs to.
    pub group: Option<NodeId>,
    /// The nodes of a group.
    pub members: Vec<NodeId>,
    /// Dependents, each with the kinds of its edges.
    pub out: IndexMap<NodeId, Vec<Kind>>,
    /// Dependencies, each with the kinds of its edges.
    pub into: IndexMap<NodeId, Vec<Kind>>,
}

/// The graph.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    /// Nodes in the order in which they were added.
    pub nodes: Vec<Node>,
    by_tag: HashMap<String, NodeId>,
    /// State module (or `id`) to name or ID to nodes.
    lookup: HashMap<String, IndexMap<String, Vec<NodeId>>>,
    /// sls to nodes, those of included sls among them.
    by_sls: IndexMap<String, Vec<NodeId>>,
    /// (dependent, kind) pairs that stand for a prereq by another name.
    prereq_requires: Vec<(NodeId, NodeId)>,
}

/// What Salt takes for a pattern: more than is one, but a pattern may match nothing where a name
/// must be there.
fn is_glob(text: &str) -> bool {
    text.contains(['*', '?', '[', ']'])
}

fn push_once(list: &mut Vec<NodeId>, node: NodeId) {
    // Nodes come in rising order unless a tag comes twice: mostly the last one tells.
    match list.last() {
        Some(last) if *last >= node && list.contains(&node) => {}
        _ => list.push(node),
    }
}

impl Graph {
    /// Adds a chunk; one with the tag of an earlier chunk takes its place.
    pub fn add_chunk(&mut self, index: usize, chunk: &LowChunk, allow_aggregate: bool) {
        let tag = chunk.tag();
        let node = match self.by_tag.get(&tag) {
            Some(node) => *node,
            None => self.add_node(tag),
        };
        self.nodes[node].chunk = Some(index);
        self.nodes[node].allow_aggregate = allow_aggregate;
        let (name, id) = (chunk.text("name"), chunk.id());
        for (kind, key) in [(chunk.state(), name), (chunk.state(), id), ("id", id), ("id", name)] {
            let nodes = self.lookup.entry(kind.to_owned()).or_default();
            push_once(nodes.entry(key.to_owned()).or_default(), node);
        }
        let mut of_sls = |sls: &str| {
            push_once(self.by_sls.entry(sls.to_owned()).or_default(), node);
        };
        if !chunk.text("__sls__").is_empty() {
            of_sls(chunk.text("__sls__"));
        }
        let from = chunk.data.get("__sls_included_from__").and_then(Value::as_list);
        from.unwrap_or_default().iter().filter_map(Value::as_str).for_each(of_sls);
    }

    fn add_node(&mut self, tag: String) -> NodeId {
        let node = self.nodes.len();
        self.by_tag.insert(tag.clone(), node);
        self.nodes.push(Node { tag, ..Node::default() });
        node
    }

    /// Adds an edge unless it is there.
    pub fn add_edge(&mut self, from: NodeId, to: NodeId, kind: Kind) {
        let kinds = self.nodes[from].out.entry(to).or_default();
        if !kinds.contains(&kind) {
            kinds.push(kind);
            self.nodes[to].into.entry(from).or_default().push(kind);
        }
    }

    /// The node of a chunk by its tag.
    pub fn node(&self, tag: &str) -> Option<NodeId> {
        self.by_tag.get(tag).copied()
    }

    /// Nodes that a reference means; `None` if it means nothing, which is a fault.
    /// `key` is a state module, `id` or `sls`; `value` a name, an ID or a glob.
    pub fn resolve(&self, key: &str, value: &str) -> Option<Vec<NodeId>> {
        let collect = |table: &IndexMap<String, Vec<NodeId>>| {
            let matching = table.iter().filter(|(name, _)| fnmatch(name, value));
            matching.flat_map(|(_, nodes)| nodes.iter().copied()).collect::<Vec<_>>()
        };
        match (key, is_glob(value)) {
            ("sls", true) => Some(collect(&self.by_sls)),
            ("sls", false) => self.by_sls.get(value).cloned(),
            (_, true) => self.lookup.get(key).map(collect).filter(|nodes| !nodes.is_empty()),
            (_, false) => self.lookup.get(key)?.get(value).cloned(),
        }
    }

    /// The name that a reference which means nothing is nearest to.
    pub(crate) fn nearest(&self, key: &str, value: &str) -> Option<&str> {
        let names: Vec<&String> = match key {
            "sls" => self.by_sls.keys().collect(),
            key => self.lookup.get(key)?.keys().collect(),
        };
        halite_core::text::nearest(value, names.into_iter().map(String::as_str))
    }

    /// The state modules that have a state of this name.
    pub(crate) fn modules_of(&self, value: &str) -> Vec<&str> {
        let has =
            self.lookup.iter().filter(|(key, names)| *key != "id" && names.contains_key(value));
        has.map(|(key, _)| key.as_str()).collect()
    }

    /// Adds the edges of one reference of `node`. `flagged` is told of chunks that get
    /// `__prereq__` (true) or `__prerequiring__` (false).
    pub(crate) fn add_requisites(
        &mut self,
        node: NodeId,
        kind: Kind,
        targets: &[NodeId],
        tested: bool,
        flagged: &mut dyn FnMut(usize, bool),
    ) {
        for &target in targets {
            if kind == Kind::Prereq {
                self.add_prereq(node, target, flagged);
                continue;
            }
            if tested && let Some(test) = self.nodes[node].prereq_test {
                self.add_edge(target, test, kind);
            }
            self.add_edge(target, node, kind);
        }
    }

    /// `node` is to run before `target` if `target` would change: the target is tested first, then
    /// comes `node`, then the target for real.
    fn add_prereq(&mut self, node: NodeId, target: NodeId, flagged: &mut dyn FnMut(usize, bool)) {
        let chunk = |graph: &Graph, node: NodeId| graph.nodes[node].chunk;
        if let Some(chunk) = chunk(self, node) {
            flagged(chunk, false);
        }
        if let Some(chunk) = chunk(self, target) {
            flagged(chunk, true);
        }
        let test = match self.nodes[target].prereq_test {
            Some(test) => test,
            None => self.add_prereq_test(target),
        };
        self.add_edge(test, node, Kind::Prereq);
        self.add_edge(node, target, Kind::Require);
        self.prereq_requires.push((node, target));
        // A chain of prereqs is tested from its far end.
        if let Some(own_test) = self.nodes[node].prereq_test {
            self.add_edge(test, own_test, Kind::Prereq);
        }
    }

    fn add_prereq_test(&mut self, target: NodeId) -> NodeId {
        let tag = format!("{}_|-__prereq_test__", self.nodes[target].tag);
        let test = self.add_node(tag);
        self.nodes[test].chunk = self.nodes[target].chunk;
        self.nodes[target].prereq_test = Some(test);
        let before: Vec<(NodeId, Vec<Kind>)> =
            self.nodes[target].into.iter().map(|(from, kinds)| (*from, kinds.clone())).collect();
        for (from, kinds) in before {
            for kind in kinds.into_iter().filter(|kind| *kind != Kind::Prereq) {
                self.add_edge(from, test, kind);
            }
        }
        test
    }

    /// Gives `to` the edges that `from` has.
    fn copy_edges(&mut self, from: NodeId, to: NodeId) {
        let edges = |map: &IndexMap<NodeId, Vec<Kind>>| {
            let pairs = map.iter().flat_map(|(node, kinds)| kinds.iter().map(|k| (*node, *k)));
            pairs.collect::<Vec<_>>()
        };
        for (before, kind) in edges(&self.nodes[from].into) {
            self.add_edge(before, to, kind);
        }
        for (after, kind) in edges(&self.nodes[from].out) {
            self.add_edge(to, after, kind);
        }
    }

    /// Puts `node` into the group of `first`, which is made if need be.
    pub(crate) fn join(&mut self, first: NodeId, node: NodeId, name: &str) {
        let group = match self.nodes[first].group {
            Some(group) => group,
            None => {
                let group = self.add_node(name.to_owned());
                self.copy_edges(first, group);
                self.nodes[first].group = Some(group);
                self.nodes[group].members.push(first);
                group
            }
        };
        self.copy_edges(node, group);
        self.nodes[node].group = Some(group);
        self.nodes[group].members.push(node);
    }

    /// Whether there is a way along edges.
    pub(crate) fn has_path(&self, from: NodeId, to: NodeId) -> bool {
        let mut seen = vec![false; self.nodes.len()];
        let mut stack = vec![from];
        while let Some(node) = stack.pop() {
            if node == to {
                return true;
            }
            if !std::mem::replace(&mut seen[node], true) {
                stack.extend(self.nodes[node].out.keys().filter(|next| !seen[**next]));
            }
        }
        false
    }

    /// The chunks a chunk depends on, with the kind of each dependency. `test` asks for those of
    /// its prereq test run.
    pub fn dependencies(&self, tag: &str, test: bool) -> Vec<(Kind, usize)> {
        let Some(node) = self.node(tag) else { return Vec::new() };
        let node = if test { self.nodes[node].prereq_test.unwrap_or(node) } else { node };
        let mut found = Vec::new();
        for (from, kinds) in &self.nodes[node].into {
            for kind in kinds {
                match self.nodes[*from].chunk {
                    Some(chunk) => found.push((*kind, chunk)),
                    None => {
                        let members = self.nodes[*from].members.iter();
                        found.extend(members.filter_map(|m| Some((*kind, self.nodes[*m].chunk?))));
                    }
                }
            }
        }
        found
    }

    /// Chunks that are joined with the chunk of this tag, itself included.
    pub fn group_of(&self, tag: &str) -> Vec<usize> {
        let group = self.node(tag).and_then(|node| self.nodes[node].group);
        let members = group.map(|group| self.nodes[group].members.as_slice()).unwrap_or_default();
        members.iter().filter_map(|member| self.nodes[*member].chunk).collect()
    }

    /// The edges of one cycle, each as (dependency, dependent, kind); empty if there is none.
    pub(crate) fn find_cycle(&self) -> Vec<(NodeId, NodeId, Kind)> {
        let mut state = vec![0_u8; self.nodes.len()];
        let mut path: Vec<(NodeId, usize, Kind)> = Vec::new();
        for start in 0..self.nodes.len() {
            if state[start] != 0 {
                continue;
            }
            state[start] = 1;
            path.push((start, 0, Kind::Require));
            while let Some((node, next, _)) = path.last_mut() {
                let node = *node;
                let Some((target, kinds)) = self.nodes[node].out.get_index(*next) else {
                    state[node] = 2;
                    path.pop();
                    continue;
                };
                *next += 1;
                match state[*target] {
                    0 => {
                        state[*target] = 1;
                        path.push((*target, 0, kinds[0]));
                    }
                    1 => return cycle_of(&path, *target, kinds[0]),
                    _ => {}
                }
            }
        }
        Vec::new()
    }

    /// Whether the edge was made for a prereq.
    pub(crate) fn is_prereq_require(&self, from: NodeId, to: NodeId) -> bool {
        self.prereq_requires.contains(&(from, to))
    }
}

fn cycle_of(
    path: &[(NodeId, usize, Kind)],
    target: NodeId,
    last: Kind,
) -> Vec<(NodeId, NodeId, Kind)> {
    let from = path.iter().position(|(node, ..)| *node == target).unwrap_or(0);
    let on_cycle = &path[from..];
    let mut edges: Vec<_> = on_cycle.windows(2).map(|w| (w[0].0, w[1].0, w[1].2)).collect();
    let end = on_cycle.last().map_or(target, |(node, ..)| *node);
    edges.push((end, target, last));
    edges
}
