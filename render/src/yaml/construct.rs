//! Nodes to values.
//!
//! PyYAML constructs level by level, so that of several faults the one nearest to the root is
//! reported; values are built depth first here, and the fault of the lowest level is kept.

use std::collections::HashMap;
use std::sync::Arc;

use halite_core::value::Entry;
use halite_core::{Map, Value};

use super::error::{YamlError, YamlErrorKind};
use super::node::{Data, Document, Id, Tag};
use super::{ALIAS_NODES_MAX, hint, merge, scalar};

/// Builds the value of a document; merges are folded into its nodes on the way.
pub(super) fn construct(document: &mut Document, text: &str) -> Result<Value, YamlError> {
    let root = document.root;
    let mut constructor = Constructor {
        document,
        fault: None,
        done: HashMap::new(),
        active: Vec::new(),
        nodes: 0,
        added: 0,
        merged: 0,
    };
    let value = constructor.object(root, 0);
    match constructor.fault {
        Some((_, mut fault)) => {
            hint::explain(&mut fault, text);
            Err(*fault)
        }
        None => Ok(value),
    }
}

struct Constructor<'d> {
    document: &'d mut Document,
    /// The fault to report and its level.
    fault: Option<(usize, Box<YamlError>)>,
    /// Values of anchored nodes, with the number of nodes below them.
    done: HashMap<Id, (Value, usize)>,
    /// Anchored containers under construction.
    active: Vec<Id>,
    /// Nodes built so far, those of aliases counted each time.
    nodes: usize,
    /// Nodes that aliases added.
    added: usize,
    /// Entries that merges added.
    merged: usize,
}

impl Constructor<'_> {
    fn fail(&mut self, level: usize, fault: YamlError) {
        if self.fault.as_ref().is_none_or(|(lowest, _)| level < *lowest) {
            self.fault = Some((level, Box::new(fault)));
        }
    }

    /// Whether a fault is known which a fault of `level` would not replace.
    fn settled(&self, level: usize) -> bool {
        self.fault.as_ref().is_some_and(|(lowest, _)| *lowest <= level)
    }

    /// The value of a node that stands in a container of `level`.
    fn object(&mut self, id: Id, level: usize) -> Value {
        if !self.document.nodes[id].anchored {
            return self.build(id, level);
        }
        if let Some((value, nodes)) = self.done.get(&id) {
            self.added = self.added.saturating_add(*nodes);
            self.nodes = self.nodes.saturating_add(*nodes);
            let value = value.clone();
            if self.added > ALIAS_NODES_MAX {
                let problem = format!("aliases add more than {ALIAS_NODES_MAX} nodes");
                self.fail_at(0, id, YamlErrorKind::Limit, problem);
            }
            return value;
        }
        if self.active.contains(&id) {
            let problem = "found unconstructable recursive node".to_owned();
            self.fail_at(level, id, YamlErrorKind::Constructor, problem);
            return Value::Null;
        }
        let before = self.nodes;
        self.active.push(id);
        let value = self.build(id, level);
        self.active.pop();
        self.done.insert(id, (value.clone(), self.nodes - before));
        value
    }

    fn fail_at(&mut self, level: usize, id: Id, kind: YamlErrorKind, problem: String) {
        let fault = YamlError::new(kind, problem, self.document.nodes[id].mark);
        self.fail(level, fault);
    }

    fn build(&mut self, id: Id, level: usize) -> Value {
        self.nodes += 1;
        let node = &self.document.nodes[id];
        match (&node.tag, &node.data) {
            (Tag::Str | Tag::Unicode | Tag::Timestamp, Data::Scalar(text)) => {
                Value::Str(text.clone())
            }
            (Tag::Seq | Tag::Map | Tag::Omap | Tag::Set | Tag::Pairs, _) => {
                if self.settled(level + 1) { Value::Null } else { self.container(id, level + 1) }
            }
            (Tag::Merge | Tag::Value | Tag::Other(_), _) => {
                let tag = node.tag.text();
                let problem = format!("could not determine a constructor for the tag '{tag}'");
                self.fail_at(level, id, YamlErrorKind::Constructor, problem);
                Value::Null
            }
            _ => self.scalar(id, level),
        }
    }

    fn scalar(&mut self, id: Id, level: usize) -> Value {
        let Some(text) = self.scalar_text(id, level, 0) else { return Value::Null };
        let made = match self.document.nodes[id].tag {
            Tag::Null => Ok(Value::Null),
            Tag::Int => scalar::int(&text),
            Tag::Float => scalar::float(&text),
            Tag::Bool => scalar::boolean(&text),
            Tag::Binary => scalar::binary(&text),
            _ => Ok(Value::Str(text)),
        };
        made.unwrap_or_else(|problem| {
            let kind = match self.document.nodes[id].tag {
                Tag::Binary => YamlErrorKind::Constructor,
                _ => YamlErrorKind::Scalar,
            };
            self.fail_at(level, id, kind, problem);
            Value::Null
        })
    }

    /// The text of a scalar node, or of the `=` member of a mapping in its place.
    fn scalar_text(&mut self, id: Id, level: usize, hops: usize) -> Option<Arc<str>> {
        let node = &self.document.nodes[id];
        match &node.data {
            Data::Scalar(text) => return Some(text.clone()),
            Data::Map(pairs) if hops < super::DEPTH_MAX => {
                let default =
                    pairs.iter().find(|(key, _)| self.document.nodes[*key].tag == Tag::Value);
                if let Some((_, value)) = default {
                    return self.scalar_text(*value, level, hops + 1);
                }
            }
            _ => {}
        }
        let problem = format!("expected a scalar node, but found {}", node.data.kind());
        self.fail_at(level, id, YamlErrorKind::Constructor, problem);
        None
    }

    fn container(&mut self, id: Id, level: usize) -> Value {
        let node = &mut self.document.nodes[id];
        match (&node.tag, &mut node.data) {
            (Tag::Seq, Data::Seq(items)) => {
                let items = std::mem::take(items);
                let values = items.iter().map(|item| self.object(*item, level)).collect();
                self.document.nodes[id].data = Data::Seq(items);
                Value::List(Arc::new(values))
            }
            (Tag::Map | Tag::Omap, Data::Map(_)) => Value::Map(Arc::new(self.mapping(id, level))),
            (Tag::Set, Data::Map(_)) => Value::list(self.mapping(id, level).into_keys()),
            (Tag::Pairs, Data::Seq(items)) => {
                let items = std::mem::take(items);
                let pairs = items.iter().map(|item| self.pair(id, *item, level)).collect();
                self.document.nodes[id].data = Data::Seq(items);
                Value::List(Arc::new(pairs))
            }
            (Tag::Pairs, data) => {
                let problem = format!("expected a sequence, but found {}", data.kind());
                let mark = node.mark;
                let fault = YamlError::new(YamlErrorKind::Constructor, problem, mark)
                    .within("while constructing pairs", mark);
                self.fail(level, fault);
                Value::Null
            }
            (tag, data) => {
                let wanted = if *tag == Tag::Seq { "sequence" } else { "mapping" };
                let problem = format!("expected a {wanted} node, but found {}", data.kind());
                self.fail_at(level, id, YamlErrorKind::Constructor, problem);
                Value::Null
            }
        }
    }

    fn mapping(&mut self, id: Id, level: usize) -> Map {
        let mut merge = merge::Merge { active: &self.active, added: self.merged, depth: 0 };
        let flat = merge::flatten(self.document, id, &mut merge);
        self.merged = merge.added;
        if let Err(fault) = flat {
            self.fail(level, fault);
            return Map::new();
        }
        let Data::Map(pairs) = &mut self.document.nodes[id].data else { return Map::new() };
        let pairs = std::mem::take(pairs);
        let mut map = Map::with_capacity(pairs.len());
        for &(key_id, value_id) in &pairs {
            let key = self.object(key_id, level);
            if matches!(key, Value::List(_) | Value::Map(_)) {
                let content = self.document.repr_content(key_id);
                self.mapping_fault(level, id, key_id, format!("found unacceptable key {content}"));
                break;
            }
            let value = self.object(value_id, level);
            match map.entry(key) {
                Entry::Vacant(entry) => drop(entry.insert(value)),
                Entry::Occupied(entry) => {
                    let first = pairs[entry.index()].0;
                    let key = self.object(key_id, level);
                    let problem = format!("{}{key}'", super::DUPLICATE);
                    self.duplicate(level, id, key_id, first, problem);
                    break;
                }
            }
            if self.settled(level) {
                break;
            }
        }
        self.document.nodes[id].data = Data::Map(pairs);
        map
    }

    fn mapping_fault(&mut self, level: usize, id: Id, key: Id, problem: String) {
        let nodes = &self.document.nodes;
        let fault = YamlError::new(YamlErrorKind::Constructor, problem, nodes[key].mark)
            .within("while constructing a mapping", nodes[id].mark);
        self.fail(level, fault);
    }

    fn duplicate(&mut self, level: usize, id: Id, key: Id, first: Id, problem: String) {
        let nodes = &self.document.nodes;
        let hint = super::doubled_hint(nodes[first].mark.line);
        let fault = YamlError::new(YamlErrorKind::Constructor, problem, nodes[key].mark)
            .within("while constructing a mapping", nodes[id].mark)
            .hinted(hint);
        self.fail(level, fault);
    }

    /// One member of `!!pairs`: a mapping of one entry.
    fn pair(&mut self, id: Id, item: Id, level: usize) -> Value {
        let node = &self.document.nodes[item];
        let problem = match &node.data {
            Data::Map(pairs) => match pairs[..] {
                [(key, value)] => {
                    return Value::from([self.object(key, level), self.object(value, level)]);
                }
                _ => format!("expected a single mapping item, but found {} items", pairs.len()),
            },
            other => format!("expected a mapping of length 1, but found {}", other.kind()),
        };
        let fault = YamlError::new(YamlErrorKind::Constructor, problem, node.mark)
            .within("while constructing pairs", self.document.nodes[id].mark);
        self.fail(level, fault);
        Value::Null
    }
}
