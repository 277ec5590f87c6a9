//! What the two kinds of stream sockets, TCP and Unix, have in common for writing.

use std::io::{self, IoSlice};

use tokio::net::{TcpStream, UnixStream};

pub(crate) trait Stream {
    fn try_write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize>;
}

impl Stream for TcpStream {
    fn try_write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        TcpStream::try_write_vectored(self, bufs)
    }
}

impl Stream for UnixStream {
    fn try_write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        UnixStream::try_write_vectored(self, bufs)
    }
}
