//! Peers that break the rules: refused, named once, and the fleet goes on.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use halite_core::{Map, Value, map};
use halite_wire::msgpack::{self, Dialect};

use crate::fleet::Fleet;

/// How long a peer waits for an answer, or for the end of its connection.
const WAIT: Duration = Duration::from_secs(10);
/// Most that the master may grow by under all of this, in KiB.
const GROWTH_KIB: u64 = 24 * 1024;

fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", port)).expect("connects");
    stream.set_read_timeout(Some(WAIT)).expect("is set");
    stream
}

/// Greeting and READY of a REQ socket.
fn hello() -> Vec<u8> {
    let mut bytes = vec![0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0x7f, 3, 1];
    bytes.extend(b"NULL");
    bytes.resize(64, 0);
    let ready = b"\x05READY\x0bSocket-Type\x00\x00\x00\x03REQ\x08Identity\x00\x00\x00\x00";
    bytes.extend([4, ready.len() as u8]);
    bytes.extend(ready);
    bytes
}

/// Sends one request; the bytes after the greeting, until the reply is there or the end.
fn ask(port: u16, payload: &[u8]) -> Vec<u8> {
    let mut stream = connect(port);
    let mut bytes = hello();
    bytes.extend([1, 0, 2]);
    bytes.extend((payload.len() as u64).to_be_bytes());
    bytes.extend(payload);
    // The master may close before all of it is sent.
    let _ = stream.write_all(&bytes);
    let mut got = vec![0; 64 + 2 + 28 + 2 + 2];
    let _ = stream.read_exact(&mut got);
    let mut rest = [0; 512];
    let more = stream.read(&mut rest).unwrap_or(0);
    [&got[64..], &rest[..more]].concat()
}

fn auth(change: impl FnOnce(&mut Map)) -> Vec<u8> {
    let mut load = map! {
        "cmd" => "_auth", "id" => "stranger", "nonce" => "0".repeat(32), "pub" => "x",
        "enc_algo" => "OAEP-SHA1", "sig_algo" => "PKCS1v15-SHA1",
    };
    change(&mut load);
    let frame = map! {"enc" => "clear", "version" => 3, "load" => load};
    msgpack::encode(&frame.into(), Dialect::Network)
}

fn files_below(folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        found.insert(path.display().to_string());
        found.extend(files_below(&path));
    }
    found
}

/// Frames that are no request of anybody.
fn broken_frames() -> Vec<Vec<u8>> {
    let frame = |value: Map| msgpack::encode(&value.into(), Dialect::Network);
    vec![
        Vec::new(),
        b"\x85\xa3enc".to_vec(),
        vec![0x91; 100_000],
        b"\xdf\xff\xff\xff\xff".to_vec(),
        b"\xdb\xff\xff\xff\xffa".to_vec(),
        b"\x01".to_vec(),
        b"\x82\xa3enc\xa5clear\xa3enc\xa3aes".to_vec(),
        frame(map! {"enc" => "clear"}),
        frame(map! {"enc" => 1, "load" => Map::new()}),
        frame(map! {"enc" => "pub", "load" => Map::new(), "version" => 3}),
        frame(map! {"enc" => "aes", "load" => "x".repeat(100), "version" => 3, "id" => "../../x"}),
        frame(map! {"enc" => "aes", "load" => "x".repeat(100), "version" => 3, "id" => "nobody"}),
    ]
}

/// Sign-ins with ids that are none and fields of wrong types.
fn broken_sign_ins() -> Vec<Vec<u8>> {
    let long = "x".repeat(1_000_000);
    let ids = ["../x", "a/b", "a\0b", "a\nb", "", "..", ".", " a", long.as_str()];
    let mut all: Vec<Vec<u8>> =
        ids.map(|id| auth(|load| drop(load.insert("id".into(), id.into())))).into();
    let strange = [
        Value::Null,
        Value::Int(1),
        Vec::<Value>::new().into(),
        Map::new().into(),
        Value::str("y"),
    ];
    for field in ["id", "cmd", "nonce", "pub", "enc_algo", "sig_algo", "token", "autosign_grains"] {
        for value in &strange {
            all.push(auth(|load| drop(load.insert(field.into(), value.clone()))));
        }
    }
    all
}

#[test]
fn broken_peers_are_refused_named_once_and_change_nothing() {
    let fleet = Fleet::new();
    let master = fleet.master();
    let _minion = fleet.minion("web1");
    fleet.wait_for_ping("web1");
    let pki = fleet.path("master/etc/salt/pki");
    let (before, resident) = (files_below(&pki), master.resident_kib());
    for frame in broken_frames().iter().chain(&broken_sign_ins()) {
        let reply = ask(fleet.ret_port, frame);
        assert!(!reply.is_empty(), "a request is answered or its connection closed");
    }
    for port in [fleet.ret_port, fleet.publish_port] {
        let frame = [&hello()[..], b"\x02", &(1u64 << 40).to_be_bytes()].concat();
        for bytes in [b"GET / HTTP/1.1\r\n\r\n".to_vec(), vec![0; 200], frame] {
            let mut stream = connect(port);
            stream.write_all(&bytes).expect("is sent");
            let end = stream.read_to_end(&mut Vec::new());
            let reset = |e: &std::io::Error| e.kind() == std::io::ErrorKind::ConnectionReset;
            assert!(end.as_ref().map_or_else(reset, |_| true), "{port}: not closed: {end:?}");
        }
    }
    assert_eq!(files_below(&pki), before, "nothing is written for strangers");
    fleet.wait_for_ping("web1");
    let grown = master.resident_kib().saturating_sub(resident);
    assert!(grown < GROWTH_KIB, "the master grew by {grown} KiB");
    let log = fleet.master_log();
    let named = log.lines().filter(|line| line.contains("A request is refused")).count();
    assert_eq!(named, 1, "one line names the address of the refused requests:\n{log}");
    assert!(log.contains("peer=127.0.0.1"), "{log}");
}
