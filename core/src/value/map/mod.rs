//! The ordered map behind [`super::Map`]: a plain list while it is small, with an index beside it once it is not.
//!
//! Nearly all maps of a state tree are small (the arguments of a state, a low chunk, a return): for them a
//! walk over the keys is quicker than hashing one, and the list alone is a third of the memory.

mod entry;
mod iter;

use std::fmt;
use std::hash::{BuildHasher, Hash, RandomState};

use hashbrown::HashTable;
use indexmap::Equivalent;

pub use entry::{Entry, OccupiedEntry, VacantEntry};
pub use iter::{IntoIter, Iter, IterMut};

use super::Value;

/// Entries up to which keys are looked for one by one.
const LINEAR_MAX: usize = 16;

/// Values by key, in the order in which the keys came. Equal keys are one key; the order does not count for
/// equality.
#[derive(Clone)]
pub struct OrderedMap<V> {
    entries: Vec<(Value, V)>,
    index: Option<Box<Index>>,
}

/// Where each key stands. Hashed with keys of this map's own, so that nobody can choose keys that collide.
#[derive(Clone)]
struct Index {
    places: HashTable<usize>,
    hasher: RandomState,
}

impl Index {
    fn of<V>(entries: &[(Value, V)]) -> Index {
        let mut index = Index {
            places: HashTable::with_capacity(entries.len() * 2),
            hasher: RandomState::new(),
        };
        for place in 0..entries.len() {
            index.add(entries, place);
        }
        index
    }

    /// Takes in the entry at `place`, whose key is not there yet.
    fn add<V>(&mut self, entries: &[(Value, V)], place: usize) {
        let Index { places, hasher } = self;
        let hash = hasher.hash_one(&entries[place].0);
        places.insert_unique(hash, place, |other| hasher.hash_one(&entries[*other].0));
    }

    fn find<V, Q: ?Sized + Hash + Equivalent<Value>>(
        &self,
        entries: &[(Value, V)],
        key: &Q,
    ) -> Option<usize> {
        let hash = self.hasher.hash_one(key);
        self.places.find(hash, |place| key.equivalent(&entries[*place].0)).copied()
    }

    /// Forgets the entry at `place`; those behind it stand one place further ahead.
    fn remove<V>(&mut self, entries: &[(Value, V)], place: usize) {
        let hash = self.hasher.hash_one(&entries[place].0);
        if let Ok(found) = self.places.find_entry(hash, |other| *other == place) {
            found.remove();
        }
        if place + 1 < entries.len() {
            self.places.iter_mut().filter(|other| **other > place).for_each(|other| *other -= 1);
        }
    }
}

impl<V> OrderedMap<V> {
    /// An empty map; takes no memory yet.
    pub const fn new() -> OrderedMap<V> {
        OrderedMap { entries: Vec::new(), index: None }
    }

    /// An empty map with room for so many entries.
    pub fn with_capacity(entries: usize) -> OrderedMap<V> {
        OrderedMap { entries: Vec::with_capacity(entries), index: None }
    }

    /// A map of pairs whose keys are known to differ: none is looked for.
    pub fn of_distinct(pairs: impl IntoIterator<Item = (Value, V)>) -> OrderedMap<V> {
        let mut map = OrderedMap { entries: pairs.into_iter().collect(), index: None };
        map.reindex();
        map
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Room for so many more entries.
    pub fn reserve(&mut self, more: usize) {
        self.entries.reserve(more);
    }

    /// Where the key stands.
    pub fn get_index_of<Q: ?Sized + Hash + Equivalent<Value>>(&self, key: &Q) -> Option<usize> {
        match &self.index {
            Some(index) => index.find(&self.entries, key),
            None => self.entries.iter().position(|(have, _)| key.equivalent(have)),
        }
    }

    /// The value of a key.
    pub fn get<Q: ?Sized + Hash + Equivalent<Value>>(&self, key: &Q) -> Option<&V> {
        self.get_index_of(key).map(|place| &self.entries[place].1)
    }

    /// The value of a key, for writing.
    pub fn get_mut<Q: ?Sized + Hash + Equivalent<Value>>(&mut self, key: &Q) -> Option<&mut V> {
        self.get_index_of(key).map(|place| &mut self.entries[place].1)
    }

    /// The key as it is stored, and its value.
    pub fn get_key_value<Q>(&self, key: &Q) -> Option<(&Value, &V)>
    where
        Q: ?Sized + Hash + Equivalent<Value>,
    {
        self.get_index_of(key).and_then(|place| self.get_index(place))
    }

    /// Whether the key is there.
    pub fn contains_key<Q: ?Sized + Hash + Equivalent<Value>>(&self, key: &Q) -> bool {
        self.get_index_of(key).is_some()
    }

    /// The entry at a place.
    pub fn get_index(&self, place: usize) -> Option<(&Value, &V)> {
        self.entries.get(place).map(|(key, value)| (key, value))
    }

    /// The entry at a place, its value for writing.
    pub fn get_index_mut(&mut self, place: usize) -> Option<(&Value, &mut V)> {
        self.entries.get_mut(place).map(|(key, value)| (&*key, value))
    }

    /// The first entry.
    pub fn first(&self) -> Option<(&Value, &V)> {
        self.get_index(0)
    }

    /// The first entry, its value for writing.
    pub fn first_mut(&mut self) -> Option<(&Value, &mut V)> {
        self.get_index_mut(0)
    }

    /// The last entry.
    pub fn last(&self) -> Option<(&Value, &V)> {
        self.entries.last().map(|(key, value)| (key, value))
    }

    /// The last entry, its value for writing.
    pub fn last_mut(&mut self) -> Option<(&Value, &mut V)> {
        self.entries.last_mut().map(|(key, value)| (&*key, value))
    }

    /// Sets the value of a key; gives back the one it had. A key that is there keeps its place.
    pub fn insert(&mut self, key: Value, value: V) -> Option<V> {
        match self.get_index_of(&key) {
            Some(place) => Some(std::mem::replace(&mut self.entries[place].1, value)),
            None => {
                self.push(key, value);
                None
            }
        }
    }

    /// Puts a key that is not there at the end. Its place.
    fn push(&mut self, key: Value, value: V) -> usize {
        let place = self.entries.len();
        self.entries.push((key, value));
        match &mut self.index {
            Some(index) => index.add(&self.entries, place),
            None if place >= LINEAR_MAX => self.index = Some(Box::new(Index::of(&self.entries))),
            None => {}
        }
        place
    }

    /// The place of a key, taken or free.
    pub fn entry(&mut self, key: Value) -> Entry<'_, V> {
        match self.get_index_of(&key) {
            Some(place) => Entry::Occupied(OccupiedEntry { map: self, place }),
            None => Entry::Vacant(VacantEntry { map: self, key }),
        }
    }

    /// Removes a key; those behind it move up. Its value.
    pub fn shift_remove<Q: ?Sized + Hash + Equivalent<Value>>(&mut self, key: &Q) -> Option<V> {
        self.shift_remove_entry(key).map(|(_, value)| value)
    }

    /// Removes a key; those behind it move up. The key and its value.
    pub fn shift_remove_entry<Q>(&mut self, key: &Q) -> Option<(Value, V)>
    where
        Q: ?Sized + Hash + Equivalent<Value>,
    {
        self.get_index_of(key).and_then(|place| self.shift_remove_index(place))
    }

    /// Removes the entry at a place; those behind it move up.
    pub fn shift_remove_index(&mut self, place: usize) -> Option<(Value, V)> {
        if place >= self.entries.len() {
            return None;
        }
        if let Some(index) = &mut self.index {
            index.remove(&self.entries, place);
        }
        Some(self.entries.remove(place))
    }

    /// Removes the last entry.
    pub fn pop(&mut self) -> Option<(Value, V)> {
        self.shift_remove_index(self.entries.len().checked_sub(1)?)
    }

    /// Moves an entry from one place to another; those between move over.
    ///
    /// # Panics
    /// When a place is behind the end.
    pub fn move_index(&mut self, from: usize, to: usize) {
        let entry = self.entries.remove(from);
        self.entries.insert(to, entry);
        self.reindex();
    }

    /// Sets the value of a key at that place, moving it there if it is elsewhere; gives back the one it had.
    ///
    /// # Panics
    /// When the place is behind the end.
    pub fn shift_insert(&mut self, place: usize, key: Value, value: V) -> Option<V> {
        let known = self.get_index_of(&key);
        let before = self.insert(key, value);
        self.move_index(known.unwrap_or(self.len() - 1), place);
        before
    }

    /// Keeps the entries for which `keep` is true.
    pub fn retain(&mut self, mut keep: impl FnMut(&Value, &mut V) -> bool) {
        let before = self.entries.len();
        self.entries.retain_mut(|(key, value)| keep(key, value));
        if self.entries.len() != before {
            self.reindex();
        }
    }

    /// Removes everything.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.index = None;
    }

    /// Sorts the entries; equal ones keep their order.
    pub fn sort_by(&mut self, mut order: impl FnMut(&Value, &V, &Value, &V) -> std::cmp::Ordering) {
        self.entries.sort_by(|a, b| order(&a.0, &a.1, &b.0, &b.1));
        self.reindex();
    }

    /// Sorts the entries by what `key` makes of each, once; equal ones keep their order.
    pub fn sort_by_cached_key<K: Ord>(&mut self, mut key: impl FnMut(&Value, &V) -> K) {
        self.entries.sort_by_cached_key(|(name, value)| key(name, value));
        self.reindex();
    }

    /// Makes the index anew after places changed.
    fn reindex(&mut self) {
        let large = self.entries.len() > LINEAR_MAX;
        self.index = large.then(|| Box::new(Index::of(&self.entries)));
    }
}

impl<V> Default for OrderedMap<V> {
    fn default() -> OrderedMap<V> {
        OrderedMap::new()
    }
}

impl<V: fmt::Debug> fmt::Debug for OrderedMap<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<V: PartialEq> PartialEq for OrderedMap<V> {
    fn eq(&self, other: &OrderedMap<V>) -> bool {
        self.len() == other.len()
            && self.iter().all(|(key, value)| other.get(key).is_some_and(|have| have == value))
    }
}

impl<V: Eq> Eq for OrderedMap<V> {}

impl<V, Q: ?Sized + Hash + Equivalent<Value>> std::ops::Index<&Q> for OrderedMap<V> {
    type Output = V;

    /// The value of a key that is known to be there.
    fn index(&self, key: &Q) -> &V {
        self.get(key).expect("the key is in the map")
    }
}

impl<V> Extend<(Value, V)> for OrderedMap<V> {
    fn extend<I: IntoIterator<Item = (Value, V)>>(&mut self, pairs: I) {
        for (key, value) in pairs {
            self.insert(key, value);
        }
    }
}

impl<'a, V: Clone> Extend<(&'a Value, &'a V)> for OrderedMap<V> {
    fn extend<I: IntoIterator<Item = (&'a Value, &'a V)>>(&mut self, pairs: I) {
        self.extend(pairs.into_iter().map(|(key, value)| (key.clone(), value.clone())));
    }
}

impl<V> FromIterator<(Value, V)> for OrderedMap<V> {
    fn from_iter<I: IntoIterator<Item = (Value, V)>>(pairs: I) -> OrderedMap<V> {
        let pairs = pairs.into_iter();
        let mut map = OrderedMap::with_capacity(pairs.size_hint().0);
        map.extend(pairs);
        map
    }
}

impl<V, const N: usize> From<[(Value, V); N]> for OrderedMap<V> {
    fn from(pairs: [(Value, V); N]) -> OrderedMap<V> {
        pairs.into_iter().collect()
    }
}

#[cfg(test)]
mod tests;
