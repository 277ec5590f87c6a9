//! The sockets: ZMTP over tokio, and the local event bus. Nothing here knows what bytes mean.
//!
//! The four ZMTP sockets and their options are in [`zmtp`], the local event bus in [`ipc`]:
//!
//! ```
//! use std::time::Duration;
//! use bytes::Bytes;
//! use halite_net::{Endpoint, NetError};
//! use halite_net::zmtp::{
//!     publisher::{PeerEvent, Publisher, PublisherOptions},
//!     req::{ReqClient, ReqOptions},
//!     router::{Router, RouterOptions},
//!     sub::{SubEvent, SubOptions, Subscriber},
//! };
//!
//! # async fn example() -> Result<(), NetError> {
//! let any_port: Endpoint = "127.0.0.1:0".parse()?;
//! let mut router = Router::bind(&any_port, RouterOptions::default()).await?;
//! let at = Endpoint::new("127.0.0.1", router.local_addr().port());
//! tokio::spawn(async move {
//!     while let Some(request) = router.next().await {
//!         let reply = request.payload.clone();
//!         request.reply(reply);
//!     }
//! });
//! let client = ReqClient::new(at, ReqOptions::default());
//! let reply = client.request(Bytes::from_static(b"hello"), Duration::from_secs(5)).await?;
//! assert_eq!(reply, "hello");
//!
//! let (publisher, mut peers) = Publisher::bind(&any_port, PublisherOptions::default()).await?;
//! let at = Endpoint::new("127.0.0.1", publisher.local_addr().port());
//! let mut subscriber = Subscriber::start(at, SubOptions::default());
//! while !matches!(peers.recv().await, Some(PeerEvent::Subscribed { .. })) {}
//! publisher.handle().publish(&["job"]);
//! assert!(matches!(subscriber.next().await, Some(SubEvent::Connected { .. })));
//! assert_eq!(subscriber.next().await, Some(SubEvent::Message(Bytes::from_static(b"job"))));
//! # Ok(())
//! # }
//! # let rt = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime");
//! # rt.block_on(example()).expect("the example works");
//! ```
#![forbid(unsafe_code)]

mod addr;
pub mod bus;
mod error;
pub mod ipc;
mod jitter;
pub mod limits;
mod log_once;
mod look;
mod outbox;
mod pending;
pub mod signal;
mod stream;
pub mod zmtp;

pub use addr::Endpoint;
pub use error::NetError;
pub use jitter::random_between;
pub use outbox::{Notice, Overflow};
pub use zmtp::conn::ConnId;
