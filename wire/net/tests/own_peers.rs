//! Our sockets among themselves: request and reply, publish and subscribe, caps, back-pressure,
//! restart.

mod common;

use std::time::Duration;

use bytes::Bytes;
use common::{echo, endpoint, message, publisher, router, run, soon, subscribed, until};
use halite_net::{
    NetError,
    zmtp::{
        publisher::{PeerEvent, Published, PublisherOptions},
        req::{ReqClient, ReqOptions},
        router::{Router, RouterOptions},
        sub::{SubEvent, SubOptions, Subscriber},
    },
};

const LIMIT: Duration = Duration::from_secs(20);

fn quick_sub() -> SubOptions {
    SubOptions {
        recon_default: Duration::from_millis(5),
        recon_max: Duration::from_millis(20),
        ..SubOptions::default()
    }
}

#[test]
fn a_request_gets_its_reply_and_the_socket_is_reused() {
    run(async {
        let server = router(RouterOptions::default()).await;
        let handle = server.handle();
        let client = ReqClient::new(endpoint(server.local_addr()), ReqOptions::default());
        echo(server);
        for i in 0..50 {
            let reply = client.request(Bytes::from(format!("q{i}")), LIMIT).await.expect("reply");
            assert_eq!(reply, format!("re:q{i}"));
        }
        assert_eq!(handle.stats().connections, 1);
        assert_eq!(handle.stats().replies, 50);
    });
}

#[test]
fn large_messages_pass_after_the_limit_is_raised() {
    run(async {
        let mut server = router(RouterOptions::default()).await;
        let handle = server.handle();
        let client = ReqClient::new(endpoint(server.local_addr()), ReqOptions::default());
        let big = Bytes::from(vec![7_u8; 3 << 20]);
        let sender = client.clone();
        let payload = big.clone();
        let asked = tokio::spawn(async move {
            let small = sender.request(Bytes::from_static(b"sign in"), LIMIT).await;
            (small, sender.request(payload, LIMIT).await)
        });
        let first = soon("the small request", server.next()).await.expect("request");
        assert!(handle.set_authenticated(first.conn, 8 << 20));
        assert!(handle.is_authenticated(first.conn));
        first.reply(Bytes::from_static(b"welcome"));
        let second = soon("the big request", server.next()).await.expect("request");
        assert_eq!(second.payload, big);
        second.reply(big.clone());
        let (small, large) = asked.await.expect("client");
        assert_eq!(small.expect("small reply"), "welcome");
        assert_eq!(large.expect("large reply"), big);
    });
}

#[test]
fn a_message_over_the_limit_closes_the_connection() {
    run(async {
        let unauthenticated_large_bytes = 100 << 10;
        let server =
            router(RouterOptions { unauthenticated_large_bytes, ..RouterOptions::default() }).await;
        let handle = server.handle();
        let client = ReqClient::new(endpoint(server.local_addr()), ReqOptions::default());
        let refused = client.request(Bytes::from(vec![0; 1 << 20]), LIMIT).await;
        assert!(
            matches!(refused, Err(NetError::Closed { .. } | NetError::Io { .. })),
            "{refused:?}"
        );
        until("the failure is counted", || handle.stats().failed == 1).await;
        echo(server);
        let again = client.request(Bytes::from_static(b"small"), LIMIT).await;
        assert_eq!(again.expect("a new socket"), "re:small");
    });
}

#[test]
fn a_dropped_request_gets_the_fallback_reply() {
    run(async {
        let fallback_reply = Some(Bytes::from_static(b"bad load"));
        let mut server = router(RouterOptions { fallback_reply, ..RouterOptions::default() }).await;
        let handle = server.handle();
        let client = ReqClient::new(endpoint(server.local_addr()), ReqOptions::default());
        let (reply, ()) = tokio::join!(client.request(Bytes::from_static(b"x"), LIMIT), async {
            drop(soon("the request", server.next()).await);
        });
        assert_eq!(reply.expect("fallback"), "bad load");
        assert_eq!(handle.stats().unanswered, 1);
    });
}

#[test]
fn a_late_reply_never_answers_the_next_request() {
    run(async {
        let mut server = router(RouterOptions::default()).await;
        let options = ReqOptions { sockets_max: 1, ..ReqOptions::default() };
        let client = ReqClient::new(endpoint(server.local_addr()), options);
        let short = Duration::from_millis(200);
        let (lost, held) =
            tokio::join!(client.request(Bytes::from_static(b"slow"), short), async {
                soon("the first request", server.next()).await.expect("request")
            });
        assert!(matches!(lost, Err(NetError::Timeout { .. })), "{lost:?}");
        let (reply, ()) = tokio::join!(client.request(Bytes::from_static(b"next"), LIMIT), async {
            let next = soon("the second request", server.next()).await.expect("request");
            assert_ne!(next.conn, held.conn, "a REQ socket is not used after a time-out");
            held.reply(Bytes::from_static(b"late"));
            next.reply(Bytes::from_static(b"right"));
        });
        assert_eq!(reply.expect("reply"), "right");
    });
}

#[test]
fn callers_queue_in_front_of_few_sockets_up_to_a_bound() {
    run(async {
        let mut server = router(RouterOptions::default()).await;
        let options = ReqOptions { sockets_max: 2, queued_max: 3, ..ReqOptions::default() };
        let client = ReqClient::new(endpoint(server.local_addr()), options);
        let ask = |i: u8| {
            let client = client.clone();
            tokio::spawn(async move { client.request(Bytes::copy_from_slice(&[i]), LIMIT).await })
        };
        let asked: Vec<_> = (0..6).map(ask).collect();
        let handle = server.handle();
        let answering = tokio::spawn(async move {
            let held = (server.next().await.expect("one"), server.next().await.expect("two"));
            assert!(held.0.conn != held.1.conn);
            held.0.reply(Bytes::from_static(b"ok"));
            held.1.reply(Bytes::from_static(b"ok"));
            for _ in 0..3 {
                server.next().await.expect("more").reply(Bytes::from_static(b"ok"));
            }
        });
        let mut full = 0;
        for task in asked {
            match soon("an answer", task).await.expect("task") {
                Ok(reply) => assert_eq!(reply, "ok"),
                Err(NetError::QueueFull { limit: 3, .. }) => full += 1,
                Err(other) => panic!("{other}"),
            }
        }
        assert_eq!(full, 1);
        assert!(handle.stats().connections <= 2);
        soon("the server", answering).await.expect("server");
    });
}

#[test]
fn connections_are_capped_in_all_and_per_address() {
    run(async {
        let options = RouterOptions { connections_per_address_max: 3, ..RouterOptions::default() };
        let server = router(options).await;
        let handle = server.handle();
        let to = endpoint(server.local_addr());
        let _served = echo(server);
        let mut clients = Vec::new();
        for _ in 0..3 {
            let client = ReqClient::new(to.clone(), ReqOptions::default());
            client.request(Bytes::from_static(b"x"), LIMIT).await.expect("below the cap");
            clients.push(client);
        }
        let fourth = ReqClient::new(to.clone(), ReqOptions::default());
        assert!(fourth.request(Bytes::from_static(b"x"), LIMIT).await.is_err());
        assert_eq!(handle.stats().refused, 1);
        clients.pop();
        until("the place is free", || handle.stats().connections == 2).await;
        fourth.request(Bytes::from_static(b"x"), LIMIT).await.expect("free again");
    });
}

#[test]
fn an_idle_peer_is_closed_unless_authenticated() {
    run(async {
        let unauthenticated_idle = Duration::from_millis(150);
        let mut server =
            router(RouterOptions { unauthenticated_idle, ..RouterOptions::default() }).await;
        let handle = server.handle();
        let to = endpoint(server.local_addr());
        let clients = [0, 1].map(|_| ReqClient::new(to.clone(), ReqOptions::default()));
        let mut conns = Vec::new();
        for client in &clients {
            let (reply, ()) =
                tokio::join!(client.request(Bytes::from_static(b"x"), LIMIT), async {
                    let request = soon("a request", server.next()).await.expect("request");
                    conns.push(request.conn);
                    if conns.len() == 1 {
                        handle.set_authenticated(request.conn, 1 << 20);
                    }
                    request.reply(Bytes::new());
                });
            reply.expect("reply");
        }
        until("the unauthenticated one is closed", || handle.stats().failed == 1).await;
        let left: Vec<_> = handle.connections().into_iter().map(|(conn, _)| conn).collect();
        assert_eq!(left, conns[..1]);
    });
}

#[test]
fn stop_lets_a_running_request_have_its_reply() {
    run(async {
        let mut server = router(RouterOptions::default()).await;
        let to = endpoint(server.local_addr());
        let client = ReqClient::new(to.clone(), ReqOptions::default());
        let (reply, ()) = tokio::join!(client.request(Bytes::from_static(b"x"), LIMIT), async {
            let request = soon("a request", server.next()).await.expect("request");
            let stopped = tokio::spawn(server.stop(LIMIT));
            let other = ReqClient::new(to.clone(), ReqOptions::default());
            soon("the listener to go", async {
                while tokio::net::TcpStream::connect((to.host.as_str(), to.port)).await.is_ok() {
                    tokio::task::yield_now().await;
                }
            })
            .await;
            assert!(other.request(Bytes::new(), LIMIT).await.is_err());
            request.reply(Bytes::from_static(b"last"));
            soon("the stop", stopped).await.expect("stopped");
        });
        assert_eq!(reply.expect("reply"), "last");
    });
}

#[test]
fn subscribers_get_their_prefixes_and_unicast_reaches_the_named_only() {
    run(async {
        let (server, mut events) = publisher(PublisherOptions::default()).await;
        let hub = server.handle();
        let to = endpoint(server.local_addr());
        let sub = |name: &'static str, topic: &'static str| {
            let (identity, topics) = (Bytes::from(name), vec![Bytes::from(topic)]);
            Subscriber::start(to.clone(), SubOptions { identity, topics, ..quick_sub() })
        };
        let (mut all, mut some) = (sub("all", ""), sub("some", "broad"));
        subscribed(&mut events, 2).await;
        let sent = hub.publish(&["broadcast", "one"]);
        assert_eq!(sent, Published { queued: 2, ..Published::default() });
        let sent = hub.publish(&["other", "two"]);
        assert_eq!((sent.queued, sent.unsubscribed), (1, 1));
        let id = |name: &str| {
            let found = hub.subscribers().into_iter().find(|s| s.identity == name);
            found.expect("connected").conn
        };
        let sent = hub.publish_to(&[id("some")], &["broad", "three"]);
        assert_eq!(sent, Published { queued: 1, ..Published::default() });
        hub.publish_to(&[id("all")], &["broad", "four"]);
        for expected in ["one", "two", "four"] {
            assert_eq!(message(&mut all).await, expected);
        }
        for expected in ["one", "three"] {
            assert_eq!(message(&mut some).await, expected);
        }
        assert_eq!(hub.stats().connections, 2);
    });
}

#[test]
fn a_subscriber_comes_back_after_a_restart_of_the_server() {
    run(async {
        let (server, mut events) = publisher(PublisherOptions::default()).await;
        let to = endpoint(server.local_addr());
        let mut sub = Subscriber::start(to.clone(), quick_sub());
        subscribed(&mut events, 1).await;
        server.handle().publish(&["before"]);
        assert_eq!(message(&mut sub).await, "before");
        server.stop(LIMIT).await;
        let lost = soon("the loss", sub.next()).await;
        assert!(matches!(lost, Some(SubEvent::Disconnected { .. })), "{lost:?}");
        let bind = halite_net::zmtp::publisher::Publisher::bind(&to, PublisherOptions::default());
        let (server, mut events) = bind.await.expect("bind again");
        subscribed(&mut events, 1).await;
        server.handle().publish(&["after"]);
        assert_eq!(message(&mut sub).await, "after");
    });
}

#[test]
fn events_tell_who_comes_and_goes() {
    run(async {
        let (server, mut events) = publisher(PublisherOptions::default()).await;
        let identity = Bytes::from_static(b"web1");
        let options = SubOptions { identity: identity.clone(), ..quick_sub() };
        let sub = Subscriber::start(endpoint(server.local_addr()), options);
        let came = soon("connect", events.recv()).await.expect("event");
        let PeerEvent::Connected { conn, peer, identity: said } = came else {
            panic!("{came:?}");
        };
        assert_eq!(said, identity);
        let subscribed = soon("subscribe", events.recv()).await.expect("event");
        assert_eq!(subscribed, PeerEvent::Subscribed { conn, prefix: Bytes::new() });
        drop(sub);
        match soon("disconnect", events.recv()).await.expect("event") {
            PeerEvent::Disconnected { conn: c, peer: p, dropped, .. } => {
                assert_eq!((c, p, dropped), (conn, peer, 0));
            }
            other => panic!("{other:?}"),
        }
    });
}

#[test]
fn a_port_that_is_taken_is_named() {
    run(async {
        let server = router(RouterOptions::default()).await;
        let second = Router::bind(&endpoint(server.local_addr()), RouterOptions::default()).await;
        let Err(error) = second else { panic!("two servers on one port") };
        assert!(error.to_string().contains(&server.local_addr().to_string()), "{error}");
    });
}
