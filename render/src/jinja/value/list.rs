//! Lists with identity over shared data.

use std::cell::{Ref, RefCell, RefMut};
use std::sync::Arc;

use halite_core::Value;

use super::Val;

enum State {
    Shared(Arc<Vec<Value>>),
    Own(Vec<Val>),
}

/// A Python list. No borrow of it may live while template code runs.
pub(crate) struct PyList {
    state: RefCell<State>,
}

impl std::fmt::Debug for PyList {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "list of {}", self.len())
    }
}

impl PyList {
    pub(crate) fn new(items: Vec<Val>) -> PyList {
        PyList { state: RefCell::new(State::Own(items)) }
    }

    pub(crate) fn shared(items: Arc<Vec<Value>>) -> PyList {
        PyList { state: RefCell::new(State::Shared(items)) }
    }

    pub(crate) fn len(&self) -> usize {
        match &*self.state.borrow() {
            State::Shared(items) => items.len(),
            State::Own(items) => items.len(),
        }
    }

    fn own(&self) {
        let shared = match &*self.state.borrow() {
            State::Shared(items) => items.clone(),
            State::Own(_) => return,
        };
        *self.state.borrow_mut() = State::Own(shared.iter().map(Val::from).collect());
    }

    /// The items for reading.
    pub(crate) fn items(&self) -> Ref<'_, [Val]> {
        self.own();
        Ref::map(self.state.borrow(), |state| match state {
            State::Own(items) => items.as_slice(),
            State::Shared(_) => &[],
        })
    }

    /// The items for writing.
    pub(crate) fn items_mut(&self) -> RefMut<'_, Vec<Val>> {
        self.own();
        RefMut::map(self.state.borrow_mut(), |state| {
            if let State::Shared(_) = state {
                *state = State::Own(Vec::new());
            }
            match state {
                State::Own(items) => items,
                State::Shared(_) => unreachable!("made owned above"),
            }
        })
    }

    pub(crate) fn get(&self, index: usize) -> Option<Val> {
        if let State::Shared(items) = &*self.state.borrow() {
            match items.get(index)? {
                Value::List(_) | Value::Map(_) => {}
                scalar => return Some(Val::from(scalar)),
            }
        }
        self.items().get(index).cloned()
    }

    /// The items as they are now.
    pub(crate) fn to_vec(&self) -> Vec<Val> {
        self.items().to_vec()
    }

    /// Takes the items out for good.
    pub(super) fn take(&mut self) -> Vec<Val> {
        match self.state.get_mut() {
            State::Own(items) => std::mem::take(items),
            State::Shared(_) => Vec::new(),
        }
    }

    /// The data below, if nothing of it was touched.
    pub(crate) fn untouched(&self) -> Option<Arc<Vec<Value>>> {
        match &*self.state.borrow() {
            State::Shared(items) => Some(items.clone()),
            State::Own(_) => None,
        }
    }
}
