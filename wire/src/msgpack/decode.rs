//! Reading: bounded in bytes, depth and elements, and never allocating what a length only claims.

use std::str;
use std::sync::Arc;

use halite_core::{Map, Value};
use rmp::Marker;

use super::{Dialect, ext};
use crate::limits::{Limits, PREALLOCATED};

/// Why bytes are not a message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The bytes end inside a value.
    #[error("msgpack: the message ends in the middle of a value (after {at} bytes)")]
    Truncated {
        /// Bytes that were there.
        at: usize,
    },
    /// Bytes follow the value.
    #[error("msgpack: {extra} bytes follow the value")]
    Trailing {
        /// How many.
        extra: usize,
    },
    /// An array or a map as the key of a map.
    #[error("msgpack: a map key is a container (at byte {at})")]
    Key {
        /// Where the key starts.
        at: usize,
    },
    /// The one marker msgpack does not use.
    #[error("msgpack: byte {at} starts no value")]
    Marker {
        /// Where.
        at: usize,
    },
    /// Above a bound of [`Limits`].
    #[error("msgpack: more than {allowed} {what}")]
    Limit {
        /// Which bound: bytes, levels of nesting, elements.
        what: &'static str,
        /// The bound.
        allowed: usize,
    },
}

/// The one value that `bytes` hold. Later duplicates of a map key win; an ext 78 datetime becomes
/// text; any other ext becomes its data.
pub fn decode(bytes: &[u8], dialect: Dialect, limits: &Limits) -> Result<Value, DecodeError> {
    let mut reader = Reader::new(bytes, dialect, limits)?;
    let value = reader.value()?;
    reader.end()?;
    Ok(value)
}

/// A value that was begun: complete scalars, or the length of a container.
pub(crate) enum Item<'a> {
    Scalar(Value),
    /// Raw, str or bin; the flag says bin.
    Raw(&'a [u8], bool),
    List(usize),
    Map(usize),
}

/// A place in a message.
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    dialect: Dialect,
    limits: Limits,
    elements: usize,
}

impl<'a> Reader<'a> {
    /// Starts reading; refuses a message of too many bytes at once.
    pub(crate) fn new(
        bytes: &'a [u8],
        dialect: Dialect,
        limits: &Limits,
    ) -> Result<Reader<'a>, DecodeError> {
        if bytes.len() > limits.bytes {
            return Err(DecodeError::Limit { what: "bytes", allowed: limits.bytes });
        }
        Ok(Reader { bytes, at: 0, dialect, limits: *limits, elements: 0 })
    }

    /// Refuses bytes that follow.
    pub(crate) fn end(&self) -> Result<(), DecodeError> {
        match self.bytes.len() - self.at {
            0 => Ok(()),
            extra => Err(DecodeError::Trailing { extra }),
        }
    }

    /// Bytes read so far.
    pub(crate) fn position(&self) -> usize {
        self.at
    }

    /// The next value whole.
    pub(crate) fn value(&mut self) -> Result<Value, DecodeError> {
        let item = self.item()?;
        self.finish(item, 0)
    }

    /// The rest of a value that [`Reader::item`] began.
    pub(crate) fn finish(&mut self, item: Item<'_>, depth: usize) -> Result<Value, DecodeError> {
        match item {
            Item::Scalar(value) => Ok(value),
            Item::Raw(bytes, bin) => Ok(self.text(bytes, bin)),
            Item::List(len) => {
                self.descend(depth)?;
                let mut items = Vec::with_capacity(self.places(len));
                for _ in 0..len {
                    let item = self.item()?;
                    items.push(self.finish(item, depth + 1)?);
                }
                Ok(Value::List(Arc::new(items)))
            }
            Item::Map(len) => {
                self.descend(depth)?;
                let mut map = Map::with_capacity(self.places(len));
                for _ in 0..len {
                    let at = self.at;
                    let key = match self.item()? {
                        Item::List(_) | Item::Map(_) => return Err(DecodeError::Key { at }),
                        scalar => self.finish(scalar, depth)?,
                    };
                    let item = self.item()?;
                    map.insert(key, self.finish(item, depth + 1)?);
                }
                Ok(Value::Map(Arc::new(map)))
            }
        }
    }

    fn descend(&self, depth: usize) -> Result<(), DecodeError> {
        if depth >= self.limits.depth {
            return Err(DecodeError::Limit {
                what: "levels of nesting",
                allowed: self.limits.depth,
            });
        }
        Ok(())
    }

    fn places(&self, announced: usize) -> usize {
        announced.min(PREALLOCATED).min(self.bytes.len() - self.at)
    }

    fn text(&self, bytes: &[u8], bin: bool) -> Value {
        match str::from_utf8(bytes) {
            Ok(text) if !bin || self.dialect == Dialect::Network => Value::Str(Arc::from(text)),
            _ => Value::Bytes(Arc::from(bytes)),
        }
    }

    /// The next scalar, or the header of the next container.
    pub(crate) fn item(&mut self) -> Result<Item<'a>, DecodeError> {
        self.elements += 1;
        if self.elements > self.limits.elements {
            return Err(DecodeError::Limit { what: "elements", allowed: self.limits.elements });
        }
        let at = self.at;
        let [first] = self.array()?;
        Ok(match Marker::from_u8(first) {
            Marker::Null => Item::Scalar(Value::Null),
            Marker::True => Item::Scalar(Value::Bool(true)),
            Marker::False => Item::Scalar(Value::Bool(false)),
            Marker::FixPos(int) => int_item(int),
            Marker::FixNeg(int) => int_item(int),
            Marker::U8 => int_item(u8::from_be_bytes(self.array()?)),
            Marker::U16 => int_item(u16::from_be_bytes(self.array()?)),
            Marker::U32 => int_item(u32::from_be_bytes(self.array()?)),
            Marker::U64 => Item::Scalar(Value::from(u64::from_be_bytes(self.array()?))),
            Marker::I8 => int_item(i8::from_be_bytes(self.array()?)),
            Marker::I16 => int_item(i16::from_be_bytes(self.array()?)),
            Marker::I32 => int_item(i32::from_be_bytes(self.array()?)),
            Marker::I64 => int_item(i64::from_be_bytes(self.array()?)),
            Marker::F32 => Item::Scalar(Value::Float(f64::from(f32::from_be_bytes(self.array()?)))),
            Marker::F64 => Item::Scalar(Value::Float(f64::from_be_bytes(self.array()?))),
            Marker::FixStr(len) => Item::Raw(self.take(usize::from(len))?, false),
            marker @ (Marker::Str8 | Marker::Str16 | Marker::Str32) => {
                let len = self.len(marker)?;
                Item::Raw(self.take(len)?, false)
            }
            marker @ (Marker::Bin8 | Marker::Bin16 | Marker::Bin32) => {
                let len = self.len(marker)?;
                Item::Raw(self.take(len)?, true)
            }
            Marker::FixArray(len) => Item::List(usize::from(len)),
            marker @ (Marker::Array16 | Marker::Array32) => Item::List(self.len(marker)?),
            Marker::FixMap(len) => Item::Map(usize::from(len)),
            marker @ (Marker::Map16 | Marker::Map32) => Item::Map(self.len(marker)?),
            Marker::FixExt1 => self.ext(1)?,
            Marker::FixExt2 => self.ext(2)?,
            Marker::FixExt4 => self.ext(4)?,
            Marker::FixExt8 => self.ext(8)?,
            Marker::FixExt16 => self.ext(16)?,
            marker @ (Marker::Ext8 | Marker::Ext16 | Marker::Ext32) => {
                let len = self.len(marker)?;
                self.ext(len)?
            }
            Marker::Reserved => return Err(DecodeError::Marker { at }),
        })
    }

    fn ext(&mut self, len: usize) -> Result<Item<'a>, DecodeError> {
        let [code] = self.array()?;
        let data = self.take(len)?;
        Ok(match ext::text(code, data) {
            Some(text) => Item::Scalar(text),
            None => Item::Raw(data, true),
        })
    }

    fn len(&mut self, marker: Marker) -> Result<usize, DecodeError> {
        use Marker::{Array16, Bin8, Bin16, Ext8, Ext16, Map16, Str8, Str16};
        Ok(match marker {
            Str8 | Bin8 | Ext8 => usize::from(u8::from_be_bytes(self.array()?)),
            Str16 | Bin16 | Ext16 | Array16 | Map16 => {
                usize::from(u16::from_be_bytes(self.array()?))
            }
            _ => usize::try_from(u32::from_be_bytes(self.array()?)).unwrap_or(usize::MAX),
        })
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], DecodeError> {
        let end = self.at.checked_add(len).filter(|end| *end <= self.bytes.len());
        let end = end.ok_or(DecodeError::Truncated { at: self.bytes.len() })?;
        let taken = &self.bytes[self.at..end];
        self.at = end;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let rest = &self.bytes[self.at..];
        let taken = rest.first_chunk().ok_or(DecodeError::Truncated { at: self.bytes.len() })?;
        self.at += N;
        Ok(*taken)
    }
}

fn int_item<'a>(int: impl Into<i64>) -> Item<'a> {
    Item::Scalar(Value::Int(int.into()))
}
