//! Peers that mean harm or are broken: each is closed, and none costs more memory than its limit.

mod common;

use std::time::Duration;

use bytes::Bytes;
use common::{
    echo, endpoint, memory_kib, publisher, raise_open_files, raw::Raw, router, run, soon, until,
};
use halite_net::zmtp::{
    codec::{Item, encode_message},
    command::{Command, SocketType, encode_ping, encode_ready, encode_subscribe},
    conn::{ConnOptions, Heartbeat},
    greeting::greeting,
    publisher::PublisherOptions,
    req::{ReqClient, ReqOptions},
    router::RouterOptions,
};

const LIMIT: Duration = Duration::from_secs(20);

fn header(bytes: u64) -> Vec<u8> {
    [&[2][..], &bytes.to_be_bytes()].concat()
}

#[test]
fn a_frame_of_one_tebibyte_is_refused_by_router_and_publisher() {
    run(async {
        let server = router(RouterOptions::default()).await;
        let (hub, _events) = publisher(PublisherOptions::default()).await;
        let handle = server.handle();
        let addresses = [server.local_addr(), hub.local_addr()];
        let _served = echo(server);
        let before = memory_kib();
        for (address, ours) in addresses.into_iter().zip([SocketType::Req, SocketType::Sub]) {
            for _ in 0..5 {
                let mut evil = Raw::greeted(address, ours, 1).await;
                evil.send(&header(1 << 40)).await;
                evil.closed().await;
            }
        }
        let after = memory_kib();
        assert!(after.0 < before.0 + (16 << 10), "resident {before:?} -> {after:?} KiB");
        assert!(after.1 < before.1 + (4 << 20), "virtual {before:?} -> {after:?} KiB");
        until("all are counted", || handle.stats().failed == 5 && hub.handle().stats().failed == 5)
            .await;
        // The server still serves.
        let client = ReqClient::new(endpoint(addresses[0]), ReqOptions::default());
        client.request(Bytes::from_static(b"x"), LIMIT).await.expect("still there");
    });
}

#[test]
fn announcements_below_the_limit_take_no_memory_until_bytes_arrive() {
    run(async {
        assert!(raise_open_files() > 500);
        let conn = ConnOptions { limit_bytes: 64 << 20, ..RouterOptions::default().conn };
        let server = router(RouterOptions { conn, ..RouterOptions::default() }).await;
        let handle = server.handle();
        let before = memory_kib();
        let mut held = Vec::new();
        for _ in 0..100 {
            let mut evil = Raw::greeted(server.local_addr(), SocketType::Dealer, 1).await;
            evil.send(&header(60 << 20)).await;
            evil.send(b"little").await;
            held.push(evil);
        }
        until("all are connected", || handle.connections().len() == 100).await;
        let after = memory_kib();
        assert!(after.1 < before.1 + (3 << 20), "virtual {before:?} -> {after:?} KiB");
        drop(held);
        until("cut-off frames end the connections", || handle.stats().connections == 0).await;
    });
}

#[test]
fn large_first_messages_share_a_budget() {
    run(async {
        let unauthenticated_budget_bytes = 3 << 20;
        let options = RouterOptions { unauthenticated_budget_bytes, ..RouterOptions::default() };
        let mut server = router(options).await;
        let address = server.local_addr();
        // Two of 2 MiB do not fit at the same time; the second waits, and small ones pass by.
        let mut first = Raw::greeted(address, SocketType::Req, 1).await;
        let body = vec![b'1'; 2 << 20];
        first.send(&encode_message(&[&b""[..], &body])).await;
        let held = soon("the first", server.next()).await.expect("request");
        assert_eq!(held.payload, body);
        let client = ReqClient::new(endpoint(address), ReqOptions::default());
        let second = {
            let client = client.clone();
            let payload = Bytes::from(vec![b'2'; 2 << 20]);
            tokio::spawn(async move { client.request(payload, LIMIT).await })
        };
        for _ in 0..20 {
            let small = client.request(Bytes::from_static(b"small"), LIMIT);
            let (reply, ()) = tokio::join!(small, async {
                let request = soon("a small one", server.next()).await.expect("request");
                assert_eq!(request.payload, "small");
                request.reply(Bytes::from_static(b"ok"));
            });
            assert_eq!(reply.expect("reply"), "ok");
        }
        held.reply(Bytes::from_static(b"done"));
        assert_eq!(first.next_message().await, ["", "done"]);
        let request = soon("the second", server.next()).await.expect("request");
        assert_eq!(request.payload.len(), 2 << 20);
        request.reply(Bytes::from_static(b"done too"));
        assert_eq!(second.await.expect("task").expect("reply"), "done too");
        // What the whole budget cannot hold is closed.
        let mut huge = Raw::greeted(address, SocketType::Req, 1).await;
        huge.send(&[&[1, 0][..], &header(4 << 20)].concat()).await;
        huge.closed().await;
        // A command is never large, room or not.
        let mut command = Raw::greeted(address, SocketType::Req, 1).await;
        command.send(&[&[6][..], &(1_u64 << 20).to_be_bytes()].concat()).await;
        command.closed().await;
    });
}

#[test]
fn garbage_greetings_are_closed() {
    run(async {
        let server = router(RouterOptions::default()).await;
        let handle = server.handle();
        let mut old = greeting();
        old[10] = 1;
        let mut curve = greeting();
        curve[12..17].copy_from_slice(b"CURVE");
        let no_ready = [&greeting()[..], &encode_message(&["no READY"])].concat();
        let wrong_type = [&greeting()[..], &encode_ready(SocketType::Pub, b"")].concat();
        let cases: [&[u8]; 6] = [
            b"GET / HTTP/1.1\r\n\r\n",
            b"\x16\x03\x01\x02\x00",
            &old,
            &curve,
            &no_ready,
            &wrong_type,
        ];
        for case in cases {
            let mut evil = Raw::open(server.local_addr()).await;
            evil.send(case).await;
            evil.closed().await;
        }
        until("all are counted", || handle.stats().failed == cases.len() as u64).await;
        until("none is left", || handle.stats().connections == 0).await;
    });
}

#[test]
fn a_handshake_that_drips_is_closed() {
    run(async {
        let handshake_timeout = Duration::from_millis(200);
        let conn = ConnOptions { handshake_timeout, ..RouterOptions::default().conn };
        let server = router(RouterOptions { conn, ..RouterOptions::default() }).await;
        let silent = Raw::open(server.local_addr()).await;
        let mut drip = Raw::open(server.local_addr()).await;
        let dripping = soon("the drip to be cut", async {
            for byte in greeting().iter().cycle() {
                use tokio::io::AsyncWriteExt;
                if drip.stream.write_all(&[*byte]).await.is_err() {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        tokio::join!(dripping, silent.closed());
        let stats = server.handle().stats();
        assert_eq!((stats.failed, stats.connections), (2, 0));
    });
}

#[test]
fn a_req_peer_without_delimiter_is_closed_and_a_dealer_is_served() {
    run(async {
        let server = router(RouterOptions::default()).await;
        let address = server.local_addr();
        let _served = echo(server);
        let mut bad = Raw::greeted(address, SocketType::Req, 1).await;
        bad.send(&encode_message(&["bare"])).await;
        bad.closed().await;
        let mut dealer = Raw::greeted(address, SocketType::Dealer, 1).await;
        dealer.send(&encode_message(&["bare"])).await;
        assert_eq!(dealer.next_message().await, ["re:bare"]);
        dealer.send(&encode_message(&["", "delimited"])).await;
        assert_eq!(dealer.next_message().await, ["", "re:delimited"]);
        dealer.send(&encode_message(&["far", "", "routed", "ignored"])).await;
        assert_eq!(dealer.next_message().await, ["far", "", "re:routed"]);
    });
}

#[test]
fn pipelined_requests_are_answered_one_by_one_and_held_back() {
    run(async {
        let mut server = router(RouterOptions::default()).await;
        let mut dealer = Raw::greeted(server.local_addr(), SocketType::Dealer, 1).await;
        let burst: Vec<u8> = (0..100).flat_map(|i| encode_message(&["", &i.to_string()])).collect();
        dealer.send(&burst).await;
        for i in 0..100 {
            let request = soon("a request", server.next()).await.expect("request");
            assert_eq!(request.payload, i.to_string());
            assert_eq!(server.handle().stats().requests, i + 1, "one at a time");
            request.reply(Bytes::from(i.to_string()));
            assert_eq!(dealer.next_message().await[1], i.to_string());
        }
    });
}

#[test]
fn a_ping_is_answered_while_a_request_waits_and_a_flood_of_them_is_bounded() {
    run(async {
        let mut server = router(RouterOptions::default()).await;
        let mut peer = Raw::greeted(server.local_addr(), SocketType::Req, 1).await;
        peer.send(&encode_message(&["", "slow"])).await;
        let request = soon("the request", server.next()).await.expect("request");
        peer.send(b"\x04\x0a\x04PING\0\0abc").await;
        assert_eq!(peer.next().await, Some(Item::Command(Command::Pong)));
        let before = memory_kib();
        let flood = encode_ping(0).repeat(10_000);
        // Nothing is read meanwhile: answers pile up in the kernel, then are bounded here.
        for _ in 0..30 {
            use tokio::io::AsyncWriteExt;
            soon("the flood", peer.stream.write_all(&flood)).await.expect("write");
        }
        let after = memory_kib();
        assert!(after.0 < before.0 + (16 << 10), "resident {before:?} -> {after:?} KiB");
        drop(request);
    });
}

#[test]
fn a_subscriber_may_not_pile_up_topics_or_talk() {
    run(async {
        let (server, _events) = publisher(PublisherOptions::default()).await;
        let mut greedy = Raw::greeted(server.local_addr(), SocketType::Sub, 1).await;
        for i in 0..300 {
            use tokio::io::AsyncWriteExt;
            let _ = greedy.stream.write_all(&encode_subscribe(&[i as u8, 1], 1)).await;
        }
        greedy.closed().await;
        let mut talker = Raw::greeted(server.local_addr(), SocketType::Sub, 1).await;
        talker.send(&encode_message(&["hello there"])).await;
        talker.closed().await;
        until("both are counted", || server.handle().stats().failed == 2).await;
    });
}

#[test]
fn a_silent_peer_is_pinged_and_closed_and_an_old_one_left_alone() {
    run(async {
        let heartbeat =
            Heartbeat { interval: Duration::from_millis(50), timeout: Duration::from_millis(250) };
        let conn = ConnOptions { heartbeat: Some(heartbeat), ..RouterOptions::default().conn };
        let server = router(RouterOptions { conn, ..RouterOptions::default() }).await;
        let mut old = Raw::greeted(server.local_addr(), SocketType::Req, 0).await;
        let mut silent = Raw::greeted(server.local_addr(), SocketType::Req, 1).await;
        let ping = silent.next().await;
        let (ttl_deciseconds, context) = (2, Bytes::new());
        assert_eq!(ping, Some(Item::Command(Command::Ping { ttl_deciseconds, context })));
        silent.closed().await;
        let address = server.local_addr();
        let _served = echo(server);
        old.send(&encode_message(&["", "still here"])).await;
        assert_eq!(old.next_message().await, ["", "re:still here"]);
        // The promise of a PING is kept as well: this one said 0.2 s and then nothing.
        let mut promising = Raw::greeted(address, SocketType::Req, 0).await;
        promising.send(&encode_ping(2)).await;
        promising.closed().await;
    });
}
