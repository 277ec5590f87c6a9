//! The values templates work with: Python's types with identity, made lazily over shared data.
//!
//! Lists and dicts from outside (pillar, grains, results) stay the shared `Arc` they came as until
//! something below them needs an identity of its own; then one level at a time is copied.

mod compare;
mod convert;
mod dict;
mod list;
mod object;
mod repr;
mod sort;
mod teardown;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use halite_core::Value;
use num_bigint::BigInt;
use num_traits::ToPrimitive;

pub(crate) use compare::{compare, eq, less};
pub(crate) use dict::{DictKind, DictView, Key, PyDict, PySet, ViewKind};
pub(crate) use list::PyList;
pub(crate) use object::{
    Block, Cycler, IterState, Joiner, LoopState, Macro, Method, Module, Obj, PyIter, Source, Thunk,
};
pub(crate) use repr::{repr, to_text};
pub(crate) use sort::sort_by;

use super::fault::{Class, Fault, R, recursion_error, type_error};

/// How deep tuples that are keys may nest.
const DEEPEST_KEY: usize = 64;

/// A name that is not there. Using it is an error, asking whether it is there is not.
#[derive(Debug)]
pub(crate) struct Undef {
    pub(crate) message: String,
    pub(crate) class: Class,
    pub(crate) strict: bool,
    pub(crate) hint: Option<String>,
}

impl Undef {
    pub(crate) fn fault(&self) -> Box<Fault> {
        Fault::new(self.class, self.message.clone()).hint(self.hint.clone())
    }
}

/// A tuple, or a row of `groupby`, which knows its members by name too.
#[derive(Debug)]
pub(crate) struct PyTuple {
    pub(crate) items: Vec<Val>,
    pub(crate) names: &'static [&'static str],
}

/// `range(start, stop, step)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) start: i64,
    pub(crate) stop: i64,
    pub(crate) step: i64,
}

impl Range {
    pub(crate) fn len(&self) -> usize {
        let (start, stop, step) =
            (i128::from(self.start), i128::from(self.stop), i128::from(self.step));
        let (low, high, step) = if step > 0 { (start, stop, step) } else { (stop, start, -step) };
        if high <= low || step == 0 {
            return 0;
        }
        usize::try_from((high - low + step - 1) / step).unwrap_or(usize::MAX)
    }

    pub(crate) fn nth(&self, index: usize) -> Val {
        Val::from_big(BigInt::from(self.start) + BigInt::from(self.step) * BigInt::from(index))
    }
}

/// A value of a running template. Cloning is cheap and keeps identity.
#[derive(Clone, Debug)]
pub(crate) enum Val {
    Undef(Rc<Undef>),
    None,
    Bool(bool),
    Int(i64),
    Big(Arc<BigInt>),
    Float(f64),
    Str(Arc<str>),
    /// Text that is marked safe: other text that is added to it gets escaped.
    Markup(Arc<str>),
    Bytes(Arc<[u8]>),
    List(Rc<PyList>),
    Tuple(Rc<PyTuple>),
    Dict(Rc<PyDict>),
    Set(Rc<PySet>),
    View(Rc<DictView>),
    Range(Rc<Range>),
    Iter(Rc<PyIter>),
    Obj(Rc<Obj>),
}

impl Val {
    pub(crate) fn str(text: impl AsRef<str>) -> Val {
        Val::Str(Arc::from(text.as_ref()))
    }

    pub(crate) fn markup(text: impl AsRef<str>) -> Val {
        Val::Markup(Arc::from(text.as_ref()))
    }

    pub(crate) fn list(items: Vec<Val>) -> Val {
        Val::List(Rc::new(PyList::new(items)))
    }

    pub(crate) fn tuple(items: Vec<Val>) -> Val {
        Val::Tuple(Rc::new(PyTuple { items, names: &[] }))
    }

    pub(crate) fn dict(pairs: impl IntoIterator<Item = (Val, Val)>) -> Val {
        let map = pairs.into_iter().map(|(key, item)| (Key(key), item)).collect();
        Val::Dict(Rc::new(PyDict::new(map, DictKind::Plain)))
    }

    pub(crate) fn obj(obj: Obj) -> Val {
        Val::Obj(Rc::new(obj))
    }

    /// A generator that has its items already.
    pub(crate) fn iter(name: &'static str, items: Vec<Val>) -> Val {
        let state = RefCell::new(IterState::Ready(items.into_iter()));
        Val::Iter(Rc::new(PyIter { name, state }))
    }

    /// A generator that works out its items when first asked.
    pub(crate) fn lazy(name: &'static str, thunk: Thunk) -> Val {
        Val::Iter(Rc::new(PyIter { name, state: RefCell::new(IterState::Lazy(thunk)) }))
    }

    /// The missing value that acts as empty: an inline `if` without `else` that was not met.
    pub(crate) fn soft_undef(message: impl Into<String>) -> Val {
        let message = message.into();
        Val::Undef(Rc::new(Undef { message, class: Class::Undefined, strict: false, hint: None }))
    }

    /// Text of `str` or `Markup`.
    pub(crate) fn as_str(&self) -> Option<&str> {
        match self {
            Val::Str(text) | Val::Markup(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn arc_str(&self) -> Option<Arc<str>> {
        match self {
            Val::Str(text) | Val::Markup(text) => Some(text.clone()),
            _ => None,
        }
    }

    /// A small integer; booleans count.
    pub(crate) fn as_int(&self) -> Option<i64> {
        match self {
            Val::Int(int) => Some(*int),
            Val::Bool(flag) => Some(i64::from(*flag)),
            _ => None,
        }
    }

    pub(crate) fn as_big(&self) -> Option<BigInt> {
        match self {
            Val::Big(big) => Some((**big).clone()),
            other => other.as_int().map(BigInt::from),
        }
    }

    pub(crate) fn as_float(&self) -> Option<f64> {
        match self {
            Val::Float(float) => Some(*float),
            Val::Big(big) => big.to_f64(),
            other => other.as_int().map(|int| int as f64),
        }
    }

    pub(crate) fn from_big(big: BigInt) -> Val {
        match big.to_i64() {
            Some(small) => Val::Int(small),
            None => Val::Big(Arc::new(big)),
        }
    }

    pub(crate) fn is_undef(&self) -> bool {
        matches!(self, Val::Undef(_))
    }

    pub(crate) fn is_none(&self) -> bool {
        matches!(self, Val::None)
    }

    pub(crate) fn is_number(&self) -> bool {
        matches!(self, Val::Int(_) | Val::Bool(_) | Val::Big(_) | Val::Float(_))
    }

    /// An error if the value is a strict undefined.
    pub(crate) fn defined(&self) -> R<()> {
        match self {
            Val::Undef(undef) if undef.strict => Err(undef.fault()),
            _ => Ok(()),
        }
    }

    /// Python's truth.
    pub(crate) fn truthy(&self) -> R<bool> {
        Ok(match self {
            Val::Undef(undef) if undef.strict => return Err(undef.fault()),
            Val::Undef(_) | Val::None => false,
            Val::Bool(flag) => *flag,
            Val::Int(int) => *int != 0,
            Val::Float(float) => *float != 0.0,
            Val::Str(text) | Val::Markup(text) => !text.is_empty(),
            Val::Bytes(bytes) => !bytes.is_empty(),
            Val::Big(_) | Val::Iter(_) => true,
            Val::Obj(obj) => obj.truthy(),
            other => other.len()? != 0,
        })
    }

    /// `len()`.
    pub(crate) fn len(&self) -> R<usize> {
        Ok(match self {
            Val::Undef(undef) if undef.strict => return Err(undef.fault()),
            Val::Undef(_) => 0,
            Val::Str(text) | Val::Markup(text) => text.chars().count(),
            Val::Bytes(bytes) => bytes.len(),
            Val::List(list) => list.len(),
            Val::Tuple(tuple) => tuple.items.len(),
            Val::Dict(dict) => dict.len(),
            Val::Set(set) => set.items.borrow().len(),
            Val::View(view) => view.dict.len(),
            Val::Range(range) => range.len(),
            Val::Obj(obj) if obj.len().is_some() => obj.len().unwrap_or(0),
            other => {
                return type_error(format!("object of type '{}' has no len()", other.type_name()));
            }
        })
    }

    /// Python's name of the type.
    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Val::Undef(undef) if undef.strict => "StrictUndefined",
            Val::Undef(_) => "Undefined",
            Val::None => "NoneType",
            Val::Bool(_) => "bool",
            Val::Int(_) | Val::Big(_) => "int",
            Val::Float(_) => "float",
            Val::Str(_) => "str",
            Val::Markup(_) => "Markup",
            Val::Bytes(_) => "bytes",
            Val::List(_) => "list",
            Val::Tuple(tuple) if !tuple.names.is_empty() => "_GroupTuple",
            Val::Tuple(_) => "tuple",
            Val::Dict(dict) => match dict.kind {
                DictKind::Plain => "dict",
                DictKind::Ordered => "OrderedDict",
                DictKind::Proxy => "DictProxy",
                DictKind::Options => "OptsDict",
            },
            Val::Set(_) => "set",
            Val::View(view) => view.kind.name(),
            Val::Range(_) => "range",
            Val::Iter(iter) => iter.type_name(),
            Val::Obj(obj) => obj.type_name(),
        }
    }

    /// How Jinja names an object in "has no attribute" texts.
    pub(crate) fn object_repr(&self) -> String {
        match self {
            Val::None => "None".into(),
            Val::Markup(_) => "markupsafe.Markup object".into(),
            Val::Tuple(tuple) if !tuple.names.is_empty() => {
                "jinja2.filters._GroupTuple object".into()
            }
            Val::Dict(dict) => match dict.kind {
                DictKind::Plain => "dict object".into(),
                DictKind::Ordered => "collections.OrderedDict object".into(),
                DictKind::Proxy => "salt.utils.optsdict.DictProxy object".into(),
                DictKind::Options => "salt.utils.optsdict.OptsDict object".into(),
            },
            Val::Obj(obj) => format!("{}{} object", obj.python_module(), obj.type_name()),
            other => format!("{} object", other.type_name()),
        }
    }

    /// Whether Python could use it as a key.
    pub(crate) fn hashable(&self) -> R<()> {
        self.hashable_at(0)
    }

    fn hashable_at(&self, depth: usize) -> R<()> {
        match self {
            Val::Undef(undef) if undef.strict => Err(undef.fault()),
            Val::List(_) | Val::Dict(_) | Val::Set(_) | Val::View(_) => {
                type_error(format!("unhashable type: '{}'", self.type_name()))
            }
            Val::Tuple(_) if depth > DEEPEST_KEY => {
                recursion_error("maximum recursion depth exceeded")
            }
            Val::Tuple(tuple) => {
                tuple.items.iter().try_for_each(|item| item.hashable_at(depth + 1))
            }
            _ => Ok(()),
        }
    }

    /// The same object, as `is` sees it; equal scalars count as the same.
    pub(crate) fn same(&self, other: &Val) -> bool {
        match (self, other) {
            (Val::Undef(a), Val::Undef(b)) => Rc::ptr_eq(a, b),
            (Val::None, Val::None) => true,
            (Val::Bool(a), Val::Bool(b)) => a == b,
            (Val::Int(a), Val::Int(b)) => a == b,
            (Val::Big(a), Val::Big(b)) => Arc::ptr_eq(a, b),
            (Val::Float(a), Val::Float(b)) => a.to_bits() == b.to_bits(),
            (Val::Str(a), Val::Str(b)) => a == b,
            (Val::Markup(a), Val::Markup(b)) => Arc::ptr_eq(a, b),
            (Val::Bytes(a), Val::Bytes(b)) => Arc::ptr_eq(a, b),
            (Val::List(a), Val::List(b)) => Rc::ptr_eq(a, b),
            (Val::Tuple(a), Val::Tuple(b)) => Rc::ptr_eq(a, b),
            (Val::Dict(a), Val::Dict(b)) => Rc::ptr_eq(a, b),
            (Val::Set(a), Val::Set(b)) => Rc::ptr_eq(a, b),
            (Val::View(a), Val::View(b)) => Rc::ptr_eq(a, b),
            (Val::Range(a), Val::Range(b)) => Rc::ptr_eq(a, b),
            (Val::Iter(a), Val::Iter(b)) => Rc::ptr_eq(a, b),
            (Val::Obj(a), Val::Obj(b)) => Rc::ptr_eq(a, b),
            _ => false,
        }
    }
}

impl From<&Value> for Val {
    fn from(value: &Value) -> Val {
        match value {
            Value::Null => Val::None,
            Value::Bool(flag) => Val::Bool(*flag),
            Value::Int(int) => Val::Int(*int),
            Value::Big(big) => Val::Big(big.clone()),
            Value::Float(float) => Val::Float(*float),
            Value::Str(text) => Val::Str(text.clone()),
            Value::Bytes(bytes) => Val::Bytes(bytes.clone()),
            Value::List(items) => Val::List(Rc::new(PyList::shared(items.clone()))),
            Value::Map(map) => Val::Dict(Rc::new(PyDict::shared(map.clone(), DictKind::Plain))),
        }
    }
}
