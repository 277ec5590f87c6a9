//! Going through values.

use super::Rt;
use crate::jinja::fault::{R, type_error, value_error};
use crate::jinja::value::{Obj, Val};

impl Rt<'_> {
    /// All items; a generator is used up by it.
    pub(crate) fn iterate(&self, val: &Val) -> R<Vec<Val>> {
        let items = match val {
            Val::Undef(undef) if undef.strict => return Err(undef.fault()),
            Val::Undef(_) => Vec::new(),
            Val::Str(text) => text.chars().map(|c| Val::str(c.encode_utf8(&mut [0; 4]))).collect(),
            Val::Markup(text) => {
                text.chars().map(|c| Val::str(c.encode_utf8(&mut [0; 4]))).collect()
            }
            Val::Bytes(bytes) => bytes.iter().map(|byte| Val::Int(i64::from(*byte))).collect(),
            Val::List(list) => list.to_vec(),
            Val::Tuple(tuple) => tuple.items.clone(),
            Val::Dict(dict) => dict.keys(),
            Val::Set(set) => set.to_vec(),
            Val::View(view) => view.to_vec(),
            Val::Range(range) => (0..range.len()).map(|at| range.nth(at)).collect(),
            Val::Iter(iter) => iter.drain(self)?,
            Val::Obj(obj) => match &**obj {
                Obj::Salt => {
                    let mut names = self.request.salt.names();
                    names.sort_unstable();
                    names.into_iter().map(Val::str).collect()
                }
                other => {
                    return type_error(format!("'{}' object is not iterable", other.type_name()));
                }
            },
            other => return type_error(format!("'{}' object is not iterable", other.type_name())),
        };
        self.step(items.len() as u64)?;
        Ok(items)
    }

    /// The first item, leaving the rest of a generator.
    pub(crate) fn first(&self, val: &Val) -> R<Option<Val>> {
        match val {
            Val::Iter(iter) => iter.next(self),
            Val::List(list) => Ok(list.get(0)),
            other => Ok(self.iterate(other)?.into_iter().next()),
        }
    }

    /// Exactly `count` items, for unpacking.
    pub(crate) fn unpack(&self, val: &Val, count: usize) -> R<Vec<Val>> {
        if let Val::Undef(undef) = val
            && undef.strict
        {
            return Err(undef.fault());
        }
        let iterable =
            !matches!(val, Val::None | Val::Bool(_) | Val::Int(_) | Val::Big(_) | Val::Float(_));
        if !iterable {
            return type_error(format!("cannot unpack non-iterable {} object", val.type_name()));
        }
        let items = self.iterate(val)?;
        if items.len() < count {
            let got = items.len();
            return value_error(format!(
                "not enough values to unpack (expected {count}, got {got})"
            ));
        }
        if items.len() > count {
            return value_error(format!("too many values to unpack (expected {count})"));
        }
        Ok(items)
    }
}
