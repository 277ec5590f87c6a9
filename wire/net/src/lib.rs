//! The sockets: ZMTP over tokio, local event and request sockets.
