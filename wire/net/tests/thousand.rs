//! A thousand subscribers: all hear everything, and an idle one costs next to nothing. Alone in its
//! program, since it measures the memory of the process.

mod common;

use common::{memory_kib, publisher, raise_open_files, raw::Raw, run, subscribed};
use halite_net::zmtp::{
    command::{SocketType, encode_subscribe},
    publisher::PublisherOptions,
};

const SUBSCRIBERS: usize = 1_000;

#[test]
fn a_thousand_subscribers_get_three_messages() {
    run(async {
        let files = raise_open_files();
        assert!(files > 2 * SUBSCRIBERS as u64 + 50, "only {files} open files allowed (ulimit -n)");
        let (server, mut events) = publisher(PublisherOptions::default()).await;
        let before_kib = memory_kib().0;
        let mut subs = Vec::new();
        for _ in 0..SUBSCRIBERS {
            let mut sub = Raw::greeted(server.local_addr(), SocketType::Sub, 1).await;
            sub.send(&encode_subscribe(b"", 1)).await;
            subs.push(sub);
            // Events are read as they come: their queue is bounded.
            subscribed(&mut events, 1).await;
        }
        // Both ends of each connection are in this process, so this bounds the server's half from
        // above.
        let per_connection_kib = (memory_kib().0 - before_kib) / SUBSCRIBERS as u64;
        assert!(per_connection_kib <= 5, "{per_connection_kib} KiB for each idle connection");
        for text in ["one", "two", "three"] {
            let sent = server.handle().publish(&[text]);
            assert_eq!((sent.queued, sent.dropped), (SUBSCRIBERS, 0));
        }
        for sub in &mut subs {
            for text in ["one", "two", "three"] {
                assert_eq!(sub.next_message().await, [text]);
            }
        }
        let stats = server.handle().stats();
        assert_eq!((stats.connections, stats.dropped), (SUBSCRIBERS, 0));
    });
}
