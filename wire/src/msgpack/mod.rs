//! msgpack in Salt's two dialects, straight into and from [`halite_core::Value`].
//!
//! *Network* is what travels between hosts: text and bytes are both "raw" and never `str8` or
//! `bin`; a reader takes all of them and calls text what is UTF-8. *Bus* is what event bodies and
//! cache files hold: ordinary msgpack. Salt: `salt/payload.py` behaviour.

mod decode;
mod encode;
mod ext;
mod stream;

pub use decode::{DecodeError, decode};
pub(crate) use decode::{Item, Reader};
pub use encode::{encode, encode_into};
pub(crate) use encode::{map_header, raw};
pub use stream::StreamDecoder;

/// Which of Salt's two ways to write text and bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Frames, sealed loads and signed blobs (`use_bin_type=False`).
    Network,
    /// Event bodies and cache files (`use_bin_type=True`).
    Bus,
}

#[cfg(test)]
mod tests;
