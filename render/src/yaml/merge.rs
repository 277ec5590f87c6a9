//! `<<`: folding merged mappings into the mapping that asks for them.
//!
//! Salt's twists: entries whose key stands in the mapping itself are dropped, so that explicit
//! keys win; two merged mappings with one key clash as duplicates do. Merged entries come first,
//! those of a list in reverse order.

use std::collections::HashSet;

use super::error::{YamlError, YamlErrorKind};
use super::node::{Data, Document, Id, Tag};
use super::{ALIAS_NODES_MAX, DEPTH_MAX};

/// What bounds the merges of a document.
pub(super) struct Merge<'a> {
    /// Anchored containers under construction: merging one would have no end.
    pub(super) active: &'a [Id],
    /// Entries that merges added so far.
    pub(super) added: usize,
    /// How deep the merge at hand sits in others.
    pub(super) depth: usize,
}

/// Folds every `<<` of the mapping `id`.
pub(super) fn flatten(
    document: &mut Document,
    id: Id,
    merge: &mut Merge<'_>,
) -> Result<(), YamlError> {
    let mark = document.nodes[id].mark;
    if merge.depth > DEPTH_MAX {
        let problem = format!("merges nest deeper than {DEPTH_MAX} levels");
        return Err(YamlError::new(YamlErrorKind::Limit, problem, mark));
    }
    let Data::Map(pairs) = &document.nodes[id].data else { return Ok(()) };
    let special = |key: Id| matches!(document.nodes[key].tag, Tag::Merge | Tag::Value);
    if !pairs.iter().any(|(key, _)| special(*key)) {
        return Ok(());
    }
    let Data::Map(pairs) = &mut document.nodes[id].data else { return Ok(()) };
    let pairs = std::mem::take(pairs);
    let (mut merged, mut own) = (Vec::new(), Vec::with_capacity(pairs.len()));
    let mut fault = None;
    for (key, value) in pairs {
        match document.nodes[key].tag {
            Tag::Merge if fault.is_none() => {
                match entries(document, id, value, merge) {
                    Ok(entries) => merged.extend(entries),
                    Err(problem) => fault = Some(problem),
                }
                continue;
            }
            // `=` as a key is a text.
            Tag::Value => document.nodes[key].tag = Tag::Str,
            _ => {}
        }
        own.push((key, value));
    }
    if !merged.is_empty() {
        let texts: HashSet<&str> = own.iter().filter_map(|(key, _)| text(document, *key)).collect();
        merged.retain(|(key, _)| text(document, *key).is_none_or(|text| !texts.contains(text)));
        merge.added += merged.len();
        merged.append(&mut own);
        own = merged;
    }
    document.nodes[id].data = Data::Map(own);
    if merge.added > ALIAS_NODES_MAX {
        let problem = format!("merges add more than {ALIAS_NODES_MAX} entries");
        return Err(YamlError::new(YamlErrorKind::Limit, problem, mark));
    }
    fault.map_or(Ok(()), Err)
}

fn text(document: &Document, id: Id) -> Option<&str> {
    match &document.nodes[id].data {
        Data::Scalar(text) => Some(text),
        _ => None,
    }
}

/// The entries that `value` brings into the mapping `id`.
fn entries(
    document: &mut Document,
    id: Id,
    value: Id,
    merge: &mut Merge<'_>,
) -> Result<Vec<(Id, Id)>, YamlError> {
    let sources = match &document.nodes[value].data {
        Data::Map(_) => vec![value],
        Data::Seq(items) => items.iter().rev().copied().collect(),
        Data::Scalar(_) => {
            let wanted = "expected a mapping or list of mappings for merging";
            return Err(refuse(document, id, value, wanted));
        }
    };
    if let Data::Seq(items) = &document.nodes[value].data {
        let odd = items.iter().find(|item| !matches!(document.nodes[**item].data, Data::Map(_)));
        if let Some(odd) = odd {
            return Err(refuse(document, id, *odd, "expected a mapping for merging"));
        }
    }
    let mut all = Vec::new();
    for source in sources {
        if merge.active.contains(&source) {
            let mark = document.nodes[source].mark;
            let problem = "found unconstructable recursive node";
            return Err(YamlError::new(YamlErrorKind::Constructor, problem, mark));
        }
        merge.depth += 1;
        let flat = flatten(document, source, merge);
        merge.depth -= 1;
        flat?;
        if let Data::Map(pairs) = &document.nodes[source].data {
            all.extend_from_slice(pairs);
        }
        if all.len() > ALIAS_NODES_MAX {
            merge.added = all.len();
            break;
        }
    }
    Ok(all)
}

fn refuse(document: &Document, id: Id, culprit: Id, wanted: &str) -> YamlError {
    let node = &document.nodes[culprit];
    let problem = format!("{wanted}, but found {}", node.data.kind());
    YamlError::new(YamlErrorKind::Constructor, problem, node.mark)
        .within("while constructing a mapping", document.nodes[id].mark)
        .hinted("`<<` takes an alias of a mapping, such as `<<: *defaults`, or a list of them")
}
