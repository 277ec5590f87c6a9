//! Dicts and sets with identity over shared data, and the views of dicts.

use std::cell::{Ref, RefCell, RefMut};
use std::hash::{Hash, Hasher};
use std::rc::Rc;
use std::sync::Arc;

use halite_core::{Map, Value};
use indexmap::{IndexMap, IndexSet};
use num_bigint::BigInt;
use num_traits::FromPrimitive;

use super::{Val, eq};

/// A hashable value as key. Whoever makes one has asked `Val::hashable` before.
#[derive(Clone, Debug)]
pub(crate) struct Key(pub(crate) Val);

impl PartialEq for Key {
    fn eq(&self, other: &Key) -> bool {
        match (&self.0, &other.0) {
            (Val::Str(a), Val::Str(b)) => a == b,
            (a, b) => a.same(b) || eq(a, b).unwrap_or(false),
        }
    }
}

impl Eq for Key {}

impl Hash for Key {
    /// Text hashes as `str` does, numbers by value, everything else by its kind alone.
    fn hash<H: Hasher>(&self, state: &mut H) {
        hash_val(&self.0, state);
    }
}

fn hash_val<H: Hasher>(val: &Val, state: &mut H) {
    match val {
        Val::Str(text) | Val::Markup(text) => (**text).hash(state),
        Val::Int(int) => int.hash(state),
        Val::Bool(flag) => i64::from(*flag).hash(state),
        Val::Big(big) => big.hash(state),
        Val::Float(float) if float.fract() == 0.0 => {
            match BigInt::from_f64(*float).map(Val::from_big) {
                Some(whole) => hash_val(&whole, state),
                None => float.to_bits().hash(state),
            }
        }
        Val::Float(float) => float.to_bits().hash(state),
        Val::Bytes(bytes) => bytes.hash(state),
        Val::Tuple(tuple) => tuple.items.iter().for_each(|item| hash_val(item, state)),
        _ => state.write_u8(0xf0),
    }
}

impl indexmap::Equivalent<Key> for str {
    fn equivalent(&self, key: &Key) -> bool {
        key.0.as_str() == Some(self)
    }
}

/// Which of Python's dicts it is; they differ in how they name and print themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DictKind {
    Plain,
    Ordered,
    /// Grains and pillar inside states: Salt wraps them.
    Proxy,
    /// The options inside states.
    Options,
}

enum State {
    Shared(Arc<Map>),
    Own(IndexMap<Key, Val>),
}

/// A Python dict. No borrow of it may live while template code runs.
pub(crate) struct PyDict {
    pub(crate) kind: DictKind,
    state: RefCell<State>,
}

impl std::fmt::Debug for PyDict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "dict of {}", self.len())
    }
}

impl PyDict {
    pub(crate) fn new(map: IndexMap<Key, Val>, kind: DictKind) -> PyDict {
        PyDict { kind, state: RefCell::new(State::Own(map)) }
    }

    pub(crate) fn shared(map: Arc<Map>, kind: DictKind) -> PyDict {
        PyDict { kind, state: RefCell::new(State::Shared(map)) }
    }

    pub(crate) fn len(&self) -> usize {
        match &*self.state.borrow() {
            State::Shared(map) => map.len(),
            State::Own(map) => map.len(),
        }
    }

    fn own(&self) {
        let shared = match &*self.state.borrow() {
            State::Shared(map) => map.clone(),
            State::Own(_) => return,
        };
        let own = shared.iter().map(|(key, item)| (Key(key_val(key)), Val::from(item))).collect();
        *self.state.borrow_mut() = State::Own(own);
    }

    /// The members for reading.
    pub(crate) fn map(&self) -> Ref<'_, IndexMap<Key, Val>> {
        self.own();
        Ref::map(self.state.borrow(), |state| match state {
            State::Own(map) => map,
            State::Shared(_) => unreachable!("made owned above"),
        })
    }

    /// The members for writing.
    pub(crate) fn map_mut(&self) -> RefMut<'_, IndexMap<Key, Val>> {
        self.own();
        RefMut::map(self.state.borrow_mut(), |state| match state {
            State::Own(map) => map,
            State::Shared(_) => unreachable!("made owned above"),
        })
    }

    pub(crate) fn get_str(&self, key: &str) -> Option<Val> {
        if let State::Shared(map) = &*self.state.borrow() {
            match map.get(key)? {
                Value::List(_) | Value::Map(_) => {}
                scalar => return Some(Val::from(scalar)),
            }
        }
        self.map().get(key).cloned()
    }

    pub(crate) fn get(&self, key: &Val) -> Option<Val> {
        match key {
            Val::Str(text) | Val::Markup(text) => self.get_str(text),
            other => self.map().get(&Key(other.clone())).cloned(),
        }
    }

    pub(crate) fn contains(&self, key: &Val) -> bool {
        match (key.as_str(), &*self.state.borrow()) {
            (Some(text), State::Shared(map)) => return map.contains_key(text),
            (Some(text), State::Own(map)) => return map.contains_key(text),
            _ => {}
        }
        self.map().contains_key(&Key(key.clone()))
    }

    pub(crate) fn insert(&self, key: Val, item: Val) {
        self.map_mut().insert(Key(key), item);
    }

    pub(crate) fn keys(&self) -> Vec<Val> {
        if let State::Shared(map) = &*self.state.borrow() {
            return map.keys().map(key_val).collect();
        }
        self.map().keys().map(|key| key.0.clone()).collect()
    }

    pub(crate) fn values(&self) -> Vec<Val> {
        self.map().values().cloned().collect()
    }

    pub(crate) fn pairs(&self) -> Vec<(Val, Val)> {
        self.map().iter().map(|(key, item)| (key.0.clone(), item.clone())).collect()
    }

    /// Takes the members out for good.
    pub(super) fn take(&mut self) -> Vec<Val> {
        match self.state.get_mut() {
            State::Own(map) => {
                std::mem::take(map).into_iter().flat_map(|(key, item)| [key.0, item]).collect()
            }
            State::Shared(_) => Vec::new(),
        }
    }

    /// The data below, if nothing of it was touched.
    pub(crate) fn untouched(&self) -> Option<Arc<Map>> {
        match &*self.state.borrow() {
            State::Shared(map) => Some(map.clone()),
            State::Own(_) => None,
        }
    }
}

/// A key of shared data; lists can only have become keys as tuples.
fn key_val(key: &Value) -> Val {
    match key {
        Value::List(items) => Val::tuple(items.iter().map(key_val).collect()),
        other => Val::from(other),
    }
}

/// A Python set; it keeps the order in which members came.
#[derive(Debug, Default)]
pub(crate) struct PySet {
    pub(crate) items: RefCell<IndexSet<Key>>,
}

impl PySet {
    pub(crate) fn new(items: impl IntoIterator<Item = Val>) -> PySet {
        PySet { items: RefCell::new(items.into_iter().map(Key).collect()) }
    }

    pub(crate) fn to_vec(&self) -> Vec<Val> {
        self.items.borrow().iter().map(|key| key.0.clone()).collect()
    }
}

/// What a view of a dict shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ViewKind {
    Keys,
    Values,
    Items,
}

impl ViewKind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            ViewKind::Keys => "dict_keys",
            ViewKind::Values => "dict_values",
            ViewKind::Items => "dict_items",
        }
    }
}

/// `d.keys()`, `d.values()` or `d.items()`: follows the dict.
#[derive(Debug)]
pub(crate) struct DictView {
    pub(crate) dict: Rc<PyDict>,
    pub(crate) kind: ViewKind,
}

impl DictView {
    pub(crate) fn to_vec(&self) -> Vec<Val> {
        match self.kind {
            ViewKind::Keys => self.dict.keys(),
            ViewKind::Values => self.dict.values(),
            ViewKind::Items => {
                self.dict.pairs().into_iter().map(|(k, v)| Val::tuple(vec![k, v])).collect()
            }
        }
    }
}
