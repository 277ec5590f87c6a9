//! One place of an ordered map, taken or free.

use super::{OrderedMap, Value};

/// A place for a key.
pub enum Entry<'m, V> {
    /// The key is there.
    Occupied(OccupiedEntry<'m, V>),
    /// It is not.
    Vacant(VacantEntry<'m, V>),
}

/// The place of a key that is there.
pub struct OccupiedEntry<'m, V> {
    pub(super) map: &'m mut OrderedMap<V>,
    pub(super) place: usize,
}

/// The place of a key that is not there: at the end.
pub struct VacantEntry<'m, V> {
    pub(super) map: &'m mut OrderedMap<V>,
    pub(super) key: Value,
}

impl<'m, V> Entry<'m, V> {
    /// The value, after putting this one there if there was none.
    pub fn or_insert(self, value: V) -> &'m mut V {
        self.or_insert_with(|| value)
    }

    /// The value, after making one if there was none.
    pub fn or_insert_with(self, make: impl FnOnce() -> V) -> &'m mut V {
        match self {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(make()),
        }
    }

    /// The value, after putting the type's default there if there was none.
    pub fn or_default(self) -> &'m mut V
    where
        V: Default,
    {
        self.or_insert_with(V::default)
    }

    /// Changes the value if there is one.
    pub fn and_modify(mut self, change: impl FnOnce(&mut V)) -> Entry<'m, V> {
        if let Entry::Occupied(entry) = &mut self {
            change(entry.get_mut());
        }
        self
    }

    /// The key.
    pub fn key(&self) -> &Value {
        match self {
            Entry::Occupied(entry) => entry.key(),
            Entry::Vacant(entry) => &entry.key,
        }
    }
}

impl<'m, V> OccupiedEntry<'m, V> {
    /// The key as it is stored.
    pub fn key(&self) -> &Value {
        &self.map.entries[self.place].0
    }

    /// Where it stands.
    pub fn index(&self) -> usize {
        self.place
    }

    /// The value.
    pub fn get(&self) -> &V {
        &self.map.entries[self.place].1
    }

    /// The value, for writing.
    pub fn get_mut(&mut self) -> &mut V {
        &mut self.map.entries[self.place].1
    }

    /// The value, for as long as the map is borrowed.
    pub fn into_mut(self) -> &'m mut V {
        &mut self.map.entries[self.place].1
    }

    /// Sets the value; gives back the one it had.
    pub fn insert(&mut self, value: V) -> V {
        std::mem::replace(self.get_mut(), value)
    }
}

impl<'m, V> VacantEntry<'m, V> {
    /// Puts a value there.
    pub fn insert(self, value: V) -> &'m mut V {
        let place = self.map.push(self.key, value);
        &mut self.map.entries[place].1
    }

    /// The key.
    pub fn key(&self) -> &Value {
        &self.key
    }
}
