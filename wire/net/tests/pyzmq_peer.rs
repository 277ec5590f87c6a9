//! Against libzmq through pyzmq, with heartbeats every 100 ms. Needs HALITE_PYZMQ=/path/to/python
//! with pyzmq.

mod common;

use std::{
    ffi::OsString,
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, Command, Stdio},
    time::Duration,
};

use bytes::Bytes;
use common::{endpoint, local, message, publisher, router, run, soon, subscribed};
use halite_net::zmtp::{
    conn::{ConnOptions, Heartbeat},
    publisher::{PeerEvent, Publisher, PublisherOptions},
    req::{ReqClient, ReqOptions},
    router::RouterOptions,
    sub::{SubEvent, SubOptions, Subscriber},
};
use tokio::sync::mpsc;

const LIMIT: Duration = Duration::from_secs(20);
/// Long enough for many heartbeats and for the time-out of a missed one (400 ms).
const QUIET: Duration = Duration::from_millis(1_500);

struct Python {
    child: Child,
    stdin: ChildStdin,
    lines: mpsc::UnboundedReceiver<String>,
}

/// The interpreter, or a line that says why nothing is tested.
#[expect(clippy::print_stderr, reason = "a skipped test must be seen")]
fn interpreter(test: &str) -> Option<OsString> {
    let found = std::env::var_os("HALITE_PYZMQ");
    if found.is_none() {
        eprintln!("skipped: {test}: HALITE_PYZMQ names no python with pyzmq");
    }
    found
}

impl Python {
    fn start(python: &OsString, arguments: &[&str]) -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pyzmq_peer.py");
        let mut child = Command::new(python)
            .arg(script)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("HALITE_PYZMQ starts");
        let stdin = child.stdin.take().expect("stdin is piped");
        let stdout = BufReader::new(child.stdout.take().expect("stdout is piped"));
        let (sender, lines) = mpsc::unbounded_channel();
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Self { child, stdin, lines }
    }

    async fn line(&mut self) -> String {
        soon("a line of python", self.lines.recv()).await.expect("python runs")
    }

    async fn expect(&mut self, expected: &str) {
        assert_eq!(self.line().await, expected);
    }

    fn tell(&mut self, line: &str) {
        writeln!(self.stdin, "{line}").expect("python reads");
    }

    async fn port(&mut self) -> u16 {
        let line = self.line().await;
        line.strip_prefix("bound ").and_then(|p| p.parse().ok()).expect("bound PORT")
    }

    fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).expect("signal");
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn beating(limit_bytes: usize) -> ConnOptions {
    let heartbeat =
        Heartbeat { interval: Duration::from_millis(100), timeout: Duration::from_millis(400) };
    ConnOptions { heartbeat: Some(heartbeat), limit_bytes, ..ConnOptions::default() }
}

fn pub_options() -> PublisherOptions {
    PublisherOptions { conn: beating(4096), ..PublisherOptions::default() }
}

fn sub_options() -> SubOptions {
    SubOptions {
        conn: beating(1 << 20),
        recon_default: Duration::from_millis(10),
        recon_max: Duration::from_millis(30),
        ..SubOptions::default()
    }
}

#[test]
fn its_sub_filters_and_stays_through_heartbeats_and_a_restart() {
    let Some(python) = interpreter("its_sub_filters_and_stays") else { return };
    run(async {
        let (server, mut events) = publisher(pub_options()).await;
        let to = endpoint(server.local_addr());
        let mut sub = Python::start(&python, &["sub", &to.port.to_string(), "yes,also"]);
        sub.expect("connected").await;
        let came = soon("the connect", events.recv()).await;
        assert!(
            // libzmq keeps the identity of a SUB socket to itself.
            matches!(&came, Some(PeerEvent::Connected { identity, .. }) if identity.is_empty()),
            "{came:?}"
        );
        subscribed(&mut events, 2).await;
        server.handle().publish(&["yes", "1"]);
        server.handle().publish(&["no", "2"]);
        server.handle().publish(&["also", "3"]);
        sub.expect("got yes|1").await;
        sub.expect("got also|3").await;
        tokio::time::sleep(QUIET).await;
        server.handle().publish(&["yes still"]);
        // Had it lost the connection, "disconnected" would come first.
        sub.expect("got yes still").await;
        assert_eq!(server.handle().stats().failed, 0);
        server.stop(LIMIT).await;
        sub.expect("disconnected").await;
        let (server, mut events) = Publisher::bind(&to, pub_options()).await.expect("bind again");
        subscribed(&mut events, 2).await;
        server.handle().publish(&["yes again"]);
        sub.expect("connected").await;
        sub.expect("got yes again").await;
    });
}

#[test]
fn our_sub_stays_through_heartbeats_and_comes_back() {
    let Some(python) = interpreter("our_sub_stays") else { return };
    run(async {
        let mut server = Python::start(&python, &["pub", "0"]);
        let port = server.port().await;
        let mut sub = Subscriber::start(local(port), sub_options());
        server.expect("subscribed b'\\x01'").await;
        let first = soon("the connect", sub.next()).await;
        assert!(matches!(first, Some(SubEvent::Connected { .. })), "{first:?}");
        server.tell("topic|one");
        let one = soon("a message", sub.next()).await;
        assert_eq!(one, Some(SubEvent::Message(Bytes::from_static(b"one"))));
        tokio::time::sleep(QUIET).await;
        server.tell("two");
        let two = soon("a message", sub.next()).await;
        assert_eq!(two, Some(SubEvent::Message(Bytes::from_static(b"two"))));
        drop(server);
        let lost = soon("the loss", sub.next()).await;
        assert!(matches!(lost, Some(SubEvent::Disconnected { .. })), "{lost:?}");
        let mut server = Python::start(&python, &["pub", &port.to_string()]);
        assert_eq!(server.port().await, port);
        server.expect("subscribed b'\\x01'").await;
        server.tell("three");
        assert_eq!(message(&mut sub).await, "three");
        // A publisher that hangs keeps its connection open: only heartbeats show it.
        server.signal(rustix::process::Signal::STOP);
        let lost = soon("the half-open connection", sub.next()).await;
        match lost {
            Some(SubEvent::Disconnected { reason }) => {
                assert!(reason.contains("answering a heartbeat"), "{reason}");
            }
            other => panic!("{other:?}"),
        }
        server.signal(rustix::process::Signal::CONT);
    });
}

#[test]
fn its_req_gets_replies_also_late_and_large_ones() {
    let Some(python) = interpreter("its_req_gets_replies") else { return };
    run(async {
        let options = RouterOptions { conn: beating(1 << 20), ..RouterOptions::default() };
        let mut server = router(options).await;
        let port = server.local_addr().port().to_string();
        let mut req = Python::start(&python, &["req", &port]);
        req.expect("connected").await;
        for (ask, expected) in
            [("hi", "got hi"), ("300", "got 300 bytes"), ("70000", "got 70000 bytes")]
        {
            req.tell(ask);
            let request = soon("a request", server.next()).await.expect("request");
            let payload = request.payload.clone();
            request.reply(payload);
            req.expect(expected).await;
        }
        req.tell("slow");
        let request = soon("a request", server.next()).await.expect("request");
        tokio::time::sleep(QUIET).await;
        request.reply(Bytes::from_static(b"late"));
        req.expect("got late").await;
        tokio::time::sleep(QUIET).await;
        req.tell("again");
        soon("a request", server.next()).await.expect("request").reply(Bytes::from_static(b"ok"));
        req.expect("got ok").await;
        assert_eq!(server.handle().stats().failed, 0);
    });
}

#[test]
fn its_dealer_gets_replies_in_order() {
    let Some(python) = interpreter("its_dealer_gets_replies") else { return };
    run(async {
        let server = router(RouterOptions::default()).await;
        let port = server.local_addr().port().to_string();
        let _served = common::echo(server);
        let mut dealer = Python::start(&python, &["dealer", &port]);
        dealer.expect("connected").await;
        let asked = ["a", "b", "c", "d", "last"];
        asked.iter().for_each(|text| dealer.tell(text));
        for text in asked {
            dealer.expect(&format!("got |re:{text}")).await;
        }
    });
}

#[test]
fn our_req_keeps_its_socket_through_heartbeats_and_survives_a_restart() {
    let Some(python) = interpreter("our_req_keeps_its_socket") else { return };
    run(async {
        let mut server = Python::start(&python, &["router", "0"]);
        let port = server.port().await;
        let options = ReqOptions { conn: beating(1 << 20), ..ReqOptions::default() };
        let client = ReqClient::new(local(port), options);
        let mut routing_ids = Vec::new();
        for text in ["one", "two"] {
            let reply = client.request(Bytes::from_static(text.as_bytes()), LIMIT).await;
            assert_eq!(reply.expect("reply"), text);
            let line = server.line().await;
            let words: Vec<_> = line.split(' ').collect();
            assert_eq!((words[0], words[2]), ("asked", text));
            routing_ids.push(words[1].to_owned());
            tokio::time::sleep(QUIET).await;
        }
        assert_eq!(routing_ids[0], routing_ids[1], "the same connection");
        drop(server);
        let gone = client.request(Bytes::from_static(b"x"), Duration::from_secs(2)).await;
        assert!(gone.is_err(), "{gone:?}");
        let mut server = Python::start(&python, &["router", &port.to_string()]);
        assert_eq!(server.port().await, port);
        let reply = client.request(Bytes::from_static(b"three"), LIMIT).await;
        assert_eq!(reply.expect("reply"), "three");
    });
}
