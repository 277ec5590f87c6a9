//! Taking a load apart with an error that names the field.

use std::fmt;

use halite_core::{Map, Value};

use halite_core::{Jid, SaltEnv};

/// A field of a load that is missing or wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{cmd}: field `{field}` {problem}")]
pub struct LoadError {
    /// The command the load belongs to.
    pub cmd: String,
    /// The field.
    pub field: &'static str,
    /// What is wrong with it.
    pub problem: String,
}

/// A load that is taken apart. What is left at the end is what nobody asked for.
pub(crate) struct Fields<'a> {
    cmd: &'a str,
    map: Map,
}

impl<'a> Fields<'a> {
    pub(crate) fn new(cmd: &'a str, map: Map) -> Fields<'a> {
        Fields { cmd, map }
    }

    pub(crate) fn error(&self, field: &'static str, problem: impl fmt::Display) -> LoadError {
        LoadError { cmd: self.cmd.to_owned(), field, problem: problem.to_string() }
    }

    /// What was not taken, in its order.
    pub(crate) fn rest(self) -> Map {
        self.map
    }

    /// The field, `None` when absent or `None`.
    pub(crate) fn optional(&mut self, field: &str) -> Option<Value> {
        self.map.shift_remove(field).filter(|value| !value.is_null())
    }

    /// The field as it is, `None` (the value) when absent.
    pub(crate) fn value(&mut self, field: &str) -> Value {
        self.map.shift_remove(field).unwrap_or(Value::Null)
    }

    /// The field, which must be there.
    pub(crate) fn required(&mut self, field: &'static str) -> Result<Value, LoadError> {
        match self.map.shift_remove(field) {
            Some(value) => Ok(value),
            None => Err(self.error(field, "is missing")),
        }
    }

    fn wrong(&self, field: &'static str, wanted: &str, found: &Value) -> LoadError {
        self.error(field, format_args!("must be {wanted}, not {}", found.type_name()))
    }

    /// Text that must be there.
    pub(crate) fn text(&mut self, field: &'static str) -> Result<Box<str>, LoadError> {
        match self.required(field)? {
            Value::Str(text) => Ok((&*text).into()),
            other => Err(self.wrong(field, "text", &other)),
        }
    }

    /// Text, or nothing.
    pub(crate) fn optional_text(
        &mut self,
        field: &'static str,
    ) -> Result<Option<Box<str>>, LoadError> {
        match self.optional(field) {
            None => Ok(None),
            Some(Value::Str(text)) => Ok(Some((&*text).into())),
            Some(other) => Err(self.wrong(field, "text", &other)),
        }
    }

    /// A map, empty when absent.
    pub(crate) fn map(&mut self, field: &'static str) -> Result<Map, LoadError> {
        match self.optional(field) {
            None => Ok(Map::new()),
            Some(Value::Map(map)) => Ok(std::sync::Arc::unwrap_or_clone(map)),
            Some(other) => Err(self.wrong(field, "a map", &other)),
        }
    }

    /// A list, empty when absent.
    pub(crate) fn list(&mut self, field: &'static str) -> Result<Vec<Value>, LoadError> {
        match self.optional(field) {
            None => Ok(Vec::new()),
            Some(Value::List(list)) => Ok(std::sync::Arc::unwrap_or_clone(list)),
            Some(other) => Err(self.wrong(field, "a list", &other)),
        }
    }

    /// A number that is not negative.
    pub(crate) fn unsigned(&mut self, field: &'static str) -> Result<Option<u64>, LoadError> {
        match self.optional(field) {
            None => Ok(None),
            Some(value) => match (value.as_i64(), value.as_f64()) {
                (Some(int), _) if int >= 0 => Ok(Some(int.unsigned_abs())),
                (None, Some(float)) if (0.0..9e15).contains(&float) => Ok(Some(float as u64)),
                _ => Err(self.wrong(field, "a number of at least 0", &value)),
            },
        }
    }

    /// Whether the field is there and true.
    pub(crate) fn flag(&mut self, field: &str) -> bool {
        self.optional(field).is_some_and(|value| value.truthy())
    }

    /// Bytes; text stands for its UTF-8, as a chunk that happens to be text arrives as such.
    pub(crate) fn bytes(&mut self, field: &'static str) -> Result<Vec<u8>, LoadError> {
        let value = self.required(field)?;
        value.as_bytes().map(<[u8]>::to_vec).ok_or_else(|| self.wrong(field, "bytes", &value))
    }

    /// Bytes, or nothing.
    pub(crate) fn optional_bytes(
        &mut self,
        field: &'static str,
    ) -> Result<Option<Vec<u8>>, LoadError> {
        match self.optional(field) {
            None => Ok(None),
            Some(value) => match value.as_bytes() {
                Some(bytes) => Ok(Some(bytes.to_vec())),
                None => Err(self.wrong(field, "bytes", &value)),
            },
        }
    }

    /// A job id.
    pub(crate) fn jid(&mut self, field: &'static str) -> Result<Jid, LoadError> {
        let text = self.text(field)?;
        Jid::parse(&text).map_err(|_| self.error(field, "is not a job id"))
    }

    /// An environment, or nothing.
    pub(crate) fn saltenv(&mut self, field: &'static str) -> Result<Option<SaltEnv>, LoadError> {
        match self.optional_text(field)? {
            None => Ok(None),
            Some(text) => SaltEnv::parse(&text)
                .map(Some)
                .map_err(|_| self.error(field, "is not a valid environment name")),
        }
    }
}
