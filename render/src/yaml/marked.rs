//! Values together with the places in the source where they and their keys stand.

use std::collections::HashMap;
use std::sync::Arc;

use halite_core::Value;
use halite_core::value::OrderedMap;

use super::error::{Mark, YamlError};
use super::node::{Data, Document, Id, Tag};
use super::{compose, construct};

/// A document and its places.
#[derive(Clone, Debug)]
pub struct Marked {
    /// The value, as [`super::load`] gives it.
    pub value: Value,
    /// Where its parts stand.
    pub marks: Marks,
}

/// Where a value and its parts stand. Aliased parts are shared and stand where their anchor is.
#[derive(Clone, Debug, Default)]
pub struct Marks {
    /// Where the value begins.
    pub at: Mark,
    parts: Parts,
}

/// The places below a value.
#[derive(Clone, Debug, Default)]
enum Parts {
    /// A scalar has none.
    #[default]
    None,
    /// Items of a list.
    Items(Arc<[Marks]>),
    /// Members of a map: the key's place and the value's.
    Members(Arc<OrderedMap<(Mark, Marks)>>),
}

impl Marks {
    /// The places of item `index` of a list.
    pub fn item(&self, index: usize) -> Option<&Marks> {
        match &self.parts {
            Parts::Items(items) => items.get(index),
            _ => None,
        }
    }

    /// The place of the key, and the places of the value, of a member of a map.
    pub fn member(&self, key: &Value) -> Option<(Mark, &Marks)> {
        match &self.parts {
            Parts::Members(members) => members.get(key).map(|(mark, marks)| (*mark, marks)),
            _ => None,
        }
    }

    /// Keys with their places and the places of their values, in no order.
    pub fn entries(&self) -> impl Iterator<Item = (&Value, Mark, &Marks)> {
        let members = match &self.parts {
            Parts::Members(members) => Some(members),
            _ => None,
        };
        let entries = members.into_iter().flat_map(|members| members.iter());
        entries.map(|(key, (mark, marks))| (key, *mark, marks))
    }

    /// How many items a list has.
    pub fn len(&self) -> usize {
        match &self.parts {
            Parts::Items(items) => items.len(),
            _ => 0,
        }
    }

    /// Whether it is no list, or an empty one.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The place of the key `key` of a map.
    pub fn key(&self, key: &str) -> Option<Mark> {
        self.member(&Value::str(key)).map(|(mark, _)| mark)
    }
}

/// Reads one document like [`super::load`], and keeps the place of each key and value.
///
/// Errors: those of [`super::load`].
pub fn load_marked(text: &str) -> Result<Marked, YamlError> {
    let Some(mut document) = compose::compose(text)? else {
        let marks = Marks { at: Mark { line: 1, column: 1 }, ..Marks::default() };
        return Ok(Marked { value: Value::Null, marks });
    };
    let value = construct::construct(&mut document, text)?;
    let marks = places(&document, document.root, &value, &mut HashMap::new());
    Ok(Marked { value, marks })
}

/// The places of a node; after construction its entries are those of the value, in order.
fn places(document: &Document, id: Id, value: &Value, shared: &mut HashMap<Id, Marks>) -> Marks {
    if let Some(marks) = shared.get(&id) {
        return marks.clone();
    }
    let node = &document.nodes[id];
    let mut marks = Marks { at: node.mark, ..Marks::default() };
    match (&node.data, value) {
        (Data::Seq(ids), Value::List(values)) if node.tag == Tag::Seq => {
            let both = ids.iter().zip(values.iter());
            let items = both.map(|(id, value)| places(document, *id, value, shared));
            marks.parts = Parts::Items(items.collect());
        }
        (Data::Map(pairs), Value::Map(map)) => {
            let both = pairs.iter().zip(map.iter());
            let members = both.map(|((key_id, id), (key, value))| {
                let mark = document.nodes[*key_id].mark;
                (key.clone(), (mark, places(document, *id, value, shared)))
            });
            // The keys are those of a map: no two are equal.
            marks.parts = Parts::Members(Arc::new(OrderedMap::of_distinct(members)));
        }
        _ => {}
    }
    if node.anchored {
        shared.insert(id, marks.clone());
    }
    marks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_of_keys_and_arguments() {
        let text = "# c\na:\n  pkg.installed:\n    - name: x\n    - <<: &m {k: 1}\nb: *m\n";
        let marked = load_marked(text).expect("loads");
        let at = |line, column| Mark { line, column };
        assert_eq!(marked.marks.key("a"), Some(at(2, 1)));
        let (_, state) = marked.marks.member(&"a".into()).expect("a");
        let (key, list) = state.member(&"pkg.installed".into()).expect("function");
        assert_eq!(key, at(3, 3));
        assert_eq!(list.item(0).and_then(|item| item.key("name")), Some(at(4, 7)));
        assert_eq!(list.item(1).and_then(|item| item.key("k")), Some(at(5, 15)));
        let (_, alias) = marked.marks.member(&"b".into()).expect("b");
        assert_eq!(alias.at, at(5, 11));
    }
}
