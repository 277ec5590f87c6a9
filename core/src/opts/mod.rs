//! The configuration: options by Salt's names, each with a type and a default from one table.

pub mod load;
pub mod table;
mod table_a_f;
mod table_g_l;
mod table_m_r;
mod table_s_z;

use std::path::PathBuf;
use std::sync::Arc;

use crate::secrets::Book;
use crate::value::{Map, Value};

/// Which program's configuration it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// `/etc/salt/master`.
    Master,
    /// `/etc/salt/minion`.
    Minion,
}

/// The configuration of one program: what files and command line say over the table's defaults.
#[derive(Clone, Debug)]
pub struct Opts {
    role: Role,
    values: Arc<Map>,
    book: Book,
}

impl Opts {
    /// Options from values alone, over no defaults: for tests and for derived configurations.
    pub fn from_map(role: Role, values: Map) -> Opts {
        Opts { role, values: Arc::new(values), book: Book::default() }
    }

    /// Whose configuration it is.
    pub fn role(&self) -> Role {
        self.role
    }

    /// One option as it is; `None` when unset or null.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.values.get(name).filter(|value| !value.is_null())
    }

    /// Text; empty when unset.
    pub fn str(&self, name: &str) -> &str {
        self.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// A truth; false when unset.
    pub fn bool(&self, name: &str) -> bool {
        self.get(name).is_some_and(Value::truthy)
    }

    /// A whole number (also written as text), or `default` when unset or not a number.
    pub fn int(&self, name: &str, default: i64) -> i64 {
        let number = |value: &Value| match value {
            Value::Str(text) => text.trim().parse().ok(),
            other => other.as_i64(),
        };
        self.get(name).and_then(number).unwrap_or(default)
    }

    /// A number, or `default` when unset or not a number.
    pub fn float(&self, name: &str, default: f64) -> f64 {
        self.get(name).and_then(Value::as_f64).unwrap_or(default)
    }

    /// A path; loading has made it absolute.
    pub fn path(&self, name: &str) -> PathBuf {
        PathBuf::from(self.str(name))
    }

    /// A list of texts; a single text counts as one.
    pub fn list(&self, name: &str) -> Vec<String> {
        match self.get(name) {
            Some(Value::List(items)) => items.iter().map(Value::to_string).collect(),
            Some(Value::Str(text)) => vec![text.to_string()],
            _ => Vec::new(),
        }
    }

    /// A map; empty when unset.
    pub fn map(&self, name: &str) -> Map {
        self.get(name).and_then(Value::as_map).cloned().unwrap_or_default()
    }

    /// All options, as `opts` in templates and `config.get` see them.
    pub fn values(&self) -> &Arc<Map> {
        &self.values
    }

    /// The secrets of the jobs that run with this configuration: what its logs hide.
    pub fn book(&self) -> &Book {
        &self.book
    }

    /// The same options with one set.
    pub fn with(&self, name: &str, value: impl Into<Value>) -> Opts {
        let mut values = (*self.values).clone();
        values.insert(name.into(), value.into());
        Opts { role: self.role, values: Arc::new(values), book: self.book.clone() }
    }
}
