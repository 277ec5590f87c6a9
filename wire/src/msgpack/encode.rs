//! Writing: no recursion, so that no nesting of values can exhaust the stack.

use halite_core::{Map, Value};
use num_bigint::BigInt;
use rmp::Marker;

use super::Dialect;

/// The bytes of `value`. Integers beyond 64 bits become decimal text, as Salt writes them.
pub fn encode(value: &Value, dialect: Dialect) -> Vec<u8> {
    let mut out = Vec::with_capacity(64);
    encode_into(value, dialect, &mut out);
    out
}

/// Appends the bytes of `value` to `out`.
pub fn encode_into(value: &Value, dialect: Dialect, out: &mut Vec<u8>) {
    let mut open = Vec::new();
    begin(value, dialect, out, &mut open);
    while let Some(container) = open.last_mut() {
        match container {
            Open::List(items) => match items.next() {
                Some(item) => begin(item, dialect, out, &mut open),
                None => drop(open.pop()),
            },
            Open::Map(pairs, waiting) => match waiting.take() {
                Some(item) => begin(item, dialect, out, &mut open),
                None => match pairs.next() {
                    Some((key, item)) => {
                        *waiting = Some(item);
                        begin(key, dialect, out, &mut open);
                    }
                    None => drop(open.pop()),
                },
            },
        }
    }
}

/// A container whose header stands in the output and whose members do not all yet.
enum Open<'a> {
    List(std::slice::Iter<'a, Value>),
    /// The pairs, and the value whose key was written last.
    Map(Pairs<'a>, Option<&'a Value>),
}

type Pairs<'a> = <&'a Map as IntoIterator>::IntoIter;

fn begin<'a>(value: &'a Value, dialect: Dialect, out: &mut Vec<u8>, open: &mut Vec<Open<'a>>) {
    match value {
        Value::Null => out.push(Marker::Null.to_u8()),
        Value::Bool(flag) => out.push(if *flag { Marker::True } else { Marker::False }.to_u8()),
        Value::Int(int) => integer(*int, out),
        Value::Big(big) => big_integer(big, dialect, out),
        Value::Float(float) => {
            out.push(Marker::F64.to_u8());
            out.extend_from_slice(&float.to_be_bytes());
        }
        Value::Str(text) => string(text.as_bytes(), dialect, out),
        Value::Bytes(bytes) => match dialect {
            Dialect::Network => raw(bytes, out),
            Dialect::Bus => bin(bytes, out),
        },
        Value::List(items) => {
            header(items.len(), 15, Marker::FixArray(0), [Marker::Array16, Marker::Array32], out);
            open.push(Open::List(items.iter()));
        }
        Value::Map(map) => {
            map_header(map.len(), out);
            open.push(Open::Map(map.iter(), None));
        }
    }
}

fn integer(int: i64, out: &mut Vec<u8>) {
    match u64::try_from(int) {
        Ok(int) => unsigned(int, out),
        Err(_) if int >= -32 => out.push(int as i8 as u8),
        Err(_) => match (i8::try_from(int), i16::try_from(int), i32::try_from(int)) {
            (Ok(int), ..) => marked(Marker::I8, &int.to_be_bytes(), out),
            (_, Ok(int), _) => marked(Marker::I16, &int.to_be_bytes(), out),
            (.., Ok(int)) => marked(Marker::I32, &int.to_be_bytes(), out),
            _ => marked(Marker::I64, &int.to_be_bytes(), out),
        },
    }
}

fn unsigned(int: u64, out: &mut Vec<u8>) {
    match (u8::try_from(int), u16::try_from(int), u32::try_from(int)) {
        (Ok(small @ 0..=127), ..) => out.push(small),
        (Ok(int), ..) => marked(Marker::U8, &int.to_be_bytes(), out),
        (_, Ok(int), _) => marked(Marker::U16, &int.to_be_bytes(), out),
        (.., Ok(int)) => marked(Marker::U32, &int.to_be_bytes(), out),
        _ => marked(Marker::U64, &int.to_be_bytes(), out),
    }
}

fn big_integer(big: &BigInt, dialect: Dialect, out: &mut Vec<u8>) {
    match u64::try_from(big) {
        Ok(int) => unsigned(int, out),
        Err(_) => string(big.to_string().as_bytes(), dialect, out),
    }
}

fn marked(marker: Marker, bytes: &[u8], out: &mut Vec<u8>) {
    out.push(marker.to_u8());
    out.extend_from_slice(bytes);
}

fn string(text: &[u8], dialect: Dialect, out: &mut Vec<u8>) {
    match (dialect, u8::try_from(text.len())) {
        (Dialect::Bus, Ok(len @ 32..)) => {
            marked(Marker::Str8, &[len], out);
            out.extend_from_slice(text);
        }
        _ => raw(text, out),
    }
}

fn bin(bytes: &[u8], out: &mut Vec<u8>) {
    match u8::try_from(bytes.len()) {
        Ok(len) => marked(Marker::Bin8, &[len], out),
        Err(_) => wide(bytes.len(), [Marker::Bin16, Marker::Bin32], out),
    }
    out.extend_from_slice(bytes);
}

/// Appends `bytes` as the network's "raw".
pub(crate) fn raw(bytes: &[u8], out: &mut Vec<u8>) {
    raw_header(bytes.len(), out);
    out.extend_from_slice(bytes);
}

/// Appends the header of a "raw" of `len` bytes.
fn raw_header(len: usize, out: &mut Vec<u8>) {
    header(len, 31, Marker::FixStr(0), [Marker::Str16, Marker::Str32], out);
}

/// Appends the header of a map of `len` pairs.
pub(crate) fn map_header(len: usize, out: &mut Vec<u8>) {
    header(len, 15, Marker::FixMap(0), [Marker::Map16, Marker::Map32], out);
}

fn header(len: usize, largest_fix: u8, fix: Marker, marks: [Marker; 2], out: &mut Vec<u8>) {
    match u8::try_from(len) {
        Ok(len) if len <= largest_fix => out.push(fix.to_u8() | len),
        _ => wide(len, marks, out),
    }
}

fn wide(len: usize, [two, four]: [Marker; 2], out: &mut Vec<u8>) {
    match u16::try_from(len) {
        Ok(len) => marked(two, &len.to_be_bytes(), out),
        Err(_) => {
            let len = u32::try_from(len).expect("frames are bounded far below 4 GiB by `limits`");
            marked(four, &len.to_be_bytes(), out);
        }
    }
}
