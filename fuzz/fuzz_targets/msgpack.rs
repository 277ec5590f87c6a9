//! msgpack in both dialects: what is read can be written and is read again as the same; a stream
//! of pieces gives the same values as the whole.

#![no_main]

use halite_wire::limits::Limits;
use halite_wire::msgpack::{Dialect, StreamDecoder, decode, encode};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    for dialect in [Dialect::Network, Dialect::Bus] {
        let whole = decode(data, dialect, &Limits::UNAUTHENTICATED);
        if let Ok(value) = &whole {
            let written = encode(value, dialect);
            let again = decode(&written, dialect, &Limits::ACCEPTED);
            assert_eq!(again.as_ref(), Ok(value));
        }
        let mut stream = StreamDecoder::new(dialect, Limits::UNAUTHENTICATED);
        let mut first = None;
        for piece in data.chunks(13) {
            stream.push(piece);
            while let Ok(Some(value)) = stream.next_value() {
                first.get_or_insert(value);
            }
        }
        if let Ok(value) = whole {
            assert_eq!(first, Some(value));
        }
    }
});
