//! The codec without sockets: hand-written bytes in, frames out, and every kind of malformed input.

use bytes::{BufMut, Bytes, BytesMut};
use halite_net::zmtp::{
    codec::{CodecError, Decoder, Item, encode_message},
    command::{
        Command, SocketType, encode_cancel, encode_error, encode_ping, encode_pong, encode_ready,
        encode_subscribe,
    },
    greeting::{check_greeting, greeting},
};

fn decode(bytes: &[u8], limit_bytes: usize) -> Result<Vec<Item>, CodecError> {
    let mut decoder = Decoder::new(limit_bytes);
    decoder.read_buffer().extend_from_slice(bytes);
    let mut items = Vec::new();
    while let Some(item) = decoder.next_item()? {
        items.push(item);
    }
    Ok(items)
}

fn message(frames: &[&'static [u8]]) -> Item {
    Item::Message(frames.iter().map(|f| Bytes::from_static(f)).collect())
}

fn one_command(bytes: &[u8]) -> Result<Command, CodecError> {
    match decode(bytes, 1 << 20)?.as_slice() {
        [Item::Command(command)] => Ok(command.clone()),
        other => panic!("not one command: {other:?}"),
    }
}

#[test]
fn frames_of_both_lengths_and_several_parts() {
    assert_eq!(decode(b"\x00\x05hello", 9), Ok(vec![message(&[b"hello"])]));
    assert_eq!(decode(b"\x01\x00\x00\x02ab", 9), Ok(vec![message(&[b"", b"ab"])]));
    assert_eq!(decode(b"\x02\0\0\0\0\0\0\0\x03abc", 9), Ok(vec![message(&[b"abc"])]));
    assert_eq!(encode_message(&[&b""[..], b"ab"]), &b"\x01\x00\x00\x02ab"[..]);
    let long = vec![b'x'; 256];
    let encoded = encode_message(&[&long]);
    assert_eq!(encoded[..9], [2, 0, 0, 0, 0, 0, 0, 1, 0]);
    assert_eq!(decode(&encoded, 256), Ok(vec![Item::Message(vec![Bytes::from(long)])]));
}

#[test]
fn bytes_may_arrive_one_by_one() {
    let mut stream = BytesMut::new();
    stream.extend_from_slice(&encode_message(&["topic", "body"]));
    stream.extend_from_slice(&encode_ping(300));
    stream.extend_from_slice(&encode_message(&[vec![9; 70_000]]));
    let mut decoder = Decoder::new(1 << 20);
    let mut items = Vec::new();
    for byte in &stream {
        decoder.read_buffer().put_u8(*byte);
        items.extend(decoder.next_item().expect("well-formed"));
    }
    assert_eq!(items.len(), 3);
    assert_eq!(Ok(items), decode(&stream, 1 << 20));
}

#[test]
fn a_command_may_come_between_the_frames_of_a_message() {
    let bytes = [b"\x01\x01a".as_slice(), b"\x04\x07\x04PING\0\0", b"\x00\x01b"].concat();
    let items = decode(&bytes, 100).expect("well-formed");
    assert!(matches!(items[0], Item::Command(Command::Ping { .. })));
    assert_eq!(items[1], message(&[b"a", b"b"]));
}

#[test]
fn announced_lengths_are_refused_before_memory_is_taken() {
    let mut tebibyte = vec![2];
    tebibyte.extend_from_slice(&(1_u64 << 40).to_be_bytes());
    let mut decoder = Decoder::new(64 << 20);
    decoder.read_buffer().extend_from_slice(&tebibyte);
    let refused = decoder.next_item();
    let (announced_bytes, limit_bytes) = (1 << 40, 64 << 20);
    assert_eq!(refused, Err(CodecError::TooLarge { announced_bytes, limit_bytes }));
    assert!(decoder.read_buffer().capacity() < 64 << 10);

    let mut all = vec![2];
    all.extend_from_slice(&u64::MAX.to_be_bytes());
    assert!(matches!(decode(&all, usize::MAX >> 1), Err(CodecError::TooLarge { .. })));
}

#[test]
fn an_announced_length_below_the_limit_takes_memory_as_it_arrives() {
    let mut decoder = Decoder::new(64 << 20);
    let mut header = vec![2];
    header.extend_from_slice(&(60_u64 << 20).to_be_bytes());
    decoder.read_buffer().extend_from_slice(&header);
    assert_eq!(decoder.next_item(), Ok(None));
    assert!(decoder.read_buffer().capacity() < 1 << 20);
}

#[test]
fn the_limit_counts_all_frames_of_a_message() {
    assert!(decode(b"\x01\x03abc\x00\x02de", 5).is_ok());
    let refused = decode(b"\x01\x03abc\x00\x03def", 5);
    assert_eq!(refused, Err(CodecError::TooLarge { announced_bytes: 6, limit_bytes: 5 }));
    // A new message starts from nothing.
    assert!(decode(b"\x00\x05abcde\x00\x05abcde", 5).is_ok());
    let many = b"\x01\x00".repeat(17);
    assert_eq!(decode(&many, 5), Err(CodecError::TooManyFrames { limit: 16 }));
}

#[test]
fn reserved_flags_are_refused() {
    for flags in [0x08_u8, 0x10, 0x80, 0xff, 0x05] {
        assert_eq!(decode(&[flags, 0], 5), Err(CodecError::Flags { flags }));
    }
}

#[test]
fn commands_read_and_written() {
    let ping = one_command(b"\x04\x09\x04PING\x01\x2chi").expect("ping");
    let context = Bytes::from_static(b"hi");
    assert_eq!(ping, Command::Ping { ttl_deciseconds: 300, context });
    assert_eq!(encode_ping(300), &b"\x04\x07\x04PING\x01\x2c"[..]);
    assert_eq!(encode_pong(b"hi"), &b"\x04\x07\x04PONGhi"[..]);
    assert_eq!(one_command(&encode_pong(b"hi")), Ok(Command::Pong));
    let topic = Bytes::from_static(b"tp");
    assert_eq!(encode_subscribe(b"tp", 1), &b"\x04\x0c\x09SUBSCRIBEtp"[..]);
    assert_eq!(one_command(&encode_subscribe(b"tp", 1)), Ok(Command::Subscribe(topic.clone())));
    assert_eq!(one_command(&encode_cancel(b"tp", 1)), Ok(Command::Cancel(topic)));
    assert_eq!(encode_subscribe(b"tp", 0), &b"\x00\x03\x01tp"[..]);
    assert_eq!(encode_cancel(b"tp", 0), &b"\x00\x03\x00tp"[..]);
    let error = one_command(&encode_error("no\n"));
    assert_eq!(error, Ok(Command::Error("no\\n".to_owned())));
    assert_eq!(one_command(b"\x04\x05\x04NEWS"), Ok(Command::Unknown));
}

#[test]
fn ready_carries_type_and_identity() {
    let bytes = encode_ready(SocketType::Sub, b"web1");
    let expected = b"\x04\x2a\x05READY\x0bSocket-Type\0\0\0\x03SUB\x08Identity\0\0\0\x04web1";
    assert_eq!(bytes, &expected[..]);
    let socket_type = Bytes::from_static(b"SUB");
    let identity = Bytes::from_static(b"web1");
    assert_eq!(one_command(&bytes), Ok(Command::Ready { socket_type, identity }));
}

#[test]
fn malformed_commands_are_refused() {
    let bad: [&[u8]; 8] = [
        b"",                                          // empty
        b"\x00",                                      // no name
        b"\x09PING",                                  // name cut off
        b"\x04PING\x00",                              // TTL cut off
        b"\x04PING\0\0aaaabbbbccccddddE",             // context of 17 bytes
        b"\x05READY\x0bSocket-Type\0\0",              // value length cut off
        b"\x05READY\x0bSocket-Type\xff\xff\xff\xffS", // value longer than the frame
        b"\x05READY\x00\0\0\0\0",                     // property without a name
    ];
    for body in bad {
        let mut frame = vec![4, u8::try_from(body.len()).expect("short")];
        frame.extend_from_slice(body);
        let refused = one_command(&frame);
        assert!(matches!(refused, Err(CodecError::Command { .. })), "{body:?}: {refused:?}");
    }
    let mut long = b"\x05READY\x08Identity\0\0\x01\x00".to_vec();
    long.extend_from_slice(&[b'i'; 256]);
    let mut frame = BytesMut::from(&b"\x06\0\0\0\0\0\0"[..]);
    frame.put_u16(u16::try_from(long.len()).expect("short"));
    frame.extend_from_slice(&long);
    assert!(matches!(one_command(&frame), Err(CodecError::Command { .. })));
}

#[test]
fn greetings_are_judged_as_early_as_can_be() {
    let good = greeting();
    assert_eq!(check_greeting(&good), Ok(Some(1)));
    for end in 0..good.len() {
        assert_eq!(check_greeting(&good[..end]), Ok(None), "{end} bytes");
    }
    let with = |at: usize, byte: u8| {
        let mut g = good;
        g[at] = byte;
        g
    };
    assert_eq!(check_greeting(&with(11, 0)), Ok(Some(0)));
    assert_eq!(check_greeting(&with(11, 9)), Ok(Some(1)));
    assert_eq!(check_greeting(b"G"), Err(CodecError::Signature));
    assert_eq!(check_greeting(&with(9, 0x7e)[..10]), Err(CodecError::Signature));
    assert_eq!(check_greeting(&with(10, 1)[..11]), Err(CodecError::Version { major: 1 }));
    let name = "CULL".to_owned();
    let mut curve = with(12, b'C');
    curve[13] = b'U';
    assert_eq!(check_greeting(&curve), Err(CodecError::Mechanism { name }));
}
