//! The codec against many damaged streams: a fixed sequence of them, the same on each run.

#[path = "common/property.rs"]
mod property;

use bytes::BytesMut;
use halite_net::zmtp::{
    codec::encode_message,
    command::{SocketType, encode_error, encode_ping, encode_pong, encode_ready, encode_subscribe},
    greeting::greeting,
};

/// A small generator (xorshift), so that a failure can be repeated.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end as u64).expect("below a usize")
    }
}

#[test]
fn damaged_streams_never_break_the_codec() {
    let mut n = Numbers(0x5eed_5eed_5eed_5eed);
    property::holds(&greeting());
    for _ in 0..3_000 {
        let mut stream = BytesMut::new();
        for _ in 0..1 + n.below(4) {
            let size = n.below(600);
            let part = match n.below(7) {
                0 => encode_ready(SocketType::Dealer, &vec![b'i'; size]),
                1 => encode_ping(300),
                2 => encode_pong(b"context"),
                3 => encode_subscribe(&vec![b't'; size], 1),
                4 => encode_error("no"),
                _ => encode_message(&[vec![b'a'; size], vec![b'b'; n.below(4_000)]]),
            };
            stream.extend_from_slice(&part);
        }
        for _ in 0..n.below(4) {
            let at = n.below(stream.len().min(64));
            stream[at] = u8::try_from(n.below(256)).expect("a byte");
        }
        stream.truncate(stream.len() - n.below(stream.len().min(20)));
        property::holds(&stream);
    }
}
