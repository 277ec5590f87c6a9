//! All doubled keys of a document: the loader ends at one.

use std::collections::HashMap;
use std::sync::Arc;

use super::compose;
use super::error::Mark;
use super::node::{Data, Tag};

/// How the loader's problem begins; the key and a quote follow.
pub(crate) const DUPLICATE: &str = "found conflicting ID '";

/// The advice for a doubled key whose first place is known.
pub(crate) fn doubled_hint(first: u32) -> String {
    format!("the key stands at line {first} already; a mapping holds each key once")
}

/// Every doubled key with its place and that of the first, in the order of the text.
pub(crate) fn duplicates(text: &str) -> Vec<(Mark, Mark, String)> {
    let Ok(Some(document)) = compose::compose(text) else { return Vec::new() };
    let mut found = Vec::new();
    for node in &document.nodes {
        let Data::Map(pairs) = &node.data else { continue };
        let mut seen: HashMap<(String, Arc<str>), Mark> = HashMap::new();
        for (key, _) in pairs {
            let key = &document.nodes[*key];
            let Data::Scalar(text) = &key.data else { continue };
            if key.tag == Tag::Merge {
                continue;
            }
            match seen.get(&(key.tag.text(), text.clone())) {
                Some(first) => found.push((key.mark, *first, text.to_string())),
                None => drop(seen.insert((key.tag.text(), text.clone()), key.mark)),
            }
        }
    }
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_are_found_at_every_level() {
        let lines: Vec<(u32, u32)> =
            duplicates("a: 1\nb:\n  c: 1\n  d: 2\n  c: 3\na: 2\n1: x\n'1': y\n")
                .iter()
                .map(|(mark, first, _)| (mark.line, first.line))
                .collect();
        assert_eq!(lines, [(5, 3), (6, 1)]);
    }
}
