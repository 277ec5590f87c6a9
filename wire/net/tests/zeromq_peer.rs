//! Against the `zeromq` crate, an independent ZMTP 3.0 implementation.

mod common;

use std::time::Duration;

use bytes::Bytes;
use common::{echo, endpoint, local, message, publisher, router, run, soon, subscribed};
use halite_net::{
    Endpoint,
    zmtp::{
        publisher::PublisherOptions,
        req::{ReqClient, ReqOptions},
        router::RouterOptions,
        sub::{SubEvent, SubOptions, Subscriber},
    },
};
use zeromq::{Socket, SocketRecv, SocketSend, ZmqMessage};

const LIMIT: Duration = Duration::from_secs(20);

fn url(to: &Endpoint) -> String {
    format!("tcp://{to}")
}

fn bound(at: &zeromq::Endpoint) -> Endpoint {
    at.to_string().trim_start_matches("tcp://").parse().expect("host:port")
}

#[test]
fn its_req_and_dealer_ask_our_router() {
    run(async {
        let server = router(RouterOptions::default()).await;
        let to = url(&endpoint(server.local_addr()));
        let _served = echo(server);
        let mut req = zeromq::ReqSocket::new();
        req.connect(&to).await.expect("connect");
        for i in 0..20 {
            let size = if i % 5 == 4 { 10_000 } else { 10 };
            let body = vec![b'a' + i; size];
            req.send(ZmqMessage::from(body.clone())).await.expect("send");
            let reply = soon("a reply", req.recv()).await.expect("reply").into_vec();
            assert_eq!(reply, [[b"re:", body.as_slice()].concat()]);
        }
        let mut dealer = zeromq::DealerSocket::new();
        dealer.connect(&to).await.expect("connect");
        for i in 0..20 {
            let frames = vec![Bytes::new(), Bytes::from(format!("q{i}"))];
            dealer.send(ZmqMessage::try_from(frames).expect("frames")).await.expect("send");
        }
        for i in 0..20 {
            let reply = soon("a reply", dealer.recv()).await.expect("reply").into_vec();
            assert_eq!(reply, [Bytes::new(), Bytes::from(format!("re:q{i}"))]);
        }
    });
}

#[test]
fn its_sub_hears_our_publisher() {
    run(async {
        let (server, mut events) = publisher(PublisherOptions::default()).await;
        let mut sub = zeromq::SubSocket::new();
        sub.connect(&url(&endpoint(server.local_addr()))).await.expect("connect");
        sub.subscribe("yes").await.expect("subscribe");
        subscribed(&mut events, 1).await;
        for text in ["yes 1", "no", "yes 2"] {
            server.handle().publish(&[text]);
        }
        for expected in ["yes 1", "yes 2"] {
            let got = soon("a message", sub.recv()).await.expect("message").into_vec();
            assert_eq!(got, [expected]);
        }
    });
}

#[test]
fn our_req_asks_its_router() {
    run(async {
        let mut server = zeromq::RouterSocket::new();
        let at = bound(&server.bind(&url(&local(0))).await.expect("bind"));
        let client = ReqClient::new(at, ReqOptions::default());
        let serving = async {
            for _ in 0..10 {
                let asked = soon("a request", server.recv()).await.expect("request");
                server.send(asked).await.expect("reply");
            }
        };
        let asking = async {
            for i in 0..10 {
                let body = Bytes::from(vec![i; 1 << i]);
                assert_eq!(client.request(body.clone(), LIMIT).await.expect("reply"), body);
            }
        };
        tokio::join!(serving, asking);
    });
}

#[test]
fn our_sub_hears_its_publisher() {
    run(async {
        let mut server = zeromq::PubSocket::new();
        let at = bound(&server.bind(&url(&local(0))).await.expect("bind"));
        let mut sub = Subscriber::start(at, SubOptions::default());
        let first = soon("the connect", sub.next()).await;
        assert!(matches!(first, Some(SubEvent::Connected { .. })), "{first:?}");
        // It tells nobody when a subscription has arrived: publish until the first is heard.
        let heard = tokio::spawn(async move { message(&mut sub).await });
        while !heard.is_finished() {
            let frames = vec![Bytes::from_static(b"topic"), Bytes::from_static(b"packet")];
            server.send(ZmqMessage::try_from(frames).expect("frames")).await.expect("send");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(heard.await.expect("heard"), "packet");
    });
}
