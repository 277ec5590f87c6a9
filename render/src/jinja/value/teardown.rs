//! Taking deeply nested data apart without recursion: a template can nest deeper than any stack.

use std::rc::Rc;

use super::{PyDict, PyList, PyTuple, Val};

fn is_container(val: &Val) -> bool {
    matches!(val, Val::List(_) | Val::Dict(_) | Val::Tuple(_))
}

/// Drops values level by level; only what nobody else holds is opened.
fn drop_all(mut stack: Vec<Val>) {
    while let Some(val) = stack.pop() {
        match val {
            Val::List(list) => {
                stack.extend(Rc::into_inner(list).map(|mut list| list.take()).unwrap_or_default())
            }
            Val::Dict(dict) => {
                stack.extend(Rc::into_inner(dict).map(|mut dict| dict.take()).unwrap_or_default())
            }
            Val::Tuple(tuple) => {
                stack.extend(
                    Rc::into_inner(tuple)
                        .map(|mut tuple| std::mem::take(&mut tuple.items))
                        .unwrap_or_default(),
                );
            }
            _ => {}
        }
    }
}

fn drop_nested(items: Vec<Val>) {
    if items.iter().any(is_container) {
        drop_all(items);
    }
}

impl Drop for PyList {
    fn drop(&mut self) {
        drop_nested(self.take());
    }
}

impl Drop for PyDict {
    fn drop(&mut self) {
        drop_nested(self.take());
    }
}

impl Drop for PyTuple {
    fn drop(&mut self) {
        drop_nested(std::mem::take(&mut self.items));
    }
}
