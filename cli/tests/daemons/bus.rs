//! The event bus of a running master: events that are too large, and readers that are too slow.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use halite_core::{Map, Value, map};
use halite_wire::frame;
use halite_wire::limits::Limits;
use halite_wire::msgpack::{Dialect, StreamDecoder};

use crate::fleet::{Fleet, wait_for};

/// Events that are sent while the slow reader does not read: more than its queue and the sockets hold.
const EVENTS: usize = 40;

fn connect(fleet: &Fleet, name: &str) -> UnixStream {
    let path = fleet.path("master/var/run/salt/master").join(name);
    wait_for("the bus", || UnixStream::connect(&path).ok())
}

fn send(to: &mut UnixStream, tag: &str, data: &Map) {
    let frame = frame::pub_frame(&frame::event_body(tag, data));
    let length = u32::try_from(frame.len()).expect("is small").to_be_bytes();
    to.write_all(&[&length[..], &frame].concat()).expect("is sent");
}

struct Reader {
    stream: UnixStream,
    decoder: StreamDecoder,
}

impl Reader {
    /// A reader that the bus knows: something is there for it to read.
    fn new(fleet: &Fleet, pull: &mut UnixStream) -> Reader {
        let stream = connect(fleet, "master_event_pub.ipc");
        stream.set_read_timeout(Some(Duration::from_millis(100))).expect("is set");
        let mut decoder = StreamDecoder::new(Dialect::Bus, Limits::ACCEPTED);
        wait_for("the first event", || {
            send(pull, "my/begin", &Map::new());
            let mut piece = [0; 4096];
            let read = (&stream).read(&mut piece).ok().filter(|read| *read > 0)?;
            decoder.push(&piece[..read]);
            Some(())
        });
        stream.set_read_timeout(Some(Duration::from_secs(60))).expect("is set");
        Reader { stream, decoder }
    }

    fn next(&mut self) -> (String, Value) {
        loop {
            if let Some(value) = self.decoder.next_value().expect("is msgpack") {
                let body = frame::body_of(&value).expect("is a frame");
                let (tag, data) = frame::read_event(body).expect("is an event");
                return (tag.to_owned(), data);
            }
            let mut piece = vec![0; 256 * 1024];
            let read = self.stream.read(&mut piece).expect("reads");
            assert!(read > 0, "the bus ended");
            self.decoder.push(&piece[..read]);
        }
    }

    fn wait_for(&mut self, wanted: &str) -> Value {
        loop {
            let (tag, data) = self.next();
            if tag == wanted {
                return data;
            }
        }
    }
}

#[test]
fn a_slow_reader_is_told_what_it_missed_and_holds_up_nobody() {
    let fleet = Fleet::new();
    let _master = fleet.master();
    let mut pull = connect(&fleet, "master_event_pull.ipc");
    let (mut slow, mut good) = (Reader::new(&fleet, &mut pull), Reader::new(&fleet, &mut pull));
    let big = "x".repeat(900_000);
    for n in 0..EVENTS {
        send(&mut pull, "my/big", &map! {"n" => n, "big" => big.as_str()});
        let data = good.wait_for("my/big");
        assert_eq!(data.get("n"), Some(&n.into()), "a reader beside it misses nothing");
    }
    let (mut read, mut missed) = (0, 0);
    while read + missed < EVENTS {
        match slow.next() {
            (tag, _) if tag == "my/big" => read += 1,
            (tag, data) if tag == frame::MISSED => {
                missed += data.get("missed").and_then(Value::as_i64).expect("is told") as usize;
                assert!(data.get("_stamp").is_some(), "{data}");
            }
            _ => {}
        }
    }
    assert!(missed > 0 && read + missed == EVENTS, "{read} read, {missed} missed");
    send(&mut pull, "my/end", &Map::new());
    slow.wait_for("my/end");
}

#[test]
fn an_event_of_ten_megabytes_is_trimmed_and_told() {
    let fleet = Fleet::new();
    let _master = fleet.master();
    let mut pull = connect(&fleet, "master_event_pull.ipc");
    let mut reader = Reader::new(&fleet, &mut pull);
    let big = "x".repeat(10_000_000);
    send(&mut pull, "my/big", &map! {"big" => big, "small" => 1});
    // The sender of too much may be cut off; others are not.
    let mut other = connect(&fleet, "master_event_pull.ipc");
    send(&mut other, "my/end", &Map::new());
    reader.wait_for("my/end");
    wait_for("what the log says", || {
        let log = fleet.master_log();
        log.contains("my/big").then_some(())
    });
}
