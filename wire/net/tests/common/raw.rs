//! A ZMTP peer of bare bytes, which can be as wrong as a test wants.

use bytes::Bytes;
use halite_net::zmtp::{
    codec::{Decoder, Item},
    command::{Command, SocketType, encode_ready},
    greeting::{GREETING_BYTES, greeting},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpStream, ToSocketAddrs},
};

use super::soon;

pub(crate) struct Raw {
    pub(crate) stream: TcpStream,
    decoder: Decoder,
}

impl Raw {
    pub(crate) async fn open(to: impl ToSocketAddrs) -> Self {
        let stream = TcpStream::connect(to).await.expect("connect");
        // Small writes in a row wait for each other's acknowledgement otherwise.
        stream.set_nodelay(true).expect("nodelay");
        Self { stream, decoder: Decoder::new(64 << 20) }
    }

    /// Connects and shakes hands as ZMTP 3.`minor`.
    pub(crate) async fn greeted(to: impl ToSocketAddrs, ours: SocketType, minor: u8) -> Self {
        let mut raw = Self::open(to).await;
        let mut hello = greeting();
        hello[11] = minor;
        raw.send(&hello).await;
        let mut theirs = [0; GREETING_BYTES];
        soon("a greeting", raw.stream.read_exact(&mut theirs)).await.expect("greeting");
        assert_eq!(theirs, greeting());
        raw.send(&encode_ready(ours, b"")).await;
        match raw.next().await {
            Some(Item::Command(Command::Ready { .. })) => raw,
            other => panic!("no READY but {other:?}"),
        }
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.expect("write");
    }

    /// What the peer says next; `None` once it has closed.
    pub(crate) async fn next(&mut self) -> Option<Item> {
        loop {
            if let Some(item) = self.decoder.next_item().expect("well-formed") {
                self.decoder.release_if_empty();
                return Some(item);
            }
            let read = soon("bytes", self.stream.read_buf(self.decoder.read_buffer())).await;
            if matches!(read, Ok(0) | Err(_)) {
                return None;
            }
        }
    }

    pub(crate) async fn next_message(&mut self) -> Vec<Bytes> {
        match self.next().await {
            Some(Item::Message(frames)) => frames,
            other => panic!("no message but {other:?}"),
        }
    }

    /// Waits until the peer has closed; what it still says is passed over.
    pub(crate) async fn closed(mut self) {
        let mut scrap = [0; 4096];
        soon("the peer to close", async {
            while !matches!(self.stream.read(&mut scrap).await, Ok(0) | Err(_)) {}
        })
        .await;
    }
}
