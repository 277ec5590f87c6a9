//! Every bound of this crate, with its reason. Options start from these values.

use std::time::Duration;

/// Largest message taken from a peer that has not been authenticated: a sign-in request stays below
/// 4 KiB.
pub const UNAUTHENTICATED_MESSAGE_BYTES: usize = 64 << 10;
/// Largest message of an unauthenticated peer that is taken at the cost of the shared budget: the
/// first message of a minion's new connection may be a return of any size.
pub const UNAUTHENTICATED_LARGE_BYTES: usize = 64 << 20;
/// Shared by all unauthenticated peers of a router for messages above their free limit.
pub const UNAUTHENTICATED_BUDGET_BYTES: usize = 256 << 20;
/// Largest message taken from an authenticated peer or from a server we connected to.
pub const MESSAGE_BYTES: usize = 256 << 20;
/// Largest message a subscriber may send to a publisher: topics and heartbeats only.
pub const SUBSCRIBER_MESSAGE_BYTES: usize = 4 << 10;
/// Largest ZMTP command body: READY with an identity of 255 bytes fits many times.
pub const COMMAND_BYTES: usize = 4 << 10;
/// Frames in one message: routing envelopes are one or two frames deep.
pub const MESSAGE_FRAMES: usize = 16;
/// Longest identity a ZMTP peer may claim.
pub const IDENTITY_BYTES: usize = 255;
/// Longest context of a PING (ZMTP 3.1).
pub const PING_CONTEXT_BYTES: usize = 16;
/// Metadata properties read from a READY command.
pub const READY_PROPERTIES: usize = 32;
/// Topics one subscriber may hold.
pub const TOPICS_PER_PEER: usize = 256;
/// First read buffer of a connection that has something to say; freed when it is empty again.
pub const READ_CHUNK_BYTES: usize = 4 << 10;
/// Growth of the read buffer while a large frame arrives: memory follows arrival, not announcement.
pub const READ_GROWTH_BYTES: usize = 256 << 10;
/// Buffers handed to one vectored write.
pub const WRITE_SLICES: usize = 64;
/// Bytes moved from a peer's queue into one write batch.
pub const WRITE_BATCH_BYTES: usize = 256 << 10;
/// Heartbeat answers waiting for a peer that does not read; beyond it the oldest answers are all it
/// gets.
pub const URGENT_CHUNKS: usize = 16;
/// Length of the listen queue; Salt's `zmq_backlog` is 1000.
pub const LISTEN_BACKLOG: i32 = 4096;
/// Open connections of one server.
pub const CONNECTIONS: usize = 50_000;
/// Open connections from one address: whole sites stand behind one translated address.
pub const CONNECTIONS_PER_ADDRESS: usize = 4_096;
/// Time for greeting and READY.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// Time an unauthenticated peer of a router may stay without a request.
pub const UNAUTHENTICATED_IDLE: Duration = Duration::from_secs(120);
/// Time a write may make no progress.
pub const WRITE_STALL: Duration = Duration::from_secs(30);
/// Longest wait that an option may ask for, in seconds: a day.
pub const LONGEST_WAIT_SECS: f64 = 86_400.0;
/// ZMTP heartbeat: time without traffic before a PING. Salt: `zmq_heartbeat_ivl`.
pub const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(10);
/// ZMTP heartbeat: time without an answer before the connection is given up. Salt:
/// `zmq_heartbeat_timeout`.
pub const HEARTBEAT_TIMEOUT: Duration = Duration::from_secs(30);
/// Time for a TCP connect.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Requests of all peers together that wait for the owner of a router.
pub const REQUESTS_WAITING: usize = 1_024;
/// Bytes waiting for one subscriber, network or local.
pub const SUBSCRIBER_QUEUE_BYTES: usize = 8 << 20;
/// Time a subscriber may take nothing while data waits before it is disconnected.
pub const SUBSCRIBER_STALL: Duration = Duration::from_secs(60);
/// Peer events (connect, disconnect, drop) that wait for their reader.
pub const EVENTS_WAITING: usize = 4_096;
/// Messages received by a subscriber that wait for their reader. Salt: RCVHWM 1000.
pub const MESSAGES_WAITING: usize = 1_000;
/// Requests of one client that wait for a free socket.
pub const REQUESTS_QUEUED: usize = 256;
/// Sockets of one request client.
pub const REQUEST_SOCKETS: usize = 2;
/// Time a request socket stays open without a request.
pub const REQUEST_SOCKET_IDLE: Duration = Duration::from_secs(120);
/// Open connections of one local socket.
pub const LOCAL_CONNECTIONS: usize = 1_024;
/// Largest message on a local socket. Salt: `max_event_size` is 1 MiB, job loads may be larger.
pub const LOCAL_MESSAGE_BYTES: usize = 64 << 20;
/// Local messages that wait for their reader.
pub const LOCAL_MESSAGES_WAITING: usize = 1_024;
/// Path bytes of a Unix socket without the closing NUL.
pub const SOCKET_PATH_BYTES: usize = 107;
/// Pause after a failed accept (out of file descriptors for instance).
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Addresses remembered so that each is logged once.
pub const LOGGED_ADDRESSES: usize = 1_024;
/// Messages that may wait for one reader inside the daemon.
pub const BUS_QUEUE_MESSAGES: usize = 65_536;
/// Bytes that may wait for one reader inside the daemon.
pub const BUS_QUEUE_BYTES: usize = 32 << 20;
