//! Bounds and the stream decoder; Salt's own bytes are in `tests/vectors.rs`.

use super::*;
use crate::limits::Limits;
use halite_core::Value;

const LIMITS: Limits = Limits { bytes: 1000, depth: 4, elements: 50 };

#[test]
fn announced_lengths_allocate_nothing() {
    for bytes in [
        &b"\xdd\xff\xff\xff\xff"[..],
        b"\xdf\xff\xff\xff\xff",
        b"\xdb\xff\xff\xff\xff",
        b"\xc9\xff\xff\xff\xff\x01",
    ] {
        let error = decode(bytes, Dialect::Network, &LIMITS).expect_err("nothing follows");
        assert!(matches!(error, DecodeError::Truncated { .. }), "{error}");
    }
}

#[test]
fn depth_elements_and_bytes_are_bounded() {
    let nested = |depth: usize| [vec![0x91; depth], vec![0xc0]].concat();
    assert!(decode(&nested(4), Dialect::Network, &LIMITS).is_ok());
    let what = |bytes: &[u8]| match decode(bytes, Dialect::Network, &LIMITS) {
        Err(DecodeError::Limit { what, .. }) => what,
        other => panic!("{other:?}"),
    };
    assert_eq!(what(&nested(5)), "levels of nesting");
    assert_eq!(what(&[&[0xdc, 0, 50][..], &[0xc0; 50]].concat()), "elements");
    assert_eq!(what(&[0xc0; 1001]), "bytes");
}

#[test]
fn deep_values_are_written_without_recursion() {
    let mut value = Value::Null;
    for _ in 0..5000 {
        value = Value::list([value]);
    }
    assert_eq!(encode(&value, Dialect::Network).len(), 5001);
}

#[test]
fn a_stream_gives_whole_values_whatever_the_pieces() {
    let values = [Value::str("a"), Value::list([1.into(), 2.into()]), Value::bytes([255; 40])];
    let bytes: Vec<u8> = values.iter().flat_map(|value| encode(value, Dialect::Bus)).collect();
    for piece in 1..bytes.len() {
        let mut stream = StreamDecoder::new(Dialect::Bus, LIMITS);
        let mut found = Vec::new();
        for chunk in bytes.chunks(piece) {
            stream.push(chunk);
            while let Some(value) = stream.next_value().expect("valid") {
                found.push(value);
            }
        }
        assert_eq!(found, values);
    }
}

#[test]
fn a_stream_does_not_wait_for_more_than_it_may_hold() {
    let mut stream = StreamDecoder::new(Dialect::Bus, LIMITS);
    stream.push(&[0xc5, 0xff, 0xff]);
    stream.push(&[0; 1000]);
    assert!(matches!(stream.next_value(), Err(DecodeError::Limit { what: "bytes", .. })));
}
