//! What must hold for the codec whatever bytes come; used by a test and by the fuzz target.

use halite_net::zmtp::{
    codec::{CodecError, Decoder, Item},
    greeting::check_greeting,
};

const LIMIT_BYTES: usize = 4 << 10;

/// Decodes `data` in pieces of `step` bytes: the items before the end or the error.
fn decode(data: &[u8], step: usize) -> (Vec<Item>, Option<CodecError>) {
    let mut decoder = Decoder::new(LIMIT_BYTES);
    let mut items = Vec::new();
    for piece in data.chunks(step.max(1)) {
        decoder.read_buffer().extend_from_slice(piece);
        loop {
            match decoder.next_item() {
                Ok(Some(item)) => items.push(item),
                Ok(None) => break,
                Err(error) => return (items, Some(error)),
            }
        }
        decoder.release_if_empty();
    }
    (items, None)
}

/// Panics if a property is broken: the same items and error however the bytes are cut, no message
/// above the limit, a greeting judged the same early and late.
pub(crate) fn holds(data: &[u8]) {
    let whole = decode(data, data.len());
    for step in [1, 7] {
        assert_eq!(decode(data, step), whole, "cut into pieces of {step}");
    }
    for item in &whole.0 {
        if let Item::Message(frames) = item {
            assert!(frames.iter().map(|f| f.len()).sum::<usize>() <= LIMIT_BYTES);
        }
    }
    let greeting = &data[..data.len().min(64)];
    if let Ok(Some(_)) = check_greeting(greeting) {
        for end in 0..greeting.len() {
            assert_eq!(check_greeting(&greeting[..end]), Ok(None), "{end} bytes");
        }
    }
}
