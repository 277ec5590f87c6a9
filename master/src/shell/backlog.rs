//! Writes that the store had no room for, in their order.

use std::collections::VecDeque;

use crate::store::Write;

/// Writes that wait. While there are any the core is told that the store is full; it bounds what it asks for
/// then, so this is bounded as well.
#[derive(Default)]
pub(crate) struct Backlog(VecDeque<Write>);

impl Backlog {
    /// How many wait.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Gives a write to the store, behind those that wait; true when this is the first that does not fit.
    pub(crate) fn give(
        &mut self,
        write: Write,
        mut take: impl FnMut(Write) -> Result<(), Write>,
    ) -> bool {
        if !self.0.is_empty() {
            self.0.push_back(write);
            return false;
        }
        match take(write) {
            Ok(()) => false,
            Err(write) => {
                self.0.push_back(write);
                true
            }
        }
    }

    /// Tries again, up to the first that still does not fit.
    pub(crate) fn retry(&mut self, mut take: impl FnMut(Write) -> Result<(), Write>) {
        while let Some(write) = self.0.pop_front() {
            if let Err(write) = take(write) {
                self.0.push_front(write);
                break;
            }
        }
    }
}
