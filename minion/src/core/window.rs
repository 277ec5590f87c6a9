//! The jobs seen last, so that a job delivered twice runs once.

use std::collections::{HashSet, VecDeque};

/// The last so many job ids.
#[derive(Clone, Debug, Default)]
pub struct Window {
    order: VecDeque<Box<str>>,
    known: HashSet<Box<str>>,
}

impl Window {
    /// A window over these ids, oldest first.
    pub fn from_jids<'a>(jids: impl IntoIterator<Item = &'a str>, most: usize) -> Window {
        let mut window = Window::default();
        for jid in jids {
            window.is_new(jid, most);
        }
        window
    }

    /// Notes a job; whether it was not known. Keeps the last `most`.
    pub fn is_new(&mut self, jid: &str, most: usize) -> bool {
        if !self.known.insert(jid.into()) {
            return false;
        }
        self.order.push_back(jid.into());
        while self.order.len() > most {
            if let Some(old) = self.order.pop_front() {
                self.known.remove(&old);
            }
        }
        true
    }

    /// The ids, oldest first.
    pub fn jids(&self) -> impl Iterator<Item = &str> {
        self.order.iter().map(|jid| &**jid)
    }
}
