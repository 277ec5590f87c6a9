//! One subscriber that does not read beside others that do.

mod common;

use std::time::Duration;

use bytes::Bytes;
use common::{PATIENCE, endpoint, message, publisher, raw::Raw, run, soon, subscribed};
use halite_net::{
    Overflow,
    zmtp::{
        codec::encode_message,
        command::{SocketType, encode_subscribe},
        publisher::{PeerEvent, PublisherOptions},
        sub::{SubOptions, Subscriber},
    },
};

#[test]
fn a_stalled_subscriber_loses_only_its_own() {
    run(async {
        let notice: halite_net::Notice = |_| encode_message(&["you lost something"]);
        let notice = Some(notice);
        let queue_bytes = 64 << 10;
        let overflow = Overflow { queue_bytes, evict_after: PATIENCE, notice };
        let options = PublisherOptions { overflow, ..PublisherOptions::default() };
        let (server, mut events) = publisher(options).await;
        let mut stalled = Raw::greeted(server.local_addr(), SocketType::Sub, 1).await;
        stalled.send(&encode_subscribe(b"", 1)).await;
        let to = endpoint(server.local_addr());
        let mut good: Vec<_> =
            (0..3).map(|_| Subscriber::start(to.clone(), SubOptions::default())).collect();
        subscribed(&mut events, 4).await;
        let hub = server.handle();
        // Enough that the kernel's socket buffers cannot hold it all, whatever their size.
        let mut sent = 0_u32;
        let mut dropped = 0;
        while dropped < 100 {
            let body = [sent.to_be_bytes().as_slice(), &[b'x'; 16 << 10]].concat();
            let published = hub.publish(&[body]);
            dropped += published.dropped;
            for sub in &mut good {
                assert_eq!(message(sub).await[..4], sent.to_be_bytes());
            }
            sent += 1;
            assert!(sent < 20_000, "the stalled subscriber seems to read");
        }
        let stats = hub.stats();
        assert!(stats.waiting_bytes <= queue_bytes, "{stats:?}");
        assert_eq!(stats.dropped, dropped as u64, "only the stalled one loses");
        match soon("the event", events.recv()).await {
            Some(PeerEvent::Dropping { .. }) => {}
            other => panic!("{other:?}"),
        }
        // It wakes up: first what waited, then the notice, then what comes now.
        let waited = sent as usize - dropped;
        for expected in 0..u32::try_from(waited).expect("small") {
            assert_eq!(stalled.next_message().await[0][..4], expected.to_be_bytes());
        }
        common::until("its queue is empty", || hub.stats().waiting_bytes == 0).await;
        hub.publish(&["now"]);
        assert_eq!(stalled.next_message().await, ["you lost something"]);
        assert_eq!(stalled.next_message().await, ["now"]);
    });
}

#[test]
fn a_subscriber_that_takes_nothing_is_evicted() {
    run(async {
        let evict_after = Duration::from_millis(200);
        let overflow = Overflow { evict_after, ..Overflow::default() };
        let options = PublisherOptions { overflow, ..PublisherOptions::default() };
        let (server, mut events) = publisher(options).await;
        let mut stalled = Raw::greeted(server.local_addr(), SocketType::Sub, 1).await;
        stalled.send(&encode_subscribe(b"", 1)).await;
        subscribed(&mut events, 1).await;
        let hub = server.handle();
        let body = Bytes::from(vec![b'x'; 1 << 20]);
        while hub.publish(&[&body]).dropped == 0 {
            tokio::task::yield_now().await;
        }
        let reason = soon("the eviction", async {
            loop {
                if let Some(PeerEvent::Disconnected { reason, .. }) = events.recv().await {
                    return reason;
                }
            }
        })
        .await;
        assert!(reason.contains("taking what was sent to it"), "{reason}");
        assert_eq!(hub.stats().connections, 0);
    });
}
