//! `yamlex`: YAML whose equal keys are joined as `!aggregate` and `!reset` say.

use std::sync::Arc;

use halite_core::aggregate::{aggregate, mark};
use halite_core::{Map, Value};

use super::error::{YamlError, YamlErrorKind};
use super::merge::{self, Merge};
use super::node::{Data, Document, Id, Tag};
use super::{ALIAS_NODES_MAX, compose, resolve, scalar};

const AGGREGATE: &str = "!aggregate";
const RESET: &str = "!reset";

/// Reads a document; what is to be joined with other documents carries the marks of
/// [`halite_core::aggregate`]. Salt: `salt/serializers/yamlex.py` behaviour.
///
/// # Errors
/// As [`super::load`], except that equal keys are no fault.
pub fn load_aggregated(text: &str) -> Result<Value, YamlError> {
    let Some(mut document) = compose::compose(text)? else { return Ok(Value::Null) };
    let (root, bound) = (document.root, document.nodes.len() + ALIAS_NODES_MAX);
    document.nodes[root].tag = Tag::Other(AGGREGATE.into());
    Constructor { document, active: Vec::new(), nodes: 0, bound, merged: 0 }.object(root)
}

struct Constructor {
    document: Document,
    active: Vec<Id>,
    nodes: usize,
    bound: usize,
    merged: usize,
}

impl Constructor {
    fn fault(&self, id: Id, kind: YamlErrorKind, problem: impl Into<String>) -> YamlError {
        YamlError::new(kind, problem, self.document.nodes[id].mark)
    }

    fn object(&mut self, id: Id) -> Result<Value, YamlError> {
        self.nodes += 1;
        if self.nodes > self.bound {
            let problem = format!("aliases add more than {ALIAS_NODES_MAX} nodes");
            return Err(self.fault(id, YamlErrorKind::Limit, problem));
        }
        if self.active.contains(&id) {
            let problem = "found unconstructable recursive node";
            return Err(self.fault(id, YamlErrorKind::Constructor, problem));
        }
        let anchored = self.document.nodes[id].anchored;
        if anchored {
            self.active.push(id);
        }
        let value = match self.document.nodes[id].tag.clone() {
            Tag::Other(tag) if &*tag == AGGREGATE => self.plain(id).map(mark),
            Tag::Other(tag) if &*tag == RESET => self.plain(id),
            tag => self.tagged(id, &tag),
        };
        if anchored {
            self.active.pop();
        }
        value
    }

    /// The value of a node as if it had no tag.
    fn plain(&mut self, id: Id) -> Result<Value, YamlError> {
        let tag = match &self.document.nodes[id].data {
            Data::Scalar(text) => resolve::plain(text),
            Data::Seq(_) => Tag::Seq,
            Data::Map(_) => Tag::Map,
        };
        self.tagged(id, &tag)
    }

    fn tagged(&mut self, id: Id, tag: &Tag) -> Result<Value, YamlError> {
        let text = match &mut self.document.nodes[id].data {
            Data::Scalar(text) => text.clone(),
            Data::Seq(items) if *tag == Tag::Seq => {
                let items = items.clone();
                let values: Result<Vec<Value>, _> =
                    items.into_iter().map(|item| self.object(item)).collect();
                return Ok(Value::List(Arc::new(values?)));
            }
            Data::Map(_) if matches!(tag, Tag::Map | Tag::Omap) => return self.mapping(id),
            data => {
                let problem = format!("expected a {} node, but found {}", wanted(tag), data.kind());
                return Err(self.fault(id, YamlErrorKind::Constructor, problem));
            }
        };
        let made = match tag {
            Tag::Str | Tag::Unicode | Tag::Timestamp => Ok(Value::Str(text)),
            Tag::Null => Ok(Value::Null),
            Tag::Int => scalar::int(&text),
            Tag::Float => scalar::float(&text),
            Tag::Bool => scalar::boolean(&text),
            Tag::Binary => scalar::binary(&text),
            other => {
                let problem =
                    format!("could not determine a constructor for the tag '{}'", other.text());
                return Err(self.fault(id, YamlErrorKind::Constructor, problem));
            }
        };
        made.map_err(|problem| self.fault(id, YamlErrorKind::Scalar, problem))
    }

    fn mapping(&mut self, id: Id) -> Result<Value, YamlError> {
        let mut merge = Merge { active: &[], added: self.merged, depth: 0 };
        merge::flatten(&mut self.document, id, &mut merge)?;
        self.merged = merge.added;
        let Data::Map(pairs) = &self.document.nodes[id].data else { return Ok(Value::Null) };
        let mut map = Map::new();
        for (key_id, value_id) in pairs.clone() {
            let key_tag = self.document.nodes[key_id].tag.clone();
            let is = |name: &str| matches!(&key_tag, Tag::Other(tag) if **tag == *name);
            if is(AGGREGATE) {
                // The tag belongs to the value.
                self.document.nodes[value_id].tag = key_tag.clone();
            }
            let key = if is(AGGREGATE) { self.plain(key_id)? } else { self.object(key_id)? };
            if matches!(key, Value::List(_) | Value::Map(_)) {
                let nodes = &self.document.nodes;
                let problem = format!(
                    "While constructing a mapping {} found unacceptable key {}",
                    nodes[id].mark, nodes[key_id].mark
                );
                return Err(YamlError {
                    mark: None,
                    ..self.fault(id, YamlErrorKind::Constructor, problem)
                });
            }
            let value = self.object(value_id)?;
            let value = match map.get(&key) {
                Some(old) if !is(RESET) => aggregate(old, &value, 0),
                _ => value,
            };
            map.insert(key, value);
        }
        Ok(map.into())
    }
}

fn wanted(tag: &Tag) -> &'static str {
    match tag {
        Tag::Seq => "sequence",
        Tag::Map | Tag::Omap => "mapping",
        _ => "scalar",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use halite_core::aggregate::strip;

    #[track_caller]
    fn check(text: &str, want: &str) {
        let value = load_aggregated(text).expect(text);
        assert_eq!(strip(&value).repr(), want, "{text}");
    }

    #[test]
    fn equal_keys_are_joined() {
        check(
            "p: !aggregate foo\np: !aggregate bar\np: !aggregate baz",
            "{'p': ['foo', 'bar', 'baz']}",
        );
        check("a: 1\na: 2", "{'a': 2}");
        check("a: {x: 1}\na: {y: 2}", "{'a': {'y': 2}}");
        check("a: !aggregate {x: 1}\na: !aggregate {y: 2}", "{'a': {'x': 1, 'y': 2}}");
        let reset = "p: {!aggregate foo: {foo: 42}}\np: {!aggregate foo: {bar: null}}\n\
                     !reset p: {!aggregate foo: {baz: inga}}";
        check(reset, "{'p': {'foo': {'baz': 'inga'}}}");
        check(
            "p: {!aggregate foo: {foo: 42}}\np: {!aggregate foo: {bar: null}}",
            "{'p': {'foo': {'foo': 42, 'bar': None}}}",
        );
        check("a: !aggregate\nb: !reset [1]", "{'a': [], 'b': [1]}");
        assert!(load_aggregated("a: !foo 1").is_err());
        assert!(load_aggregated("a: &a [*a]").is_err());
    }
}
