//! The protocol without sockets: msgpack, envelopes, crypto, sign-in.
