//! Values that are secret: known by their text, hidden wherever data leaves a job.
//!
//! Templates, functions and the machine work with plain values. What came out of gpg or a vault, or is marked by
//! `secret_pillar`, is learnt; returns, events, logs and caches then show a placeholder in its place, whole or within
//! a longer text. Each job knows its own secrets: another job's change nothing for it.

mod finder;
mod marks;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use crate::limits;
use crate::mask::PLACEHOLDER;
use crate::opts::Opts;
use crate::value::{Map, Value};

use finder::Finder;
pub use marks::PILLAR_KEY;

/// The key by which a Halite master tells a Halite minion what is secret in the pillar beside it.
pub const WIRE_KEY: &str = "__halite_secrets__";
/// The field by which a minion asks for that.
pub const WIRE_ASK: &str = "halite_secrets";

/// What a job knows to be secret. Copies share what they know.
#[derive(Clone, Default)]
pub struct Secrets(Arc<Mutex<Known>>);

#[derive(Clone, Default)]
struct Known {
    texts: Arc<BTreeSet<Vec<u8>>>,
    bytes: usize,
    /// More than can be looked for: every text is hidden.
    overfull: bool,
    /// Nothing is to be hidden (`mask_secrets: False`).
    open: bool,
    finder: Option<Arc<Finder>>,
}

/// Nothing of it is printed.
impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secrets({})", self.known().texts.len())
    }
}

impl Secrets {
    /// A set for one job or compile of this program, which the program's logs hide as long as it lives.
    pub fn of(opts: &Opts) -> Secrets {
        let secrets = Secrets::default();
        secrets.known().open = opts.get("mask_secrets").is_some_and(|wanted| !wanted.truthy());
        opts.book().add(&secrets);
        secrets
    }

    /// A set of its own that begins with what this one knows.
    #[must_use]
    pub fn child(&self, opts: &Opts) -> Secrets {
        // Made once for all children.
        let _ = self.finder();
        let child = Secrets(Arc::new(Mutex::new(self.known().clone())));
        opts.book().add(&child);
        child
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there is nothing to hide.
    pub fn is_empty(&self) -> bool {
        let known = self.known();
        known.texts.is_empty() && !known.overfull
    }

    /// Learns a text. One too short, or a word that says nothing (`localhost`), is not hidden anywhere.
    pub fn learn(&self, text: impl AsRef<[u8]>) {
        self.known().add(text.as_ref());
    }

    /// Learns every text and long number within.
    pub fn learn_value(&self, value: &Value) {
        match value {
            Value::Str(text) => self.learn(text.as_bytes()),
            Value::Bytes(bytes) => self.learn(bytes),
            Value::List(items) => items.iter().for_each(|item| self.learn_value(item)),
            Value::Map(map) => map.values().for_each(|item| self.learn_value(item)),
            Value::Null | Value::Bool(_) | Value::Float(_) => {}
            number => self.learn(number.to_string()),
        }
    }

    /// Learns each scalar of `data` that is a part of a text already known: a file of YAML that was encrypted as a whole
    /// is known as a whole, and its values are what must be hidden.
    pub fn learn_parts(&self, data: &Value) {
        let wholes = Arc::clone(&self.known().texts);
        let mut todo = vec![data];
        while let Some(value) = todo.pop() {
            match value {
                Value::List(items) => todo.extend(items.iter()),
                Value::Map(map) => todo.extend(map.values()),
                Value::Null | Value::Bool(_) | Value::Float(_) => {}
                scalar => {
                    let text = scalar.to_string();
                    let part = |whole: &Vec<u8>| finder::contains(whole, text.as_bytes());
                    if wholes.iter().any(part) {
                        self.learn(text);
                    }
                }
            }
        }
    }

    /// Learns what the configuration and the pillar itself mark: the paths of `secret_pillar`.
    pub fn learn_marked(&self, opts: &Opts, pillar: &Map) {
        let own = pillar.get(PILLAR_KEY);
        for marks in [opts.get(PILLAR_KEY), own].into_iter().flatten() {
            for path in marks::paths(marks) {
                marks::each(pillar, &path, &mut |value| self.learn_value(value));
            }
        }
    }

    /// All that is known, as a list for a peer.
    pub fn to_value(&self) -> Value {
        let texts = Arc::clone(&self.known().texts);
        Value::list(texts.iter().map(|bytes| match std::str::from_utf8(bytes) {
            Ok(text) => Value::str(text),
            Err(_) => Value::bytes(bytes.clone()),
        }))
    }

    /// Takes out of a pillar what a master told of its secrets, and learns it.
    pub fn learn_told(&self, pillar: &mut Map) {
        if let Some(told) = pillar.shift_remove(WIRE_KEY) {
            self.learn_value(&told);
        }
    }

    fn finder(&self) -> Option<Arc<Finder>> {
        let mut known = self.known();
        if known.open || (known.texts.is_empty() && !known.overfull) {
            return None;
        }
        if known.finder.is_none() {
            let texts = Arc::clone(&known.texts);
            known.finder = Some(Arc::new(Finder::new(&texts, known.overfull)));
        }
        known.finder.clone()
    }

    /// The value without secrets: keys, texts and numbers.
    pub fn hide(&self, value: Value) -> Value {
        match self.finder() {
            Some(finder) => finder.value(&value).unwrap_or(value),
            None => value,
        }
    }

    /// The map without secrets.
    pub fn hide_map(&self, map: Map) -> Map {
        match self.finder() {
            Some(finder) => finder.map(&map).unwrap_or(map),
            None => map,
        }
    }

    /// The text without secrets.
    pub fn hide_text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match self.finder().and_then(|finder| finder.text(text)) {
            Some(hidden) => hidden.into(),
            None => text.into(),
        }
    }
}

impl Known {
    fn add(&mut self, text: &[u8]) {
        for part in finder::parts(text) {
            if self.texts.contains(part) {
                continue;
            }
            let full = self.texts.len() >= limits::SECRETS
                || self.bytes + part.len() > limits::SECRETS_BYTES;
            self.finder = None;
            if full {
                self.overfull = true;
                return;
            }
            self.bytes += part.len();
            Arc::make_mut(&mut self.texts).insert(part.to_vec());
        }
    }
}

/// The sets of secrets that live in one program: what its logs hide.
#[derive(Clone, Debug, Default)]
pub struct Book(Arc<Mutex<Vec<Weak<Mutex<Known>>>>>);

impl fmt::Debug for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Known({})", self.texts.len())
    }
}

impl Book {
    fn add(&self, secrets: &Secrets) {
        let mut sets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sets.retain(|set| set.strong_count() > 0);
        sets.push(Arc::downgrade(&secrets.0));
    }

    /// The text without any secret of any job that runs now.
    pub fn hide_text(&self, mut text: String) -> String {
        let sets: Vec<_> = {
            let sets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            sets.iter().filter_map(Weak::upgrade).collect()
        };
        let mut seen: Vec<Arc<Finder>> = Vec::new();
        for finder in sets.into_iter().filter_map(|set| Secrets(set).finder()) {
            // Jobs that learnt nothing of their own share the finder of their minion's pillar.
            if seen.iter().any(|known| Arc::ptr_eq(known, &finder)) {
                continue;
            }
            if let Some(hidden) = finder.text(&text) {
                text = hidden;
            }
            seen.push(finder);
        }
        text
    }
}

/// What stands in place of a secret.
pub const HIDDEN: &str = PLACEHOLDER;

#[cfg(test)]
mod tests;
