//! Which grains a piece of work has read: what it gave is the same for every minion that agrees in these.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// What was read so far.
#[derive(Debug, Default)]
pub struct GrainReads(Mutex<Read>);

/// Grains that were read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Read {
    /// These alone, by their names at the top.
    Some(BTreeSet<String>),
    /// Any, or something else that is one minion's alone.
    All,
}

impl Default for Read {
    fn default() -> Read {
        Read::Some(BTreeSet::new())
    }
}

impl GrainReads {
    /// A grain was read, whether it is there or not.
    pub fn grain(&self, name: &str) {
        if let Read::Some(names) = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner)
            && !names.contains(name)
        {
            names.insert(name.to_owned());
        }
    }

    /// Nobody can say what was read.
    pub fn all(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Read::All;
    }

    /// What was read.
    pub fn read(&self) -> Read {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
