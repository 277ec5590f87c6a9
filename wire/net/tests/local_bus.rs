//! The local event bus: framing, modes, leftovers, credentials, slow readers.

mod common;

use std::{
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::{Buf, Bytes, BytesMut};
use common::{run, soon, until};
use halite_net::{
    NetError, Overflow,
    ipc::{
        EventPublisher, EventPull, EventSink, EventSource, Framing, LocalOptions, MODE_PUBLISH,
        MODE_PULL, PeerCredentials, check_path,
    },
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
};

/// Messages that end with a line feed.
struct Lines;

impl Framing for Lines {
    type Item = String;

    fn next(&mut self, buffer: &mut BytesMut) -> Result<Option<String>, String> {
        if buffer.first() == Some(&b'!') {
            return Err("an exclamation mark".to_owned());
        }
        let Some(end) = buffer.iter().position(|b| *b == b'\n') else { return Ok(None) };
        let line = buffer.split_to(end);
        buffer.advance(1);
        Ok(Some(String::from_utf8_lossy(&line).into_owned()))
    }
}

fn publisher(path: &std::path::Path, overflow: Overflow) -> EventPublisher {
    let options = LocalOptions::with_mode(MODE_PUBLISH);
    EventPublisher::bind(path, options, overflow).expect("bind")
}

fn mode(path: &std::path::Path) -> u32 {
    std::fs::symlink_metadata(path).expect("socket file").permissions().mode() & 0o7777
}

#[test]
fn every_subscriber_gets_every_message_in_order() {
    run(async {
        let dir = tempfile::tempdir().expect("folder");
        let path = dir.path().join("master_event_pub.ipc");
        let server = publisher(&path, Overflow::default());
        assert_eq!(mode(&path), MODE_PUBLISH);
        let hub = server.handle();
        let mut readers = Vec::new();
        for _ in 0..20 {
            readers.push(EventSource::connect(&path, Lines, 1 << 20).await.expect("connect"));
        }
        until("all are there", || hub.stats().subscribers == 20).await;
        for i in 0..50 {
            assert_eq!(hub.publish(&Bytes::from(format!("event {i}\n"))), 0);
        }
        for reader in &mut readers {
            for i in 0..50 {
                let got = soon("an event", reader.next()).await.expect("event");
                assert_eq!(got, Some(format!("event {i}")));
            }
        }
        drop(readers);
        until("all have left", || hub.stats().subscribers == 0).await;
        drop(server);
        assert!(!path.exists(), "the socket file is removed");
    });
}

#[test]
fn a_reader_is_told_of_bad_framing_and_of_the_end() {
    run(async {
        let dir = tempfile::tempdir().expect("folder");
        let path = dir.path().join("pub.ipc");
        let server = publisher(&path, Overflow::default());
        let hub = server.handle();
        let mut bad = EventSource::connect(&path, Lines, 100).await.expect("connect");
        let mut small = EventSource::connect(&path, Lines, 3).await.expect("connect");
        until("both are there", || hub.stats().subscribers == 2).await;
        hub.publish(&Bytes::from_static(b"!longer"));
        let refused = soon("the refusal", bad.next()).await;
        assert!(matches!(refused, Err(NetError::Malformed { .. })), "{refused:?}");
        drop((bad, small));
        until("both have left", || hub.stats().subscribers == 0).await;
        small = EventSource::connect(&path, Lines, 3).await.expect("connect");
        until("one is there", || hub.stats().subscribers == 1).await;
        hub.publish(&Bytes::from_static(b"more than three"));
        let refused = soon("the refusal", small.next()).await;
        assert!(matches!(refused, Err(NetError::TooLarge { limit: 3, .. })), "{refused:?}");
        drop(small);
        until("it has left", || hub.stats().subscribers == 0).await;
        let mut last = EventSource::connect(&path, Lines, 3).await.expect("connect");
        until("the last is there", || hub.stats().subscribers == 1).await;
        drop(server);
        assert_eq!(soon("the end", last.next()).await.expect("end"), None);
    });
}

#[test]
fn a_slow_reader_is_told_and_holds_up_nobody() {
    run(async {
        let dir = tempfile::tempdir().expect("folder");
        let path = dir.path().join("pub.ipc");
        let notice: halite_net::Notice = |missed| Bytes::from(format!("lost {missed}\n"));
        let notice = Some(notice);
        let overflow = Overflow { queue_bytes: 64 << 10, notice, ..Overflow::default() };
        let server = publisher(&path, overflow);
        let hub = server.handle();
        let mut slow = EventSource::connect(&path, Lines, 1 << 20).await.expect("connect");
        let mut good = EventSource::connect(&path, Lines, 1 << 20).await.expect("connect");
        until("both are there", || hub.stats().subscribers == 2).await;
        let line = [&[b'x'; 8 << 10][..], b"\n"].concat();
        let mut sent = 0;
        let mut dropped = 0;
        while dropped < 20 {
            dropped += hub.publish(&Bytes::from(line.clone()));
            soon("the good one reads on", good.next()).await.expect("event");
            sent += 1;
            assert!(sent < 10_000, "the slow subscriber seems to read");
        }
        for _ in 0..sent - dropped {
            soon("what waited", slow.next()).await.expect("event");
        }
        // It is told as soon as it has read what waited, whether anything follows or not.
        let told = Some(format!("lost {dropped}"));
        assert_eq!(soon("notice", slow.next()).await.expect("event"), told);
        hub.publish(&Bytes::from_static(b"now\n"));
        assert_eq!(soon("message", slow.next()).await.expect("event"), Some("now".to_owned()));
        assert_eq!(soon("message", good.next()).await.expect("event"), Some("now".to_owned()));
        assert_eq!(hub.stats().dropped, dropped as u64);
    });
}

#[test]
fn a_reader_that_takes_nothing_is_cut_off() {
    run(async {
        let dir = tempfile::tempdir().expect("folder");
        let path = dir.path().join("pub.ipc");
        let evict_after = Duration::from_millis(150);
        let server = publisher(&path, Overflow { evict_after, ..Overflow::default() });
        let hub = server.handle();
        let _stalled = UnixStream::connect(&path).await.expect("connect");
        until("it is there", || hub.stats().subscribers == 1).await;
        hub.publish(&Bytes::from(vec![0; 4 << 20]));
        until("it is cut off", || hub.stats().evicted == 1).await;
        assert_eq!(hub.stats().subscribers, 0);
    });
}

#[test]
fn written_messages_arrive_whole_and_large_ones_are_refused() {
    run(async {
        let dir = tempfile::tempdir().expect("folder");
        let path = dir.path().join("master_event_pull.ipc");
        let options = LocalOptions::with_mode(MODE_PULL);
        let mut pull = EventPull::bind(&path, options, 1 << 20).expect("bind");
        assert_eq!(mode(&path), MODE_PULL);
        let mut sink = EventSink::connect(&path).await.expect("connect");
        let big = vec![5; 1 << 20];
        let (sent, ()) = tokio::join!(
            async {
                sink.send(b"small").await?;
                sink.send(b"").await?;
                sink.send(&big).await
            },
            async {
                for expected in [&b"small"[..], b"", &big] {
                    assert_eq!(soon("a message", pull.next()).await.expect("message"), expected);
                }
            }
        );
        sent.expect("sent");
        // The prefix is four bytes, big-endian, whatever piece it comes in.
        let mut raw = UnixStream::connect(&path).await.expect("connect");
        for piece in [&[0_u8, 0][..], &[0, 3, b'a'], b"bc"] {
            raw.write_all(piece).await.expect("write");
            tokio::task::yield_now().await;
        }
        assert_eq!(soon("a message", pull.next()).await.expect("message"), "abc");
        raw.write_all(&[0xff; 4]).await.expect("write");
        assert_eq!(soon("the end", raw.read(&mut [0; 8])).await.expect("closed"), 0);
    });
}

#[test]
fn a_full_reader_holds_writers_back() {
    run(async {
        let dir = tempfile::tempdir().expect("folder");
        let path = dir.path().join("pull.ipc");
        let options = LocalOptions::with_mode(MODE_PULL);
        let mut pull = EventPull::bind(&path, options, 1 << 20).expect("bind");
        let mut sink = EventSink::connect(&path).await.expect("connect");
        let total = 3_000_u32;
        let writer = tokio::spawn(async move {
            for i in 0..total {
                sink.send(&i.to_be_bytes()).await.expect("sent");
            }
        });
        for i in 0..total {
            assert_eq!(
                soon("a message", pull.next()).await.expect("message"),
                &i.to_be_bytes()[..]
            );
        }
        writer.await.expect("writer");
    });
}

#[test]
fn credentials_are_shown_and_obeyed() {
    run(async {
        let dir = tempfile::tempdir().expect("folder");
        let path = dir.path().join("pull.ipc");
        let seen: Arc<Mutex<Vec<PeerCredentials>>> = Arc::default();
        let record = seen.clone();
        let check = move |peer: &PeerCredentials| {
            let mut seen = record.lock().expect("lock");
            seen.push(*peer);
            seen.len() > 1
        };
        let options =
            LocalOptions { check: Some(Arc::new(check)), ..LocalOptions::with_mode(MODE_PULL) };
        let mut pull = EventPull::bind(&path, options, 100).expect("bind");
        let mut refused = UnixStream::connect(&path).await.expect("connect");
        let end = soon("the refusal", refused.read(&mut [0; 8])).await;
        assert!(matches!(end, Ok(0) | Err(_)));
        let mut sink = EventSink::connect(&path).await.expect("connect");
        sink.send(b"in").await.expect("sent");
        assert_eq!(soon("a message", pull.next()).await.expect("message"), "in");
        let own = rustix::process::getuid().as_raw();
        let seen = seen.lock().expect("lock").clone();
        assert_eq!(seen.iter().map(|c| c.uid).collect::<Vec<_>>(), [own, own]);
        assert_eq!(seen[0].pid, i32::try_from(std::process::id()).ok());
    });
}

#[test]
fn paths_that_cannot_work_are_named() {
    run(async {
        let dir = tempfile::tempdir().expect("folder");
        let long = PathBuf::from("/").join("x".repeat(107));
        let error = check_path(&long).expect_err("108 bytes").to_string();
        assert!(error.contains("108 bytes") && error.contains("sock_dir"), "{error}");
        assert!(check_path(&PathBuf::from("/").join("x".repeat(106))).is_ok());

        let bind = |path: &std::path::Path| {
            EventPull::bind(path, LocalOptions::with_mode(MODE_PULL), 100).map(drop)
        };
        let file = dir.path().join("file");
        std::fs::write(&file, "precious").expect("write");
        assert!(matches!(bind(&file), Err(NetError::SocketPath { .. })));
        assert_eq!(std::fs::read_to_string(&file).expect("read"), "precious");

        let stale = dir.path().join("stale.ipc");
        drop(std::os::unix::net::UnixListener::bind(&stale).expect("bind"));
        assert!(stale.exists());
        let pull = EventPull::bind(&stale, LocalOptions::with_mode(MODE_PULL), 100);
        let _pull = pull.expect("the leftover of a dead process is replaced");
        let error = bind(&stale).expect_err("occupied").to_string();
        assert!(error.contains("another process listens"), "{error}");
        EventSink::connect(&stale).await.expect("the first still listens");
    });
}
