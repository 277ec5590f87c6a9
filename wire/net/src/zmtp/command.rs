//! ZMTP commands: READY, ERROR, PING, PONG, SUBSCRIBE, CANCEL.

use bytes::{Buf, BufMut, Bytes, BytesMut};

use super::{
    codec::{CodecError, FLAG_COMMAND, encode_frame},
    greeting::printable,
};
use crate::limits::{IDENTITY_BYTES, PING_CONTEXT_BYTES, READY_PROPERTIES};

/// The socket types that occur in Salt's use, and their partners.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SocketType {
    /// Asks, one request at a time.
    Req,
    /// Asks without waiting for each answer.
    Dealer,
    /// Answers requests of REQ and DEALER sockets.
    Router,
    /// Sends to every subscriber.
    Pub,
    /// Receives what it subscribed to.
    Sub,
}

impl SocketType {
    /// The name in READY.
    pub fn name(self) -> &'static str {
        match self {
            Self::Req => "REQ",
            Self::Dealer => "DEALER",
            Self::Router => "ROUTER",
            Self::Pub => "PUB",
            Self::Sub => "SUB",
        }
    }

    /// True if a peer of that type may be connected to us.
    pub fn accepts(self, peer: &[u8]) -> bool {
        let partners: &[&str] = match self {
            Self::Req => &["REP", "ROUTER"],
            Self::Dealer => &["REP", "DEALER", "ROUTER"],
            Self::Router => &["REQ", "DEALER", "ROUTER"],
            Self::Pub => &["SUB", "XSUB"],
            Self::Sub => &["PUB", "XPUB"],
        };
        partners.iter().any(|p| p.as_bytes() == peer)
    }
}

/// A decoded command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// End of the handshake: socket type and identity (empty if the peer has none).
    Ready {
        /// Value of `Socket-Type`, as sent.
        socket_type: Bytes,
        /// Value of `Identity`.
        identity: Bytes,
    },
    /// The peer refuses; its reason, printable.
    Error(String),
    /// The peer asks for a sign of life.
    Ping {
        /// Time, in tenths of a second, after which we may give the silent peer up; 0 for none.
        ttl_deciseconds: u16,
        /// To be sent back, at most 16 bytes.
        context: Bytes,
    },
    /// The answer to a PING.
    Pong,
    /// Subscribe to the topics that begin so.
    Subscribe(Bytes),
    /// Take one such subscription back.
    Cancel(Bytes),
    /// A command of a later version: to be passed over.
    Unknown,
}

impl Command {
    /// Reads the body of a command frame.
    pub fn decode(mut body: Bytes) -> Result<Self, CodecError> {
        let malformed = |what| CodecError::Command { what };
        let length = body.first().copied().ok_or(malformed("the command is empty"))?;
        body.advance(1);
        let length = usize::from(length);
        if length == 0 || length > body.len() {
            return Err(malformed("the command name is cut off"));
        }
        let name = body.split_to(length);
        match name.as_ref() {
            b"READY" => ready(body),
            b"ERROR" => {
                let n = usize::from(body.first().copied().unwrap_or(0));
                Ok(Self::Error(printable(body.get(1..=n).unwrap_or_default())))
            }
            b"PING" => {
                if body.len() < 2 {
                    return Err(malformed("PING has no TTL"));
                }
                let ttl_deciseconds = body.get_u16();
                if body.len() > PING_CONTEXT_BYTES {
                    return Err(malformed("the context of PING is over 16 bytes"));
                }
                Ok(Self::Ping { ttl_deciseconds, context: body })
            }
            b"PONG" => Ok(Self::Pong),
            b"SUBSCRIBE" => Ok(Self::Subscribe(body)),
            b"CANCEL" => Ok(Self::Cancel(body)),
            _ => Ok(Self::Unknown),
        }
    }
}

fn ready(mut body: Bytes) -> Result<Command, CodecError> {
    let cut = CodecError::Command { what: "a property of READY is cut off" };
    let (mut socket_type, mut identity) = (Bytes::new(), Bytes::new());
    for _ in 0..READY_PROPERTIES {
        if body.is_empty() {
            break;
        }
        let name_bytes = usize::from(body.get_u8());
        if name_bytes == 0 || name_bytes + 4 > body.len() {
            return Err(cut);
        }
        let name = body.split_to(name_bytes);
        let value_bytes = usize::try_from(body.get_u32()).unwrap_or(usize::MAX);
        if value_bytes > body.len() {
            return Err(cut);
        }
        let value = body.split_to(value_bytes);
        if name.eq_ignore_ascii_case(b"socket-type") {
            socket_type = value;
        } else if name.eq_ignore_ascii_case(b"identity") {
            if value.len() > IDENTITY_BYTES {
                return Err(CodecError::Command { what: "the identity is over 255 bytes" });
            }
            // Kept for the life of the connection: must not hold the read buffer.
            identity = Bytes::copy_from_slice(&value);
        }
    }
    if !body.is_empty() {
        return Err(CodecError::Command { what: "READY has too many properties" });
    }
    Ok(Command::Ready { socket_type, identity })
}

fn command(name: &str, body: &[u8]) -> Bytes {
    let mut text = BytesMut::with_capacity(1 + name.len() + body.len());
    text.put_u8(u8::try_from(name.len()).expect("our command names are short"));
    text.extend_from_slice(name.as_bytes());
    text.extend_from_slice(body);
    let mut out = BytesMut::with_capacity(9 + text.len());
    encode_frame(&mut out, FLAG_COMMAND, &text);
    out.freeze()
}

/// READY with our socket type and identity (left out when empty; cut at 255 bytes).
pub fn encode_ready(socket_type: SocketType, identity: &[u8]) -> Bytes {
    let mut body = BytesMut::new();
    let identity = &identity[..identity.len().min(IDENTITY_BYTES)];
    for (name, value) in [("Socket-Type", socket_type.name().as_bytes()), ("Identity", identity)] {
        // libzmq sends an empty Identity for REQ, DEALER and ROUTER; nobody needs it.
        if value.is_empty() {
            continue;
        }
        body.put_u8(u8::try_from(name.len()).expect("our property names are short"));
        body.extend_from_slice(name.as_bytes());
        body.put_u32(u32::try_from(value.len()).expect("cut above"));
        body.extend_from_slice(value);
    }
    command("READY", &body)
}

/// ERROR with a reason (cut at 255 bytes).
pub fn encode_error(reason: &str) -> Bytes {
    let reason = &reason.as_bytes()[..reason.len().min(255)];
    let mut body = BytesMut::with_capacity(1 + reason.len());
    body.put_u8(u8::try_from(reason.len()).expect("cut above"));
    body.extend_from_slice(reason);
    command("ERROR", &body)
}

/// PING with a TTL in tenths of a second and no context.
pub fn encode_ping(ttl_deciseconds: u16) -> Bytes {
    command("PING", &ttl_deciseconds.to_be_bytes())
}

/// PONG with the context of the PING it answers.
pub fn encode_pong(context: &[u8]) -> Bytes {
    command("PONG", context)
}

/// A subscription to a prefix: a command from ZMTP 3.1 on, a message with a leading 1 before.
pub fn encode_subscribe(prefix: &[u8], minor: u8) -> Bytes {
    subscription("SUBSCRIBE", 1, prefix, minor)
}

/// The end of a subscription to a prefix.
pub fn encode_cancel(prefix: &[u8], minor: u8) -> Bytes {
    subscription("CANCEL", 0, prefix, minor)
}

fn subscription(name: &str, mark: u8, prefix: &[u8], minor: u8) -> Bytes {
    if minor >= 1 {
        return command(name, prefix);
    }
    let mut body = BytesMut::with_capacity(1 + prefix.len());
    body.put_u8(mark);
    body.extend_from_slice(prefix);
    let mut out = BytesMut::with_capacity(9 + body.len());
    encode_frame(&mut out, 0, &body);
    out.freeze()
}
