//! The node tree between events and values.

use std::sync::Arc;

use super::error::Mark;

/// Index of a node in its document.
pub(super) type Id = usize;

/// Prefix of the tags that YAML itself defines.
const PREFIX: &str = "tag:yaml.org,2002:";

/// What a node says it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Tag {
    Str,
    Unicode,
    Int,
    Float,
    Bool,
    Null,
    Binary,
    Timestamp,
    Merge,
    Value,
    Seq,
    Map,
    Set,
    Omap,
    Pairs,
    Other(Box<str>),
}

impl Tag {
    const NAMED: [(Tag, &'static str); 15] = [
        (Tag::Str, "str"),
        (Tag::Unicode, "python/unicode"),
        (Tag::Int, "int"),
        (Tag::Float, "float"),
        (Tag::Bool, "bool"),
        (Tag::Null, "null"),
        (Tag::Binary, "binary"),
        (Tag::Timestamp, "timestamp"),
        (Tag::Merge, "merge"),
        (Tag::Value, "value"),
        (Tag::Seq, "seq"),
        (Tag::Map, "map"),
        (Tag::Set, "set"),
        (Tag::Omap, "omap"),
        (Tag::Pairs, "pairs"),
    ];

    /// The tag that a document wrote out.
    pub(super) fn parse(text: String) -> Tag {
        text.strip_prefix(PREFIX)
            .and_then(|name| Self::NAMED.iter().find(|(_, known)| *known == name))
            .map_or_else(|| Tag::Other(text.into_boxed_str()), |(tag, _)| tag.clone())
    }

    /// The tag in full.
    pub(super) fn text(&self) -> String {
        match self {
            Tag::Other(text) => text.to_string(),
            tag => Self::NAMED
                .iter()
                .find(|(known, _)| known == tag)
                .map(|(_, name)| format!("{PREFIX}{name}"))
                .unwrap_or_default(),
        }
    }
}

/// What a node holds.
#[derive(Debug)]
pub(super) enum Data {
    Scalar(Arc<str>),
    Seq(Vec<Id>),
    Map(Vec<(Id, Id)>),
}

impl Data {
    /// PyYAML's name of the node's kind.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Data::Scalar(_) => "scalar",
            Data::Seq(_) => "sequence",
            Data::Map(_) => "mapping",
        }
    }
}

/// One node.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) tag: Tag,
    pub(super) mark: Mark,
    /// Whether it has an anchor, so that others may refer to it.
    pub(super) anchored: bool,
    pub(super) data: Data,
}

/// A document: its nodes; the root is `root`.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) nodes: Vec<Node>,
    pub(super) root: Id,
}

/// How long the Python text of a node in an error may get.
const REPR_BYTES_MAX: usize = 16 * 1024;

impl Document {
    /// The text of a node's content as Python prints a list of PyYAML nodes.
    pub(super) fn repr_content(&self, id: Id) -> String {
        let mut out = String::new();
        self.write_content(id, &mut out);
        out
    }

    fn write_content(&self, id: Id, out: &mut String) {
        if out.len() > REPR_BYTES_MAX {
            return;
        }
        match &self.nodes[id].data {
            Data::Scalar(text) => out.push_str(&halite_core::value::repr_str(text)),
            Data::Seq(items) => {
                out.push('[');
                for (i, item) in items.iter().enumerate() {
                    out.push_str(if i > 0 { ", " } else { "" });
                    self.write_node(*item, out);
                }
                out.push(']');
            }
            Data::Map(pairs) => {
                out.push('[');
                for (i, (key, value)) in pairs.iter().enumerate() {
                    out.push_str(if i > 0 { ", (" } else { "(" });
                    self.write_node(*key, out);
                    out.push_str(", ");
                    self.write_node(*value, out);
                    out.push(')');
                }
                out.push(']');
            }
        }
    }

    fn write_node(&self, id: Id, out: &mut String) {
        let node = &self.nodes[id];
        out.push_str(match node.data {
            Data::Scalar(_) => "ScalarNode(tag=",
            Data::Seq(_) => "SequenceNode(tag=",
            Data::Map(_) => "MappingNode(tag=",
        });
        out.push_str(&halite_core::value::repr_str(&node.tag.text()));
        out.push_str(", value=");
        self.write_content(id, out);
        out.push(')');
    }
}
