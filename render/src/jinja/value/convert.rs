//! From template values back to plain data.

use std::sync::Arc;

use halite_core::{Map, Value};

use super::Val;
use crate::jinja::fault::{R, recursion_error, type_error};

/// How deep data may nest on its way out of a template.
const DEEPEST: usize = 128;

impl Val {
    /// Plain data: tuples, sets, ranges and views become lists. Generators must be drained before.
    pub(crate) fn to_value(&self) -> R<Value> {
        self.to_value_at(0)
    }

    fn to_value_at(&self, depth: usize) -> R<Value> {
        if depth > DEEPEST {
            return recursion_error("maximum recursion depth exceeded");
        }
        let list = |items: &[Val]| -> R<Value> {
            let items: R<Vec<Value>> =
                items.iter().map(|item| item.to_value_at(depth + 1)).collect();
            Ok(Value::List(Arc::new(items?)))
        };
        Ok(match self {
            Val::Undef(undef) => return Err(undef.fault()),
            Val::None => Value::Null,
            Val::Bool(flag) => Value::Bool(*flag),
            Val::Int(int) => Value::Int(*int),
            Val::Big(big) => Value::Big(big.clone()),
            Val::Float(float) => Value::Float(*float),
            Val::Str(text) | Val::Markup(text) => Value::Str(text.clone()),
            Val::Bytes(bytes) => Value::Bytes(bytes.clone()),
            Val::List(items) => match items.untouched() {
                Some(shared) => Value::List(shared),
                None => list(&items.items())?,
            },
            Val::Tuple(tuple) => list(&tuple.items)?,
            Val::Set(set) => list(&set.to_vec())?,
            Val::View(view) => list(&view.to_vec())?,
            Val::Range(range) => list(&(0..range.len()).map(|i| range.nth(i)).collect::<Vec<_>>())?,
            Val::Dict(dict) => match dict.untouched() {
                Some(shared) => Value::Map(shared),
                None => {
                    let mut map = Map::with_capacity(dict.len());
                    for (key, item) in dict.map().iter() {
                        map.insert(key.0.to_value_at(depth + 1)?, item.to_value_at(depth + 1)?);
                    }
                    Value::from(map)
                }
            },
            Val::Obj(obj) if matches!(**obj, super::Obj::Module(_)) => Value::str(obj.text()),
            Val::Iter(_) | Val::Obj(_) => {
                return type_error(format!(
                    "a {} cannot be handed over as data; use the list filter or call it",
                    self.type_name()
                ));
            }
        })
    }
}
